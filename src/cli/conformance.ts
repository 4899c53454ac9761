/**
 * seatrial conformance: the command; conformance-work.ts does the work.
 */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { EvaluatorName } from '../scheduler/evaluators.ts';
import { KUBERNETES_VERSIONS, type KubernetesVersion, readKubernetesVersion } from '../scheduler/versions.ts';
import { type CliIo, EXIT, type ExitCode } from './io.ts';
import { processIo } from './process-io.ts';

export interface ConformanceFlags {
  readonly evaluator: EvaluatorName;
  readonly kubernetesVersion?: KubernetesVersion;
  readonly show: number;
}

/** Written down here because help must not load the evaluators. */
const EVALUATORS: Readonly<Record<EvaluatorName, string>> = { incremental: 'incremental', plain: 'plain' };

/** Adds the command. `finish` gets the exit code; by default it becomes the process's. */
export function registerConformance(program: Command, io: CliIo = processIo(), finish: (code: ExitCode) => void = setExitCode): void {
  program
    .command('conformance')
    .summary('compare scheduling decisions with recorded ones of the real kube-scheduler')
    .description('Runs recorded cases (decisions, preemptions, sequences) through our scheduler and compares everything the real one said.')
    .argument('<files...>', 'vector files: JSON Lines, plain or gzip')
    .addOption(
      new Option('--evaluator <name>', 'how decisions are computed').choices(Object.keys(EVALUATORS)).default(Object.keys(EVALUATORS)[0]),
    )
    .option(
      '--kubernetes-version <version>',
      `which release to play: ${KUBERNETES_VERSIONS.join(' or ')} (default: what manifest.json beside a file says)`,
      readVersion,
    )
    .option('--show <count>', 'how many mismatching cases to show', readCount, 5)
    .addHelpText('after', HELP)
    .action(async (files: readonly string[], flags: ConformanceFlags) => {
      const { runConformance } = await import('./conformance-work.ts');
      finish(await runConformance(files, flags, io));
    });
}

const HELP = `
Exit codes: 0 every case agrees, 1 some do not, 2 bad input.

Example:
  seatrial conformance vectors/*.jsonl.gz --show 3
  seatrial conformance old/*.jsonl --kubernetes-version 1.32
`;

function setExitCode(code: ExitCode): void {
  if (code !== EXIT.ok) process.exitCode = code;
}

function readVersion(text: string): KubernetesVersion {
  const version = readKubernetesVersion(text);
  if (version === undefined) throw new InvalidArgumentError(`Allowed choices are ${KUBERNETES_VERSIONS.join(', ')}.`);
  return version;
}

function readCount(text: string): number {
  const count = Number(text);
  if (!Number.isSafeInteger(count) || count < 0) throw new InvalidArgumentError('expected a whole number of at least 0.');
  return count;
}
