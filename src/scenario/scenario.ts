/**
 * ScenarioSpec: a scenario after validation, as plain data.
 *
 * Everything optional in the file has its default here, names are resolved, durations are microseconds and the
 * topology is written out node by node, so that whoever builds a world reads fields and decides nothing. A spec holds
 * no functions and no class instances: it can be cloned to a worker thread or stored beside a result.
 * Trace files stay outside (they may be large): the spec has their paths, a FileSource has their bytes.
 */
import type { Distribution } from '../engine/distributions.ts';
import type { AnyObject } from '../objects/kinds.ts';
import type { ResourceList, StringMap } from '../objects/meta.ts';
import type { Node, Taint } from '../objects/node.ts';
import type { QuirkName } from '../objects/quirks.ts';
import type { CycleCost } from '../scheduler/cycle-cost.ts';
import type { EvaluatorName } from '../scheduler/evaluators.ts';
import type { KubernetesVersion } from '../scheduler/versions.ts';
import type { Expectation } from './expect.ts';

export const SCENARIO_API_VERSION = 'seatrial.dev/v1alpha1';

/** Where something was written. Lines and columns are 1-based; 0 when the place is not known (built by a program). */
export interface SourcePosition {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** Path inside the document, such as `spec.events[2].target`. */
  readonly path: string;
}

/** Gives file contents by path. In the command line it reads the disk, in a browser or a test a map. */
export interface FileSource {
  exists(path: string): boolean;
  /** Whole content; names that end in `.gz` are unpacked. Throws InputError when the file is missing or damaged. */
  readBytes(path: string): Uint8Array;
  readText(path: string): string;
}

export interface ScenarioSpec {
  readonly name: string;
  /** The Scenario document as plain data, with what was set from outside; undefined when no file held one. */
  readonly document: unknown;
  /** One paragraph for the report; empty when there is none. */
  readonly description: string;
  readonly seed: string | number;
  /** Simultaneous events run in an order drawn from this seed; undefined: in the order they were planned. */
  readonly shuffleTies: string | number | undefined;
  readonly randomSource: RandomSource;
  /** Simulated length, or `idle`: until nothing but background work is pending. */
  readonly durationUs: number | 'idle';
  /** Upper bound of a run until idle; Infinity when the file gives none. Only read when durationUs is `idle`. */
  readonly idleLimitUs: number;
  /** The release whose scheduler is modelled; everything else follows the newest. */
  readonly kubernetesVersion: KubernetesVersion;
  /** Known upstream bugs to reproduce. */
  readonly quirks: readonly QuirkName[];
  readonly cluster: ClusterSpec;
  readonly controlPlane: ControlPlaneSpec;
  /** At least one. Pods go to the scheduler whose configuration has a profile of their schedulerName. */
  readonly schedulers: readonly SchedulerSpec[];
  readonly controllers: ControllersSpec;
  readonly kubelet: KubeletSpec;
  /** Objects that exist (are created) at time 0, in file order. Node manifests are not here but in `cluster`. */
  readonly manifests: readonly ManifestEntry[];
  readonly workload: readonly WorkloadSpec[];
  /** In file order; events at the same instant happen in this order. */
  readonly events: readonly EventSpec[];
  /** Whether and when the cluster has to settle; undefined: nothing is asked of it. */
  readonly converge: ConvergeSpec | undefined;
  readonly expect: readonly Expectation[];
  readonly metrics: MetricsSpec;
  /** The file it came from and where the document starts in it. */
  readonly position: SourcePosition;
}

/** Generators a run can draw from. `sfc32` is the engine's own; the others are those of the seedrandom package. */
export const RANDOM_SOURCES = [
  'sfc32',
  'seedrandom-alea',
  'seedrandom-xor128',
  'seedrandom-xorwow',
  'seedrandom-xorshift7',
  'seedrandom-xor4096',
  'seedrandom-tychei',
] as const;
export type RandomSource = (typeof RANDOM_SOURCES)[number];

