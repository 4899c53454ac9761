/**
 * traceStats: what a trace asks for, in numbers.
 *
 * Units     seconds, milli-CPU, bytes
 * Cost      one pass; 32 bytes per arrival for the percentiles
 */
import { compareNumbers } from '../base/compare.ts';
import type { ArrivalTemplate } from '../objects/arrival.ts';
import { newPod } from '../objects/builders.ts';
import { podRequests, type Resources } from '../objects/pod-requests.ts';
import type { Trace } from './trace.ts';

export interface Spread {
  readonly count: number;
  readonly mean: number;
  readonly min: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
  /** Squared coefficient of variation: variance by the square of the mean; 1 for gaps of a Poisson process. */
  readonly cv2: number;
}

export interface TraceStats {
  readonly arrivals: number;
  /** From the first to the last arrival. */
  readonly spanS: number;
  /** Pods that are alike in all but their times. */
  readonly shapes: number;
  readonly gapS: Spread;
  /** Of arrivals that end by themselves. */
  readonly runS: Spread;
  /** Arrivals that neither end by themselves nor are deleted. */
  readonly endless: number;
  readonly deleted: number;
  readonly failing: number;
  readonly milliCpu: Spread;
  readonly memoryBytes: Spread;
  /** Sums over all arrivals of the further resources they ask for, in name order. */
  readonly extended: readonly { readonly name: string; readonly arrivals: number; readonly total: number }[];
  /** Resource time of arrivals that end by themselves: what a cluster must deliver. */
  readonly cpuHours: number;
  readonly memoryGibHours: number;
}

const SECOND_US = 1_000_000;
const HOUR_US = 3_600 * SECOND_US;
const GIB = 1_073_741_824;

export function traceStats(trace: Trace): TraceStats {
  const resources = new Map<ArrivalTemplate, Resources>();
  const extended = new Map<string, { arrivals: number; total: number }>();
  const gaps: number[] = [];
  const runs: number[] = [];
  const cpus: number[] = [];
  const memories: number[] = [];
  const totals = { endless: 0, deleted: 0, failing: 0, milliCpuUs: 0, gibUs: 0 };
  let previousUs = Number.NaN;
  const cursor = trace.cursor();
  for (let arrival = cursor.next(); arrival !== undefined; arrival = cursor.next()) {
    const { template, runDurationUs, timeUs } = arrival;
    let requests = resources.get(template);
    if (requests === undefined) {
      requests = podRequests(newPod({}, template.spec));
      resources.set(template, requests);
    }
    if (!Number.isNaN(previousUs)) gaps.push((timeUs - previousUs) / SECOND_US);
    previousUs = timeUs;
    cpus.push(requests.milliCpu);
    memories.push(requests.memoryBytes);
    for (const [name, amount] of requests.scalars) {
      const sum = extended.get(name) ?? { arrivals: 0, total: 0 };
      extended.set(name, { arrivals: sum.arrivals + (amount > 0 ? 1 : 0), total: sum.total + amount });
    }
    if (arrival.deleteAtUs !== Infinity) totals.deleted++;
    if (arrival.exitCode !== 0) totals.failing++;
    if (runDurationUs !== Infinity) {
      runs.push(runDurationUs / SECOND_US);
      totals.milliCpuUs += requests.milliCpu * runDurationUs;
      totals.gibUs += (requests.memoryBytes / GIB) * runDurationUs;
    } else if (arrival.deleteAtUs === Infinity) totals.endless++;
  }
  return {
    arrivals: cpus.length,
    spanS: (trace.lastUs - trace.firstUs) / SECOND_US,
    shapes: resources.size,
    gapS: spreadOf(gaps),
    runS: spreadOf(runs),
    endless: totals.endless,
    deleted: totals.deleted,
    failing: totals.failing,
    milliCpu: spreadOf(cpus),
    memoryBytes: spreadOf(memories),
    extended: [...extended].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, sum]) => ({ name, ...sum })),
    cpuHours: totals.milliCpuUs / 1000 / HOUR_US,
    memoryGibHours: totals.gibUs / HOUR_US,
  };
}

/** All zero for no values. Percentiles are values that occur: the smallest with at least that share at or below it. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = Float64Array.from(values).sort(compareNumbers);
  const { length } = sorted;
  if (length === 0) return { count: 0, mean: 0, min: 0, p50: 0, p90: 0, p99: 0, max: 0, cv2: 0 };
  const at = (share: number) => sorted[Math.max(0, Math.ceil(share * length) - 1)]!;
  let sum = 0;
  for (const value of sorted) sum += value;
  const mean = sum / length;
  let squares = 0;
  for (const value of sorted) squares += (value - mean) * (value - mean);
  return {
    count: length,
    mean,
    min: sorted[0]!,
    p50: at(0.5),
    p90: at(0.9),
    p99: at(0.99),
    max: sorted[length - 1]!,
    cv2: mean === 0 ? 0 : squares / length / (mean * mean),
  };
}
