/**
 * Measure: something a run is asked about. One measure per file, all of them listed in registry.ts.
 *
 * Measures watch and never act. They see three things: the commits of the store (decoded once, by
 * ClusterView), the topics components announce, and a sampling clock. They hold no handle on the world, draw
 * no random numbers and schedule no events, so that a run with and without measures has the same digest.
 *
 * Memory    of a measure is O(live objects + bounded series), never O(pods ever run)
 */

import type { Topology } from '../datacenter/topology.ts';
import type { Topic } from '../engine/observers.ts';
import type { AnyObject } from '../objects/kinds.ts';
import type { TimeUs } from '../objects/meta.ts';
import type { Pod } from '../objects/pod.ts';
import type { AttemptRecord } from '../scheduler/attempts.ts';
import type { ClusterView } from './cluster-view.ts';
import type { Figure, Table, TableSpec } from './result.ts';
import type { SampleClock } from './sample-clock.ts';

export type CommitType = 'ADDED' | 'MODIFIED' | 'DELETED';

/** Called after every write to the store. `old` is undefined when added; on deletion `next` is undefined or the last state. */
export type CommitListener = (
  kind: string,
  type: CommitType,
  old: AnyObject | undefined,
  next: AnyObject | undefined,
  revision: number,
) => void;

/** The observing side of the store. */
export interface CommitSource {
  onCommit(listener: CommitListener): void;
}

/** A fault began or ended. `target` is what it struck: a vertex (`zone/b`), a link (`rack/c-2 -> control-plane`) or a component. */
export interface FaultRecord {
  /** Unique per occurrence. */
  readonly id: string | number;
  readonly kind: string;
  readonly target: string;
  readonly phase: 'start' | 'heal';
  /** The name of the scenario's event, `fault/<name>` in expectations; the kind when absent. */
  readonly name?: string;
}

/** A container's process started or ended: announced by the machines, whether or not the API server can hear them. */
export interface ContainerRecord {
  readonly phase: 'started' | 'stopped';
  readonly podUid: string;
  readonly container: string;
}

/** Where a pod's start has got to on its node. */
export interface PodStageRecord {
  readonly stage: string;
  readonly podUid: string;
}

/** A machine or its kubelet changed state: `machine-down`, `disconnected`, ... */
export interface MachineRecord {
  readonly nodeName: string;
  readonly state: string;
}

export interface ApiRequestRecord {
  readonly client: string;
  readonly verb: string;
  readonly kind: string;
  /** HTTP status code; 0 when no reply came. */
  readonly code: number;
  /** As the client saw it, its own throttling left out. */
  readonly latencyUs: number;
  /** Time spent waiting for the client's own rate limit. */
  readonly throttledUs: number;
}

export interface KubeEventRecord {
  /** Kind of the object it is about. */
  readonly kind: string;
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}

/** Announced by a caller for things that are no fault and no cluster event: `apply ./shop-v2.yaml`. */
export interface ScenarioActionRecord {
  readonly name: string;
  readonly action: string;
  readonly target: string;
}

/**
 * The topics measures listen to. The folders that announce them are neighbours or below; whoever puts
 * the world together hands them in. A topic left out leaves its columns empty.
 */
export interface MeasureTopics {
  readonly fault?: Topic<FaultRecord>;
  readonly container?: Topic<ContainerRecord>;
  readonly podStage?: Topic<PodStageRecord>;
  readonly machine?: Topic<MachineRecord>;
  readonly attempt?: Topic<AttemptRecord>;
  readonly apiRequest?: Topic<ApiRequestRecord>;
  readonly kubeEvent?: Topic<KubeEventRecord>;
  readonly scenarioAction?: Topic<ScenarioActionRecord>;
}

/** What a pod really uses, in the order of ClusterView.resources (milli-CPU, bytes, counts); undefined: as much as it requests. */
export type UsageModel = (pod: Pod) => { readonly cpuMilli: number; readonly memoryBytes: number } | undefined;

/** Machine kinds by name, as far as cost and energy need them. */
export interface MachinePrice {
  readonly name: string;
  /** Currency units per hour; 0 when unknown. */
  readonly pricePerHour: number;
  /** Watts; 0 when unknown. */
  readonly idleWatts: number;
  readonly busyWatts: number;
}

export interface MeasureSettings {
  /** Statistics leave out what happened before this time. */
  readonly warmupUs: TimeUs;
  /** One row per pod in the table `pods`. */
  readonly keepPods: boolean;
}

export interface MeasureContext {
  readonly view: ClusterView;
  readonly topology: Topology;
  readonly clock: SampleClock;
  readonly settings: MeasureSettings;
  readonly machines: readonly MachinePrice[];
  nowUs(): TimeUs;
  /** Calls `listener` for every commit, after ClusterView has taken it in. */
  onCommit(listener: CommitListener): void;
  /** Calls `listener` for every record of the topic; does nothing when the run does not have it. */
  on<T>(topic: Topic<T> | undefined, listener: (record: T, timeUs: TimeUs) => void): void;
  readonly topics: MeasureTopics;
}

/** What a measure has to say at the end: its tables, the figures worth a headline, and answers to expectations. */
export interface MeasureReport {
  readonly tables: readonly Table[];
  readonly figures: readonly Figure[];
  readonly answers: readonly Answer[];
}

/**
 * One or more expectations a measure can judge. `value` gets the arguments as written; undefined when nothing was
 * measured for them. Durations in us, ratios 0..1.
 */
export interface Answer {
  /** Name of the measure in the expectation language. */
  readonly name: string;
  /** The table where the number can be looked up. */
  readonly table: string;
  value(args: readonly string[]): number | string | undefined;
  /** Argument lists that have a value, `deployment/web`; for hints. */
  readonly known: () => readonly string[];
}

export interface Measure {
  /** Called once, at the end of the run; everything is integrated up to `endUs`. */
  finish(endUs: TimeUs): MeasureReport;
}

export interface MeasureDef {
  readonly name: string;
  /** One sentence for lists and help. */
  readonly description: string;
  readonly tables: readonly TableSpec[];
  readonly create: (ctx: MeasureContext) => Measure;
}

/** Types a definition; the result is frozen. */
export function defineMeasure(def: MeasureDef): MeasureDef {
  return Object.freeze(def);
}
