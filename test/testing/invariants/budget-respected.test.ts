import { describe, expect, test } from 'vitest';
import type { Pod } from '../../../src/objects/pod.ts';
import { budgetRespected } from '../../../src/testing/invariants/budget-respected.ts';
import { budget, newReplicaSet } from '../../controllers/objects.ts';
import { FakeProbe, type FakeProbeOptions } from '../../support/fake-probe.ts';

function probeWithPods(count: number, spec: Parameters<typeof budget>[1], options: FakeProbeOptions = {}) {
  const probe = new FakeProbe(budgetRespected, options);
  const owner = probe.put(newReplicaSet('web', { replicas: count }));
  probe.put(budget('web', spec));
  const pods = Array.from({ length: count }, (_, i) => {
    return probe.ready(probe.bind(probe.pod(`web-${i}`, { owner, labels: { app: 'web' } }), 'n1'));
  });
  probe.to(60);
  return { probe, pods };
}

function evict(probe: FakeProbe, pod: Pod): void {
  probe.terminate(pod);
  probe.write('kubectl', 'evict', 'Pod', `default/${pod.metadata.name}`);
}

describe('budget-respected', () => {
  test('is silent about evictions that leave enough, and about what is no eviction', () => {
    const { probe, pods } = probeWithPods(3, { minAvailable: 2 });
    evict(probe, pods[0]!);
    probe.remove(pods[0]!);
    probe.to(120);
    probe.terminate(pods[1]!);
    probe.write('kube-controller-manager/taint-eviction', 'delete', 'Pod', 'default/web-1');
    expect(probe.reports).toEqual([]);
  });

  test('reports an eviction too many', () => {
    const { probe, pods } = probeWithPods(3, { maxUnavailable: 1 });
    evict(probe, pods[0]!);
    evict(probe, pods[1]!);
    expect(probe.reports).toEqual([
      '60s kubectl evicted default/web-1: 1 healthy pods are left and the budget default/web asks for 2 [pod/default/web-1 poddisruptionbudget/default/web]',
    ]);
  });

  test('is silent about evictions of pods that are not ready', () => {
    const { probe, pods } = probeWithPods(2, { minAvailable: 1 });
    for (const pod of pods) probe.ready(pod, false);
    probe.to(120);
    evict(probe, pods[0]!);
    expect(probe.reports).toEqual([]);
  });

  test('lets the server off for pods lost otherwise a moment ago, and not for longer', () => {
    for (const [afterS, count] of [
      [65, 0],
      [75, 1],
    ] as const) {
      const { probe, pods } = probeWithPods(3, { minAvailable: 2 });
      probe.ready(pods[2]!, false);
      probe.to(afterS);
      evict(probe, pods[0]!);
      expect(probe.reports).toHaveLength(count);
    }
  });

  test('lets it off while the disruption controller is down, unless the scenario asks', () => {
    for (const isStrict of [false, true]) {
      const { probe, pods } = probeWithPods(2, { minAvailable: 2 }, { isStrict });
      probe.fault(1, 'component-freeze', 'component/kube-controller-manager', 'start');
      evict(probe, pods[0]!);
      expect(probe.reports).toHaveLength(isStrict ? 1 : 0);
    }
  });

  test('lets it off for two minutes after requests without answer, whose workers wait for a minute', () => {
    for (const [afterS, count] of [
      [125, 0],
      [135, 1],
    ] as const) {
      const { probe, pods } = probeWithPods(2, { minAvailable: 2 });
      const startS = probe.nowUs() / 1_000_000;
      probe.fault(1, 'lost-reply', 'component/kube-controller-manager', 'start');
      probe.fault(1, 'lost-reply', 'component/kube-controller-manager', 'heal');
      probe.to(startS + afterS);
      evict(probe, pods[0]!);
      expect(probe.reports).toHaveLength(count);
    }
  });
});
