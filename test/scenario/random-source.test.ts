import { describe, expect, test } from 'vitest';
import { rootRng } from '../../src/scenario/random-source.ts';
import { RANDOM_SOURCES } from '../../src/scenario/scenario.ts';

describe.each(RANDOM_SOURCES.map((source) => [source] as const))('random source %s', (source) => {
  test('gives the same numbers for the same seed and stream, whatever was drawn elsewhere', () => {
    const a = rootRng(7, source);
    a.fork('noise').nextUint32();
    const b = rootRng(7, source);
    const draw = (rng: typeof a) => Array.from({ length: 5 }, () => rng.nextUint32());
    expect(draw(a.fork('faults'))).toEqual(draw(b.fork('faults')));
    expect(draw(rootRng(7, source).fork('x'))).not.toEqual(draw(rootRng(8, source).fork('x')));
  });

  test('is uniform enough to be a source of uniform numbers', () => {
    const rng = rootRng(1, source).fork('uniform');
    const counts = new Array<number>(16).fill(0);
    for (let i = 0; i < 16_000; i++) counts[rng.nextInt(16)]!++;
    // 15 degrees of freedom: 37.7 is the 99.9 % point.
    expect(counts.reduce((sum, n) => sum + (n - 1000) ** 2 / 1000, 0)).toBeLessThan(37.7);
  });
});
