import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { formatProblem, ProblemList } from '../../src/base/input-error.ts';
import { readConfiguration } from '../../src/scheduler/configuration.ts';
import type { ExtensionPoint } from '../../src/scheduler/framework.ts';
import { nodesToFind } from '../../src/scheduler/node-sampling.ts';
import { schedulerPlugins } from '../../src/scheduler/plugins/registry.ts';
import type { KubernetesVersion } from '../../src/scheduler/versions.ts';

function read(raw: unknown, version: KubernetesVersion = '1.34') {
  const problems = new ProblemList();
  const config = readConfiguration(raw, schedulerPlugins, version, problems);
  return { config, problems: problems.problems.map(formatProblem) };
}

function pluginsAt(raw: unknown, point: ExtensionPoint, version: KubernetesVersion = '1.34'): string[] {
  const { config, problems } = read(raw, version);
  expect(problems).toEqual([]);
  return config.profiles[0]!.points[point].map(({ name, weight }) => (point === 'score' ? `${name} ${weight}` : name));
}

const withPlugins = (plugins: object) => ({ profiles: [{ plugins }] });
const SCORES = [
  'TaintToleration 3',
  'NodeAffinity 2',
  'NodeResourcesFit 1',
  'VolumeBinding 1',
  'PodTopologySpread 2',
  'InterPodAffinity 2',
  'NodeResourcesBalancedAllocation 1',
  'ImageLocality 1',
];

describe('the default profile', () => {
  test.each<[ExtensionPoint, string[]]>([
    ['preEnqueue', ['SchedulingGates', 'DefaultPreemption']],
    ['queueSort', ['PrioritySort']],
    [
      'preFilter',
      [
        'NodeAffinity',
        'NodePorts',
        'NodeResourcesFit',
        'VolumeRestrictions',
        'NodeVolumeLimits',
        'VolumeBinding',
        'VolumeZone',
        'PodTopologySpread',
        'InterPodAffinity',
        'DynamicResources',
      ],
    ],
    [
      'filter',
      [
        'NodeUnschedulable',
        'NodeName',
        'TaintToleration',
        'NodeAffinity',
        'NodePorts',
        'NodeResourcesFit',
        'VolumeRestrictions',
        'NodeVolumeLimits',
        'VolumeBinding',
        'VolumeZone',
        'PodTopologySpread',
        'InterPodAffinity',
        'DynamicResources',
      ],
    ],
    ['postFilter', ['DynamicResources', 'DefaultPreemption']],
    [
      'preScore',
      [
        'TaintToleration',
        'NodeAffinity',
        'NodeResourcesFit',
        'VolumeBinding',
        'PodTopologySpread',
        'InterPodAffinity',
        'NodeResourcesBalancedAllocation',
      ],
    ],
    ['score', SCORES],
    ['reserve', ['VolumeBinding', 'DynamicResources']],
    ['permit', []],
    ['preBind', ['VolumeBinding']],
    ['bind', ['DefaultBinder']],
    ['postBind', []],
  ])('%s', (point, names) => {
    expect(pluginsAt(null, point)).toEqual(names);
  });

  test('v1.32 has no DynamicResources', () => {
    expect(pluginsAt(null, 'postFilter', '1.32')).toEqual(['DefaultPreemption']);
    expect(pluginsAt(null, 'filter', '1.32')).not.toContain('DynamicResources');
  });

  test('scheduler settings have upstream defaults', () => {
    expect(read(null).config).toMatchObject({
      parallelism: 16,
      percentageOfNodesToScore: 0,
      podInitialBackoffSeconds: 1,
      podMaxBackoffSeconds: 10,
    });
    expect(read(null).config.profiles[0]).toMatchObject({ schedulerName: 'default-scheduler', percentageOfNodesToScore: undefined });
  });

  const recorded = (file: string) => new URL(`../../../shared/conformance/${file}default-config.json`, import.meta.url);
  test.each([
    ['1.34', 'v1.34.1/'],
    ['1.32', ''],
  ] as const)('reads what kube-scheduler v%s writes as its defaults, and means the same', (version, folder) => {
    const url = recorded(folder);
    if (!existsSync(url)) {
      console.log(`skipped: ${url.pathname} is not there`);
      return;
    }
    const { config, problems } = read(JSON.parse(readFileSync(url, 'utf8')), version);
    expect(problems).toEqual([]);
    expect(config).toEqual(read(null, version).config);
  });
});

