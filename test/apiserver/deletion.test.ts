import { describe, expect, test } from 'vitest';
import { isApiStatus, type Result } from '../../src/objects/api-status.ts';
import type { CustomObject } from '../../src/objects/cluster.ts';
import { newMeta, type ObjectMeta } from '../../src/objects/meta.ts';
import type { Pod, PodPhase } from '../../src/objects/pod.ts';
import { ApiWorld, testPod } from '../support/api-world.ts';

const SECOND = 1_000_000;

function ok<T>(result: Result<T>): T {
  if (isApiStatus(result)) throw new Error(result.toString());
  return result;
}

/** A world at 100 s with one pod as described. */
function withPod(fields: { nodeName?: string; phase?: PodPhase; grace?: number; finalizers?: string[] }) {
  const world = new ApiWorld();
  world.runFor(100 * SECOND);
  const pod = testPod(
    'a',
    { nodeName: fields.nodeName ?? 'n', terminationGracePeriodSeconds: fields.grace ?? 30 },
    { finalizers: fields.finalizers ?? [] },
  );
  ok(world.store.load({ ...pod, status: { ...pod.status, phase: fields.phase ?? 'Running' } }));
  return world;
}

function timesOf(object: { metadata: ObjectMeta }) {
  const { deletionTimestamp, deletionGracePeriodSeconds, generation } = object.metadata;
  return [deletionTimestamp === undefined ? undefined : deletionTimestamp / SECOND, deletionGracePeriodSeconds, generation];
}

function widget(finalizers: string[]): CustomObject {
  return {
    kind: 'Widget',
    apiVersion: 'example.dev/v1',
    metadata: newMeta({ name: 'w', namespace: 'default', finalizers }),
    spec: {},
    status: {},
  };
}

describe('a pod', () => {
  test('that runs gets its own grace period, one generation and a MODIFIED event', () => {
    const { store } = withPod({});
    const types: string[] = [];
    store.onCommit((_kind, type) => types.push(type));
    expect(timesOf(ok(store.delete('Pod', 'default/a')))).toEqual([130, 30, 2]);
    expect(store.count('Pod')).toBe(1);
    expect(types).toEqual(['MODIFIED']);
  });

  test.each([
    ['unscheduled', { nodeName: '' }],
    ['Succeeded', { phase: 'Succeeded' as const }],
    ['Failed', { phase: 'Failed' as const }],
  ])('that is %s goes at once', (_name, fields) => {
    const { store } = withPod(fields);
    ok(store.delete('Pod', 'default/a', { gracePeriodSeconds: 60 }));
    expect(store.count('Pod')).toBe(0);
  });

  test('asked for a negative grace period gets one second', () => {
    const { store } = withPod({});
    expect(timesOf(ok(store.delete('Pod', 'default/a', { gracePeriodSeconds: -5 })))).toEqual([101, 1, 2]);
  });

  test('force-deleted goes at once, with the deletion as its last revision', () => {
    const { store } = withPod({});
    const gone = ok(store.delete('Pod', 'default/a', { gracePeriodSeconds: 0 }));
    expect([store.count('Pod'), gone.metadata.resourceVersion]).toEqual([0, store.revision]);
  });

  test.each([
    ['no option', undefined, [130, 30, 2]],
    ['a longer period', 40, [130, 30, 2]],
    ['the same period', 30, [130, 30, 2]],
    ['a shorter period', 20, [120, 20, 2]],
    ['a period that is already over', 5, [110, 1, 2]],
  ])('deleted again after 10 s with %s', (_name, again, expected) => {
    const world = withPod({});
    ok(world.store.delete('Pod', 'default/a'));
    world.runFor(10 * SECOND);
    const options = again === undefined ? {} : { gracePeriodSeconds: again };
    expect(timesOf(ok(world.store.delete('Pod', 'default/a', options)))).toEqual(expected);
  });

  test('with a finalizer waits with period 0 until the finalizer is gone', () => {
    const { store } = withPod({ finalizers: ['batch.kubernetes.io/job-tracking'] });
    ok(store.delete('Pod', 'default/a'));
    expect(timesOf(ok(store.delete('Pod', 'default/a', { gracePeriodSeconds: 0 })))).toEqual([100, 0, 2]);
    const types: string[] = [];
    store.onCommit((_kind, type) => types.push(type));
    ok(store.patch('Pod', 'default/a', (pod) => ({ ...pod, metadata: { ...pod.metadata, finalizers: [] } })));
    expect([store.count('Pod'), types]).toEqual([0, ['DELETED']]);
  });

  test('that loses its last finalizer during its grace period stays until the period is cut to 0', () => {
    const { store } = withPod({ finalizers: ['x'] });
    ok(store.delete('Pod', 'default/a'));
    ok(store.patch('Pod', 'default/a', (pod) => ({ ...pod, metadata: { ...pod.metadata, finalizers: [] } })));
    expect(store.count('Pod')).toBe(1);
    ok(store.delete('Pod', 'default/a', { gracePeriodSeconds: 0 }));
    expect(store.count('Pod')).toBe(0);
  });

  test('being deleted takes no new finalizer, and status writes leave its deletion alone', () => {
    const { store } = withPod({});
    ok(store.delete('Pod', 'default/a'));
    const added = store.patch('Pod', 'default/a', (pod) => ({ ...pod, metadata: { ...pod.metadata, finalizers: ['x'] } }));
    expect(isApiStatus(added) && added.isInvalid).toBe(true);
    const before = store.get('Pod', 'default/a') as Pod;
    const after = ok(
      store.patch(
        'Pod',
        'default/a',
        (pod) => ({ ...pod, metadata: { ...pod.metadata, deletionTimestamp: undefined }, status: { ...pod.status, podIP: '1' } }),
        'status',
      ),
    );
    expect(timesOf(after)).toEqual(timesOf(before));
  });

  test('is protected by uid and revision preconditions', () => {
    const { store } = withPod({});
    const { uid, resourceVersion } = (store.get('Pod', 'default/a') as Pod).metadata;
    const refused = [
      store.delete('Pod', 'default/a', { uid: 'other' }),
      store.delete('Pod', 'default/a', { resourceVersion: resourceVersion + 1 }),
    ];
    expect(refused.map((result) => isApiStatus(result) && result.reason)).toEqual(['Conflict', 'Conflict']);
    ok(store.delete('Pod', 'default/a', { uid, resourceVersion, gracePeriodSeconds: 0 }));
    expect(store.count('Pod')).toBe(0);
  });
});

