/**
 * InFlight: the pods that are being scheduled right now, and every cluster event since they were popped.
 *
 * Models    kubernetes v1.34 pkg/scheduler/backend/queue/active_queue.go (inFlightPods, inFlightEvents)
 *
 * One list holds pods, at the place where they were popped, and events in between:
 *
 *     pod A - event 1 - pod B - event 2 - event 3        A missed 1 2 3, B missed 2 3
 *
 * When a pod is done, the events at the head of the list that no earlier pod waits for are dropped. An
 * attempt that fails replays what it missed: a wake-up cannot be lost between "no node fits" and the
 * pod's arrival in the unschedulable pool.
 */
import { fail } from '../base/invariant.ts';
import type { ClusterEvent } from './cluster-event.ts';

export interface InFlightEvent {
  readonly event: ClusterEvent;
  readonly old: unknown;
  readonly next: unknown;
}

interface Link {
  /** undefined for a pod's place. */
  readonly event: InFlightEvent | undefined;
  next: Link | undefined;
  previous: Link | undefined;
}

export class InFlight {
  private readonly podLinks: Map<string, Link>;
  private head: Link | undefined;
  private tail: Link | undefined;
  private events: number;

  constructor() {
    this.podLinks = new Map();
    this.head = undefined;
    this.tail = undefined;
    this.events = 0;
  }

  get podCount(): number {
    return this.podLinks.size;
  }

  get eventCount(): number {
    return this.events;
  }

  has(uid: string): boolean {
    return this.podLinks.has(uid);
  }

  addPod(uid: string): void {
    if (this.podLinks.has(uid)) fail(`pod ${uid} is in flight already`);
    this.podLinks.set(uid, this.append(undefined));
  }

  /** Records an event for every pod now in flight; nothing when there is none. */
  addEvent(event: ClusterEvent, old: unknown, next: unknown): void {
    if (this.podLinks.size === 0) return;
    this.append({ event, old, next });
    this.events++;
  }

  /** The pod's attempt is over. False when it was not in flight. */
  removePod(uid: string): boolean {
    const link = this.podLinks.get(uid);
    if (link === undefined) return false;
    this.podLinks.delete(uid);
    this.unlink(link);
    while (this.head?.event !== undefined) {
      this.unlink(this.head);
      this.events--;
    }
    return true;
  }

  /** Calls `visit` for each event since the pod was popped, in order, until it returns false. */
  forEachMissed(uid: string, visit: (missed: InFlightEvent) => boolean): void {
    for (let link = this.podLinks.get(uid)?.next; link !== undefined; link = link.next) {
      if (link.event !== undefined && !visit(link.event)) return;
    }
  }

  private append(event: InFlightEvent | undefined): Link {
    const link: Link = { event, next: undefined, previous: this.tail };
    if (this.tail === undefined) this.head = link;
    else this.tail.next = link;
    this.tail = link;
    return link;
  }

  private unlink(link: Link): void {
    if (link.previous === undefined) this.head = link.next;
    else link.previous.next = link.next;
    if (link.next === undefined) this.tail = link.previous;
    else link.next.previous = link.previous;
  }
}
