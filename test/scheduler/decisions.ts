/** Decisions on small clusters written as Kubernetes objects: the vocabulary of the plugin tests. */
import { ProblemList } from '../../src/base/input-error.ts';
import type { RawObject } from '../../src/objects/decode-reader.ts';
import type { BuiltInKind, KindMap } from '../../src/objects/kinds.ts';
import { CaseBench, recordCase } from '../../src/scheduler/conformance.ts';
import type { ConformanceCase } from '../../src/scheduler/conformance-case.ts';
import { decodeRaw } from '../../src/scheduler/conformance-cluster.ts';
import { EVALUATORS } from '../../src/scheduler/evaluators.ts';
import { schedulerPlugins } from '../../src/scheduler/plugins/registry.ts';
import type { PodInfo } from '../../src/scheduler/pod-info.ts';
import type { KubernetesVersion } from '../../src/scheduler/versions.ts';

export interface Situation {
  readonly nodes?: readonly RawObject[];
  readonly pods?: readonly RawObject[];
  readonly pod?: RawObject;
  /** Other lists of the cluster, such as `services`. */
  readonly others?: Readonly<Record<string, readonly RawObject[]>>;
  /** Arguments per plugin. */
  readonly args?: Readonly<Record<string, RawObject>>;
  /** `plugins` of the profile. */
  readonly plugins?: RawObject;
  readonly percentageOfNodesToScore?: number;
  readonly version?: KubernetesVersion;
  readonly kind?: 'decision' | 'preemption';
}

interface Verdict {
  readonly code: string;
  readonly reasons: readonly string[];
}

export interface Decision {
  readonly nodeOrder: readonly string[];
  readonly preFilter: {
    readonly code: string;
    readonly plugin?: string;
    readonly reasons?: readonly string[];
    readonly skip?: readonly string[];
    readonly nodeNames?: readonly string[];
  };
  readonly filter: Readonly<Record<string, Verdict & { readonly plugin?: string }>>;
  readonly filterAll?: Readonly<Record<string, Readonly<Record<string, Verdict>>>>;
  readonly feasible: readonly string[];
  readonly best?: readonly string[];
  readonly message?: string;
  readonly unschedulablePlugins?: readonly string[];
  readonly scores?: Readonly<Record<string, Readonly<Record<string, { readonly raw: number; readonly normalized: number }>>>>;
  readonly scoreSkipped?: readonly string[];
  readonly total?: Readonly<Record<string, number>>;
  readonly postFilter?: {
    readonly status: { readonly code: string; readonly plugin?: string; readonly reasons?: readonly string[] };
    readonly eligible: boolean;
    readonly ineligibleReason?: string;
    readonly potentialNodes?: readonly string[];
    readonly candidates?: Readonly<Record<string, { readonly victims: readonly string[]; readonly numPDBViolations: number }>>;
    readonly notHelpful?: Readonly<Record<string, Verdict>>;
    readonly best?: readonly string[];
  };
}

export function decide(situation: Situation): Decision {
  return recordCase(caseOf(situation), optionsOf(situation)) as unknown as Decision;
}

/** The pieces of a scheduler over the situation, for tests that call plugins themselves. */
export function benchOf(situation: Situation): CaseBench {
  const problems = new ProblemList();
  const bench = new CaseBench(caseOf(situation), optionsOf(situation), problems);
  problems.throwIfAny();
  bench.cluster.cache.refresh();
  return bench;
}

function optionsOf(situation: Situation) {
  return { kubernetesVersion: situation.version ?? '1.34', definitions: schedulerPlugins, createEvaluator: EVALUATORS.plain } as const;
}

export function caseOf(situation: Situation): ConformanceCase {
  const { args = {}, plugins } = situation;
  const profile: Record<string, unknown> = { schedulerName: 'default-scheduler' };
  if (plugins !== undefined) profile['plugins'] = plugins;
  if (Object.keys(args).length > 0) profile['pluginConfig'] = Object.entries(args).map(([name, value]) => ({ name, args: value }));
  return {
    id: 'test',
    kind: situation.kind ?? 'decision',
    theme: '',
    cluster: { nodes: situation.nodes ?? [], pods: situation.pods ?? [], ...situation.others },
    pod: situation.pod ?? rawPod('p'),
    profile: { percentageOfNodesToScore: situation.percentageOfNodesToScore ?? 0, profiles: [profile] },
    ops: [],
    expect: {},
  };
}

/** A node with 4 CPUs, 16 GiB and room for 110 pods; `labels` beside its hostname. */
export function rawNode(
  name: string,
  fields: {
    labels?: RawObject;
    allocatable?: RawObject;
    taints?: readonly RawObject[];
    unschedulable?: boolean;
    images?: readonly RawObject[];
  } = {},
): RawObject {
  return {
    metadata: { name, labels: { 'kubernetes.io/hostname': name, ...fields.labels } },
    spec: { taints: fields.taints ?? [], unschedulable: fields.unschedulable ?? false },
    status: { allocatable: { cpu: '4', memory: '16Gi', pods: '110', ...fields.allocatable }, images: fields.images ?? [] },
  };
}

export interface RawPodFields {
  readonly on?: string;
  readonly labels?: RawObject;
  readonly namespace?: string;
  readonly requests?: RawObject;
  readonly priority?: number;
  readonly spec?: RawObject;
  readonly status?: RawObject;
  readonly metadata?: RawObject;
}

/** A pod of one container; placed with `on`. */
export function rawPod(name: string, fields: RawPodFields = {}): RawObject {
  const namespace = fields.namespace ?? 'default';
  return {
    metadata: { name, namespace, uid: `uid-${namespace}-${name}`, labels: fields.labels ?? {}, ...fields.metadata },
    spec: {
      containers: [{ name: 'c', image: 'app:1', resources: fields.requests === undefined ? {} : { requests: fields.requests } }],
      priority: fields.priority ?? 0,
      ...(fields.on === undefined ? {} : { nodeName: fields.on }),
      ...fields.spec,
    },
    status: fields.status ?? {},
  };
}

export function decoded<K extends BuiltInKind>(kind: K, raw: RawObject): KindMap[K] {
  const problems = new ProblemList();
  const object = decodeRaw(kind, raw, '', problems);
  problems.throwIfAny();
  return object as KindMap[K];
}

export function decodedPod(raw: RawObject): KindMap['Pod'] {
  return decoded('Pod', raw);
}

/** What the hints of a plugin say about an event: true when some registration of the resource that has this action bit asks for a retry. */
export function hintsOf(
  bench: CaseBench,
  plugin: string,
  resource: string,
  action: number,
  pod: PodInfo,
  before: unknown,
  after: unknown,
): boolean {
  const found = bench.profile.hints.filter(
    (entry) => entry.plugin === plugin && entry.event.resource === resource && (entry.event.action & action) !== 0,
  );
  if (found.length === 0) throw new Error(`${plugin} registers nothing for ${resource} ${action}`);
  return found.some((entry) => entry.hint === undefined || entry.hint(pod, before, after));
}
