/**
 * Framework: what a scheduler plugin is, what it may see, and what an evaluator answers.
 *
 * Models    kubernetes v1.34 staging/src/k8s.io/kube-scheduler/framework/interface.go
 * Differs   Score fills a whole column (one call per plugin, not one per plugin and node); PreBind and Bind
 *           are operations in virtual time; a plugin reads the cluster through ClusterLister and writes
 *           through ClusterWriter only
 * Order     plugins run in profile order; nodes are visited in snapshot order
 *
 * A plugin is one frozen definition: name, extension points and arguments as data, and `create`. An instance
 * belongs to one profile and keeps no state about pods except where upstream does (VolumeBinding's assumed volumes).
 */
import type { ProblemList } from '../base/input-error.ts';
import type { Op } from '../engine/process.ts';
import type { Rng } from '../engine/rng.ts';
import type { BuiltInKind, KindMap } from '../objects/kinds.ts';
import type { ObjectKey, TimeUs } from '../objects/meta.ts';
import type { PersistentVolume, PersistentVolumeClaim } from '../objects/storage.ts';
import type { ClusterEvent } from './cluster-event.ts';
import type { ClusterFilter, ClusterScore, ColumnFilter, ColumnScore } from './column-programs.ts';
import type { CycleState } from './cycle-state.ts';
import type { Diagnosis, FitError } from './diagnosis.ts';
import type { DomainTables } from './domain-tables.ts';
import type { NodeInfo } from './node-info.ts';
import type { PodInfo, PodInfos } from './pod-info.ts';
import type { Profile } from './profile.ts';
import type { Status } from './status.ts';
import type { Behaviour, KubernetesVersion } from './versions.ts';

export const SCORE_MAX = 100;
export const SCORE_MIN = 0;

export type ExtensionPoint =
  | 'preEnqueue'
  | 'queueSort'
  | 'preFilter'
  | 'filter'
  | 'postFilter'
  | 'preScore'
  | 'score'
  | 'reserve'
  | 'permit'
  | 'preBind'
  | 'bind'
  | 'postBind';

export const EXTENSION_POINTS: readonly ExtensionPoint[] = [
  'preEnqueue',
  'queueSort',
  'preFilter',
  'filter',
  'postFilter',
  'preScore',
  'score',
  'reserve',
  'permit',
  'preBind',
  'bind',
  'postBind',
];

// What plugins see -----------------------------------------------------------------------------------

/** The cluster as the scheduler's informers know it: informers in a world, plain arrays in a conformance run. */
export interface ClusterLister {
  get<K extends BuiltInKind>(kind: K, key: ObjectKey): KindMap[K] | undefined;
  list<K extends BuiltInKind>(kind: K): readonly KindMap[K][];
  inNamespace<K extends BuiltInKind>(kind: K, namespace: string): readonly KindMap[K][];
}

/** The nodes as they were when the attempt began. */
export interface Snapshot {
  /** In the scheduler's node order; every entry has a node object. */
  readonly nodes: readonly NodeInfo[];
  get(nodeName: string): NodeInfo | undefined;
  /** Nodes with a pod that has any pod (anti-)affinity, in node order. */
  readonly nodesWithAffinity: readonly NodeInfo[];
  /** Nodes with a pod that has required anti-affinity, in node order. */
  readonly nodesWithRequiredAntiAffinity: readonly NodeInfo[];
  /** Whether a pod on a node of the snapshot uses the claim `namespace/name`. */
  isClaimUsed(key: ObjectKey): boolean;
  /** No placed pod is less important; Infinity without pods. */
  readonly leastPriority: number;
}

/** Pods that were promised a node by preemption. */
export interface NominatedPods {
  /** In the order of nomination. */
  onNode(nodeName: string): readonly PodInfo[];
  /** Nodes that may have such pods. */
  nodeNames(): Iterable<string>;
  readonly isEmpty: boolean;
}

/** Everything a plugin may write; each operation is one round trip, the result a status (Error when refused). */
export interface ClusterWriter {
  bindPod(pod: PodInfo, nodeName: string): Op<Status>;
  /** Writes the claim reference of a volume chosen for a claim. */
  bindVolume(volume: PersistentVolume): Op<Status>;
  /** Writes the selected-node annotation of a claim to be provisioned. */
  updateClaim(claim: PersistentVolumeClaim): Op<Status>;
  sleep(us: number): Op<void>;
}

