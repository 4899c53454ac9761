/**
 * WatchFeed: one API server's watch cache for one kind, and the watches it serves.
 *
 *   live   ──pause / lag──>  own copy, fed later  ──caught up, no dial set──>  live
 *
 * While no dial is set the cache is the store's own table: a live feed costs nothing but the
 * dispatch. A paused or lagging feed keeps a copy of its own.
 *
 * HOT       `onCommit` runs once per committed write and server
 * Models    kubernetes v1.34 apiserver/pkg/storage/cacher: dispatch by trigger index (spec.nodeName),
 *           old/new selector matching, resume from the history window, 410 below it
 * Differs   the few milliseconds by which a healthy watch cache lags etcd are part of the delivery latency
 * Order     every watch sees strictly increasing revisions; watches are told in order of registration,
 *           unfiltered ones first, then by node, then by selector
 * Cost      a write touches only the watches interested in it; selector watches are asked one by one
 */
import { RingBuffer } from '../base/ring-buffer.ts';
import type { Distribution } from '../engine/distributions.ts';
import { sampleUs } from '../engine/distributions.ts';
import type { EventKind } from '../engine/engine.ts';
import type { Rng } from '../engine/rng.ts';
import { type ApiStatus, gone } from '../objects/api-status.ts';
import type { AnyObject } from '../objects/kinds.ts';
import type { ObjectKey, TimeUs } from '../objects/meta.ts';
import { type CommitSink, filterAndSort, type KindTable } from './kind-table.ts';
import type { Store } from './store.ts';
import { nodeNameOf, seenAs, type WatchEvent, type WatchEventType, type WatchFilter } from './watch-event.ts';

/** The client's end of a watch. Called at the moment the server sends; the receiver adds the way. */
export interface WatchSink {
  offer(type: WatchEventType, event: WatchEvent): void;
  /** The server ended the watch (restart, compaction, slow reader); nothing more is offered. */
  onServerClose(reason: string): void;
}

interface SelectorWatch {
  readonly sink: WatchSink;
  readonly select: (object: AnyObject) => boolean;
}

export class WatchFeed implements CommitSink {
  readonly table: KindTable;
  private readonly store: Store;
  private readonly rng: Rng;
  private readonly applyKind: EventKind<WatchFeed>;
  private readonly all: WatchSink[];
  private readonly byNode: Map<string, WatchSink[]>;
  private readonly selectors: SelectorWatch[];

  /** The cache's own state; undefined while it is the store's. */
  private own: Map<ObjectKey, AnyObject> | undefined;
  private readonly waiting: RingBuffer<WatchEvent>;
  private readonly waitingDueUs: RingBuffer<number>;
  private lastDueUs: TimeUs;
  private isApplyScheduled: boolean;
  private paused: boolean;
  private pausedAtUs: TimeUs;
  private lag: Distribution | undefined;
  private applied: number;
  /** Watches cannot resume from below this: the revision at which this server first listed the kind. */
  private readonly listedRevision: number;

  /** `listedRevision`: the store's revision when this server began to follow it. */
  constructor(store: Store, table: KindTable, rng: Rng, listedRevision: number, applyKind: EventKind<WatchFeed>) {
    this.table = table;
    this.store = store;
    this.rng = rng;
    this.applyKind = applyKind;
    this.all = [];
    this.byNode = new Map();
    this.selectors = [];
    this.own = undefined;
    this.waiting = new RingBuffer();
    this.waitingDueUs = new RingBuffer();
    this.lastDueUs = 0;
    this.isApplyScheduled = false;
    this.paused = false;
    this.pausedAtUs = 0;
    this.lag = undefined;
    this.applied = 0;
    this.listedRevision = listedRevision;
  }

  /** Revision up to which the cache shows every write of this kind. */
  get appliedRevision(): number {
    const isCurrent = this.own === undefined || (!this.paused && this.waiting.size === 0);
    return isCurrent ? this.store.revision : this.applied;
  }

