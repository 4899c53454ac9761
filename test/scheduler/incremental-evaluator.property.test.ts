/**
 * The incremental evaluator against the plain one: both decide over one cache, in the midst of everything that can change
 * a decision, and have to agree on all they say and on every number they draw.
 */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { ProblemList } from '../../src/base/input-error.ts';
import type { RawObject } from '../../src/objects/decode-reader.ts';
import { readConfiguration } from '../../src/scheduler/configuration.ts';
import type { CLUSTER_LISTS } from '../../src/scheduler/conformance-case.ts';
import { ConformanceCluster } from '../../src/scheduler/conformance-cluster.ts';
import { CycleState } from '../../src/scheduler/cycle-state.ts';
import { EVALUATORS } from '../../src/scheduler/evaluators.ts';
import type { Evaluation, Evaluator } from '../../src/scheduler/framework.ts';
import { IncrementalEvaluator } from '../../src/scheduler/incremental-evaluator.ts';
import { schedulerPlugins } from '../../src/scheduler/plugins/registry.ts';
import { Profile } from '../../src/scheduler/profile.ts';
import { messageOf } from '../../src/scheduler/status.ts';
import { behaviourOf, type KubernetesVersion } from '../../src/scheduler/versions.ts';
import { check } from '../support/seeded.ts';
import { caseOf, decoded, rawNode, rawPod } from './decisions.ts';

const ZONE = 'topology.kubernetes.io/zone';
const HOST = 'kubernetes.io/hostname';

// What changes ----------------------------------------------------------------------------------------

const anyApp = fc.constantFrom('a', 'b', 'c');
const anyNamespace = fc.constantFrom('default', 'default', 'default', 'other');
/** `rack` is on some nodes only, `constructor` is a name that every object inherits. */
const anyKey = fc.constantFrom(ZONE, ZONE, HOST, HOST, 'rack', 'constructor');

const anySelector: fc.Arbitrary<RawObject | undefined> = fc.oneof(
  { weight: 5, arbitrary: anyApp.map((app) => ({ matchLabels: { app } })) },
  { weight: 1, arbitrary: fc.constant({}) },
  { weight: 1, arbitrary: fc.constant({ matchExpressions: [{ key: 'app', operator: 'NotIn', values: ['a'] }] }) },
  { weight: 1, arbitrary: fc.constant(undefined) },
);

const anyTerm: fc.Arbitrary<RawObject> = fc
  .record({
    labelSelector: anySelector,
    topologyKey: anyKey,
    namespaces: fc.constantFrom(undefined, undefined, undefined, ['other'], ['default', 'other']),
    namespaceSelector: fc.constantFrom(
      undefined,
      undefined,
      undefined,
      {},
      { matchLabels: { team: 'x' } },
      { matchExpressions: [{ key: 'team', operator: 'DoesNotExist' }] },
    ),
  })
  .map(withoutAbsent);

const anySpread: fc.Arbitrary<RawObject> = fc
  .record({
    maxSkew: fc.integer({ min: 1, max: 2 }),
    topologyKey: anyKey,
    whenUnsatisfiable: fc.constantFrom('DoNotSchedule', 'ScheduleAnyway'),
    labelSelector: anySelector,
    nodeAffinityPolicy: fc.constantFrom('Honor', 'Ignore'),
    nodeTaintsPolicy: fc.constantFrom('Honor', 'Ignore'),
    matchLabelKeys: fc.constantFrom(undefined, undefined, ['version']),
    minDomains: fc.constantFrom(undefined, undefined, 3),
  })
  .map((constraint) => (constraint.whenUnsatisfiable === 'DoNotSchedule' ? constraint : { ...constraint, minDomains: undefined }))
  .map(withoutAbsent);

const anyPodAffinity: fc.Arbitrary<RawObject> = fc
  .record({
    required: fc.array(anyTerm, { maxLength: 2 }),
    preferred: fc.array(fc.tuple(fc.integer({ min: 1, max: 100 }), anyTerm), { maxLength: 2 }),
  })
  .map(({ required, preferred }) => ({
    requiredDuringSchedulingIgnoredDuringExecution: required,
    preferredDuringSchedulingIgnoredDuringExecution: preferred.map(([weight, podAffinityTerm]) => ({ weight, podAffinityTerm })),
  }));

