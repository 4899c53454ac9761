/**
 * seatrial explain: the command; explain-work.ts does the work.
 */
import { Command, InvalidArgumentError } from 'commander';
import type { CliIo, ExitCode, LoadParts } from './io.ts';

export interface ExplainFlags {
  readonly attempt?: number;
  readonly list?: boolean;
  readonly nodes: number;
  readonly node?: readonly string[];
  readonly json?: boolean;
  readonly csv?: boolean;
}

export function explainCommand(load: LoadParts, io: CliIo, finish: (code: ExitCode) => void): Command {
  return new Command('explain')
    .summary('say why a pod of a run was placed where it was, or nowhere')
    .description(
      'Runs a saved run again and tells one scheduling attempt of one pod in full: for every node the first filter that turned the pod down, or its scores, raw and normalized, by plugin, and their weighted total.',
    )
    .argument('<run>', 'a folder written by seatrial run')
    .argument('<pod>', 'name or namespace/name')
    .option('--attempt <n>', 'which attempt of the pod, counted from 1 (default: the last)', readAttempt)
    .option('--list', 'only list the attempts of the pod')
    .option('--nodes <count>', 'how many scored nodes to show: a number, or all', readNodes, 10)
    .option('--node <name>', 'show this node only (repeatable)', (name: string, before: readonly string[] = []) => [...before, name])
    .option('--json', 'print everything as one JSON object')
    .option('--csv', 'print one row per node')
    .addHelpText('after', HELP)
    .action(async (run: string, pod: string, flags: ExplainFlags) => {
      const [parts, { explain }] = await Promise.all([load(), import('./explain-work.ts')]);
      finish(await explain(parts, io, run, pod, flags));
    });
}

const HELP = `
Examples:
  seatrial explain out/zone-outage-7 web-6d4cf56db6-1
  seatrial explain out/zone-outage-7 shop/web-0 --list
  seatrial explain out/zone-outage-7 shop/web-0 --attempt 2 --nodes all
  seatrial explain out/zone-outage-7 web-0 --node a-1-1 --node b-1-1
  seatrial explain out/zone-outage-7 web-0 --csv > scores.csv

The run is simulated again, which takes as long as it took. Scenario, manifests, configurations and plugins are taken from the
folder's replay.json as they were, even when they have been edited since; traces have to be where they were.

JSON:
  {run: {scenario, seed, digest, isSameRun}, attempts: [{attempt, seconds, result, node, message}], attempt, podUid, component,
   schedulerName, seconds, outcome, nodeName, message, nodeCount, feasibleCount, tieCount,
   rejections: [{plugin, code, message, nodes}], unvisited: [node], plugins: [{name, weight}],
   scored: [{node, total, raw: [...], normalized: [...]}], preemption: null | {nodeName, victims}}

Exit codes:
  0 fine, 1 the replay was not the same run (its digest differs), 2 bad input, 3 a bug in seatrial, 130 interrupted
`;

function readAttempt(text: string): number {
  const count = Number(text);
  if (!Number.isSafeInteger(count) || count < 1) throw new InvalidArgumentError('expected a whole number of at least 1.');
  return count;
}

function readNodes(text: string): number {
  if (text === 'all') return Infinity;
  const count = Number(text);
  if (!Number.isSafeInteger(count) || count < 0) throw new InvalidArgumentError('expected a whole number, or all.');
  return count;
}
