/**
 * HintMap: which plugins of which profile want to hear of which events, with their hints.
 *
 * Models    kubernetes v1.34 pkg/scheduler/scheduler.go (buildQueueingHintMap), eventhandlers.go
 * Differs   hints of one event are asked in plugin order, upstream in map order; the outcome is the same
 * Cost      one Map look-up per event: matches are computed once per event object
 *
 * A plugin that wants new nodes but not taint updates gets taint updates all the same: a node may be
 * created with a not-ready taint and become usable only when it goes.
 */
import { ACTION, type ClusterEvent, clusterEvent, isWildcard, matchesEvent } from './cluster-event.ts';
import type { EventRegistration, QueueingHint } from './framework.ts';

/** The registrations of one plugin. */
export interface PluginRegistrations {
  readonly plugin: string;
  readonly registrations: readonly EventRegistration[];
}

/** One plugin to ask about an event. */
export interface HintEntry {
  readonly plugin: string;
  /** undefined: every matching event is worth a retry. */
  readonly hint: QueueingHint | undefined;
}

const NODE_TAINT_UPDATE = clusterEvent('Node', ACTION.UPDATE_NODE_TAINT);
const NO_EVENTS: readonly ClusterEvent[] = Object.freeze([]);
const NO_ENTRIES: readonly HintEntry[] = Object.freeze([]);

export class HintMap {
  /** Per profile, in plugin order. */
  private readonly profiles: Map<string, readonly PluginRegistrations[]>;
  private readonly matches: Map<ClusterEvent, Map<string, readonly HintEntry[]>>;
  private readonly interested: Map<ClusterEvent, readonly string[]>;
  private readonly eventsOf: Map<string, readonly ClusterEvent[]>;

  /** `profiles`: the registrations of each profile's plugins, by scheduler name, in plugin order. */
  constructor(profiles: ReadonlyMap<string, readonly PluginRegistrations[]>) {
    this.profiles = new Map();
    this.matches = new Map();
    this.interested = new Map();
    this.eventsOf = new Map();
    for (const [schedulerName, plugins] of profiles) {
      const completed = plugins.map(withTaintUpdates);
      this.profiles.set(schedulerName, completed);
      for (const { plugin, registrations } of completed) {
        if (!this.eventsOf.has(plugin)) {
          this.eventsOf.set(
            plugin,
            registrations.map((registration) => registration.event),
          );
        }
      }
    }
  }

  /** The plugins of `schedulerName` that registered `event`, in plugin order; one entry per matching registration. */
  entriesFor(schedulerName: string, event: ClusterEvent): readonly HintEntry[] {
    let byProfile = this.matches.get(event);
    if (byProfile === undefined) {
      byProfile = this.computeEntries(event);
      this.matches.set(event, byProfile);
    }
    return byProfile.get(schedulerName) ?? NO_ENTRIES;
  }

  /** Names of the plugins, of any profile, that registered `event`; each once. */
  pluginsFor(event: ClusterEvent): readonly string[] {
    let names = this.interested.get(event);
    if (names === undefined) {
      const found = new Set<string>();
      for (const schedulerName of this.profiles.keys()) {
        for (const entry of this.entriesFor(schedulerName, event)) found.add(entry.plugin);
      }
      names = [...found];
      this.interested.set(event, names);
    }
    return names;
  }

  /** Whether any plugin of any profile registered `event`, or the event is for everybody. */
  isRegistered(event: ClusterEvent): boolean {
    return isWildcard(event) || this.pluginsFor(event).length > 0;
  }

  /** What `plugin` registered, implicit events included; empty for an unknown plugin. */
  eventsOfPlugin(plugin: string): readonly ClusterEvent[] {
    return this.eventsOf.get(plugin) ?? NO_EVENTS;
  }

  /** Whether any profile has a plugin that registered some event of `resource`; tells which informers are needed. */
  wantsResource(resource: string): boolean {
    for (const events of this.eventsOf.values()) {
      for (const event of events) if (event.resource === resource || event.resource === '*') return true;
    }
    return false;
  }

  private computeEntries(event: ClusterEvent): Map<string, readonly HintEntry[]> {
    const byProfile = new Map<string, readonly HintEntry[]>();
    for (const [schedulerName, plugins] of this.profiles) {
      const entries: HintEntry[] = [];
      for (const { plugin, registrations } of plugins) {
        for (const { event: registered, hint } of registrations) {
          if (matchesEvent(registered, event)) entries.push({ plugin, hint });
        }
      }
      byProfile.set(schedulerName, entries);
    }
    return byProfile;
  }
}

function withTaintUpdates(plugin: PluginRegistrations): PluginRegistrations {
  let hasNodeAdd = false;
  let hasNodeTaint = false;
  for (const { event } of plugin.registrations) {
    if (event.resource !== 'Node') continue;
    if ((event.action & ACTION.ADD) !== 0) hasNodeAdd = true;
    if ((event.action & ACTION.UPDATE_NODE_TAINT) !== 0) hasNodeTaint = true;
  }
  if (!hasNodeAdd || hasNodeTaint) return plugin;
  return { plugin: plugin.plugin, registrations: [...plugin.registrations, { event: NODE_TAINT_UPDATE }] };
}
