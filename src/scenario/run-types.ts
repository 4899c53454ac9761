/**
 * What a run takes and gives, apart from the scenario itself.
 */
import type { RunEnd } from '../engine/engine.ts';
import type { ExpectationResult } from './expect.ts';
import type { FileSource } from './scenario.ts';

export interface RunProgress {
  readonly nowUs: number;
  /** Where the run will end; undefined when it runs until idle without a limit. */
  readonly endUs: number | undefined;
  readonly events: number;
  readonly digest: string;
}

export interface RunScenarioOptions {
  /** For trace files. Required when the scenario has a trace. */
  readonly files?: FileSource;
  /** Called between slices of the run; must not change anything. */
  readonly onProgress?: (progress: RunProgress) => void;
  /** Asked between slices; true ends the run there, marked partial. */
  readonly shouldStop?: () => boolean;
  /** Record every event of the engine, for events.jsonl.gz. Default false. */
  readonly keepEvents?: boolean;
  /** Called with the digest after every so many events; for comparing two runs. */
  readonly onDigest?: (events: number, nowUs: number, digest: string) => void;
  /** Events per slice; default 200,000. Has no influence on the result. */
  readonly sliceEvents?: number;
  /** Printed with an internal error. */
  readonly replayCommand?: string;
}

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
}