/** Pods that have a node and wait on Permit; for plugins that let pods go on together (gangs). */
export interface PermitWaiters {
  has(podUid: string): boolean;
  /** In order of arrival. */
  pods(): Iterable<PodInfo>;
  /** `plugin` lets the pod go on; false when the pod does not wait for it. */
  allow(podUid: string, plugin: string): boolean;
  /** Ends the wait with a refusal in the name of `plugin`; false when the pod does not wait. */
  reject(podUid: string, plugin: string, message: string): boolean;
}

/** What all profiles of one scheduler share. */
export interface SchedulerContext {
  readonly behaviour: Behaviour;
  readonly lister: ClusterLister;
  /** Of the running attempt; always the same object. */
  readonly snapshot: Snapshot;
  readonly podInfos: PodInfos;
  readonly nominated: NominatedPods;
  /** undefined where nothing is ever bound (conformance). */
  readonly writer: ClusterWriter | undefined;
  /** undefined where pods never wait (conformance). */
  readonly waiters?: PermitWaiters | undefined;
  /** Where the random streams of plugins begin; a fixed stream when absent (conformance). */
  readonly pluginRng?: Rng;
  nowUs(): TimeUs;
  /** Whether the victims of this pod are being evicted right now. */
  isPreempting(podUid: string): boolean;
  /** Where the preemption dry run starts, in 0..count-1. */
  preemptionOffset(count: number): number;
}

/** What one plugin instance gets: the scheduler's context, and its own profile's filters. */
export interface PluginHandle extends SchedulerContext {
  readonly filters: FilterRunner;
  /**
   * The plugin's own random stream. How often a plugin is asked is not part of what schedulers promise, so draw from a child
   * that is named after what is decided, `rng.fork(pod.key)`, and make it anew each time.
   */
  readonly rng: Rng;
}

/** The profile's filters, for plugins that try a pod on changed nodes (preemption). */
export interface FilterRunner {
  /** The filters in order on one node, with the nominated pods of equal or higher priority and without. */
  runFiltersWithNominated(state: CycleState, pod: PodInfo, node: NodeInfo): Status;
  /** Tells the PreFilter state of every plugin that `added` now runs on `node` (which already holds it). */
  runAddPod(state: CycleState, pod: PodInfo, added: PodInfo, node: NodeInfo): Status;
  runRemovePod(state: CycleState, pod: PodInfo, removed: PodInfo, node: NodeInfo): Status;
}

// What plugins are -----------------------------------------------------------------------------------

export interface PreFilterResult {
  readonly status: Status;
  /** When present, only these nodes can fit. */
  readonly nodeNames?: ReadonlySet<string>;
}

/** Keeps a plugin's PreFilter state true while pods are added to and removed from a node in thought. */
export interface PreFilterExtensions {
  addPod(state: CycleState, pod: PodInfo, added: PodInfo, node: NodeInfo): Status;
  removePod(state: CycleState, pod: PodInfo, removed: PodInfo, node: NodeInfo): Status;
}

/** What becomes of status.nominatedNodeName: left alone, or set (empty clears it). */
export type NominatingInfo = { readonly mode: 'noop' } | { readonly mode: 'override'; readonly nodeName: string };

export const NO_NOMINATION: NominatingInfo = Object.freeze({ mode: 'noop' });

/** A node that fits once the victims are gone. */
export interface PreemptionCandidate {
  readonly nodeName: string;
  /** Most important first. */
  readonly victims: readonly PodInfo[];
  readonly pdbViolationCount: number;
}

export interface PostFilterResult {
  readonly status: Status;
  readonly nominating: NominatingInfo;
  /** What to evict; carried out by the scheduler after the attempt. */
  readonly candidate?: PreemptionCandidate;
}

export interface PermitResult {
  readonly status: Status;
  /** With status Wait: for how long at most. */
  readonly timeoutUs: number;
}

/** What decides the order of the queue. */
export interface QueueItem {
  readonly priority: number;
  readonly timestampUs: TimeUs;
  /** Grows with every setting of the time; breaks ties. */
  readonly sequence: number;
}

