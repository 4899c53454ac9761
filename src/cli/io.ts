/**
 * CliIo: all that a command sees of the process it runs in, so that tests can run commands without one.
 * CliParts: the machinery behind the commands; LoadParts: gets it when a command needs it, help and version do not.
 */
import type { RunResult } from '../metrics/result.ts';
import type { RunScenarioOptions, ScenarioRunOf } from '../scenario/run-types.ts';
import type { ScenarioSpec } from '../scenario/scenario.ts';
import type { Vocabulary } from '../scenario/vocabulary.ts';
import type { CliFamilies } from './families.ts';

export interface CliIo {
  /** Standard output: results only. */
  out(text: string): void;
  /** Standard error: progress and messages. */
  err(text: string): void;
  /** Whether standard error is a terminal, where a line may be rewritten. */
  readonly isTerminal: boolean;
  /** Width of that terminal. */
  readonly columns: number;
  /** Wall clock, for progress and the wall seconds of a result only. */
  nowMs(): number;
  /** RFC 3339 time of day, for the result's `wall.finishedAt`. */
  timeOfDay(): string;
  /** Calls `handler` on Ctrl-C until the returned function is called. A second Ctrl-C ends the process. */
  onInterrupt(handler: () => void): () => void;
  /** Lets the process look after signals. */
  pause(): Promise<void>;
}

export interface CliParts {
  readonly families: CliFamilies;
  readonly words: Vocabulary;
  startScenario(spec: ScenarioSpec, options: RunScenarioOptions): ScenarioRunOf<RunResult>;
  /** Writes result.json, tables and report.html into an existing, empty folder. */
  writeResult(folder: string, result: RunResult): void | Promise<void>;
  /** Reads the result.json (and tables) of a folder. Throws InputError when it is not one of ours. */
  readResult(folder: string): RunResult | Promise<RunResult>;
  renderReport(result: RunResult): string;
}

export type LoadParts = () => CliParts | Promise<CliParts>;

/** What a command ends with. */
export const EXIT = { ok: 0, found: 1, badInput: 2, bug: 3, interrupted: 130 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
