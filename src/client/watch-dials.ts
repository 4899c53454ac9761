/**
 * WatchDials: how faults and tests bend what one component sees of one kind: lag, a frozen or broken
 * stream, lost events, a server of its own. Dials outlive the component's restarts.
 */
import type { ApiServer } from '../apiserver/api-server.ts';
import type { WatchEvent, WatchEventType } from '../apiserver/watch-event.ts';
import { fail } from '../base/invariant.ts';
import type { Distribution } from '../engine/distributions.ts';
import type { Rng } from '../engine/rng.ts';
import type { ApiAccess } from './api-access.ts';
import type { WatchStream } from './watch-stream.ts';

/** Says whether an event is silently lost on its way; may count. */
export type EventLoss = (type: WatchEventType, event: WatchEvent) => boolean;

export class WatchDial {
  /** Added to every event's delay; order is kept. */
  lag: Distribution | undefined;
  /** Since when nothing is read from the stream; Infinity while it is. */
  frozenSinceUs: number;
  /** An event is lost when any of them says so; each sees what those before it let through. */
  readonly losses: EventLoss[];
  /** How many have broken the watch: it does not begin again before all of them have mended it. */
  cuts: number;
  /** One of them wanted a list at the end. */
  listsAgain: boolean;
  readonly rng: Rng;
  /** Streams of this (component, kind) that are alive. */
  readonly streams: Set<WatchStream>;

  constructor(rng: Rng) {
    this.lag = undefined;
    this.frozenSinceUs = Infinity;
    this.losses = [];
    this.cuts = 0;
    this.listsAgain = false;
    this.rng = rng;
    this.streams = new Set();
  }

  get isFrozen(): boolean {
    return this.frozenSinceUs !== Infinity;
  }

  loses(type: WatchEventType, event: WatchEvent): boolean {
    for (const loss of this.losses) if (loss(type, event)) return true;
    return false;
  }
}

export class WatchDials {
  private readonly access: ApiAccess;
  private readonly dials: Map<string, WatchDial>;
  private readonly serverOfComponent: Map<string, number>;
  private readonly serverOfKind: Map<string, number>;

  constructor(access: ApiAccess) {
    this.access = access;
    this.dials = new Map();
    this.serverOfComponent = new Map();
    this.serverOfKind = new Map();
  }

  /** The dial of a (component, kind); undefined while nobody has touched it. */
  find(component: string, kind: string): WatchDial | undefined {
    return this.dials.size === 0 ? undefined : this.dials.get(`${component}|${kind}`);
  }

  /** The dial of a (component, kind), made on first use and put into its live streams. */
  of(component: string, kind: string): WatchDial {
    const name = `${component}|${kind}`;
    let dial = this.dials.get(name);
    if (dial === undefined) {
      dial = new WatchDial(this.access.engine.rng.fork(`client/${component}/watch-lag/${kind}`));
      this.dials.set(name, dial);
      for (const stream of this.access.component(component)?.streamsOf(kind) ?? []) stream.useDial(dial);
    }
    return dial;
  }

  /** The replica a component, or its watch of one kind, must use; undefined for any. */
  serverFor(component: string, kind?: string): number | undefined {
    if (kind !== undefined) return this.serverOfKind.get(`${component}|${kind}`);
    return this.serverOfComponent.get(component);
  }

  /** From its next connection on, the component (or its watch of `kind`) uses replica `server`; undefined for any. */
  pin(component: string, server: ApiServer | undefined, kind?: string): void {
    const index = server === undefined ? -1 : this.access.servers.indexOf(server);
    if (server !== undefined && index < 0) fail(`unknown API server ${server.name}`);
    const table = kind === undefined ? this.serverOfComponent : this.serverOfKind;
    const name = kind === undefined ? component : `${component}|${kind}`;
    if (index < 0) table.delete(name);
    else table.set(name, index);
  }
}