describe('merging with the defaults', () => {
  test('a default plugin named in multiPoint keeps its place and takes the new weight', () => {
    const scores = pluginsAt(withPlugins({ multiPoint: { enabled: [{ name: 'NodeAffinity', weight: 7 }] } }), 'score');
    expect(scores).toEqual(SCORES.map((entry) => (entry.startsWith('NodeAffinity') ? 'NodeAffinity 7' : entry)));
  });

  test('disabling in multiPoint removes a plugin everywhere, * all defaults', () => {
    expect(pluginsAt(withPlugins({ multiPoint: { disabled: [{ name: 'NodeResourcesFit' }] } }), 'filter')).not.toContain(
      'NodeResourcesFit',
    );
    const minimal = {
      multiPoint: {
        disabled: [{ name: '*' }],
        enabled: [{ name: 'PrioritySort' }, { name: 'DefaultBinder' }, { name: 'NodeResourcesFit' }],
      },
    };
    expect(pluginsAt(withPlugins(minimal), 'filter')).toEqual(['NodeResourcesFit']);
  });

  test('plugins of a point come as overrides first, then from multiPoint, then the rest', () => {
    const plugins = {
      multiPoint: { disabled: [{ name: 'ImageLocality' }] },
      score: { enabled: [{ name: 'ImageLocality', weight: 9 }, { name: 'InterPodAffinity', weight: 5 }, { name: 'NodeAffinity' }] },
    };
    expect(pluginsAt(withPlugins(plugins), 'score')).toEqual([
      'InterPodAffinity 5',
      'NodeAffinity 1',
      'TaintToleration 3',
      'NodeResourcesFit 1',
      'VolumeBinding 1',
      'PodTopologySpread 2',
      'NodeResourcesBalancedAllocation 1',
      'ImageLocality 9',
    ]);
  });

  test('disabling at a point leaves the others, * keeps only what is enabled there', () => {
    const one = withPlugins({ score: { disabled: [{ name: 'ImageLocality' }] } });
    expect(pluginsAt(one, 'score')).toEqual(SCORES.slice(0, -1));
    const all = withPlugins({ score: { disabled: [{ name: '*' }], enabled: [{ name: 'NodeResourcesFit', weight: 4 }] } });
    expect(pluginsAt(all, 'score')).toEqual(['NodeResourcesFit 4']);
    expect(pluginsAt(all, 'filter')).toHaveLength(13);
  });
});