const anyNodeAffinity: fc.Arbitrary<RawObject> = fc.constantFrom(
  {
    requiredDuringSchedulingIgnoredDuringExecution: {
      nodeSelectorTerms: [{ matchExpressions: [{ key: ZONE, operator: 'In', values: ['z0', 'z1'] }] }],
    },
  },
  {
    requiredDuringSchedulingIgnoredDuringExecution: {
      nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['n1'] }] }],
    },
  },
  {
    preferredDuringSchedulingIgnoredDuringExecution: [
      { weight: 7, preference: { matchExpressions: [{ key: 'rack', operator: 'Exists' }] } },
    ],
  },
  {
    preferredDuringSchedulingIgnoredDuringExecution: [
      { weight: 7, preference: { matchExpressions: [{ key: 'rack', operator: 'Gt', values: ['x'] }] } },
    ],
  },
);

const anyRequests = fc.constantFrom<RawObject | undefined>(
  { cpu: '500m', memory: '1Gi' },
  { cpu: '500m', memory: '1Gi' },
  { cpu: '1' },
  { cpu: '3', memory: '7Gi' },
  { 'example.com/gpu': '1', cpu: '100m' },
  { memory: '7Ei' },
  { 'ephemeral-storage': '1Gi' },
  undefined,
);

/** Present in `weight` of `weight` + 1 cases. */
const maybe = <T>(arbitrary: fc.Arbitrary<T>, weight: number): fc.Arbitrary<T | undefined> =>
  fc.oneof({ weight, arbitrary }, { weight: 1, arbitrary: fc.constant(undefined) });

/** Pods that ask for everything at once seldom get it: most templates ask for one kind of thing only. */
const anyFocus = fc.constantFrom('all', 'affinity', 'affinity', 'spread', 'default', 'node');

/** Everything of a pod but its name, and where it stands. */
const anyTemplate = fc
  .record({
    namespace: anyNamespace,
    app: maybe(anyApp, 6),
    version: maybe(fc.constantFrom('1', '2'), 1),
    requests: anyRequests,
    priority: fc.constantFrom(0, 0, 5),
    hostPort: maybe(fc.constant(80), 1),
    nodeSelector: maybe(fc.constantFrom({ [ZONE]: 'z1' }, { rack: '1' }), 1),
    nodeAffinity: maybe(anyNodeAffinity, 1),
    podAffinity: maybe(anyPodAffinity, 1),
    podAntiAffinity: maybe(anyPodAffinity, 1),
    spread: fc.oneof(
      { weight: 2, arbitrary: fc.constant([]) },
      { weight: 1, arbitrary: fc.array(anySpread, { minLength: 1, maxLength: 3 }) },
    ),
    isTolerant: fc.boolean(),
    owner: fc.boolean(),
    image: fc.constantFrom('app:1', 'big:1'),
  })
  .chain((fields) => anyFocus.map((focus) => focused({ ...fields, spread: uniqueConstraints(fields.spread) }, focus)));

type Template = typeof anyTemplate extends fc.Arbitrary<infer T> ? T : never;

function focused<T extends { readonly podAffinity: unknown; readonly spread: readonly RawObject[] }>(fields: T, focus: string): T {
  if (focus === 'all') return fields;
  const plain = {
    ...fields,
    requests: { cpu: '100m' },
    hostPort: undefined,
    nodeSelector: undefined,
    nodeAffinity: undefined,
    podAffinity: undefined,
    podAntiAffinity: undefined,
    spread: [],
  };
  switch (focus) {
    case 'affinity':
      return { ...plain, podAffinity: fields.podAffinity, podAntiAffinity: fields['podAntiAffinity' as keyof T] };
    case 'spread':
      return { ...plain, spread: fields.spread };
    case 'node':
      return { ...fields, podAffinity: undefined, podAntiAffinity: undefined, spread: [] };
    default:
      return plain;
  }
}

/** Two constraints of the same key and effect are not valid. */
function uniqueConstraints(constraints: readonly RawObject[]): RawObject[] {
  const seen = new Set<string>();
  return constraints.filter((constraint) => {
    const key = `${String(constraint['topologyKey'])} ${String(constraint['whenUnsatisfiable'])}`;
    return !seen.has(key) && seen.add(key) !== undefined;
  });
}

