/**
 * ApiServer: one replica over the store. Writes and quorum reads go to the store at once; cache reads
 * and watches go through this replica's own watch caches, which may lag or stand still.
 *
 * Models    kubernetes v1.34 kube-apiserver: registry, admission, watch cache, request limits
 * Differs   no authentication or authorization: every request is allowed; a limit/continue list is one list
 * Order     replicas are told of a commit in the order they were made
 */
import type { Distribution } from '../engine/distributions.ts';
import type { EventKind } from '../engine/engine.ts';
import type { Rng } from '../engine/rng.ts';
import { SECOND_US } from '../engine/units.ts';
import { type ApiStatus, isApiStatus, notFound, type Result, serverTimeout } from '../objects/api-status.ts';
import type { AnyObject, Kind, ObjectOf } from '../objects/kinds.ts';
import type { ObjectKey } from '../objects/meta.ts';
import type { AdmissionEnvironment, AdmissionStepDef } from './admission/admission.ts';
import { AdmissionChain } from './admission/chain.ts';
import { bindPod } from './binding.ts';
import { evictPod } from './eviction.ts';
import type { KindTable } from './kind-table.ts';
import type { ApiRequest, ListRequest, ObjectList, PatchRequest, UpdateRequest } from './request.ts';
import { RequestRules } from './request-rules.ts';
import { Seats } from './seats.ts';
import { DEFAULT_SERVICE, type ServiceProfile } from './service-model.ts';
import type { Store } from './store.ts';
import type { WatchFilter } from './watch-event.ts';
import { WatchFeed, type WatchSink } from './watch-feed.ts';

export interface ApiServerOptions {
  /** Unique in a world. Default `apiserver-0`. */
  readonly name?: string;
  /** Network endpoint; default `control-plane`. */
  readonly endpoint?: string;
  /** In order; usually those of admission/registry.ts. */
  readonly admission: readonly AdmissionStepDef[];
  /** Default DEFAULT_SERVICE. */
  readonly service?: ServiceProfile;
  /** Refuse to create in a missing namespace, as upstream does, instead of making the namespace. Default false. */
  readonly strictNamespaces?: boolean;
}

/** How long a cached read waits for its cache: blockTimeout, cacher.go. */
const CACHE_WAIT_US_MAX = 3 * SECOND_US;

export class ApiServer {
  readonly name: string;
  readonly endpoint: string;
  readonly store: Store;
  readonly service: ServiceProfile;
  readonly seats: Seats;
  /** Faults on requests. */
  readonly rules: RequestRules;
  private readonly rng: Rng;
  private readonly chain: AdmissionChain;
  private readonly feeds: Map<string, WatchFeed>;
  private readonly applyKind: EventKind<WatchFeed>;
  private readonly stateListeners: (() => void)[];
  private up: boolean;
  private startCount: number;
  private startRevision: number;
  /** What feeds made later begin with. */
  private pausesAll: boolean;
  private lagOfAll: Distribution | undefined;

  constructor(store: Store, options: ApiServerOptions) {
    const { engine } = store;
    this.name = options.name ?? 'apiserver-0';
    this.endpoint = options.endpoint ?? 'control-plane';
    this.store = store;
    this.service = options.service ?? DEFAULT_SERVICE;
    this.seats = new Seats(this.service.seats);
    this.rules = new RequestRules();
    this.rng = engine.rng.fork(`apiserver/${this.name}`);
    this.chain = new AdmissionChain(options.admission, new StoreEnvironment(store, options.strictNamespaces ?? false));
    this.feeds = new Map();
    this.applyKind = engine.kindNamed<WatchFeed>('apiserver.cache', (_table, feed) => feed.applyDue());
    this.stateListeners = [];
    this.up = true;
    this.startCount = 1;
    this.startRevision = store.revision;
    this.pausesAll = false;
    this.lagOfAll = undefined;
    store.onNewKind.push((table) => {
      if (this.up && (this.pausesAll || this.lagOfAll !== undefined)) this.feedOf(table);
    });
  }

  get isUp(): boolean {
    return this.up;
  }

  /** 1 at first, one more after every restart. */
  get incarnation(): number {
    return this.startCount;
  }

  /** How long the server must wait before it can answer `request`: a stale cache has to catch up first. */
  waitBeforeUs(request: ApiRequest): number {
    if (request.verb !== 'list' || request.resourceVersion === 0) return 0;
    const feed = this.feeds.get(request.kind);
    if (feed === undefined || feed.catchUpUs === 0) return 0;
    if (request.resourceVersion !== undefined && feed.appliedRevision >= request.resourceVersion) return 0;
    return Math.min(CACHE_WAIT_US_MAX, feed.catchUpUs);
  }

  /** Runs a request now, without link, seats or service time. */
  execute(request: ApiRequest): Result<AnyObject | ObjectList> {
    const { store } = this;
    switch (request.verb) {
      case 'get': {
        const feed = request.fromCache === true ? this.feeds.get(request.kind) : undefined;
        const found = feed === undefined ? store.get(request.kind, request.key) : feed.get(request.key);
        return (found as AnyObject | undefined) ?? notFound(request.kind, request.key);
      }
      case 'list':
        return this.list(request);
      case 'create': {
        const admitted = this.chain.admitCreate(request.object);
        return isApiStatus(admitted) ? admitted : store.create(admitted);
      }
      case 'update':
        return this.update(request);
      case 'patch':
        return this.patch(request);
      case 'delete':
        return store.delete(request.kind, request.key, request);
      case 'bind':
        return bindPod(store, request);
      case 'evict':
        return evictPod(store, request);
    }
  }

