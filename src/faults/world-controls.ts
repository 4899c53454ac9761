/**
 * worldControls: the controls of a world, gathered for faults.
 *
 * The layers below end what they began at once; here overlapping faults on one thing are counted, so that it recovers when the last of
 * them is over.
 */
import { pauseFeed, stopServer } from '../apiserver/controls.ts';
import { fail } from '../base/invariant.ts';
import type { ApiAccess } from '../client/api-access.ts';
import type { Component } from '../client/component.ts';
import { freezeWatch, setWatchLag } from '../client/controls.ts';
import type { DatacenterControls } from '../datacenter/controls.ts';
import type { Distribution } from '../engine/distributions.ts';
import type { KubeletControls } from '../kubelet/controls.ts';
import { KINDS } from '../objects/kinds.ts';
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
  const lags = new Map<string, Distribution[]>();
  return {
    // Kubelets are struck through their nodes; workloads and kubectl stand for people.
    names: () => access.components.map((component) => component.name).filter((name) => !name.includes('/') && name !== 'kubectl'),
    crash: (name) =>
      counted.begin(`crash/${name}`, () => {
        named(name).crash();
        return () => {
          named(name).start();
          if (counted.isActive(`freeze/${name}`)) named(name).freeze();
        };
      }),
    freeze: (name) =>
      counted.begin(`freeze/${name}`, () => {
        named(name).freeze();
        return () => named(name).thaw();
      }),
    lagWatch: (name, kind, lag) => undoAll(kindsOf(kind).map((each) => addLag(access, lags, name, each, lag))),
    stallWatch: (name, kind) =>
      undoAll(kindsOf(kind).map((each) => counted.begin(`stall/${name}/${each}`, () => freezeWatch(access, name, each)))),
  };
}

function apiServerControls(access: ApiAccess, counted: Counted): ApiServerControls {
  const { servers } = access;
  const numbered = (index: number) => servers[index] ?? fail(`no API server ${index}`);
  return {
    count: servers.length,
    stop: (index) => counted.begin(`stop/${index}`, () => stopServer(numbered(index))),
    pauseCache: (index, kind) =>
      counted.begin(`pause/${index}/${kind}`, () => (kind === '' ? pauseFeed(numbered(index)) : pauseFeed(numbered(index), kind))),
  };
}

function kindsOf(kind: string): readonly string[] {
  return kind === '' ? KINDS.map((info) => info.kind) : [kind];
}

/** Of several lags on one watch the last that began counts. */
function addLag(access: ApiAccess, lags: Map<string, Distribution[]>, name: string, kind: string, lag: Distribution): Undo {
  const key = `${name}/${kind}`;
  const active = lags.get(key) ?? [];
  lags.set(key, active);
  active.push(lag);
  setWatchLag(access, name, kind, lag);
  let isOver = false;
  return () => {
    if (isOver) return;
    isOver = true;
    active.splice(active.indexOf(lag), 1);
    setWatchLag(access, name, kind, active.at(-1));
  };
}

/** Actions that begin with the first who asks and end with the last. */
class Counted {
  private readonly active: Map<string, { count: number; readonly undo: Undo }>;

  constructor() {
    this.active = new Map();
  }

  isActive(key: string): boolean {
    return this.active.has(key);
  }

  begin(key: string, act: () => Undo): Undo {
    const known = this.active.get(key);
    if (known !== undefined) known.count++;
    else this.active.set(key, { count: 1, undo: act() });
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      const entry = this.active.get(key)!;
      entry.count--;
      if (entry.count > 0) return;
      this.active.delete(key);
      entry.undo();
    };
  }
}