  /** The revision a bookmark sent at the last full minute at or before `timeUs` carried; 0 when that is not remembered. */
  bookmarkAt(timeUs: TimeUs): number {
    return Math.min(this.table.bookmarkAt(timeUs), this.appliedRevision);
  }

  get isPaused(): boolean {
    return this.paused;
  }

  /** Everything written until then is visible here. For what is not written one by one (node heartbeats). */
  get viewTimeUs(): TimeUs {
    if (this.paused) return this.pausedAtUs;
    return this.waiting.size > 0 ? (this.waiting.peek() as WatchEvent).timeUs : this.store.engine.nowUs;
  }

  /** How long until everything written so far is visible here; Infinity while paused. */
  get catchUpUs(): number {
    if (this.waiting.size === 0) return 0;
    return this.paused ? Infinity : Math.max(0, this.lastDueUs - this.store.engine.nowUs);
  }

  get(key: ObjectKey): AnyObject | undefined {
    return (this.own ?? this.table.objects).get(key);
  }

  /** Cached objects in key order. */
  list(namespace: string | undefined, nodeName: string | undefined, select: ((object: AnyObject) => boolean) | undefined): AnyObject[] {
    if (this.own === undefined) return this.table.list(namespace, nodeName, select);
    return filterAndSort(this.own.values(), namespace, nodeName, select);
  }

  /**
   * Begins a watch of everything after `fromRevision`: what the cache already has is offered at once, the rest as it
   * comes. 410 when the history does not reach back that far.
   */
  watch(sink: WatchSink, filter: WatchFilter, fromRevision: number): ApiStatus | undefined {
    const floor = Math.max(this.table.history.floorRevision, this.listedRevision);
    if (fromRevision < floor) return gone(`too old resource version: ${fromRevision} (${floor})`);
    this.table.history.forEachAfter(fromRevision, this.appliedRevision, (event) => {
      const type = typeFor(event, filter);
      if (type !== undefined) sink.offer(type, event);
    });
    if (filter.select !== undefined) {
      const { nodeName, select } = filter;
      const matches = nodeName === undefined ? select : (object: AnyObject) => nodeNameOf(object) === nodeName && select(object);
      this.selectors.push({ sink, select: matches });
    } else if (filter.nodeName !== undefined) {
      const sinks = this.byNode.get(filter.nodeName);
      if (sinks === undefined) this.byNode.set(filter.nodeName, [sink]);
      else sinks.push(sink);
    } else {
      this.all.push(sink);
    }
    return undefined;
  }

  /** Ends a watch. Does nothing when the server has already ended it. */
  unwatch(sink: WatchSink, filter: WatchFilter): void {
    if (filter.select !== undefined) {
      const index = this.selectors.findIndex((watch) => watch.sink === sink);
      if (index >= 0) this.selectors.splice(index, 1);
      return;
    }
    const sinks = filter.nodeName === undefined ? this.all : this.byNode.get(filter.nodeName);
    const index = sinks?.indexOf(sink) ?? -1;
    if (index < 0) return;
    sinks?.splice(index, 1);
    if (filter.nodeName !== undefined && sinks?.length === 0) this.byNode.delete(filter.nodeName);
  }

  /** Ends all watches, as a restart, a compaction or a re-list of the cache does. */
  closeAll(reason: string): void {
    const sinks = [...this.all];
    for (const node of this.byNode.values()) sinks.push(...node);
    for (const watch of this.selectors) sinks.push(watch.sink);
    this.all.length = 0;
    this.byNode.clear();
    this.selectors.length = 0;
    for (const sink of sinks) sink.onServerClose(reason);
  }

  /** Watches served. */
  get watchCount(): number {
    let count = this.all.length + this.selectors.length;
    for (const sinks of this.byNode.values()) count += sinks.length;
    return count;
  }

  onCommit(event: WatchEvent): void {
    if (this.own === undefined) {
      this.dispatch(event);
      return;
    }
    const lagUs = this.lag === undefined ? 0 : sampleUs(this.lag, this.rng);
    this.lastDueUs = Math.max(this.lastDueUs, this.store.engine.nowUs + lagUs);
    this.waiting.push(event);
    this.waitingDueUs.push(this.lastDueUs);
    this.scheduleApply();
  }

