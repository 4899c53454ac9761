/**
 * Informer: a component's own, possibly stale, copy of all objects of one kind.
 *
 * It lists once and then watches. What it shows lags the store by link latency and by whatever a
 * fault adds; it never sees a later change before an earlier one of the same kind, and says nothing
 * about the order of changes to different kinds.
 *
 * Models    client-go tools/cache SharedIndexInformer v1.34
 * Differs   handlers run right after the cache has changed, in order of registration, so the lister
 *           is never ahead of the handlers; upstream gives each handler its own queue
 */
import type { Op } from '../engine/process.ts';
import type { Kind, ObjectOf } from '../objects/kinds.ts';
import type { ObjectKey, TimeUs } from '../objects/meta.ts';

export interface Lister<T> {
  readonly size: number;
  get(key: ObjectKey): T | undefined;
  /** In cache insertion order. The array is shared until the next change: do not modify it. */
  list(): readonly T[];
  /** In cache insertion order. */
  inNamespace(namespace: string): readonly T[];
  /** Objects whose index function gave `value`, in the order they entered this bucket. O(result). */
  byIndex(index: string, value: string): readonly T[];
}

export interface EventHandlers<T> {
  /** `isInitial`: part of the first list. */
  onAdd?(object: T, isInitial: boolean): void;
  /** `old` and `next` can have different uids (delete and create seen as one), and equal resourceVersions on a resync. */
  onUpdate?(old: T, next: T): void;
  /**
   * `last` is the last state known here. `isTombstone`: it is missing from a new list, so it may have changed again before its end, which
   * nobody here saw (DeletedFinalStateUnknown). `known` is what this cache showed until now.
   */
  onDelete?(last: T, isTombstone: boolean, known: T): void;
}

/**
 * The heartbeat leases as a Lease informer shows them, in a form to compute with: while `version` stays, a node's lease
 * was last renewed at the last of firstUs, firstUs + periodUs, ... that is not after viewUs and endUs.
 */
export interface HeartbeatView {
  /** The cache shows the state of this time; -1 before its first list. */
  readonly viewUs: TimeUs;
  /** Changes whenever any node's renewals start or stop. */
  readonly version: number;
  /** The node's latest renewals; undefined without a lease. They may begin after viewUs: ask leaseRenewTimeUs then. */
  renewalsOf(nodeName: string): { readonly firstUs: TimeUs; readonly periodUs: number; readonly endUs: TimeUs } | undefined;
}

export interface Informer<T> extends Lister<T> {
  readonly kind: string;
  /** Whether the first list has arrived. */
  readonly hasSynced: boolean;
  /** Revision up to which this cache is complete; 0 before the first list. */
  readonly lastResourceVersion: number;
  /** Handlers added after the first list are told the present content as initial adds, at once. */
  addHandlers(handlers: EventHandlers<T>): void;
  /** Adding the same name again is allowed and keeps the first function. */
  addIndex(name: string, valuesOf: (object: T) => readonly string[]): void;
  /** On a Lease informer: the renewTime this cache shows for the node's heartbeat lease; -1 when it shows none. */
  leaseRenewTimeUs(nodeName: string): number;
  /** The same for readers that look at thousands of nodes at a time. */
  readonly heartbeats: HeartbeatView;
}

export interface InformerFilter {
  /** Only pods bound to this node; for other kinds, only the object of that node (see `nodeNameOf`). */
  readonly nodeName?: string;
  /** Stands for label and field selectors; must be pure. Two filters are the same only if they share this function. */
  readonly select?: (object: never) => boolean;
}

export interface InformerFactory {
  /** The process's one informer of this kind and filter, started on first use. */
  of<K extends Kind>(kind: K, filter?: InformerFilter): Informer<ObjectOf<K>>;
  /** Waits until every informer made so far has synced. */
  waitForSync(): Op<void>;
  /** Whether every informer made so far has synced. */
  readonly hasSynced: boolean;
  /** Calls `run` once, when every informer made so far has synced; from inside an event. For plain-event code. */
  whenSynced(run: () => void): void;
}
