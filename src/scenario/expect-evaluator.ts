/**
 * Judges expectations by what a run measured.
 *
 * Ratios and numbers are compared with a tolerance of one part in 10^9, so that a measured 1/3 + 2/3 still equals 100 %;
 * durations are whole microseconds and are compared exactly.
 */
import { nearestName } from '../base/nearest-name.ts';
import { formatDuration } from '../engine/units.ts';
import type { Comparator, Expectation, ExpectationResult, Measurements, MeasureUnit } from './expect.ts';

const TOLERANCE = 1e-9;

export function evaluateExpectations(expectations: readonly Expectation[], measurements: Measurements): ExpectationResult[] {
  return expectations.map((expectation) => evaluateExpectation(expectation, measurements));
}

export function evaluateExpectation(expectation: Expectation, measurements: Measurements): ExpectationResult {
  const { text, file, line, measure, args, unit } = expectation;
  const actual = measurements.value(measure, args);
  if (actual === undefined) {
    const detail = `nothing was measured for ${spell(expectation)}${hintFor(expectation, measurements)}`;
    return { text, status: 'unknown', measured: '', detail, table: '', actual, file, line };
  }
  const isMet = holds(actual, expectation);
  const measured = formatMeasured(actual, unit);
  const detail = isMet ? '' : `measured ${measured}, expected ${expectation.comparator} ${formatMeasured(expectation.bound, unit)}`;
  return { text, status: isMet ? 'met' : 'not-met', measured, detail, table: measurements.tableOf(measure, args), actual, file, line };
}

function holds(actual: number | string, { comparator, bound, unit }: Expectation): boolean {
  if (typeof actual === 'string' || typeof bound === 'string') {
    const isSame = normalizeSequence(String(actual)) === normalizeSequence(String(bound));
    return comparator === '==' ? isSame : !isSame;
  }
  const slack = unit === 'duration' ? 0 : TOLERANCE * Math.max(1, Math.abs(bound));
  return compare(actual, comparator, bound, slack);
}

function compare(actual: number, comparator: Comparator, bound: number, slack: number): boolean {
  switch (comparator) {
    case '>=':
      return actual >= bound - slack;
    case '<=':
      return actual <= bound + slack;
    case '==':
      return Math.abs(actual - bound) <= slack;
    case '!=':
      return Math.abs(actual - bound) > slack;
    case '>':
      return actual > bound + slack;
    default:
      return actual < bound - slack;
  }
}

function normalizeSequence(text: string): string {
  return text
    .split(',')
    .map((step) => step.trim())
    .join(', ');
}

/** `99.95%`, `4.2s`, `17`, or the sequence itself. */
export function formatMeasured(value: number | string, unit: MeasureUnit): string {
  if (typeof value === 'string') return value;
  if (unit === 'duration') return formatDuration(Math.round(value));
  if (unit === 'ratio') return `${trimNumber(value * 100)}%`;
  return trimNumber(value);
}

/** Up to six significant digits behind the point, without trailing zeros. */
function trimNumber(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(6).replace(/\.?0+$/, '');
}

function hintFor(expectation: Expectation, measurements: Measurements): string {
  const full = spell(expectation);
  const nearest = nearestName(full, measurements.names());
  return nearest === undefined || nearest === full ? '' : ` (did you mean ${nearest}?)`;
}

function spell({ measure, args }: Expectation): string {
  return args.length === 0 ? measure : `${measure}(${args.join(', ')})`;
}
