/**
 * seatrial run: the command; run-work.ts does the work.
 */
import { Command } from 'commander';
import type { CliIo, ExitCode, LoadParts } from './io.ts';
import { type ScenarioFlags, withScenarioFlags } from './scenario-flags.ts';

export interface RunFlags extends ScenarioFlags {
  readonly out?: string;
  readonly force?: boolean;
  readonly events?: boolean;
  readonly json?: boolean;
  readonly check?: boolean;
  readonly quiet?: boolean;
}

export function runCommand(load: LoadParts, io: CliIo, finish: (code: ExitCode) => void): Command {
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
      const [parts, { run }] = await Promise.all([load(), import('./run-work.ts')]);
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
