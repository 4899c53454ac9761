/**
 * Seats: how many requests a server works on at once; the rest wait in order.
 *
 * Cost      O(1) per request
 */
import { RingBuffer } from '../base/ring-buffer.ts';

/** A request that waits for a seat. */
export interface SeatWaiter {
  /** False when it has stopped waiting (timed out, connection gone). */
  readonly wantsSeat: boolean;
  onSeat(): void;
  /** The server went down. */
  onServerDown(): void;
}

export class Seats {
  readonly limit: number;
  private taken: number;
  private readonly queue: RingBuffer<SeatWaiter>;

  constructor(limit: number) {
    this.limit = limit;
    this.taken = 0;
    this.queue = new RingBuffer();
  }

  get inUse(): number {
    return this.taken;
  }

  get queueLength(): number {
    return this.queue.size;
  }

  /** Takes a seat if one is free and nobody waits. */
  tryTake(): boolean {
    if (this.taken >= this.limit || this.queue.size > 0) return false;
    this.taken++;
    return true;
  }

  /** Queues `waiter`; its `onSeat` is called when it has a seat. */
  wait(waiter: SeatWaiter): void {
    this.queue.push(waiter);
  }

  /** Gives a seat back; the longest waiting request gets it. */
  release(): void {
    this.taken--;
    while (this.taken < this.limit) {
      const next = this.queue.shift();
      if (next === undefined) return;
      if (!next.wantsSeat) continue;
      this.taken++;
      next.onSeat();
    }
  }

  /** Frees all seats and turns everyone away: the server went down. */
  clear(): void {
    this.taken = 0;
    for (let next = this.queue.shift(); next !== undefined; next = this.queue.shift()) {
      if (next.wantsSeat) next.onServerDown();
    }
  }
}
