import { describe, expect, test } from 'vitest';
import { isApiStatus, type Result } from '../../src/objects/api-status.ts';
import type { PodDisruptionBudget } from '../../src/objects/cluster.ts';
import type { Pod, PodPhase } from '../../src/objects/pod.ts';
import { ApiWorld, budget, testPod } from '../support/api-world.ts';

function word(result: Result<unknown>): string {
  if (!isApiStatus(result)) return 'ok';
  return [result.code, result.cause, result.retryAfterSeconds || ''].filter((part) => part !== '').join(' ');
}

describe('binding', () => {
  function bind(world: ApiWorld, fields: { uid?: string; annotations?: Record<string, string> } = {}): Result<Pod> {
    return world.server.execute({ verb: 'bind', key: 'default/a', nodeName: 'n', ...fields }) as Result<Pod>;
  }

  test('sets node, condition and annotations in one write, without looking at the node', () => {
    const world = new ApiWorld();
    world.store.create(testPod('a', {}, { annotations: { kept: '1' } }));
    const bound = bind(world, { annotations: { by: 'me' } }) as Pod;
    expect(bound.spec.nodeName).toBe('n');
    expect(bound.metadata.annotations).toEqual({ kept: '1', by: 'me' });
    expect(bound.status.conditions).toMatchObject([{ type: 'PodScheduled', status: 'True' }]);
    expect([bound.metadata.generation, world.store.revision]).toEqual([1, 2]);
  });

  test.each([
    ['missing', undefined, {}, '404'],
    ['another pod of that name', testPod('a'), { uid: 'other' }, '409'],
    ['already bound', testPod('a', { nodeName: 'm' }), {}, '409'],
    ['gated', testPod('a', { schedulingGates: [{ name: 'x' }] }), {}, '409'],
    ['being deleted', testPod('a', {}, { deletionTimestamp: 5, deletionGracePeriodSeconds: 30 }), {}, '409'],
  ])('refuses a pod that is %s', (_name, pod, fields, expected) => {
    const world = new ApiWorld();
    if (pod !== undefined) world.store.load(pod);
    expect(word(bind(world, fields))).toBe(expected);
  });
});

describe('eviction', () => {
  function setup(budgets: PodDisruptionBudget[], pod: { phase?: PodPhase; isReady?: boolean; deletionTimestamp?: number } = {}): ApiWorld {
    const world = new ApiWorld();
    const made = testPod(
      'a',
      { nodeName: 'n' },
      {
        labels: { app: 'web' },
        deletionTimestamp: pod.deletionTimestamp,
        deletionGracePeriodSeconds: pod.deletionTimestamp === undefined ? undefined : 30,
      },
    );
    const ready = {
      type: 'Ready',
      status: pod.isReady === false ? 'False' : 'True',
      reason: '',
      message: '',
      lastTransitionTime: 0,
    } as const;
    world.store.load({ ...made, status: { ...made.status, phase: pod.phase ?? 'Running', conditions: [ready] } });
    for (const each of budgets) world.store.create(each);
    return world;
  }
  const evict = (world: ApiWorld) => word(world.server.execute({ verb: 'evict', key: 'default/a' }) as Result<Pod>);
  const stored = (world: ApiWorld) => world.store.get('Pod', 'default/a');

  test('without a budget marks the pod and deletes it gracefully', () => {
    const world = setup([]);
    expect(evict(world)).toBe('ok');
    expect(stored(world)?.metadata.deletionGracePeriodSeconds).toBe(30);
    expect(stored(world)?.status.conditions).toMatchObject([
      { type: 'Ready' },
      { type: 'DisruptionTarget', reason: 'EvictionByEvictionAPI' },
    ]);
  });

  test('charges the budget', () => {
    const world = setup([budget('b', { disruptionsAllowed: 1 })]);
    expect(evict(world)).toBe('ok');
    expect(world.store.get('PodDisruptionBudget', 'default/b')?.status).toMatchObject({ disruptionsAllowed: 0, disruptedPods: { a: 0 } });
  });

  test.each([
    ['allows nothing more', { disruptionsAllowed: 0 }, '429 DisruptionBudget'],
    ['has not been looked at since it changed', { disruptionsAllowed: 1, observedGeneration: 0 }, '429 DisruptionBudget 10'],
    ['is broken', { disruptionsAllowed: -1 }, '403'],
  ])('is refused when the budget %s', (_name, status, expected) => {
    const world = setup([budget('b', status)]);
    expect(evict(world)).toBe(expected);
    expect(stored(world)?.metadata.deletionTimestamp).toBe(undefined);
  });

  test('is an error with two budgets, and does not see those of other pods', () => {
    expect(evict(setup([budget('b', { disruptionsAllowed: 1 }), budget('c', { disruptionsAllowed: 1 })]))).toBe('500');
    expect(evict(setup([budget('b', { disruptionsAllowed: 0 }, 'other')]))).toBe('ok');
  });

  test.each([
    ['Pending', { phase: 'Pending' as const }, true],
    ['Failed', { phase: 'Failed' as const }, false],
    ['already being deleted', { deletionTimestamp: 30_000_000 }, true],
  ])('of a pod that is %s asks no budget', (_name, pod, remains) => {
    const world = setup([budget('b', { disruptionsAllowed: 0 })], pod);
    expect(evict(world)).toBe('ok');
    expect(stored(world) !== undefined).toBe(remains);
  });

  test('of an unready pod needs no charge while the budget holds without it, or always', () => {
    const unready = { isReady: false };
    expect(evict(setup([budget('b', { currentHealthy: 1, desiredHealthy: 1 })], unready))).toBe('ok');
    expect(evict(setup([budget('b', { currentHealthy: 0, desiredHealthy: 1 })], unready))).toBe('429 DisruptionBudget');
    const always = budget('b', { currentHealthy: 0, desiredHealthy: 1 });
    expect(evict(setup([{ ...always, spec: { ...always.spec, unhealthyPodEvictionPolicy: 'AlwaysAllow' } }], unready))).toBe('ok');
  });
});
