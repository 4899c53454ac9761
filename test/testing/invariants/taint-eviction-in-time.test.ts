import { describe, expect, test } from 'vitest';
import type { Pod, Toleration } from '../../../src/objects/pod.ts';
import { taintEvictionInTime } from '../../../src/testing/invariants/taint-eviction-in-time.ts';
import { FakeProbe, type FakeProbeOptions } from '../../support/fake-probe.ts';

const KEY = 'node.kubernetes.io/unreachable';
const KCM = 'component/kube-controller-manager';

function taint(probe: FakeProbe, nodeName: string, isTainted = true): void {
  const taints = isTainted ? [{ key: KEY, value: '', effect: 'NoExecute' as const, timeAdded: probe.nowUs() }] : [];
  probe.change(probe.store.get('Node', nodeName)!, (now) => ({ ...now, spec: { ...now.spec, taints } }));
}

function evict(probe: FakeProbe, pod: Pod): void {
  probe.terminate(pod);
  probe.write('kube-controller-manager/taint-eviction', 'delete', 'Pod', `default/${pod.metadata.name}`);
}

function tolerating(seconds: number | undefined): { tolerations: Toleration[] } {
  return { tolerations: [{ key: KEY, operator: 'Exists', value: '', effect: 'NoExecute', tolerationSeconds: seconds }] };
}

function probeWithPods(options: FakeProbeOptions = {}) {
  const probe = new FakeProbe(taintEvictionInTime, options);
  probe.node('n1');
  const [none, some, all] = [
    probe.pod('none'),
    probe.pod('some', { spec: tolerating(100) }),
    probe.pod('all', { spec: tolerating(undefined) }),
  ].map((pod) => probe.bind(pod, 'n1'));
  return { probe, none: none!, some: some!, all: all! };
}

describe('taint-eviction-in-time', () => {
  test('is silent when pods leave as their tolerations end, and stay when the taint goes first', () => {
    const { probe, none, some } = probeWithPods();
    probe.to(10);
    taint(probe, 'n1');
    evict(probe, none);
    probe.to(115);
    evict(probe, some);
    probe.to(1000);
    probe.bind(probe.pod('later', { spec: tolerating(100) }), 'n1');
    probe.to(1010);
    taint(probe, 'n1', false);
    probe.to(2000);
    expect(probe.reports).toEqual([]);
  });

  test('reports pods that stay too long', () => {
    const { probe } = probeWithPods();
    probe.to(10);
    taint(probe, 'n1');
    probe.to(2000);
    expect(probe.reports).toEqual([
      `25.6s default/none is still on n1, 15 s after it was tainted ${KEY} [pod/default/none node/n1]`,
      `125.6s default/some is still on n1, 115 s after it was tainted ${KEY} [pod/default/some node/n1]`,
    ]);
  });

  test('reports an eviction from a node without taints, and one of a pod that tolerates them', () => {
    const { probe, none, all } = probeWithPods();
    probe.to(10);
    evict(probe, none);
    taint(probe, 'n1');
    probe.to(20);
    evict(probe, all);
    expect(probe.reports).toEqual([
      '10s default/none was evicted from n1, which has no NoExecute taint [pod/default/none node/n1]',
      '20s default/all was evicted from n1, which has only taints that the pod tolerates [pod/default/all node/n1]',
    ]);
  });

  test('lets an eviction happen right after the taint has gone', () => {
    const { probe, none } = probeWithPods();
    probe.to(10);
    taint(probe, 'n1');
    taint(probe, 'n1', false);
    probe.to(12);
    evict(probe, none);
    expect(probe.reports).toEqual([]);
  });

  test('counts anew when the controller manager comes back, and reports what it never gets to', () => {
    const { probe, some } = probeWithPods();
    probe.remove(probe.store.get('Pod', 'default/none')!);
    taint(probe, 'n1');
    probe.fault(1, 'component-crash', KCM, 'start');
    probe.to(90);
    probe.fault(1, 'component-crash', KCM, 'heal');
    probe.to(200);
    expect(probe.reports).toEqual([]);
    probe.to(400);
    expect(probe.reports).toHaveLength(1);
    expect(probe.reports[0]).toContain(`default/${some.metadata.name} is still on n1`);
  });

  test('lets evictions be lost when deletions were refused', () => {
    const { probe } = probeWithPods();
    taint(probe, 'n1');
    probe.fault(1, 'request-refusal', KCM, 'start');
    probe.fault(1, 'request-refusal', KCM, 'heal');
    probe.to(2000);
    expect(probe.reports).toEqual([]);
  });

  test('lets a pod off that inherits a name from one that was due, unless the scenario asks', () => {
    for (const isStrict of [false, true]) {
      const probe = new FakeProbe(taintEvictionInTime, { isStrict });
      for (const name of ['n1', 'n2']) probe.node(name);
      const old = probe.bind(probe.pod('db-0', { spec: tolerating(100) }), 'n1');
      taint(probe, 'n1');
      probe.to(50);
      probe.remove(old);
      const heir = probe.bind(probe.pod('db-0', { spec: tolerating(100) }), 'n2');
      probe.to(100);
      evict(probe, heir);
      expect(probe.reports).toHaveLength(isStrict ? 1 : 0);
    }
  });
});
