/**
 * WatchStream: one watch, from the server's dispatch to the client's cache: the delay of the link, the
 * lag a fault adds, and what piles up while nobody can read.
 *
 * HOT       `offer` once per (write, interested watch), `deliver` at most once per delivered event
 * Models    kubernetes v1.34 watch over HTTP/2; a reader that is stuck for too long is cut off by the server
 * Differs   the server's per-watch channel (10 to 1000 events) and the transport's buffers are one limit of 2000 events,
 *           applied only to a reader that is stuck, not to one that is merely far away
 * Order     strictly increasing revisions
 */
import type { ApiServer } from '../apiserver/api-server.ts';
import type { ObjectList } from '../apiserver/request.ts';
import type { WatchEvent, WatchEventType, WatchFilter } from '../apiserver/watch-event.ts';
import type { WatchSink } from '../apiserver/watch-feed.ts';
import { meanOf, sampleUs } from '../engine/distributions.ts';
import { type EventHandle, type EventKind, NO_EVENT } from '../engine/engine.ts';
import type { Result } from '../objects/api-status.ts';
import type { AnyObject } from '../objects/kinds.ts';
import type { ApiAccess } from './api-access.ts';
import type { Connection } from './connection.ts';
import { DeliveryQueue } from './delivery-queue.ts';
import type { WatchDial } from './watch-dials.ts';

/** Who reads a watch. */
export interface WatchReader {
  onWatchEvent(type: WatchEventType, event: WatchEvent): void;
  /** This watch is over, after everything that still arrived. */
  onWatchEnd(stream: WatchStream, reason: string): void;
}

const STUCK_EVENTS_MAX = 2000;

/** The event kind all streams of a world share. */
export class WatchDelivery {
  readonly kind: EventKind<WatchStream>;

  constructor(access: ApiAccess) {
    this.kind = access.engine.defineKind<WatchStream>('watch.deliver', (_, stream) => stream.deliver());
  }
}

export class WatchStream implements WatchSink {
  readonly kind: string;
  readonly filter: WatchFilter;
  /** Revision of the last event delivered, or where the watch began. */
  lastRevision: number;

  private readonly id: number;
  private readonly connection: Connection;
  private readonly access: ApiAccess;
  private readonly reader: WatchReader;
  private readonly queue: DeliveryQueue;
  private dial: WatchDial | undefined;
  private server: ApiServer | undefined;
  private handle: EventHandle;
  private lastDueUs: number;
  private isOpen: boolean;
  private isWaitingForThaw: boolean;
  /** The server has ended the watch; the reader learns it after the queue. */
  private endReason: string;
  private endedAtUs: number;
  /** Revision up to which everything of this kind had been delivered or was in the queue when the watch ended. */
  private bookmark: number;

  constructor(connection: Connection, reader: WatchReader, kind: string, filter: WatchFilter, fromRevision: number) {
    this.kind = kind;
    this.filter = filter;
    this.lastRevision = fromRevision;
    this.id = connection.access.newId();
    this.connection = connection;
    this.access = connection.access;
    this.reader = reader;
    this.queue = new DeliveryQueue();
    this.dial = this.access.dials.find(connection.component, kind);
    this.server = undefined;
    this.handle = NO_EVENT;
    this.lastDueUs = 0;
    this.isOpen = true;
    this.isWaitingForThaw = false;
    this.endReason = '';
    this.endedAtUs = Infinity;
    this.bookmark = 0;
    this.dial?.streams.add(this);
    connection.addStream(this);
  }

  /** Where a later watch can resume: the last event, or the last minute's bookmark that came after it. */
  get resumeRevision(): number {
    return Math.max(this.lastRevision, this.bookmark);
  }

  /** Everything committed until then is delivered. For what is not written one by one (node heartbeats). */
  get viewTimeUs(): number {
    const { engine } = this.access;
    let untilUs = Math.min(engine.nowUs, this.endedAtUs, this.connection.inboundCutSinceUs);
    if (this.server !== undefined && this.isOpen) untilUs = Math.min(untilUs, this.server.feed(this.kind).viewTimeUs);
    if (this.dial !== undefined) {
      untilUs = Math.min(untilUs, this.dial.frozenSinceUs);
      if (this.dial.lag !== undefined) untilUs -= Math.round(meanOf(this.dial.lag));
    }
    return untilUs;
  }

  useDial(dial: WatchDial): void {
    this.dial = dial;
    dial.streams.add(this);
  }

  /** At the server: begins the watch. Gives an empty list, or why not. */
  begin(server: ApiServer): Result<AnyObject | ObjectList> {
    if (!this.isOpen) return { items: [], resourceVersion: 0 };
    this.server = server;
    const refusal = server.watch(this.kind, this, this.filter, this.lastRevision);
    if (refusal !== undefined) this.server = undefined;
    return refusal ?? { items: [], resourceVersion: this.lastRevision };
  }

