/**
 * checkConvergence: random storms against a control plane until one breaks an invariant or all have passed; then the
 * smallest storm that breaks it, with its story.
 *
 * Order     cases run by number; a case depends on its number and the seed only, so it fails alone as it fails here
 */
import type * as fc from 'fast-check';
import { invariant as must } from '../base/invariant.ts';
import type { ControllerDef } from '../controllers/controller.ts';
import type { World } from '../scenario/world.ts';
import { type StormOptions, storms } from './arbitraries.ts';
import { stormText, writeCase } from './case-file.ts';
import { stormOf } from './cases.ts';
import type { Violation } from './invariant-watch.ts';
import type { InvariantDef } from './invariants/invariant.ts';
import { invariants } from './invariants/registry.ts';
import { runStorm, runStormAsync, StormLoader, type StormOutcome, type StormRunOptions } from './run-storm.ts';
import { shrinkingOf } from './shrink.ts';
import type { Storm } from './storm.ts';
import { StoryTeller } from './story.ts';

export interface ConvergenceOptions {
  /** Controllers of one's own, run beside the built-in ones. */
  readonly controllers?: readonly ControllerDef[];
  /** The storms: bounds for the built-in arbitrary, or an arbitrary of one's own. */
  readonly world?: StormOptions | fc.Arbitrary<Storm>;
  /** Invariants of one's own, watched beside the built-in ones. */
  readonly properties?: readonly InvariantDef[];
  /** Default 100. */
  readonly cases?: number;
  /** Default 1. */
  readonly seed?: number | string;
  /** Number of the first case; for replaying one. Default 0. */
  readonly from?: number;
  /** Runs that shrinking may cost. Default 1000; 0 keeps the case as it was found. */
  readonly maxShrinkRuns?: number;
  /** Folder for the case that failed; nothing is written without it. */
  readonly saveTo?: string;
  /** Files the controllers come from, for the replay command of a saved case. */
  readonly controllerModules?: readonly string[];
}

/** What a case broke, made as small as it gets. */
export interface Counterexample {
  readonly seed: number | string;
  readonly case: number;
  readonly violation: Violation;
  /** As it was drawn. */
  readonly found: Storm;
  /** As small as it could be made. */
  readonly storm: Storm;
  readonly shrinkRuns: number;
  readonly isMinimal: boolean;
  readonly digest: string;
  /** Who did and saw what, and when. */
  readonly story: string;
  /** The scenario that replays it. */
  readonly scenarioText: string;
  /** Where that was written; undefined when it was not. */
  readonly file: string | undefined;
}

export interface ConvergenceReport {
  readonly passed: number;
  readonly counterexample: Counterexample | undefined;
}

/** Thrown by checkConvergence when an invariant does not hold; its message is the story. */
export class ConvergenceError extends Error {
  readonly counterexample: Counterexample;

  constructor(counterexample: Counterexample) {
    super(describeCounterexample(counterexample));
    this.name = 'ConvergenceError';
    this.counterexample = counterexample;
  }
}

/** Throws a ConvergenceError when a case breaks an invariant or does not settle; an InputError when a storm is no valid scenario. */
export function checkConvergence(options: ConvergenceOptions = {}): ConvergenceReport {
  return demand(findCounterexample(options));
}

/** As checkConvergence, for controllers that await promises (defineAsyncController). */
export async function checkConvergenceAsync(options: ConvergenceOptions = {}): Promise<ConvergenceReport> {
  return demand(await findCounterexampleAsync(options));
}

/** As checkConvergence, but the counterexample is a value. */
export function findCounterexample(options: ConvergenceOptions = {}): ConvergenceReport {
  return new CaseChecker(options).drive(searching(options));
}

export async function findCounterexampleAsync(options: ConvergenceOptions = {}): Promise<ConvergenceReport> {
  return await new CaseChecker(options).driveAsync(searching(options));
}

function demand(report: ConvergenceReport): ConvergenceReport {
  if (report.counterexample !== undefined) throw new ConvergenceError(report.counterexample);
  return report;
}

/** One storm to run. */
export interface CaseRequest {
  readonly storm: Storm;
  /** Who watches the run. */
  readonly attach?: (world: World) => void;
  /** A storm that is no valid scenario, or that the simulator cannot run, is an answer of undefined instead of an error. */
  readonly isTry?: boolean;
}

/** A search as a dialogue: it asks for runs and gets their outcomes. The same for runs that have to be awaited. */
export type Search<T> = Generator<CaseRequest, T, StormOutcome | undefined>;

function* searching(options: ConvergenceOptions): Search<ConvergenceReport> {
  const { cases = 100, from = 0 } = options;
  const checker = new CaseChecker(options);
  for (let index = from; index < from + cases; index++) {
    const outcome = yield { storm: checker.storm(index) };
    if (outcome?.violation !== undefined) return { passed: index - from, counterexample: yield* checker.explaining(index) };
  }
  return { passed: cases, counterexample: undefined };
}

