/**
 * InformerCache: the objects an informer holds, with its indexes.
 *
 * HOT       `put` once per delivered watch event
 * Layout    one entry per object that stays while the object changes; indexes hold entries, so an update that moves in no
 *           index touches the entry alone
 * Cost      O(1) put and remove plus O(values) per index; byIndex, inNamespace and list are O(result), and free while
 *           nothing has changed
 * Order     insertion order: an updated object keeps its place
 */

import { fail } from '../base/invariant.ts';
import type { AnyObject } from '../objects/kinds.ts';
import type { ObjectKey } from '../objects/meta.ts';

class Entry {
  object: AnyObject;
  /** By index: the buckets this entry is in. */
  readonly buckets: (readonly Bucket[])[];

  constructor(object: AnyObject, buckets: (readonly Bucket[])[]) {
    this.object = object;
    this.buckets = buckets;
  }
}

class Bucket {
  readonly value: string;
  readonly entries: Set<Entry>;
  /** The objects as an array; undefined after a change. */
  array: readonly AnyObject[] | undefined;

  constructor(value: string) {
    this.value = value;
    this.entries = new Set();
    this.array = undefined;
  }
}

interface Index {
  readonly name: string;
  readonly valuesOf: (object: AnyObject) => readonly string[];
  readonly buckets: Map<string, Bucket>;
}

const NOTHING: readonly AnyObject[] = [];
const NO_BUCKETS: readonly Bucket[] = [];
const NO_INDEXES: (readonly Bucket[])[] = [];

export class InformerCache {
  private readonly entries: Map<ObjectKey, Entry>;
  private readonly indexes: Index[];
  private array: readonly AnyObject[] | undefined;
  private byNamespace: Index | undefined;

  constructor() {
    this.entries = new Map();
    this.indexes = [];
    this.array = undefined;
    this.byNamespace = undefined;
  }

  get size(): number {
    return this.entries.size;
  }

  get(key: ObjectKey): AnyObject | undefined {
    return this.entries.get(key)?.object;
  }

  keys(): IterableIterator<ObjectKey> {
    return this.entries.keys();
  }

  list(): readonly AnyObject[] {
    this.array ??= objectsOf(this.entries.values(), this.entries.size);
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

  /** Takes `object` in and gives what was there; the same object again changes nothing. */
  put(key: ObjectKey, object: AnyObject): AnyObject | undefined {
    const entry = this.entries.get(key);
    if (entry === undefined) {
      this.insert(key, object);
      return undefined;
    }
    const old = entry.object;
    if (old === object) return old;
    entry.object = object;
    this.array = undefined;
    const { indexes } = this;
    for (let i = 0; i < indexes.length; i++) {
      const values = indexes[i]!.valuesOf(object);
      const buckets = entry.buckets[i]!;
      if (hasValues(buckets, values)) {
        for (let b = 0; b < buckets.length; b++) buckets[b]!.array = undefined;
      } else {
        entry.buckets[i] = moveBetween(indexes[i]!, entry, buckets, values);
      }
    }
    return old;
  }

  /** Forgets an object and gives what was there. */
  remove(key: ObjectKey): AnyObject | undefined {
    const entry = this.entries.get(key);
    if (entry === undefined) return undefined;
    this.entries.delete(key);
    this.array = undefined;
    for (let i = 0; i < this.indexes.length; i++) for (const bucket of entry.buckets[i]!) removeFrom(this.indexes[i]!, bucket, entry);
    return entry.object;
  }

  private insert(key: ObjectKey, object: AnyObject): void {
    const { indexes } = this;
    const entry = new Entry(object, indexes.length === 0 ? NO_INDEXES : new Array(indexes.length));
    for (let i = 0; i < indexes.length; i++) entry.buckets[i] = addTo(indexes[i]!, indexes[i]!.valuesOf(object), entry);
    this.entries.set(key, entry);
    this.array = undefined;
  }

  private makeIndex(name: string, valuesOf: (object: AnyObject) => readonly string[]): Index {
    const index: Index = { name, valuesOf, buckets: new Map() };
    const place = this.indexes.push(index) - 1;
    for (const [key, old] of this.entries) {
      const entry = place === 0 ? new Entry(old.object, []) : old;
      entry.buckets[place] = addTo(index, valuesOf(entry.object), entry);
      if (entry !== old) this.entries.set(key, entry);
    }
    return index;
  }
}

function objectsOf(entries: Iterable<Entry>, count: number): AnyObject[] {
  const objects = new Array<AnyObject>(count);
  let i = 0;
  for (const entry of entries) objects[i++] = entry.object;
  return objects;
}

function bucketArray(bucket: Bucket | undefined): readonly AnyObject[] {
  if (bucket === undefined) return NOTHING;
  bucket.array ??= objectsOf(bucket.entries, bucket.entries.size);
  return bucket.array;
}

/** Whether these are exactly the buckets of `values`. */
function hasValues(buckets: readonly Bucket[], values: readonly string[]): boolean {
  if (buckets.length !== values.length) return false;
  for (let i = 0; i < values.length; i++) if (buckets[i]!.value !== values[i]) return false;
  return true;
}

/** In a bucket it stays in, the entry keeps its place. */
function moveBetween(index: Index, entry: Entry, from: readonly Bucket[], values: readonly string[]): readonly Bucket[] {
  for (const bucket of from) if (!values.includes(bucket.value)) removeFrom(index, bucket, entry);
  return addTo(index, values, entry);
}

function addTo(index: Index, values: readonly string[], entry: Entry): readonly Bucket[] {
  if (values.length === 0) return NO_BUCKETS;
  const found = new Array<Bucket>(values.length);
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    let bucket = index.buckets.get(value);
    if (bucket === undefined) {
      bucket = new Bucket(value);
      index.buckets.set(value, bucket);
    }
    bucket.entries.add(entry);
    bucket.array = undefined;
    found[i] = bucket;
  }
  return found;
}

function removeFrom(index: Index, bucket: Bucket, entry: Entry): void {
  bucket.entries.delete(entry);
  bucket.array = undefined;
  if (bucket.entries.size === 0) index.buckets.delete(bucket.value);
}
