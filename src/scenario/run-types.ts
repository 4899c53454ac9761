/**
 * What a run takes and gives, apart from the scenario itself.
 */
import type { ControllerDef } from '../controllers/controller.ts';
import type { RunEnd } from '../engine/engine.ts';
import type { MeasureReport } from '../metrics/measure.ts';
import type { AttemptRecord, EvaluationRecord } from '../scheduler/attempts.ts';
import type { ExpectationResult, Measurements } from './expect.ts';
import type { FileSource } from './scenario.ts';
import type { BuildSchedulerOptions } from './schedulers.ts';
import type { World } from './world.ts';

export interface RunProgress {
  readonly nowUs: number;
  /** Where the run will end; undefined when it runs until idle without a limit. */
  readonly endUs: number | undefined;
  readonly events: number;
  readonly digest: string;
}

export interface RunScenarioOptions extends BuildSchedulerOptions {
  /** For trace files. Required when the scenario has a trace. */
  readonly files?: FileSource;
  /** Called between slices of the run; must not change anything. */
  readonly onProgress?: (progress: RunProgress) => void;
  /** Asked between slices; true ends the run there, marked partial. */
  readonly shouldStop?: () => boolean;
  /** Called before every event of the engine, for event logs; must not change anything. */
  readonly onEvent?: (timeUs: number, kind: string, target: number) => void;
  /** Called with the digest after every so many events; for comparing two runs. */
  readonly onDigest?: (events: number, nowUs: number, digest: string) => void;
  /** Called with every attempt that `explains` picks, in full, to be read at once; must not change anything. */
  readonly onEvaluation?: (record: EvaluationRecord) => void;
  /** Called with what became of every scheduling attempt; must not change anything. */
  readonly onAttempt?: (record: AttemptRecord) => void;
  /** Events per slice; default 200,000. Has no influence on the result. */
  readonly sliceEvents?: number;
  /** Called with what deserves mention but stops nothing, such as rows of a trace that were left out. */
  readonly onWarning?: (text: string) => void;
  /** Printed with an internal error. */
  readonly replayCommand?: string;
  /** Controllers of one's own; they run in the controller manager, after the built-in ones. */
  readonly controllers?: readonly ControllerDef[];
  /** Required when the scenario has `spec.converge`. */
  readonly judge?: JudgeFactory;
}

/**
 * Watches a run from its first write and judges what no measure can: whether the cluster settles, and what must hold
 * meanwhile. `seatrial/testing` has one for scenarios with `spec.converge`.
 */
export interface Judge {
  /** True once nothing can change the verdict any more; the run ends there. */
  readonly isDone: boolean;
  /** Once, after the run. */
  finish(): MeasureReport;
}

/** Called with the world before it starts; must not change it. Throws an InputError when the scenario asks for what it does not know. */
export type JudgeFactory = (world: World) => Judge;

/** How a run ended; `R` is the result of src/metrics. */
export interface RunOutcomeOf<R> {
  readonly result: R;
  readonly digest: string;
  readonly events: number;
  readonly simulatedUs: number;
  readonly end: RunEnd | 'interrupted';
  /** True when the run was interrupted before its end. */
  readonly isPartial: boolean;
  readonly expectations: readonly ExpectationResult[];
  /** For summaries beyond the expectations. */
  readonly measurements: Measurements;
}

/**
 * A run in progress, for callers that must stay responsive: between two slices they can return to their event loop, which is the
 * only way a signal such as Ctrl-C reaches a program. `runScenario` is `advance` in a loop and then `finish`.
 */
export interface ScenarioRunOf<R> {
  /** Simulates one slice; true when the run has reached its end. Asks `shouldStop` and calls `onProgress` first. */
  advance(): boolean;
  /** Ends the run where it is (partial when it has not reached its end), measures and judges. Once. */
  finish(): RunOutcomeOf<R>;
}
