/**
 * Every example in scenarios/ proves its claims. fleet-2000 is run for an hour here instead of a week.
 */
import { describe, expect, test } from 'vitest';
import { EXAMPLES, LONG, runExample } from './examples.ts';

describe('scenarios/', () => {
  test.each(EXAMPLES.filter((name) => !LONG.includes(name)))('%s proves what it claims', (name) => {
    const outcome = runExample(name);
    expect(outcome.expectations.length).toBeGreaterThan(0);
    expect(outcome.expectations.filter((expectation) => expectation.status !== 'met')).toEqual([]);
  });

  test('fleet-2000 has its machines, and they fail', () => {
    const { measurements } = runExample('fleet-2000', [
      'spec.duration=1h',
      'spec.events[0].every=exponential(mean: 8d)',
      'deployment/batch:spec.replicas=20',
      'deployment/web:spec.replicas=60',
    ]);
    // 2,000 machines x 1 h / 8 d = 10 failures on average.
    const failures = measurements.value('count', ['fault/broken-machine']);
    expect(failures).toBeGreaterThan(2);
    expect(failures).toBeLessThan(25);
    expect(measurements.value('count', ['nodes.total'])).toBe(2000);
  });
});
