import { describe, expect, test } from 'vitest';
import { ACTION } from '../../../src/scheduler/cluster-event.ts';
import { benchOf, decide, decoded, decodedPod, hintsOf, rawNode, rawPod } from '../decisions.ts';

const nodes = [
  rawNode('a', { labels: { disk: 'ssd', cores: '8' } }),
  rawNode('b', { labels: { disk: 'hdd', cores: 'many' } }),
  rawNode('c'),
];

function required(...terms: readonly object[]) {
  return rawPod('p', {
    spec: { affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms } } } },
  });
}

function preferred(...terms: readonly object[]) {
  return rawPod('p', { spec: { affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: terms } } } });
}

const expression = (key: string, operator: string, ...values: readonly string[]) => ({ matchExpressions: [{ key, operator, values }] });
const named = (...values: readonly string[]) => ({
  matchFields: values.map((value) => ({ key: 'metadata.name', operator: 'In', values: [value] })),
});

describe('NodeAffinity filter', () => {
  test.each([
    ['In', required(expression('disk', 'In', 'ssd', 'nvme')), ['a']],
    ['NotIn matches nodes without the label', required(expression('disk', 'NotIn', 'ssd')), ['b', 'c']],
    ['Exists', required(expression('disk', 'Exists')), ['a', 'b']],
    ['DoesNotExist', required(expression('disk', 'DoesNotExist')), ['c']],
    ['Gt needs an integer label', required(expression('cores', 'Gt', '4')), ['a']],
    ['Lt is strict', required(expression('cores', 'Lt', '8')), []],
    ['terms are alternatives', required(expression('disk', 'In', 'ssd'), expression('disk', 'DoesNotExist')), ['a', 'c']],
    ['an empty term matches nothing', required({}), []],
    [
      'a term that does not parse matches nothing, the others still may',
      required(expression('cores', 'Gt', 'x'), expression('disk', 'Exists')),
      ['a', 'b'],
    ],
    ['fields and expressions are joined', required({ ...named('a'), ...expression('disk', 'In', 'hdd') }), []],
  ])('%s', (_, pod, feasible) => {
    expect(decide({ nodes, pod }).feasible).toEqual(feasible);
  });

  test('node selector and affinity both have to match', () => {
    const pod = rawPod('p', { spec: { nodeSelector: { disk: 'hdd' } } });
    const { feasible, filter } = decide({ nodes, pod });
    expect(feasible).toEqual(['b']);
    expect(filter['a']?.reasons).toEqual(["node(s) didn't match Pod's node affinity/selector"]);
  });

  test('what the profile adds is told apart', () => {
    const addedAffinity = { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [expression('disk', 'Exists')] } };
    const { filter, preFilter } = decide({ nodes, args: { NodeAffinity: { addedAffinity } } });
    expect(preFilter.skip).not.toContain('NodeAffinity');
    expect(filter['c']?.reasons).toEqual(["node(s) didn't match scheduler-enforced node affinity"]);
  });
});

describe('NodeAffinity PreFilter', () => {
  test('narrows to nodes named in every term', () => {
    const { preFilter, filter, message } = decide({ nodes, pod: required(named('x')) });
    expect(preFilter.nodeNames).toEqual(['x']);
    expect(filter['a']).toEqual({
      code: 'UnschedulableAndUnresolvable',
      reasons: ["node(s) didn't satisfy plugin(s) [NodeAffinity]"],
      excludedByPreFilterResult: true,
    });
    expect(message).toBe("0/3 nodes are available: 3 node(s) didn't satisfy plugin(s) [NodeAffinity].");
  });

  test('does not narrow when one term names no node', () => {
    expect(decide({ nodes, pod: required(named('a'), expression('disk', 'Exists')) }).preFilter.nodeNames).toBeUndefined();
  });

  test('rejects at once when names exclude each other', () => {
    const { preFilter, message } = decide({ nodes, pod: required(named('a', 'b')) });
    expect(preFilter).toEqual({ code: 'UnschedulableAndUnresolvable', plugin: 'NodeAffinity', reasons: ['pod affinity terms conflict'] });
    expect(message).toBe('0/3 nodes are available: pod affinity terms conflict.');
  });

  test('skips pods without node affinity or selector', () => {
    expect(decide({ nodes }).preFilter.skip).toContain('NodeAffinity');
  });
});

describe('NodeAffinity score', () => {
  test('adds the weights of matching terms and scales by the highest', () => {
    const pod = preferred(
      { weight: 30, preference: expression('disk', 'Exists') },
      { weight: 15, preference: expression('disk', 'In', 'ssd') },
    );
    expect(decide({ nodes, pod }).scores?.['NodeAffinity']).toEqual({
      a: { raw: 45, normalized: 100 },
      b: { raw: 30, normalized: 66 },
      c: { raw: 0, normalized: 0 },
    });
  });

  test('ignores terms of weight 0 and empty preferences, which match nothing', () => {
    const pod = preferred({ weight: 0, preference: expression('disk', 'Exists') }, { weight: 10, preference: {} });
    expect(decide({ nodes, pod }).scores?.['NodeAffinity']).toEqual({
      a: { raw: 0, normalized: 0 },
      b: { raw: 0, normalized: 0 },
      c: { raw: 0, normalized: 0 },
    });
  });

  test('leaves itself out without any preference', () => {
    expect(decide({ nodes }).scoreSkipped).toContain('NodeAffinity');
  });
});

test('NodeAffinity is woken when a node starts to match', () => {
  const bench = benchOf({});
  const pod = bench.cluster.podInfos.of(decodedPod(rawPod('p', { spec: { nodeSelector: { disk: 'ssd' } } })));
  const ssd = decoded('Node', nodes[0]!);
  const hdd = decoded('Node', nodes[1]!);
  const hint = (before: unknown, after: unknown) => hintsOf(bench, 'NodeAffinity', 'Node', ACTION.UPDATE_NODE_LABEL, pod, before, after);
  expect([hint(undefined, ssd), hint(undefined, hdd), hint(hdd, ssd), hint(ssd, ssd), hint(ssd, hdd)]).toEqual([
    true,
    false,
    true,
    false,
    false,
  ]);
});
