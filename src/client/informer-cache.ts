/**
 * InformerCache: the objects an informer holds, with its indexes.
 *
 * Cost      O(1) get and set plus O(values) per index; byIndex, inNamespace and list are O(result), and free while
 *           nothing has changed
 * Order     insertion order: an updated object keeps its place
 */

import { fail } from '../base/invariant.ts';
import type { AnyObject } from '../objects/kinds.ts';
import type { ObjectKey } from '../objects/meta.ts';

interface Bucket {
  readonly objects: Map<ObjectKey, AnyObject>;
  /** The objects as an array; undefined after a change. */
  array: readonly AnyObject[] | undefined;
}

interface Index {
  readonly name: string;
  readonly valuesOf: (object: AnyObject) => readonly string[];
  readonly buckets: Map<string, Bucket>;
}

const NOTHING: readonly AnyObject[] = [];

export class InformerCache {
  private readonly objects: Map<ObjectKey, AnyObject>;
  private readonly indexes: Index[];
  private array: readonly AnyObject[] | undefined;
  private byNamespace: Index | undefined;

  constructor() {
    this.objects = new Map();
    this.indexes = [];
    this.array = undefined;
    this.byNamespace = undefined;
  }

  get size(): number {
    return this.objects.size;
  }

  get(key: ObjectKey): AnyObject | undefined {
    return this.objects.get(key);
  }

  keys(): IterableIterator<ObjectKey> {
    return this.objects.keys();
  }

  list(): readonly AnyObject[] {
    this.array ??= [...this.objects.values()];
    return this.array;
  }

  inNamespace(namespace: string): readonly AnyObject[] {
    this.byNamespace ??= this.makeIndex('', (object) => [object.metadata.namespace]);
    return bucketArray(this.byNamespace.buckets.get(namespace));
  }

  byIndex(name: string, value: string): readonly AnyObject[] {
    const index = this.indexes.find((entry) => entry.name === name) ?? fail(`informer has no index ${name}`);
    return bucketArray(index.buckets.get(value));
  }

  addIndex(name: string, valuesOf: (object: AnyObject) => readonly string[]): void {
    if (name === '') fail('an index needs a name');
    if (!this.indexes.some((entry) => entry.name === name)) this.makeIndex(name, valuesOf);
  }

  set(key: ObjectKey, object: AnyObject): void {
    const old = this.objects.get(key);
    this.objects.set(key, object);
    this.array = undefined;
    for (const index of this.indexes) reindex(index, key, old, object);
  }

  delete(key: ObjectKey): void {
    const old = this.objects.get(key);
    if (old === undefined) return;
    this.objects.delete(key);
    this.array = undefined;
    for (const index of this.indexes) for (const value of index.valuesOf(old)) removeFrom(index, value, key);
  }

  private makeIndex(name: string, valuesOf: (object: AnyObject) => readonly string[]): Index {
    const index: Index = { name, valuesOf, buckets: new Map() };
    this.indexes.push(index);
    for (const [key, object] of this.objects) for (const value of valuesOf(object)) addTo(index, value, key, object);
    return index;
  }
}

function bucketArray(bucket: Bucket | undefined): readonly AnyObject[] {
  if (bucket === undefined) return NOTHING;
  bucket.array ??= [...bucket.objects.values()];
  return bucket.array;
}

function reindex(index: Index, key: ObjectKey, old: AnyObject | undefined, object: AnyObject): void {
  const values = index.valuesOf(object);
  if (old !== undefined) {
    for (const value of index.valuesOf(old)) if (!values.includes(value)) removeFrom(index, value, key);
  }
  for (const value of values) addTo(index, value, key, object);
}

function addTo(index: Index, value: string, key: ObjectKey, object: AnyObject): void {
  const bucket = index.buckets.get(value);
  if (bucket === undefined) {
    index.buckets.set(value, { objects: new Map([[key, object]]), array: undefined });
    return;
  }
  bucket.objects.set(key, object);
  bucket.array = undefined;
}

function removeFrom(index: Index, value: string, key: ObjectKey): void {
  const bucket = index.buckets.get(value);
  if (bucket === undefined) return;
  bucket.objects.delete(key);
  bucket.array = undefined;
  if (bucket.objects.size === 0) index.buckets.delete(value);
}
