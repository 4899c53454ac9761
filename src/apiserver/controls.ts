/**
 * Controls of the API servers: everything a fault or a test may do to them.
 *
 * Every change takes effect at once. Functions that begin something give the function that ends it;
 * ending twice does nothing.
 */
import type { Distribution } from '../engine/distributions.ts';
import { PRIORITY } from '../engine/engine.ts';
import { ApiStatus } from '../objects/api-status.ts';
import type { AnyObject } from '../objects/kinds.ts';
import type { ApiServer } from './api-server.ts';
import { isWrite } from './request.ts';
import { ActiveRule, type RequestRule } from './request-rules.ts';
import type { Store } from './store.ts';
import type { WatchEventType } from './watch-event.ts';

export type Undo = () => void;

/** Stops what a replica's cache shows, and its watches: of one kind, or of all kinds, those first used later too. */
export function pauseFeed(server: ApiServer, kind?: string): Undo {
  if (kind === undefined) server.pauseAllFeeds();
  else server.feed(kind).pause();
  return once(() => resumeFeed(server, kind));
}

/** What was held back becomes visible. */
export function resumeFeed(server: ApiServer, kind?: string): void {
  if (kind === undefined) server.resumeAllFeeds();
  else server.feed(kind).resume();
}

/** Lets a replica's cache lag the store by samples of `lag` (microseconds), in order; undefined ends it. */
export function setFeedLag(server: ApiServer, lag: Distribution | undefined, kind?: string): void {
  if (kind === undefined) server.setLagOfAllFeeds(lag);
  else server.feed(kind).setLag(lag);
}

/** Takes a replica down: watches end, requests under way are lost. */
export function stopServer(server: ApiServer): Undo {
  server.stop();
  return once(() => server.start());
}

/** Takes a replica down for `downForUs`; it comes back with fresh caches and an empty history. */
export function restartServer(server: ApiServer, downForUs: number): void {
  server.stop();
  const { engine } = server.store;
  const kind = engine.kindNamed<ApiServer>('apiserver.start', (_, stopped) => stopped.start());
  engine.schedule(kind, downForUs, server.incarnation, server);
}

/** Ends all watches of a replica, of one kind or all; clients resume from where they are. */
export function endWatches(server: ApiServer, kind?: string): void {
  for (const each of kind === undefined ? server.store.kinds() : [kind]) server.feed(each).closeAll('watch cache was reset');
}

/** Forgets the history up to now: whoever resumes from before gets 410 and must list again. */
export function compact(store: Store): void {
  for (const kind of store.kinds()) store.table(kind).history.dropUpTo(store.revision);
}

/** Puts a rule on requests in force on all `servers`; `skip` and `times` count over all of them. */
export function addRule(servers: readonly ApiServer[], rule: RequestRule): Undo {
  const active = new ActiveRule(rule);
  for (const server of servers) server.rules.add(active);
  return once(() => {
    for (const server of servers) server.rules.remove(active);
  });
}

/** etcd has no leader: writes and quorum reads fail until undone; caches and watches stand still but stay up. */
export function loseEtcdLeader(servers: readonly ApiServer[]): Undo {
  const status = new ApiStatus(500, 'InternalError', 'etcdserver: no leader');
  return addRule(servers, {
    matches: (request) =>
      isWrite(request) ||
      (request.verb === 'get' && request.fromCache !== true) ||
      (request.verb === 'list' && request.resourceVersion === undefined),
    effect: { what: 'refuse', status },
  });
}

export interface CommitMatch {
  /** Strikes the n-th matching write, counted from 1 from now on. Default 1. */
  readonly nth?: number;
  /** Must be pure; `old` is undefined for ADDED, `next` for DELETED. */
  matches(kind: string, type: WatchEventType, old: AnyObject | undefined, next: AnyObject | undefined): boolean;
}

/**
 * Runs `action` once, at the instant of the n-th matching write, by an event of its own that comes before anyone else's
 * at that instant: after the write is stored, before any watch delivers it.
 */
export function whenCommitted(store: Store, match: CommitMatch, action: () => void): Undo {
  const { engine } = store;
  const kind = engine.kindNamed<() => void>('apiserver.trigger', (_, run) => run(), { priority: PRIORITY.FAULT });
  let left = match.nth ?? 1;
  store.onCommit((objectKind, type, old, next, revision) => {
    if (left <= 0 || !match.matches(objectKind, type, old, next)) return;
    left--;
    if (left === 0) engine.schedule(kind, 0, revision, action);
  });
  return once(() => {
    left = 0;
  });
}

function once(run: () => void): Undo {
  let isDone = false;
  return () => {
    if (isDone) return;
    isDone = true;
    run();
  };
}
