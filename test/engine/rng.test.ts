import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Distribution, meanOf, sample, sampleUs } from '../../src/engine/distributions.ts';
import { Rng } from '../../src/engine/rng.ts';
import { check } from '../support/seeded.ts';

describe('Rng', () => {
  test('gives the same stream for the same seed and name, another for another', () => {
    const draw = (seed: number, name: string) => {
      const rng = Rng.root(seed).fork(name);
      return Array.from({ length: 8 }, () => rng.nextUint32()).join();
    };
    expect(draw(1, 'a')).toBe(draw(1, 'a'));
    expect(draw(1, 'a')).not.toBe(draw(1, 'b'));
    expect(draw(1, 'a')).not.toBe(draw(2, 'a'));
    expect(draw(1, 'a')).toMatchInlineSnapshot(`"427359637,3694152480,3492266710,323742612,1428798460,505404453,34605242,848008843"`);
  });

  test('forks by key and name, however much the parent was drawn from', () => {
    const used = Rng.root(5);
    used.nextUint32();
    expect(used.fork('x').nextUint32()).toBe(Rng.root(5).fork('x').nextUint32());
  });

  test('decorrelates neighbouring seeds and names', () => {
    const firsts = Array.from({ length: 1000 }, (_, seed) => Rng.root(seed).fork(`node-${seed}`).nextFloat());
    const mean = firsts.reduce((sum, x) => sum + x, 0) / firsts.length;
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.03);
    const lag = firsts.slice(1).reduce((sum, x, i) => sum + (x - mean) * (firsts[i]! - mean), 0) / firsts.length;
    expect(Math.abs(lag)).toBeLessThan(0.01);
  });

  test('draws integers inside the bound, all of them, about equally often', () => {
    const rng = Rng.root(3);
    const counts = new Array<number>(10).fill(0);
    for (let i = 0; i < 20_000; i++) counts[rng.nextInt(10)]!++;
    const chiSquared = counts.reduce((sum, count) => sum + (count - 2000) ** 2 / 2000, 0);
    // 9 degrees of freedom: 27.9 is the 99.9 % point.
    expect(chiSquared).toBeLessThan(27.9);
  });

  test('shuffles into a permutation', () => {
    check(
      fc.property(fc.array(fc.nat()), fc.nat(), (items, seed) => {
        const shuffled = Rng.root(seed).shuffle([...items]);
        expect([...shuffled].sort((a, b) => a - b)).toEqual([...items].sort((a, b) => a - b));
      }),
    );
  });
});

const distributions: Distribution[] = [
  { kind: 'constant', value: 5 },
  { kind: 'uniform', min: 2, max: 10 },
  { kind: 'exponential', mean: 30 },
  { kind: 'normal', mean: 100, sd: 10 },
  { kind: 'lognormal', median: 15, sigma: 0.5 },
  { kind: 'weibull', scale: 20, shape: 0.7 },
  { kind: 'pareto', min: 3, alpha: 3.5 },
  { kind: 'gamma', scale: 4, shape: 0.6 },
  { kind: 'gamma', scale: 4, shape: 5 },
  { kind: 'empirical', values: [1, 2, 3, 10] },
];

describe.each(distributions.map((d) => [`${d.kind} ${JSON.stringify(d)}`, d] as const))('%s', (_, distribution) => {
  test('has the mean that meanOf states', () => {
    const rng = Rng.root(11).fork(distribution.kind);
    let sum = 0;
    const n = 40_000;
    for (let i = 0; i < n; i++) sum += sample(distribution, rng);
    expect(Math.abs(sum / n / meanOf(distribution) - 1)).toBeLessThan(0.03);
  });

  test('gives whole non-negative microseconds', () => {
    const rng = Rng.root(12);
    for (let i = 0; i < 200; i++) {
      const us = sampleUs(distribution, rng);
      expect(Number.isSafeInteger(us) && us >= 0).toBe(true);
    }
  });
});
