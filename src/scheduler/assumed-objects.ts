/**
 * AssumedObjects: objects as the scheduler has decided to change them, until the informer shows a newer version.
 *
 * Models    kubernetes v1.34 pkg/scheduler/util/assumecache/assume_cache.go
 */
import { keyOf, type ObjectKey, type ObjectMeta } from '../objects/meta.ts';

export class AssumedObjects<T extends { readonly metadata: ObjectMeta }> {
  private readonly read: (key: ObjectKey) => T | undefined;
  private readonly assumed: Map<ObjectKey, T>;

  constructor(read: (key: ObjectKey) => T | undefined) {
    this.read = read;
    this.assumed = new Map();
  }

  /** The assumed version while it is not outdated, otherwise what the informer has. */
  get(key: ObjectKey): T | undefined {
    const stored = this.read(key);
    const assumed = this.assumed.get(key);
    if (assumed === undefined) return stored;
    if (stored !== undefined && stored.metadata.resourceVersion <= assumed.metadata.resourceVersion) return assumed;
    this.assumed.delete(key);
    return stored;
  }

  /** `object` must carry the resourceVersion it was derived from. */
  assume(object: T): void {
    this.assumed.set(keyOf(object), object);
  }

  restore(key: ObjectKey): void {
    this.assumed.delete(key);
  }
}
