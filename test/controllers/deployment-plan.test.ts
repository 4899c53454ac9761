import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  ANNOTATION_DESIRED_REPLICAS,
  ANNOTATION_MAX_REPLICAS,
  findActiveOrLatest,
  isScalingEvent,
  maxSurgeOf,
  maxUnavailableOf,
  newReplicaSetSize,
  planOldScaleDown,
  planUnhealthyCleanup,
  proportionalScale,
  resolveFenceposts,
} from '../../src/controllers/deployment-plan.ts';
import { resolveIntOrPercent } from '../../src/controllers/int-or-percent.ts';
import { check } from '../support/seeded.ts';
import { deployment, replicaSet } from './objects.ts';

describe('resolveIntOrPercent', () => {
  test.each([
    [3, 10, true, 3],
    ['25%', 10, true, 3],
    ['25%', 10, false, 2],
    ['7%', 100, true, 7],
    ['100%', 3, false, 3],
    ['0%', 3, true, 0],
    ['many', 3, true, 0],
  ] as const)('%s of %i, rounding up: %s, is %i', (value, total, up, expected) => {
    expect(resolveIntOrPercent(value, total, up)).toBe(expected);
  });
});

describe('resolveFenceposts', () => {
  test.each([
    ['25%', '25%', 3, { surge: 1, unavailable: 0 }],
    ['25%', '25%', 4, { surge: 1, unavailable: 1 }],
    ['25%', '25%', 10, { surge: 3, unavailable: 2 }],
    [0, '25%', 3, { surge: 0, unavailable: 1 }],
    [1, 0, 3, { surge: 1, unavailable: 0 }],
    ['0%', '0%', 0, { surge: 0, unavailable: 1 }],
  ] as const)('maxSurge %s and maxUnavailable %s of %i', (surge, unavailable, desired, expected) => {
    expect(resolveFenceposts(surge, unavailable, desired)).toEqual(expected);
  });

  test('never leaves a rollout without room to move', () => {
    const amount = fc.oneof(
      fc.nat(5),
      fc.nat(100).map((n) => `${n}%`),
    );
    check(
      fc.property(amount, amount, fc.nat(50), (surge, unavailable, desired) => {
        const posts = resolveFenceposts(surge, unavailable, desired);
        expect(posts.surge + posts.unavailable).toBeGreaterThan(0);
      }),
    );
  });
});

test('Recreate knows neither surge nor missing pods, and nothing may be missing of nothing', () => {
  const recreate = deployment('web', { strategy: { type: 'Recreate', maxSurge: 1, maxUnavailable: 1 } });
  expect([maxSurgeOf(recreate), maxUnavailableOf(recreate)]).toEqual([0, 0]);
  expect(maxUnavailableOf(deployment('web', { replicas: 0 }))).toBe(0);
  expect(maxUnavailableOf(deployment('web', { replicas: 2, strategy: { type: 'RollingUpdate', maxSurge: 0, maxUnavailable: 9 } }))).toBe(2);
});

test('the new set grows into what the surge leaves free', () => {
  const web = deployment('web', { replicas: 10, strategy: { type: 'RollingUpdate', maxSurge: 3, maxUnavailable: 0 } });
  const old = replicaSet('old', { replicas: 10 });
  const fresh = replicaSet('new', { replicas: 0 });
  expect(newReplicaSetSize(web, [old, fresh], fresh)).toBe(3);
  expect(newReplicaSetSize(web, [replicaSet('old', { replicas: 13 }), fresh], fresh)).toBe(0);
  expect(newReplicaSetSize(web, [replicaSet('old', { replicas: 0 }), fresh], fresh)).toBe(10);
});

describe('shrinking old sets', () => {
  test('unhealthy pods go first, oldest set first', () => {
    const a = replicaSet('a', { replicas: 5, createdUs: 1, status: { availableReplicas: 3 } });
    const b = replicaSet('b', { replicas: 4, createdUs: 2, status: { availableReplicas: 0 } });
    const plan = planUnhealthyCleanup([b, a], 4);
    expect(plan.resizes.map(({ set, size }) => [set.metadata.name, size])).toEqual([
      ['a', 3],
      ['b', 2],
    ]);
  });

  test('a set whose status lags behind its size ends the step', () => {
    const lagging = replicaSet('a', { replicas: 2, status: { availableReplicas: 5 } });
    expect(planUnhealthyCleanup([lagging], 3)).toEqual({ resizes: [], isCutShort: true });
  });

  test('available pods go only as far as enough stay', () => {
    const web = deployment('web', { replicas: 10, strategy: { type: 'RollingUpdate', maxSurge: 3, maxUnavailable: 2 } });
    const old = replicaSet('old', { replicas: 8, status: { availableReplicas: 8 } });
    const fresh = replicaSet('new', { replicas: 5, status: { availableReplicas: 2 } });
    expect(planOldScaleDown(web, [old, fresh], [old]).map(({ size }) => size)).toEqual([6]);
    expect(planOldScaleDown(web, [replicaSet('old', { replicas: 8, status: { availableReplicas: 6 } }), fresh], [old])).toEqual([]);
  });
});