/** Runs single cases of one check, in any order. */
export class CaseChecker {
  private readonly options: ConvergenceOptions;
  private readonly arbitrary: fc.Arbitrary<Storm>;
  private readonly loader: StormLoader;
  private readonly invariants: readonly InvariantDef[];

  constructor(options: ConvergenceOptions) {
    const { world = {} } = options;
    this.options = options;
    this.arbitrary = isArbitrary(world) ? world : storms(world);
    this.loader = new StormLoader(options.controllers);
    this.invariants = [...invariants, ...(options.properties ?? [])];
  }

  storm(index: number): Storm {
    return stormOf(this.arbitrary, this.options.seed ?? 1, index);
  }

  run(index: number): StormOutcome {
    return this.runStorm(this.storm(index));
  }

  runStorm(storm: Storm, attach?: (world: World) => void): StormOutcome {
    return runStorm(this.loader.load(storm), this.runOptions(attach));
  }

  runStormAsync(storm: Storm, attach?: (world: World) => void): Promise<StormOutcome> {
    return runStormAsync(this.loader.load(storm), this.runOptions(attach));
  }

  /** Shrinks a case that failed, and tells its story. */
  explain(index: number): Counterexample {
    return this.drive(this.explaining(index));
  }

  explainAsync(index: number): Promise<Counterexample> {
    return this.driveAsync(this.explaining(index));
  }

  drive<T>(search: Search<T>): T {
    let step = search.next();
    while (step.done !== true) {
      const { storm, attach, isTry } = step.value;
      let outcome: StormOutcome | undefined;
      try {
        outcome = this.runStorm(storm, attach);
      } catch (error) {
        if (isTry !== true) throw error;
      }
      step = search.next(outcome);
    }
    return step.value;
  }

  async driveAsync<T>(search: Search<T>): Promise<T> {
    let step = search.next();
    while (step.done !== true) {
      const { storm, attach, isTry } = step.value;
      let outcome: StormOutcome | undefined;
      try {
        outcome = await this.runStormAsync(storm, attach);
      } catch (error) {
        if (isTry !== true) throw error;
      }
      step = search.next(outcome);
    }
    return step.value;
  }

  /** Shrinks a storm that broke something, found as case `index`. */
  *explaining(index: number, found: Storm = this.storm(index)): Search<Counterexample> {
    const first = (yield { storm: found })?.violation;
    must(first !== undefined, `case ${index} broke nothing`);
    const { maxShrinkRuns = 1000, seed = 1 } = this.options;
    const shrinking = shrinkingOf(found, maxShrinkRuns);
    let step = shrinking.next();
    while (step.done !== true) {
      const outcome = yield { storm: step.value, isTry: true };
      step = shrinking.next(outcome?.violation?.invariant === first.invariant);
    }
    const { storm, runs, isMinimal } = step.value;
    let teller: StoryTeller | undefined;
    const attach = (world: World): void => {
      teller = new StoryTeller(world);
    };
    const last = yield { storm, attach };
    const violation = last?.violation;
    must(last !== undefined && violation !== undefined && teller !== undefined, 'a shrunk case passes when it is run again');
    const story = teller.about(violation);
    const { digest } = last;
    const name = `${violation.invariant}-${digest.slice(0, 8)}`;
    const comment = [
      `${violation.invariant}: ${violation.message}`,
      `Found as case ${index} of seed ${seed}. Replay: seatrial run ${name}.yaml${this.moduleFlag()}`,
      '',
      ...story.split('\n'),
    ].join('\n');
    const scenarioText = stormText(storm, name, comment);
    const file = this.options.saveTo === undefined ? undefined : writeCase(this.options.saveTo, name, scenarioText);
    return { seed, case: index, violation, found, storm, shrinkRuns: runs, isMinimal, digest, story, scenarioText, file };
  }

  private runOptions(attach: ((world: World) => void) | undefined): StormRunOptions {
    const { controllers = [] } = this.options;
    return { invariants: this.invariants, controllers, ...(attach === undefined ? {} : { attach }) };
  }

  private moduleFlag(): string {
    const { controllerModules = [] } = this.options;
    return controllerModules.map((file) => ` --controller ${file}`).join('');
  }
}

/** One screen: what broke, the smallest storm, the story, how to replay it. */
export function describeCounterexample({ violation, storm, story, seed, case: index, file, scenarioText }: Counterexample): string {
  const parts = [
    count(
      storm.zones.reduce((sum, nodes) => sum + nodes, 0),
      'node',
    ),
    count(storm.workloads.length + storm.objects.length, 'object'),
    count(storm.actions.length, 'action'),
    count(storm.faults.length, 'fault'),
  ];
  return [
    `${violation.invariant} does not hold: ${violation.message}`,
    `  case ${index} of seed ${seed}, shrunk to ${parts.join(', ')}`,
    '',
    story,
    '',
    file === undefined ? scenarioText.replace(/^#.*\n/gm, '') : `replay: seatrial run ${file}`,
  ].join('\n');
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}

function isArbitrary(world: StormOptions | fc.Arbitrary<Storm>): world is fc.Arbitrary<Storm> {
  return typeof (world as fc.Arbitrary<Storm>).generate === 'function';
}
