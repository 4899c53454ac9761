/** Arbitrary small clusters that make every plugin do something: for properties over schedulers. */
import * as fc from 'fast-check';
import type { RawObject } from '../../src/objects/decode-reader.ts';
import { rawNode, rawPod, type Situation } from './decisions.ts';

const ZONE = 'topology.kubernetes.io/zone';
const HOST = 'kubernetes.io/hostname';

const app = fc.constantFrom('web', 'db', 'cache');
const labels = fc.record({ app }, { requiredKeys: [] });
const topologyKey = fc.constantFrom(ZONE, HOST, 'rack');
const labelSelector = fc.oneof(
  app.map((value) => ({ matchLabels: { app: value } })),
  fc.constantFrom(
    {},
    { matchExpressions: [{ key: 'app', operator: 'Exists' }] },
    { matchExpressions: [{ key: 'app', operator: 'NotIn', values: ['db'] }] },
  ),
);

/** One time in four. */
function sometimes<T, U>(arbitrary: fc.Arbitrary<T>, otherwise: U): fc.Arbitrary<T | U> {
  return fc.oneof({ weight: 3, arbitrary: fc.constant(otherwise) }, { weight: 1, arbitrary });
}

const anyNode = fc.record({
  zone: fc.constantFrom(undefined, 'a', 'b', 'c'),
  rack: fc.constantFrom(undefined, '1', '2'),
  cpu: fc.constantFrom('500m', '2', '4', '8'),
  memory: fc.constantFrom('1Gi', '4Gi', '8Gi'),
  pods: fc.constantFrom('2', '110', '110', '110'),
  taint: fc.constantFrom(undefined, undefined, undefined, undefined, 'NoSchedule', 'PreferNoSchedule', 'PreferNoSchedule', 'NoExecute'),
  unschedulable: fc.constantFrom(false, false, false, false, false, true),
  images: fc.subarray(['app:1', 'big:1']),
});

const affinityTerm = fc.record({
  topologyKey,
  labelSelector,
  namespaceSelector: fc.constantFrom(undefined, {}, { matchLabels: { env: 'prod' } }),
});
const weightedTerm = fc.record({ weight: fc.integer({ min: 1, max: 100 }), podAffinityTerm: affinityTerm });
const podAffinity = fc.record(
  {
    requiredDuringSchedulingIgnoredDuringExecution: sometimes(fc.array(affinityTerm, { maxLength: 2 }), []),
    preferredDuringSchedulingIgnoredDuringExecution: fc.array(weightedTerm, { maxLength: 2 }),
  },
  { requiredKeys: [] },
);
const expression = fc.constantFrom(
  { key: ZONE, operator: 'In', values: ['a', 'b'] },
  { key: ZONE, operator: 'DoesNotExist' },
  { key: 'rack', operator: 'NotIn', values: ['1'] },
);
const nodeAffinity = fc.record(
  {
    requiredDuringSchedulingIgnoredDuringExecution: sometimes(
      expression.map((item) => ({ nodeSelectorTerms: [{ matchExpressions: [item] }] })),
      undefined,
    ),
    preferredDuringSchedulingIgnoredDuringExecution: fc.array(
      fc.record({ weight: fc.integer({ min: 1, max: 100 }), preference: expression.map((item) => ({ matchExpressions: [item] })) }),
      { maxLength: 2 },
    ),
  },
  { requiredKeys: [] },
);
const spread = fc.uniqueArray(
  fc.record({
    maxSkew: fc.integer({ min: 1, max: 5 }),
    topologyKey,
    whenUnsatisfiable: fc.constantFrom('DoNotSchedule', 'ScheduleAnyway', 'ScheduleAnyway'),
    labelSelector,
    nodeTaintsPolicy: fc.constantFrom('Honor', 'Ignore'),
  }),
  { maxLength: 2, selector: (item) => `${item.topologyKey}/${item.whenUnsatisfiable}` },
);
const toleration = fc.constantFrom({ key: 'dedicated', operator: 'Exists' }, { operator: 'Exists', effect: 'PreferNoSchedule' });

