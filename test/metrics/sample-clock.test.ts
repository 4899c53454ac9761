import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SampleClock, StepIntegral } from '../../src/metrics/sample-clock.ts';
import { check } from '../support/seeded.ts';

const anyChanges = fc.array(fc.record({ waitUs: fc.nat(3_000), value: fc.integer({ min: 0, max: 50 }) }), { maxLength: 60 });

describe('StepIntegral', () => {
  test('integrates exactly, counting from its start', () => {
    check(
      fc.property(anyChanges, fc.nat(20_000), fc.nat(5_000), (changes, startUs, restUs) => {
        const integral = new StepIntegral(startUs);
        let nowUs = 0;
        let value = 0;
        let naive = 0;
        const hold = (untilUs: number): void => {
          naive += value * Math.max(0, untilUs - Math.max(nowUs, startUs));
          nowUs = untilUs;
        };
        for (const change of changes) {
          hold(nowUs + change.waitUs);
          integral.set(nowUs, change.value);
          value = change.value;
        }
        hold(nowUs + restUs);
        expect(integral.total(nowUs)).toBe(naive);
      }),
      200,
    );
  });
});

describe('SampleClock', () => {
  test('shows listeners the state that held at the end of each bucket, changes of that instant included', () => {
    const clock = new SampleClock(10);
    let state = 'a';
    const seen: [number, string][] = [];
    clock.onTick((timeUs) => seen.push([timeUs, state]));
    const change = (timeUs: number, next: string): void => {
      clock.advance(timeUs);
      state = next;
    };
    change(4, 'b');
    change(10, 'c');
    change(31, 'd');
    clock.finish(35);
    expect(seen).toEqual([
      [10, 'c'],
      [20, 'c'],
      [30, 'c'],
      [35, 'd'],
    ]);
    expect(clock.times()).toEqual([10, 20, 30, 35]);
  });

  test('does not end an empty bucket when the run ends on a boundary', () => {
    const clock = new SampleClock(10);
    clock.finish(20);
    expect(clock.times()).toEqual([10, 20]);
  });

  test('keeps series within their bound and their means true, however long the run is', () => {
    check(
      fc.property(anyChanges, fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 8 }), (changes, periodUs, half) => {
        const maxPoints = 2 * half;
        const clock = new SampleClock(periodUs, maxPoints);
        const integral = new StepIntegral(0);
        const series = clock.series('mean');
        const sums = clock.series('sum');
        clock.onTick((timeUs, widthUs) => {
          const mean = integral.takeMean(timeUs, widthUs);
          series.push(mean);
          sums.push(mean * widthUs);
        });
        let nowUs = 0;
        for (const change of changes) {
          nowUs += change.waitUs;
          clock.advance(nowUs);
          integral.set(nowUs, change.value);
        }
        nowUs += 1;
        clock.finish(nowUs);
        const times = clock.times();
        expect(times.length).toBeLessThanOrEqual(maxPoints);
        expect(series.values.length).toBe(times.length);
        expect(times.at(-1)).toBe(nowUs);
        // The buckets tile the run, so their areas add up to the integral.
        const total = sums.values.reduce<number>((sum, value) => sum + (value ?? 0), 0);
        expect(total).toBeCloseTo(integral.total(nowUs), 3);
        const area = series.values.reduce<number>((sum, value, index) => sum + (value ?? 0) * (times[index]! - (times[index - 1] ?? 0)), 0);
        expect(area).toBeCloseTo(integral.total(nowUs), 3);
      }),
      200,
    );
  });

  test('leaves the time before a series began empty', () => {
    const clock = new SampleClock(10);
    clock.advance(25);
    const late = clock.series();
    clock.onTick(() => late.push(1));
    clock.finish(40);
    expect(late.values).toEqual([null, null, 1, 1]);
  });
});
