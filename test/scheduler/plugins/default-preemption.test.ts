import { describe, expect, test } from 'vitest';
import { ACTION } from '../../../src/scheduler/cluster-event.ts';
import { benchOf, decide, decodedPod, hintsOf, rawNode, rawPod, type Situation } from '../decisions.ts';

const nodes = [rawNode('a'), rawNode('b')];
const time = (second: number) => ({ phase: 'Running', startTime: `2025-01-01T00:00:${String(second).padStart(2, '0')}Z` });

function victim(
  name: string,
  on: string,
  fields: { cpu?: string; priority?: number; start?: number; labels?: object; status?: object; metadata?: object } = {},
) {
  return rawPod(name, {
    on,
    requests: { cpu: fields.cpu ?? '4' },
    priority: fields.priority ?? 0,
    labels: (fields.labels ?? {}) as never,
    status: { ...time(fields.start ?? 0), ...fields.status },
    metadata: (fields.metadata ?? {}) as never,
  });
}

const preemptor = (fields: object = {}) => rawPod('p', { priority: 10, requests: { cpu: '4' }, ...fields });

function preempt(situation: Situation) {
  return decide({ kind: 'preemption', nodes, pod: preemptor(), ...situation }).postFilter!;
}

describe('victims of a node', () => {
  test('only pods of lower priority go, and no more than needed: the most important are spared first', () => {
    const pods = [
      victim('low', 'a', { cpu: '2', priority: 1 }),
      victim('lower', 'a', { cpu: '1', priority: 0 }),
      victim('high', 'a', { cpu: '1', priority: 10 }),
      victim('same', 'b', { priority: 10 }),
    ];
    const found = preempt({ pods, pod: preemptor({ requests: { cpu: '1' } }) });
    expect(found.candidates).toEqual({ a: { victims: ['default/lower'], numPDBViolations: 0 } });
    expect(found.notHelpful?.['b']).toEqual({
      code: 'UnschedulableAndUnresolvable',
      reasons: ['No preemption victims found for incoming pod'],
    });
  });

  test('among equal priorities the longer running pod is spared', () => {
    const pods = [
      victim('young', 'a', { cpu: '2', start: 9 }),
      victim('old', 'a', { cpu: '2', start: 1 }),
      victim('x', 'b', { priority: 10 }),
    ];
    expect(preempt({ pods, pod: preemptor({ requests: { cpu: '2' } }) }).candidates?.['a']?.victims).toEqual(['default/young']);
  });

  test('victims are listed by importance', () => {
    const pods = [
      victim('1', 'a', { cpu: '1', priority: 1 }),
      victim('3', 'a', { cpu: '2', priority: 3 }),
      victim('2', 'a', { cpu: '1', priority: 3, start: 5 }),
      victim('x', 'b', { priority: 10 }),
    ];
    expect(preempt({ pods }).candidates?.['a']?.victims).toEqual(['default/3', 'default/2', 'default/1']);
  });

  test('pods whose budget is used up are put back first, and counted when they have to go', () => {
    const budget = {
      metadata: { name: 'b', namespace: 'default' },
      spec: { selector: { matchLabels: { app: 'db' } } },
      status: { disruptionsAllowed: 0 },
    };
    const pods = [
      victim('db', 'a', { cpu: '2', labels: { app: 'db' } }),
      victim('web', 'a', { cpu: '2', priority: 5 }),
      victim('x', 'b', { priority: 10 }),
    ];
    const half = preempt({ pods, pod: preemptor({ requests: { cpu: '2' } }), others: { podDisruptionBudgets: [budget] } });
    expect(half.candidates?.['a']).toEqual({ victims: ['default/web'], numPDBViolations: 0 });
    const all = preempt({ pods, others: { podDisruptionBudgets: [budget] } });
    expect(all.candidates?.['a']).toEqual({ victims: ['default/web', 'default/db'], numPDBViolations: 1 });
  });

  test('pods already disrupted and empty selectors take nothing off a budget', () => {
    const budget = (spec: object, status: object) => ({
      metadata: { name: 'b', namespace: 'default' },
      spec,
      status: { disruptionsAllowed: 0, ...status },
    });
    const pods = [victim('db', 'a', { labels: { app: 'db' } }), victim('x', 'b', { priority: 10 })];
    const violations = (found: object) =>
      preempt({ pods, others: { podDisruptionBudgets: [found as never] } }).candidates?.['a']?.numPDBViolations;
    expect(violations(budget({ selector: { matchLabels: { app: 'db' } } }, { disruptedPods: { db: '2025-01-01T00:00:00Z' } }))).toBe(0);
    expect(violations(budget({ selector: {} }, {}))).toBe(0);
    expect(violations(budget({ selector: { matchLabels: { app: 'db' } } }, {}))).toBe(1);
  });
});