const podFields = fc.record({
  labels,
  namespace: fc.constantFrom('default', 'default', 'prod'),
  cpu: fc.constantFrom(undefined, '0', '100m', '500m', '1'),
  memory: fc.constantFrom(undefined, '100Mi', '1Gi'),
  priority: fc.constantFrom(0, 5, 10),
  hostPort: fc.constantFrom(undefined, undefined, undefined, undefined, 80, 81),
  terminating: fc.constantFrom(false, false, false, true),
  affinity: fc.record({ podAffinity, podAntiAffinity: podAffinity, nodeAffinity }, { requiredKeys: [] }),
  spread,
  tolerations: fc.array(toleration, { maxLength: 1 }),
  image: fc.constantFrom('app:1', 'big:1', 'none:1'),
});

type PodFields = typeof podFields extends fc.Arbitrary<infer T> ? T : never;

function buildPod(name: string, fields: PodFields, on?: string): RawObject {
  const requests = Object.fromEntries(
    Object.entries({ cpu: fields.cpu, memory: fields.memory }).filter(([, value]) => value !== undefined),
  );
  const ports = fields.hostPort === undefined ? [] : [{ containerPort: fields.hostPort, hostPort: fields.hostPort }];
  return rawPod(name, {
    ...(on === undefined ? {} : { on }),
    labels: fields.labels,
    namespace: fields.namespace,
    priority: fields.priority,
    metadata: on !== undefined && fields.terminating ? { deletionTimestamp: '2025-01-01T00:00:00Z' } : {},
    status: { startTime: '2025-01-01T00:00:00Z' },
    spec: {
      containers: [{ name: 'c', image: fields.image, resources: { requests }, ports }],
      affinity: fields.affinity,
      topologySpreadConstraints: fields.spread,
      tolerations: fields.tolerations,
    },
  });
}

/** A cluster of up to 6 nodes and 14 pods, some of them nominated, and a pod to place. */
export const anySituation: fc.Arbitrary<Situation> = fc
  .record({
    nodes: fc.array(anyNode, { minLength: 1, maxLength: 6 }),
    placed: fc.array(fc.tuple(fc.nat(5), podFields), { maxLength: 14 }),
    nominated: fc.array(fc.tuple(fc.nat(5), podFields), { maxLength: 2 }),
    pod: podFields,
    hasService: fc.boolean(),
    version: fc.constantFrom('1.34' as const, '1.32' as const),
  })
  .map(({ nodes, placed, nominated, pod, hasService, version }) => {
    const nodeName = (index: number): string => `n${index % nodes.length}`;
    const pods = placed.map(([index, fields], i) => buildPod(`e${i}`, fields, nodeName(index)));
    const waiting = nominated.map(([index, fields], i) => ({
      ...buildPod(`w${i}`, fields),
      status: { nominatedNodeName: nodeName(index) },
    }));
    return {
      version,
      nodes: nodes.map((fields, i) =>
        rawNode(`n${i}`, {
          labels: {
            ...(fields.zone === undefined ? {} : { [ZONE]: fields.zone }),
            ...(fields.rack === undefined ? {} : { rack: fields.rack }),
          },
          allocatable: { cpu: fields.cpu, memory: fields.memory, pods: fields.pods },
          taints: fields.taint === undefined ? [] : [{ key: 'dedicated', value: 'x', effect: fields.taint }],
          unschedulable: fields.unschedulable,
          images: fields.images.map((name) => ({ names: [name], sizeBytes: 500_000_000 })),
        }),
      ),
      pods: [...pods, ...waiting],
      pod: buildPod('p', pod),
      others: {
        namespaces: [{ metadata: { name: 'default' } }, { metadata: { name: 'prod', labels: { env: 'prod' } } }],
        services: hasService ? [{ metadata: { name: 's', namespace: 'default' }, spec: { selector: { app: 'web' } } }] : [],
      },
    };
  });
