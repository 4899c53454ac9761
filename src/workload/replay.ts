/**
 * replay: the arrivals of a trace on the clock of a run.
 *
 * Differs   run times are left alone when arrivals are sped up or slowed down; deletions move with their arrivals' clock
 */
import type { ArrivalCursor, PodArrival } from '../objects/arrival.ts';

export interface ReplayOptions {
  /** Only arrivals of trace time [fromUs, untilUs). */
  readonly fromUs: number;
  readonly untilUs: number;
  /** When the first of them arrives in the run. */
  readonly startUs: number;
  /** Trace time is divided by this. */
  readonly speedup: number;
  /** Stop after so many; Infinity for all. */
  readonly maxPods: number;
}

export const WHOLE_TRACE: ReplayOptions = { fromUs: -Infinity, untilUs: Infinity, startUs: 0, speedup: 1, maxPods: Infinity };

export class ReplayCursor implements ArrivalCursor {
  private readonly source: ArrivalCursor;
  private readonly options: ReplayOptions;
  /** Trace time that is `startUs` of the run; NaN until the first arrival is known. */
  private originUs: number;
  private given: number;

  constructor(source: ArrivalCursor, options: ReplayOptions) {
    this.source = source;
    this.options = options;
    this.originUs = Number.NaN;
    this.given = 0;
  }

  next(): PodArrival | undefined {
    const { fromUs, untilUs, maxPods } = this.options;
    if (this.given >= maxPods) return undefined;
    let arrival = this.source.next();
    while (arrival !== undefined && arrival.timeUs < fromUs) arrival = this.source.next();
    if (arrival === undefined || arrival.timeUs >= untilUs) return undefined;
    if (this.given === 0) this.originUs = arrival.timeUs;
    this.given++;
    return { ...arrival, timeUs: this.onRunClock(arrival.timeUs), deleteAtUs: this.onRunClock(arrival.deleteAtUs) };
  }

  private onRunClock(timeUs: number): number {
    if (timeUs === Infinity) return Infinity;
    return this.options.startUs + Math.round((timeUs - this.originUs) / this.options.speedup);
  }
}
