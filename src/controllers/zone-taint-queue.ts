/**
 * ZoneTaintQueue: the silent nodes of one zone, waiting for their NoExecute taint at the zone's rate.
 *
 * A node once handled keeps its mark: adding it again does nothing until `remove` clears the mark.
 *
 * Models    kubernetes v1.34 pkg/controller/nodelifecycle/scheduler/rate_limited_queue.go, burst 1
 * Order     as added; a node added again after `remove`, or put back, goes to the end
 * Units     microseconds; rates in nodes per second
 */
import { SECOND_US } from '../engine/units.ts';

export class ZoneTaintQueue {
  private readonly waiting: Set<string>;
  private readonly marked: Set<string>;
  private rate: number;
  /** When the next node may be handled. */
  private freeAtUs: number;

  constructor(rate: number) {
    this.waiting = new Set();
    this.marked = new Set();
    this.rate = rate;
    this.freeAtUs = 0;
  }

  get size(): number {
    return this.waiting.size;
  }

  /** False when the node has its mark already. */
  add(node: string): boolean {
    if (this.marked.has(node)) return false;
    this.marked.add(node);
    this.waiting.add(node);
    return true;
  }

  /** Takes the node out and clears its mark. */
  remove(node: string): void {
    if (this.marked.delete(node)) this.waiting.delete(node);
  }

  /** When a waiting node could be taken; Infinity when none waits or the rate is 0. */
  get nextUs(): number {
    return this.waiting.size === 0 || this.rate <= 0 ? Infinity : this.freeAtUs;
  }

  /** The first waiting node if the rate allows it now, undefined otherwise. It waits on until `finish`. */
  tryHead(nowUs: number): string | undefined {
    if (this.nextUs > nowUs) return undefined;
    this.freeAtUs = nowUs + intervalUs(this.rate);
    const [head] = this.waiting;
    return head;
  }

  /** Ends the handling of `node`: done for good, or back to the end. A node removed meanwhile stays removed. */
  finish(node: string, isDone: boolean): void {
    if (!this.waiting.delete(node)) return;
    if (!isDone) this.waiting.add(node);
  }

  /** A new rate does not bring a new token: who had to wait still waits one interval of the new rate. */
  setRate(rate: number, nowUs: number): void {
    if (rate === this.rate) return;
    const mustWait = this.rate <= 0 || this.freeAtUs > nowUs;
    this.rate = rate;
    this.freeAtUs = mustWait && rate > 0 ? nowUs + intervalUs(rate) : nowUs;
  }
}

function intervalUs(rate: number): number {
  return Math.round(SECOND_US / rate);
}
