/**
 * EventQueue: the pending events of one run, popped in (timeUs, priority, seq) order.
 *
 * HOT       one push and one pop per simulated event
 * Layout    binary heap over parallel arrays; `slot` is the caller's index into its own tables
 * Order     priority and seq are packed into one double: priority * 2^45 + seq. seq is unique and
 *           increasing, so events at the same time and priority pop in push order. Eight
 *           priorities and 3.5e13 events fit exactly.
 * Oracle    NaiveEventQueue in event-queue.test.ts
 */
import { fail } from '../base/invariant.ts';

const PRIORITY_STEP = 35_184_372_088_832; // 2^45
/** Exclusive bound of `priority`. */
export const PRIORITY_COUNT = 8;

export class EventQueue {
  private timeUs: Float64Array;
  private order: Float64Array;
  private slot: Int32Array;
  private length: number;
  private nextSeq: number;

  constructor(capacity = 1024) {
    this.timeUs = new Float64Array(capacity);
    this.order = new Float64Array(capacity);
    this.slot = new Int32Array(capacity);
    this.length = 0;
    this.nextSeq = 0;
  }

  get size(): number {
    return this.length;
  }

  /** Time of the earliest event; Infinity when empty. */
  get headTimeUs(): number {
    return this.length === 0 ? Infinity : this.timeUs[0]!;
  }

  /**
   * Adds `slot` at `timeUs` (an integer) with `priority` 0..7, lower first. `seq` breaks ties; leave
   * it out for push order. A given `seq` (0..2^45-1) serves tests that shuffle simultaneous events.
   */
  push(timeUs: number, priority: number, slot: number, seq: number = this.nextSeq++): void {
    if (!Number.isSafeInteger(timeUs)) fail(`event time must be an integer number of microseconds, got ${timeUs}`);
    if (this.length === this.slot.length) this.grow();
    const order = priority * PRIORITY_STEP + seq;
    const times = this.timeUs;
    const orders = this.order;
    const slots = this.slot;
    let hole = this.length++;
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      const parentTime = times[parent]!;
      // Times first: order is read only on a tie.
      if (parentTime < timeUs || (parentTime === timeUs && orders[parent]! < order)) break;
      times[hole] = parentTime;
      orders[hole] = orders[parent]!;
      slots[hole] = slots[parent]!;
      hole = parent;
    }
    times[hole] = timeUs;
    orders[hole] = order;
    slots[hole] = slot;
  }

  /** Removes the earliest event and returns its slot. */
  pop(): number {
    if (this.length === 0) fail('pop on an empty event queue');
    const times = this.timeUs;
    const orders = this.order;
    const slots = this.slot;
    const top = slots[0]!;
    const last = --this.length;
    const time = times[last]!;
    const order = orders[last]!;
    const slot = slots[last]!;
    let hole = 0;
    for (let child = 1; child < last; child = 2 * hole + 1) {
      let childTime = times[child]!;
      const right = child + 1;
      if (right < last) {
        const rightTime = times[right]!;
        if (rightTime < childTime || (rightTime === childTime && orders[right]! < orders[child]!)) {
          child = right;
          childTime = rightTime;
        }
      }
      if (time < childTime || (time === childTime && order < orders[child]!)) break;
      times[hole] = childTime;
      orders[hole] = orders[child]!;
      slots[hole] = slots[child]!;
      hole = child;
    }
    times[hole] = time;
    orders[hole] = order;
    slots[hole] = slot;
    return top;
  }

  private grow(): void {
    const capacity = Math.max(16, this.slot.length * 2);
    const timeUs = new Float64Array(capacity);
    timeUs.set(this.timeUs);
    const order = new Float64Array(capacity);
    order.set(this.order);
    const slot = new Int32Array(capacity);
    slot.set(this.slot);
    this.timeUs = timeUs;
    this.order = order;
    this.slot = slot;
  }
}
