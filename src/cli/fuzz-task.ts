/**
 * What one worker of `seatrial fuzz` does: a row of cases, and what came of them. Plain data in, plain data out, so that it
 * runs alike in this thread and in another.
 */
import { InputError, type InputProblem } from '../base/input-error.ts';
import { SimulationBug } from '../base/invariant.ts';
import { CaseChecker, type ConvergenceOptions, type Counterexample } from '../testing/check.ts';
import { observeBehaviours } from '../testing/coverage.ts';
import { type Exhausted, exhausting } from '../testing/exhaust.ts';
import { loadControllers } from './controller-modules.ts';

/** Everything that decides what case `n` is. */
export interface FuzzPlan {
  readonly seed: number | string;
  readonly controllers: readonly string[];
  readonly maxNodes: number;
  readonly maxReplicas: number;
  readonly maxFaults: number;
  readonly quirks: readonly string[];
  /** Every crash point of every case; undefined: the cases as they are. */
  readonly crashPoints: 'writes' | 'yields' | 'both' | undefined;
}

export interface FuzzRow {
  readonly plan: FuzzPlan;
  /** Numbers of the cases. */
  readonly cases: readonly number[];
}

export interface FuzzFailure {
  readonly case: number;
  /** The invariant that did not hold; `internal error` for bugs of the simulator. */
  readonly what: string;
  readonly message: string;
}

export interface FuzzRowOutcome {
  readonly passed: number;
  readonly failures: readonly FuzzFailure[];
  readonly events: number;
  /** Behaviours this worker had not seen before, with the case that showed them. */
  readonly behaviours: readonly (readonly [behaviour: string, index: number])[];
  /** What is wrong with the input: a user's controller or world asks for something that cannot be. The row ended there. */
  readonly problems: readonly InputProblem[];
}

export const INTERNAL_ERROR = 'internal error';

/** Keeps what is expensive to make between rows of one plan. */
export class FuzzWorker {
  private planText: string;
  private checker: CaseChecker | undefined;
  private readonly seen: Set<string>;

  constructor() {
    this.planText = '';
    this.checker = undefined;
    this.seen = new Set();
  }

  async run({ plan, cases }: FuzzRow): Promise<FuzzRowOutcome> {
    const checker = this.checkerOf(plan);
    const failures: FuzzFailure[] = [];
    const behaviours: [string, number][] = [];
    let passed = 0;
    let events = 0;
    for (const index of cases) {
      const shown = new Set<string>();
      try {
        const outcome = await checker.runStormAsync(checker.storm(index), (world) => observeBehaviours(world, shown));
        events += outcome.events;
        const violation = outcome.violation ?? (await firstFailed(checker, plan, index))?.outcome.violation;
        if (violation === undefined) passed++;
        else failures.push({ case: index, what: violation.invariant, message: violation.message });
      } catch (error) {
        // Errors lose their class on the way out of a thread.
        if (error instanceof InputError) return { passed, failures, events, behaviours, problems: error.problems };
        if (!(error instanceof SimulationBug)) throw error;
        failures.push({ case: index, what: INTERNAL_ERROR, message: error.message });
      }
      for (const behaviour of shown) {
        if (this.seen.has(behaviour)) continue;
        this.seen.add(behaviour);
        behaviours.push([behaviour, index]);
      }
    }
    return { passed, failures, events, behaviours, problems: [] };
  }

  /** Shrinks a failed case and saves it into `folder`. */
  async explain(plan: FuzzPlan, index: number, folder: string): Promise<Counterexample> {
    const checker = new CaseChecker({ ...optionsOf(plan), saveTo: folder });
    const failed = await firstFailed(checker, plan, index);
    return checker.driveAsync(checker.explaining(index, failed?.storm ?? checker.storm(index)));
  }

  private checkerOf(plan: FuzzPlan): CaseChecker {
    const text = JSON.stringify(plan);
    if (this.checker === undefined || this.planText !== text) {
      this.planText = text;
      this.checker = new CaseChecker(optionsOf(plan));
    }
    return this.checker;
  }
}

/** The first crash point of a case that breaks something; undefined when none does, or none is asked for. */
async function firstFailed(checker: CaseChecker, { crashPoints, maxFaults }: FuzzPlan, index: number): Promise<Exhausted['failed']> {
  if (crashPoints === undefined) return undefined;
  const { failed } = await checker.driveAsync(exhausting(checker.storm(index), { at: crashPoints, maxFaults }));
  return failed;
}

/** Throws an InputError when a controller's file is not as it should be. */
export function optionsOf(plan: FuzzPlan): ConvergenceOptions {
  const { controllers, invariants, world } = loadControllers(plan.controllers);
  const { seed, maxNodes, maxReplicas, maxFaults, quirks } = plan;
  return {
    controllers,
    properties: invariants,
    seed,
    controllerModules: plan.controllers,
    world: isArbitrary(world) ? world : { maxNodes, maxReplicas, maxFaults, ...world, setting: { quirks, ...world?.setting } },
  };
}

function isArbitrary(world: ConvergenceOptions['world']): world is Exclude<ConvergenceOptions['world'], undefined> & { generate: unknown } {
  return typeof (world as { generate?: unknown } | undefined)?.generate === 'function';
}
