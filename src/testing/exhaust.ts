/**
 * exhaust: every crash point of a small storm, one run each: the component dies before and after each of its writes, or at
 * each of its waits, with every subset of at most `maxFaults` of the storm's own faults.
 *
 * The storm is run once without a crash to see which points there are; up to its point a run with a crash is that run.
 *
 * Source    intermediate-state plans of Sieve (OSDI'22), for all writes instead of a sample
 * Cost      subsets × points runs: for clusters of a few nodes and workloads of a few pods
 */
import { SECOND_US } from '../engine/units.ts';
import { type CrashPointObserver, crashPlans, observeCrashPoints } from '../faults/crash-points.ts';
import type { World } from '../scenario/world.ts';
import type { Search } from './check.ts';
import type { StormOutcome } from './run-storm.ts';
import type { Storm, StormFault } from './storm.ts';

export interface ExhaustOptions {
  /** Which points; `yields` are many more. Default `writes`. */
  readonly at?: 'writes' | 'yields' | 'both';
  /** Subsets of the storm's faults with so many faults at most. Default 1. */
  readonly maxFaults?: number;
  /** How long a process is down, in ms. Default 5000. */
  readonly restartAfterMs?: number;
  /** Only every so many-th wait. Default 1. */
  readonly yieldStride?: number;
}

export interface Exhausted {
  readonly runs: number;
  /** The first storm, its crash included, that broke something. */
  readonly failed: { readonly storm: Storm; readonly outcome: StormOutcome } | undefined;
}

const RESTART_AFTER_MS = 5000;

/** Runs every crash point of `storm` until one breaks something. */
export function* exhausting(storm: Storm, options: ExhaustOptions = {}): Search<Exhausted> {
  const { at = 'writes', maxFaults = 1, restartAfterMs = RESTART_AFTER_MS, yieldStride = 1 } = options;
  const restartAfterUs = restartAfterMs * (SECOND_US / 1000);
  let runs = 0;
  for (const faults of subsets(storm.faults, maxFaults)) {
    const calm: Storm = { ...storm, faults };
    let observer: CrashPointObserver | undefined;
    const attach = (world: World): void => {
      observer = observeCrashPoints(world.access);
    };
    const reference = yield { storm: calm, attach };
    runs++;
    if (reference === undefined || observer === undefined) continue;
    if (reference.violation !== undefined) return { runs, failed: { storm: calm, outcome: reference } };
    const points = observer.points();
    const lastUs = Math.max(0, ...points.flatMap(({ writes }) => writes.map(({ atUs }) => atUs)));
    const forMs = Math.ceil(lastUs / 1000) + restartAfterMs;
    for (const { fault, targets, params } of crashPlans(points, { restartAfterUs, at, yieldStride })) {
      const breaks = { fault, target: targets[0], ...params, restartAfter: `${restartAfterMs}ms` };
      const crashed: Storm = { ...calm, faults: [{ atMs: 0, forMs, breaks }, ...faults] };
      const outcome = yield { storm: crashed };
      runs++;
      if (outcome?.violation !== undefined) return { runs, failed: { storm: crashed, outcome } };
    }
  }
  return { runs, failed: undefined };
}

/** All subsets of at most `most` faults, the smallest first; each in order of time. */
function* subsets(faults: readonly StormFault[], most: number): Generator<readonly StormFault[]> {
  for (let size = 0; size <= Math.min(most, faults.length); size++) yield* choose(faults, size, 0);
}

function* choose(faults: readonly StormFault[], size: number, from: number): Generator<readonly StormFault[]> {
  if (size === 0) {
    yield [];
    return;
  }
  for (let index = from; index <= faults.length - size; index++) {
    for (const rest of choose(faults, size - 1, index + 1)) yield [faults[index]!, ...rest];
  }
}
