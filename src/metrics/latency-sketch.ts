/**
 * LatencySketch: percentiles of any number of durations in bounded memory.
 *
 * Up to EXACT_MAX values are kept as they are and every answer is exact. Beyond that values are counted in
 * log-linear buckets: each power of two is cut into 2^bits equal parts, so a reported percentile is at most
 * a share of 2^-(bits+1) from the true one (0.4 % with the default 7 bits, 1.6 % with 5). Count, sum, smallest
 * and largest stay exact. Integer arithmetic only: the same values in any order, or merged from parts, give
 * the same buckets.
 *
 * HOT       one `add` per pod stage, attempt or request
 * Order     percentiles are nearest-rank: p99 of n values is the ceil(0.99 n)-th smallest
 * Oracle    the sorted list in latency-sketch.test.ts
 */
import { compareNumbers } from '../base/compare.ts';

const EXACT_MAX = 512;

export interface HistogramBucket {
  /** Smallest and largest integer counted here. */
  readonly lowest: number;
  readonly highest: number;
  readonly count: number;
}

export class LatencySketch {
  private readonly bits: number;
  private exact: Float64Array | undefined;
  private buckets: Float64Array;
  private size: number;
  private total: number;
  private smallest: number;
  private largest: number;

  /** `bits` is the precision, 1..10. */
  constructor(bits = 7) {
    this.bits = bits;
    this.exact = new Float64Array(16);
    this.buckets = EMPTY;
    this.size = 0;
    this.total = 0;
    this.smallest = Infinity;
    this.largest = -Infinity;
  }

  get count(): number {
    return this.size;
  }

  get sum(): number {
    return this.total;
  }

  /** NaN when empty. */
  get mean(): number {
    return this.size === 0 ? Number.NaN : this.total / this.size;
  }

  /** NaN when empty. */
  get min(): number {
    return this.size === 0 ? Number.NaN : this.smallest;
  }

  /** NaN when empty. */
  get max(): number {
    return this.size === 0 ? Number.NaN : this.largest;
  }

  get isExact(): boolean {
    return this.exact !== undefined;
  }

  /** Adds a non-negative integer; negative values count as 0. */
  add(value: number): void {
    const clamped = value > 0 ? value : 0;
    this.total += clamped;
    if (clamped < this.smallest) this.smallest = clamped;
    if (clamped > this.largest) this.largest = clamped;
    if (this.exact === undefined) this.addToBucket(clamped, 1);
    else this.addExact(clamped);
    this.size++;
  }

  /** Takes in everything `other` has counted; both must have the same precision. */
  merge(other: LatencySketch): void {
    if (other.size === 0) return;
    if (other.exact !== undefined) {
      for (let i = 0; i < other.size; i++) this.add(other.exact[i]!);
      return;
    }
    this.toBuckets();
    for (let i = 0; i < other.buckets.length; i++) if (other.buckets[i]! > 0) this.addToBucket(lowestOf(i, this.bits), other.buckets[i]!);
    this.size += other.size;
    this.total += other.total;
    this.smallest = Math.min(this.smallest, other.smallest);
    this.largest = Math.max(this.largest, other.largest);
  }

  /** The value at rank ceil(share × count); NaN when empty. `share` is 0..1. */
  quantile(share: number): number {
    if (this.size === 0) return Number.NaN;
    const rank = Math.min(this.size, Math.max(1, Math.ceil(share * this.size)));
    if (this.exact !== undefined) return this.sorted()[rank - 1]!;
    let seen = 0;
    for (let i = 0; i < this.buckets.length; i++) {
      seen += this.buckets[i]!;
      if (seen >= rank) return this.clampToSeen((lowestOf(i, this.bits) + highestOf(i, this.bits)) / 2);
    }
    return this.largest;
  }

  /** Share of the values that are at most `value`, 0..1, to bucket precision; NaN when empty. */
  shareAtMost(value: number): number {
    if (this.size === 0) return Number.NaN;
    let below = 0;
    for (const bucket of this.histogram()) if (bucket.highest <= value) below += bucket.count;
    return below / this.size;
  }

  /** The non-empty buckets in rising order, in the precision of the sketch. */
  histogram(): HistogramBucket[] {
    const counts = this.exact === undefined ? this.buckets : this.bucketsOfExact();
    const found: HistogramBucket[] = [];
    for (let i = 0; i < counts.length; i++) {
      if (counts[i]! > 0) found.push({ lowest: lowestOf(i, this.bits), highest: highestOf(i, this.bits), count: counts[i]! });
    }
    return found;
  }

  private addExact(value: number): void {
    const exact = this.exact!;
    if (this.size < exact.length) {
      exact[this.size] = value;
    } else if (exact.length < EXACT_MAX) {
      const grown = new Float64Array(exact.length * 2);
      grown.set(exact);
      grown[this.size] = value;
      this.exact = grown;
    } else {
      this.toBuckets();
      this.addToBucket(value, 1);
    }
  }

  private toBuckets(): void {
    if (this.exact === undefined) return;
    this.buckets = this.bucketsOfExact();
    this.exact = undefined;
  }

  private bucketsOfExact(): Float64Array {
    const exact = this.exact!;
    let top = 0;
    for (let i = 0; i < this.size; i++) top = Math.max(top, bucketOf(exact[i]!, this.bits));
    const buckets = new Float64Array(top + 1);
    for (let i = 0; i < this.size; i++) buckets[bucketOf(exact[i]!, this.bits)]!++;
    return buckets;
  }

  private addToBucket(value: number, count: number): void {
    const index = bucketOf(value, this.bits);
    if (index >= this.buckets.length) {
      // Grown by at least a whole power of two, so that a slow rise does not copy often.
      const grown = new Float64Array(index + (1 << this.bits));
      grown.set(this.buckets);
      this.buckets = grown;
    }
    this.buckets[index]! += count;
  }

  private sorted(): Float64Array {
    return this.exact!.slice(0, this.size).sort(compareNumbers);
  }

  private clampToSeen(value: number): number {
    return Math.min(this.largest, Math.max(this.smallest, Math.round(value)));
  }
}

const EMPTY = new Float64Array(0);

/** Values below 2^(bits+1) have a bucket each; above, 2^bits buckets per power of two. */
function bucketOf(value: number, bits: number): number {
  const integer = Math.round(value);
  if (integer < 1 << (bits + 1)) return integer;
  const exponent = exponentOf(integer);
  const shift = exponent - bits;
  const mantissa = Math.floor(integer / TWO_TO[shift]!);
  return (shift << bits) + mantissa;
}

function lowestOf(index: number, bits: number): number {
  if (index < 1 << (bits + 1)) return index;
  const shift = (index >> bits) - 1;
  return (index - (shift << bits)) * TWO_TO[shift]!;
}

function highestOf(index: number, bits: number): number {
  if (index < 1 << (bits + 1)) return index;
  const shift = (index >> bits) - 1;
  return lowestOf(index, bits) + TWO_TO[shift]! - 1;
}

/** floor(log2(integer)) for 1 <= integer < 2^53. */
function exponentOf(integer: number): number {
  if (integer < 2147483648) return 31 - Math.clz32(integer);
  return 31 + (31 - Math.clz32(Math.floor(integer / 2147483648)));
}

const TWO_TO: readonly number[] = Array.from({ length: 54 }, (_, power) => {
  let value = 1;
  for (let i = 0; i < power; i++) value *= 2;
  return value;
});
