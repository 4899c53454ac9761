/**
 * checkConvergence: random storms against a control plane until one breaks an invariant or all have passed; then the
 * smallest storm that breaks it, with its story.
 *
 * Order     cases run by number; a case depends on its number and the seed only, so it fails alone as it fails here
 */
import type * as fc from 'fast-check';
import { invariant as must } from '../base/invariant.ts';
import type { ControllerDef } from '../controllers/controller.ts';
import { type StormOptions, storms } from './arbitraries.ts';
import { stormText, writeCase } from './case-file.ts';
import { stormOf } from './cases.ts';
import type { Violation } from './invariant-watch.ts';
import type { InvariantDef } from './invariants/invariant.ts';
import { invariants } from './invariants/registry.ts';
import { runStorm, StormLoader, type StormOutcome } from './run-storm.ts';
import { shrink } from './shrink.ts';
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
  /** Module with the controllers, for the replay command of a saved case. */
  readonly controllerModule?: string;
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
  const report = findCounterexample(options);
  if (report.counterexample !== undefined) throw new ConvergenceError(report.counterexample);
  return report;
}

/** As checkConvergence, but the counterexample is a value. */
export function findCounterexample(options: ConvergenceOptions = {}): ConvergenceReport {
  const checker = new CaseChecker(options);
  const { cases = 100, from = 0 } = options;
  for (let index = from; index < from + cases; index++) {
    const outcome = checker.run(index);
    if (outcome.violation !== undefined) return { passed: index - from, counterexample: checker.explain(index) };
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

  runStorm(storm: Storm): StormOutcome {
    return runStorm(this.loader.load(storm), { invariants: this.invariants, controllers: this.options.controllers ?? [] });
  }

  /** Shrinks a case that failed, and tells its story. */
  explain(index: number): Counterexample {
    const found = this.storm(index);
    const first = this.runStorm(found).violation;
    must(first !== undefined, `case ${index} broke nothing`);
    const { maxShrinkRuns = 1000, seed = 1 } = this.options;
    const fails = (candidate: Storm): boolean => this.breaks(candidate, first.invariant);
    const { storm, runs, isMinimal } = shrink(found, { fails, maxRuns: maxShrinkRuns });
    let teller: StoryTeller | undefined;
    const { violation, digest } = runStorm(this.loader.load(storm), {
      invariants: this.invariants,
      controllers: this.options.controllers ?? [],
      attach: (world) => {
        teller = new StoryTeller(world);
      },
    });
    must(violation !== undefined && teller !== undefined, 'a shrunk case passes when it is run again');
    const story = teller.about(violation);
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

  private moduleFlag(): string {
    return this.options.controllerModule === undefined ? '' : ` --controller ${this.options.controllerModule}`;
  }

  private breaks(storm: Storm, invariant: string): boolean {
    try {
      return this.runStorm(storm).violation?.invariant === invariant;
    } catch {
      // Smaller than a valid scenario, or a bug of another kind.
      return false;
    }
  }
}

/** One screen: what broke, the smallest storm, the story, how to replay it. */
export function describeCounterexample({ violation, storm, story, seed, case: index, file, scenarioText }: Counterexample): string {
  const parts = [
    `${storm.zones.reduce((sum, nodes) => sum + nodes, 0)} nodes`,
    `${storm.workloads.length + storm.objects.length} workloads and objects`,
    `${storm.actions.length} actions`,
    `${storm.faults.length} faults`,
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

function isArbitrary(world: StormOptions | fc.Arbitrary<Storm>): world is fc.Arbitrary<Storm> {
  return typeof (world as fc.Arbitrary<Storm>).generate === 'function';
}
