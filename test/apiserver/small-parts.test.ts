import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isDeepEqual } from '../../src/apiserver/deep-equal.ts';
import { Identity } from '../../src/apiserver/identity.ts';
import { LeaseStream, LeaseStreams } from '../../src/apiserver/lease-streams.ts';
import { Seats, type SeatWaiter } from '../../src/apiserver/seats.ts';
import { Rng } from '../../src/engine/rng.ts';
import { check } from '../support/seeded.ts';

describe('isDeepEqual', () => {
  test('agrees with JSON on data without undefined, and takes undefined for missing', () => {
    const data = fc.jsonValue({ maxDepth: 3 });
    check(
      fc.property(data, data, (a, b) => {
        expect(isDeepEqual(a, structuredClone(a))).toBe(true);
        expect(isDeepEqual(a, b)).toBe(canonical(a) === canonical(b));
      }),
      300,
    );
    expect(isDeepEqual({ a: 1, b: undefined }, { a: 1 })).toBe(true);
    expect(isDeepEqual({ a: 1 }, { a: 1, b: null })).toBe(false);
    expect(isDeepEqual([undefined], [])).toBe(false);
    expect(isDeepEqual({}, [])).toBe(false);
  });
});

/** JSON with sorted keys; -0 and 0 are the same number to us as to JSON. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}

test('uids never repeat and look like random ones', () => {
  const identity = new Identity(Rng.root(1));
  const uids = Array.from({ length: 20_000 }, () => identity.newUid());
  expect(new Set(uids).size).toBe(uids.length);
  for (const uid of uids.slice(0, 100)) expect(uid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  // Neighbours share no long prefix, as a plain counter would.
  expect(new Set(uids.slice(0, 256).map((uid) => uid.slice(0, 2))).size).toBeGreaterThan(120);
});

describe('LeaseStream', () => {
  test('shows the last renewal on its grid, before, while and after it runs', () => {
    const stream = new LeaseStream('n');
    expect(stream.renewedAtUs(5)).toBe(-1);
    stream.start(100, 10);
    expect([99, 100, 109, 110, 125].map((at) => stream.renewedAtUs(at))).toEqual([-1, 100, 100, 110, 120]);
    stream.stop(125);
    stream.start(203, 10);
    expect([130, 202, 203, 213, 110].map((at) => stream.renewedAtUs(at))).toEqual([120, 120, 203, 213, 110]);
    expect(stream.isRunning).toBe(true);
  });

  test('agrees with a list of single renewals', () => {
    const stretch = fc.record({ wait: fc.nat(50), period: fc.integer({ min: 1, max: 20 }), run: fc.nat(100) });
    check(
      fc.property(fc.array(stretch, { maxLength: 6, size: 'max' }), fc.nat(700), (stretches, at) => {
        const stream = new LeaseStream('n');
        const renewals: number[] = [];
        let nowUs = 0;
        for (const { wait, period, run } of stretches) {
          nowUs += wait + 1;
          stream.start(nowUs, period);
          for (let t = nowUs; t <= nowUs + run; t += period) renewals.push(t);
          nowUs += run;
          stream.stop(nowUs);
        }
        expect(stream.renewedAtUs(at)).toBe(renewals.filter((t) => t <= at).at(-1) ?? -1);
      }),
      300,
    );
  });

  test('is one per node, and the same after the node was removed, without a past', () => {
    const streams = new LeaseStreams();
    expect(streams.find('n')).toBe(undefined);
    const stream = streams.of('n');
    expect(streams.find('n')).toBe(stream);
    stream.start(5, 10);
    const { version } = streams;
    streams.remove('n');
    expect([stream.renewedAtUs(100), stream.latest, stream.isRunning, streams.version > version]).toEqual([-1, undefined, false, true]);
    stream.start(100, 10);
    expect([streams.of('n'), streams.find('n')?.renewedAtUs(125)]).toEqual([stream, 120]);
  });
});

test('seats go to the longest waiting request that still wants one', () => {
  const seats = new Seats(1);
  const log: string[] = [];
  const waiter = (name: string, wantsSeat = true): SeatWaiter => ({
    wantsSeat,
    onSeat: () => log.push(name),
    onServerDown: () => log.push(`${name} lost`),
  });
  expect([seats.tryTake(), seats.tryTake()]).toEqual([true, false]);
  for (const each of [waiter('a', false), waiter('b'), waiter('c'), waiter('d')]) seats.wait(each);
  seats.release();
  expect([log, seats.tryTake(), seats.inUse]).toEqual([['b'], false, 1]);
  seats.release();
  seats.clear();
  expect([log, seats.inUse, seats.queueLength]).toEqual([['b', 'c', 'd lost'], 0, 0]);
});
