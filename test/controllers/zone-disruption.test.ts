import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { planDisruption, type ZoneState, zoneKeyOf, zoneState } from '../../src/controllers/zone-disruption.ts';
import { ZoneTaintQueue } from '../../src/controllers/zone-taint-queue.ts';
import { SECOND_US } from '../../src/engine/units.ts';
import { check } from '../support/seeded.ts';

const LIMITS = { rate: 0.1, secondaryRate: 0.01, largeZoneSize: 50, unhealthyThreshold: 0.55 };

describe('zoneState', () => {
  test.each([
    [0, 0, 'Normal'],
    [1, 0, 'Normal'],
    [0, 1, 'FullDisruption'],
    [0, 9, 'FullDisruption'],
    [1, 2, 'Normal'], // two thirds, but no more than two nodes
    [1, 3, 'PartialDisruption'],
    [9, 11, 'PartialDisruption'], // exactly 55 %
    [46, 54, 'Normal'],
    [45, 55, 'PartialDisruption'],
  ] as const)('%i ready and %i not: %s', (ready, notReady, expected) => {
    expect(zoneState({ ready, notReady }, 0.55)).toBe(expected);
  });
});

describe('planDisruption', () => {
  const plan = (counts: Record<string, [ready: number, notReady: number]>, before: Record<string, ZoneState>) => {
    const zones = new Map(Object.entries(counts).map(([zone, [ready, notReady]]) => [zone, { ready, notReady }]));
    const result = planDisruption(zones, new Map(Object.entries(before)), LIMITS);
    return { ...result, states: Object.fromEntries(result.states), rates: Object.fromEntries(result.rates) };
  };

  test.each([
    ['a new zone starts at the normal rate', { a: [3, 0] }, {}, { a: 'Normal' }, { a: 0.1 }, 'unchanged'],
    ['nothing changed: nothing to do', { a: [3, 0] }, { a: 'Normal' }, { a: 'Normal' }, {}, 'unchanged'],
    [
      'a small zone partly down stops',
      { a: [4, 6], b: [9, 0] },
      { a: 'Normal', b: 'Normal' },
      { a: 'PartialDisruption', b: 'Normal' },
      { a: 0 },
      'unchanged',
    ],
    [
      'a large zone partly down slows',
      { a: [20, 31], b: [9, 0] },
      { a: 'Normal', b: 'Normal' },
      { a: 'PartialDisruption', b: 'Normal' },
      { a: 0.01 },
      'unchanged',
    ],
    [
      'a lost zone beside a living one keeps the normal rate',
      { a: [0, 9], b: [9, 0] },
      { a: 'PartialDisruption', b: 'Normal' },
      { a: 'FullDisruption', b: 'Normal' },
      { a: 0.1 },
      'unchanged',
    ],
    [
      'all lost: all stops',
      { a: [0, 9], b: [0, 9] },
      { a: 'FullDisruption', b: 'Normal' },
      { a: 'FullDisruption', b: 'FullDisruption' },
      { a: 0, b: 0 },
      'entered',
    ],
    [
      'still all lost: nothing to do',
      { a: [0, 9], b: [0, 9] },
      { a: 'FullDisruption', b: 'FullDisruption' },
      { a: 'FullDisruption', b: 'FullDisruption' },
      {},
      'unchanged',
    ],
    [
      'one zone answers again: every rate anew',
      { a: [0, 9], b: [5, 4] },
      { a: 'FullDisruption', b: 'FullDisruption' },
      { a: 'FullDisruption', b: 'Normal' },
      { a: 0.1, b: 0.1 },
      'left',
    ],
    ['lost from the very first pass counts as entering', { a: [0, 9] }, {}, { a: 'FullDisruption' }, { a: 0 }, 'entered'],
    ['a zone without nodes is forgotten', { a: [3, 0] }, { a: 'Normal', b: 'FullDisruption' }, { a: 'Normal' }, {}, 'unchanged'],
  ] as [string, Record<string, [number, number]>, Record<string, ZoneState>, Record<string, ZoneState>, Record<string, number>, string][])(
    '%s',
    (_, counts, before, states, rates, fullDisruption) => {
      expect(plan(counts, before)).toEqual({ states, rates, fullDisruption });
    },
  );
});

test('nodes without topology labels share one zone', () => {
  expect(zoneKeyOf({})).toBe(zoneKeyOf({ other: 'x' }));
  expect(zoneKeyOf({ 'topology.kubernetes.io/zone': 'a' })).not.toBe(zoneKeyOf({ 'topology.kubernetes.io/region': 'a' }));
});

describe('ZoneTaintQueue', () => {
  /** Takes every node that can be taken in 100 ms steps. */
  function drain(queue: ZoneTaintQueue, fromUs: number, untilUs: number): [number, string][] {
    const taken: [number, string][] = [];
    for (let now = fromUs; now <= untilUs; now += 100_000) {
      for (let node = queue.tryHead(now); node !== undefined; node = queue.tryHead(now)) {
        taken.push([now / SECOND_US, node]);
        queue.finish(node, true);
      }
    }
    return taken;
  }

  test('takes the first node at once and the others at the rate', () => {
    const queue = new ZoneTaintQueue(0.1);
    for (const node of ['a', 'b', 'c']) queue.add(node);
    expect(drain(queue, SECOND_US, 60 * SECOND_US)).toEqual([
      [1, 'a'],
      [11, 'b'],
      [21, 'c'],
    ]);
  });

  test('takes nobody at rate 0, and a later rate brings no token with it', () => {
    const queue = new ZoneTaintQueue(0);
    queue.add('a');
    expect(queue.nextUs).toBe(Infinity);
    queue.setRate(0.1, 30 * SECOND_US);
    expect(drain(queue, 0, 60 * SECOND_US)).toEqual([[40, 'a']]);
  });

  test('keeps the mark of a handled node until it is removed', () => {
    const queue = new ZoneTaintQueue(10);
    expect([queue.add('a'), queue.add('a')]).toEqual([true, false]);
    drain(queue, 0, SECOND_US);
    expect(queue.add('a')).toBe(false);
    queue.remove('a');
    expect([queue.add('a'), queue.size]).toEqual([true, 1]);
  });

  test('never takes more nodes than its rate allows, whatever is added, removed or failed', () => {
    const op = fc.oneof(
      fc.record({ add: fc.nat(5) }),
      fc.record({ remove: fc.nat(5) }),
      fc.record({ wait: fc.nat(30) }),
      fc.constant({ take: true }),
    );
    check(
      fc.property(fc.array(op, { maxLength: 60 }), fc.boolean(), (ops, isDone) => {
        const queue = new ZoneTaintQueue(0.1);
        let now = 0;
        const taken: number[] = [];
        for (const entry of ops) {
          if ('add' in entry) queue.add(`n${entry.add}`);
          else if ('remove' in entry) queue.remove(`n${entry.remove}`);
          else if ('wait' in entry) now += entry.wait * SECOND_US;
          else {
            const node = queue.tryHead(now);
            if (node === undefined) continue;
            taken.push(now);
            queue.finish(node, isDone);
          }
        }
        for (let i = 1; i < taken.length; i++) expect(taken[i]! - taken[i - 1]!).toBeGreaterThanOrEqual(10 * SECOND_US);
      }),
    );
  });
});
