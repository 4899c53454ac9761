/**
 * Invariant: something that must hold in a cluster, watched from outside. One invariant per file, all of them listed in
 * registry.ts.
 *
 * Invariants see the truth, which no component sees: the store itself, the processes on the machines, every fault. They
 * watch and never act: no random draws, no events, no writes. Two kinds of statements, and an invariant may make both:
 *
 *   safety     at no moment ...      `report` it the moment it is broken
 *   goal       in the end ...        `unsettled` says what is still missing; asked when the storm is over
 *
 * They may be told late, many records at a time: what they look at is the clock, the store and the records of their probe, which stand
 * where they stood, never the world itself, which has gone on.
 *
 * What a correct control plane cannot promise is said as an assumption (`excusedBy`): a cluster whose API servers serve
 * old state may start a pod twice, and upstream does. A scenario that names an invariant has it watched all the same.
 *
 * Source    the oracles I1-I15 are numbered as in docs/fidelity.md; each file names the upstream thread or rule
 */
import type { Topology } from '../../datacenter/topology.ts';
import type { Topic } from '../../engine/observers.ts';
import type { ContainerRecord, NodeRecord } from '../../kubelet/topics.ts';
import type { AnyObject, Kind, ObjectOf } from '../../objects/kinds.ts';
import type { ObjectKey, TimeUs } from '../../objects/meta.ts';
import type { QuirkName } from '../../objects/quirks.ts';
import type { ScenarioSpec } from '../../scenario/scenario.ts';

export type CommitType = 'ADDED' | 'MODIFIED' | 'DELETED';

/** `old` is undefined for ADDED; for DELETED `next` is undefined and `old` the last state. */
export type KindListener<T> = (type: CommitType, old: T | undefined, next: T | undefined) => void;

/** A request as it was executed. */
export interface WriteRecord {
  /** The process: `kube-controller-manager`, `kubelet/a-1-1`. */
  readonly component: string;
  /** The client in it: `kube-controller-manager/replicaset`. */
  readonly client: string;
  readonly verb: string;
  readonly kind: string;
  /** `namespace/name` or `name`; of a created object the name it got. */
  readonly key: ObjectKey;
  /** False when the API server refused it. */
  readonly isDone: boolean;
  /** The uid that the request says it is for; absent when it takes any. */
  readonly wantedUid?: string | undefined;
  /** The uid of the object that was written; absent when none was. */
  readonly uid?: string | undefined;
}

/** The truth about the objects. */
export interface StoreView {
  readonly revision: number;
  get<K extends Kind>(kind: K, key: ObjectKey): ObjectOf<K> | undefined;
  /** In key order. */
  list<K extends Kind>(kind: K, namespace?: string): ObjectOf<K>[];
}

/** A container process that runs on a machine now, whatever the API server knows. */
export interface RunningContainer {
  readonly nodeName: string;
  readonly podUid: string;
  readonly namespace: string;
  readonly podName: string;
  readonly container: string;
}

/** A cache of a component, for comparing it with the truth. */
export interface CacheView {
  readonly component: string;
  readonly kind: string;
  readonly objects: readonly AnyObject[];
  /** True when it holds only some objects of its kind. */
  readonly isFiltered: boolean;
}

/** What an invariant gets. */
export interface Probe {
  readonly spec: ScenarioSpec;
  readonly topology: Topology;
  readonly store: StoreView;
  /** Beginning of `spec.converge`'s peace: no user action and no fault after it. */
  readonly peaceUs: TimeUs;
  readonly circumstances: Circumstances;
  /** True when the scenario names this invariant: it then makes no allowance for what a correct control plane cannot promise. */
  readonly isStrict: boolean;
  nowUs(): TimeUs;
  /** Calls `listener` after every write of `kind`, the first objects of the cluster included. */
  onCommit<K extends Kind>(kind: K, listener: KindListener<ObjectOf<K>>): void;
  /** Calls `listener` after every write of any kind; costs more. */
  onAnyCommit(listener: (kind: string, type: CommitType, old: AnyObject | undefined, next: AnyObject | undefined) => void): void;
  /** Calls `listener` after every write request of a component; refused ones included. */
  onWrite(listener: (write: WriteRecord) => void): void;
  onContainer(listener: (record: ContainerRecord) => void): void;
  onMachine(listener: (record: NodeRecord) => void): void;
  on<T>(topic: Topic<T>, listener: (record: T, timeUs: TimeUs) => void): void;
  /** Calls `check` once, after the first event at or after `timeUs`; the clock shows `timeUs` then. */
  at(timeUs: TimeUs, check: () => void): void;
  /** Container processes running now, in no particular order. */
  runningContainers(): Iterable<RunningContainer>;
  /** Caches of all running components but kubelets, for `unsettled` alone: listeners may be told late, and caches go on meanwhile. */
  caches(): readonly CacheView[];
  /** An invariant was broken now. `subjects` are what the story is told about: `pod/default/web-0`, `node/a-1-1`. */
  report(message: string, subjects: readonly string[]): void;
}

export interface Invariant {
  /** What is still missing from the desired state, one line each, at most a few; empty when the goal is reached. Absent: safety only. */
  unsettled?(): readonly string[];
}

/** What in a scenario may be more than a control plane can be blamed for. */
export interface Circumstances {
  /** Kinds of faults that strike, each with its targets (`component/kube-scheduler`, `node/a-1-1`; `link` for faults between ends; empty text for the cluster). */
  readonly faults: ReadonlyMap<string, readonly string[]>;
  /** Actions of users by kind: `scale`, `delete`, `apply`, `set-image`, `cordon` ... */
  readonly actions: ReadonlySet<string>;
  /** `deletes.has('Node')`: users delete objects of this kind. */
  readonly deletes: ReadonlySet<string>;
  readonly quirks: ReadonlySet<QuirkName>;
  readonly apiServers: number;
  readonly controllerManagers: number;
  /** Scheduler processes that may be active at once; replicas with leader election count too. */
  readonly schedulers: number;
  /** Schedulers that decide at the same time, each for itself; 1 for replicas of one. */
  readonly activeSchedulers: number;
  /** True when caches of the API servers lag behind the store at all times. */
  readonly hasLaggingServers: boolean;
  /** True when a fault of this kind strikes a target that matches. */
  strikes(kind: string, target?: RegExp): boolean;
  /** True when any machine, its kubelet or its links may fail. */
  readonly hurtsMachines: boolean;
}

export interface InvariantDef {
  /** As scenarios write it, and the name of its file. */
  readonly name: string;
  /** `I3`, or empty. */
  readonly id: string;
  /** One sentence that completes "In this cluster ...". */
  readonly summary: string;
  /** Why it cannot be promised under these circumstances; undefined when it can. Default: always promised. */
  excusedBy?(circumstances: Circumstances): string | undefined;
  create(probe: Probe): Invariant;
}

export function defineInvariant(def: InvariantDef): InvariantDef {
  return Object.freeze(def);
}