  /** From now on nothing new becomes visible through this cache. */
  pause(): void {
    if (this.paused) return;
    this.detach();
    this.pausedAtUs = this.viewTimeUs;
    this.paused = true;
  }

  /** What was held back becomes visible, at once as far as it is due. */
  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    this.scheduleApply();
    this.attachIfCaughtUp();
  }

  /** Delays every later write by a sample of `lag`, in order; undefined for no delay: what was held back becomes visible at once. */
  setLag(lag: Distribution | undefined): void {
    this.lag = lag?.kind === 'constant' && lag.value === 0 ? undefined : lag;
    if (this.lag !== undefined) {
      this.detach();
    } else if (this.own !== undefined && !this.paused) {
      this.lastDueUs = this.store.engine.nowUs;
      while (this.waiting.size > 0) {
        this.waitingDueUs.shift();
        this.applyOne(this.waiting.shift() as WatchEvent);
      }
      this.attachIfCaughtUp();
    }
  }

  /** Event handler: makes everything that is due visible. */
  applyDue(): void {
    this.isApplyScheduled = false;
    if (this.paused) return;
    const nowUs = this.store.engine.nowUs;
    while (this.waiting.size > 0 && (this.waitingDueUs.peek() as number) <= nowUs) {
      this.waitingDueUs.shift();
      this.applyOne(this.waiting.shift() as WatchEvent);
    }
    this.scheduleApply();
    this.attachIfCaughtUp();
  }

  private applyOne(event: WatchEvent): void {
    const own = this.own as Map<ObjectKey, AnyObject>;
    if (event.type === 'DELETED') own.delete(event.key);
    else own.set(event.key, event.object);
    this.applied = event.revision;
    this.dispatch(event);
  }

  private scheduleApply(): void {
    if (this.isApplyScheduled || this.paused || this.waiting.size === 0) return;
    this.isApplyScheduled = true;
    const dueUs = Math.max(this.store.engine.nowUs, this.waitingDueUs.peek() as number);
    this.store.engine.scheduleAt(this.applyKind, dueUs, this.table.id, this);
  }

  private detach(): void {
    if (this.own !== undefined) return;
    this.own = new Map(this.table.objects);
    this.applied = this.store.revision;
    this.lastDueUs = this.store.engine.nowUs;
  }

  private attachIfCaughtUp(): void {
    if (!this.paused && this.lag === undefined && this.waiting.size === 0) this.own = undefined;
  }

  private dispatch(event: WatchEvent): void {
    const { all, selectors } = this;
    for (let i = 0; i < all.length; i++) all[i]!.offer(event.type, event);
    if (this.byNode.size > 0) this.dispatchByNode(event);
    for (let i = 0; i < selectors.length; i++) {
      const type = seenAs(event, selectors[i]!.select);
      if (type !== undefined) selectors[i]!.sink.offer(type, event);
    }
  }

  private dispatchByNode(event: WatchEvent): void {
    const before = event.old === undefined ? '' : nodeNameOf(event.old);
    const now = event.type === 'DELETED' ? '' : nodeNameOf(event.object);
    if (before === now) {
      if (now !== '') this.offerToNode(now, 'MODIFIED', event);
      return;
    }
    if (before !== '') this.offerToNode(before, 'DELETED', event);
    if (now !== '') this.offerToNode(now, 'ADDED', event);
  }

  private offerToNode(nodeName: string, type: WatchEventType, event: WatchEvent): void {
    const sinks = this.byNode.get(nodeName);
    if (sinks === undefined) return;
    for (let i = 0; i < sinks.length; i++) sinks[i]!.offer(type, event);
  }
}

function typeFor(event: WatchEvent, filter: WatchFilter): WatchEventType | undefined {
  const { nodeName, select } = filter;
  if (nodeName === undefined && select === undefined) return event.type;
  return seenAs(event, (object) => (nodeName === undefined || nodeNameOf(object) === nodeName) && (select === undefined || select(object)));
}
