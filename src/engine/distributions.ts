/**
 * Distributions: random durations and amounts described as data, sampled with portable arithmetic.
 *
 * Units     a distribution has the unit of its parameters; `sampleUs` rounds to whole microseconds
 * Cost      one or two uniform draws and one or two portable ln/exp calls per sample
 */
import { fail } from '../base/invariant.ts';
import { exp, ln, pow } from './portable-math.ts';
import type { Rng } from './rng.ts';

export type Distribution =
  | { readonly kind: 'constant'; readonly value: number }
  | { readonly kind: 'uniform'; readonly min: number; readonly max: number }
  | { readonly kind: 'exponential'; readonly mean: number }
  | { readonly kind: 'normal'; readonly mean: number; readonly sd: number }
  /** exp(N(ln median, sigma)). */
  | { readonly kind: 'lognormal'; readonly median: number; readonly sigma: number }
  | { readonly kind: 'weibull'; readonly scale: number; readonly shape: number }
  /** Pareto type I: support [min, infinity), tail index alpha. */
  | { readonly kind: 'pareto'; readonly min: number; readonly alpha: number }
  | { readonly kind: 'gamma'; readonly scale: number; readonly shape: number }
  /** Draws one of the values with equal probability. */
  | { readonly kind: 'empirical'; readonly values: readonly number[] };

export type DistributionKind = Distribution['kind'];

/** Parameter names by kind, in positional order; for validation and help. */
export const DISTRIBUTION_PARAMETERS: { readonly [K in DistributionKind]: readonly string[] } = {
  constant: ['value'],
  uniform: ['min', 'max'],
  exponential: ['mean'],
  normal: ['mean', 'sd'],
  lognormal: ['median', 'sigma'],
  weibull: ['scale', 'shape'],
  pareto: ['min', 'alpha'],
  gamma: ['scale', 'shape'],
  empirical: ['values'],
};

/** Parameters that carry no unit even when the distribution is of durations. */
export const DIMENSIONLESS_PARAMETERS: readonly string[] = ['sigma', 'shape', 'alpha'];

export function constant(value: number): Distribution {
  return { kind: 'constant', value };
}

/** One sample in the distribution's own unit. May be negative for `normal`. */
export function sample(distribution: Distribution, rng: Rng): number {
  switch (distribution.kind) {
    case 'constant':
      return distribution.value;
    case 'uniform':
      return distribution.min + (distribution.max - distribution.min) * rng.nextFloat();
    case 'exponential':
      return distribution.mean * standardExponential(rng);
    case 'normal':
      return distribution.mean + distribution.sd * rng.nextNormal();
    case 'lognormal':
      return distribution.median * exp(distribution.sigma * rng.nextNormal());
    case 'weibull':
      return distribution.scale * pow(standardExponential(rng), 1 / distribution.shape);
    case 'pareto':
      return distribution.min * exp(standardExponential(rng) / distribution.alpha);
    case 'gamma':
      return distribution.scale * standardGamma(distribution.shape, rng);
    case 'empirical':
      return rng.pick(distribution.values);
    default:
      return fail(`unknown distribution ${JSON.stringify(distribution)}`);
  }
}

/** One sample as a whole, non-negative number of microseconds. */
export function sampleUs(distribution: Distribution, rng: Rng): number {
  if (distribution.kind === 'lognormal') {
    return Math.round(distribution.median * exp(distribution.sigma * rng.nextNormal()));
  }
  return Math.max(0, Math.round(sample(distribution, rng)));
}

/** The exact mean; Infinity for a Pareto with alpha <= 1. Used for bounds and reports, never for sampling. */
export function meanOf(distribution: Distribution): number {
  switch (distribution.kind) {
    case 'constant':
      return distribution.value;
    case 'uniform':
      return (distribution.min + distribution.max) / 2;
    case 'exponential':
    case 'normal':
      return distribution.mean;
    case 'lognormal':
      return distribution.median * exp((distribution.sigma * distribution.sigma) / 2);
    case 'weibull':
      return distribution.scale * gammaFunction(1 + 1 / distribution.shape);
    case 'pareto':
      return distribution.alpha <= 1 ? Infinity : (distribution.alpha * distribution.min) / (distribution.alpha - 1);
    case 'gamma':
      return distribution.scale * distribution.shape;
    case 'empirical':
      return distribution.values.reduce((sum, value) => sum + value, 0) / distribution.values.length;
    default:
      return fail(`unknown distribution ${JSON.stringify(distribution)}`);
  }
}

function standardExponential(rng: Rng): number {
  // 1 - u is in (0, 1], so the logarithm is finite.
  return -ln(1 - rng.nextFloat());
}

/** Marsaglia and Tsang 2000, with the usual boost for shape below 1. */
function standardGamma(shape: number, rng: Rng): number {
  if (shape < 1) return standardGamma(shape + 1, rng) * pow(1 - rng.nextFloat(), 1 / shape);
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = rng.nextNormal();
    const t = 1 + c * x;
    if (t <= 0) continue;
    const v = t * t * t;
    if (ln(1 - rng.nextFloat()) < 0.5 * x * x + d - d * v + d * ln(v)) return d * v;
  }
}

/** Lanczos approximation (g = 7, n = 9) for arguments above 0.5. */
function gammaFunction(x: number): number {
  const coefficients = [
    0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059, 12.507343278686905,
    -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
  ];
  const y = x - 1;
  let sum = coefficients[0]!;
  for (let i = 1; i < coefficients.length; i++) sum += coefficients[i]! / (y + i);
  const t = y + 7.5;
  return 2.5066282746310002 * pow(t, y + 0.5) * exp(-t) * sum;
}
