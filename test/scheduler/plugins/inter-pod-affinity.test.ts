import { describe, expect, test } from 'vitest';
import { ACTION } from '../../../src/scheduler/cluster-event.ts';
import { benchOf, decide, decoded, decodedPod, hintsOf, rawNode, rawPod } from '../decisions.ts';

const ZONE = 'topology.kubernetes.io/zone';
const AFFINITY = 'InterPodAffinity';
const nodes = [
  rawNode('a1', { labels: { [ZONE]: 'a' } }),
  rawNode('a2', { labels: { [ZONE]: 'a' } }),
  rawNode('b1', { labels: { [ZONE]: 'b' } }),
];

const term = (app: string, fields: object = {}) => ({ labelSelector: { matchLabels: { app } }, topologyKey: ZONE, ...fields });
const required = (...terms: readonly object[]) => ({ requiredDuringSchedulingIgnoredDuringExecution: terms });
const preferred = (...terms: readonly object[]) => ({ preferredDuringSchedulingIgnoredDuringExecution: terms });
const soft = (weight: number, app: string, fields: object = {}) => ({ weight, podAffinityTerm: term(app, fields) });

function pod(
  name: string,
  fields: { app?: string; on?: string; affinity?: object; anti?: object; namespace?: string; priority?: number } = {},
) {
  const affinity = {
    ...(fields.affinity === undefined ? {} : { podAffinity: fields.affinity }),
    ...(fields.anti === undefined ? {} : { podAntiAffinity: fields.anti }),
  };
  return rawPod(name, {
    labels: fields.app === undefined ? {} : { app: fields.app },
    ...(fields.on === undefined ? {} : { on: fields.on }),
    ...(fields.namespace === undefined ? {} : { namespace: fields.namespace }),
    ...(fields.priority === undefined ? {} : { priority: fields.priority }),
    spec: { affinity },
  });
}

