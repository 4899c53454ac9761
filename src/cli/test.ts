/**
 * seatrial test: the command; test-work.ts does the work.
 */
import { Command } from 'commander';
import type { CliIo, ExitCode, LoadParts } from './io.ts';
import { type ScenarioFlags, withScenarioFlags } from './scenario-flags.ts';

export interface TestFlags extends ScenarioFlags {
  readonly junit?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

export function testCommand(load: LoadParts, io: CliIo, finish: (code: ExitCode) => void): Command {
  return withScenarioFlags(new Command('test'))
    .summary('run scenarios and check what they expect')
    .description(
      'Runs every scenario in the given files and folders and checks its "expect" block. Folders are searched for .yaml, .yml and .json files that hold a Scenario. No result folders are written.',
    )
    .argument('<paths...>', 'scenario files, or folders of them')
    .option('--junit <file>', 'also write the outcome as JUnit XML')
    .option('--json', 'print the outcome as one JSON object on standard output')
    .option('--quiet', 'no progress, and only what failed')
    .addHelpText('after', HELP)
    .action(async (paths: string[], flags: TestFlags) => {
      const [parts, { test }] = await Promise.all([load(), import('./test-work.ts')]);
      finish(await test(parts, io, paths, flags));
    });
}

const HELP = `
Examples:
  seatrial test scenarios/
  seatrial test scenarios/zone-outage.yaml --seed 12 --junit results.xml
  seatrial test scenarios/rolling-update.yaml --set deployment/web:spec.strategy.rollingUpdate.maxSurge=0   # must fail

JSON:
  {passed, failed, scenarios: [{file, scenario, seed, digest, wallSeconds, error, expectations: [{text, status, measured, detail}]}]}

Exit codes:
  0 all expectations were met, 1 at least one was not, 2 bad input (nothing was run), 3 a bug in seatrial, 130 interrupted
`;