function withoutAbsent(fields: RawObject): RawObject {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

function podOf(name: string, template: Template, more: { on?: string; nominated?: string; isTerminating?: boolean } = {}): RawObject {
  const { namespace, app, version, requests, priority } = template;
  const affinity = withoutAbsent({
    nodeAffinity: template.nodeAffinity,
    podAffinity: template.podAffinity,
    podAntiAffinity: template.podAntiAffinity,
  });
  return rawPod(name, {
    namespace,
    priority,
    ...(more.on === undefined ? {} : { on: more.on }),
    labels: withoutAbsent({ app, version }),
    metadata: {
      ...(more.isTerminating === true ? { deletionTimestamp: '2025-01-01T00:00:00Z' } : {}),
      ...(template.owner
        ? { ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'set', uid: 'u', controller: true }] }
        : {}),
    },
    spec: {
      containers: [
        {
          name: 'c',
          image: template.image,
          resources: requests === undefined ? {} : { requests },
          ports: template.hostPort === undefined ? [] : [{ containerPort: 80, hostPort: template.hostPort }],
        },
      ],
      ...withoutAbsent({ nodeSelector: template.nodeSelector }),
      ...(Object.keys(affinity).length === 0 ? {} : { affinity }),
      topologySpreadConstraints: template.spread,
      tolerations: template.isTolerant ? [{ key: 'k', operator: 'Exists' }] : [],
    },
    status: more.nominated === undefined ? {} : { nominatedNodeName: more.nominated },
  });
}

const anyNodeKind = fc.record({
  zone: fc.constantFrom('z0', 'z1', 'z2', '', undefined),
  rack: fc.constantFrom(undefined, '1', '2'),
  size: fc.constantFrom<RawObject>(
    {},
    {},
    { cpu: '2', memory: '4Gi', pods: '4' },
    { 'example.com/gpu': '2' },
    { memory: '8Ei' },
    { 'ephemeral-storage': '5Gi' },
  ),
  taint: fc.constantFrom(undefined, undefined, 'NoSchedule', 'PreferNoSchedule'),
  isCordoned: fc.constantFrom(false, false, false, true),
  image: fc.constantFrom(undefined, undefined, 300_000_000, 700_000_000),
});

type NodeKind = typeof anyNodeKind extends fc.Arbitrary<infer T> ? T : never;

function nodeOf(index: number, kind: NodeKind): RawObject {
  return rawNode(`n${index}`, {
    labels: withoutAbsent({ [ZONE]: kind.zone, rack: kind.rack, constructor: kind.rack }),
    allocatable: kind.size,
    taints: kind.taint === undefined ? [] : [{ key: 'k', value: 'v', effect: kind.taint }],
    unschedulable: kind.isCordoned,
    images: kind.image === undefined ? [] : [{ names: ['big:1'], sizeBytes: kind.image }],
  });
}

type Step =
  | { readonly do: 'schedule'; readonly template: number; readonly profile: number; readonly keeps: boolean }
  | { readonly do: 'place'; readonly template: number; readonly node: number }
  | { readonly do: 'nominate'; readonly template: number; readonly node: number }
  | { readonly do: 'remove' | 'terminate' | 'relabel'; readonly pod: number; readonly app: string }
  | { readonly do: 'node'; readonly node: number; readonly kind: NodeKind }
  | { readonly do: 'no-node'; readonly node: number }
  | { readonly do: 'service'; readonly app: string; readonly namespace: string }
  | { readonly do: 'owner'; readonly app: string }
  | { readonly do: 'namespace'; readonly team: string | undefined };

const index = fc.nat(1000);
const schedule = fc.record({ do: fc.constant('schedule' as const), template: index, profile: index, keeps: fc.boolean() });
const otherStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('place' as const), template: index, node: index }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('nominate' as const), template: index, node: index }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constantFrom('remove' as const, 'terminate' as const, 'relabel' as const), pod: index, app: anyApp }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('node' as const), node: index, kind: anyNodeKind }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('no-node' as const), node: index }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('service' as const), app: anyApp, namespace: anyNamespace }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('owner' as const), app: anyApp }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('namespace' as const), team: fc.constantFrom(undefined, 'x', 'y') }) },
);
const anyStep: fc.Arbitrary<Step> = fc.oneof({ weight: 3, arbitrary: schedule }, { weight: 2, arbitrary: otherStep });

// Settings --------------------------------------------------------------------------------------------

