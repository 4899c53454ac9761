/**
 * ln, exp, pow: natural logarithm and exponential with the same bits on every JavaScript engine.
 *
 * The language lets engines round Math.log and friends differently (Node and Chromium do), so
 * nothing that reaches a result may call them. These use only + - * /, Math.sqrt-class exact
 * operations and integer powers of two, which IEEE 754 fixes bit for bit.
 *
 * Models    ln: x = m * 2^k with m in [sqrt(1/2), sqrt(2)); ln m = 2 atanh(s), s = (m-1)/(m+1), as an odd
 *           power series. exp: x = k ln2 + r, |r| <= ln2/2; Taylor polynomial of degree 14 in r.
 * Accuracy  within 2 ulp of Math.log / Math.exp over the range used (checked in the test)
 */

// biome-ignore-start lint/suspicious/noApproximativeNumericConstant: the exact bits matter, not the name of the constant
const LN2_HIGH = 0.6931471803691238; // the upper 32 bits of ln 2: k * LN2_HIGH is exact for |k| < 2^20
const LN2_LOW = 1.9082149292705877e-10;
const SQRT_HALF = 0.7071067811865476;
const TWO_54 = 18014398509481984;
const INVERSE_LN2 = 1.4426950408889634;
// biome-ignore-end lint/suspicious/noApproximativeNumericConstant: see above

/** Natural logarithm. ln(0) is -Infinity, negative numbers give NaN. */
export function ln(x: number): number {
  if (x > 0 && x < Infinity) {
    let k = 0;
    let m = x;
    if (m < 2.2250738585072014e-308) {
      m *= TWO_54;
      k = -54;
    }
    float64[0] = m;
    const high = uint32[HIGH_WORD]!;
    k += (high >>> 20) - 1023;
    uint32[HIGH_WORD] = (high & 0xfffff) | 0x3ff00000;
    m = float64[0]!;
    // Bring m from [1, 2) to [sqrt(1/2), sqrt(2)) so that the series argument stays small.
    if (m * SQRT_HALF >= 1) {
      m /= 2;
      k++;
    }
    const f = m - 1;
    const s = f / (2 + f);
    const z = s * s;
    const series =
      z *
      (1 / 3 + z * (1 / 5 + z * (1 / 7 + z * (1 / 9 + z * (1 / 11 + z * (1 / 13 + z * (1 / 15 + z * (1 / 17 + z * (1 / 19 + z / 21)))))))));
    return k * LN2_HIGH + (k * LN2_LOW + 2 * s * series + 2 * s);
  }
  if (x === 0) return -Infinity;
  return x === Infinity ? Infinity : NaN;
}

/** e to the power x; 0 below -745, Infinity above 709.78. */
export function exp(x: number): number {
  if (x !== x) return NaN;
  if (x > 709.782712893384) return Infinity;
  if (x < -745.1332191019411) return 0;
  const k = Math.round(x * INVERSE_LN2);
  const r = x - k * LN2_HIGH - k * LN2_LOW;
  let sum = 1;
  for (let n = 14; n >= 1; n--) sum = 1 + (r * sum) / n;
  return scaleByPowerOfTwo(sum, k);
}

/** x to the power y for x > 0, as exp(y ln x). */
export function pow(x: number, y: number): number {
  if (y === 0) return 1;
  if (x === 0) return y > 0 ? 0 : Infinity;
  return exp(y * ln(x));
}

function scaleByPowerOfTwo(value: number, k: number): number {
  if (k < -1021) return value * powerOfTwo(k + 60) * 8.673617379884035e-19; // 2^-60
  if (k > 1023) return value * 2 * powerOfTwo(k - 1);
  return value * powerOfTwo(k);
}

function powerOfTwo(k: number): number {
  uint32[HIGH_WORD] = (k + 1023) << 20;
  uint32[1 - HIGH_WORD] = 0;
  return float64[0]!;
}

const float64 = new Float64Array(1);
const uint32 = new Uint32Array(float64.buffer);
/** Index of the word with sign and exponent; 1 on little-endian machines. */
const HIGH_WORD = isLittleEndian() ? 1 : 0;

function isLittleEndian(): boolean {
  const probe = new Uint16Array([1]);
  return new Uint8Array(probe.buffer)[0] === 1;
}
