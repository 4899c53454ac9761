/**
 * Controls of the client layer: everything a fault or a test may do to what components see and send.
 *
 * Components are named as in a world: `kube-scheduler`, `kubelet/b-2-7`. Every change takes effect at
 * once and outlives restarts of the component. Functions that begin something give the function that
 * ends it; ending twice does nothing.
 */
import type { ApiServer } from '../apiserver/api-server.ts';
import type { ApiRequest, ObjectList } from '../apiserver/request.ts';
import type { WatchEvent, WatchEventType } from '../apiserver/watch-event.ts';
import { fail } from '../base/invariant.ts';
import type { Distribution } from '../engine/distributions.ts';
import type { Result } from '../objects/api-status.ts';
import type { AnyObject } from '../objects/kinds.ts';
import type { ApiAccess } from './api-access.ts';
import type { Component } from './component.ts';

export type Undo = () => void;

/**
 * Adds samples of `lag` (microseconds) to the way of every watch event of `kind`, in order; undefined ends it, and what
 * was still held back arrives at once.
 */
export function setWatchLag(access: ApiAccess, component: string, kind: string, lag: Distribution | undefined): void {
  const dial = access.dials.of(component, kind);
  dial.lag = lag;
  if (lag === undefined) for (const stream of [...dial.streams]) stream.hasten();
}

/** The component reads nothing more from its watch of `kind`; a server cuts it off when too much has piled up. */
export function freezeWatch(access: ApiAccess, component: string, kind: string): Undo {
  const dial = access.dials.of(component, kind);
  if (!dial.isFrozen) dial.frozenSinceUs = access.engine.nowUs;
  return once(() => thawWatch(access, component, kind));
}

export function thawWatch(access: ApiAccess, component: string, kind: string): void {
  const dial = access.dials.of(component, kind);
  dial.frozenSinceUs = Infinity;
  for (const stream of [...dial.streams]) stream.kick();
}

/** Breaks the watch of `kind`; after `forUs` it resumes where it was, or with 410 lists again. Cached reads stay old meanwhile. */
export function dropWatch(access: ApiAccess, component: string, kind: string, forUs = 0): void {
  for (const informer of informersOf(access, component, kind)) informer.reflector.rewatch(forUs);
}

/** Breaks the watch of `kind`; after `forUs` the component lists again and sees all changes since as one. */
export function relist(access: ApiAccess, component: string, kind: string, forUs = 0): void {
  for (const informer of informersOf(access, component, kind)) informer.reflector.relist(forUs);
}

/** Hands every cached object of `kind` to the component's handlers again. */
export function resync(access: ApiAccess, component: string, kind: string): void {
  for (const informer of informersOf(access, component, kind)) informer.resync();
}

/**
 * Silently loses watch events of `kind` for which `loses` says so, at most `times`. No real client can lose events
 * like this today; it stands for old bugs.
 */
export function loseEvents(
  access: ApiAccess,
  component: string,
  kind: string,
  loses: (type: WatchEventType, event: WatchEvent) => boolean,
  times = Infinity,
): Undo {
  const dial = access.dials.of(component, kind);
  let left = times;
  const loss = (type: WatchEventType, event: WatchEvent): boolean => {
    if (left <= 0 || !loses(type, event)) return false;
    left--;
    return true;
  };
  dial.losses.push(loss);
  return once(() => remove(dial.losses, loss));
}

/**
 * Breaks the watch of `kind` until undone. The cache stays as it is; a process that starts meanwhile lists, and sees nothing after that. When
 * the last break is undone the watch resumes where it was, or, if any of them said `listsAgain`, the component lists and sees all changes since
 * as one.
 */
export function cutWatch(access: ApiAccess, component: string, kind: string, listsAgain: boolean): Undo {
  const dial = access.dials.of(component, kind);
  dial.cuts++;
  if (dial.cuts === 1) for (const informer of informersOf(access, component, kind)) informer.reflector.breakOff();
  return once(() => {
    dial.cuts--;
    dial.listsAgain ||= listsAgain;
    if (dial.cuts > 0) return;
    const mustList = dial.listsAgain;
    dial.listsAgain = false;
    for (const informer of informersOf(access, component, kind)) informer.reflector.mend(mustList);
  });
}

/**
 * Connects a component anew, or only its watches of one kind, to a given replica or (server undefined) to any healthy
 * one. Later connections go there too.
 */
export function reconnect(access: ApiAccess, component: string, server: ApiServer | undefined, kind?: string): void {
  access.dials.pin(component, server, kind);
  componentNamed(access, component).reconnect(kind);
}

/** From its next start on, the component connects to this replica; undefined for any. */
export function pinServer(access: ApiAccess, component: string, server: ApiServer | undefined, kind?: string): void {
  access.dials.pin(component, server, kind);
}

export interface WriteMatch {
  /** Strikes the n-th matching write, counted from 1 from now on. Default 1. */
  readonly nth?: number;
  /** Must be pure. Default: every write. `client` tells the controllers of one process apart. */
  readonly matches?: (request: ApiRequest, client: string) => boolean;
}

/** Runs `action` once, just before the component sends its n-th matching write; the write is not sent if the action crashes it. */
export function beforeWrite(access: ApiAccess, component: string, match: WriteMatch, action: (request: ApiRequest) => void): Undo {
  const counts = counter(component, match);
  const hook = (sender: string, client: string, request: ApiRequest): void => {
    if (!counts(sender, client, request)) return;
    undo();
    action(request);
  };
  const undo = once(() => remove(access.beforeWrite, hook));
  access.beforeWrite.push(hook);
  return undo;
}

/** Runs `action` once, when the component's n-th matching write has been executed and its answer has not yet left. */
export function afterWrite(
  access: ApiAccess,
  component: string,
  match: WriteMatch,
  action: (request: ApiRequest, result: Result<AnyObject | ObjectList>) => void,
): Undo {
  const counts = counter(component, match);
  const hook = (sender: string, client: string, request: ApiRequest, result: Result<AnyObject | ObjectList>): void => {
    if (!counts(sender, client, request)) return;
    undo();
    action(request, result);
  };
  const undo = once(() => remove(access.afterWrite, hook));
  access.afterWrite.push(hook);
  return undo;
}

/** Crashes the component right before or after its n-th matching write; it comes back after `restartAfterUs`, or never. */
export function crashAtWrite(
  access: ApiAccess,
  component: string,
  when: 'before' | 'after',
  match: WriteMatch,
  restartAfterUs?: number,
): Undo {
  const crash = (): void => {
    const victim = componentNamed(access, component);
    if (restartAfterUs === undefined) victim.crash();
    else victim.restart(restartAfterUs);
  };
  return when === 'before' ? beforeWrite(access, component, match, crash) : afterWrite(access, component, match, crash);
}

function componentNamed(access: ApiAccess, name: string): Component {
  return access.component(name) ?? fail(`no component ${name}`);
}

function informersOf(access: ApiAccess, component: string, kind: string) {
  return componentNamed(access, component).informersOf(kind);
}

function counter(component: string, { nth = 1, matches }: WriteMatch): (sender: string, client: string, request: ApiRequest) => boolean {
  let count = 0;
  return (sender, client, request) => {
    if (sender !== component || matches?.(request, client) === false) return false;
    count++;
    return count === nth;
  };
}

function remove<T>(list: T[], item: T): void {
  const index = list.indexOf(item);
  if (index >= 0) list.splice(index, 1);
}

function once(run: () => void): Undo {
  let isDone = false;
  return () => {
    if (isDone) return;
    isDone = true;
    run();
  };
}
