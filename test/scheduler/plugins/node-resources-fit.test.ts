import { describe, expect, test } from 'vitest';
import type { RawObject } from '../../../src/objects/decode-reader.ts';
import { ACTION } from '../../../src/scheduler/cluster-event.ts';
import { interpolate } from '../../../src/scheduler/plugins/node-resources-fit.ts';
import { benchOf, decide, decoded, decodedPod, hintsOf, rawNode, rawPod } from '../decisions.ts';

const FIT = 'NodeResourcesFit';

describe('NodeResourcesFit filter', () => {
  test('reports everything that is missing: pods first, then cpu, memory, storage, others by name', () => {
    const bench = benchOf({
      nodes: [rawNode('n1', { allocatable: { cpu: '1', memory: '1Gi', pods: '0', 'ephemeral-storage': '1Gi', 'a/x': '1', 'b/y': '0' } })],
    });
    const requests = { 'b/y': '1', 'a/x': '2', 'ephemeral-storage': '2Gi', memory: '2Gi', cpu: '2' };
    const pod = bench.cluster.podInfos.of(decodedPod(rawPod('p', { requests })));
    const status = bench.profile.filterPlugins.find((plugin) => plugin.name === FIT)!.filter!(
      undefined as never,
      pod,
      bench.cluster.cache.snapshot.nodes[0]!,
    );
    expect(status.code).toBe('UnschedulableAndUnresolvable');
    expect(status.reasons).toEqual([
      'Too many pods',
      'Insufficient cpu',
      'Insufficient memory',
      'Insufficient ephemeral-storage',
      'Insufficient a/x',
      'Insufficient b/y',
    ]);
  });

  test.each([
    ['1.34', '5', 'UnschedulableAndUnresolvable'],
    ['1.34', '3', 'Unschedulable'],
    ['1.32', '5', 'Unschedulable'],
  ] as const)('v%s: a request of %s CPUs on a half full node of 4 is %s', (version, cpu, code) => {
    const pods = [rawPod('e', { on: 'n1', requests: { cpu: '2' } })];
    expect(decide({ version, nodes: [rawNode('n1')], pods, pod: rawPod('p', { requests: { cpu } }) }).filter['n1']?.code).toBe(code);
  });

  test('a pod that requests nothing needs only a free place, even on an overcommitted node', () => {
    const nodes = [rawNode('n1', { allocatable: { cpu: '1' } })];
    const pods = [rawPod('e', { on: 'n1', requests: { cpu: '3' } })];
    expect(decide({ nodes, pods, pod: rawPod('p', { requests: { memory: '1Gi', cpu: '0' } }) }).feasible).toEqual(['n1']);
  });

  test('sidecars count beside containers, other init containers only at their peak', () => {
    const spec = {
      initContainers: [
        { name: 'first', image: 'i:1', resources: { requests: { cpu: '2' } } },
        { name: 'side', image: 'i:1', restartPolicy: 'Always', resources: { requests: { cpu: '1' } } },
        { name: 'later', image: 'i:1', resources: { requests: { cpu: '2500m' } } },
      ],
      containers: [{ name: 'c', image: 'i:1', resources: { requests: { cpu: '1' } } }],
      overhead: { cpu: '250m' },
    };
    // max(1 + 1, peak 2.5 + 1) + 0.25
    const fits = (cpu: string) =>
      decide({ nodes: [rawNode('n1', { allocatable: { cpu } })], pod: rawPod('p', { spec }) }).feasible.length === 1;
    expect([fits('3750m'), fits('3749m')]).toEqual([true, false]);
  });

  test.each([
    ['1.34', true],
    ['1.32', false],
  ] as const)('v%s: pod-level requests override those of containers: %s', (version, overrides) => {
    const spec = { resources: { requests: { cpu: '5' } } };
    const { feasible } = decide({ version, nodes: [rawNode('n1')], pod: rawPod('p', { requests: { cpu: '1' }, spec }) });
    expect(feasible).toEqual(overrides ? [] : ['n1']);
  });

  test('ignores configured resources and groups, extended ones only', () => {
    const pod = rawPod('p', { requests: { 'vendor.com/a': '1', 'other.com/b': '1' } });
    const ignore = (args: RawObject) => decide({ nodes: [rawNode('n1')], pod, args: { [FIT]: args } }).filter['n1']?.reasons;
    expect(ignore({ ignoredResources: ['vendor.com/a'] })).toEqual(['Insufficient other.com/b']);
    expect(ignore({ ignoredResourceGroups: ['vendor.com'] })).toEqual(['Insufficient other.com/b']);
    expect(ignore({ ignoredResources: ['vendor.com/a', 'other.com/b'] })).toBeUndefined();
  });

  test('is exact beyond 2^53', () => {
    const node = rawNode('n1', { allocatable: { memory: '9007199254740993' } });
    const fits = (memory: string) => decide({ nodes: [node], pod: rawPod('p', { requests: { memory } }) }).feasible.length === 1;
    expect([fits('9007199254740993'), fits('9007199254740994')]).toEqual([true, false]);
  });
});

