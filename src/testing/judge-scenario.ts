/**
 * scenarioJudge: the judge that `seatrial run` and `seatrial test` give to scenarios with `spec.converge`.
 */
import type { JudgeFactory } from '../scenario/run-types.ts';
import type { InvariantDef } from './invariants/invariant.ts';
import { invariants } from './invariants/registry.ts';
import { ConvergenceJudge } from './judge.ts';

/** A judge with the built-in invariants and `own` ones. It counts violations and does not stop at the first. */
export function scenarioJudge(own: readonly InvariantDef[] = []): JudgeFactory {
  return (world) => new ConvergenceJudge(world, { invariants: [...invariants, ...own] });
}
