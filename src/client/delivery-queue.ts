/**
 * DeliveryQueue: watch events on their way to one client, with the time each is due.
 *
 * HOT       one push and one shift per delivered event
 * Layout    ring of parallel arrays, made on first use: most of 5,000 kubelets' watches are quiet
 * Order     FIFO; due times never decrease from head to tail
 */
import type { WatchEvent, WatchEventType } from '../apiserver/watch-event.ts';

export class DeliveryQueue {
  private events: (WatchEvent | undefined)[];
  private types: WatchEventType[];
  private dueUs: number[];
  private head: number;
  private count: number;

  constructor() {
    this.events = [];
    this.types = [];
    this.dueUs = [];
    this.head = 0;
    this.count = 0;
  }

  get size(): number {
    return this.count;
  }

  /** When the oldest event is due; Infinity when it is held or there is none. */
  get headDueUs(): number {
    return this.count === 0 ? Infinity : this.dueUs[this.head]!;
  }

  get headType(): WatchEventType {
    return this.types[this.head]!;
  }

  get headEvent(): WatchEvent {
    return this.events[this.head] as WatchEvent;
  }

  push(type: WatchEventType, event: WatchEvent, dueUs: number): void {
    if (this.count === this.events.length) this.grow();
    const place = (this.head + this.count) & (this.events.length - 1);
    this.events[place] = event;
    this.types[place] = type;
    this.dueUs[place] = dueUs;
    this.count++;
  }

  dropHead(): void {
    this.events[this.head] = undefined;
    this.head = (this.head + 1) & (this.events.length - 1);
    this.count--;
  }

  /** Gives every held event (due never) this due time, or that of the last event before them if it is later. */
  releaseHeld(dueUs: number): void {
    let releasedUs = dueUs;
    for (let i = 0; i < this.count; i++) {
      const place = (this.head + i) & (this.events.length - 1);
      if (this.dueUs[place] === Infinity) this.dueUs[place] = releasedUs;
      else releasedUs = Math.max(releasedUs, this.dueUs[place]!);
    }
  }

  /** Makes everything that is not held due at `dueUs` at the latest. */
  hasten(dueUs: number): void {
    for (let i = 0; i < this.count; i++) {
      const place = (this.head + i) & (this.events.length - 1);
      if (this.dueUs[place] !== Infinity) this.dueUs[place] = Math.min(this.dueUs[place]!, dueUs);
    }
  }

  clear(): void {
    this.events = [];
    this.types = [];
    this.dueUs = [];
    this.head = 0;
    this.count = 0;
  }

  private grow(): void {
    const capacity = Math.max(4, this.events.length * 2);
    const events = new Array<WatchEvent | undefined>(capacity);
    const types = new Array<WatchEventType>(capacity);
    const dueUs = new Array<number>(capacity);
    for (let i = 0; i < this.count; i++) {
      const place = (this.head + i) & (this.events.length - 1);
      events[i] = this.events[place];
      types[i] = this.types[place]!;
      dueUs[i] = this.dueUs[place]!;
    }
    this.events = events;
    this.types = types;
    this.dueUs = dueUs;
    this.head = 0;
  }
}
