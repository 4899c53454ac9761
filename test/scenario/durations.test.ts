import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatDuration } from '../../src/engine/units.ts';
import { parseDuration } from '../../src/scenario/durations.ts';
import { check } from '../support/seeded.ts';

describe('parseDuration', () => {
  test.each([
    ['0', 0],
    ['0s', 0],
    ['40us', 40],
    ['40µs', 40],
    ['250ms', 250_000],
    ['1.5s', 1_500_000],
    ['90s', 90_000_000],
    ['20m', 1_200_000_000],
    ['1h30m', 5_400_000_000],
    ['1h 30m', 5_400_000_000],
    [' 2h ', 7_200_000_000],
    ['30d', 2_592_000_000_000],
    ['1w', 604_800_000_000],
    ['0.1us', 0],
  ])('reads %s', (text, us) => {
    expect(parseDuration(text)).toEqual({ ok: true, value: us });
  });

  test.each([
    ['', 'expected a duration such as 250ms, 90s, 20m, 2h or 30d, found ""'],
    ['90', 'expected a duration such as 250ms, 90s, 20m, 2h or 30d, found "90"'],
    ['-5s', 'found "-5s": durations cannot be negative'],
    ['5 min', 'unknown unit "min", expected one of w, d, h, m, s, ms, us'],
    ['5M', 'unknown unit "M"'],
    ['5s 3m', 'units must go from large to small, each once'],
    ['5s5s', 'units must go from large to small, each once'],
    ['s', 'found "s"'],
    ['1e3s', 'unknown unit "e"'],
    ['300000d', 'longer than 285 years'],
  ])('refuses "%s"', (text, problem) => {
    const parsed = parseDuration(text);
    expect(parsed.ok).toBe(false);
    expect(parsed).toMatchObject({ problem: expect.stringContaining(problem) });
  });

  test('suggests seconds for a bare number', () => {
    expect(parseDuration('90')).toMatchObject({ hint: 'write "90s" for seconds' });
  });

  test('reads back every duration as it is printed', () => {
    check(
      fc.property(fc.nat(2 ** 50), (us) => {
        expect(parseDuration(formatDuration(us))).toEqual({ ok: true, value: us });
      }),
    );
  });
});
