/**
 * SampleClock: equally long buckets of simulated time, and series with one value per bucket.
 *
 * No event is scheduled. A bucket ends when the first change after its end is seen, and everything that is
 * sampled is a step function of the changes, so looking then shows the world exactly as it was at the end
 * of the bucket, after all events of that instant.
 *
 * When `maxPoints` buckets are full, neighbours are merged and the bucket length doubles: a series stays
 * bounded however long the run is. Cost per change: one comparison.
 *
 * Units     simulated microseconds
 */
import type { TimeUs } from '../objects/meta.ts';

/** How two buckets become one: values of a step function average, counts add up. */
export type Merge = 'mean' | 'sum' | 'max';

export class BucketSeries {
  readonly merge: Merge;
  /** One value per ended bucket; null before the series began. */
  readonly values: (number | null)[];
  private readonly clock: SampleClock;

  constructor(clock: SampleClock, merge: Merge) {
    this.clock = clock;
    this.merge = merge;
    this.values = new Array<number | null>(clock.bucketCount).fill(null);
  }

  /** The value of the bucket that is ending; called from a tick listener. */
  push(value: number): void {
    while (this.values.length < this.clock.bucketCount) this.values.push(null);
    this.values.push(value);
  }

  /** Merges neighbours; called by the clock when it is full. */
  compact(): void {
    const { values } = this;
    const half = values.length >> 1;
    for (let i = 0; i < half; i++) values[i] = merged(values[2 * i]!, values[2 * i + 1]!, this.merge);
    values.length = half;
  }
}

export class SampleClock {
  private bucketUs: number;
  private endUs: TimeUs;
  private count: number;
  private lastPartialUs: number;
  private readonly maxPoints: number;
  private readonly listeners: ((timeUs: TimeUs, widthUs: number) => void)[];
  private readonly allSeries: BucketSeries[];

  /** `periodUs` is the first bucket length; `maxPoints` is made even. */
  constructor(periodUs: number, maxPoints = 960) {
    this.bucketUs = Math.max(1, Math.ceil(periodUs));
    this.maxPoints = Math.max(2, maxPoints - (maxPoints % 2));
    this.endUs = this.bucketUs;
    this.count = 0;
    this.lastPartialUs = 0;
    this.listeners = [];
    this.allSeries = [];
  }

  /** Buckets that have ended. */
  get bucketCount(): number {
    return this.count;
  }

  get periodUs(): number {
    return this.bucketUs;
  }

  /** Calls `listener` at the end of every bucket, in order of registration. */
  onTick(listener: (timeUs: TimeUs, widthUs: number) => void): void {
    this.listeners.push(listener);
  }

  /** A series to push to from a tick listener, at most once per tick. */
  series(merge: Merge = 'mean'): BucketSeries {
    const series = new BucketSeries(this, merge);
    this.allSeries.push(series);
    return series;
  }

  /** Must be called before any change of state at `timeUs` is taken in. */
  advance(timeUs: TimeUs): void {
    if (timeUs > this.endUs) this.tickUntil(timeUs);
  }

  /** Ends all buckets up to `endUs`, the last one possibly shorter. Nothing may be advanced afterwards. */
  finish(endUs: TimeUs): void {
    // A bucket that ends exactly now is a full one.
    this.tickUntil(endUs + 1);
    const startUs = this.endUs - this.bucketUs;
    if (endUs > startUs) {
      this.lastPartialUs = endUs - startUs;
      for (const listener of this.listeners) listener(endUs, this.lastPartialUs);
      this.count++;
    }
  }

  /** End of every bucket. */
  times(): number[] {
    const times = Array.from({ length: this.count }, (_, index) => (index + 1) * this.bucketUs);
    if (this.lastPartialUs > 0) times[this.count - 1] = (this.count - 1) * this.bucketUs + this.lastPartialUs;
    return times;
  }

  private tickUntil(timeUs: TimeUs): void {
    while (timeUs > this.endUs) {
      for (const listener of this.listeners) listener(this.endUs, this.bucketUs);
      this.count++;
      if (this.count >= this.maxPoints) this.compact();
      this.endUs += this.bucketUs;
    }
  }

  private compact(): void {
    for (const series of this.allSeries) {
      while (series.values.length < this.count) series.values.push(null);
      series.compact();
    }
    this.count >>= 1;
    this.bucketUs *= 2;
  }
}

function merged(a: number | null, b: number | null, merge: Merge): number | null {
  if (a === null) return b;
  if (b === null) return a;
  if (merge === 'sum') return a + b;
  return merge === 'max' ? Math.max(a, b) : (a + b) / 2;
}

/** A number that changes at known times, its integral over time and its mean per bucket. */
export class StepIntegral {
  value: number;
  /** Of value × us, from the start of counting up to the last change. */
  private area: number;
  private sinceUs: TimeUs;
  private takenArea: number;
  max: number;

  constructor(startUs: TimeUs, value = 0) {
    this.value = value;
    this.area = 0;
    this.sinceUs = startUs;
    this.takenArea = 0;
    this.max = value;
  }

  set(timeUs: TimeUs, value: number): void {
    // Changes before the start of counting only set the value.
    if (timeUs > this.sinceUs) {
      this.area += this.value * (timeUs - this.sinceUs);
      this.sinceUs = timeUs;
    }
    this.value = value;
    if (value > this.max) this.max = value;
  }

  add(timeUs: TimeUs, delta: number): void {
    this.set(timeUs, this.value + delta);
  }

  /** The integral up to `timeUs`, in value × us. */
  total(timeUs: TimeUs): number {
    return timeUs > this.sinceUs ? this.area + this.value * (timeUs - this.sinceUs) : this.area;
  }

  /** The mean over the last `widthUs` before `timeUs`; must be called once per bucket. */
  takeMean(timeUs: TimeUs, widthUs: number): number {
    const total = this.total(timeUs);
    const mean = (total - this.takenArea) / widthUs;
    this.takenArea = total;
    return mean;
  }
}