describe('NodeResourcesFit score', () => {
  function score(strategy: object, requests: object, taken: object): number | undefined {
    const situation = {
      nodes: [rawNode('n1', { allocatable: { cpu: '4', memory: '10000', 'x.com/gpu': '8' } }), rawNode('n2')],
      pods: [rawPod('e', { on: 'n1', requests: taken as never })],
      pod: rawPod('p', { requests: requests as never }),
      args: { [FIT]: { scoringStrategy: strategy } },
    };
    return decide(situation).scores?.[FIT]?.['n1']?.raw;
  }

  test('LeastAllocated is the truncated mean of truncated free shares', () => {
    // cpu (4000 - 3000) / 4000 = 25, memory (10000 - 5000) / 10000 = 50
    expect(score({ type: 'LeastAllocated' }, { cpu: '2', memory: '2000' }, { cpu: '1', memory: '3000' })).toBe(37);
    expect(
      score(
        {
          type: 'LeastAllocated',
          resources: [
            { name: 'cpu', weight: 3 },
            { name: 'memory', weight: 1 },
          ],
        },
        { cpu: '2', memory: '2000' },
        { cpu: '1', memory: '3000' },
      ),
    ).toBe(31);
  });

  test('containers that request nothing count as 100m and 200 MiB, explicit zeros as zero', () => {
    // cpu (4000 - 100 - 100) / 4000 = 95; memory would be over capacity: 0
    expect(score({ type: 'LeastAllocated' }, {}, {})).toBe(47);
    expect(score({ type: 'LeastAllocated' }, { cpu: '0', memory: '0' }, { cpu: '0', memory: '0' })).toBe(100);
  });

  test('MostAllocated counts overcommitted resources as full', () => {
    expect(score({ type: 'MostAllocated' }, { cpu: '2', memory: '2000' }, { cpu: '1', memory: '3000' })).toBe(62);
    expect(score({ type: 'MostAllocated', resources: [{ name: 'memory', weight: 1 }] }, {}, { memory: '9999' })).toBe(100);
  });

  test('RequestedToCapacityRatio rounds the mean and leaves zero scores out of the weights', () => {
    const shape = (points: object[]) => ({ type: 'RequestedToCapacityRatio', requestedToCapacityRatio: { shape: points } });
    const falling = [
      { utilization: 0, score: 10 },
      { utilization: 100, score: 0 },
    ];
    // cpu 75 % gives 25, memory 50 % gives 50: 37.5
    expect(score(shape(falling), { cpu: '2', memory: '2000' }, { cpu: '1', memory: '3000' })).toBe(38);
    // memory full scores 0 and drops out: 25 alone
    expect(score(shape(falling), { cpu: '2', memory: '7000' }, { cpu: '1', memory: '3000' })).toBe(25);
  });

  test('an extended resource counts only for pods that ask for it', () => {
    const strategy = {
      type: 'LeastAllocated',
      resources: [
        { name: 'x.com/gpu', weight: 1 },
        { name: 'cpu', weight: 1 },
      ],
    };
    expect(score(strategy, { cpu: '1', 'x.com/gpu': '2' }, { cpu: '0', 'x.com/gpu': '4' })).toBe(50);
    expect(score(strategy, { cpu: '1' }, { cpu: '0', 'x.com/gpu': '4' })).toBe(75);
  });

  test('does not overflow above 2^53 / 100', () => {
    const nodes = [rawNode('n1', { allocatable: { memory: '281474976710657' } }), rawNode('n2')];
    const args = { [FIT]: { scoringStrategy: { type: 'MostAllocated', resources: [{ name: 'memory', weight: 1 }] } } };
    // 29 % of the memory plus a byte less than a hundredth: floor(28.999...) in exact arithmetic
    const memory = String((281474976710657n * 29n) / 100n);
    expect(decide({ nodes, args, pod: rawPod('p', { requests: { memory } }) }).scores?.[FIT]?.['n1']?.raw).toBe(28);
  });

  test('interpolates with truncation toward zero', () => {
    const shape = [
      { utilization: 10, score: 1 },
      { utilization: 40, score: 8 },
      { utilization: 70, score: 3 },
    ];
    expect([0, 10, 11, 40, 41, 69, 70, 100].map((u) => interpolate(shape, u))).toEqual([10, 10, 12, 80, 79, 32, 30, 30]);
  });
});

