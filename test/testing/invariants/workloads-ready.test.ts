import { describe, expect, test } from 'vitest';
import { workloadsReady } from '../../../src/testing/invariants/workloads-ready.ts';
import { deployment, newJob, newReplicaSet, statefulSet, template } from '../../controllers/objects.ts';
import { FakeProbe, ownedBy } from '../../support/fake-probe.ts';

describe('workloads-ready', () => {
  test('says what a workload lacks', () => {
    const probe = new FakeProbe(workloadsReady);
    probe.put(newReplicaSet('web', { replicas: 2 }));
    probe.put(newJob('sum'));
    expect(probe.unsettled).toEqual(['replicaset/default/web wants 2 and has 0, 0 ready', 'job/default/sum has not finished']);
  });

  test('lets workloads off whose pods fit nowhere, and those only', () => {
    const probe = new FakeProbe(workloadsReady);
    probe.node('n1', { cpu: '2' });
    const web = probe.put(deployment('web', { replicas: 1 }));
    const bare = newReplicaSet('web-1', { replicas: 1 });
    const set = probe.put({ ...bare, metadata: { ...bare.metadata, ownerReferences: ownedBy(web) } });
    const other = probe.put(newReplicaSet('other', { replicas: 1 }));
    probe.pod('web-1-a', { owner: set, cpu: '8' });
    probe.pod('other-a', { owner: other, cpu: '1' });
    expect(probe.unsettled).toEqual(['replicaset/default/other wants 1 and has 0, 0 ready']);
  });

  test('asks for no readiness of workloads that say they have none, for good', () => {
    for (const [annotations, count] of [
      [{ 'seatrial.dev/unready-after': '0s' }, 0],
      [{ 'seatrial.dev/unready-after': '0s', 'seatrial.dev/unready-for': '10s' }, 1],
    ] as const) {
      const probe = new FakeProbe(workloadsReady);
      const base = template();
      probe.put(newReplicaSet('web', { replicas: 1, template: { ...base, metadata: { ...base.metadata, annotations } } }));
      expect(probe.unsettled).toHaveLength(count);
    }
  });

  test('lets a StatefulSet off that waits to scale down with minReadySeconds, and none that has too many available pods', () => {
    for (const [availableReplicas, isStrict, count] of [
      [1, false, 0],
      [2, false, 1],
      [1, true, 1],
    ] as const) {
      const probe = new FakeProbe(workloadsReady, { isStrict });
      const set = statefulSet('db', { replicas: 1, minReadySeconds: 5 });
      probe.put({ ...set, status: { ...set.status, replicas: 2, readyReplicas: 2, availableReplicas, observedGeneration: 9 } });
      expect(probe.unsettled).toHaveLength(count);
    }
  });

  describe('a Job whose pod was on its way out before the manager saw it', () => {
    const MISSING = 'job/default/sum has not finished';
    function lose(isSeen: boolean) {
      const probe = new FakeProbe(workloadsReady);
      const owner = probe.put(newJob('sum'));
      probe.fault(1, 'watch-drop', 'component/kube-controller-manager', 'start');
      const pod = probe.pod('sum-a', { owner });
      const view = { component: 'kube-controller-manager', kind: 'Pod', isFiltered: false };
      probe.cacheViews = [{ ...view, objects: isSeen ? [pod] : [] }];
      probe.to(10);
      probe.remove(pod);
      probe.fault(1, 'watch-drop', 'component/kube-controller-manager', 'heal');
      return { probe, owner };
    }

    test('is let off, and none whose pod was seen', () => {
      expect(lose(false).probe.unsettled).toEqual([]);
      expect(lose(true).probe.unsettled).toEqual([MISSING]);
    });

    test('is missed when something has happened to it after the manager gave up waiting, and when the manager started anew', () => {
      const { probe, owner } = lose(false);
      probe.to(200);
      probe.change(owner, (now) => now);
      expect(probe.unsettled).toEqual([]);
      probe.to(301);
      probe.change(owner, (now) => now);
      expect(probe.unsettled).toEqual([MISSING]);
      const anew = lose(false).probe;
      anew.fault(2, 'component-crash', 'component/kube-controller-manager', 'start');
      anew.fault(2, 'component-crash', 'component/kube-controller-manager', 'heal');
      expect(anew.unsettled).toEqual([MISSING]);
    });
  });
});
