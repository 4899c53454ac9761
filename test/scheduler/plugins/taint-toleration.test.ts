import { describe, expect, test } from 'vitest';
import { ACTION } from '../../../src/scheduler/cluster-event.ts';
import { benchOf, decide, decoded, decodedPod, hintsOf, rawNode, rawPod } from '../decisions.ts';

const taint = (key: string, effect: string, value = '') => ({ key, effect, value });

describe('TaintToleration', () => {
  test('names the first hard taint that is not tolerated', () => {
    const node = rawNode('n1', { taints: [taint('soft', 'PreferNoSchedule'), taint('a', 'NoSchedule', 'x'), taint('b', 'NoExecute')] });
    const tolerant = rawPod('p', { spec: { tolerations: [{ key: 'a', operator: 'Equal', value: 'x', effect: 'NoSchedule' }] } });
    expect(decide({ nodes: [node] }).filter['n1']?.reasons).toEqual(['node(s) had untolerated taint {a: x}']);
    expect(decide({ nodes: [node], pod: tolerant }).filter['n1']?.reasons).toEqual(['node(s) had untolerated taint {b: }']);
  });

  test('scores by untolerated soft taints, reversed: 100 without any', () => {
    const nodes = [
      rawNode('none'),
      rawNode('one', { taints: [taint('a', 'PreferNoSchedule')] }),
      rawNode('three', { taints: [taint('a', 'PreferNoSchedule'), taint('b', 'PreferNoSchedule'), taint('c', 'PreferNoSchedule')] }),
    ];
    expect(decide({ nodes }).scores?.['TaintToleration']).toEqual({
      none: { raw: 0, normalized: 100 },
      one: { raw: 1, normalized: 67 },
      three: { raw: 3, normalized: 0 },
    });
    expect(decide({ nodes: [rawNode('a'), rawNode('b')] }).scores?.['TaintToleration']?.['a']).toEqual({ raw: 0, normalized: 100 });
  });

  test('only tolerations of soft or any effect speak for soft taints', () => {
    const nodes = [rawNode('n1', { taints: [taint('a', 'PreferNoSchedule')] }), rawNode('n2')];
    const raw = (effect: string) =>
      decide({ nodes, pod: rawPod('p', { spec: { tolerations: [{ key: 'a', operator: 'Exists', effect }] } }) }).scores?.[
        'TaintToleration'
      ]?.['n1']?.raw;
    expect(raw('NoSchedule')).toBe(1);
    expect(raw('PreferNoSchedule')).toBe(0);
    expect(raw('')).toBe(0);
  });

  test('is woken when a node stops being intolerable', () => {
    const bench = benchOf({});
    const pod = bench.cluster.podInfos.of(decodedPod(rawPod('p')));
    const tainted = decoded('Node', rawNode('n1', { taints: [taint('a', 'NoSchedule')] }));
    const clean = decoded('Node', rawNode('n1'));
    const hint = (before: unknown, after: unknown) => hintsOf(bench, 'TaintToleration', 'Node', ACTION.ADD, pod, before, after);
    expect(hint(tainted, clean)).toBe(true);
    expect(hint(clean, clean)).toBe(false);
    expect(hint(undefined, clean)).toBe(true);
    expect(hint(undefined, tainted)).toBe(false);
  });
});