describe('NodeResourcesFit hints', () => {
  const bench = benchOf({});
  const pod = bench.cluster.podInfos.of(decodedPod(rawPod('p', { requests: { cpu: '2' } })));

  test('a node helps when the pod fits it empty, and something the pod needs grew', () => {
    const small = decoded('Node', rawNode('n1', { allocatable: { cpu: '1' } }));
    const large = decoded('Node', rawNode('n1', { allocatable: { cpu: '3' } }));
    const roomy = decoded('Node', rawNode('n1', { allocatable: { cpu: '3', memory: '64Gi' } }));
    const hint = (before: unknown, after: unknown) => hintsOf(bench, FIT, 'Node', ACTION.UPDATE_NODE_ALLOCATABLE, pod, before, after);
    expect([hint(undefined, small), hint(undefined, large), hint(small, large), hint(large, small), hint(large, roomy)]).toEqual([
      false,
      true,
      true,
      false,
      false,
    ]);
  });

  test('a deleted pod helps when it held a place, a shrunk one when it gave back what is asked for', () => {
    const hint = (action: number, before: unknown, after: unknown) => hintsOf(bench, FIT, 'Pod', action, pod, before, after);
    const placed = (requests: object) => decodedPod(rawPod('e', { on: 'n1', requests: requests as never }));
    expect(hint(ACTION.DELETE, placed({ cpu: '1' }), undefined)).toBe(true);
    expect(hint(ACTION.DELETE, decodedPod(rawPod('e')), undefined)).toBe(false);
    expect(hint(ACTION.UPDATE_POD_SCALE_DOWN, placed({ cpu: '2' }), placed({ cpu: '1' }))).toBe(true);
    expect(hint(ACTION.UPDATE_POD_SCALE_DOWN, placed({ memory: '2Gi' }), placed({ memory: '1Gi' }))).toBe(false);
    expect(hint(ACTION.UPDATE_POD_SCALE_DOWN, pod.pod, pod.pod)).toBe(true);
  });

  test('a taint change wakes pods too: whoever registers new nodes registers their taints', () => {
    const node = decoded('Node', rawNode('n1'));
    expect(hintsOf(bench, FIT, 'Node', ACTION.UPDATE_NODE_TAINT, pod, node, node)).toBe(true);
  });
});