const PROFILES: readonly RawObject[] = [
  { schedulerName: 'usual' },
  { schedulerName: 'half', percentageOfNodesToScore: 50 },
  {
    schedulerName: 'odd',
    percentageOfNodesToScore: 100,
    plugins: { score: { disabled: [{ name: 'ImageLocality' }] }, multiPoint: { disabled: [{ name: 'NodePorts' }] } },
    pluginConfig: [
      { name: 'NodeResourcesFit', args: { scoringStrategy: { type: 'MostAllocated', resources: [{ name: 'cpu', weight: 1 }] } } },
      {
        name: 'PodTopologySpread',
        args: {
          defaultingType: 'List',
          defaultConstraints: [
            { maxSkew: 1, topologyKey: ZONE, whenUnsatisfiable: 'DoNotSchedule' },
            { maxSkew: 1, topologyKey: 'rack', whenUnsatisfiable: 'ScheduleAnyway' },
          ],
        },
      },
      { name: 'InterPodAffinity', args: { hardPodAffinityWeight: 10, ignorePreferredTermsOfExistingPods: true } },
    ],
  },
  { schedulerName: 'unscored', plugins: { score: { disabled: [{ name: '*' }] } } },
  {
    schedulerName: 'enforced',
    pluginConfig: [
      {
        name: 'NodeAffinity',
        args: {
          addedAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: {
              nodeSelectorTerms: [{ matchExpressions: [{ key: ZONE, operator: 'Exists' }] }],
            },
          },
        },
      },
    ],
  },
];

class Duel {
  private readonly cluster: ConformanceCluster;
  private readonly profiles: readonly Profile[];
  private readonly plain: Evaluator;
  /** As it is used, with trees wherever they can be, and with hardly any memory. */
  private readonly rivals: readonly IncrementalEvaluator[];
  private readonly templates: readonly Template[];
  private nextStartNodeIndex: number;
  private podCount: number;
  private nodeCount: number;
  readonly outcomes: Map<string, number>;

  constructor(nodes: readonly NodeKind[], templates: readonly Template[], version: KubernetesVersion) {
    const problems = new ProblemList();
    const config = readConfiguration({ profiles: PROFILES }, schedulerPlugins, version, problems);
    this.cluster = new ConformanceCluster(behaviourOf(version));
    this.nodeCount = 0;
    this.podCount = 0;
    this.profiles = config.profiles.map((profile) => new Profile(profile, schedulerPlugins, this.cluster.context));
    this.plain = EVALUATORS.plain(config, this.cluster.cache, this.cluster.context);
    const { percentageOfNodesToScore } = config;
    const forgetful = { verdictEntriesMax: 0, shapesMax: 1 };
    this.rivals = [{}, { prefersTrees: true }, { prefersTrees: true, limits: forgetful }].map(
      (options) => new IncrementalEvaluator({ percentageOfNodesToScore, ...options }, this.cluster.cache, this.cluster.context.nominated),
    );
    this.templates = templates;
    this.nextStartNodeIndex = 0;
    this.outcomes = new Map();
    problems.throwIfAny();
    this.load('namespaces', { metadata: { name: 'default', labels: {} } });
    for (const [i, kind] of nodes.entries()) this.putNode(i, kind);
  }

  step(step: Step): void {
    switch (step.do) {
      case 'schedule':
        this.schedule(step.template, step.profile, step.keeps);
        break;
      case 'place':
        this.putPod(podOf(`p${this.podCount++}`, this.template(step.template), { on: this.nodeName(step.node) }));
        break;
      case 'nominate':
        this.putPod(
          podOf(`p${this.podCount++}`, { ...this.template(step.template), priority: 5 }, { nominated: this.nodeName(step.node) }),
        );
        break;
      case 'remove':
      case 'terminate':
      case 'relabel': {
        const pods = this.cluster.list('Pod');
        if (pods.length === 0) break;
        const pod = pods[step.pod % pods.length]!;
        if (step.do === 'remove') this.cluster.deletePod(`${pod.metadata.namespace}/${pod.metadata.name}`);
        else if (step.do === 'terminate') this.cluster.putPod({ ...pod, metadata: { ...pod.metadata, deletionTimestamp: 1 } });
        else this.cluster.putPod({ ...pod, metadata: { ...pod.metadata, labels: { ...pod.metadata.labels, app: step.app } } });
        break;
      }
      case 'node':
        this.putNode(step.node % (this.nodeCount + 1), step.kind);
        break;
      case 'no-node': {
        const name = this.nodeName(step.node);
        // Half of the time its pods stay behind.
        if (step.node % 2 === 0) this.cluster.deleteNode(name);
        else this.cluster.cache.removeNode(name);
        break;
      }
      case 'service':
        this.load('services', { metadata: { name: `svc-${step.app}`, namespace: step.namespace }, spec: { selector: { app: step.app } } });
        break;
      case 'owner':
        this.load('replicaSets', {
          metadata: { name: 'set', namespace: 'default' },
          spec: { selector: { matchLabels: { app: step.app } }, template: { metadata: { labels: { app: step.app } }, spec: {} } },
        });
        break;
      case 'namespace':
        this.load('namespaces', { metadata: { name: 'other', labels: withoutAbsent({ team: step.team }) } });
        break;
    }
  }