describe('InterPodAffinity filter', () => {
  test('required affinity wants the company of one pod that matches every term', () => {
    const pods = [pod('e', { app: 'db', on: 'a1' })];
    expect(decide({ nodes, pods, pod: pod('p', { affinity: required(term('db')) }) }).feasible).toEqual(['a1', 'a2']);
    const two = pod('p', { affinity: required(term('db'), term('cache')) });
    expect(decide({ nodes, pods: [...pods, pod('f', { app: 'cache', on: 'a2' })], pod: two }).feasible).toEqual([]);
  });

  test('the first pod of a group that matches itself may start anywhere with the keys', () => {
    const first = pod('p', { app: 'db', affinity: required(term('db')) });
    const { feasible, filter } = decide({ nodes: [...nodes, rawNode('bare')], pod: first });
    expect(feasible).toEqual(['a1', 'a2', 'b1']);
    expect(filter['bare']).toMatchObject({ code: 'UnschedulableAndUnresolvable', reasons: ["node(s) didn't match pod affinity rules"] });
    expect(decide({ nodes, pod: pod('p', { affinity: required(term('db')) }) }).feasible).toEqual([]);
  });

  test('required anti-affinity keeps away from matching pods, in both directions', () => {
    const pods = [pod('e', { app: 'db', on: 'a1' })];
    const own = decide({ nodes, pods, pod: pod('p', { anti: required(term('db')) }) });
    expect(own.feasible).toEqual(['b1']);
    expect(own.filter['a2']).toMatchObject({ code: 'Unschedulable', reasons: ["node(s) didn't match pod anti-affinity rules"] });
    const theirs = decide({ nodes, pods: [pod('e', { on: 'b1', anti: required(term('web')) })], pod: pod('p', { app: 'web' }) });
    expect(theirs.feasible).toEqual(['a1', 'a2']);
    expect(theirs.filter['b1']).toMatchObject({
      code: 'Unschedulable',
      reasons: ["node(s) didn't satisfy existing pods anti-affinity rules"],
    });
  });

  test('terms look at their own namespace, named ones, or those a selector matches', () => {
    const namespaces = [{ metadata: { name: 'default', labels: {} } }, { metadata: { name: 'prod', labels: { env: 'prod' } } }];
    const pods = [pod('e', { app: 'db', on: 'a1', namespace: 'prod' })];
    const anti = (fields: object) =>
      decide({ nodes, pods, pod: pod('p', { anti: required(term('db', fields)) }), others: { namespaces } }).feasible;
    expect(anti({})).toEqual(['a1', 'a2', 'b1']);
    expect(anti({ namespaces: ['prod'] })).toEqual(['b1']);
    expect(anti({ namespaceSelector: {} })).toEqual(['b1']);
    expect(anti({ namespaceSelector: { matchLabels: { env: 'prod' } } })).toEqual(['b1']);
    expect(anti({ namespaceSelector: { matchLabels: { env: 'test' } } })).toEqual(['a1', 'a2', 'b1']);
  });

  test.each([
    ['1.34', ['b1']],
    ['1.32', ['a1', 'a2', 'b1']],
  ] as const)('v%s: an own selector of negative requirements only selects %s', (version, feasible) => {
    const namespaces = [{ metadata: { name: 'prod', labels: { env: 'prod' } } }];
    const namespaceSelector = { matchExpressions: [{ key: 'env', operator: 'NotIn', values: ['prod'] }] };
    const pods = [pod('e', { app: 'db', on: 'a1', namespace: 'prod' })];
    const own = pod('p', { anti: required(term('db', { namespaceSelector })) });
    expect(decide({ version, nodes, pods, pod: own, others: { namespaces } }).feasible).toEqual(feasible);
  });

  test('skips when neither the pod nor any pod there has rules that apply', () => {
    expect(decide({ nodes, pods: [pod('e', { on: 'a1', anti: required(term('web')) })] }).preFilter.skip).toContain(AFFINITY);
    expect(
      decide({ nodes, pods: [pod('e', { on: 'a1', anti: required(term('web')) })], pod: pod('p', { app: 'web' }) }).preFilter.skip,
    ).not.toContain(AFFINITY);
  });

  test('a nominated pod with anti-affinity is not seen when the plugin skipped', () => {
    const waiting = rawPod('w', {
      priority: 10,
      status: { nominatedNodeName: 'b1' },
      spec: { affinity: { podAntiAffinity: required(term('web')) } },
    });
    expect(decide({ nodes, pods: [waiting], pod: pod('p', { app: 'web' }) }).feasible).toEqual(['a1', 'a2', 'b1']);
    const other = pod('e', { on: 'a1', anti: required(term('web')) });
    expect(decide({ nodes, pods: [waiting, other], pod: pod('p', { app: 'web' }) }).feasible).toEqual([]);
  });
});

describe('InterPodAffinity score', () => {
  function raw(pods: readonly object[], incoming: object, args: object = {}) {
    const { scores } = decide({ nodes, pods: pods as never, pod: incoming as never, args: { [AFFINITY]: args as never } });
    const found = scores?.[AFFINITY];
    return found === undefined ? undefined : ['a1', 'a2', 'b1'].map((name) => found[name]?.raw);
  }

  test('adds preferences of the pod per domain', () => {
    const pods = [pod('e', { app: 'db', on: 'a1' }), pod('f', { app: 'db', on: 'b1' }), pod('g', { app: 'noise', on: 'b1' })];
    const incoming = pod('p', { affinity: preferred(soft(10, 'db')), anti: preferred(soft(3, 'noise')) });
    expect(raw(pods, incoming)).toEqual([10, 10, 7]);
  });

  test('adds preferences of pods there, and their required affinity with the configured weight', () => {
    const pods = [
      pod('e', { on: 'a1', affinity: preferred(soft(5, 'web')) }),
      pod('f', { on: 'b1', anti: preferred(soft(4, 'web')) }),
      pod('g', { on: 'b1', affinity: required(term('web')) }),
    ];
    const incoming = pod('p', { app: 'web' });
    expect(raw(pods, incoming)).toEqual([5, 5, -3]);
    expect(raw(pods, incoming, { hardPodAffinityWeight: 0 })).toEqual([5, 5, -4]);
    expect(raw(pods, incoming, { ignorePreferredTermsOfExistingPods: true })).toBeUndefined();
  });

  test('normalizes between least and most, dividing first', () => {
    const many = Array.from({ length: 100 }, (_, i) => rawNode(`n${i}`, { labels: { [ZONE]: i === 0 ? 'x' : i === 1 ? 'y' : 'z' } })).slice(
      0,
      3,
    );
    const weights = [pod('e', { app: 'db', on: 'n0' }), pod('f', { app: 'big', on: 'n1' })];
    const incoming = pod('p', { affinity: preferred(soft(29, 'db'), soft(100, 'big')) });
    const { scores } = decide({ nodes: many, pods: weights, pod: incoming });
    // 100 * (29 / 100) is 28.999999999999996 in doubles
    expect(scores?.[AFFINITY]?.['n0']).toEqual({ raw: 29, normalized: 28 });
    expect(scores?.[AFFINITY]?.['n2']).toEqual({ raw: 0, normalized: 0 });
  });

  test('equal sums end at 0, and nothing at all skips', () => {
    expect(
      decide({
        nodes,
        pods: [pod('e', { app: 'db', on: 'a1' }), pod('f', { app: 'db', on: 'b1' })],
        pod: pod('p', { affinity: preferred(soft(10, 'db')) }),
      }).scores?.[AFFINITY]?.['a1'],
    ).toEqual({ raw: 10, normalized: 0 });
    expect(decide({ nodes, pod: pod('p', { affinity: preferred(soft(10, 'db')) }) }).scoreSkipped).toContain(AFFINITY);
  });
});