  offer(type: WatchEventType, event: WatchEvent): void {
    const { dial } = this;
    if (dial !== undefined && dial.losses.length > 0 && dial.loses(type, event)) return;
    const nowUs = this.access.engine.nowUs;
    const linkUs = this.connection.inUs();
    let dueUs = Infinity;
    if (linkUs >= 0) {
      dueUs = nowUs + linkUs;
      if (dial?.lag !== undefined) dueUs += sampleUs(dial.lag, dial.rng);
    }
    if (dueUs < this.lastDueUs) dueUs = this.lastDueUs;
    this.lastDueUs = dueUs;
    this.queue.push(type, event, dueUs);
    if (this.handle === NO_EVENT) {
      if (this.queue.size === 1 && dueUs !== Infinity)
        this.handle = this.access.engine.schedule(this.access.delivery.kind, dueUs - nowUs, this.id, this);
      else if (this.queue.size > STUCK_EVENTS_MAX) this.cutOff();
    }
  }

  onServerClose(reason: string): void {
    if (this.endReason !== '') return;
    this.noteEnd(reason);
    this.server = undefined;
    this.schedule();
  }

  /** Engine event: delivers what is due. */
  deliver(): void {
    this.handle = NO_EVENT;
    if (!this.isOpen || this.isHeld()) return;
    const nowUs = this.access.engine.nowUs;
    const { queue } = this;
    while (queue.size > 0 && queue.headDueUs <= nowUs) {
      const type = queue.headType;
      const event = queue.headEvent;
      queue.dropHead();
      this.lastRevision = event.revision;
      this.reader.onWatchEvent(type, event);
      // The reader may have crashed its process, or closed this watch.
      if (!this.isOpen) return;
    }
    this.schedule();
  }

  /** Looks again after a dial was turned, the process thawed, or the link healed. */
  kick(): void {
    if (this.isOpen) this.schedule();
  }

  /** The lag is over: what it still holds back arrives now. */
  hasten(): void {
    if (!this.isOpen) return;
    const { engine } = this.access;
    this.queue.hasten(engine.nowUs);
    if (this.lastDueUs !== Infinity) this.lastDueUs = Math.min(this.lastDueUs, engine.nowUs);
    if (this.handle !== NO_EVENT) engine.cancel(this.handle);
    this.handle = NO_EVENT;
    this.schedule();
  }

  onInboundHealed(): void {
    if (!this.isOpen) return;
    const nowUs = this.access.engine.nowUs;
    if (this.lastDueUs === Infinity) {
      this.lastDueUs = nowUs + Math.max(0, this.connection.inUs());
      this.queue.releaseHeld(this.lastDueUs);
    }
    this.schedule();
  }

  /** The connection broke: what was not delivered never is. */
  onConnectionLost(reason: string): void {
    if (!this.isOpen) return;
    this.noteEnd(reason);
    this.close();
    // The reader runs inside the event that noticed the loss; a frozen process notices later.
    this.connection.scope.whenThawed(() => this.reader.onWatchEnd(this, reason));
  }

  /** Ends the watch from the client's side, without telling the reader. */
  close(): void {
    if (!this.isOpen) return;
    this.noteEnd('closed');
    this.isOpen = false;
    this.server?.unwatch(this.kind, this, this.filter);
    this.server = undefined;
    this.queue.clear();
    if (this.handle !== NO_EVENT) this.access.engine.cancel(this.handle);
    this.handle = NO_EVENT;
    this.connection.removeStream(this);
    this.dial?.streams.delete(this);
  }

  private cutOff(): void {
    this.server?.unwatch(this.kind, this, this.filter);
    this.server = undefined;
    this.noteEnd('slow reader');
  }

  private noteEnd(reason: string): void {
    if (this.endReason === '') this.endReason = reason;
    if (this.endedAtUs !== Infinity) return;
    const { engine } = this.access;
    this.endedAtUs = Math.min(engine.nowUs, this.connection.inboundCutSinceUs);
    // A bookmark counts only if everything before it was delivered.
    if (this.server !== undefined && this.queue.size === 0) {
      this.bookmark = this.server.feed(this.kind).bookmarkAt(this.endedAtUs);
    }
  }

  private isHeld(): boolean {
    if (this.dial?.isFrozen === true) return true;
    const { scope } = this.connection;
    if (!scope.isFrozen) return false;
    if (!this.isWaitingForThaw) {
      this.isWaitingForThaw = true;
      scope.whenThawed(() => {
        this.isWaitingForThaw = false;
        this.kick();
      });
    }
    return true;
  }

  private schedule(): void {
    if (this.handle !== NO_EVENT || this.isHeld()) return;
    const { engine } = this.access;
    if (this.queue.size > 0) {
      const dueUs = this.queue.headDueUs;
      if (dueUs !== Infinity) {
        this.handle = engine.scheduleAt(this.access.delivery.kind, Math.max(engine.nowUs, dueUs), this.id, this);
      }
    } else if (this.endReason !== '') {
      const reason = this.endReason;
      this.close();
      this.reader.onWatchEnd(this, reason);
    }
  }
}
