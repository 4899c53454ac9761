import { describe, expect, test } from 'vitest';
import type { Pod } from '../../../src/objects/pod.ts';
import type { StatefulSet } from '../../../src/objects/workloads.ts';
import { statefulSetOrder } from '../../../src/testing/invariants/statefulset-order.ts';
import { statefulSet } from '../../controllers/objects.ts';
import { FakeProbe } from '../../support/fake-probe.ts';

const CLIENT = 'kube-controller-manager/statefulset';

/** A set whose three pods are ready. */
function three(policy: 'OrderedReady' | 'Parallel'): { probe: FakeProbe; owner: StatefulSet; pods: Pod[] } {
  const probe = new FakeProbe(statefulSetOrder);
  const owner = probe.put(statefulSet('db', { replicas: 3, podManagementPolicy: policy }));
  return { probe, owner, pods: ['db-0', 'db-1', 'db-2'].map((name) => make(probe, owner, name)) };
}

function make(probe: FakeProbe, owner: StatefulSet, name: string, isReady = true): Pod {
  const pod = probe.bind(probe.pod(name, { owner }), 'n1');
  probe.write(CLIENT, 'create', 'Pod', `default/${name}`);
  return isReady ? probe.ready(pod) : pod;
}

function take(probe: FakeProbe, pod: Pod): void {
  probe.terminate(pod);
  probe.write(CLIENT, 'delete', 'Pod', `default/${pod.metadata.name}`);
}

describe('statefulset-order', () => {
  test('is silent about an update that waits for each pod', () => {
    const { probe, owner, pods } = three('Parallel');
    for (const pod of pods.toReversed()) {
      take(probe, pod);
      probe.to(probe.nowUs() / 1e6 + 30);
      probe.remove(pod);
      make(probe, owner, pod.metadata.name);
    }
    expect(probe.reports).toEqual([]);
  });

  test('reports a second pod replaced while the first is away, of a parallel set too, unless the manager cannot see', () => {
    for (const isBlind of [false, true]) {
      const { probe, pods } = three('Parallel');
      if (isBlind) probe.fault(1, 'watch-lag', 'component/kube-controller-manager', 'start');
      take(probe, pods[2]!);
      take(probe, pods[1]!);
      const report = '0s statefulset/default/db replaces default/db-1 while db-2 is not ready [statefulset/default/db pod/default/db-1]';
      expect(probe.reports).toEqual(isBlind ? [] : [report]);
    }
  });

  test('reports a pod made above one that was never ready, of an ordered set only', () => {
    for (const policy of ['OrderedReady', 'Parallel'] as const) {
      const probe = new FakeProbe(statefulSetOrder);
      const owner = probe.put(statefulSet('db', { replicas: 2, podManagementPolicy: policy }));
      make(probe, owner, 'db-0', false);
      make(probe, owner, 'db-1', false);
      const report =
        '0s statefulset/default/db makes default/db-1 while the pod below it is not ready [statefulset/default/db pod/default/db-1]';
      expect(probe.reports).toEqual(policy === 'Parallel' ? [] : [report]);
    }
  });
});
