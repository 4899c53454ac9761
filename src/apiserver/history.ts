/**
 * HistoryWindow: the latest writes of one kind, from which a watch can resume.
 *
 * Models    kubernetes v1.34 apiserver/pkg/storage/cacher/watch_cache.go: capacity between 100 and
 *           102,400 events, doubled when full of events younger than 75 s, halved when the newest
 *           quarter is older than that
 * Cost      O(1) per write; O(log n) to find where to resume
 */
import { SECOND_US } from '../engine/units.ts';
import type { WatchEvent } from './watch-event.ts';

export const HISTORY_CAPACITY_MIN = 100;
export const HISTORY_CAPACITY_MAX = 102_400;
/** eventFreshDuration: the default request time-out and a quarter. */
export const HISTORY_FRESH_US = 75 * SECOND_US;

export class HistoryWindow {
  private events: (WatchEvent | undefined)[];
  private start: number;
  private count: number;
  private readonly capacityMax: number;
  /** Watches may resume from this revision on. */
  private floor: number;

  constructor(capacityMax: number = HISTORY_CAPACITY_MAX) {
    this.capacityMax = Math.max(1, capacityMax);
    this.events = new Array(Math.min(HISTORY_CAPACITY_MIN, this.capacityMax));
    this.start = 0;
    this.count = 0;
    this.floor = 0;
  }

  get size(): number {
    return this.count;
  }

  get capacity(): number {
    return this.events.length;
  }

  /** The oldest revision a watch can resume from; an older one is Gone. */
  get floorRevision(): number {
    return this.floor;
  }

  push(event: WatchEvent): void {
    if (this.count === this.events.length) this.adapt(event.timeUs);
    const capacity = this.events.length;
    if (this.count === capacity) {
      this.start = this.start + 1 === capacity ? 0 : this.start + 1;
      this.count--;
      // As upstream: the revision just before the oldest event kept.
      const oldest = this.count > 0 ? this.events[this.start]! : event;
      this.floor = oldest.revision - 1;
    }
    const end = this.start + this.count;
    this.events[end >= capacity ? end - capacity : end] = event;
    this.count++;
  }

  /** Calls `visit` for every event in (after, upTo], oldest first. `after` must not be below `floorRevision`. */
  forEachAfter(after: number, upTo: number, visit: (event: WatchEvent) => void): void {
    for (let i = this.firstAfter(after); i < this.count; i++) {
      const event = this.at(i);
      if (event.revision > upTo) return;
      visit(event);
    }
  }

  /** Forgets everything up to `revision` (etcd compaction). */
  dropUpTo(revision: number): void {
    const first = this.firstAfter(revision);
    const kept: WatchEvent[] = [];
    for (let i = first; i < this.count; i++) kept.push(this.at(i));
    this.refill(kept, this.events.length);
    this.floor = Math.max(this.floor, revision);
  }

  private at(index: number): WatchEvent {
    const capacity = this.events.length;
    const place = this.start + index;
    return this.events[place >= capacity ? place - capacity : place] as WatchEvent;
  }

  private firstAfter(revision: number): number {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.at(middle).revision > revision) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  private adapt(nowUs: number): void {
    const capacity = this.events.length;
    if (nowUs - this.at(0).timeUs < HISTORY_FRESH_US) {
      const doubled = Math.min(capacity * 2, this.capacityMax);
      if (doubled > capacity) this.resize(doubled);
      return;
    }
    const quarter = this.count - Math.floor(capacity / 4);
    if (quarter < this.count && nowUs - this.at(quarter).timeUs > HISTORY_FRESH_US) {
      const halved = Math.max(capacity >> 1, Math.min(HISTORY_CAPACITY_MIN, this.capacityMax));
      if (halved < capacity) this.resize(halved);
    }
  }

  private resize(capacity: number): void {
    const kept: WatchEvent[] = [];
    for (let i = Math.max(0, this.count - capacity); i < this.count; i++) kept.push(this.at(i));
    if (kept.length < this.count) this.floor = kept[0]!.revision - 1;
    this.refill(kept, capacity);
  }

  private refill(kept: readonly WatchEvent[], capacity: number): void {
    const events = new Array<WatchEvent | undefined>(capacity);
    for (let i = 0; i < kept.length; i++) events[i] = kept[i];
    this.events = events;
    this.start = 0;
    this.count = kept.length;
  }
}
