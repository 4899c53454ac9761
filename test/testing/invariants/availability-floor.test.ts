import { describe, expect, test } from 'vitest';
import type { Pod } from '../../../src/objects/pod.ts';
import { availabilityFloor } from '../../../src/testing/invariants/availability-floor.ts';
import { deployment, newReplicaSet, statefulSet } from '../../controllers/objects.ts';
import { FakeProbe, type FakeProbeOptions, ownedBy } from '../../support/fake-probe.ts';

function rollout(options: FakeProbeOptions = {}) {
  const probe = new FakeProbe(availabilityFloor, options);
  const strategy = { type: 'RollingUpdate' as const, maxSurge: 1, maxUnavailable: 1 };
  const web = probe.put(deployment('web', { replicas: 3, strategy }));
  const bare = newReplicaSet('web-1', { replicas: 3 });
  const owner = probe.put({ ...bare, metadata: { ...bare.metadata, ownerReferences: ownedBy(web) } });
  const pods = ['a', 'b', 'c'].map((name) => probe.ready(probe.pod(name, { owner })));
  probe.to(100);
  return { probe, web, pods };
}

function remove(probe: FakeProbe, pod: Pod, client: string): void {
  probe.terminate(pod);
  probe.write(`kube-controller-manager/${client}`, 'delete', 'Pod', `default/${pod.metadata.name}`);
}

describe('availability-floor', () => {
  test('is silent while a Deployment goes down to its floor, and deletes what is not available', () => {
    const { probe, pods } = rollout();
    remove(probe, pods[0]!, 'replicaset');
    probe.remove(pods[0]!);
    remove(probe, probe.pod('unready', { owner: probe.store.get('ReplicaSet', 'default/web-1')! }), 'replicaset');
    expect(probe.reports).toEqual([]);
  });

  test('is silent when a pod goes that is ready and not yet available', () => {
    const { probe, web, pods } = rollout();
    probe.change(web, (now) => ({ ...now, spec: { ...now.spec, minReadySeconds: 1000 } }));
    for (const pod of pods) remove(probe, pod, 'replicaset');
    expect(probe.reports).toEqual([]);
  });

  test('reports a Deployment that deletes below its floor', () => {
    const { probe, pods } = rollout();
    remove(probe, pods[0]!, 'replicaset');
    remove(probe, pods[1]!, 'replicaset');
    expect(probe.reports).toEqual([
      '100s deployment/default/web scaled down to 1 available pods, at least 2 must be left [deployment/default/web pod/default/b]',
    ]);
  });

  test('lets a Deployment off whose controllers still wait for the answer of a lost request', () => {
    for (const [afterS, count] of [
      [125, 0],
      [135, 1],
    ] as const) {
      const { probe, pods } = rollout();
      probe.fault(1, 'lost-reply', 'component/kube-controller-manager', 'start');
      probe.fault(1, 'lost-reply', 'component/kube-controller-manager', 'heal');
      probe.to(100 + afterS);
      for (const pod of pods.slice(0, 2)) remove(probe, pod, 'replicaset');
      expect(probe.reports).toHaveLength(count);
    }
  });

  test('lets a Deployment off that was scaled down, or has just lost a pod otherwise', () => {
    const scaled = rollout();
    scaled.probe.change(scaled.web, (now) => ({ ...now, spec: { ...now.spec, replicas: 1 } }));
    for (const pod of scaled.pods.slice(0, 2)) remove(scaled.probe, pod, 'replicaset');
    expect(scaled.probe.reports).toEqual([]);
    const struck = rollout();
    struck.probe.ready(struck.pods[2]!, false);
    struck.probe.to(130);
    for (const pod of struck.pods.slice(0, 2)) remove(struck.probe, pod, 'replicaset');
    expect(struck.probe.reports).toEqual([]);
  });

  test("takes a pod that was available once, and has long ceased to be, for nobody's loss", () => {
    const { probe, pods } = rollout();
    remove(probe, pods[0]!, 'replicaset');
    probe.remove(pods[0]!);
    const struck = probe.ready(pods[1]!, false);
    probe.to(1000);
    remove(probe, struck, 'replicaset');
    expect(probe.reports).toEqual([]);
  });

  test('takes a pod that another ReplicaSet has just deleted for one the Deployment may still count', () => {
    for (const laterS of [1, 3]) {
      const { probe, web, pods } = rollout();
      const bare = newReplicaSet('web-2', { replicas: 1 });
      const owner = probe.put({ ...bare, metadata: { ...bare.metadata, ownerReferences: ownedBy(web) } });
      const other = probe.ready(probe.pod('d', { owner }));
      probe.to(200);
      remove(probe, pods[0]!, 'replicaset');
      remove(probe, pods[1]!, 'replicaset');
      probe.to(200 + laterS);
      remove(probe, other, 'replicaset');
      expect(probe.reports).toHaveLength(laterS === 1 ? 0 : 1);
    }
  });

  test('reports an ordered StatefulSet that shrinks from below', () => {
    const probe = new FakeProbe(availabilityFloor);
    const owner = probe.put(statefulSet('db', { replicas: 1, podManagementPolicy: 'OrderedReady' }));
    const pods = ['db-0', 'db-1', 'db-2'].map((name) => probe.ready(probe.bind(probe.pod(name, { owner }), 'n1')));
    remove(probe, pods[1]!, 'statefulset');
    probe.remove(pods[1]!);
    remove(probe, pods[2]!, 'statefulset');
    expect(probe.reports).toEqual([
      '0s statefulset/default/db removes default/db-1 before default/db-2 [statefulset/default/db pod/default/db-1]',
    ]);
  });

  test('reports an ordered StatefulSet that takes out two pods at a time, and no parallel one', () => {
    for (const podManagementPolicy of ['OrderedReady', 'Parallel'] as const) {
      const probe = new FakeProbe(availabilityFloor);
      const owner = probe.put(statefulSet('db', { replicas: 3, podManagementPolicy }));
      const pods = ['db-0', 'db-1', 'db-2'].map((name) => probe.ready(probe.bind(probe.pod(name, { owner }), 'n1')));
      remove(probe, pods[2]!, 'statefulset');
      probe.remove(pods[2]!);
      remove(probe, pods[1]!, 'statefulset');
      remove(probe, pods[0]!, 'statefulset');
      expect(probe.reports).toEqual(
        podManagementPolicy === 'Parallel'
          ? []
          : [
              '0s statefulset/default/db deletes default/db-0 while default/db-1 is still on its way out [statefulset/default/db pod/default/db-0]',
            ],
      );
    }
  });

  test('lets an ordered StatefulSet give up a surplus pod beside a lower one that is on its way already, and no higher one', () => {
    for (const [first, second] of [
      [0, 1],
      [1, 0],
    ] as const) {
      const probe = new FakeProbe(availabilityFloor);
      const owner = probe.put(statefulSet('db', { replicas: 2, podManagementPolicy: 'OrderedReady' }));
      const pods = ['db-0', 'db-1'].map((name) => probe.ready(probe.bind(probe.pod(name, { owner }), 'n1')));
      remove(probe, pods[first]!, 'statefulset');
      probe.change(owner, (now) => ({ ...now, spec: { ...now.spec, replicas: 0 } }));
      remove(probe, pods[second]!, 'statefulset');
      expect(probe.reports).toHaveLength(first < second ? 0 : 1);
    }
  });
});
