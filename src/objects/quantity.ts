/**
 * Quantity: Kubernetes resource amounts such as `500m`, `1.5Gi` or `2e3`, read exactly.
 *
 * Models    kubernetes v1.34 staging/src/k8s.io/apimachinery/pkg/api/resource/quantity.go
 * Differs   a number without any digit (`-`, `.`, `m`), which upstream reads as 0, is refused; amounts
 *           are kept as written and parsed where they are used
 * Units     value = the amount rounded up to a whole number, milli = 1000 times the amount, rounded up
 * Range     amounts are capped at 2^63-1 and finer than 10^-9 is rounded up, as upstream does; results
 *           beyond 2^53 are the nearest double, use the `...Exact` functions there
 * Cost      20-60 ns for the usual notations (integer arithmetic in doubles, verified exact), about 1 us
 *           for the rest (bigint); nothing is cached, a cache look-up costs as much
 */
import { fail } from '../base/invariant.ts';

/** Why a text is not a quantity. */
export class QuantityError {
  readonly message: string;

  constructor(message: string) {
    this.message = message;
  }
}

/** How an amount was written; decides the suffixes of its canonical form. */
export type QuantityFormat = 'DecimalSI' | 'BinarySI' | 'DecimalExponent';

export interface Quantity {
  /** 10^9 times the amount, exact. */
  readonly nanos: bigint;
  readonly format: QuantityFormat;
}

const NANO = 1_000_000_000n;
const MAX_NANOS = ((1n << 63n) - 1n) * NANO;

const BINARY_SHIFT: Readonly<Record<string, number>> = { Ki: 10, Mi: 20, Gi: 30, Ti: 40, Pi: 50, Ei: 60 };
const DECIMAL_EXPONENT: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, '': 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
const EXPONENT_SUFFIX: Readonly<Record<number, string>> = {
  [-9]: 'n',
  [-6]: 'u',
  [-3]: 'm',
  0: '',
  3: 'k',
  6: 'M',
  9: 'G',
  12: 'T',
  15: 'P',
  18: 'E',
};
const BINARY_SUFFIXES = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];

const PATTERN = /^([+-]?)([0-9]*)(?:\.([0-9]*))?(?:([KMGTPE]i)|([numkMGTPE])|[eE]([+-]?[0-9]+))?$/;

/** Reads any notation upstream accepts. */
export function parseQuantity(text: string): Quantity | QuantityError {
  const match = PATTERN.exec(text);
  const whole = match?.[2] ?? '';
  const fraction = match?.[3] ?? '';
  if (match === null || whole.length + fraction.length === 0) {
    return new QuantityError(
      `"${text}" is not a quantity, expected a number with an optional suffix (n, u, m, k, M, G, T, P, E, Ki, Mi, Gi, Ti, Pi, Ei) or exponent`,
    );
  }
  const digits = BigInt(whole + fraction);
  const binary = match[4];
  let format: QuantityFormat = 'DecimalSI';
  let numerator = digits;
  let exponent = 9 - fraction.length;
  if (binary !== undefined) {
    format = 'BinarySI';
    numerator <<= BigInt(BINARY_SHIFT[binary]!);
  } else if (match[6] !== undefined) {
    format = 'DecimalExponent';
    exponent += clampExponent(Number(match[6]));
  } else {
    exponent += DECIMAL_EXPONENT[match[5] ?? '']!;
  }
  let nanos = exponent >= 0 ? numerator * tenTo(exponent) : ceilDiv(numerator, tenTo(-exponent));
  if (nanos > MAX_NANOS) nanos = MAX_NANOS;
  return { nanos: match[1] === '-' ? -nanos : nanos, format };
}

function tenTo(exponent: number): bigint {
  return BigInt(`1${'0'.repeat(exponent)}`);
}

/** Beyond these bounds every non-zero amount is at the cap or rounds up to 10^-9, so the exact exponent does not matter. */
function clampExponent(exponent: number): number {
  return Math.max(-4000, Math.min(4000, exponent));
}

export function isQuantity(text: string): boolean {
  return readFast(text) || !(parseQuantity(text) instanceof QuantityError);
}

/** The amount rounded up to a whole number (bytes, counts); fails on text that is no quantity: objects are checked when they are read. */
export function quantityValue(text: string): number {
  const fast = scaleFast(text, 1);
  return fast === fast ? fast : Number(quantityValueExact(text));
}

/** 1000 times the amount, rounded up (milli-CPU). */
export function quantityMilli(text: string): number {
  const fast = scaleFast(text, 1000);
  return fast === fast ? fast : Number(quantityMilliExact(text));
}

export function quantityValueExact(text: string): bigint {
  return ceilDiv(quantityNanos(text), NANO);
}

export function quantityMilliExact(text: string): bigint {
  return ceilDiv(quantityNanos(text), 1_000_000n);
}

/** 10^9 times the amount, exact. */
export function quantityNanos(text: string): bigint {
  const parsed = parseQuantity(text);
  return parsed instanceof QuantityError ? fail(parsed.message) : parsed.nanos;
}

/** Negative, zero or positive as `a` is less than, equal to or more than `b`. */
export function compareQuantities(a: string, b: string): number {
  if (a === b) return 0;
  const left = quantityNanos(a);
  const right = quantityNanos(b);
  return left < right ? -1 : left > right ? 1 : 0;
}

