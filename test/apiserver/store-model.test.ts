/**
 * The store against a model so plain that it is obviously right: one list of objects, one counter, JSON comparison.
 */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Store } from '../../src/apiserver/store.ts';
import { isApiStatus, type Result } from '../../src/objects/api-status.ts';
import type { CustomObject } from '../../src/objects/cluster.ts';
import { newMeta } from '../../src/objects/meta.ts';
import { ApiWorld } from '../support/api-world.ts';
import { check } from '../support/seeded.ts';

interface ModelObject {
  name: string;
  rv: number;
  generation: number;
  labels: Record<string, string>;
  finalizers: string[];
  isDeleting: boolean;
  spec: Record<string, unknown>;
  status: Record<string, unknown>;
}

/** What the store must do to a kind without graceful deletion. Gives the outcome as a word. */
class Model {
  objects: ModelObject[] = [];
  revision = 0;
  log: string[] = [];

  find(name: string): ModelObject | undefined {
    return this.objects.find((object) => object.name === name);
  }

  create(name: string, spec: number, finalizers: string[]): string {
    if (this.find(name)) return 'AlreadyExists';
    this.revision++;
    this.objects.push({
      name,
      rv: this.revision,
      generation: 1,
      labels: {},
      finalizers,
      isDeleting: false,
      spec: { value: spec },
      status: { seen: 0 },
    });
    this.log.push(`ADDED ${name}`);
    return 'ok';
  }

  change(name: string, staleBy: number, edit: (object: ModelObject) => void): string {
    const object = this.find(name);
    if (!object) return 'NotFound';
    if (staleBy > 0) return 'Conflict';
    const next = structuredClone(object);
    edit(next);
    if (JSON.stringify(next) === JSON.stringify(object)) return 'ok';
    if (object.isDeleting && next.finalizers.some((f) => !object.finalizers.includes(f))) return 'Invalid';
    if (JSON.stringify(next.spec) !== JSON.stringify(object.spec)) next.generation++;
    this.revision++;
    next.rv = this.revision;
    if (next.isDeleting && next.finalizers.length === 0) {
      this.objects = this.objects.filter((other) => other !== object);
      this.log.push(`DELETED ${name}`);
    } else {
      this.objects[this.objects.indexOf(object)] = next;
      this.log.push(`MODIFIED ${name}`);
    }
    return 'ok';
  }

  remove(name: string): string {
    const object = this.find(name);
    if (!object) return 'NotFound';
    if (object.finalizers.length > 0) {
      if (object.isDeleting) return 'ok';
      this.revision++;
      object.rv = this.revision;
      object.isDeleting = true;
      object.generation++;
      this.log.push(`MODIFIED ${name}`);
      return 'ok';
    }
    this.revision++;
    this.objects = this.objects.filter((other) => other !== object);
    this.log.push(`DELETED ${name}`);
    return 'ok';
  }
}

type Step =
  | { do: 'create'; name: string; spec: number; finalizers: string[] }
  | { do: 'spec' | 'status' | 'label'; name: string; value: number; stale: boolean; patch: boolean }
  | { do: 'finalizers'; name: string; finalizers: string[] }
  | { do: 'delete'; name: string };

const names = fc.constantFrom('a', 'b', 'c');
const finalizers = fc.constantFrom<string[]>([], ['x'], ['x', 'y']);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant('create' as const), name: names, spec: fc.nat(2), finalizers }),
  fc.record({
    do: fc.constantFrom('spec' as const, 'status' as const, 'label' as const),
    name: names,
    value: fc.nat(2),
    stale: fc.boolean(),
    patch: fc.boolean(),
  }),
  fc.record({ do: fc.constant('finalizers' as const), name: names, finalizers }),
  fc.record({ do: fc.constant('delete' as const), name: names }),
);

test('agrees with the model on outcomes, revisions, events and final state after any mix of writes', () => {
  check(
    fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
      const { store } = new ApiWorld();
      const model = new Model();
      const log: string[] = [];
      let lastRevision = 0;
      store.onCommit((_kind, type, old, next, revision) => {
        expect(revision).toBe(++lastRevision);
        log.push(`${type} ${(next ?? old)?.metadata.name}`);
      });
      for (const each of steps) expect(outcome(applyToStore(store, each))).toBe(applyToModel(model, each));
      expect(store.revision).toBe(model.revision);
      expect(log).toEqual(model.log);
      expect(store.list('Widget').map(flatten)).toEqual(model.objects.toSorted((a, b) => (a.name < b.name ? -1 : 1)));
    }),
    300,
  );
});

function applyToModel(model: Model, each: Step): string {
  switch (each.do) {
    case 'create':
      return model.create(each.name, each.spec, each.finalizers);
    case 'delete':
      return model.remove(each.name);
    case 'finalizers':
      return model.change(each.name, 0, (object) => {
        object.finalizers = each.finalizers;
      });
    default:
      // A patch carries no revision, so it cannot be stale.
      return model.change(each.name, each.stale && !each.patch ? 1 : 0, (object) => {
        if (each.do === 'spec') object.spec = { value: each.value };
        else if (each.do === 'status') object.status = { seen: each.value };
        else object.labels = { v: String(each.value) };
      });
  }
}

function applyToStore(store: Store, each: Step): Result<unknown> {
  const key = `default/${each.name}`;
  if (each.do === 'create') {
    return store.create<CustomObject>({
      kind: 'Widget',
      apiVersion: 'example.dev/v1',
      metadata: newMeta({ name: each.name, namespace: 'default', finalizers: each.finalizers }),
      spec: { value: each.spec },
      status: { seen: 0 },
    });
  }
  if (each.do === 'delete') return store.delete('Widget', key);
  if (each.do === 'finalizers') {
    return store.patch('Widget', key, (object) => ({ ...object, metadata: { ...object.metadata, finalizers: each.finalizers } }));
  }
  const edit = (object: CustomObject): CustomObject => {
    if (each.do === 'spec') return { ...object, spec: { value: each.value } };
    if (each.do === 'status') return { ...object, status: { seen: each.value } };
    return { ...object, metadata: { ...object.metadata, labels: { v: String(each.value) } } };
  };
  const subresource = each.do === 'status' ? 'status' : undefined;
  if (each.patch) return store.patch('Widget', key, edit, subresource);
  const current = store.get('Widget', key);
  const made = edit(current ?? missing(each.name));
  const { resourceVersion } = made.metadata;
  return store.update(
    { ...made, metadata: { ...made.metadata, resourceVersion: each.stale ? resourceVersion + 1000 : resourceVersion } },
    subresource,
  );
}

function missing(name: string): CustomObject {
  return {
    kind: 'Widget',
    apiVersion: 'example.dev/v1',
    metadata: { ...newMeta({ name, namespace: 'default' }), resourceVersion: 1 },
    spec: {},
    status: {},
  };
}

function outcome(result: Result<unknown>): string {
  return isApiStatus(result) ? result.reason : 'ok';
}

function flatten(object: CustomObject): ModelObject {
  const { metadata } = object;
  return {
    name: metadata.name,
    rv: metadata.resourceVersion,
    generation: metadata.generation,
    labels: { ...metadata.labels },
    finalizers: [...metadata.finalizers],
    isDeleting: metadata.deletionTimestamp !== undefined,
    spec: { ...object.spec },
    status: { ...object.status },
  };
}
