import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { exp, ln, pow } from '../../src/engine/portable-math.ts';
import { check } from '../support/seeded.ts';

/** Distance of two doubles relative to the spacing near `b`. */
function relative(a: number, b: number): number {
  return a === b ? 0 : Math.abs(a - b) / Math.abs(b);
}

describe('portable ln and exp', () => {
  test('agree with Math.log within 2 ulp over all magnitudes', () => {
    check(
      fc.property(fc.double({ min: 5e-324, max: 1.7e308, noNaN: true }), (x) => {
        const expected = Math.log(x);
        if (Math.abs(expected) > 1e-3) expect(relative(ln(x), expected)).toBeLessThan(5e-16);
        else expect(Math.abs(ln(x) - expected)).toBeLessThan(1e-18);
      }),
      5000,
    );
  });

  test('agree with Math.exp within 2 ulp where the result is a normal number', () => {
    check(
      fc.property(fc.double({ min: -700, max: 709, noNaN: true }), (x) => {
        expect(relative(exp(x), Math.exp(x))).toBeLessThan(5e-16);
      }),
      5000,
    );
  });

  test('take the exact values where mathematics has them', () => {
    expect(ln(1)).toBe(0);
    expect(exp(0)).toBe(1);
    expect(ln(0)).toBe(-Infinity);
    expect(ln(-1)).toBeNaN();
    expect(ln(Infinity)).toBe(Infinity);
    expect(exp(-1000)).toBe(0);
    expect(exp(1000)).toBe(Infinity);
    expect(pow(2, 0)).toBe(1);
    expect(relative(pow(2, 10), 1024)).toBeLessThan(1e-14);
  });

  test('give fixed bits', () => {
    expect([ln(14), ln(0.1), ln(5002), exp(1), exp(-0.5), exp(33.3)]).toMatchInlineSnapshot(`
      [
        2.639057329615259,
        -2.3025850929940455,
        8.517593111437565,
        2.7182818284590455,
        0.6065306597126334,
        289738526663660.5,
      ]
    `);
  });
});