/** Whether the amount is zero, in any notation. */
export function isZeroQuantity(text: string): boolean {
  return quantityNanos(text) === 0n;
}

/** The canonical form upstream writes: `1000m` becomes `1`, `1.5Gi` becomes `1536Mi`. */
export function canonicalQuantity(text: string): string {
  const parsed = parseQuantity(text);
  return parsed instanceof QuantityError ? fail(parsed.message) : formatQuantity(parsed);
}

/** The shortest exact notation in the format the amount came in; amounts finer than one are never written in binary suffixes. */
export function formatQuantity(quantity: Quantity): string {
  const sign = quantity.nanos < 0n ? '-' : '';
  const nanos = quantity.nanos < 0n ? -quantity.nanos : quantity.nanos;
  if (nanos === 0n) return '0';
  // Upstream switches small binary amounts to decimal, so that `0.5Ki` is `512` and `512m` stays readable.
  if (quantity.format === 'BinarySI' && nanos >= 1024n * NANO) return sign + formatBinary(ceilDiv(nanos, NANO));
  let mantissa = nanos;
  let exponent = -9;
  while (exponent < 18 && mantissa % 1000n === 0n) {
    mantissa /= 1000n;
    exponent += 3;
  }
  if (quantity.format !== 'DecimalExponent') return `${sign}${mantissa}${EXPONENT_SUFFIX[exponent]}`;
  return exponent === 0 ? `${sign}${mantissa}` : `${sign}${mantissa}e${exponent}`;
}

/** A whole number of bytes in binary suffixes, as people write memory: 16Gi, 1536Mi, 1000. */
export function bytesQuantity(bytes: number): string {
  return formatBinary(BigInt(bytes));
}

/** Milli-CPU as people write it: 500m, 2. */
export function milliQuantity(milli: number): string {
  return milli % 1000 === 0 ? String(milli / 1000) : `${milli}m`;
}

function formatBinary(value: bigint): string {
  let mantissa = value;
  let step = 0;
  while (step < 6 && mantissa !== 0n && mantissa % 1024n === 0n) {
    mantissa /= 1024n;
    step++;
  }
  return `${mantissa}${BINARY_SUFFIXES[step]}`;
}

/** Division rounded towards plus infinity; `divisor` is positive. */
function ceilDiv(value: bigint, divisor: bigint): bigint {
  const quotient = value / divisor;
  return value > 0n && quotient * divisor !== value ? quotient + 1n : quotient;
}

// Fast path -----------------------------------------------------------------------------------------
// Unsigned decimal numbers of at most 15 digits with an optional suffix. NaN means "not that simple".

/** ceil(scale × amount) when it can be computed exactly in doubles; NaN otherwise. `scale` is 1 or 1000. */
function scaleFast(text: string, scale: number): number {
  const length = text.length;
  let digits = 0;
  let fractionDigits = 0;
  let inFraction = false;
  let position = 0;
  for (; position < length && position < 16; position++) {
    const code = text.charCodeAt(position);
    if (code >= 48 && code <= 57) {
      digits = digits * 10 + (code - 48);
      if (inFraction) fractionDigits++;
    } else if (code === 46 && !inFraction) {
      inFraction = true;
    } else {
      break;
    }
  }
  if (position === 0 || position === 16 || (inFraction && position === 1)) return Number.NaN;
  const unit = unitOf(text, position, length);
  if (unit === 0) return Number.NaN;
  // The amount is digits * unit / 10^fractionDigits, or digits / -unit for the small suffixes.
  let numerator = digits * scale;
  let divisor = TEN_TO[fractionDigits]!;
  if (unit > 0) numerator *= unit;
  else divisor *= -unit;
  if (numerator > Number.MAX_SAFE_INTEGER || divisor > Number.MAX_SAFE_INTEGER) return Number.NaN;
  if (divisor === 1) return numerator;
  const rest = numerator % divisor;
  return rest === 0 ? numerator / divisor : (numerator - rest) / divisor + 1;
}

function readFast(text: string): boolean {
  const value = scaleFast(text, 1);
  return value === value;
}

const TEN_TO = [1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16];

/** The multiplier of the suffix at `position`; negative for a divisor (m, u, n); 0 when it is none of these. */
function unitOf(text: string, position: number, length: number): number {
  if (position === length) return 1;
  const code = text.charCodeAt(position);
  if (position + 1 === length) {
    switch (code) {
      case 109: // m
        return -1e3;
      case 107: // k
        return 1e3;
      case 77: // M
        return 1e6;
      case 71: // G
        return 1e9;
      case 84: // T
        return 1e12;
      case 80: // P
        return 1e15;
      case 117: // u
        return -1e6;
      case 110: // n
        return -1e9;
      default:
        return 0;
    }
  }
  if (position + 2 !== length || text.charCodeAt(position + 1) !== 105) return 0;
  switch (code) {
    case 75: // Ki
      return 1024;
    case 77: // Mi
      return 1048576;
    case 71: // Gi
      return 1073741824;
    case 84: // Ti
      return 1099511627776;
    case 80: // Pi
      return 1125899906842624;
    default:
      return 0;
  }
}