/**
 * Whether an event may make `pod` schedulable. `before` and `after` are the object before and after the event;
 * one of them is undefined for additions and deletions.
 */
export type QueueingHint = (pod: PodInfo, before: unknown, after: unknown) => boolean;

export interface EventRegistration {
  readonly event: ClusterEvent;
  /** Absent: always worth a retry. */
  readonly hint?: QueueingHint;
}

/**
 * How far a verdict or score of one node reaches: what can change it, besides the shape of the pod.
 * An incremental evaluator keeps `static` and `node` answers per (pod shape, node) and asks again only when
 * the node's object (static) or anything on the node (node) changed; `cluster` answers it recomputes unless it knows
 * the plugin.
 */
export type Reach = 'static' | 'node' | 'cluster';

export interface Plugin {
  readonly name: string;
  preEnqueue?(pod: PodInfo): Status;
  less?(a: QueueItem, b: QueueItem): boolean;
  preFilter?(state: CycleState, pod: PodInfo): PreFilterResult;
  /** PreFilter says the same of every pod of a shape that has no volumes, whatever the cluster, and writes what is the same. */
  readonly preFilterReach?: 'shape';
  readonly preFilterExtensions?: PreFilterExtensions;
  filter?(state: CycleState, pod: PodInfo, node: NodeInfo): Status;
  readonly filterReach?: Reach;
  /** The fast form of `filter` for pods of this shape, for nodes of ordinary amounts; undefined where there is none. */
  columnFilter?(pod: PodInfo): ColumnFilter | undefined;
  /** The fast form of `preFilter` and `filter` together, of a plugin that looks at the whole cluster; likewise. */
  clusterFilter?(pod: PodInfo, tables: DomainTables): ClusterFilter | undefined;
  postFilter?(state: CycleState, pod: PodInfo, diagnosis: Diagnosis): PostFilterResult;
  preScore?(state: CycleState, pod: PodInfo, nodes: readonly NodeInfo[]): Status;
  /** PreScore says the same of every pod of a shape, whatever the nodes, and writes what is the same. */
  readonly preScoreReach?: 'shape';
  /** Fills `scores[i]` with the raw score of `nodes[i]`, an integer. */
  score?(state: CycleState, pod: PodInfo, nodes: readonly NodeInfo[], scores: Float64Array): Status;
  readonly scoreReach?: Reach;
  /** The fast form of `score`, likewise; only for plugins whose raw scores need no normalization. */
  columnScore?(pod: PodInfo): ColumnScore | undefined;
  /** The fast form of `preScore`, `score` and `normalize` together, of a plugin that looks at the whole cluster; likewise. */
  clusterScore?(pod: PodInfo, tables: DomainTables): ClusterScore | undefined;
  /** Brings raw scores to 0..100 in place; absent where raw scores already are. */
  normalize?(state: CycleState, pod: PodInfo, nodes: readonly NodeInfo[], scores: Float64Array): Status;
  /**
   * What `normalize` makes of each of any number of scores that are all 0. Only for plugins whose `normalize` looks at
   * the scores alone: it may then be called without nodes.
   */
  readonly normalizedZero?: number;
  /**
   * `normalize` brings raw scores, integers from 0 on, to 100 times their share of the highest, truncated; or `reversed`, to 100
   * less that. Only with `normalizedZero`.
   */
  readonly normalizesByMax?: 'forward' | 'reversed';
  /**
   * What an evaluator remembers of it (preFilterReach, filterReach, preScoreReach, scoreReach, columnScore) is the same for pods
   * of equal `shape.partsId`: it looks at no namespace, labels, owner, pod affinity or spread constraints of the incoming pod.
   */
  readonly ignoresLabels?: true;
  reserve?(state: CycleState, pod: PodInfo, nodeName: string): Status;
  unreserve?(state: CycleState, pod: PodInfo, nodeName: string): void;
  permit?(state: CycleState, pod: PodInfo, nodeName: string): PermitResult;
  /** False: `preBind` has nothing to do and need not be run. */
  preBindPreFlight?(state: CycleState, nodeName: string): boolean;
  preBind?(state: CycleState, pod: PodInfo, nodeName: string): Op<Status>;
  bind?(state: CycleState, pod: PodInfo, nodeName: string): Op<Status>;
  postBind?(state: CycleState, pod: PodInfo, nodeName: string): void;
  readonly events?: readonly EventRegistration[];
}

