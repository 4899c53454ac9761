/**
 * seatrial run: simulates one scenario and writes its result.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { loadScenario } from '../scenario/load.ts';
import type { ScenarioSpec } from '../scenario/scenario.ts';
import { diskFiles } from './disk-files.ts';
import { equip } from './equip.ts';
import { EventLog } from './event-log.ts';
import { type CliIo, type CliParts, EXIT, type ExitCode } from './io.ts';
import { defaultOutputPath, OutputDir } from './output-dir.ts';
import { PluginHost } from './plugin-host.ts';
import { RecordingFiles, writeReplay } from './replay-record.ts';
import { loadOptionsOf, replayCommandOf, type ScenarioFlags, withScenarioFlags } from './scenario-flags.ts';
import { type CheckedOutcome, type Outcome, simulate, simulateTwice } from './simulate.ts';
import { describeOutcome, summarize } from './summary.ts';

interface RunFlags extends ScenarioFlags {
  readonly out?: string;
  readonly force?: boolean;
  readonly events?: boolean;
  readonly json?: boolean;
  readonly check?: boolean;
  readonly quiet?: boolean;
}

export function runCommand(parts: CliParts, io: CliIo, finish: (code: ExitCode) => void): Command {
  return withScenarioFlags(new Command('run'))
    .summary('simulate a scenario and write its result')
    .description(
      'Simulates the scenario in the given files: a Scenario, Kubernetes manifests, or both. Without a Scenario, Node manifests make the cluster and everything else is created at time 0.',
    )
    .argument('<files...>', 'a Scenario, manifests (YAML or JSON), or both')
    .option('--out <dir>', 'write here instead of out/<scenario>-<seed>')
    .option('--force', 'replace results in a folder that holds another scenario or other files')
    .option('--events', 'also write every event of the run to events.jsonl.gz')
    .option('--check', 'run twice and compare the digests as both go on')
    .option('--json', 'print the summary as one JSON object on standard output')
    .option('--quiet', 'no progress and no summary, only the digest')
    .addHelpText('after', HELP)
    .action(async (files: string[], flags: RunFlags) => {
      finish(await run(parts, io, files, flags));
    });
}

const HELP = `
Examples:
  seatrial run scenarios/zone-outage.yaml
  seatrial run scenarios/zone-outage.yaml --seed 8 --until 3h --set spec.events[0].for=10m
  seatrial run cluster-dump.yaml new-deployment.yaml --json | jq .digest
  seatrial run scenarios/quickstart.yaml --plugin ./my-score.ts      # a scheduler plugin: docs/tutorials/write-a-scheduler-plugin.md

Output folder:
  result.json, report.html, tables/*.csv and tables/*.parquet, replay.json for "seatrial explain" (and events.jsonl.gz with --events). A folder with a result of the
  same scenario has these files replaced, everything else in it stays. A folder of another scenario, or one with other files and no
  result, is refused unless --force is given.

Summary:
  The last line on standard output is "digest: <16 hex digits>". With --json standard output is one object instead:
  {scenario, seed, digest, simulatedSeconds, partial, end, events, wallSeconds,
   pods: {created, succeeded, failed, running, pending, unschedulable, deleted, evicted, preempted},
   percentiles: {<series>: {p50, p90, p99}},  availability: {<workload>: share},
   faults: {<name>: {count, detectSeconds, evictSeconds, recoverSeconds}},
   expectations: [{text, status: "met" | "not-met" | "unknown", measured, detail}],
   figures: {<name>: {value, unit, detail}},  outputDir}
  Times are seconds, shares 0..1, and null means that nothing was measured.

Exit codes:
  0 fine, 1 an expectation was not met, 2 bad input (nothing was written), 3 a bug in seatrial, 130 interrupted (what was
  measured until then is written, marked partial)
`;

async function run(builtIn: CliParts, io: CliIo, files: readonly string[], flags: RunFlags): Promise<ExitCode> {
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
