/**
 * Settings of V8 for threads that run one small world after another.
 *
 * A world lives for a few dozen milliseconds and then goes as a whole. V8 expects what outlives two collections of its young generation to
 * live long: it moves it to the old one, and learns to allocate what such code makes there from the start. Whatever part of a finished
 * world is in the old generation keeps the rest of it, which every further collection then copies. With a young generation that
 * holds a world or two and nothing allocated old, nearly nothing is left to copy (docs/performance.md).
 */
import { setFlagsFromString } from 'node:v8';

/** MB of one half of the young generation of each thread; a case of 20 nodes and 100 pods allocates some 12. */
const SEMI_SPACE_MB = 32;

/** For threads that are started from now on; this one keeps its young generation. */
export function tuneForManyWorlds(): void {
  setFlagsFromString('--no-allocation-site-pretenuring');
  setFlagsFromString(`--min-semi-space-size=${SEMI_SPACE_MB}`);
  setFlagsFromString(`--max-semi-space-size=${SEMI_SPACE_MB}`);
}
