/**
 * KindTable: all live objects of one kind, its history window, and who is told of its writes.
 *
 * HOT       one `put` or `remove` per committed write
 * Memory    O(live objects + history window)
 * Order     lists are in key order, as etcd's ranges are
 */
import { compareCodeUnits } from '../base/compare.ts';
import { MINUTE_US } from '../engine/units.ts';
import type { AnyObject, KindInfo } from '../objects/kinds.ts';
import type { ObjectKey, TimeUs } from '../objects/meta.ts';
import { HistoryWindow } from './history.ts';
import { nodeNameOf, type WatchEvent } from './watch-event.ts';

/** Sees every committed write of a kind, in order. */
export interface CommitSink {
  onCommit(event: WatchEvent): void;
}

/** How many full minutes of revisions are remembered for bookmarks. */
const BOOKMARKS_MAX = 128;

export class KindTable {
  readonly info: KindInfo;
  /** Position in the order of first use. */
  readonly id: number;
  readonly objects: Map<ObjectKey, AnyObject>;
  readonly history: HistoryWindow;
  /** The feeds of the API servers' watch caches, in server order. */
  readonly sinks: CommitSink[];
  /** Revision of the last write of this kind. */
  lastRevision: number;

  /** Node name to the keys of its pods; only for pods, whose node is not part of their name. */
  private readonly keysByNode: Map<string, Set<ObjectKey>> | undefined;
  /** The key of an object is the name of its node. */
  private readonly isKeyedByNode: boolean;
  private readonly bookmarkTimes: TimeUs[];
  private readonly bookmarkRevisions: number[];
  private nextBookmarkUs: TimeUs;

  constructor(info: KindInfo, id: number, historyCapacityMax: number | undefined) {
    this.info = info;
    this.id = id;
    this.objects = new Map();
    this.history = new HistoryWindow(historyCapacityMax);
    this.sinks = [];
    this.lastRevision = 0;
    this.keysByNode = info.kind === 'Pod' || info.kind === 'VolumeAttachment' ? new Map() : undefined;
    this.isKeyedByNode = info.kind === 'Node' || info.kind === 'CSINode';
    this.bookmarkTimes = [];
    this.bookmarkRevisions = [];
    this.nextBookmarkUs = 0;
  }

  /** Stores the outcome of a write; `announce` then tells the feeds. */
  record(event: WatchEvent): void {
    if (event.timeUs >= this.nextBookmarkUs) this.rememberMinute(event.timeUs);
    const { key, object } = event;
    if (event.type === 'DELETED') {
      this.objects.delete(key);
      if (this.keysByNode !== undefined) this.unindex(nodeNameOf(event.old as AnyObject), key);
    } else {
      this.objects.set(key, object);
      if (this.keysByNode !== undefined) {
        const node = nodeNameOf(object);
        const before = event.old === undefined ? '' : nodeNameOf(event.old);
        if (node !== before) {
          this.unindex(before, key);
          this.index(node, key);
        }
      }
    }
    this.lastRevision = event.revision;
    this.history.push(event);
  }

  announce(event: WatchEvent): void {
    const { sinks } = this;
    for (let i = 0; i < sinks.length; i++) sinks[i]!.onCommit(event);
  }

  /** All objects, or those of one namespace, node or selection, in key order. */
  list(namespace: string | undefined, nodeName: string | undefined, select: ((object: AnyObject) => boolean) | undefined): AnyObject[] {
    if (nodeName !== undefined && this.keysByNode !== undefined) {
      const found: AnyObject[] = [];
      for (const key of this.keysByNode.get(nodeName) ?? []) found.push(this.objects.get(key) as AnyObject);
      return filterAndSort(found, namespace, undefined, select);
    }
    if (nodeName !== undefined && this.isKeyedByNode) {
      const object = this.objects.get(nodeName);
      return object === undefined ? [] : filterAndSort([object], namespace, nodeName, select);
    }
    return filterAndSort(this.objects.values(), namespace, nodeName, select);
  }

  /** The revision of this kind at the last full minute at or before `timeUs`; 0 when that is not remembered. */
  bookmarkAt(timeUs: TimeUs): number {
    const minuteUs = Math.floor(timeUs / MINUTE_US) * MINUTE_US;
    // No write since that minute began: everything up to the last write was there.
    if (minuteUs >= this.nextBookmarkUs) return this.lastRevision;
    for (let i = this.bookmarkTimes.length - 1; i >= 0; i--) {
      if (this.bookmarkTimes[i]! <= minuteUs) return this.bookmarkRevisions[i]!;
    }
    return 0;
  }

  private rememberMinute(nowUs: TimeUs): void {
    const minuteUs = Math.floor(nowUs / MINUTE_US) * MINUTE_US;
    // lastRevision stood unchanged from the previous write's minute to the start of this one; a bookmark
    // for any full minute in between is found at the earliest of them.
    this.bookmarkTimes.push(this.nextBookmarkUs);
    this.bookmarkRevisions.push(this.lastRevision);
    if (this.bookmarkTimes.length > BOOKMARKS_MAX) {
      this.bookmarkTimes.shift();
      this.bookmarkRevisions.shift();
    }
    this.nextBookmarkUs = minuteUs + MINUTE_US;
  }

  private index(node: string, key: ObjectKey): void {
    if (node === '') return;
    const keys = (this.keysByNode as Map<string, Set<ObjectKey>>).get(node);
    if (keys === undefined) (this.keysByNode as Map<string, Set<ObjectKey>>).set(node, new Set([key]));
    else keys.add(key);
  }

  private unindex(node: string, key: ObjectKey): void {
    if (node === '') return;
    const keys = (this.keysByNode as Map<string, Set<ObjectKey>>).get(node);
    if (keys === undefined) return;
    keys.delete(key);
    if (keys.size === 0) (this.keysByNode as Map<string, Set<ObjectKey>>).delete(node);
  }
}

/** The selected objects in key order. Namespaced keys sort by namespace, then name, as `/registry/<kind>/` ranges do. */
export function filterAndSort(
  objects: Iterable<AnyObject>,
  namespace: string | undefined,
  nodeName: string | undefined,
  select: ((object: AnyObject) => boolean) | undefined,
): AnyObject[] {
  const found: AnyObject[] = [];
  for (const object of objects) {
    if (namespace !== undefined && object.metadata.namespace !== namespace) continue;
    if (nodeName !== undefined && nodeNameOf(object) !== nodeName) continue;
    if (select !== undefined && !select(object)) continue;
    found.push(object);
  }
  return found.sort(compareByKey);
}

function compareByKey(a: AnyObject, b: AnyObject): number {
  const left = a.metadata;
  const right = b.metadata;
  return left.namespace === right.namespace ? compareCodeUnits(left.name, right.name) : compareCodeUnits(left.namespace, right.namespace);
}
