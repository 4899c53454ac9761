/**
 * Runs one storm and says what it found. A storm is run as the scenario it will be saved as.
 *
 * Cost      a StormLoader is made once: reading the vocabulary takes longer than running a case
 */
import { InputError } from '../base/input-error.ts';
import type { ControllerDef } from '../controllers/controller.ts';
import { builtInVocabulary } from '../scenario/built-in-vocabulary.ts';
import { EventDriver } from '../scenario/event-driver.ts';
import { loadScenarioData } from '../scenario/load.ts';
import { memoryFiles } from '../scenario/memory-files.ts';
import type { ScenarioSpec } from '../scenario/scenario.ts';
import { scenarioSchema } from '../scenario/schema.ts';
import { World } from '../scenario/world.ts';
import type { Violation } from './invariant-watch.ts';
import type { InvariantDef } from './invariants/invariant.ts';
import { ConvergenceJudge } from './judge.ts';
import { type Manifest, type Storm, stormDocument } from './storm.ts';

/** Name of the file a storm is read from, in messages. */
const STORM_FILE = 'storm';
const NO_FILES = memoryFiles({});
/** From 64 on it makes no difference to the time a storm takes. */
const NOTES_AT_ONCE = 128;

export interface StormOutcome {
  /** The first invariant that was broken; undefined when all held and the cluster settled. */
  readonly violation: Violation | undefined;
  /** From the end of the storm to the last write; undefined when it did not settle. */
  readonly convergedAfterUs: number | undefined;
  readonly digest: string;
  readonly events: number;
  readonly simulatedUs: number;
}

export interface StormRunOptions {
  readonly invariants: readonly InvariantDef[];
  /** Controllers of one's own. */
  readonly controllers?: readonly ControllerDef[];
  /** Printed with an internal error. */
  readonly replayCommand?: string;
  /** Called with the world before each run starts, for stories and counters; must not change it. A storm that breaks something is run twice. */
  readonly attach?: (world: World) => void;
  /** How many records the invariants are told at a time. Default 128; 1, everything as it happens, takes longer and finds the same. */
  readonly notesAtOnce?: number;
}

/** Turns storms into specs, with the vocabulary of this release and of the controllers at hand. */
export class StormLoader {
  private readonly words: ReturnType<typeof builtInVocabulary>;
  private readonly schema: ReturnType<typeof scenarioSchema>;

  constructor(controllers: readonly ControllerDef[] = []) {
    this.words = builtInVocabulary({ controllers });
    this.schema = scenarioSchema(this.words);
  }

  /** Throws an InputError when the storm is no valid scenario. */
  load(storm: Storm): ScenarioSpec {
    const { scenario, manifests } = stormDocument(storm, 'storm');
    return this.loadDocument(scenario, manifests);
  }

  private loadDocument(scenario: Manifest, manifests: readonly Manifest[]): ScenarioSpec {
    const options = { files: NO_FILES, words: this.words, schema: this.schema };
    return loadScenarioData([scenario, ...manifests], STORM_FILE, options);
  }
}

/** Runs to the first violation, or until the cluster has settled or should have. Throws a SimulationBug for bugs of the simulator. */
export function runStorm(spec: ScenarioSpec, options: StormRunOptions): StormOutcome {
  const { notesAtOnce = NOTES_AT_ONCE } = options;
  const outcome = runOnce(spec, options, notesAtOnce);
  // What was found late ended too late: found as it happens, digest and end are those of a replay.
  return outcome.violation === undefined || notesAtOnce === 1 ? outcome : runOnce(spec, options, 1);
}

function runOnce(spec: ScenarioSpec, options: StormRunOptions, notesAtOnce: number): StormOutcome {
  const run = new StormRun(spec, options, notesAtOnce);
  if (run.advance()) return run.finish();
  throw new InputError([{ path: 'controllers', message: 'an async controller cannot be awaited here', hint: 'use checkConvergenceAsync' }]);
}

/** As runStorm, for controllers made by defineAsyncController. */
export async function runStormAsync(spec: ScenarioSpec, options: StormRunOptions): Promise<StormOutcome> {
  const { notesAtOnce = NOTES_AT_ONCE } = options;
  const outcome = await runOnceAsync(spec, options, notesAtOnce);
  return outcome.violation === undefined || notesAtOnce === 1 ? outcome : await runOnceAsync(spec, options, 1);
}

async function runOnceAsync(spec: ScenarioSpec, options: StormRunOptions, notesAtOnce: number): Promise<StormOutcome> {
  const run = new StormRun(spec, options, notesAtOnce);
  // A turn of the event loop lets everything go on that can without the world.
  while (!run.advance()) await new Promise((resolve) => setImmediate(resolve));
  return run.finish();
}

class StormRun {
  private readonly world: World;
  private readonly judge: ConvergenceJudge;
  private readonly untilUs: number;

  constructor(spec: ScenarioSpec, options: StormRunOptions, notesAtOnce: number) {
    this.world = new World(spec, { controllers: options.controllers ?? [], replayCommand: options.replayCommand ?? '' });
    this.judge = new ConvergenceJudge(this.world, { invariants: options.invariants, stopsAtFirst: true, notesAtOnce });
    this.untilUs = spec.durationUs as number;
    options.attach?.(this.world);
    const driver = new EventDriver(this.world);
    this.world.start();
    driver.start();
  }

  /** False when promises have to go on before the world can. */
  advance(): boolean {
    const end = this.world.engine.run({ untilUs: this.untilUs });
    return end !== 'stopped' || this.judge.isDone;
  }

  finish(): StormOutcome {
    const { engine } = this.world;
    this.judge.finish();
    return {
      violation: this.judge.violations[0],
      convergedAfterUs: this.judge.convergedAfterUs,
      digest: engine.digest.toString(),
      events: engine.eventCount,
      simulatedUs: engine.nowUs,
    };
  }
}
