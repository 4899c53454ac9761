import { describe, expect, test } from 'vitest';
import { timeTicks } from '../../src/report/charts/time-axis.ts';
import { formatBytes, formatClock, formatNumber, formatShare, formatSpan, formatValue } from '../../src/report/format.ts';

const S = 1_000_000;
const MIN = 60 * S;
const H = 60 * MIN;
const D = 24 * H;

describe('numbers for people', () => {
  test.each([
    [0, '0'],
    [3, '3'],
    [0.5, '0.5'],
    [12.3456, '12.35'],
    [0.00123, '0.00123'],
    [999.96, '1000'],
    [1234.4, '1\u202f234'],
    [1_234_567, '1\u202f234\u202f567'],
    [-4200, '-4\u202f200'],
    [Number.NaN, '–'],
  ])('%f is %s', (value, text) => expect(formatNumber(value)).toBe(text));

  test.each([
    [0, '0 %'],
    [1, '100 %'],
    [0.5, '50 %'],
    [0.9999, '99.99 %'],
    [0.9999999, '> 99.999 %'],
    [0.00001, '< 0.01 %'],
    [1.25, '125 %'],
  ])('a share of %f is %s', (value, text) => expect(formatShare(value)).toBe(text));

  test.each([
    [0, '0 B'],
    [1023, '1\u202f023 B'],
    [1536, '1.5 KiB'],
    [3.5 * 1024 ** 4, '3.5 TiB'],
  ])('%d bytes are %s', (value, text) => expect(formatBytes(value)).toBe(text));

  test.each([
    [0, '0 s'],
    [999, '999 µs'],
    [1500, '1.5 ms'],
    [41_600, '41.6 ms'],
    [12_943_360, '12.9 s'],
    [353_855_227, '5 min 54 s'],
    [25 * MIN, '25 min'],
    [2 * H, '2 h'],
    [2 * H + 5 * MIN, '2 h 5 min'],
    [26 * H, '1 d 2 h'],
    [-2 * S, '−2 s'],
  ])('%d µs last %s', (value, text) => expect(formatSpan(value)).toBe(text));

  test.each([
    [0, 1, '0'],
    [30 * S, S, '30 s'],
    [500_000, 100_000, '500 ms'],
    [15 * MIN, MIN, '15 min'],
    [2 * MIN + 5 * S, S, '2:05 min'],
    [75 * MIN, MIN, '1 h 15'],
    [H + 5 * MIN + 30 * S, S, '1:05:30'],
    [2 * D, D, '2 d'],
    [2 * D + 3 * H, H, '2 d 3 h'],
    [2 * D + 3.5 * H, H, '2 d 03:30'],
  ])('%d µs after the start is %s', (value, step, text) => expect(formatClock(value, step)).toBe(text));

  test.each([
    [null, 'us', '–'],
    [undefined, 'us', '–'],
    [true, '', 'yes'],
    ['text', 'us', 'text'],
    [2.5, 'cores', '2.5 cores'],
    [3, 'pods', '3'],
  ])('%s in %s is %s', (value, unit, text) => expect(formatValue(value, unit)).toBe(text));
});

describe('timeTicks', () => {
  test.each([1000, 5 * S, 90 * S, 2 * H, 30 * H, 7 * D, 400 * D])('covers %d µs with few round ticks', (endUs) => {
    for (const count of [2, 5, 10]) {
      const ticks = timeTicks(endUs, count);
      expect(ticks[0]).toEqual({ us: 0, label: '0' });
      expect(ticks.length).toBeLessThanOrEqual(count + 1);
      expect(ticks.every((tick) => tick.us <= endUs)).toBe(true);
      expect(new Set(ticks.map((tick) => tick.label)).size).toBe(ticks.length);
    }
  });
});
