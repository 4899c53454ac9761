/**
 * Expectations: what a run must show, such as `p99(pod.startup) <= 5s`. The language, its vocabulary and the look-up
 * that metrics offers.
 *
 * Grammar   expectation := measure comparator value
 *           measure     := name [ "(" [ argument { "," argument } ] ")" ]
 *           argument    := word [ ("=" | "!=") word ]           words are letters, digits and . _ / - * : %
 *           comparator  := ">=" | "<=" | "==" | "!=" | ">" | "<"
 *           value       := number [ "%" | duration unit | factor ]  |  pair { "," pair }      a pair is `3/0`
 * Units     ratios are 0..1, durations us, everything else plain numbers; a value must have the unit of its measure
 */

/**
 * Answers of a finished (or interrupted) run to the measures of MEASURES. `src/metrics` implements it; it cannot import this
 * file (lower layer), so it is matched by shape where the world is put together.
 */
export interface Measurements {
  /**
   * The value of measure `name` with `args` as written between the parentheses (trimmed, without blanks around commas).
   * Durations in us, ratios 0..1, counts as numbers, sequences as text `3/0, 3/1`. undefined: nothing was measured, for
   * example no pod ever started, or no such deployment; the expectation then fails with "not measured".
   */
  value(name: string, args: readonly string[]): number | string | undefined;
  /** The table of the result the value was taken from; empty when there is none. */
  tableOf(name: string, args: readonly string[]): string;
  /** Full spellings that had a value in this run (`availability(deployment/web)`), for hints; sorted. */
  names(): readonly string[];
}

export type MeasureUnit = 'ratio' | 'duration' | 'count' | 'number' | 'sequence';

export interface MeasureInfo {
  readonly name: string;
  readonly unit: MeasureUnit;
  /** Names of the positional arguments; a trailing `?` marks an optional one, a trailing `*` any number. */
  readonly args: readonly string[];
  /** Definition, precise enough to implement. */
  readonly summary: string;
  readonly example: string;
}

/** Sample series that the statistics p50 … max can be asked of. All are durations. */
export const SERIES: Readonly<Record<string, string>> = {
  'pod.startup': 'creation of the pod object to the pod being Ready, pods that became Ready; image pulls included',
  'pod.scheduling': 'creation of the pod object to its binding being stored',
  'pod.queue_wait': 'time in the scheduling queue until the attempt that succeeded',
  'pod.run': 'binding to start of the first container',
  'pod.completion': 'creation of the pod object to phase Succeeded',
  'pod.termination': 'deletionTimestamp being set to the object being gone',
  'scheduler.cycle': 'one scheduling attempt, from pop to decision',
  'api.request': 'one API request as its client saw it',
  'fault.detection': 'start of a fault on a node to the node being marked not ready',
  'fault.recovery': 'start of a fault to every workload it hurt having all replicas ready again',
};

export const STATISTICS: readonly string[] = ['p50', 'p75', 'p90', 'p95', 'p99', 'p999', 'mean', 'min', 'max'];

/** Sets that `count(...)` counts. `.total` counters are over the whole run, the others at its end. */
export const SETS: Readonly<Record<string, string>> = {
  'pods.pending': 'pods of phase Pending at the end',
  'pods.unscheduled': 'pods without a node at the end',
  'pods.running': 'pods of phase Running at the end',
  'pods.ready': 'pods that are Ready at the end',
  'pods.succeeded': 'pods that finished with phase Succeeded, whole run',
  'pods.failed': 'pods that finished with phase Failed, whole run',
  'pods.created': 'pod objects created, whole run',
  'pods.deleted': 'pod objects removed, whole run',
  'pods.terminating': 'pods with a deletionTimestamp at the end',
  'nodes.total': 'Node objects at the end',
  'nodes.ready': 'nodes whose Ready condition is True at the end',
  'nodes.used': 'nodes that hold at least one pod that has not finished, at the end',
  'containers.restarts': 'container restarts, whole run',
};

