import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LatencySketch } from '../../src/metrics/latency-sketch.ts';
import { check } from '../support/seeded.ts';

const anyDuration = fc.oneof(fc.nat(1000), fc.nat(10_000_000), fc.maxSafeNat(), fc.integer({ min: 0, max: 2 ** 40 }));

function sketchOf(values: readonly number[], bits = 7): LatencySketch {
  const sketch = new LatencySketch(bits);
  for (const value of values) sketch.add(value);
  return sketch;
}

/** The ceil(share * n)-th smallest. */
function nearestRank(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length, Math.max(1, Math.ceil(share * sorted.length))) - 1]!;
}

describe('LatencySketch', () => {
  test('is exact up to 512 values', () => {
    check(
      fc.property(fc.array(anyDuration, { minLength: 1, maxLength: 512 }), fc.double({ min: 0, max: 1, noNaN: true }), (values, share) => {
        const sketch = sketchOf(values);
        expect(sketch.isExact).toBe(true);
        expect(sketch.quantile(share)).toBe(nearestRank(values, share));
      }),
      200,
    );
  });

  test.each([7, 5])('stays within the stated error beyond that, with %i bits', (bits) => {
    check(
      fc.property(
        fc.array(anyDuration, { minLength: 600, maxLength: 900 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (values, share) => {
          const sketch = sketchOf(values, bits);
          expect(sketch.isExact).toBe(false);
          const exact = nearestRank(values, share);
          expect(Math.abs(sketch.quantile(share) - exact)).toBeLessThanOrEqual(exact / 2 ** (bits + 1) + 0.5);
        },
      ),
      60,
    );
  });

  test('keeps count, sum, smallest and largest exact', () => {
    check(
      fc.property(fc.array(fc.nat(1_000_000_000), { minLength: 1, maxLength: 800 }), (values) => {
        const sketch = sketchOf(values);
        expect(sketch.count).toBe(values.length);
        expect(sketch.sum).toBe(values.reduce((sum, value) => sum + value, 0));
        expect(sketch.min).toBe(Math.min(...values));
        expect(sketch.max).toBe(Math.max(...values));
      }),
      60,
    );
  });

  test('gives the same answers however the values are split and ordered', () => {
    check(
      fc.property(fc.array(anyDuration, { minLength: 2, maxLength: 1500 }), fc.nat(1500), (values, cut) => {
        const at = cut % values.length;
        const merged = sketchOf(values.slice(at));
        merged.merge(sketchOf(values.slice(0, at)));
        const whole = sketchOf(values);
        for (const share of [0, 0.25, 0.5, 0.99, 1]) expect(merged.quantile(share)).toBe(whole.quantile(share));
        expect(merged.histogram()).toEqual(whole.histogram());
      }),
      40,
    );
  });

  test('puts every value into the bucket that spans it', () => {
    check(
      fc.property(anyDuration, fc.integer({ min: 1, max: 10 }), (value, bits) => {
        const [bucket] = sketchOf([value], bits).histogram();
        expect(bucket!.lowest).toBeLessThanOrEqual(value);
        expect(bucket!.highest).toBeGreaterThanOrEqual(value);
        expect(bucket!.count).toBe(1);
      }),
      300,
    );
  });

  test('has no percentile, mean or extremes while it is empty', () => {
    const sketch = new LatencySketch();
    for (const value of [sketch.quantile(0.5), sketch.mean, sketch.min, sketch.max]) expect(value).toBeNaN();
    expect(sketch.histogram()).toEqual([]);
  });
});
