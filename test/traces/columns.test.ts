import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { count, decimal, findColumns } from '../../src/traces/columns.ts';
import type { BadRow } from '../../src/traces/trace.ts';
import { check } from '../support/seeded.ts';

describe('count', () => {
  test('reads whole numbers and nothing else', () => {
    check(
      fc.property(fc.nat({ max: 999_999_999 }), (n) => {
        expect(count(String(n))).toBe(n);
      }),
    );
    expect(count('7.0')).toBe(7);
    for (const text of ['', ' 1', '1 ', '-1', '+1', '1.5', '1.', '1e3', '0x1', 'a', '1234567890123456', undefined])
      expect(count(text)).toBe(-1);
  });
});

describe('decimal', () => {
  test('reads what a program writes', () => {
    check(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (n) => {
        // A negative zero is written without its sign.
        expect(decimal(String(n))).toBe(n === 0 ? 0 : n);
      }),
    );
    expect([decimal('-1497.0'), decimal('.5'), decimal('5.'), decimal('+2e3')]).toEqual([-1497, 0.5, 5, 2000]);
  });

  test('refuses everything else', () => {
    for (const text of ['', ' ', '.', '-', 'e', '1-2', '1e', '1.2.3', '0x10', 'inf', 'Infinity', 'NaN', '1,5', '1e999', undefined]) {
      expect(decimal(text)).toBeNaN();
    }
  });
});

test('findColumns says all that is missing at once', () => {
  expect(findColumns(['b', ' a '], ['a'], ['c'])).toEqual({ a: 1, c: -1 });
  expect((findColumns(['x'], ['a', 'b']) as BadRow).message).toBe('the header lacks "a", "b": expected a,b');
});
