/**
 * run: simulates one scenario and writes its result.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { loadScenario } from '../scenario/load.ts';
import type { ScenarioSpec } from '../scenario/scenario.ts';
import { diskFiles } from './disk-files.ts';
import { equip } from './equip.ts';
import { EventLog } from './event-log.ts';
import { type CliIo, type CliParts, EXIT, type ExitCode } from './io.ts';
import { defaultOutputPath, OutputDir } from './output-dir.ts';
import { PluginHost } from './plugin-host.ts';
import { RecordingFiles, writeReplay } from './replay-record.ts';
import type { RunFlags } from './run.ts';
import { loadOptionsOf, replayCommandOf } from './scenario-flags.ts';
import { type CheckedOutcome, type Outcome, simulate, simulateTwice } from './simulate.ts';
import { describeOutcome, summarize } from './summary.ts';

export async function run(builtIn: CliParts, io: CliIo, files: readonly string[], flags: RunFlags): Promise<ExitCode> {
  const inputs = new RecordingFiles(diskFiles);
  const parts = await equip(builtIn, flags.controller, inputs);
  const plugins = new PluginHost(inputs);
  const spec = loadScenario(files, { files: inputs, words: parts.words, loadPlugins: plugins.load, ...loadOptionsOf(flags) });
  const output = new OutputDir(flags.out ?? defaultOutputPath(spec.name, spec.seed), spec.name, flags.force ?? false);
  let ended: CheckedOutcome;
  try {
    ended = await simulateAndWrite(parts, io, spec, inputs, plugins, output, files, flags);
  } catch (error) {
    output.discard();
    throw error;
  }
  const { outcome, isChecked } = ended;
  const strangers = output.commit();
  if (strangers.length > 0) io.err(`left alone in ${output.path}: ${strangers.join(', ')}\n`);
  if (flags.json === true) io.out(`${JSON.stringify(summarize(spec, outcome, output.path))}\n`);
  else {
    if (flags.quiet !== true) io.out(describeOutcome(spec, outcome, output.path));
    io.out(`digest: ${outcome.digest}\n`);
  }
  if (!isChecked) io.err('interrupted: the two runs were not compared to their end\n');
  return isChecked ? exitCodeOf(outcome) : EXIT.interrupted;
}

async function simulateAndWrite(
  parts: CliParts,
  io: CliIo,
  spec: ScenarioSpec,
  inputs: RecordingFiles,
  plugins: PluginHost,
  output: OutputDir,
  files: readonly string[],
  flags: RunFlags,
): Promise<CheckedOutcome> {
  let log: EventLog | undefined;
  // Opened by the first event: input that turns out bad while the world is built must leave nothing behind.
  const onEvent = (timeUs: number, kind: string, target: number): void => {
    if (log === undefined) {
      output.open();
      log = new EventLog(join(output.work, 'events.jsonl.gz'));
    }
    log.add(timeUs, kind, target);
  };
  const options = {
    files: inputs,
    plugins,
    isQuiet: (flags.quiet ?? false) || ((flags.json ?? false) && !io.isTerminal),
    replayCommand: replayCommandOf('run', files, flags),
    ...(flags.events === true ? { onEvent } : {}),
  };
  const ended =
    flags.check === true
      ? await simulateTwice(parts, io, spec, options)
      : { outcome: await simulate(parts, io, spec, options), isChecked: true };
  if (log === undefined) output.open();
  else log.close();
  mkdirSync(output.work, { recursive: true });
  await parts.writeResult(output.work, ended.outcome.result);
  const { seed, until, set, plugin, controller, skipBadRows } = flags;
  writeReplay(output.work, output.path, {
    files,
    flags: {
      ...(seed === undefined ? {} : { seed }),
      ...(until === undefined ? {} : { until }),
      ...(set === undefined ? {} : { set }),
      ...(plugin === undefined ? {} : { plugin }),
      ...(controller === undefined ? {} : { controller }),
      ...(skipBadRows === undefined ? {} : { skipBadRows }),
    },
    digest: ended.outcome.digest,
    events: ended.outcome.events,
    isPartial: ended.outcome.isPartial,
    inputs: inputs.inputs,
  });
  return ended;
}

export function exitCodeOf(outcome: Outcome): ExitCode {
  if (outcome.isPartial) return EXIT.interrupted;
  return outcome.expectations.every((expectation) => expectation.status === 'met') ? EXIT.ok : EXIT.found;
}
