import { describe, expect, test } from 'vitest';
import type { Expectation, Measurements } from '../../src/scenario/expect.ts';
import { evaluateExpectation, formatMeasured } from '../../src/scenario/expect-evaluator.ts';
import { parseExpectation } from '../../src/scenario/expect-parser.ts';

function expectation(text: string): Expectation {
  const parsed = parseExpectation(text);
  if (!parsed.ok) throw new Error(parsed.problem);
  return { ...parsed.value, file: 's.yaml', line: 9, column: 7 };
}

function measured(values: Readonly<Record<string, number | string>>): Measurements {
  return {
    value: (name, args) => values[args.length === 0 ? name : `${name}(${args.join(', ')})`],
    tableOf: () => 'some-table',
    names: () => Object.keys(values),
  };
}

describe('evaluateExpectation', () => {
  test.each([
    ['availability(deployment/web) >= 99.9%', 0.999, 'met'],
    ['availability(deployment/web) >= 99.9%', 0.99899, 'not-met'],
    ['availability(deployment/web) == 100%', 1 / 3 + 2 / 3, 'met'],
    ['availability(deployment/web) == 30%', 0.1 + 0.2, 'met'],
    ['p99(pod.startup) <= 5s', 5_000_000, 'met'],
    ['p99(pod.startup) <= 5s', 5_000_001, 'not-met'],
    ['p99(pod.startup) < 5s', 5_000_000, 'not-met'],
    ['evictions != 0', 0, 'not-met'],
    ['evictions > 3', 4, 'met'],
    ['sequence(deployment/web) == 3/0, 3/1', '3/0,3/1', 'met'],
    ['sequence(deployment/web) == 3/0, 3/1', '3/0, 2/1', 'not-met'],
    ['sequence(deployment/web) != 3/0, 3/1', '3/0, 2/1', 'met'],
  ])('judges %s with %s as %s', (text, value, status) => {
    const wanted = expectation(text);
    const key = wanted.args.length === 0 ? wanted.measure : `${wanted.measure}(${wanted.args.join(', ')})`;
    expect(evaluateExpectation(wanted, measured({ [key]: value })).status).toBe(status);
  });

  test('says what was measured and what was expected', () => {
    const result = evaluateExpectation(
      expectation('availability(deployment/web) >= 99.9%'),
      measured({ 'availability(deployment/web)': 0.9876543219 }),
    );
    expect(result).toMatchObject({
      measured: '98.765432%',
      detail: 'measured 98.765432%, expected >= 99.9%',
      table: 'some-table',
      line: 9,
    });
  });

  test('counts nothing measured as unknown and names what was measured', () => {
    const result = evaluateExpectation(expectation('availability(deployment/wbe) >= 1'), measured({ 'availability(deployment/web)': 1 }));
    expect(result).toMatchObject({
      status: 'unknown',
      measured: '',
      detail: 'nothing was measured for availability(deployment/wbe) (did you mean availability(deployment/web)?)',
    });
  });

  test('formats values in the unit of their measure', () => {
    expect(formatMeasured(0.25, 'ratio')).toBe('25%');
    expect(formatMeasured(4_200_000, 'duration')).toBe('4.2s');
    expect(formatMeasured(17, 'count')).toBe('17');
    expect(formatMeasured('3/0', 'sequence')).toBe('3/0');
  });
});
