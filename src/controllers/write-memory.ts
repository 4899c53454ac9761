/**
 * WriteMemory: keeps a controller from acting on a cache that has not yet seen its own writes.
 *
 * After each write it remembers, per owner key and kind, the highest resourceVersion written; before
 * the next sync of that key the cache of that kind must have come so far, otherwise the key goes back
 * to the queue. Lost on restart, like everything in memory.
 *
 * Models    KEP-5647 stale controller mitigation (kubernetes PR #134937, #137254); not in v1.34, off by default
 */
import type { InformerFactory } from '../client/informer.ts';
import type { Kind } from '../objects/kinds.ts';
import type { ObjectMeta } from '../objects/meta.ts';
import type { ReconcileError } from './controller.ts';

export class WriteMemory {
  /** How many syncs were put off. */
  skipCount: number;
  private readonly isOn: boolean;
  private readonly informers: InformerFactory;
  private readonly written: Map<string, Map<Kind, number>>;

  constructor(isOn: boolean, informers: InformerFactory) {
    this.skipCount = 0;
    this.isOn = isOn;
    this.informers = informers;
    this.written = new Map();
  }

  note(ownerKey: string, object: { readonly kind: Kind; readonly metadata: ObjectMeta }): void {
    if (!this.isOn) return;
    let kinds = this.written.get(ownerKey);
    if (kinds === undefined) {
      kinds = new Map();
      this.written.set(ownerKey, kinds);
    }
    kinds.set(object.kind, Math.max(kinds.get(object.kind) ?? 0, object.metadata.resourceVersion));
  }

  /** Undefined when every cache has seen what was written for this key; else the reason to wait. */
  staleness(ownerKey: string): ReconcileError | undefined {
    const kinds = this.written.get(ownerKey);
    if (kinds === undefined) return undefined;
    for (const [kind, revision] of kinds) {
      const seen = this.informers.of(kind).lastResourceVersion;
      if (seen >= revision) continue;
      this.skipCount++;
      return { message: `cache of ${kind} is at revision ${seen}, own write at ${revision}` };
    }
    this.written.delete(ownerKey);
    return undefined;
  }

  forget(ownerKey: string): void {
    this.written.delete(ownerKey);
  }
}
