import { describe, expect, test } from 'vitest';
import { healthyPodsNotEvicted } from '../../../src/testing/invariants/healthy-pods-not-evicted.ts';
import { FakeProbe } from '../../support/fake-probe.ts';

const EVICTOR = 'kube-controller-manager/taint-eviction';

function evict(key: string, runs: boolean, client = EVICTOR): readonly string[] {
  const probe = new FakeProbe(healthyPodsNotEvicted);
  const node = probe.node('n1');
  probe.change(node, (now) => ({
    ...now,
    spec: { ...now.spec, taints: [{ key, value: '', effect: 'NoExecute' as const, timeAdded: undefined }] },
  }));
  const pod = probe.ready(probe.bind(probe.pod('a'), 'n1'));
  probe.process(pod, 'started');
  if (!runs) probe.process(pod, 'stopped');
  probe.terminate(pod);
  probe.write(client, 'delete', 'Pod', 'default/a');
  return probe.reports;
}

describe('healthy-pods-not-evicted', () => {
  test('reports a pod that is evicted for the silence of its node while its containers run', () => {
    expect(evict('node.kubernetes.io/unreachable', true)).toEqual([
      '0s default/a, ready, is evicted while its containers run on n1, for node.kubernetes.io/unreachable [pod/default/a node/n1]',
    ]);
  });

  test('is silent about pods that do not run, taints of users, and deletions by others', () => {
    expect(evict('node.kubernetes.io/unreachable', false)).toEqual([]);
    expect(evict('maintenance', true)).toEqual([]);
    expect(evict('node.kubernetes.io/unreachable', true, 'kube-controller-manager/replicaset')).toEqual([]);
  });

  test('is left out where nodes may seem silent', () => {
    const { circumstances } = new FakeProbe(healthyPodsNotEvicted);
    expect(healthyPodsNotEvicted.excusedBy!(circumstances)).toBeUndefined();
    const faults = new Map([['partition', ['link']]]);
    expect(healthyPodsNotEvicted.excusedBy!({ ...circumstances, faults })).toMatch(/^after partition /);
  });
});
