/**
 * seatrial fuzz: the command; fuzz-run.ts does the work.
 */
import { join } from 'node:path';
import { Command } from 'commander';
import type { CliIo, ExitCode } from './io.ts';

export interface FuzzFlags {
  readonly cases?: string;
  readonly for?: string;
  readonly from: string;
  readonly seed: string;
  readonly controller: readonly string[];
  readonly quirk: readonly string[];
  readonly nodes: string;
  readonly replicas: string;
  readonly faults: string;
  readonly crashPoints?: string;
  readonly workers?: string;
  readonly out: string;
  readonly explain: string;
  readonly quiet?: boolean;
}

export const DEFAULT_CASES = 1000;

export function fuzzCommand(io: CliIo, finish: (code: ExitCode) => void): Command {
  const collect = (value: string, previous: readonly string[]): string[] => [...previous, value];
  return new Command('fuzz')
    .summary('search for storms in which the control plane, or controllers of your own, do not converge')
    .description(
      'Runs random small clusters with random workloads, user actions and faults. Invariants are checked after every event; when the storm is over the cluster must reach the desired state and stay there. What breaks is shrunk to the smallest storm that still breaks it and saved as a scenario that "seatrial run" replays, with its story.',
    )
    .option('--cases <n>', `so many cases (default ${DEFAULT_CASES}, unless --for is given)`)
    .option('--for <time>', 'as many cases as fit into this time, such as 30s, 10m or 8h')
    .option('--from <n>', 'number of the first case: a case depends on its number and the seed only', '0')
    .option('--seed <seed>', 'a whole number or a text', '1')
    .option('--controller <file>', 'controllers and invariants of your own, TypeScript or JavaScript (repeatable)', collect, [])
    .option('--quirk <name>', 'a known upstream bug to search for (repeatable)', collect, [])
    .option('--nodes <n>', 'nodes of a cluster, at most', '8')
    .option('--replicas <n>', 'replicas of a workload, at most', '6')
    .option('--faults <n>', 'faults of a storm, at most', '6')
    .option('--crash-points <at>', 'every case once more for each point where a process may die: writes, yields or both; for small storms')
    .option('--workers <n>', 'threads (default: one for each core)')
    .option('--out <dir>', 'where failed cases and the corpus go', join('out', 'fuzz'))
    .option('--explain <n>', 'shrink so many different failures', '3')
    .option('--quiet', 'no progress, and only the last line when nothing failed')
    .addHelpText('after', HELP)
    .action(async (flags: FuzzFlags) => {
      // Loaded when it is wanted: the kit and its libraries would slow down every other command.
      const { fuzz } = await import('./fuzz-run.ts');
      finish(await fuzz(io, flags));
    });
}

const HELP = `
Examples:
  seatrial fuzz                                      1,000 cases of the built-in control plane
  seatrial fuzz --for 10m --seed tonight             as many as fit into ten minutes
  seatrial fuzz --controller ./my-operator.ts        a controller of your own, in the storms its file asks for
  seatrial fuzz --quirk scheduler-loses-wakeups      can the kit find an old bug?
  seatrial fuzz --crash-points writes --cases 5 --nodes 2 --replicas 2 --faults 1
  seatrial fuzz --seed 7 --from 1234 --cases 1       one case again

Output folder:
  <invariant>-<digest>.yaml   a failed case, as small as it gets, with its story above it; seatrial run replays it
  corpus-<plan>.json          cases that showed a behaviour no case before them had; they come first the next time

The last line is "N passed, N failed".

Exit codes:
  0 all passed, 1 something was found, 2 bad input, 3 a bug in seatrial, 130 interrupted (what was found until then is told)
`;