/** One argument of a plugin, as data: enough for validation, defaults and documentation. */
export interface ArgumentDef {
  readonly name: string;
  /** What is expected, for messages and docs, such as `integer 0..100`. */
  readonly expects: string;
  /** The value when absent; undefined for none. */
  readonly default: unknown;
  /** Checks and converts one value; adds to `problems` what is wrong and then returns the default. */
  read(raw: unknown, path: string, problems: ProblemList): unknown;
}

export interface PluginDef<Args = Readonly<Record<string, unknown>>> {
  readonly name: string;
  /** The extension points an instance implements. */
  readonly points: readonly ExtensionPoint[];
  /** Versions whose default plugin set has it; all when absent. Unknown to other versions. */
  readonly versions?: readonly KubernetesVersion[];
  /** Weight in the default profile; 0 for plugins that do not score. */
  readonly defaultWeight: number;
  /** Whether profiles have it without naming it. Default true. */
  readonly isEnabledByDefault?: boolean;
  /** The file or package a user's plugin came from; absent for those of this package. */
  readonly origin?: string;
  readonly args: readonly ArgumentDef[];
  /** What no single argument can check. */
  validate?(args: Args, path: string, problems: ProblemList): void;
  create(args: Args, handle: PluginHandle): Plugin;
}

/** Freezes a definition and hides the type of its arguments from the registry. */
export function definePlugin<Args>(definition: PluginDef<Args>): PluginDef {
  return Object.freeze(definition) as unknown as PluginDef;
}

// What evaluators answer -----------------------------------------------------------------------------

/** Chooses among `count` equally good nodes, in the order they were found; returns 0..count-1. */
export type TieBreak = (count: number) => number;

export interface EvaluationRequest {
  readonly profile: Profile;
  readonly pod: PodInfo;
  readonly state: CycleState;
  readonly snapshot: Snapshot;
  readonly nextStartNodeIndex: number;
  readonly tieBreak: TieBreak;
  /** Whether scores are wanted for every node and even when a single node fits; for conformance and stories. */
  readonly isDetailed: boolean;
}

export interface PluginScores {
  readonly plugin: string;
  readonly weight: number;
  /** In the order of `feasible`. */
  readonly raw: Float64Array;
  readonly normalized: Float64Array;
}

/** What was found out. `feasible` and `totals` are to be read before the snapshot is refreshed. */
export interface Evaluation {
  readonly outcome: 'scheduled' | 'unschedulable' | 'error';
  /** Chosen node; empty unless scheduled. */
  readonly nodeName: string;
  /** Nodes that passed, in the order they were found. */
  readonly feasible: readonly NodeInfo[];
  readonly feasibleCount: number;
  /** Nodes looked at, feasible or not. */
  readonly evaluatedCount: number;
  /** Weighted sums in the order of `feasible`; empty when nothing was scored. */
  readonly totals: Float64Array;
  /** Per plugin that scored; only when detailed. */
  readonly scores: readonly PluginScores[];
  /** Nodes that share the best total. */
  readonly tieCount: number;
  /** What PreFilter said; `Success` unless it rejected the pod. */
  readonly preFilterStatus: Status;
  /** When present, the only nodes PreFilter left. */
  readonly preFilterNodes: ReadonlySet<string> | undefined;
  /** Why nodes failed; complete only when unschedulable or detailed. */
  readonly diagnosis: Diagnosis;
  /** With outcome `unschedulable`. */
  readonly fitError: FitError | undefined;
  /** With outcome `error`. */
  readonly error: Status | undefined;
  readonly nextStartNodeIndex: number;
}

/**
 * One attempt to place one pod, up to the choice of a node: PreFilter, Filter, PreScore, Score, Normalize, choose.
 * After `unschedulable` the state is good for PostFilter (preemption). Every evaluator gives the same answers.
 */
export interface Evaluator {
  readonly name: string;
  schedulePod(request: EvaluationRequest): Evaluation;
}