describe('what is wrong is said with its path', () => {
  test.each<[string, unknown, string]>([
    [
      'an unknown field',
      { percentageOfNodes: 5 },
      'percentageOfNodes: unknown field "percentageOfNodes" (did you mean "percentageOfNodesToScore"?)',
    ],
    [
      'another version',
      { apiVersion: 'kubescheduler.config.k8s.io/v1beta3' },
      'apiVersion: expected kubescheduler.config.k8s.io/v1, found kubescheduler.config.k8s.io/v1beta3',
    ],
    ['a percentage beyond 100', { percentageOfNodesToScore: 101 }, 'percentageOfNodesToScore: must be 0..100, found 101'],
    [
      'backoff bounds in the wrong order',
      { podInitialBackoffSeconds: 20 },
      'podMaxBackoffSeconds: must be at least podInitialBackoffSeconds (20), found 10',
    ],
    ['extenders', { extenders: [{ urlPrefix: 'http://x' }] }, 'extenders: extenders are not supported'],
    [
      'two profiles of one name',
      { profiles: [{ schedulerName: 'a' }, { schedulerName: 'a' }] },
      'profiles[1].schedulerName: two profiles are called "a"',
    ],
    [
      'a profile without a name among several',
      { profiles: [{ schedulerName: 'a' }, {}] },
      'profiles[1].schedulerName: is required when there is more than one profile',
    ],
    [
      'a plugin twice',
      withPlugins({ filter: { enabled: [{ name: 'NodeName' }, { name: 'NodeName' }] } }),
      'profiles[0].plugins.filter.enabled: plugin NodeName is listed twice',
    ],
    [
      'a plugin at a point it does not implement',
      withPlugins({ score: { enabled: [{ name: 'NodeName' }] } }),
      'profiles[0].plugins.score.enabled: plugin NodeName does not implement score',
    ],
    [
      'no binder',
      withPlugins({ multiPoint: { disabled: [{ name: 'DefaultBinder' }] } }),
      'profiles[0].plugins.bind: at least one bind plugin is needed',
    ],
    [
      'no queue order',
      withPlugins({ queueSort: { disabled: [{ name: '*' }] } }),
      'profiles[0].plugins.queueSort: exactly one queue sort plugin is needed, found 0',
    ],
    [
      'arguments of an unknown plugin',
      { profiles: [{ pluginConfig: [{ name: 'NodeResourceFit', args: {} }] }] },
      'profiles[0].pluginConfig[0].name: unknown plugin "NodeResourceFit" (did you mean "NodeResourcesFit"?)',
    ],
    [
      'an unknown argument',
      { profiles: [{ pluginConfig: [{ name: 'InterPodAffinity', args: { hardWeight: 1 } }] }] },
      'profiles[0].pluginConfig[0].args.hardWeight: unknown argument of InterPodAffinity "hardWeight", expected one of hardPodAffinityWeight, ignorePreferredTermsOfExistingPods',
    ],
    [
      'an argument out of range',
      { profiles: [{ pluginConfig: [{ name: 'InterPodAffinity', args: { hardPodAffinityWeight: 101 } }] }] },
      'profiles[0].pluginConfig[0].args.hardPodAffinityWeight: expected a whole number, 0..100, found 101',
    ],
    [
      'both candidate limits zero',
      {
        profiles: [
          { pluginConfig: [{ name: 'DefaultPreemption', args: { minCandidateNodesPercentage: 0, minCandidateNodesAbsolute: 0 } }] },
        ],
      },
      'profiles[0].pluginConfig[0].args: minCandidateNodesPercentage and minCandidateNodesAbsolute cannot both be zero',
    ],
    [
      'default constraints beside the system ones',
      {
        profiles: [
          {
            pluginConfig: [
              {
                name: 'PodTopologySpread',
                args: { defaultConstraints: [{ maxSkew: 1, topologyKey: 'z', whenUnsatisfiable: 'ScheduleAnyway' }] },
              },
            ],
          },
        ],
      },
      'profiles[0].pluginConfig[0].args.defaultConstraints: when .defaultingType is System, must be empty',
    ],
    [
      'a shape that does not rise',
      {
        profiles: [
          {
            pluginConfig: [
              {
                name: 'NodeResourcesFit',
                args: {
                  scoringStrategy: {
                    type: 'RequestedToCapacityRatio',
                    requestedToCapacityRatio: {
                      shape: [
                        { utilization: 5, score: 1 },
                        { utilization: 5, score: 2 },
                      ],
                    },
                  },
                },
              },
            ],
          },
        ],
      },
      'profiles[0].pluginConfig[0].args.scoringStrategy.requestedToCapacityRatio.shape[1].utilization: utilization values must be sorted in increasing order',
    ],
    [
      'weights where only 1 is allowed',
      { profiles: [{ pluginConfig: [{ name: 'NodeResourcesBalancedAllocation', args: { resources: [{ name: 'cpu', weight: 2 }] } }] }] },
      'profiles[0].pluginConfig[0].args.resources[0].weight: resource weight must be 1, found 2',
    ],
    [
      'an affinity that does not parse',
      {
        profiles: [
          {
            pluginConfig: [
              {
                name: 'NodeAffinity',
                args: { addedAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [] } } },
              },
            ],
          },
        ],
      },
      'profiles[0].pluginConfig[0].args.addedAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms: needs at least one term',
    ],
  ])('%s', (_, raw, problem) => {
    expect(read(raw).problems).toContain(problem);
  });
});

test('several profiles have their own plugins and arguments', () => {
  const { config, problems } = read({
    profiles: [
      { schedulerName: 'default-scheduler' },
      {
        schedulerName: 'packing',
        percentageOfNodesToScore: 30,
        pluginConfig: [{ name: 'NodeResourcesFit', args: { scoringStrategy: { type: 'MostAllocated' } } }],
      },
    ],
  });
  expect(problems).toEqual([]);
  const strategy = (index: number) =>
    (config.profiles[index]!.plugins.find(({ name }) => name === 'NodeResourcesFit')!.args['scoringStrategy'] as { type: string }).type;
  expect([strategy(0), strategy(1), config.profiles[1]!.percentageOfNodesToScore]).toEqual(['LeastAllocated', 'MostAllocated', 30]);
});

test.each([
  [50, 0, 50],
  [99, 10, 99],
  [100, 0, 100],
  [250, 0, 120],
  [500, 0, 230],
  [1000, 0, 420],
  [2500, 0, 750],
  [5000, 0, 500],
  [5625, 0, 281],
  [6000, 0, 300],
  [10000, 0, 500],
  [1000, 30, 300],
  [1000, 5, 100],
])('of %i nodes at %i %% the search is for %i', (nodeCount, percentage, wanted) => {
  expect(nodesToFind(nodeCount, percentage)).toBe(wanted);
});