// Cluster ------------------------------------------------------------------------------------------------------------

export interface ClusterSpec {
  /** Every machine, in the order regions, zones, feeds, racks and nodes are made in. May be empty. */
  readonly nodes: readonly NodeSpec[];
  /** Machine kinds by name: those of the file and the built-in ones, only those in use. */
  readonly machines: Readonly<Record<string, MachineSpec>>;
  readonly network: NetworkSpec;
}

/** One machine and its place in the tree region, zone, power feed, rack. Shaped as `NodePlace` of the datacenter. */
export interface NodeSpec {
  /** Unique in the cluster, such as `b-2-7`; also the name of the Node object. */
  readonly name: string;
  readonly region: string;
  readonly zone: string;
  /** Unique in the cluster, such as `b-1`. */
  readonly power: string;
  /** Unique in the cluster, such as `b-2`. */
  readonly rack: string;
  /** A key of `machines`; empty for a node that is wholly described by its manifest. */
  readonly machine: string;
  /** Beside the well-known topology labels, which the world adds. */
  readonly labels: StringMap;
  readonly taints: readonly Taint[];
  /** The Node object this node was written as (a manifest or a trace); what it says of labels, taints, capacity and allocatable wins. */
  readonly manifest: Node | undefined;
}

export interface MachineSpec {
  readonly name: string;
  /** cpu, memory, pods, and any of ephemeral-storage, hugepages-*, extended resources. */
  readonly capacity: ResourceList;
  /** What system and kubelet keep for themselves: allocatable = capacity - reserved. */
  readonly reserved: ResourceList;
  /** Currency units per hour; 0 when not given. */
  readonly pricePerHour: number;
  /** Watts with nothing running and with all CPUs busy; 0 when not given. */
  readonly idleWatts: number;
  readonly busyWatts: number;
}

export interface NetworkSpec {
  /** A profile name of the datacenter's registry, such as `lan` or `cloud-region`. */
  readonly profile: string;
  /** One-way latencies that replace the profile's, in us, by class such as `same-rack`; empty when none. */
  readonly latency: Readonly<Record<string, Distribution>>;
}

export interface ControlPlaneSpec {
  /** A vertex such as `zone/a` or `rack/a-1` that the control plane stands in and falls with; undefined: a place of its own. */
  readonly placement: string | undefined;
  /** API server replicas over one store, 1 or more. */
  readonly apiServers: number;
  /** How far behind the store the watch caches of each API server are, in us. */
  readonly watchCacheLag: Distribution;
  /** Controller managers with leader election when 2 or more. */
  readonly controllerManagers: number;
}

// Components ---------------------------------------------------------------------------------------------------------

export interface SchedulerSpec {
  /** Name of the component, such as `kube-scheduler`. */
  readonly name: string;
  /** The KubeSchedulerConfiguration as read (not yet decoded), or undefined for the defaults. */
  readonly config: ConfigDocument | undefined;
  /** Where its own plugins come from: paths that begin with `/`, `./` or `../`, and names of packages. */
  readonly plugins: readonly string[];
  /** How decisions are computed; all evaluators decide alike. */
  readonly evaluator: EvaluatorName;
  /** Among nodes with the best score: `random` as upstream does, or `first` in node order. */
  readonly tieBreak: 'random' | 'first';
  /** Simulated time of one scheduling cycle. */
  readonly cycleCost: CycleCost;
  /** Replicas with leader election when 2 or more. */
  readonly replicas: number;
}

/** A nested configuration of someone else's format, with the places of its parts. */
export interface ConfigDocument {
  /** Plain data: maps, lists, strings, numbers, booleans, null. */
  readonly value: unknown;
  readonly position: SourcePosition;
}

export interface ControllersSpec {
  /** By controller name; controllers that are not here run with their defaults. */
  readonly settings: Readonly<Record<string, ControllerSetting>>;
}