describe('proportionalScale', () => {
  const sized = (name: string, replicas: number, max: number, createdUs = 0) =>
    replicaSet(name, { replicas, createdUs, annotations: { [ANNOTATION_MAX_REPLICAS]: String(max) } });
  const sizes = (web: ReturnType<typeof deployment>, sets: ReturnType<typeof sized>[]) =>
    Object.fromEntries(proportionalScale(web, sets).map(({ set, size }) => [set.metadata.name, size]));
  const rolling = (replicas: number, maxSurge: number) =>
    deployment('web', { replicas, strategy: { type: 'RollingUpdate', maxSurge, maxUnavailable: 2 } });

  test.each([
    // The example of the Kubernetes documentation: 10 -> 15 replicas with maxSurge 3 in the middle of a rollout of 8 + 5 pods.
    ['scaling up spreads by size', rolling(15, 3), [sized('old', 8, 13), sized('new', 5, 13)], { old: 11, new: 7 }],
    ['scaling down takes by size', rolling(5, 3), [sized('old', 8, 13), sized('new', 5, 13)], { old: 5, new: 3 }],
    [
      'the rounding remainder goes to the largest',
      rolling(11, 0),
      [sized('a', 5, 10), sized('b', 3, 10), sized('c', 2, 10)],
      { a: 6, b: 3, c: 2 },
    ],
    ['scaling to zero empties all', rolling(0, 3), [sized('old', 8, 13), sized('new', 5, 13)], { old: 0, new: 0 }],
    ['ties go to the newer set when growing', rolling(5, 0), [sized('older', 2, 4, 1), sized('newer', 2, 4, 2)], { older: 2, newer: 3 }],
    ['ties go to the older set when shrinking', rolling(3, 0), [sized('older', 2, 4, 1), sized('newer', 2, 4, 2)], { older: 1, newer: 2 }],
  ] as const)('%s', (_, web, sets, expected) => {
    expect(sizes(web, [...sets])).toEqual(expected);
  });

  test('always fills exactly the allowed size, and never goes below zero', () => {
    check(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 2, maxLength: 5 }),
        fc.nat(40),
        fc.nat(10),
        (list, replicas, maxSurge) => {
          const before = list.reduce((a, b) => a + b, 0);
          const result = proportionalScale(
            rolling(replicas, maxSurge),
            list.map((size, i) => sized(`set-${i}`, size, before, i)),
          );
          const total = result.reduce((sum, { size }) => sum + size, 0);
          expect(result.every(({ size }) => size >= 0)).toBe(true);
          expect(total).toBe(replicas === 0 ? 0 : replicas + maxSurge);
        },
      ),
    );
  });
});

test('a scaling event is an active set that remembers another size', () => {
  const web = deployment('web', { replicas: 5 });
  const remembers = (desired: string, replicas = 1) =>
    replicaSet('a', { replicas, annotations: { [ANNOTATION_DESIRED_REPLICAS]: desired } });
  expect(isScalingEvent(web, [remembers('3')])).toBe(true);
  expect(isScalingEvent(web, [remembers('5')])).toBe(false);
  expect(isScalingEvent(web, [remembers('3', 0)])).toBe(false);
  expect(isScalingEvent(web, [undefined, replicaSet('b', { replicas: 1 })])).toBe(false);
});

test('the set to resize outside a rollout is the only active one, else the new one, else the newest old one', () => {
  const active = replicaSet('active', { replicas: 1 });
  const idle = replicaSet('idle', { replicas: 0, createdUs: 1 });
  const newest = replicaSet('newest', { replicas: 0, createdUs: 2 });
  expect(findActiveOrLatest(idle, [active])).toBe(active);
  expect(findActiveOrLatest(active, [active])).toBeUndefined();
  expect(findActiveOrLatest(idle, [newest])).toBe(idle);
  expect(findActiveOrLatest(undefined, [idle, newest])).toBe(newest);
  expect(findActiveOrLatest(undefined, [])).toBeUndefined();
});
