import { describe, expect, test } from 'vitest';
import { ACTION } from '../../../src/scheduler/cluster-event.ts';
import { benchOf, decide, decoded, decodedPod, hintsOf, rawNode, rawPod } from '../decisions.ts';

const cordoned = rawNode('n1', { unschedulable: true, taints: [{ key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' }] });
const tolerant = { tolerations: [{ key: 'node.kubernetes.io/unschedulable', operator: 'Exists', effect: 'NoSchedule' }] };

describe('NodeUnschedulable', () => {
  test('rejects cordoned nodes before their taint is looked at', () => {
    const { filter } = decide({ nodes: [cordoned] });
    expect(filter['n1']).toEqual({
      code: 'UnschedulableAndUnresolvable',
      plugin: 'NodeUnschedulable',
      reasons: ['node(s) were unschedulable'],
    });
  });

  test('lets pods pass that tolerate the taint of cordoning', () => {
    expect(decide({ nodes: [cordoned], pod: rawPod('p', { spec: tolerant }) }).feasible).toEqual(['n1']);
  });

  test('is woken by schedulable new nodes and by uncordoning only', () => {
    const bench = benchOf({});
    const pod = bench.cluster.podInfos.of(decodedPod(rawPod('p')));
    const closed = decoded('Node', cordoned);
    const open = decoded('Node', rawNode('n1'));
    const hint = (before: unknown, after: unknown) =>
      hintsOf(bench, 'NodeUnschedulable', 'Node', ACTION.UPDATE_NODE_TAINT, pod, before, after);
    expect(hint(undefined, open)).toBe(true);
    expect(hint(undefined, closed)).toBe(false);
    expect(hint(closed, open)).toBe(true);
    expect(hint(open, open)).toBe(false);
    expect(hint(open, closed)).toBe(false);
  });

  test('is woken by the pod gaining the toleration', () => {
    const bench = benchOf({});
    const plain = decodedPod(rawPod('p'));
    const changed = decodedPod(rawPod('p', { spec: tolerant }));
    const pod = bench.cluster.podInfos.of(plain);
    expect(hintsOf(bench, 'NodeUnschedulable', 'Pod', ACTION.UPDATE_POD_TOLERATION, pod, plain, changed)).toBe(true);
    expect(hintsOf(bench, 'NodeUnschedulable', 'Pod', ACTION.UPDATE_POD_TOLERATION, pod, plain, plain)).toBe(false);
  });
});
