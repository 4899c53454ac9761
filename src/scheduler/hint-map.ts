/**
 * HintMap: which plugins of which profile want to hear of which events, with their hints.
 *
 * Models    kubernetes v1.34 pkg/scheduler/scheduler.go (buildQueueingHintMap, buildEventMap)
 * Differs   hints of one event are asked in plugin order, upstream in map order; the outcome is the same
 * Cost      one Map look-up per event: matches are computed once per event object
 */
import { type ClusterEvent, isWildcard, matchesEvent } from './cluster-event.ts';
import type { HintEntry } from './profile.ts';

const NO_EVENTS: readonly ClusterEvent[] = Object.freeze([]);
const NO_ENTRIES: readonly HintEntry[] = Object.freeze([]);

export class HintMap {
  /** Per profile, in plugin order. */
  private readonly profiles: ReadonlyMap<string, readonly HintEntry[]>;
  private readonly matches: Map<ClusterEvent, Map<string, readonly HintEntry[]>>;
  private readonly interested: Map<ClusterEvent, readonly string[]>;

  /** `profiles`: what the plugins of each profile registered, by scheduler name. */
  constructor(profiles: ReadonlyMap<string, readonly HintEntry[]>) {
    this.profiles = profiles;
    this.matches = new Map();
    this.interested = new Map();
  }

  /** The entries of `schedulerName` that match `event`, in plugin order. */
  entriesFor(schedulerName: string, event: ClusterEvent): readonly HintEntry[] {
    let byProfile = this.matches.get(event);
    if (byProfile === undefined) {
      byProfile = new Map();
      for (const [name, entries] of this.profiles) {
        byProfile.set(
          name,
          entries.filter((entry) => matchesEvent(entry.event, event)),
        );
      }
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
    return this.pluginsFor(event).length > 0 || isWildcard(event);
  }

  /** What `plugin` registered in the first profile that has it; empty for an unknown plugin. */
  eventsOfPlugin(plugin: string): readonly ClusterEvent[] {
    for (const entries of this.profiles.values()) {
      const own = entries.filter((entry) => entry.plugin === plugin);
      if (own.length > 0) return own.map((entry) => entry.event);
    }
    return NO_EVENTS;
  }

  /** Names of the resources some plugin registered, in order of first mention. */
  resources(): readonly string[] {
    const names = new Set<string>();
    for (const entries of this.profiles.values()) for (const { event } of entries) names.add(event.resource);
    return [...names];
  }
}
