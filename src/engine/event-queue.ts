/**
 * EventQueue: the pending events of one run, popped in (timeUs, priority, seq) order.
 *
 * HOT       one push and one pop per simulated event
 * Layout    binary heap over three parallel arrays, 16 bytes per event: `key` holds
 *           timeUs * 8 + priority in one double (exact up to 2^50 us, 35 years), `seq` breaks ties,
 *           `slot` is the caller's index into its own tables. Two 32-bit columns beat one more double
 *           by a sixth at 10^5 pending events (bench/engine.ts).
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

export class EventQueue {
  private key: Float64Array;
  private seq: Uint32Array;
  private slot: Int32Array;
  private length: number;
  private nextSeq: number;

  /** `firstSeq` is for tests of the renumbering. */
  constructor(capacity = 1024, firstSeq = 0) {
    this.key = new Float64Array(capacity);
    this.seq = new Uint32Array(capacity);
    this.slot = new Int32Array(capacity);
    this.length = 0;
    this.nextSeq = firstSeq;
  }

  get size(): number {
    return this.length;
  }

  /** Time of the earliest event; Infinity when empty. */
  get headTimeUs(): number {
    return this.length === 0 ? Infinity : Math.floor(this.key[0]! * 0.125);
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
    if (this.length === this.slot.length) this.grow();
    if (this.nextSeq >= SEQ_LIMIT) this.renumber();
    const key = timeUs * 8 + priority;
    const seq = tieKey < 0 ? this.nextSeq++ : tieKey;
    const keys = this.key;
    const seqs = this.seq;
    const slots = this.slot;
    let hole = this.length++;
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
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
    if (this.length === 0) fail('pop on an empty event queue');
    const keys = this.key;
    const seqs = this.seq;
    const slots = this.slot;
    const top = slots[0]!;
    const last = --this.length;
    const key = keys[last]!;
    const seq = seqs[last]!;
    const slot = slots[last]!;
    let hole = 0;
    for (let child = 1; child < last; child = 2 * hole + 1) {
      let childKey = keys[child]!;
      const right = child + 1;
      if (right < last) {
        const rightKey = keys[right]!;
        if (rightKey < childKey || (rightKey === childKey && seqs[right]! < seqs[child]!)) {
          child = right;
          childKey = rightKey;
        }
      }
      if (key < childKey || (key === childKey && seq < seqs[child]!)) break;
      keys[hole] = childKey;
      seqs[hole] = seqs[child]!;
      slots[hole] = slots[child]!;
      hole = child;
    }
    keys[hole] = key;
    seqs[hole] = seq;
    slots[hole] = slot;
    return top;
  }

  /** Gives the pending events the seqs 0, 1, 2, ... in their order; a sorted array is a valid heap. */
  private renumber(): void {
    const order = Array.from({ length: this.length }, (_, i) => i);
    order.sort((a, b) => compareNumbers(this.key[a]!, this.key[b]!) || compareNumbers(this.seq[a]!, this.seq[b]!));
    const key = this.key.slice();
    const slot = this.slot.slice();
    order.forEach((from, to) => {
      this.key[to] = key[from]!;
      this.seq[to] = to;
      this.slot[to] = slot[from]!;
    });
    this.nextSeq = this.length;
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