describe('another kind', () => {
  test('without finalizers goes at once', () => {
    const { store } = new ApiWorld();
    ok(store.create(widget([])));
    ok(store.delete('Widget', 'default/w'));
    expect(store.count('Widget')).toBe(0);
  });

  test('with finalizers is marked with period 0, and a repeated delete changes nothing', () => {
    const world = new ApiWorld();
    world.runFor(5 * SECOND);
    ok(world.store.create(widget(['example.dev/hold'])));
    const marked = ok(world.store.delete('Widget', 'default/w'));
    expect(timesOf(marked)).toEqual([5, 0, 2]);
    world.runFor(5 * SECOND);
    expect(world.store.delete('Widget', 'default/w')).toBe(marked);
  });

  test.each([
    ['Foreground', ['foregroundDeletion']],
    ['Orphan', ['orphan']],
  ] as const)('deleted %s waits for its finalizer', (propagation, finalizers) => {
    const { store } = new ApiWorld();
    ok(store.create(widget([])));
    const marked = ok(store.delete('Widget', 'default/w', { propagation }));
    expect(marked.metadata.finalizers).toEqual(finalizers);
    ok(store.patch('Widget', 'default/w', (current) => ({ ...current, metadata: { ...current.metadata, finalizers: [] } })));
    expect(store.count('Widget')).toBe(0);
  });

  test('keeps the finalizers it has unless a policy says otherwise', () => {
    const { store } = new ApiWorld();
    ok(store.create(widget(['orphan', 'x'])));
    expect(ok(store.delete('Widget', 'default/w')).metadata.finalizers).toEqual(['orphan', 'x']);
    expect(ok(store.delete('Widget', 'default/w', { propagation: 'Foreground' })).metadata.finalizers).toEqual(['x', 'foregroundDeletion']);
    expect(ok(store.delete('Widget', 'default/w', { propagation: 'Background' })).metadata.finalizers).toEqual(['x']);
  });
});

test('a namespace becomes Terminating and waits for its finalizer; the built-in ones stay', () => {
  const { server, store } = new ApiWorld();
  server.execute({ verb: 'create', object: testPod('a', {}, { namespace: 'shop' }) });
  server.execute({ verb: 'create', object: testPod('b') });
  const marked = ok(store.delete('Namespace', 'shop'));
  expect([marked.status.phase, marked.metadata.finalizers]).toEqual(['Terminating', ['kubernetes']]);
  const refused = store.delete('Namespace', 'default');
  expect(isApiStatus(refused) && refused.isForbidden).toBe(true);
});
