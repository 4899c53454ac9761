/**
 * Measurements: looks up the left-hand side of an expectation in a finished run.
 *
 * Every measure brings its own answers; the names it may use, with their exact definitions, are the vocabulary of
 * src/scenario/expect.ts:
 *
 *   p50 p75 p90 p95 p99 p999 mean min max (series)    pod-lifecycle, scheduling, api-traffic, recovery
 *   count(set), pods(filter...)                        pod-lifecycle, utilization, recovery (fault/<name>)
 *   availability, ready_share, lost_replica_time       availability
 *   time_to_detect, _evict, _recover, share_lost       recovery
 *   max_share_lost                                     failure-domains
 *   sequence                                           rollout
 *   replaced, evictions, preemptions                   disruptions
 *   unschedulable                                      scheduling
 *   utilization                                        utilization
 *   simulated_time                                     here
 */
import { compareCodeUnits } from '../base/compare.ts';
import type { TimeUs } from '../objects/meta.ts';
import type { LatencySketch } from './latency-sketch.ts';
import type { Answer } from './measure.ts';

export class RunMeasurements {
  private readonly answers: readonly Answer[];

  constructor(answers: readonly Answer[], endUs: TimeUs) {
    this.answers = [...answers, { name: 'simulated_time', table: 'meta', value: () => endUs, known: () => [''] }];
  }

  /** Durations in us, ratios 0..1, sequences as text; undefined when nothing was measured for these arguments. */
  value(name: string, args: readonly string[]): number | string | undefined {
    for (const answer of this.answers) {
      if (answer.name !== name) continue;
      const value = answer.value(args);
      if (value !== undefined && value === value) return value;
    }
    return undefined;
  }

  /** The table behind `value(name, args)`; empty when nothing was measured. */
  tableOf(name: string, args: readonly string[]): string {
    for (const answer of this.answers) {
      if (answer.name !== name) continue;
      const value = answer.value(args);
      if (value !== undefined && value === value) return answer.table;
    }
    return '';
  }

  /** Full spellings that have a value in this run, sorted. */
  names(): readonly string[] {
    const found = new Set<string>();
    for (const answer of this.answers) for (const args of answer.known()) found.add(args === '' ? answer.name : `${answer.name}(${args})`);
    return [...found].sort(compareCodeUnits);
  }
}

const STATISTICS: readonly (readonly [name: string, of: (sketch: LatencySketch) => number])[] = [
  ['p50', (sketch) => sketch.quantile(0.5)],
  ['p75', (sketch) => sketch.quantile(0.75)],
  ['p90', (sketch) => sketch.quantile(0.9)],
  ['p95', (sketch) => sketch.quantile(0.95)],
  ['p99', (sketch) => sketch.quantile(0.99)],
  ['p999', (sketch) => sketch.quantile(0.999)],
  ['mean', (sketch) => sketch.mean],
  ['min', (sketch) => sketch.min],
  ['max', (sketch) => sketch.max],
];

/** Answers `p99(<series>)` and its kin from a sketch. */
export function seriesAnswers(series: string, sketch: LatencySketch, table: string): Answer[] {
  return STATISTICS.map(([name, of]) => ({
    name,
    table,
    value: (args) => (args[0] === series && sketch.count > 0 ? of(sketch) : undefined),
    known: () => (sketch.count > 0 ? [series] : []),
  }));
}

/** Answers `count(<set>)`. */
export function countAnswer(set: string, table: string, count: () => number): Answer {
  return { name: 'count', table, value: (args) => (args[0] === set ? count() : undefined), known: () => [set] };
}

/** Answers a measure without arguments. */
export function plainAnswer(name: string, table: string, value: () => number): Answer {
  return { name, table, value: (args) => (args.length === 0 ? value() : undefined), known: () => [''] };
}
