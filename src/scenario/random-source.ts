/**
 * Random sources: which generator stands behind every named stream of a run.
 *
 * `sfc32` is the engine's own and the default. The others are the generators of the seedrandom package, for
 * whoever wants to check that a finding does not hang on one generator. Whatever the source, the streams form
 * the same tree: each is seeded from its 128-bit key and from nothing else.
 */
import seedrandom from 'seedrandom';
import { fail } from '../base/invariant.ts';
import { type GeneratorFactory, type Key128, Rng, sfc32Factory, type Uint32Generator } from '../engine/rng.ts';
import type { RandomSource } from './scenario.ts';

type SeedrandomAlgorithm = (seed: string) => { int32(): number };

/** The root stream of a run. */
export function rootRng(seed: string | number, source: RandomSource): Rng {
  return Rng.root(seed, generatorFactory(source));
}

function generatorFactory(source: RandomSource): GeneratorFactory {
  switch (source) {
    case 'sfc32':
      return sfc32Factory;
    case 'seedrandom-alea':
      return seedrandomFactory(seedrandom.alea);
    case 'seedrandom-xor128':
      return seedrandomFactory(seedrandom.xor128);
    case 'seedrandom-xorwow':
      return seedrandomFactory(seedrandom.xorwow);
    case 'seedrandom-xorshift7':
      return seedrandomFactory(seedrandom.xorshift7);
    case 'seedrandom-xor4096':
      return seedrandomFactory(seedrandom.xor4096);
    case 'seedrandom-tychei':
      return seedrandomFactory(seedrandom.tychei);
    default:
      return fail(`unknown random source ${source as string}`);
  }
}

function seedrandomFactory(algorithm: SeedrandomAlgorithm): GeneratorFactory {
  return (key: Key128): Uint32Generator => {
    const generator = algorithm(key.join('/'));
    return { nextUint32: () => generator.int32() >>> 0 };
  };
}