  /** Begins a watch at `fromRevision`; see WatchFeed.watch. The server must be up. */
  watch(kind: Kind, sink: WatchSink, filter: WatchFilter, fromRevision: number): ApiStatus | undefined {
    return this.feed(kind).watch(sink, filter, fromRevision);
  }

  unwatch(kind: Kind, sink: WatchSink, filter: WatchFilter): void {
    this.feeds.get(kind)?.unwatch(sink, filter);
  }

  /** This replica's watch cache of `kind`. */
  feed(kind: Kind): WatchFeed {
    return this.feeds.get(kind) ?? this.feedOf(this.store.table(kind));
  }

  /** Goes down: watches end, requests under way are lost, new connections are refused. */
  stop(): void {
    if (!this.up) return;
    this.up = false;
    // Connections break first, so that nobody tries to resume on a server that is going down.
    for (const listener of this.stateListeners) listener();
    const feeds = [...this.feeds.values()];
    this.feeds.clear();
    for (const feed of feeds) {
      const { sinks } = feed.table;
      sinks.splice(sinks.indexOf(feed), 1);
      feed.closeAll('server went down');
    }
    this.seats.clear();
  }

  /** Comes up with fresh caches: watches cannot resume from before this moment. */
  start(): void {
    if (this.up) return;
    this.up = true;
    this.startCount++;
    this.startRevision = this.store.revision;
    this.pausesAll = false;
    this.lagOfAll = undefined;
    for (const listener of this.stateListeners) listener();
  }

  /** Calls `listener` whenever the server has gone down or come up. */
  onStateChange(listener: () => void): void {
    this.stateListeners.push(listener);
  }

  /** Stops all of this replica's feeds, those of kinds first used later too. */
  pauseAllFeeds(): void {
    this.pausesAll = true;
    for (const kind of this.store.kinds()) this.feed(kind).pause();
  }

  /** Ends `pauseAllFeeds`, but for the feeds of kinds that `keepsPaused` names. */
  resumeAllFeeds(keepsPaused: (kind: Kind) => boolean = () => false): void {
    this.pausesAll = false;
    for (const [kind, feed] of this.feeds) if (!keepsPaused(kind)) feed.resume();
  }

  setLagOfAllFeeds(lag: Distribution | undefined): void {
    this.lagOfAll = lag?.kind === 'constant' && lag.value === 0 ? undefined : lag;
    for (const kind of lag === undefined ? this.feeds.keys() : this.store.kinds()) this.feed(kind).setLag(lag);
  }

  private feedOf(table: KindTable): WatchFeed {
    const { kind } = table.info;
    const feed = new WatchFeed(this.store, table, this.rng.fork(`cache-lag/${kind}`), this.startRevision, this.applyKind);
    if (this.lagOfAll !== undefined) feed.setLag(this.lagOfAll);
    if (this.pausesAll) feed.pause();
    this.feeds.set(kind, feed);
    table.sinks.push(feed);
    return feed;
  }

  private list(request: ListRequest): Result<ObjectList> {
    const { kind, namespace, nodeName, select, resourceVersion } = request;
    const feed = this.feeds.get(kind);
    if (feed !== undefined && resourceVersion !== undefined) {
      if (feed.appliedRevision < resourceVersion) {
        return serverTimeout(`Too large resource version: ${resourceVersion}, current: ${feed.appliedRevision}`, 1);
      }
      return { items: feed.list(namespace, nodeName, select), resourceVersion: feed.appliedRevision };
    }
    // A consistent list is served by the cache once it has caught up, else by the store: the same either way.
    return { items: this.store.table(kind).list(namespace, nodeName, select), resourceVersion: this.store.revision };
  }

  private update({ object, subresource }: UpdateRequest): Result<AnyObject> {
    if (subresource === 'status' || !this.chain.hasUpdateSteps(object.kind)) return this.store.update(object, subresource);
    const old = this.store.current(object);
    if (old === undefined) return this.store.update(object);
    const admitted = this.chain.admitUpdate(object, old);
    return isApiStatus(admitted) ? admitted : this.store.update(admitted);
  }

  private patch(request: PatchRequest): Result<AnyObject> {
    const { kind, key, subresource } = request;
    if (subresource === 'status' || !this.chain.hasUpdateSteps(kind)) {
      return this.store.patch(kind, key, (current) => request.mutate(current), subresource, request) as Result<AnyObject>;
    }
    let refusal: ApiStatus | undefined;
    const patched = this.store.patch(
      kind,
      key,
      (current) => {
        const next = request.mutate(current);
        if (next === current) return current;
        const admitted = this.chain.admitUpdate(next as AnyObject, current as AnyObject);
        if (!isApiStatus(admitted)) return admitted;
        refusal = admitted;
        return current;
      },
      undefined,
      request,
    );
    return refusal ?? (patched as Result<AnyObject>);
  }
}

/** What a server's admission steps see of the store. */
class StoreEnvironment implements AdmissionEnvironment {
  readonly strictNamespaces: boolean;
  private readonly store: Store;

  constructor(store: Store, strictNamespaces: boolean) {
    this.strictNamespaces = strictNamespaces;
    this.store = store;
  }

  get nowUs(): number {
    return this.store.engine.nowUs;
  }

  get<K extends Kind>(kind: K, key: ObjectKey): ObjectOf<K> | undefined {
    return this.store.get(kind, key);
  }

  list<K extends Kind>(kind: K, namespace?: string): readonly ObjectOf<K>[] {
    return this.store.list(kind, namespace);
  }

  lastRevisionOf(kind: Kind): number {
    return this.store.table(kind).lastRevision;
  }

  create(object: AnyObject): Result<AnyObject> {
    return this.store.create(object);
  }
}
