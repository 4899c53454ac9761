import { describe, expect, test } from 'vitest';
import { DISTRIBUTION_PARAMETERS } from '../../src/engine/distributions.ts';
import { parseDistribution, parseUnit } from '../../src/scenario/distribution-text.ts';

describe('parseDistribution', () => {
  test.each([
    ['15m', { kind: 'constant', value: 900_000_000 }],
    ['constant(15m)', { kind: 'constant', value: 900_000_000 }],
    ['exponential(mean: 30d)', { kind: 'exponential', mean: 2_592_000_000_000 }],
    ['exponential(30d)', { kind: 'exponential', mean: 2_592_000_000_000 }],
    ['Exponential( mean = 1s )', { kind: 'exponential', mean: 1_000_000 }],
    ['lognormal(median: 15m, sigma: 1)', { kind: 'lognormal', median: 900_000_000, sigma: 1 }],
    ['lognormal(sigma: 0.5, median: 1s)', { kind: 'lognormal', median: 1_000_000, sigma: 0.5 }],
    ['uniform(1s, 2s)', { kind: 'uniform', min: 1_000_000, max: 2_000_000 }],
    ['weibull(scale: 30d, shape: 0.7)', { kind: 'weibull', scale: 2_592_000_000_000, shape: 0.7 }],
    ['empirical(1s, 1m)', { kind: 'empirical', values: [1_000_000, 60_000_000] }],
  ])('reads %s as durations', (text, value) => {
    expect(parseDistribution(text, 'duration')).toEqual({ ok: true, value });
  });

  test('reads quantities where the place asks for them', () => {
    expect(parseDistribution('uniform(100m, 2)', 'cpu-milli')).toEqual({ ok: true, value: { kind: 'uniform', min: 100, max: 2000 } });
    expect(parseDistribution('4Gi', 'bytes')).toEqual({ ok: true, value: { kind: 'constant', value: 4_294_967_296 } });
    expect(parseUnit('1.5e3', 'number')).toEqual({ ok: true, value: 1500 });
  });

  test.each([
    ['expnential(1s)', 'unknown distribution "expnential"', 'did you mean "exponential"?'],
    ['exponential()', 'exponential needs "mean"', undefined],
    ['exponential(1s, 2s)', 'too many parameters', undefined],
    ['exponential(mean: 3)', 'parameter "mean" of exponential: expected a duration', 'write "3s" for seconds'],
    ['lognormal(median: 1s, sgma: 1)', 'unknown parameter "sgma" of lognormal', 'did you mean "sigma"?'],
    ['lognormal(1s, median: 2s)', 'parameter "median" of lognormal is given twice', undefined],
    ['uniform(5s, 1s)', 'uniform needs min <= max', undefined],
    ['weibull(1s, 0)', 'must be above 0', undefined],
    ['empirical()', 'needs at least one value', undefined],
    ['soon', 'or a distribution such as exponential(mean: …), found "soon"', undefined],
  ])('refuses %s', (text, problem, hint) => {
    const parsed = parseDistribution(text, 'duration');
    expect(parsed).toMatchObject({ ok: false, problem: expect.stringContaining(problem) });
    expect(parsed.ok ? undefined : parsed.hint).toBe(hint);
  });

  test('refuses negative quantities and words', () => {
    expect(parseDistribution('-1', 'cpu-milli').ok).toBe(false);
    expect(parseDistribution('lots', 'bytes').ok).toBe(false);
    expect(parseDistribution('1x', 'number').ok).toBe(false);
  });

  test('knows every distribution of the engine', () => {
    for (const [kind, parameters] of Object.entries(DISTRIBUTION_PARAMETERS)) {
      const text = `${kind}(${parameters.map(() => '1').join(', ')})`;
      expect(parseDistribution(text, 'number')).toMatchObject({ ok: true, value: { kind } });
    }
  });
});
