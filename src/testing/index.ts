/**
 * seatrial/testing: prove that controllers converge. Random clusters, workloads and faults; invariants after every event;
 * then peace, and the desired state within a bound, for good. What breaks is shrunk to a handful of objects and faults and
 * saved as a scenario with its story.
 *
 * ```ts
 * import { test } from 'vitest';
 * import { checkConvergence } from 'seatrial/testing';
 * import { myController } from './my-controller.ts';
 *
 * test('my controller converges', () => {
 *   checkConvergence({ controllers: [myController], cases: 500, saveTo: 'failures' });
 * });
 * ```
 *
 * Works in vitest, jest and node:test alike: a broken invariant is a thrown ConvergenceError whose message is the story.
 * With fast-check of one's own, use the arbitraries (`storms`) and `runStorm` directly.
 *
 * @packageDocumentation
 */

export { type ActionKind, clusters, faultSchedules, type StormOptions, storms, updates, workloads } from './arbitraries.ts';
export { type AsyncClient, type AsyncControllerOptions, type AsyncHost, defineAsyncController } from './async-controller.ts';
export { stormText } from './case-file.ts';
export { stormOf } from './cases.ts';
export {
  CaseChecker,
  type CaseRequest,
  ConvergenceError,
  type ConvergenceOptions,
  type ConvergenceReport,
  type Counterexample,
  checkConvergence,
  checkConvergenceAsync,
  describeCounterexample,
  findCounterexample,
  findCounterexampleAsync,
  type Search,
} from './check.ts';
export { circumstancesOf } from './circumstances.ts';
export { type Exhausted, type ExhaustOptions, exhausting } from './exhaust.ts';
export { InvariantWatch, type Violation } from './invariant-watch.ts';
export {
  type CacheView,
  type Circumstances,
  type CommitType,
  defineInvariant,
  type Invariant,
  type InvariantDef,
  type Probe,
  type RunningContainer,
  type StoreView,
  type WriteRecord,
} from './invariants/invariant.ts';
export { invariants } from './invariants/registry.ts';
export { CONVERGENCE, ConvergenceJudge, type JudgeOptions } from './judge.ts';
export { scenarioJudge } from './judge-scenario.ts';
export { type Aim, type MenuEntry, STORM_MENU } from './menu.ts';
export { runStorm, runStormAsync, StormLoader, type StormOutcome, type StormRunOptions } from './run-storm.ts';
export { type ShrinkOptions, type Shrunk, shrink } from './shrink.ts';
export {
  DEFAULT_SETTING,
  type Manifest,
  type Storm,
  type StormAction,
  type StormFault,
  type StormSetting,
  stormDocument,
} from './storm.ts';
export { type WorkloadCase, type WorkloadKind, type WorkloadShape, workloadCase } from './storm-workloads.ts';
export { type StoryLine, StoryTeller } from './story.ts';
