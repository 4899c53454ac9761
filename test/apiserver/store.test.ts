import { describe, expect, test } from 'vitest';
import type { Store } from '../../src/apiserver/store.ts';
import { isApiStatus, type Result } from '../../src/objects/api-status.ts';
import { newNode } from '../../src/objects/builders.ts';
import type { CustomObject, Lease } from '../../src/objects/cluster.ts';
import type { AnyObject } from '../../src/objects/kinds.ts';
import { newMeta } from '../../src/objects/meta.ts';
import type { Pod } from '../../src/objects/pod.ts';
import { ApiWorld, testPod } from '../support/api-world.ts';

function fresh(): { world: ApiWorld; store: Store } {
  const world = new ApiWorld();
  return { world, store: world.store };
}

function ok<T>(result: Result<T>): T {
  if (isApiStatus(result)) throw new Error(result.toString());
  return result;
}

function reason(result: Result<unknown>): string {
  return isApiStatus(result) ? result.reason : 'ok';
}

function custom(name: string, spec: Record<string, unknown>, status: Record<string, unknown> = {}): CustomObject {
  return { kind: 'Widget', apiVersion: 'example.dev/v1', metadata: newMeta({ name, namespace: 'default' }), spec, status };
}

describe('create', () => {
  test('gives uid, generation 1, whole-second creation time and the next revision', () => {
    const { world, store } = fresh();
    world.runFor(2_700_000);
    const pod = ok(store.create(testPod('a')));
    expect(pod.metadata.uid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect([pod.metadata.generation, pod.metadata.creationTimestamp, pod.metadata.resourceVersion]).toEqual([1, 2_000_000, 1]);
    expect(ok(store.create(testPod('b'))).metadata.resourceVersion).toBe(2);
  });

  test('refuses a key that is taken, a revision, and a missing name', () => {
    const { store } = fresh();
    ok(store.create(testPod('a')));
    expect(reason(store.create(testPod('a')))).toBe('AlreadyExists');
    expect(reason(store.create(testPod('b', {}, { resourceVersion: 3 })))).toBe('Invalid');
    expect(reason(store.create(testPod('')))).toBe('Invalid');
  });

  test('makes a name from generateName: at most 58 characters and 5 of the alphabet', () => {
    const { store } = fresh();
    const long = 'x'.repeat(70);
    expect(ok(store.create(testPod('', {}, { generateName: 'web-' }))).metadata.name).toMatch(/^web-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
    expect(ok(store.create(testPod('', {}, { generateName: long }))).metadata.name).toHaveLength(63);
  });

  test('puts namespaced kinds into default and cluster kinds into none', () => {
    const { store } = fresh();
    expect(ok(store.create(testPod('a', {}, { namespace: '' }))).metadata.namespace).toBe('default');
    expect(ok(store.create({ ...newNode('n'), metadata: { ...newNode('n').metadata, namespace: 'x' } })).metadata.namespace).toBe('');
  });

  test('gives the same uids and names for the same seed, and others for another', () => {
    const names = (seed: number) => {
      const { store } = new ApiWorld({ seed });
      return [1, 2, 3].map(() => {
        const { metadata } = ok(store.create(testPod('', {}, { generateName: 'p-' })));
        return `${metadata.name} ${metadata.uid}`;
      });
    };
    expect(names(7)).toEqual(names(7));
    expect(names(7)).not.toEqual(names(8));
    expect(new Set(names(7)).size).toBe(3);
  });
});

describe('update', () => {
  test('refuses an old revision, another uid and a missing object', () => {
    const { store } = fresh();
    const first = ok(store.create(testPod('a')));
    const second = ok(store.update({ ...first, metadata: { ...first.metadata, labels: { a: '1' } } }));
    expect(reason(store.update({ ...first, metadata: { ...first.metadata, labels: { a: '2' } } }))).toBe('Conflict');
    expect(reason(store.update({ ...second, metadata: { ...second.metadata, uid: 'other' } }))).toBe('Conflict');
    expect(reason(store.update(testPod('b')))).toBe('NotFound');
  });

  test('without a revision overwrites a pod and refuses a lease', () => {
    const { store } = fresh();
    ok(store.create(testPod('a')));
    expect(reason(store.update(testPod('a', {}, { labels: { x: 'y' } })))).toBe('ok');
    const lease: Lease = {
      kind: 'Lease',
      apiVersion: 'coordination.k8s.io/v1',
      metadata: newMeta({ name: 'l', namespace: 'default' }),
      spec: { holderIdentity: '', leaseDurationSeconds: 15, acquireTime: undefined, renewTime: undefined, leaseTransitions: 0 },
    };
    ok(store.create(lease));
    expect(reason(store.update(lease))).toBe('Invalid');
  });

  test('keeps the status, and the status subresource keeps everything else', () => {
    const { store } = fresh();
    const made = ok(store.create(custom('w', { size: 1 }, { seen: 0 })));
    const updated = ok(store.update({ ...made, spec: { size: 2 }, status: { seen: 9 } }));
    expect([updated.spec, updated.status, updated.metadata.generation]).toEqual([{ size: 2 }, { seen: 0 }, 2]);
    const reported = ok(store.update({ ...updated, spec: { size: 7 }, status: { seen: 2 } }, 'status'));
    expect([reported.spec, reported.status, reported.metadata.generation]).toEqual([{ size: 2 }, { seen: 2 }, 2]);
  });

  test('takes labels along with the status of pods and nodes only, and never owner references', () => {
    const { store } = fresh();
    const owner = [{ apiVersion: 'v1', kind: 'X', name: 'x', uid: 'u', controller: true, blockOwnerDeletion: true }];
    const widget = ok(store.create(custom('w', {})));
    const same = ok(store.update({ ...widget, metadata: { ...widget.metadata, labels: { a: 'b' } } }, 'status'));
    expect(same).toBe(widget);
    const pod = ok(store.create(testPod('a')));
    const next = ok(store.update({ ...pod, metadata: { ...pod.metadata, labels: { a: 'b' }, ownerReferences: owner } }, 'status'));
    expect([next.metadata.labels, next.metadata.ownerReferences]).toEqual([{ a: 'b' }, []]);
  });

  test('does not let an update move a pod to a node', () => {
    const { store } = fresh();
    const pod = ok(store.create(testPod('a')));
    expect(reason(store.update({ ...pod, spec: { ...pod.spec, nodeName: 'n' } }))).toBe('Invalid');
  });
});

test('a copy under another name is an object of that name, whatever key it was copied with', () => {
  const { store } = fresh();
  const first = ok(store.create(testPod('a')));
  expect(first.metadata.key).toBe('default/a');
  const copy = { ...first, metadata: { ...first.metadata, name: 'b', uid: '', resourceVersion: 0, labels: { of: 'a' } } };
  expect(reason(store.update(copy))).toBe('NotFound');
  const second = ok(store.create(copy));
  expect(second.metadata.key).toBe('default/b');
  const changed = { ...copy, metadata: { ...copy.metadata, resourceVersion: second.metadata.resourceVersion, labels: { of: 'b' } } };
  ok(store.update(changed));
  expect(store.get('Pod', 'default/b')?.metadata.labels).toEqual({ of: 'b' });
  expect(store.get('Pod', 'default/a')).toBe(first);
});

describe('no-op writes', () => {
  test('of every form leave revision and object alone and are not announced', () => {
    const { store } = fresh();
    const pod = ok(store.create(testPod('a', {}, { labels: { a: 'b' } })));
    const commits: string[] = [];
    store.onCommit((kind, type) => commits.push(`${type} ${kind}`));
    const copy = structuredClone(pod) as Pod;
    expect(store.update(copy)).toBe(pod);
    expect(store.update(copy, 'status')).toBe(pod);
    expect(store.patch('Pod', 'default/a', (current) => current)).toBe(pod);
    expect(store.patch('Pod', 'default/a', (current) => structuredClone(current))).toBe(pod);
    expect(commits).toEqual([]);
    expect(store.revision).toBe(1);
  });

  test('are recognized when a field is undefined on one side and missing on the other', () => {
    const { store } = fresh();
    const made = ok(store.create(custom('w', { a: 1, b: undefined })));
    expect(store.update({ ...made, spec: { a: 1 } })).toBe(made);
  });
});

describe('patch', () => {
  test('applies to the latest state, and heeds uid and revision preconditions', () => {
    const { store } = fresh();
    const pod = ok(store.create(testPod('a')));
    const label = (value: string) => (current: Pod) => ({ ...current, metadata: { ...current.metadata, labels: { v: value } } });
    expect(reason(store.patch('Pod', 'default/a', label('1'), undefined, { uid: 'other' }))).toBe('Conflict');
    expect(reason(store.patch('Pod', 'default/a', label('1'), undefined, { uid: pod.metadata.uid, resourceVersion: 1 }))).toBe('ok');
    expect(reason(store.patch('Pod', 'default/a', label('2'), undefined, { resourceVersion: 1 }))).toBe('Conflict');
    expect(reason(store.patch('Pod', 'default/b', label('2')))).toBe('NotFound');
  });

  test('shares what did not change with the stored object', () => {
    const { store } = fresh();
    const pod = ok(store.create(testPod('a')));
    const next = ok(store.patch('Pod', 'default/a', (current) => ({ ...current, status: { ...current.status, podIP: '1' } }), 'status'));
    expect(next.spec).toBe(pod.spec);
    expect(next.metadata.labels).toBe(pod.metadata.labels);
  });
});

test('observers see every write once, in revision order, with the state before and after', () => {
  const { store } = fresh();
  const seen: [string, string | undefined, string | undefined, number][] = [];
  const phase = (object: AnyObject | undefined) => (object as Pod | undefined)?.status.phase;
  store.onCommit((_kind, type, old, next, revision) => seen.push([type, phase(old), phase(next), revision]));
  ok(store.create(testPod('a')));
  ok(store.patch('Pod', 'default/a', (pod) => ({ ...pod, status: { ...pod.status, phase: 'Running' } }), 'status'));
  ok(store.delete('Pod', 'default/a'));
  expect(seen).toEqual([
    ['ADDED', undefined, 'Pending', 1],
    ['MODIFIED', 'Pending', 'Running', 2],
    ['DELETED', 'Running', undefined, 3],
  ]);
});

test('load takes an object as it stands', () => {
  const { store } = fresh();
  const pod = testPod('a', { nodeName: 'n' }, { uid: 'mine', creationTimestamp: -5, deletionTimestamp: 7, deletionGracePeriodSeconds: 30 });
  const loaded = ok(store.load({ ...pod, status: { ...pod.status, phase: 'Running' } }));
  expect([loaded.metadata.uid, loaded.metadata.creationTimestamp, loaded.metadata.deletionTimestamp, loaded.status.phase]).toEqual([
    'mine',
    -5,
    7,
    'Running',
  ]);
  expect(reason(store.load(pod))).toBe('AlreadyExists');
});

test('lists are in key order, by namespace and by node', () => {
  const { store } = fresh();
  for (const [name, namespace] of [
    ['b', 'z'],
    ['a', 'z'],
    ['c', 'default'],
    ['aa', 'default'],
  ] as const) {
    ok(store.create(testPod(name, { nodeName: name === 'a' || name === 'c' ? 'n' : '' }, { namespace })));
  }
  const names = (pods: readonly AnyObject[]) => pods.map((pod) => `${pod.metadata.namespace}/${pod.metadata.name}`);
  expect(names(store.list('Pod'))).toEqual(['default/aa', 'default/c', 'z/a', 'z/b']);
  expect(names(store.list('Pod', 'z'))).toEqual(['z/a', 'z/b']);
  expect(names(store.table('Pod').list(undefined, 'n', undefined))).toEqual(['default/c', 'z/a']);
});
