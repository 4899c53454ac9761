import { describe, expect, test } from 'vitest';
import type { AnyObject } from '../../../src/objects/kinds.ts';
import type { ReplicaSet } from '../../../src/objects/workloads.ts';
import { replicasWithinSurge } from '../../../src/testing/invariants/replicas-within-surge.ts';
import { deployment, newJob, newReplicaSet, statefulSet } from '../../controllers/objects.ts';
import { FakeProbe, ownedBy } from '../../support/fake-probe.ts';

const KCM = 'component/kube-controller-manager';

function addPods(probe: FakeProbe, owner: AnyObject, ...names: string[]) {
  return names.map((name) => probe.pod(name, { owner }));
}

function resize(probe: FakeProbe, set: ReplicaSet, replicas: number): ReplicaSet {
  return probe.change(set, (now) => ({ ...now, spec: { ...now.spec, replicas } }));
}

describe('replicas-within-surge', () => {
  test('is silent while pods are replaced one for one', () => {
    const probe = new FakeProbe(replicasWithinSurge);
    const set = probe.put(newReplicaSet('web', { replicas: 2 }));
    const [a, b] = addPods(probe, set, 'a', 'b');
    probe.terminate(a!);
    addPods(probe, set, 'c');
    probe.finish(b!, 'Failed');
    addPods(probe, set, 'd');
    expect(probe.reports).toEqual([]);
  });

  test('reports a pod too many, of a ReplicaSet, a StatefulSet and a Job', () => {
    const probe = new FakeProbe(replicasWithinSurge);
    addPods(probe, probe.put(newReplicaSet('web', { replicas: 1 })), 'a', 'b');
    addPods(probe, probe.put(statefulSet('db', { replicas: 1 })), 'db-0', 'db-1');
    addPods(probe, probe.put(newJob('sum', { parallelism: 1, completions: 5 })), 'sum-a', 'sum-b');
    expect(probe.reports).toEqual([
      '0s replicaset/default/web wanted 1 at most within the last minute and now has 2 [replicaset/default/web pod/default/b]',
      '0s statefulset/default/db wanted 1 at most within the last minute and now has 2 [statefulset/default/db pod/default/db-1]',
      '0s job/default/sum wanted 1 at most within the last minute and now has 2 [job/default/sum pod/default/sum-b]',
    ]);
  });

  test('takes the largest number of the last minute, and no older one', () => {
    const probe = new FakeProbe(replicasWithinSurge);
    const set = probe.put(newReplicaSet('web', { replicas: 3 }));
    probe.to(100);
    resize(probe, set, 1);
    probe.to(150);
    addPods(probe, set, 'a', 'b');
    expect(probe.reports).toEqual([]);
    probe.to(170);
    addPods(probe, set, 'c');
    expect(probe.reports).toHaveLength(1);
  });

  test('lets a controller manager off that has forgotten what it created', () => {
    const probe = new FakeProbe(replicasWithinSurge);
    const set = probe.put(newReplicaSet('web', { replicas: 1 }));
    probe.fault(1, 'component-crash', KCM, 'start');
    probe.fault(1, 'component-crash', KCM, 'heal');
    addPods(probe, set, 'a', 'b');
    expect(probe.reports).toEqual([]);
    probe.to(31);
    addPods(probe, set, 'c');
    expect(probe.reports).toHaveLength(1);
  });

  test('goes by the last five minutes while the watch may be lost', () => {
    for (const isLost of [false, true]) {
      const probe = new FakeProbe(replicasWithinSurge);
      const set = probe.put(newReplicaSet('web', { replicas: 2 }));
      probe.to(10);
      if (isLost) probe.fault(1, 'api-server-restart', 'api-server/0', 'start');
      resize(probe, set, 1);
      if (isLost) probe.fault(1, 'api-server-restart', 'api-server/0', 'heal');
      probe.to(100);
      addPods(probe, set, 'a', 'b');
      expect(probe.reports).toHaveLength(isLost ? 0 : 1);
      addPods(probe, set, 'c');
      expect(probe.reports).toHaveLength(isLost ? 1 : 2);
    }
  });

  test('reports expectations that run out only to a scenario that asks, for a watch that is 5 min late', () => {
    for (const isStrict of [false, true]) {
      const probe = new FakeProbe(replicasWithinSurge, { isStrict });
      const set = probe.put(newReplicaSet('web', { replicas: 1 }));
      probe.fault(1, 'watch-lag', KCM, 'start');
      addPods(probe, set, 'a');
      probe.to(305);
      addPods(probe, set, 'b');
      expect(probe.reports).toHaveLength(isStrict ? 1 : 0);
    }
  });

  test('reports a Deployment that goes beyond its surge', () => {
    const probe = new FakeProbe(replicasWithinSurge);
    const web = probe.put(deployment('web', { replicas: 4, strategy: { type: 'RollingUpdate', maxSurge: '25%', maxUnavailable: 0 } }));
    const meta = { ...newReplicaSet('old').metadata, ownerReferences: ownedBy(web) };
    const old = probe.put({ ...newReplicaSet('old', { replicas: 4 }), metadata: meta });
    probe.to(60);
    const next = probe.put({ ...newReplicaSet('new', { replicas: 1 }), metadata: { ...meta, name: 'new' } });
    expect(probe.reports).toEqual([]);
    probe.to(70);
    resize(probe, old, 3);
    resize(probe, next, 2);
    expect(probe.reports).toEqual([]);
    probe.to(80);
    resize(probe, next, 3);
    expect(probe.reports).toEqual([
      '80s replicaset/default/new grows: together its ReplicaSets want 6, 5 are allowed [deployment/default/web replicaset/default/new]',
    ]);
  });

  test('lets a Deployment off whose controller does not see its old ReplicaSet, unless the scenario asks', () => {
    for (const isStrict of [false, true]) {
      const probe = new FakeProbe(replicasWithinSurge, { isStrict });
      const web = probe.put(deployment('web', { replicas: 4, strategy: { type: 'RollingUpdate', maxSurge: 1, maxUnavailable: 0 } }));
      const meta = { ...newReplicaSet('old').metadata, ownerReferences: ownedBy(web) };
      probe.fault(1, 'watch-lag', KCM, 'start');
      probe.put({ ...newReplicaSet('old', { replicas: 4 }), metadata: meta });
      probe.to(10);
      probe.put({ ...newReplicaSet('new', { replicas: 4 }), metadata: { ...meta, name: 'new' } });
      expect(probe.reports).toHaveLength(isStrict ? 1 : 0);
    }
  });

  test('reports a Deployment that recreates and starts before the old pods have gone', () => {
    const probe = new FakeProbe(replicasWithinSurge);
    const web = probe.put(deployment('web', { replicas: 1, strategy: { type: 'Recreate', maxSurge: 0, maxUnavailable: 0 } }));
    const meta = { ...newReplicaSet('old').metadata, ownerReferences: ownedBy(web) };
    const old = probe.put({ ...newReplicaSet('old', { replicas: 1 }), metadata: meta });
    const [a] = addPods(probe, old, 'a');
    probe.to(30);
    resize(probe, old, 0);
    probe.terminate(a!);
    const next = probe.put({ ...newReplicaSet('new', { replicas: 0 }), metadata: { ...meta, name: 'new' } });
    resize(probe, next, 1);
    expect(probe.reports).toEqual([
      '30s replicaset/default/new starts pods while 1 of older templates still run [deployment/default/web replicaset/default/new]',
    ]);
    resize(probe, next, 0);
    probe.remove(a!);
    resize(probe, next, 1);
    expect(probe.reports).toHaveLength(1);
  });
});
