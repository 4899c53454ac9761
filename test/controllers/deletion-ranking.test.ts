import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ageBucket, deletionCostOf, rankPodsForDeletion } from '../../src/controllers/deletion-ranking.ts';
import { SECOND_US } from '../../src/engine/units.ts';
import { check } from '../support/seeded.ts';
import { type PodFields, pod } from './objects.ts';

const NOW_US = 1_000_000 * SECOND_US;

describe('rankPodsForDeletion', () => {
  /** [what decides, the pod that goes first, the pod that stays] */
  const rules: readonly [string, PodFields, PodFields][] = [
    ['an unassigned pod goes before an assigned one', { nodeName: '', readySinceUs: 0, deletionCost: '9' }, { phase: 'Pending' }],
    ['Pending goes before Running', { phase: 'Pending', readySinceUs: 0, deletionCost: '9' }, { phase: 'Running' }],
    ['Pending goes before Unknown', { phase: 'Pending' }, { phase: 'Unknown' }],
    ['Unknown goes before Running', { phase: 'Unknown' }, { phase: 'Running' }],
    ['not ready goes before ready', { deletionCost: '9' }, { readySinceUs: 0, deletionCost: '-9' }],
    ['a lower deletion cost goes first', { readySinceUs: 0, deletionCost: '-3' }, { readySinceUs: NOW_US - 1 }],
    [
      'of two that can cost, the invalid cost counts as 0',
      { readySinceUs: 0, deletionCost: '+5' },
      { readySinceUs: NOW_US - 1, deletionCost: '1' },
    ],
    [
      'the one with more company on its node goes first',
      { nodeName: 'crowded', readySinceUs: 0 },
      { nodeName: 'lonely', readySinceUs: NOW_US - 1 },
    ],
    ['the one that became ready recently goes first', { readySinceUs: NOW_US - SECOND_US }, { readySinceUs: NOW_US - 100 * SECOND_US }],
    [
      'ready times of one power of two are equal, and the smaller uid goes first',
      { uid: 'a', readySinceUs: NOW_US - 300 * SECOND_US, restarts: 0 },
      { uid: 'b', readySinceUs: NOW_US - 299 * SECOND_US, restarts: 7 },
    ],
    [
      'at the same ready time, more restarts go first',
      { uid: 'z', readySinceUs: 5, restarts: 2 },
      { uid: 'a', readySinceUs: 5, restarts: 1 },
    ],
    ['not ready: the younger goes first', { uid: 'z', createdUs: NOW_US - SECOND_US }, { uid: 'a', createdUs: NOW_US - 99 * SECOND_US }],
    [
      'not ready, of about the same age: the smaller uid',
      { uid: 'a', createdUs: NOW_US - 300 * SECOND_US },
      { uid: 'b', createdUs: NOW_US - 299 * SECOND_US },
    ],
    ['nothing else differs: the smaller uid', { uid: 'a' }, { uid: 'b' }],
  ];

  test.each(rules)('%s', (_, first, second) => {
    const goes = pod({ name: 'goes', uid: 'm-1', ...first });
    const stays = pod({ name: 'stays', uid: 'm-0', ...second });
    const neighbour = pod({ name: 'neighbour', nodeName: 'crowded' });
    const related = [goes, stays, neighbour];
    expect(rankPodsForDeletion([stays, goes], related, NOW_US).map((p) => p.metadata.name)).toEqual(['goes', 'stays']);
    expect(rankPodsForDeletion([goes, stays], related, NOW_US).map((p) => p.metadata.name)).toEqual(['goes', 'stays']);
  });

  test('sidecar restarts decide only when those of regular containers are equal', () => {
    const withSidecar = (name: string, restarts: number) => {
      const base = pod({ name, uid: name, readySinceUs: 5 });
      const container = { ...base.spec.containers[0]!, name: 'sidecar', restartPolicy: 'Always' as const };
      const status = { ...base.status.containerStatuses[0]!, name: 'sidecar', restartCount: restarts };
      return { ...base, spec: { ...base.spec, initContainers: [container] }, status: { ...base.status, initContainerStatuses: [status] } };
    };
    const ranked = rankPodsForDeletion([withSidecar('a', 1), withSidecar('b', 4)], [], NOW_US);
    expect(ranked.map((p) => p.metadata.name)).toEqual(['b', 'a']);
  });

  const fields: fc.Arbitrary<PodFields> = fc.record({
    nodeName: fc.constantFrom('', 'node-1', 'node-2'),
    phase: fc.constantFrom('Pending' as const, 'Running' as const, 'Unknown' as const),
    readySinceUs: fc.option(fc.constantFrom(0, NOW_US - SECOND_US, NOW_US - 2 * SECOND_US), { nil: undefined }),
    createdUs: fc.constantFrom(0, NOW_US - SECOND_US, NOW_US),
    restarts: fc.nat(2),
  });

  test('keeps every pod exactly once, and an unassigned pod never behind an assigned one', () => {
    check(
      fc.property(fc.array(fields, { maxLength: 20 }), (list) => {
        const pods = list.map((entry, i) => pod({ ...entry, name: `pod-${i}`, uid: `uid-${(i * 7) % 31}-${i}` }));
        const ranked = rankPodsForDeletion(pods, pods, NOW_US);
        expect(new Set(ranked)).toEqual(new Set(pods));
        const firstAssigned = ranked.findIndex((p) => p.spec.nodeName !== '');
        if (firstAssigned >= 0) expect(ranked.slice(firstAssigned).every((p) => p.spec.nodeName !== '')).toBe(true);
      }),
    );
  });

  test('does not depend on the order of pods that differ in readiness or node only', () => {
    check(
      fc.property(fc.array(fields, { maxLength: 12 }), fc.nat(), (list, rotation) => {
        const pods = list.map((entry, i) =>
          pod({
            ...entry,
            readySinceUs: entry.readySinceUs === undefined ? undefined : 0,
            restarts: 0,
            createdUs: 0,
            name: `pod-${i}`,
            uid: `uid-${i}`,
          }),
        );
        const turned = pods.map((_, i) => pods[(i + rotation) % pods.length]!);
        const names = (ranked: readonly { metadata: { name: string } }[]) => ranked.map((p) => p.metadata.name);
        expect(names(rankPodsForDeletion(turned, pods, NOW_US))).toEqual(names(rankPodsForDeletion(pods, pods, NOW_US)));
      }),
    );
  });
});

test('ages fall into powers of two of nanoseconds', () => {
  expect([0, -5, 1, 2, 1_000_000].map(ageBucket)).toEqual([-1, -1, 9, 10, 29]);
});

test('a deletion cost is an int32 without sign or zeros in front, anything else is 0', () => {
  const costs = ['5', '-5', '0', '+5', '05', '2147483647', '2147483648', 'x', ''].map((deletionCost) =>
    deletionCostOf(pod({ deletionCost })),
  );
  expect(costs).toEqual([5, -5, 0, 0, 0, 2147483647, 0, 0, 0]);
});
