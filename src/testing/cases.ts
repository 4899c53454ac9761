/**
 * Cases by number: case `n` of seed `s` is the same storm wherever and in whatever order it is run.
 */
import * as fc from 'fast-check';
import { fnv1a32, mix32 } from '../base/hash.ts';
import type { Storm } from './storm.ts';

/** The storm of one case. A case depends on nothing but the arbitrary, the seed and its number. */
export function stormOf(arbitrary: fc.Arbitrary<Storm>, seed: number | string, index: number): Storm {
  const own = mix32(fnv1a32(`${seed}/${index}`)) | 0;
  return fc.sample(arbitrary, { seed: own, numRuns: 1 })[0]!;
}
