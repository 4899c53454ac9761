/**
 * The kit finds the failures of the museum by itself, makes them small, and finds nothing once the mechanism is off.
 */
import { describe, expect, test } from 'vitest';
import { CaseChecker, type StormOptions } from '../../src/testing/index.ts';
import { SEARCHES } from './museum-searches.ts';

const SEED = 1;
/** A smaller storm is not worth more runs than this here. */
const SHRINK_RUNS = 120;

/** The first of so many cases that breaks something; -1 when all pass. */
function firstBroken(checker: CaseChecker, cases: number): number {
  for (let index = 0; index < cases; index++) if (checker.run(index).violation !== undefined) return index;
  return -1;
}

function checkerOf(world: StormOptions): CaseChecker {
  return new CaseChecker({ world, seed: SEED, maxShrinkRuns: SHRINK_RUNS });
}

describe('the testing kit', () => {
  test.each(SEARCHES)(
    'finds $file within $cases cases, shrunk to a handful',
    { timeout: 60_000 },
    ({ storms, cases, invariant, parts }) => {
      const checker = checkerOf(storms);
      const found = firstBroken(checker, cases);
      expect(found).toBeGreaterThanOrEqual(0);
      const { violation, storm, story } = checker.explain(found);
      expect(violation.invariant).toBe(invariant);
      expect(story).toContain(violation.message);
      expect(storm.workloads.length + storm.objects.length).toBeLessThanOrEqual(parts.objects);
      expect(storm.actions.length).toBeLessThanOrEqual(parts.actions);
      expect(storm.faults.length).toBeLessThanOrEqual(parts.faults);
    },
  );

  test.each(SEARCHES)('finds nothing in $cases cases of $file without its mechanism', { timeout: 60_000 }, ({ storms, cases, cure }) => {
    expect(firstBroken(checkerOf({ ...storms, ...cure }), cases)).toBe(-1);
  });
});