  private schedule(templateIndex: number, profileIndex: number, keeps: boolean): void {
    const name = `p${this.podCount++}`;
    const template = this.template(templateIndex);
    const pod = decoded('Pod', podOf(name, template));
    const profile = this.profiles[(profileIndex % 7) % this.profiles.length]!;
    this.cluster.putIncoming(pod);
    const info = this.cluster.podInfos.of(pod);
    const [expected, ...found] = [this.plain, ...this.rivals].map((evaluator) => {
      const draws: number[] = [];
      const state = new CycleState();
      const evaluation = evaluator.schedulePod({
        profile,
        pod: info,
        state,
        snapshot: this.cluster.cache.refresh(),
        nextStartNodeIndex: this.nextStartNodeIndex,
        tieBreak: (count) => {
          draws.push(count);
          return (this.podCount * 7919) % count;
        },
        isDetailed: false,
      });
      return { evaluation, description: { ...describe(evaluation), draws, rescue: rescueOf(evaluation, profile, state, info) } };
    });
    for (const { description } of found) expect(description).toEqual(expected!.description);
    const { evaluation } = expected!;
    this.outcomes.set(evaluation.outcome, (this.outcomes.get(evaluation.outcome) ?? 0) + 1);
    this.nextStartNodeIndex = evaluation.nextStartNodeIndex;
    if (evaluation.outcome === 'scheduled' && keeps) this.putPod(podOf(name, template, { on: evaluation.nodeName }));
    else this.cluster.deletePod(info.key);
  }

  /** Adds to `counts` how often attempts went which way. */
  countPaths(counts: Map<string, number>): void {
    for (const { paths } of this.rivals) {
      for (const [path, count] of Object.entries(paths)) counts.set(path, (counts.get(path) ?? 0) + (count as number));
    }
  }

  private template(index: number): Template {
    return this.templates[index % this.templates.length]!;
  }

  private nodeName(index: number): string {
    return `n${index % this.nodeCount}`;
  }

  private putNode(index: number, kind: NodeKind): void {
    this.nodeCount = Math.max(this.nodeCount, index + 1);
    this.cluster.putNode(decoded('Node', nodeOf(index, kind)));
  }

  private putPod(raw: RawObject): void {
    this.cluster.putPod(decoded('Pod', raw));
  }

  private load(list: keyof typeof CLUSTER_LISTS, object: RawObject): void {
    const problems = new ProblemList();
    this.cluster.load({ ...caseOf({}), cluster: { [list]: [object] } }, problems);
    problems.throwIfAny();
  }
}

function describe(evaluation: Evaluation): Record<string, unknown> {
  const { outcome, nodeName, feasible, evaluatedCount, totals, tieCount, nextStartNodeIndex, preFilterStatus, diagnosis } = evaluation;
  const common = {
    outcome,
    nodeName,
    feasible: feasible.map((node) => node.name),
    evaluatedCount,
    totals: [...totals],
    tieCount,
    nextStartNodeIndex,
    preFilterStatus: [preFilterStatus.code, preFilterStatus.plugin, messageOf(preFilterStatus)],
    preFilterNodes: evaluation.preFilterNodes === undefined ? undefined : [...evaluation.preFilterNodes],
    error: evaluation.error,
    message: evaluation.fitError?.message,
  };
  if (outcome !== 'unschedulable') return common;
  return {
    ...common,
    nodeToStatus: [...diagnosis.nodeToStatus.entries()].map(([name, status]) => [name, status.code, status.plugin, messageOf(status)]),
    plugins: [...diagnosis.unschedulablePlugins],
    pending: [...diagnosis.pendingPlugins],
  };
}

