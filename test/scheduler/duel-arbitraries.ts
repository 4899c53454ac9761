/** What the duel of evaluators is about: nodes, pods and everything that can happen to them. */
import * as fc from 'fast-check';
import type { RawObject } from '../../src/objects/decode-reader.ts';
import { rawNode, rawPod } from './decisions.ts';

export const ZONE = 'topology.kubernetes.io/zone';
const HOST = 'kubernetes.io/hostname';

// What changes ----------------------------------------------------------------------------------------

export const anyApp = fc.constantFrom('a', 'b', 'c');
const anyNamespace = fc.constantFrom('default', 'default', 'default', 'other');
/** `rack` is on some nodes only, `constructor` is a name that every object inherits. */
const anyKey = fc.constantFrom(ZONE, ZONE, HOST, HOST, 'rack', 'constructor');

const anySelector: fc.Arbitrary<RawObject | undefined> = fc.oneof(
  { weight: 5, arbitrary: anyApp.map((app) => ({ matchLabels: { app } })) },
  { weight: 1, arbitrary: fc.constant({}) },
  { weight: 1, arbitrary: fc.constant({ matchExpressions: [{ key: 'app', operator: 'NotIn', values: ['a'] }] }) },
  { weight: 1, arbitrary: fc.constant(undefined) },
);

export const anyTerm: fc.Arbitrary<RawObject> = fc
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

/** `absent` is of no claim that there is. */
const anyClaim = fc.constantFrom('bound', 'late', 'late-2', 'made', 'absent');

/** Everything of a pod but its name, and where it stands. */
export const anyTemplate = fc
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
    claim: fc.oneof({ weight: 7, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: anyClaim }),
  })
  .chain((fields) => anyFocus.map((focus) => focused({ ...fields, spread: uniqueConstraints(fields.spread) }, focus)));

export type Template = typeof anyTemplate extends fc.Arbitrary<infer T> ? T : never;

export function focused<T extends { readonly podAffinity: unknown; readonly spread: readonly RawObject[] }>(fields: T, focus: string): T {
  if (focus === 'all') return fields;
  const plain = {
    ...fields,
    requests: { cpu: '100m' },
    claim: undefined,
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

export function withoutAbsent(fields: RawObject): RawObject {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

export function podOf(name: string, template: Template, more: { on?: string; nominated?: string; startTime?: string } = {}): RawObject {
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
      volumes: template.claim === undefined ? [] : [{ name: 'data', persistentVolumeClaim: { claimName: template.claim } }],
      tolerations: template.isTolerant ? [{ key: 'k', operator: 'Exists' }] : [],
    },
    status: withoutAbsent({ nominatedNodeName: more.nominated, startTime: more.startTime }),
  });
}

export const anyNodeKind = fc.record({
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
  taint: fc.constantFrom(undefined, undefined, 'NoSchedule', 'PreferNoSchedule', 'two soft ones'),
  isCordoned: fc.constantFrom(false, false, false, true),
  image: fc.constantFrom(undefined, undefined, 300_000_000, 700_000_000),
});

export type NodeKind = typeof anyNodeKind extends fc.Arbitrary<infer T> ? T : never;

export function nodeOf(index: number, kind: NodeKind): RawObject {
  return rawNode(`n${index}`, {
    labels: withoutAbsent({ [ZONE]: kind.zone, rack: kind.rack, constructor: kind.rack }),
    allocatable: kind.size,
    taints: taintsOf(kind),
    unschedulable: kind.isCordoned,
    images: kind.image === undefined ? [] : [{ names: ['big:1'], sizeBytes: kind.image }],
  });
}

function taintsOf({ taint }: NodeKind): RawObject[] {
  if (taint === undefined) return [];
  if (taint !== 'two soft ones') return [{ key: 'k', value: 'v', effect: taint }];
  return ['a', 'b'].map((key) => ({ key, value: 'v', effect: 'PreferNoSchedule' }));
}

export type Step =
  | { readonly do: 'schedule'; readonly template: number; readonly profile: number; readonly keeps: boolean; readonly isNominated: boolean }
  | { readonly do: 'place'; readonly template: number; readonly node: number; readonly hasStarted: boolean }
  | { readonly do: 'nominate'; readonly template: number; readonly node: number }
  | { readonly do: 'remove' | 'terminate' | 'relabel'; readonly pod: number; readonly app: string }
  | { readonly do: 'node'; readonly node: number; readonly kind: NodeKind }
  | { readonly do: 'no-node'; readonly node: number }
  | { readonly do: 'service'; readonly app: string; readonly namespace: string }
  | { readonly do: 'owner'; readonly app: string }
  | { readonly do: 'budget'; readonly app: string; readonly allowed: number }
  | { readonly do: 'volume'; readonly node: number; readonly isBound: boolean }
  | { readonly do: 'namespace'; readonly team: string | undefined };

export const index = fc.nat(1000);
export const schedule = fc.record({
  do: fc.constant('schedule' as const),
  template: index,
  profile: index,
  keeps: fc.boolean(),
  isNominated: fc.constantFrom(false, false, false, false, false, true),
});
export const otherStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('place' as const), template: index, node: index, hasStarted: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('nominate' as const), template: index, node: index }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constantFrom('remove' as const, 'terminate' as const, 'relabel' as const), pod: index, app: anyApp }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('node' as const), node: index, kind: anyNodeKind }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('no-node' as const), node: index }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('service' as const), app: anyApp, namespace: anyNamespace }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('owner' as const), app: anyApp }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('budget' as const), app: anyApp, allowed: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('volume' as const), node: index, isBound: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('namespace' as const), team: fc.constantFrom(undefined, 'x', 'y') }) },
);
export const anyStep: fc.Arbitrary<Step> = fc.oneof({ weight: 3, arbitrary: schedule }, { weight: 2, arbitrary: otherStep });
