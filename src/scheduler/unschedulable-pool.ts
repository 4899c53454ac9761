/**
 * UnschedulablePool: pods that wait for an event, gated pods included, found by the plugin that rejected them.
 *
 * Models    kubernetes v1.34 pkg/scheduler/backend/queue/unschedulable_pods.go
 * Differs   upstream walks the whole pool for every event; here an event visits only pods with a rejector
 *           that registered it, which are the only ones it can move
 * Order     by entry into the pool (upstream: map order)
 * Cost      add and remove O(rejecting plugins); nothing per event that no rejector registered
 */
import { fail } from '../base/invariant.ts';
import type { ObjectKey } from '../objects/meta.ts';
import { PLACE, type QueuedPod } from './queued-pod.ts';

export class UnschedulablePool {
  private readonly byKey: Map<ObjectKey, QueuedPod>;
  private readonly byPlugin: Map<string, Set<QueuedPod>>;
  /** Pods without any rejector: every event moves them. */
  private readonly withoutRejector: Set<QueuedPod>;
  private nextSequence: number;
  private gated: number;

  constructor() {
    this.byKey = new Map();
    this.byPlugin = new Map();
    this.withoutRejector = new Set();
    this.nextSequence = 0;
    this.gated = 0;
  }

  get size(): number {
    return this.byKey.size;
  }

  get gatedCount(): number {
    return this.gated;
  }

  get(key: ObjectKey): QueuedPod | undefined {
    return this.byKey.get(key);
  }

  add(record: QueuedPod): void {
    if (record.place !== PLACE.NONE) fail(`pod ${record.key} enters the unschedulable pool from another queue`);
    record.place = PLACE.UNSCHEDULABLE;
    record.poolSequence = this.nextSequence++;
    this.byKey.set(record.key, record);
    if (record.isGated) this.gated++;
    if (!record.hasRejectors) this.withoutRejector.add(record);
    for (const plugin of record.unschedulablePlugins) this.index(plugin, record);
    for (const plugin of record.pendingPlugins) this.index(plugin, record);
  }

  /** The rejectors and the gate of a record must not change while it is in the pool. */
  remove(record: QueuedPod): void {
    if (!this.byKey.delete(record.key)) fail(`pod ${record.key} is not in the unschedulable pool`);
    record.place = PLACE.NONE;
    if (record.isGated) this.gated--;
    if (!record.hasRejectors) this.withoutRejector.delete(record);
    for (const plugin of record.unschedulablePlugins) this.byPlugin.get(plugin)?.delete(record);
    for (const plugin of record.pendingPlugins) this.byPlugin.get(plugin)?.delete(record);
  }

  /** The pods an event registered by `plugins` can move, in order of entry; a copy. */
  movableBy(plugins: readonly string[]): QueuedPod[] {
    let single: Set<QueuedPod> | undefined;
    let sources = 0;
    for (const plugin of plugins) {
      const members = this.byPlugin.get(plugin);
      if (members === undefined || members.size === 0) continue;
      single = members;
      sources++;
    }
    if (this.withoutRejector.size > 0) {
      single = this.withoutRejector;
      sources++;
    }
    if (single === undefined) return [];
    // Members of one set are in order of entry already.
    if (sources === 1) return [...single];
    const union = new Set(this.withoutRejector);
    for (const plugin of plugins) {
      const members = this.byPlugin.get(plugin);
      if (members !== undefined) for (const record of members) union.add(record);
    }
    return [...union].sort(byEntry);
  }

  /** Everything, in order of entry. */
  values(): IterableIterator<QueuedPod> {
    return this.byKey.values();
  }

  private index(plugin: string, record: QueuedPod): void {
    const members = this.byPlugin.get(plugin);
    if (members === undefined) this.byPlugin.set(plugin, new Set([record]));
    else members.add(record);
  }
}

/** Entry numbers are unique, so the order is total. */
function byEntry(a: QueuedPod, b: QueuedPod): number {
  return a.poolSequence - b.poolSequence;
}
