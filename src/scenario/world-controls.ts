/**
 * World controls: what faults may reach, wired to the parts of one world.
 *
 * Overlapping faults on one process or server are counted: it comes back when the last one is undone.
 */

import type { ApiServer } from '../apiserver/api-server.ts';
import { pauseFeed, stopServer } from '../apiserver/controls.ts';
import { fail } from '../base/invariant.ts';
import type { ApiAccess } from '../client/api-access.ts';
import type { Component } from '../client/component.ts';
import { freezeWatch, setWatchLag } from '../client/controls.ts';
import { DatacenterControls } from '../datacenter/controls.ts';
import type { Network } from '../datacenter/network.ts';
import type { Topology } from '../datacenter/topology.ts';
import type { Distribution } from '../engine/distributions.ts';
import type { ApiServerControls, ComponentControls, Undo, WorldControls } from '../faults/fault.ts';
import type { KubeletControls } from '../kubelet/controls.ts';
import { KINDS } from '../objects/kinds.ts';

export interface ControlledWorld {
  readonly access: ApiAccess;
  readonly topology: Topology;
  readonly network: Network;
  readonly kubelets: KubeletControls;
}

export function worldControls(world: ControlledWorld): WorldControls {
  return {
    datacenter: new DatacenterControls(world.topology, world.network),
    nodes: world.kubelets,
    components: new ProcessControls(world.access),
    apiServers: new ServerControls(world.access.servers),
  };
}

class ProcessControls implements ComponentControls {
  private readonly access: ApiAccess;
  private readonly crashes: Counter;
  private readonly freezes: Counter;

  constructor(access: ApiAccess) {
    this.access = access;
    this.crashes = new Counter();
    this.freezes = new Counter();
  }

  names(): readonly string[] {
    // Kubelets are struck through their nodes; workloads and kubectl stand for people.
    return this.access.components.map((component) => component.name).filter((name) => !name.includes('/') && name !== 'kubectl');
  }

  crash(component: string): Undo {
    const target = this.find(component);
    if (this.crashes.add(component)) target.crash();
    return once(() => {
      if (!this.crashes.remove(component)) return;
      target.start();
      if (this.freezes.has(component)) target.freeze();
    });
  }

  freeze(component: string): Undo {
    const target = this.find(component);
    if (this.freezes.add(component) && target.isRunning) target.freeze();
    return once(() => {
      if (this.freezes.remove(component) && target.isRunning) target.thaw();
    });
  }

  lagWatch(component: string, kind: string, lag: Distribution): Undo {
    const kinds = kindsOf(kind);
    for (const each of kinds) setWatchLag(this.access, component, each, lag);
    return once(() => {
      for (const each of kinds) setWatchLag(this.access, component, each, undefined);
    });
  }

  stallWatch(component: string, kind: string): Undo {
    const undos = kindsOf(kind).map((each) => freezeWatch(this.access, component, each));
    return once(() => {
      for (const undo of undos) undo();
    });
  }

  private find(name: string): Component {
    return this.access.component(name) ?? fail(`no component ${name}`);
  }
}

class ServerControls implements ApiServerControls {
  private readonly servers: readonly ApiServer[];
  private readonly stops: Counter;
  private readonly starters: Map<number, Undo>;

  constructor(servers: readonly ApiServer[]) {
    this.servers = servers;
    this.stops = new Counter();
    this.starters = new Map();
  }

  get count(): number {
    return this.servers.length;
  }

  stop(index: number): Undo {
    if (this.stops.add(String(index))) this.starters.set(index, stopServer(this.at(index)));
    return once(() => {
      if (this.stops.remove(String(index))) this.starters.get(index)!();
    });
  }

  pauseCache(index: number, kind: string): Undo {
    return pauseFeed(this.at(index), kind === '' ? undefined : kind);
  }

  private at(index: number): ApiServer {
    return this.servers[index] ?? fail(`no API server ${index}`);
  }
}

/** The kinds meant by `kind`; empty means all. */
function kindsOf(kind: string): readonly string[] {
  return kind === '' ? KINDS.map((info) => info.kind) : [kind];
}

/** How many reasons there are for something, by name. */
class Counter {
  private readonly counts: Map<string, number>;

  constructor() {
    this.counts = new Map();
  }

  has(name: string): boolean {
    return (this.counts.get(name) ?? 0) > 0;
  }

  /** True when this is the first reason. */
  add(name: string): boolean {
    const count = (this.counts.get(name) ?? 0) + 1;
    this.counts.set(name, count);
    return count === 1;
  }

  /** True when this was the last reason. */
  remove(name: string): boolean {
    const count = (this.counts.get(name) ?? 0) - 1;
    this.counts.set(name, count);
    return count === 0;
  }
}

function once(run: () => void): Undo {
  let isDone = false;
  return () => {
    if (isDone) return;
    isDone = true;
    run();
  };
}