describe('the best node', () => {
  const budget = {
    metadata: { name: 'b', namespace: 'default' },
    spec: { selector: { matchLabels: { app: 'db' } } },
    status: { disruptionsAllowed: 0 },
  };

  test.each([
    ['fewest budget violations', [victim('1', 'a', { labels: { app: 'db' } }), victim('2', 'b', { priority: 9 })], ['b']],
    [
      'lowest highest priority',
      [victim('1', 'a', { priority: 2 }), victim('2', 'b', { priority: 1 }), victim('3', 'b', { cpu: '0', priority: 0 })],
      ['b'],
    ],
    [
      'lowest sum of priorities',
      [
        victim('1', 'a', { cpu: '2', priority: 2 }),
        victim('2', 'a', { cpu: '2', priority: 1 }),
        victim('3', 'b', { cpu: '2', priority: 2 }),
        victim('4', 'b', { cpu: '2', priority: 0 }),
      ],
      ['b'],
    ],
    ['fewest victims, by their sum', [victim('1', 'a', { cpu: '2' }), victim('2', 'a', { cpu: '2' }), victim('3', 'b')], ['b']],
    ['latest start of the most important victim', [victim('1', 'a', { start: 5 }), victim('2', 'b', { start: 6 })], ['b']],
    ['any of equals', [victim('1', 'a', { start: 5 }), victim('2', 'b', { start: 5 })], ['a', 'b']],
  ])('%s', (_, pods, best) => {
    expect(preempt({ pods, others: { podDisruptionBudgets: [budget] } }).best).toEqual(best);
  });
});

describe('who may preempt', () => {
  const pods = [victim('1', 'a'), victim('2', 'b')];

  test('nobody with preemptionPolicy Never', () => {
    const found = preempt({ pods, pod: preemptor({ spec: { preemptionPolicy: 'Never' } }) });
    expect(found).toMatchObject({ eligible: false, ineligibleReason: 'not eligible due to preemptionPolicy=Never.' });
  });

  test('not while a victim is on its way out of the nominated node', () => {
    const dying = victim('1', 'a', {
      metadata: { deletionTimestamp: '2025-01-01T00:01:00Z' },
      status: { conditions: [{ type: 'DisruptionTarget', status: 'True', reason: 'PreemptionByScheduler' }] },
    });
    const nominated = preemptor({ status: { nominatedNodeName: 'a' } });
    expect(preempt({ pods: [dying, pods[1]!], pod: nominated }).ineligibleReason).toBe(
      'not eligible due to a terminating pod on the nominated node.',
    );
    const deleted = victim('1', 'a', { metadata: { deletionTimestamp: '2025-01-01T00:01:00Z' } });
    expect(preempt({ pods: [deleted, pods[1]!], pod: nominated }).eligible).toBe(true);
  });

  test('not on nodes that no preemption can help', () => {
    const found = preempt({ nodes: [rawNode('a', { unschedulable: true }), rawNode('b', { allocatable: { cpu: '1' } })], pods });
    expect(found).toMatchObject({ eligible: true, potentialNodes: [] });
    expect(found.status.reasons?.at(-1)).toBe('preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.');
  });
});

test('the search stops after the configured number of candidates once one breaks no budget', () => {
  const many = Array.from({ length: 20 }, (_, i) => rawNode(`n${i}`));
  const pods = many.map((_, i) => victim(`v${i}`, `n${i}`, { start: i }));
  const args = { DefaultPreemption: { minCandidateNodesPercentage: 10, minCandidateNodesAbsolute: 3 } };
  expect(Object.keys(preempt({ nodes: many, pods, args }).candidates!)).toEqual(['n0', 'n1', 'n2']);
});

test('a pod whose victims are being evicted stays out of the queue', () => {
  const bench = benchOf({});
  const pod = bench.cluster.podInfos.of(decodedPod(rawPod('p')));
  expect(bench.profile.runPreEnqueue(pod).code).toBe('Success');
  expect(hintsOf(bench, 'DefaultPreemption', 'Pod', ACTION.DELETE, pod, pod.pod, undefined)).toBe(false);
});
