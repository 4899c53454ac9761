/**
 * StoreMirror: the objects as they stood at the last write it was told of, for those who hear of writes later than they happen.
 *
 * Cost      one Map entry per object; the objects themselves are the store's
 * Oracle    the store itself (store-mirror.test.ts)
 */
import { filterAndSort } from '../apiserver/kind-table.ts';
import type { AnyObject, Kind, ObjectOf } from '../objects/kinds.ts';
import type { ObjectKey } from '../objects/meta.ts';
import type { StoreView } from './invariants/invariant.ts';

export class StoreMirror implements StoreView {
  /** Of the last write. */
  revision: number;
  private readonly tables: Map<string, Map<ObjectKey, AnyObject>>;

  constructor() {
    this.revision = 0;
    this.tables = new Map();
  }

  /** Takes in a write; `next` is undefined for a deletion. */
  put(kind: string, key: ObjectKey, next: AnyObject | undefined, revision: number): void {
    this.revision = revision;
    let table = this.tables.get(kind);
    if (table === undefined) {
      table = new Map();
      this.tables.set(kind, table);
    }
    if (next === undefined) table.delete(key);
    else table.set(key, next);
  }

  get<K extends Kind>(kind: K, key: ObjectKey): ObjectOf<K> | undefined {
    return this.tables.get(kind)?.get(key) as ObjectOf<K> | undefined;
  }

  list<K extends Kind>(kind: K, namespace?: string): ObjectOf<K>[] {
    return filterAndSort(this.tables.get(kind)?.values() ?? [], namespace, undefined, undefined) as ObjectOf<K>[];
  }
}
