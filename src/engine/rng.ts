/**
 * Rng: one named stream of random numbers. Streams form a tree: `rng.fork(name)` depends on the
 * parent's key and the name, never on how many numbers were drawn, so a new consumer changes nobody
 * else's numbers. Name streams after what varies (`faults/rack-3`, `kubelet/<node>/image-pull`).
 *
 * Models    sfc32 (C. Doty-Humphrey, PractRand), 128 bits of state
 * HOT       nextUint32 is called once or more per simulated sample
 * Alternative sources (for example those of the seedrandom package) come in as a GeneratorFactory.
 */
import { hash128 } from '../base/hash.ts';
import { fail } from '../base/invariant.ts';
import { ln } from './portable-math.ts';

export type Key128 = readonly [number, number, number, number];

/** Anything that yields uniform unsigned 32-bit integers. */
export interface Uint32Generator {
  nextUint32(): number;
}

/** Makes the generator of one stream from its 128-bit key; must be a pure function of the key. */
export type GeneratorFactory = (key: Key128) => Uint32Generator;

export class Rng {
  private readonly key: Key128;
  private readonly factory: GeneratorFactory;
  private generator: Uint32Generator | undefined;

  /** Use `Rng.root` and `fork` instead. */
  constructor(key: Key128, factory: GeneratorFactory) {
    this.key = key;
    this.factory = factory;
    this.generator = undefined;
  }

  /** The root of a run's tree. `seed` is any string or integer; both hash the same way as text. */
  static root(seed: string | number, factory: GeneratorFactory = sfc32Factory): Rng {
    return new Rng(hash128(`seed/${seed}`), factory);
  }

  /** The child stream called `name`. Cheap (one hash of the name), and the generator is made on first use. */
  fork(name: string): Rng {
    return new Rng(hash128(name, this.key as [number, number, number, number]), this.factory);
  }

  /** Uniform in 0..2^32-1. */
  nextUint32(): number {
    this.generator ??= this.factory(this.key);
    return this.generator.nextUint32();
  }

  /** Uniform in [0, 1) with 53 random bits. */
  nextFloat(): number {
    const high = this.nextUint32() >>> 5;
    const low = this.nextUint32() >>> 6;
    return (high * 67108864 + low) / 9007199254740992;
  }

  /**
   * Standard normal, by Marsaglia's polar method; the second variate is dropped so that a sample depends on no hidden state.
   * HOT: every latency and service time is one.
   */
  nextNormal(): number {
    this.generator ??= this.factory(this.key);
    const { generator } = this;
    for (;;) {
      // Two draws of nextFloat, written out: a number that a call gives back costs an allocation.
      const uHigh = generator.nextUint32() >>> 5;
      const uLow = generator.nextUint32() >>> 6;
      const u = 2 * ((uHigh * 67108864 + uLow) / 9007199254740992) - 1;
      const vHigh = generator.nextUint32() >>> 5;
      const vLow = generator.nextUint32() >>> 6;
      const v = 2 * ((vHigh * 67108864 + vLow) / 9007199254740992) - 1;
      const s = u * u + v * v;
      if (s > 0 && s < 1) return u * Math.sqrt((-2 * ln(s)) / s);
    }
  }

  /** Uniform integer in 0..bound-1, without modulo bias. `bound` is 1..2^32. */
  nextInt(bound: number): number {
    if (!(bound >= 1 && bound <= 4294967296)) fail(`nextInt needs a bound in 1..2^32, got ${bound}`);
    const limit = 4294967296 - (4294967296 % bound);
    for (;;) {
      const word = this.nextUint32();
      if (word < limit) return word % bound;
    }
  }

  /** True with probability `numerator / denominator`, decided on integers. */
  chance(numerator: number, denominator: number): boolean {
    return this.nextInt(denominator) < numerator;
  }

  /** A uniformly chosen element; fails on an empty list. */
  pick<T>(items: readonly T[]): T {
    if (items.length === 0) fail('pick from an empty list');
    return items[this.nextInt(items.length)] as T;
  }

  /** Fisher-Yates, in place. */
  shuffle<T>(items: T[]): T[] {
    for (let i = items.length - 1; i > 0; i--) {
      const j = this.nextInt(i + 1);
      const swap = items[i] as T;
      items[i] = items[j] as T;
      items[j] = swap;
    }
    return items;
  }
}

export const sfc32Factory: GeneratorFactory = (key) => new Sfc32(key);

class Sfc32 implements Uint32Generator {
  // State stays in int32 range: storing unsigned values in fields makes this 3.4 times slower.
  private a: number;
  private b: number;
  private c: number;
  private counter: number;

  constructor(key: Key128) {
    this.a = key[0] | 0;
    this.b = key[1] | 0;
    this.c = key[2] | 0;
    this.counter = key[3] | 0;
    for (let i = 0; i < 12; i++) this.nextUint32();
  }

  nextUint32(): number {
    const result = (this.a + this.b + this.counter) | 0;
    this.counter = (this.counter + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = (((this.c << 21) | (this.c >>> 11)) + result) | 0;
    return result >>> 0;
  }
}