export const MEASURES: readonly MeasureInfo[] = [
  ...STATISTICS.map(
    (name): MeasureInfo => ({
      name,
      unit: 'duration',
      args: ['series'],
      summary: `${name} of a sample series`,
      example: `${name}(pod.startup) <= 5s`,
    }),
  ),
  {
    name: 'count',
    unit: 'count',
    args: ['set'],
    summary: 'size of a set; with fault/<name>, how often that fault struck',
    example: 'count(pods.pending) == 0',
  },
  {
    name: 'availability',
    unit: 'ratio',
    args: ['workload', 'threshold?'],
    summary:
      'share of the time, from the moment the workload first had all its replicas ready to the end, in which at least `threshold` replicas (a count or a share of the wanted replicas, default 1) were ready',
    example: 'availability(deployment/web) >= 99.9%',
  },
  {
    name: 'ready_share',
    unit: 'ratio',
    args: ['workload'],
    summary: 'time average of ready over wanted replicas (at most 1), over the same time as availability',
    example: 'ready_share(deployment/web) >= 98%',
  },
  {
    name: 'lost_replica_time',
    unit: 'duration',
    args: ['workload'],
    summary: 'integral of (wanted - ready) replicas over the same time as availability',
    example: 'lost_replica_time(deployment/web) <= 30m',
  },
  {
    name: 'time_to_detect',
    unit: 'duration',
    args: ['fault'],
    summary: 'longest time from an occurrence of the fault to the first struck node being marked not ready',
    example: 'time_to_detect(fault/zone-outage) <= 60s',
  },
  {
    name: 'time_to_evict',
    unit: 'duration',
    args: ['fault'],
    summary: 'longest time from an occurrence of the fault to the first pod of a struck node being deleted because of it',
    example: 'time_to_evict(fault/zone-outage) <= 6m',
  },
  {
    name: 'time_to_recover',
    unit: 'duration',
    args: ['fault'],
    summary:
      'longest time from an occurrence of the fault to every workload it hurt having all its wanted replicas ready again; not measured while one has not recovered',
    example: 'time_to_recover(fault/zone-outage) <= 6m',
  },
  {
    name: 'share_lost',
    unit: 'ratio',
    args: ['workload', 'fault'],
    summary: 'largest share of the replicas ready just before an occurrence of the fault that stood on machines it took down',
    example: 'share_lost(deployment/web, fault/node-crash) <= 25%',
  },
  {
    name: 'max_share_lost',
    unit: 'ratio',
    args: ['workload', 'level'],
    summary: 'share of the replicas running at the end that the worst single domain of that level (region, zone, power, rack, node) holds',
    example: 'max_share_lost(deployment/web, zone) <= 34%',
  },
  {
    name: 'sequence',
    unit: 'sequence',
    args: ['workload'],
    summary: 'ready replicas of the old and the new template, each change once, since the first update of the template',
    example: 'sequence(deployment/web) == 3/0, 3/1, 2/1, 2/2, 1/2, 1/3, 0/3',
  },
  {
    name: 'pods',
    unit: 'count',
    args: ['filter*'],
    summary:
      'pods at the end with all the filters: phase, namespace, node, zone, ready (true/false) or a label, each as key=value or key!=value',
    example: 'pods(phase=Running, app=web) == 3',
  },
  {
    name: 'replaced',
    unit: 'count',
    args: ['workload'],
    summary: 'pods of the workload that were deleted or failed after they had been ready, rollouts and scaling down included',
    example: 'replaced(deployment/web) == 0',
  },
  {
    name: 'evictions',
    unit: 'count',
    args: ['workload?'],
    summary: 'pods deleted by taint eviction, by the eviction API or by node pressure',
    example: 'evictions == 0',
  },
  { name: 'preemptions', unit: 'count', args: [], summary: 'pods deleted to make room for others', example: 'preemptions == 0' },
  {
    name: 'unschedulable',
    unit: 'count',
    args: [],
    summary: 'pods without a node at the end whose last scheduling attempt failed',
    example: 'unschedulable == 0',
  },
  {
    name: 'utilization',
    unit: 'ratio',
    args: ['resource', 'statistic?'],
    summary: 'requested over allocatable of the whole cluster: mean over time (default), max, or end',
    example: 'utilization(cpu) >= 60%',
  },
  {
    name: 'violations',
    unit: 'count',
    args: ['invariant?'],
    summary: 'how often an invariant did not hold, or any of those that were watched; only with spec.converge',
    example: 'violations == 0',
  },
  {
    name: 'time_to_converge',
    unit: 'duration',
    args: [],
    summary:
      'from the end of the last event and fault to the last write before the cluster stayed as wanted; not measured when it never did; only with spec.converge',
    example: 'time_to_converge <= 10m',
  },
  { name: 'simulated_time', unit: 'duration', args: [], summary: 'when the run ended', example: 'simulated_time <= 2h' },
];

export type Comparator = '>=' | '<=' | '==' | '!=' | '>' | '<';

/** A parsed expectation. */
export interface Expectation {
  /** As written. */
  readonly text: string;
  readonly measure: string;
  readonly args: readonly string[];
  readonly comparator: Comparator;
  /** In the measure's unit: us, 0..1, a number, or a normalized sequence `3/0, 3/1`. */
  readonly bound: number | string;
  readonly unit: MeasureUnit;
  readonly file: string;
  /** 1-based; 0 when not known. */
  readonly line: number;
  readonly column: number;
}

export type ExpectationStatus = 'met' | 'not-met' | 'unknown';

/** A judged expectation; has every field of the saved result's expectation. */
export interface ExpectationResult {
  readonly text: string;
  /** `unknown`: nothing was measured, which counts as not met. */
  readonly status: ExpectationStatus;
  /** What was measured, as people read it: `99.95%`, `4.2s`; empty when nothing was. */
  readonly measured: string;
  /** Why it could not be judged, or what was expected; empty when met. */
  readonly detail: string;
  /** The table the number comes from; empty when unknown. */
  readonly table: string;
  /** What was measured, in the measure's unit; undefined when nothing was. */
  readonly actual: number | string | undefined;
  readonly file: string;
  readonly line: number;
}