export interface ControllerSetting {
  readonly enabled: boolean;
  /** Parameters of this controller that differ from its defaults; durations in us. */
  readonly params: Readonly<Record<string, ParamValue>>;
}

/** A parameter of a controller, a fault or a kubelet profile. Durations are us, shares 0..1. */
export type ParamValue = number | string | boolean | Distribution | readonly string[];

export interface KubeletSpec {
  /** `realistic`, `instant` or another profile of the kubelet's list. */
  readonly profile: string;
  /** Values of that profile to replace, by name. */
  readonly overrides: Readonly<Record<string, ParamValue>>;
}

export interface ManifestEntry {
  readonly object: AnyObject;
  readonly position: SourcePosition;
}

// Workload -----------------------------------------------------------------------------------------------------------

export type WorkloadSpec = TraceWorkloadSpec | SyntheticWorkloadSpec;

export interface TraceWorkloadSpec {
  readonly kind: 'trace';
  /** Unique in the scenario; names the random streams and the rows of tables. */
  readonly name: string;
  /** A name of the traces registry, such as `openb`. */
  readonly format: string;
  /** Role (`pods`, `tasks`, ...) to the paths of its files, ready to open, in reading order. */
  readonly files: Readonly<Record<string, readonly string[]>>;
  /** Options of the format, by name. */
  readonly options: Readonly<Record<string, ParamValue>>;
  /** Stop after so many arrivals; Infinity for all. */
  readonly maxPods: number;
  /** Only arrivals of trace time [fromUs, untilUs); the first arrives at startUs of simulated time. */
  readonly fromUs: number;
  readonly untilUs: number;
  readonly startUs: number;
  /** Trace time is divided by this: 2 replays twice as fast. Run times are left alone. */
  readonly speedup: number;
  /** Malformed rows are counted instead of refused. */
  readonly skipBadRows: boolean;
  readonly namespace: string;
  readonly schedulerName: string;
  readonly position: SourcePosition;
}

export interface SyntheticWorkloadSpec {
  readonly kind: 'synthetic';
  readonly name: string;
  /** Time between arrivals, in us. */
  readonly interarrival: Distribution;
  /** Pods per arrival, rounded to whole numbers, at least 1. */
  readonly batch: Distribution;
  readonly startUs: number;
  /** No arrival at or after this time; Infinity for no bound. */
  readonly untilUs: number;
  /** Stop after so many pods; Infinity for no bound. */
  readonly maxPods: number;
  /** Each pod is of one shape, drawn by weight. At least one. */
  readonly shapes: readonly PodShapeSpec[];
  readonly namespace: string;
  readonly schedulerName: string;
  readonly position: SourcePosition;
}

export interface PodShapeSpec {
  readonly name: string;
  readonly weight: number;
  /** In milli-CPU. */
  readonly cpuMilli: Distribution;
  /** In bytes. */
  readonly memoryBytes: Distribution;
  /** Further resources as fixed quantities, such as `nvidia.com/gpu: 1`. */
  readonly resources: ResourceList;
  /** In us from the start of the container; undefined: runs until deleted. */
  readonly runTime: Distribution | undefined;
  readonly labels: StringMap;
  readonly nodeSelector: StringMap;
  /** Empty for none. */
  readonly priorityClassName: string;
  readonly image: string;
}

// Events -------------------------------------------------------------------------------------------------------------

export interface EventSpec {
  /** Unique in the scenario: `fault` name or action, numbered when it occurs twice; names random streams, table rows and `fault/<name>` in expectations. */
  readonly name: string;
  readonly when: Trigger;
  readonly action: EventAction;
  readonly position: SourcePosition;
}

export type Trigger =
  | { readonly kind: 'at'; readonly atUs: number }
  | {
      readonly kind: 'every';
      /** Time between occurrences, in us, drawn anew each time. */
      readonly interval: Distribution;
      /** The first interval starts here. */
      readonly fromUs: number;
      /** No occurrence after this; Infinity for none. */
      readonly untilUs: number;
      /** At most so many occurrences per clock; Infinity for no bound. */
      readonly times: number;
    };

