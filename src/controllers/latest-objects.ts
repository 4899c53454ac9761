/**
 * LatestObjects: an informer's cache, seen through the controller's own last writes, so that it does not act on what it
 * has itself just changed.
 *
 * Models    kubernetes v1.34 pkg/controller/volume/persistentvolume/pv_controller.go (storeVolumeUpdate, storeClaimUpdate)
 */
import type { Informer } from '../client/informer.ts';
import { keyOf, type ObjectKey, type ObjectMeta } from '../objects/meta.ts';

export class LatestObjects<T extends { readonly metadata: ObjectMeta }> {
  private readonly informer: Informer<T>;
  /** Own writes the informer has not shown yet. */
  private readonly written: Map<ObjectKey, T>;

  constructor(informer: Informer<T>) {
    this.informer = informer;
    this.written = new Map();
    const forget = (object: T): void => {
      const own = this.written.get(keyOf(object));
      if (own !== undefined && own.metadata.resourceVersion <= object.metadata.resourceVersion) this.written.delete(keyOf(object));
    };
    informer.addHandlers({
      onAdd: forget,
      onUpdate: (_old, object) => forget(object),
      onDelete: (object) => void this.written.delete(keyOf(object)),
    });
  }

  note(object: T): void {
    this.written.set(keyOf(object), object);
  }

  get(key: ObjectKey): T | undefined {
    const cached = this.informer.get(key);
    const own = this.written.get(key);
    if (own === undefined || cached === undefined) return cached;
    return own.metadata.resourceVersion > cached.metadata.resourceVersion ? own : cached;
  }

  /** In the order of the informer's cache. */
  *list(): IterableIterator<T> {
    for (const object of this.informer.list()) yield this.get(keyOf(object)) ?? object;
  }
}
