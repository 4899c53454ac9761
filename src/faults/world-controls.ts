/**
 * worldControls: the controls of a world, gathered for faults.
 *
 * The layers below end what they began at once; here overlapping faults on one thing are counted, so that it recovers when the last of
 * them is over.
 */
import { addRule, compact, loseEtcdLeader, pauseFeed, resumeFeed, stopServer } from '../apiserver/controls.ts';
import { fail } from '../base/invariant.ts';
import type { ApiAccess } from '../client/api-access.ts';
import type { Component } from '../client/component.ts';
import { afterWrite, beforeWrite, cutWatch, freezeWatch, loseEvents, reconnect, setWatchLag } from '../client/controls.ts';
import type { DatacenterControls } from '../datacenter/controls.ts';
import type { Distribution } from '../engine/distributions.ts';
import { type EventHandle, NO_EVENT, PRIORITY } from '../engine/engine.ts';
import type { KubeletControls } from '../kubelet/controls.ts';
import { KINDS } from '../objects/kinds.ts';
import { Counted, LastWins } from './counted.ts';
import { type ApiServerControls, type ComponentControls, type Undo, undoAll, type WorldControls } from './fault.ts';

export interface WorldControlsOptions {
  readonly access: ApiAccess;
  readonly datacenter: DatacenterControls;
  readonly nodes: KubeletControls;
}

export function worldControls({ access, datacenter, nodes }: WorldControlsOptions): WorldControls {
  const counted = new Counted();
  return { datacenter, nodes, components: componentControls(access, counted), apiServers: apiServerControls(access, counted) };
}

function componentControls(access: ApiAccess, counted: Counted): ComponentControls {
  const named = (name: string): Component => access.component(name) ?? fail(`no component ${name}`);
  const lags = new LastWins<Distribution>((name, kind, lag) => setWatchLag(access, name, kind, lag));
  const servers = new LastWins<number>((name, kind, index) => {
    const server = index === undefined ? undefined : access.servers[index];
    reconnect(access, name, server, kind === '' ? undefined : kind);
  });
  const crash = (name: string): Undo =>
    counted.begin(`crash/${name}`, () => {
      named(name).crash();
      return () => named(name).start();
    });
  const frozen = new Set<string>();
  /** A process that starts while its component is to stand still does so at once. */
  const keepFrozen = (name: string): void => {
    if (frozen.has(name)) return;
    frozen.add(name);
    const component = named(name);
    component.onStateChange(() => {
      if (counted.isActive(`freeze/${name}`)) component.freeze();
    });
  };
  return {
    // Kubelets are struck through their nodes; workloads and kubectl stand for people.
    names: () => access.components.map((component) => component.name).filter((name) => !name.includes('/') && name !== 'kubectl'),
    crash,
    freeze: (name) =>
      counted.begin(`freeze/${name}`, () => {
        keepFrozen(name);
        named(name).freeze();
        return () => named(name).thaw();
      }),
    lagWatch: (name, kind, lag) => undoAll(kindsOf(kind).map((each) => lags.begin(name, each, lag))),
    stallWatch: (name, kind) =>
      undoAll(kindsOf(kind).map((each) => counted.begin(`stall/${name}/${each}`, () => freezeWatch(access, name, each)))),
    cutWatch: (name, kind, listsAgain) => undoAll(kindsOf(kind).map((each) => cutWatch(access, name, each, listsAgain))),
    loseEvents: (name, kind, loses) => undoAll(kindsOf(kind).map((each) => loseEvents(access, name, each, loses))),
    connectTo: (name, kind, server) => servers.begin(name, kind, server),
    crashAtWrite: (name, when, { nth, matches, restartAfterUs }) =>
      armCrash(
        access,
        () => crash(name),
        restartAfterUs,
        (strike) => (when === 'before' ? beforeWrite : afterWrite)(access, name, { nth, matches }, strike),
      ),
    crashAtYield: (name, { nth, matches, restartAfterUs }) =>
      armCrash(
        access,
        () => crash(name),
        restartAfterUs,
        (strike) => {
          let count = 0;
          const disarm = access.runtime.onYield((process) => {
            if (process.scope !== named(name).context?.scope || !matches(process.name)) return;
            count++;
            if (count !== nth) return;
            disarm();
            strike();
          });
          return disarm;
        },
      ),
  };
}

function apiServerControls(access: ApiAccess, counted: Counted): ApiServerControls {
  const { servers } = access;
  const numbered = (index: number) => servers[index] ?? fail(`no API server ${index}`);
  // A feed stands still while any fault on its kind or on all kinds lasts.
  const pause = (index: number, kind: string): Undo =>
    counted.begin(`pause/${index}/${kind}`, () => {
      const server = numbered(index);
      if (kind === '') {
        pauseFeed(server);
        return () => server.resumeAllFeeds((each) => counted.isActive(`pause/${index}/${each}`));
      }
      pauseFeed(server, kind);
      return () => {
        if (!counted.isActive(`pause/${index}/`)) resumeFeed(server, kind);
      };
    });
  return {
    count: servers.length,
    stop: (index) => counted.begin(`stop/${index}`, () => stopServer(numbered(index))),
    pauseCache: pause,
    addRule: (index, rule) => addRule(index === undefined ? servers : [numbered(index)], rule),
    loseLeader: () =>
      counted.begin('etcd-leader', () => undoAll([loseEtcdLeader(servers), ...servers.map((_, index) => pause(index, ''))])),
    compact: () => compact(numbered(0).store),
  };
}

function kindsOf(kind: string): readonly string[] {
  return kind === '' ? KINDS.map((info) => info.kind) : [kind];
}

/** `arm` lays the trap; once it has struck, the process is down for `restartAfterUs`, or until this is undone. */
function armCrash(access: ApiAccess, crash: () => Undo, restartAfterUs: number, arm: (strike: () => void) => Undo): Undo {
  const { engine } = access;
  const kind = engine.kindNamed<Undo>('fault.restart', (_, restart) => restart(), { priority: PRIORITY.FAULT });
  let handle: EventHandle = NO_EVENT;
  let restart: Undo = () => {};
  const disarm = arm(() => {
    restart = crash();
    handle = engine.schedule(kind, restartAfterUs, 0, restart);
  });
  return () => {
    disarm();
    engine.cancel(handle);
    restart();
  };
}