/** What preemption finds in the state that the attempt left behind. */
function rescueOf(evaluation: Evaluation, profile: Profile, state: CycleState, pod: Parameters<Profile['runPostFilter']>[1]): unknown {
  if (evaluation.outcome !== 'unschedulable') return undefined;
  const { status, nominating, candidate } = profile.runPostFilter(state, pod, evaluation.diagnosis);
  return {
    status: [status.code, status.plugin, messageOf(status)],
    nominating,
    candidate:
      candidate === undefined
        ? undefined
        : [candidate.nodeName, candidate.victims.map((victim) => victim.key), candidate.pdbViolationCount],
  };
}

// Properties ------------------------------------------------------------------------------------------

const anyVersion = fc.constantFrom<KubernetesVersion>('1.34', '1.34', '1.32');

test('both evaluators say the same in small clusters where everything changes', () => {
  const outcomes = new Map<string, number>();
  const paths = new Map<string, number>();
  check(
    fc.property(
      fc.array(anyNodeKind, { minLength: 1, maxLength: 9, size: 'max' }),
      fc.array(anyTemplate, { minLength: 1, maxLength: 4, size: 'max' }),
      fc.array(anyStep, { maxLength: 50, size: 'max' }),
      anyVersion,
      (nodes, templates, steps, version) => {
        const duel = new Duel(nodes, templates, version);
        for (const step of steps) duel.step(step);
        for (const [outcome, count] of duel.outcomes) outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + count);
        duel.countPaths(paths);
      },
    ),
    120,
  );
  expect([...outcomes.keys()].sort()).toEqual(['error', 'scheduled', 'unschedulable']);
  // Nothing is agreed on because it never came up.
  expect([...paths].filter(([, count]) => count === 0)).toEqual([]);
});

test('both evaluators search the same part of a large cluster', () => {
  check(
    fc.property(
      fc.array(anyNodeKind, { minLength: 5, maxLength: 12, size: 'max' }),
      fc.integer({ min: 100, max: 170 }),
      fc.array(anyTemplate, { minLength: 1, maxLength: 3, size: 'max' }),
      fc.array(anyStep, { minLength: 10, maxLength: 30, size: 'max' }),
      (kinds, count, templates, steps) => {
        const duel = new Duel(
          Array.from({ length: count }, (_, i) => kinds[(i * 7) % kinds.length]!),
          templates,
          '1.34',
        );
        for (const step of steps) duel.step(step);
      },
    ),
    15,
  );
});

test('both evaluators follow the labels of namespaces', () => {
  const teamTerm = anyTerm.map((term) => ({ ...term, namespaces: [], namespaceSelector: { matchLabels: { team: 'x' } } }));
  const teamAffinity = fc.constantFrom('required', 'preferred').chain((strength) =>
    teamTerm.map((term) => ({
      requiredDuringSchedulingIgnoredDuringExecution: strength === 'required' ? [term] : [],
      preferredDuringSchedulingIgnoredDuringExecution: strength === 'required' ? [] : [{ weight: 10, podAffinityTerm: term }],
    })),
  );
  const teamTemplate = fc
    .tuple(anyTemplate, fc.constantFrom('podAffinity', 'podAntiAffinity', 'neither'), teamAffinity, fc.constantFrom('default', 'other'))
    .map(
      ([template, side, affinity, namespace]) =>
        ({ ...focused(template, 'plain'), app: 'a' as const, namespace, [side]: affinity }) as Template,
    );
  const anyNews = fc.oneof(
    { weight: 2, arbitrary: schedule },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('namespace' as const), team: fc.constantFrom(undefined, 'x') }) },
  );
  check(
    fc.property(
      fc.array(anyNodeKind, { minLength: 3, maxLength: 6, size: 'max' }),
      fc.array(teamTemplate, { minLength: 3, maxLength: 4, size: 'max' }),
      fc.array(anyNews, { maxLength: 30, size: 'max' }),
      (nodes, templates, steps) => {
        const duel = new Duel(nodes, templates, '1.34');
        for (const step of steps) duel.step(step);
      },
    ),
    60,
  );
});
