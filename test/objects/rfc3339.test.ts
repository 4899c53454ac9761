import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatRfc3339, parseRfc3339, RUN_EPOCH } from '../../src/objects/rfc3339.ts';
import { check } from '../support/seeded.ts';

const EPOCH_MS = Date.parse(RUN_EPOCH);

describe('RFC 3339 times', () => {
  test('the epoch is time 0', () => {
    expect(parseRfc3339(RUN_EPOCH)).toBe(0);
    expect(formatRfc3339(0)).toBe(RUN_EPOCH);
  });

  test('agree with the built-in calendar within 285 years of the epoch', () => {
    check(
      fc.property(
        fc.date({ min: new Date('1740-01-01T00:00:00Z'), max: new Date('2310-01-01T00:00:00Z'), noInvalidDate: true }),
        (date) => {
          const timeUs = (date.getTime() - EPOCH_MS) * 1000;
          expect(parseRfc3339(date.toISOString())).toBe(timeUs);
          expect(Date.parse(formatRfc3339(timeUs))).toBe(date.getTime());
        },
      ),
      500,
    );
  });

  test('read back to the same microsecond', () => {
    check(
      fc.property(
        fc.maxSafeInteger().map((n) => Math.trunc(n / 100)),
        (timeUs) => {
          expect(parseRfc3339(formatRfc3339(timeUs))).toBe(timeUs === 0 ? 0 : timeUs);
        },
      ),
      500,
    );
  });

  test.each([
    ['2025-01-01T01:00:00+01:00', 0],
    ['2024-12-31T19:00:00-05:00', 0],
    ['2025-01-01T00:00:00.000001Z', 1],
    ['2025-01-01T00:00:01.123456789Z', 1_123_456],
  ])('reads %s', (text, timeUs) => {
    expect(parseRfc3339(text)).toBe(timeUs);
  });

  test.each(['', '2025-01-01', '2025-02-30T00:00:00Z', '2023-02-29T00:00:00Z', '2025-01-01T24:00:00Z', '2025-13-01T00:00:00Z', 'now'])(
    'refuses %j',
    (text) => {
      expect(parseRfc3339(text)).toBeUndefined();
    },
  );
});