export type EventAction =
  | { readonly kind: 'apply'; readonly objects: readonly ManifestEntry[] }
  /** `gracePeriodSeconds` undefined: the object's own; 0 deletes at once, whatever still runs (kubectl delete --force). */
  | { readonly kind: 'delete'; readonly target: ObjectRef; readonly gracePeriodSeconds: number | undefined }
  | { readonly kind: 'scale'; readonly target: ObjectRef; readonly replicas: number }
  /** `container` is empty for the only (or every) container. */
  | { readonly kind: 'set-image'; readonly target: ObjectRef; readonly container: string; readonly image: string }
  /** As `kubectl rollout restart`: an annotation of the pod template changes. */
  | { readonly kind: 'restart'; readonly target: ObjectRef }
  | { readonly kind: 'cordon'; readonly target: ObjectRef }
  | { readonly kind: 'uncordon'; readonly target: ObjectRef }
  /** Cordons the node and evicts its pods; those whose budget says no are tried again for so long. */
  | { readonly kind: 'drain'; readonly target: ObjectRef; readonly timeoutUs: number }
  /** A value of undefined removes the label. */
  | { readonly kind: 'label'; readonly target: ObjectRef; readonly labels: Readonly<Record<string, string | undefined>> }
  | FaultAction;

export interface FaultAction {
  readonly kind: 'fault';
  /** A name of the faults registry. */
  readonly fault: string;
  /**
   * What it strikes: topology patterns (`zone/b`, `rack/c-*`, `node/*`), objects or components (`component/kube-scheduler`),
   * as the fault's definition allows. Empty for faults that have a `between`.
   */
  readonly targets: readonly string[];
  /** The two ends of a link fault; undefined otherwise. */
  readonly between: readonly [string, string] | undefined;
  /** How long it lasts, in us; undefined: for ever (or for an instant, for faults without a heal). */
  readonly duration: Distribution | undefined;
  /**
   * How many of the matching targets are struck, chosen by the seed; undefined: all of them. With `every` and no `pick`
   * each matching target has a clock of its own; with `pick` there is one clock, and each occurrence chooses anew.
   */
  readonly pick: number | undefined;
  /** The fault's own parameters as written, checked against its definition. */
  readonly params: Readonly<Record<string, ParamValue>>;
  /** Where its keys are written: `target`, `target[1]`, `between[0]`, a parameter's name. For what only a whole world can tell is wrong. */
  readonly places: Readonly<Record<string, SourcePosition>>;
}

/** `deployment/web`, `deployment/shop/web`, `node/a-1-*`. */
export interface ObjectRef {
  readonly kind: string;
  /** Empty for cluster-scoped kinds. */
  readonly namespace: string;
  /** May hold `*` for nodes. */
  readonly name: string;
}

// Convergence --------------------------------------------------------------------------------------------------------

export interface ConvergeSpec {
  /** From here on the cluster is left in peace: every fault that still lasts is mended, in us. */
  readonly afterUs: number;
  /** So long after that the desired state is reached, for good, in us. */
  readonly withinUs: number;
  /** Reached means: nothing was written for so long, in us. */
  readonly quietUs: number;
  /** Names of the invariants to hold, whatever they assume; undefined: all whose assumptions the scenario leaves in place. */
  readonly invariants: readonly string[] | undefined;
  readonly position: SourcePosition;
}

// Measuring ----------------------------------------------------------------------------------------------------------

export interface MetricsSpec {
  /** Time between two samples of the time series, in us. */
  readonly intervalUs: number;
  /** Store Event objects in the API server, as a real cluster does; off by default because nothing in the model reads them. */
  readonly keepEvents: boolean;
  /** Keep one row per pod in the tables; off for traces of millions of pods. */
  readonly keepPods: boolean;
  /** Statistics leave out what happened before this time, in us. */
  readonly warmupUs: number;
}
