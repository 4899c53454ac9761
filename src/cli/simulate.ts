/**
 * Runs one loaded scenario for a command: progress, Ctrl-C, wall clock.
 */
import { SimulationBug } from '../base/invariant.ts';
import { formatDuration } from '../engine/units.ts';
import type { RunResult } from '../metrics/result.ts';
import type { RunOutcomeOf, RunScenarioOptions } from '../scenario/run-types.ts';
import type { FileSource, ScenarioSpec } from '../scenario/scenario.ts';
import { diskFiles } from './disk-files.ts';
import type { CliIo, CliParts } from './io.ts';
import type { PluginHost } from './plugin-host.ts';
import { Progress } from './progress.ts';

export type Outcome = RunOutcomeOf<RunResult>;

export interface SimulateOptions extends Pick<RunScenarioOptions, 'explains' | 'onEvaluation' | 'onAttempt' | 'shouldStop'> {
  /** For trace files; default the disk. */
  readonly files?: FileSource;
  /** Who loaded the scenario's plugins, and can say where they fail. */
  readonly plugins: PluginHost;
  readonly isQuiet: boolean;
  readonly replayCommand: string;
  readonly onEvent?: RunScenarioOptions['onEvent'];
  readonly onDigest?: RunScenarioOptions['onDigest'];
  /** Shown before the progress; default the scenario's name. */
  readonly label?: string;
}

/** Simulates to the end, or to the slice in which Ctrl-C was pressed. */
export async function simulate(parts: CliParts, io: CliIo, spec: ScenarioSpec, options: SimulateOptions): Promise<Outcome> {
  let isInterrupted = false;
  const release = io.onInterrupt(() => {
    isInterrupted = true;
  });
  const progress = new Progress(io, options.label ?? spec.name, options.isQuiet);
  const startMs = io.nowMs();
  try {
    const { explains, onEvaluation, onAttempt, shouldStop } = options;
    const run = parts.startScenario(spec, {
      files: options.files ?? diskFiles,
      shouldStop: () => isInterrupted || shouldStop?.() === true,
      ...(explains === undefined ? {} : { explains }),
      ...(onEvaluation === undefined ? {} : { onEvaluation }),
      ...(onAttempt === undefined ? {} : { onAttempt }),
      onProgress: (state) => progress.show(state),
      onWarning: (text) => io.err(`warning: ${text}\n`),
      replayCommand: options.replayCommand,
      loadPlugins: options.plugins.load,
      ...(options.onEvent === undefined ? {} : { onEvent: options.onEvent }),
      ...(options.onDigest === undefined ? {} : { onDigest: options.onDigest }),
    });
    while (!run.advance()) await io.pause();
    const outcome = run.finish();
    const seconds = Math.max(0, (io.nowMs() - startMs) / 1000);
    const wall = {
      seconds,
      eventsPerSecond: seconds > 0 ? Math.round(outcome.events / seconds) : 0,
      finishedAt: io.timeOfDay(),
      runtime: `Node ${process.versions.node}`,
    };
    return { ...outcome, result: { ...outcome.result, wall } };
  } catch (error) {
    throw options.plugins.explain(error);
  } finally {
    progress.end();
    release();
  }
}

interface DigestMark {
  readonly events: number;
  readonly nowUs: number;
  readonly digest: string;
}

export interface CheckedOutcome {
  /** Of the first run. */
  readonly outcome: Outcome;
  /** False when one of the runs was interrupted, so that not everything was compared. */
  readonly isChecked: boolean;
}

/** Simulates twice and compares the digests at every interval. Throws a SimulationBug that says where the runs part. */
export async function simulateTwice(parts: CliParts, io: CliIo, spec: ScenarioSpec, options: SimulateOptions): Promise<CheckedOutcome> {
  const marks: DigestMark[] = [];
  const first = await simulate(parts, io, spec, {
    ...options,
    label: `${spec.name} (1 of 2)`,
    onDigest: (events, nowUs, digest) => marks.push({ events, nowUs, digest }),
  });
  if (first.isPartial) return { outcome: first, isChecked: false };
  let count = 0;
  const second = await simulate(parts, io, spec, {
    plugins: options.plugins,
    ...(options.files === undefined ? {} : { files: options.files }),
    isQuiet: options.isQuiet,
    replayCommand: options.replayCommand,
    label: `${spec.name} (2 of 2)`,
    onDigest: (events, nowUs, digest) => {
      const mark = marks[count];
      if (mark === undefined || mark.digest !== digest || mark.events !== events)
        throw difference(spec, marks[count - 1], { events, nowUs, digest }, mark);
      count++;
    },
  });
  if (second.isPartial) return { outcome: first, isChecked: false };
  if (second.digest !== first.digest || second.events !== first.events) {
    const last = { events: second.events, nowUs: second.simulatedUs, digest: second.digest };
    throw difference(spec, marks[marks.length - 1], last, { events: first.events, nowUs: first.simulatedUs, digest: first.digest });
  }
  return { outcome: first, isChecked: true };
}

function difference(
  spec: ScenarioSpec,
  lastEqual: DigestMark | undefined,
  found: DigestMark,
  expected: DigestMark | undefined,
): SimulationBug {
  const from = lastEqual === undefined ? 'the start' : `event ${lastEqual.events} (${formatDuration(lastEqual.nowUs)})`;
  const first = expected === undefined ? 'had ended' : `had digest ${expected.digest} after ${expected.events} events`;
  return new SimulationBug(
    `two runs of scenario ${spec.name} with seed ${spec.seed} differ between ${from} and event ${found.events} (${formatDuration(found.nowUs)}): the first ${first}, the second has ${found.digest}`,
  );
}
