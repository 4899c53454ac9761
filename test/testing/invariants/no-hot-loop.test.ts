import { describe, expect, test } from 'vitest';
import { noHotLoop } from '../../../src/testing/invariants/no-hot-loop.ts';
import { budget, deployment, newReplicaSet, statefulSet } from '../../controllers/objects.ts';
import { FakeProbe, ownedBy } from '../../support/fake-probe.ts';

const CLIENT = 'kube-controller-manager/replicaset';

function write(probe: FakeProbe, times: number, key = 'default/web', kind = 'ReplicaSet', isDone = true): void {
  for (let i = 0; i < times; i++) probe.write(CLIENT, 'update', kind, key, isDone);
}

describe('no-hot-loop', () => {
  test('is silent about many writes of many objects, of leases, and over a long time', () => {
    const probe = new FakeProbe(noHotLoop);
    for (let i = 0; i < 500; i++) write(probe, 1, `default/web-${i}`);
    write(probe, 500, 'lease', 'Lease');
    for (let minute = 0; minute < 20; minute++) {
      probe.to(minute * 61);
      write(probe, 100);
    }
    expect(probe.reports).toEqual([]);
  });

  test('reports a client that writes one object more than twice a second, once', () => {
    const probe = new FakeProbe(noHotLoop);
    write(probe, 300, 'default/web', 'ReplicaSet', false);
    expect(probe.reports).toEqual([`0s ${CLIENT} wrote replicaset/default/web 121 times within a minute [replicaset/default/web]`]);
  });

  test('lets a scheduler off whose binding of a pod that is gone was lost', () => {
    const strikes = (kind: string) => kind === 'lost-request';
    for (const circumstances of [{}, { strikes }]) {
      const probe = new FakeProbe(noHotLoop, { circumstances });
      for (let i = 0; i < 200; i++) probe.write('kube-scheduler', 'patch', 'Pod', 'default/gone', false);
      expect(probe.reports).toHaveLength('strikes' in circumstances ? 0 : 1);
    }
  });

  test('grants more to an object that stands for many pods', () => {
    const probe = new FakeProbe(noHotLoop);
    probe.put(newReplicaSet('web', { replicas: 20 }));
    write(probe, 320);
    expect(probe.reports).toEqual([]);
    write(probe, 1);
    expect(probe.reports).toHaveLength(1);
  });

  test('grants a Deployment as much for the pods of its ReplicaSets', () => {
    const probe = new FakeProbe(noHotLoop);
    const owner = probe.put(deployment('web'));
    const bare = newReplicaSet('web-1', { replicas: 1 });
    const set = probe.put({ ...bare, metadata: { ...bare.metadata, ownerReferences: ownedBy(owner) } });
    const pod = probe.pod('web-1-a', { owner: set, labels: { app: 'web' } });
    for (let i = 0; i < 99; i++) probe.ready(pod, i % 2 === 0);
    write(probe, 420, 'default/web', 'Deployment');
    expect(probe.reports).toEqual([]);
    write(probe, 1, 'default/web', 'Deployment');
    expect(probe.reports).toHaveLength(1);
  });

  test('grants three writes for every change of a pod, to what controls it and to budgets that select it', () => {
    const probe = new FakeProbe(noHotLoop);
    const owner = probe.put(statefulSet('db', { replicas: 1 }));
    const pod = probe.pod('db-0', { owner, labels: { app: 'db' } });
    for (const app of ['db', 'web']) probe.put(budget(app, { selector: { matchLabels: { app }, matchExpressions: [] } }));
    for (let i = 0; i < 99; i++) probe.ready(pod, i % 2 === 0);
    // Two and a half times as many, for five tries of a status.
    write(probe, 1050, 'default/db', 'StatefulSet');
    write(probe, 420, 'default/db', 'PodDisruptionBudget');
    write(probe, 120, 'default/web', 'PodDisruptionBudget');
    expect(probe.reports).toEqual([]);
    write(probe, 1, 'default/db', 'StatefulSet');
    write(probe, 1, 'default/db', 'PodDisruptionBudget');
    write(probe, 1, 'default/web', 'PodDisruptionBudget');
    expect(probe.reports).toHaveLength(3);
  });

  test('lets a StatefulSet off that makes a refused pod anew, until the pod runs, unless the scenario asks', () => {
    for (const isStrict of [false, true]) {
      const probe = new FakeProbe(noHotLoop, { isStrict });
      const owner = probe.put(statefulSet('db', { replicas: 1 }));
      const pod = probe.finish(probe.bind(probe.pod('db-0', { owner }), 'n1'), 'Failed', 'OutOfcpu');
      write(probe, 200, 'default/db-0', 'Pod');
      expect(probe.reports).toHaveLength(isStrict ? 1 : 0);
      probe.ready(pod);
      write(probe, 200, 'default/db-0', 'Pod');
      expect(probe.reports).toHaveLength(1);
    }
  });
});
