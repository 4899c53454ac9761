import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RecentExtreme } from '../../src/testing/recent-extreme.ts';
import { check } from '../support/seeded.ts';

/** Looks at every step. */
class EveryStep {
  steps: { timeUs: number; value: number }[] = [];
  set(timeUs: number, value: number): void {
    this.steps.push({ timeUs, value });
  }
  largest(fromUs: number): number {
    const { steps } = this;
    // A step counts until the next one begins, and steps at one instant all count.
    return Math.max(...steps.filter((_, i) => i === steps.length - 1 || steps[i + 1]!.timeUs >= fromUs).map(({ value }) => value));
  }
}

describe('RecentExtreme', () => {
  test('remembers a larger value until it is a window away', () => {
    const recent = new RecentExtreme(10, 'largest');
    recent.set(0, 5);
    recent.set(100, 2);
    expect(recent.at(100)).toBe(5);
    expect(recent.at(110)).toBe(5);
    expect(recent.at(111)).toBe(2);
  });

  test('finds the largest and the smallest value as a look at every step does', () => {
    const step = fc.record({ afterUs: fc.nat(8), value: fc.integer({ min: -5, max: 5 }) });
    check(
      fc.property(fc.array(step, { minLength: 1, maxLength: 40 }), fc.nat(20), (steps, windowUs) => {
        const largest = new RecentExtreme(windowUs, 'largest');
        const smallest = new RecentExtreme(windowUs, 'smallest');
        const every = new EveryStep();
        const negated = new EveryStep();
        let nowUs = 0;
        for (const { afterUs, value } of steps) {
          nowUs += afterUs;
          largest.set(nowUs, value);
          smallest.set(nowUs, value);
          every.set(nowUs, value);
          negated.set(nowUs, -value);
          expect(largest.at(nowUs)).toBe(every.largest(nowUs - windowUs));
          expect(smallest.at(nowUs)).toBe(0 - negated.largest(nowUs - windowUs));
        }
      }),
      300,
    );
  });
});
