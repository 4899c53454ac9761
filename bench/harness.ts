/**
 * Timing for the benches: processor time, not wall time, the median of several rounds, and side by
 * side rounds for ratios, so that a machine whose speed drifts slows both sides alike.
 */

export interface Row {
  readonly what: string;
  readonly figure: string;
  readonly note: string;
}

export interface Bench {
  readonly name: string;
  readonly summary: string;
  /** Takes minutes: runs only when it is named. */
  readonly isLong?: boolean;
  /** Runs in a thread that is set up as those of `seatrial fuzz`. */
  readonly hasManyWorlds?: boolean;
  run(options: BenchOptions): Row[] | Promise<Row[]>;
}

/** What a bench needs is not there; the message says where to get it. */
export class MissingInput extends Error {}

export interface BenchOptions {
  /** Smaller sizes, for a quick look. */
  readonly quick: boolean;
  say(line: string): void;
}

/** Processor seconds (user and system) that `work` takes. */
export function cpuSeconds(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const spent = process.cpuUsage(before);
  return (spent.user + spent.system) / 1e6;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Runs the contenders in turn, `rounds` times after a warm-up, and gives the median seconds of each. */
export function sideBySide(contenders: readonly (() => number)[], rounds: number): number[] {
  const times: number[][] = contenders.map(() => []);
  for (const contender of contenders) contender();
  for (let round = 0; round < rounds; round++) {
    for (const [i, contender] of contenders.entries()) times[i]!.push(contender());
  }
  return times.map(median);
}

export function millions(perSecond: number): string {
  return `${(perSecond / 1e6).toFixed(2)} M/s`;
}

export function ratio(value: number): string {
  return `${value.toFixed(2)}x`;
}

/** Peak resident memory of this process so far, in MB. */
export function peakMemoryMb(): number {
  return process.resourceUsage().maxRSS / 1024;
}
