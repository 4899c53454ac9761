import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  bytesQuantity,
  canonicalQuantity,
  compareQuantities,
  isQuantity,
  milliQuantity,
  parseQuantity,
  QuantityError,
  quantityMilli,
  quantityMilliExact,
  quantityNanos,
  quantityValue,
  quantityValueExact,
} from '../../src/objects/quantity.ts';
import { check } from '../support/seeded.ts';

const SUFFIXES: Record<string, [bigint, bigint]> = {
  '': [1n, 1n],
  n: [1n, 10n ** 9n],
  u: [1n, 10n ** 6n],
  m: [1n, 1000n],
  k: [1000n, 1n],
  M: [10n ** 6n, 1n],
  G: [10n ** 9n, 1n],
  T: [10n ** 12n, 1n],
  P: [10n ** 15n, 1n],
  E: [10n ** 18n, 1n],
  Ki: [1024n, 1n],
  Mi: [1024n ** 2n, 1n],
  Gi: [1024n ** 3n, 1n],
  Ti: [1024n ** 4n, 1n],
  Pi: [1024n ** 5n, 1n],
  Ei: [1024n ** 6n, 1n],
  e3: [1000n, 1n],
  'E+2': [100n, 1n],
  'e-4': [1n, 10_000n],
};

/** Text of a quantity with the exact fraction it stands for, before any cap. */
const anyQuantity = fc
  .record({
    sign: fc.constantFrom('', '+', '-'),
    whole: fc.oneof(fc.nat(20).map(String), fc.nat(1_000_000).map(String), fc.bigInt({ min: 0n, max: 10n ** 17n }).map(String)),
    fraction: fc.option(fc.stringMatching(/^[0-9]{1,12}$/), { nil: undefined }),
    suffix: fc.constantFrom(...Object.keys(SUFFIXES)),
  })
  .map(({ sign, whole, fraction, suffix }) => {
    const [times, over] = SUFFIXES[suffix]!;
    const digits = BigInt(whole + (fraction ?? ''));
    return {
      text: `${sign}${whole}${fraction === undefined ? '' : `.${fraction}`}${suffix}`,
      numerator: (sign === '-' ? -1n : 1n) * digits * times,
      denominator: over * 10n ** BigInt(fraction?.length ?? 0),
    };
  });

function ceil(numerator: bigint, denominator: bigint): bigint {
  const whole = numerator / denominator;
  return numerator > 0n && whole * denominator !== numerator ? whole + 1n : whole;
}

const MAX = 2n ** 63n - 1n;

describe('parseQuantity', () => {
  test('agrees with exact fractions on every notation, rounded up to 10^-9 away from zero and capped at 2^63-1', () => {
    check(
      fc.property(anyQuantity, ({ text, numerator, denominator }) => {
        const magnitude = ceil((numerator < 0n ? -numerator : numerator) * 10n ** 9n, denominator);
        const capped = magnitude > MAX * 10n ** 9n ? MAX * 10n ** 9n : magnitude;
        expect(quantityNanos(text)).toBe(numerator < 0n ? -capped : capped);
      }),
      500,
    );
  });

  test('gives the same value and milli in the fast and in the exact form', () => {
    check(
      fc.property(anyQuantity, ({ text }) => {
        expect(quantityValue(text)).toBe(Number(quantityValueExact(text)));
        expect(quantityMilli(text)).toBe(Number(quantityMilliExact(text)));
        expect(isQuantity(text)).toBe(true);
      }),
      1000,
    );
  });

  test.each([
    ['500m', 1, 500],
    ['1.5', 2, 1500],
    ['0.5Gi', 536_870_912, 536_870_912_000],
    ['8000e6', 8_000_000_000, 8_000_000_000_000],
    ['100u', 1, 1],
    ['1n', 1, 1],
    ['.5', 1, 500],
    ['2.', 2, 2000],
    ['1E', 1e18, 1e21],
    ['0', 0, 0],
    ['262144Mi', 274_877_906_944, 274_877_906_944_000],
  ])('%s is %d whole and %d milli', (text, value, milli) => {
    expect(quantityValue(text)).toBe(value);
    expect(quantityMilli(text)).toBe(milli);
  });

  test.each(['', '-', '.', 'm', 'Gi', '1 Gi', '1.5.2', '1gi', '1K', '1e', '1e1.5', '0x10', 'NaN', '1Gi ', '１'])(
    'refuses %j and says why',
    (text) => {
      const parsed = parseQuantity(text);
      expect(parsed).toBeInstanceOf(QuantityError);
      expect((parsed as QuantityError).message).toContain('is not a quantity');
      expect(isQuantity(text)).toBe(false);
    },
  );
});

describe('canonicalQuantity', () => {
  test.each([
    ['1000m', '1'],
    ['1500m', '1500m'],
    ['0.5', '500m'],
    ['1.5Gi', '1536Mi'],
    ['1024Ki', '1Mi'],
    ['512Ki', '512Ki'],
    ['0.5Ki', '512'],
    ['1000', '1k'],
    ['1e3', '1e3'],
    ['12e2', '1200'],
    ['0Gi', '0'],
    ['-2000m', '-2'],
  ])('writes %s as %s', (text, canonical) => {
    expect(canonicalQuantity(text)).toBe(canonical);
  });

  test('keeps the whole amount, and writing it again changes nothing', () => {
    check(
      fc.property(anyQuantity, ({ text: signed }) => {
        const text = signed.replace('-', '');
        const canonical = canonicalQuantity(text);
        expect(quantityValueExact(canonical)).toBe(quantityValueExact(text));
        expect(canonicalQuantity(canonical)).toBe(canonical);
      }),
      500,
    );
  });
});

test('compareQuantities orders by amount, not by notation', () => {
  expect(compareQuantities('1', '1000m')).toBe(0);
  expect(compareQuantities('1Gi', '1G')).toBe(1);
  expect(compareQuantities('999m', '1')).toBe(-1);
});

test('bytesQuantity and milliQuantity read back as the same amount', () => {
  check(
    fc.property(fc.nat({ max: 2 ** 31 - 1 }), fc.nat(20), (base, shift) => {
      const bytes = base * 2 ** shift;
      expect(quantityValue(bytesQuantity(bytes))).toBe(bytes);
      expect(quantityMilli(milliQuantity(base))).toBe(base);
    }),
  );
  expect(bytesQuantity(16 * 2 ** 30)).toBe('16Gi');
  expect(milliQuantity(500)).toBe('500m');
  expect(milliQuantity(2000)).toBe('2');
});
