/**
 * EventQueue: the pending events of one run, popped in (timeUs, priority, seq) order.
 *
 * HOT       one push and one pop per simulated event
 * Layout    4-ary heap over three parallel arrays, 16 bytes per event: `key` holds
 *           timeUs * 8 + priority in one double (exact up to 2^50 us, 35 years), `seq` breaks ties,
 *           `slot` is the caller's index into its own tables. The root stands at index 3, so that the
 *           four children of i stand at 4i-8 .. 4i-5: one aligned run of 32 bytes of keys.
 *
 *               index  3 | 4 5 6 7 | 8 .. 11 | 12 .. 15 | ...
 *                    root| its     | children| children |
 *                        | children| of 4    | of 5     |
 *
 *           The earliest child is found by a small tournament without branches on the random outcome
 *           ((b < a) | 0 is an index offset), which a mispredicting processor rewards: 1.3 times the plain
 *           binary heap at 10^5 pending events, 1.45 times at 10^3 (bench/engine.ts).
 * Order     seq grows with every push, so events at the same time and priority pop in push order. When
 *           it would pass 2^32 the pending events are renumbered in their order.
 * Oracle    NaiveEventQueue in event-queue.test.ts
 */
import { compareNumbers } from '../base/compare.ts';
import { fail } from '../base/invariant.ts';

/** Exclusive bound of `priority`. */
export const PRIORITY_COUNT = 8;
/** Exclusive bound of event times: 35 simulated years. */
export const TIME_LIMIT_US = 1_125_899_906_842_624; // 2^50
const SEQ_LIMIT = 4_294_967_296;

/** Index of the root; see Layout. */
const ROOT = 3;

export class EventQueue {
  private key: Float64Array;
  private seq: Uint32Array;
  private slot: Int32Array;
  /** One past the last event's index. */
  private end: number;
  private nextSeq: number;

  /** `firstSeq` is for tests of the renumbering. */
  constructor(capacity = 1024, firstSeq = 0) {
    this.key = new Float64Array(capacity + ROOT);
    this.seq = new Uint32Array(capacity + ROOT);
    this.slot = new Int32Array(capacity + ROOT);
    this.end = ROOT;
    this.nextSeq = firstSeq;
  }

  get size(): number {
    return this.end - ROOT;
  }

  /** Time of the earliest event; Infinity when empty. */
  get headTimeUs(): number {
    return this.end === ROOT ? Infinity : Math.floor(this.key[ROOT]! * 0.125);
  }

  /**
   * Adds `slot` at `timeUs` (an integer from 0 below TIME_LIMIT_US) with `priority` 0..7, lower first.
   * `tieKey` (an unsigned 32-bit integer) takes the place of push order among simultaneous events; it
   * serves tests that shuffle them.
   */
  push(timeUs: number, priority: number, slot: number, tieKey = -1): void {
    if (!(timeUs >= 0 && timeUs < TIME_LIMIT_US && Math.floor(timeUs) === timeUs)) {
      fail(`event time must be an integer number of microseconds below 2^50, got ${timeUs}`);
    }
    if (this.end === this.slot.length) this.grow();
    if (this.nextSeq >= SEQ_LIMIT) this.renumber();
    const key = timeUs * 8 + priority;
    const seq = tieKey < 0 ? this.nextSeq++ : tieKey;
    const keys = this.key;
    const seqs = this.seq;
    const slots = this.slot;
    let hole = this.end++;
    while (hole > ROOT) {
      const parent = (hole + 8) >> 2;
      const parentKey = keys[parent]!;
      // Keys first: seq is read only on a tie.
      if (parentKey < key || (parentKey === key && seqs[parent]! <= seq)) break;
      keys[hole] = parentKey;
      seqs[hole] = seqs[parent]!;
      slots[hole] = slots[parent]!;
      hole = parent;
    }
    keys[hole] = key;
    seqs[hole] = seq;
    slots[hole] = slot;
  }

  /** Removes the earliest event and returns its slot. */
  pop(): number {
    if (this.end === ROOT) fail('pop on an empty event queue');
    const keys = this.key;
    const seqs = this.seq;
    const slots = this.slot;
    const top = slots[ROOT]!;
    const last = --this.end;
    // The last event fills the hole: it sinks until no child is earlier.
    const key = keys[last]!;
    const seq = seqs[last]!;
    const slot = slots[last]!;
    let hole = ROOT;
    let child = 4;
    while (child < last) {
      const best = child + 3 < last ? earliestOfFour(keys, seqs, child) : earliestBefore(keys, seqs, child, last);
      const bestKey = keys[best]!;
      if (key < bestKey || (key === bestKey && seq < seqs[best]!)) break;
      keys[hole] = bestKey;
      seqs[hole] = seqs[best]!;
      slots[hole] = slots[best]!;
      hole = best;
      child = 4 * hole - 8;
    }
    keys[hole] = key;
    seqs[hole] = seq;
    slots[hole] = slot;
    return top;
  }

  /** Gives the pending events the seqs 0, 1, 2, ... in their order; a sorted array is a valid heap. */
  private renumber(): void {
    const order = Array.from({ length: this.size }, (_, i) => i + ROOT);
    order.sort((a, b) => compareNumbers(this.key[a]!, this.key[b]!) || compareNumbers(this.seq[a]!, this.seq[b]!));
    const key = this.key.slice();
    const slot = this.slot.slice();
    order.forEach((from, rank) => {
      this.key[rank + ROOT] = key[from]!;
      this.seq[rank + ROOT] = rank;
      this.slot[rank + ROOT] = slot[from]!;
    });
    this.nextSeq = this.size;
  }

  private grow(): void {
    const capacity = Math.max(16, this.slot.length * 2);
    const key = new Float64Array(capacity);
    key.set(this.key);
    const seq = new Uint32Array(capacity);
    seq.set(this.seq);
    const slot = new Int32Array(capacity);
    slot.set(this.slot);
    this.key = key;
    this.seq = seq;
    this.slot = slot;
  }
}

/** Index of the earliest of the events at first .. first+3. */
function earliestOfFour(keys: Float64Array, seqs: Uint32Array, first: number): number {
  const a = keys[first]!;
  const b = keys[first + 1]!;
  const c = keys[first + 2]!;
  const d = keys[first + 3]!;
  // Booleans as 0 or 1: the outcome moves an index instead of steering a branch.
  const left = a === b ? first + (Number(seqs[first + 1]! < seqs[first]!) | 0) : first + (Number(b < a) | 0);
  const right = c === d ? first + 2 + (Number(seqs[first + 3]! < seqs[first + 2]!) | 0) : first + 2 + (Number(d < c) | 0);
  const leftKey = keys[left]!;
  const rightKey = keys[right]!;
  if (leftKey === rightKey) return seqs[right]! < seqs[left]! ? right : left;
  return left + (right - left) * (Number(rightKey < leftKey) | 0);
}

/** Index of the earliest of the events at first .. end-1 (one to three of them). */
function earliestBefore(keys: Float64Array, seqs: Uint32Array, first: number, end: number): number {
  let best = first;
  for (let i = first + 1; i < end; i++) {
    const key = keys[i]!;
    const bestKey = keys[best]!;
    if (key < bestKey || (key === bestKey && seqs[i]! < seqs[best]!)) best = i;
  }
  return best;
}
