/**
 * SharedInformer: the Informer of a running process: a cache, a reflector that fills it, and handlers.
 *
 * HOT       `apply` once per delivered watch event
 * Models    client-go SharedIndexInformer and DeltaFIFO v1.34: Add of a known key is an update, Delete of an unknown one
 *           nothing; a relist deletes what is missing with the last state known (DeletedFinalStateUnknown)
 */
import type { Store } from '../apiserver/store.ts';
import type { WatchEvent, WatchEventType, WatchFilter } from '../apiserver/watch-event.ts';
import type { AnyObject, Kind } from '../objects/kinds.ts';
import { keyOf, type ObjectKey } from '../objects/meta.ts';
import type { Connection } from './connection.ts';
import type { EventHandlers, HeartbeatView, Informer } from './informer.ts';
import { InformerCache } from './informer-cache.ts';
import { Reflector, type ReflectorTarget } from './reflector.ts';
import type { RestClient } from './rest-client.ts';
import type { ResyncRange } from './resync.ts';
import { uniformBetweenUs } from './resync.ts';

export class SharedInformer implements Informer<AnyObject>, ReflectorTarget {
  readonly kind: string;
  readonly reflector: Reflector;
  /** True when it holds only some objects of its kind. */
  readonly isFiltered: boolean;
  private readonly client: RestClient;
  private readonly cache: InformerCache;
  private readonly handlers: EventHandlers<AnyObject>[];
  private readonly syncListeners: (() => void)[];
  private isSynced: boolean;
  /** Made on first use: only informers of leases are asked for it. */
  private heartbeatView: HeartbeatView | undefined;

  constructor(client: RestClient, connection: Connection, kind: Kind, filter: WatchFilter, resync: ResyncRange | undefined) {
    this.kind = kind;
    this.isFiltered = filter.nodeName !== undefined || filter.select !== undefined;
    this.client = client;
    this.cache = new InformerCache();
    this.handlers = [];
    this.syncListeners = [];
    this.isSynced = false;
    this.heartbeatView = undefined;
    this.reflector = new Reflector(client, connection, kind, filter, this);
    if (resync !== undefined) {
      const periodUs = uniformBetweenUs(resync, client.rng.fork(`resync/${kind}`));
      client.scope.every('informer.resync', periodUs, () => this.resync());
    }
  }

  get size(): number {
    return this.cache.size;
  }

  get hasSynced(): boolean {
    return this.isSynced;
  }

  get lastResourceVersion(): number {
    return this.reflector.lastRevision;
  }

  get(key: ObjectKey): AnyObject | undefined {
    return this.cache.get(key);
  }

  list(): readonly AnyObject[] {
    return this.cache.list();
  }

  inNamespace(namespace: string): readonly AnyObject[] {
    return this.cache.inNamespace(namespace);
  }

  byIndex(index: string, value: string): readonly AnyObject[] {
    return this.cache.byIndex(index, value);
  }

  addIndex(name: string, valuesOf: (object: AnyObject) => readonly string[]): void {
    this.cache.addIndex(name, valuesOf);
  }

  addHandlers(handlers: EventHandlers<AnyObject>): void {
    this.handlers.push(handlers);
    if (this.isSynced) for (const object of this.cache.list()) handlers.onAdd?.(object, true);
  }

  leaseRenewTimeUs(nodeName: string): number {
    const viewUs = this.reflector.viewTimeUs;
    const { store } = this.client.access.servers[0]!;
    return viewUs < 0 ? -1 : (store.leases.find(nodeName)?.renewedAtUs(viewUs) ?? -1);
  }

  get heartbeats(): HeartbeatView {
    this.heartbeatView ??= this.viewHeartbeats();
    return this.heartbeatView;
  }

  whenSynced(run: () => void): void {
    if (this.isSynced) run();
    else this.syncListeners.push(run);
  }

  replace(items: readonly AnyObject[], _revision: number): void {
    const isInitial = !this.isSynced;
    if (isInitial) {
      // Readers that a handler wakes must find the whole list.
      for (const object of items) this.cache.put(keyOf(object), object);
      this.isSynced = true;
      for (const object of items) this.tellAdd(object, true);
      if (!this.client.scope.isAlive) return;
      const listeners = this.syncListeners.splice(0);
      for (const listener of listeners) listener();
      return;
    }
    const listed = new Set<ObjectKey>();
    for (const object of items) {
      const key = keyOf(object);
      listed.add(key);
      this.upsert(key, object);
    }
    for (const key of [...this.cache.keys()]) if (!listed.has(key)) this.remove(key, undefined, true);
  }

  apply(type: WatchEventType, event: WatchEvent): void {
    if (type !== 'DELETED') this.upsert(event.key, event.object);
    else this.remove(event.key, event.type === 'DELETED' ? event.object : undefined, false);
  }

  /** Tells all handlers of every object again, as an update to itself. */
  resync(): void {
    if (!this.isSynced) return;
    for (const object of this.cache.list()) {
      for (const handlers of this.handlers) handlers.onUpdate?.(object, object);
    }
  }

  private upsert(key: ObjectKey, object: AnyObject): void {
    const old = this.cache.put(key, object);
    // A relist repeats what is already here: no change, and only resync handlers would want to hear of it.
    if (old === object) return;
    if (old === undefined) {
      this.tellAdd(object, false);
      return;
    }
    const { handlers } = this;
    for (let i = 0; i < handlers.length && this.client.scope.isAlive; i++) handlers[i]!.onUpdate?.(old, object);
  }

  /** `last` is the state the deletion event carries; without one, the last state known here counts. */
  private remove(key: ObjectKey, last: AnyObject | undefined, isTombstone: boolean): void {
    const old = this.cache.remove(key);
    if (old === undefined) return;
    const { handlers } = this;
    for (let i = 0; i < handlers.length && this.client.scope.isAlive; i++) handlers[i]!.onDelete?.(last ?? old, isTombstone, old);
  }

  private tellAdd(object: AnyObject, isInitial: boolean): void {
    const { handlers } = this;
    for (let i = 0; i < handlers.length && this.client.scope.isAlive; i++) handlers[i]!.onAdd?.(object, isInitial);
  }

  private viewHeartbeats(): HeartbeatView {
    return new ReflectedHeartbeats(this.reflector, this.client.access.servers[0]!.store.leases);
  }
}

class ReflectedHeartbeats implements HeartbeatView {
  private readonly reflector: Reflector;
  private readonly leases: Store['leases'];

  constructor(reflector: Reflector, leases: Store['leases']) {
    this.reflector = reflector;
    this.leases = leases;
  }

  get viewUs(): number {
    return this.reflector.viewTimeUs;
  }

  get version(): number {
    return this.leases.version;
  }

  renewalsOf(nodeName: string): ReturnType<HeartbeatView['renewalsOf']> {
    return this.leases.find(nodeName)?.latest;
  }
}
