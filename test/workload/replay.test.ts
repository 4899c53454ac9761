import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ArrivalTemplate, PodArrival } from '../../src/objects/arrival.ts';
import { newPodSpec } from '../../src/objects/builders.ts';
import { ReplayCursor, type ReplayOptions, WHOLE_TRACE } from '../../src/workload/replay.ts';
import { check } from '../support/seeded.ts';

const template: ArrivalTemplate = { labels: {}, annotations: {}, spec: newPodSpec() };

function replay(times: readonly number[], options: Partial<ReplayOptions>): PodArrival[] {
  const source = times.map((timeUs, i) => ({
    timeUs,
    name: `p-${i}`,
    template,
    runDurationUs: 7,
    exitCode: 0,
    deleteAtUs: i % 2 ? Infinity : timeUs + 10,
  }));
  const cursor = new ReplayCursor({ next: () => source.shift() }, { ...WHOLE_TRACE, ...options });
  const arrivals: PodArrival[] = [];
  for (let arrival = cursor.next(); arrival !== undefined; arrival = cursor.next()) arrivals.push(arrival);
  return arrivals;
}

describe('ReplayCursor', () => {
  test('lets the first arrival come at the start and keeps the distances', () => {
    expect(replay([100, 130, 190], { startUs: 5 }).map((a) => [a.timeUs, a.deleteAtUs])).toEqual([
      [5, 15],
      [35, Infinity],
      [95, 105],
    ]);
  });

  test('takes only the wanted stretch and number', () => {
    expect(replay([0, 100, 200, 300], { fromUs: 100, untilUs: 300 }).map((a) => a.name)).toEqual(['p-1', 'p-2']);
    expect(replay([0, 100, 200, 300], { maxPods: 2 }).map((a) => a.name)).toEqual(['p-0', 'p-1']);
    expect(replay([0, 1], { fromUs: 50 })).toEqual([]);
  });

  test('divides distances by the speed-up and leaves run times alone', () => {
    expect(replay([100, 130, 191], { speedup: 2 }).map((a) => [a.timeUs, a.runDurationUs])).toEqual([
      [0, 7],
      [15, 7],
      [46, 7],
    ]);
  });

  test('keeps whole microseconds and order at any speed', () => {
    check(
      fc.property(fc.array(fc.nat(1_000_000), { maxLength: 20 }), fc.double({ min: 0.01, max: 100, noNaN: true }), (times, speedup) => {
        const mapped = replay(
          times.sort((a, b) => a - b),
          { speedup },
        ).map((a) => a.timeUs);
        expect(mapped.every(Number.isSafeInteger)).toBe(true);
        expect(mapped).toEqual([...mapped].sort((a, b) => a - b));
      }),
    );
  });
});