describe('InterPodAffinity hints', () => {
  const bench = benchOf({});
  const infoOf = (raw: object) => bench.cluster.podInfos.of(decodedPod(raw as never));
  const wants = infoOf(pod('p', { affinity: required(term('db'), term('db', { topologyKey: 'rack' })) }));
  const avoids = infoOf(pod('q', { anti: required(term('db'), term('cache')) }));
  const placed = (app: string) => decodedPod(pod('e', { app, on: 'a1' }));

  test('an added pod helps when it matches all affinity terms', () => {
    const hint = (after: unknown) => hintsOf(bench, AFFINITY, 'Pod', ACTION.ADD, wants, undefined, after);
    expect([hint(placed('db')), hint(placed('web')), hint(decodedPod(pod('e', { app: 'db' })))]).toEqual([true, false, false]);
  });

  test('a deleted pod helps only when it matched every anti-affinity term', () => {
    const hint = (info: typeof wants, before: unknown) => hintsOf(bench, AFFINITY, 'Pod', ACTION.DELETE, info, before, undefined);
    expect(hint(avoids, placed('db'))).toBe(false);
    expect(hint(infoOf(pod('r', { anti: required(term('db')) })), placed('db'))).toBe(true);
  });

  test('a label change helps when the pod starts to match, or stops being avoided', () => {
    const hint = (info: typeof wants, before: unknown, after: unknown) =>
      hintsOf(bench, AFFINITY, 'Pod', ACTION.UPDATE_POD_LABEL, info, before, after);
    expect(hint(wants, placed('web'), placed('db'))).toBe(true);
    expect(hint(wants, placed('db'), placed('web'))).toBe(false);
    expect(hint(infoOf(pod('r', { anti: required(term('db')) })), placed('db'), placed('web'))).toBe(true);
  });

  test('a node helps by its topology keys', () => {
    const node = (labels: object) => decoded('Node', rawNode('n', { labels: labels as never }));
    const hint = (info: typeof wants, before: unknown, after: unknown) =>
      hintsOf(bench, AFFINITY, 'Node', ACTION.UPDATE_NODE_LABEL, info, before, after);
    expect(hint(wants, undefined, node({ rack: '1' }))).toBe(true);
    expect(hint(wants, undefined, node({}))).toBe(false);
    expect(hint(wants, node({}), node({ rack: '1' }))).toBe(true);
    expect(hint(wants, node({ rack: '1' }), node({ rack: '1' }))).toBe(false);
    expect(hint(avoids, node({ [ZONE]: 'a' }), node({}))).toBe(true);
    expect(hint(avoids, node({}), node({ [ZONE]: 'a' }))).toBe(false);
    expect(hint(avoids, undefined, node({}))).toBe(true);
  });
});
