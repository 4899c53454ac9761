/**
 * The mutation check: puts one bug after another into a copy of the code and looks whether the convergence kit finds it.
 *
 *     npm run mutants                               all of them, and writes docs/mutation.md
 *     npm run mutants -- surge-off-by-one ...       only these, and writes nothing
 *     npm run mutants -- --seconds 20 --jobs 1      less time for each, one at a time
 *
 * Each mutant gets a process of its own and so many seconds of processor time for storms; the first violation ends it. A case that
 * finds a mutant is run on the code as it is, too: when that does not pass, it is a false alarm and does not count.
 *
 * Order     cases by number; which case finds a mutant does not depend on the machine, only whether the time suffices
 */
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Command, InvalidArgumentError, Option } from 'commander';
import { nearestName } from '../../src/base/nearest-name.ts';
import { applyMutant, type Mutant } from './mutant.ts';
import { MUTANTS } from './mutants.ts';
import { type MutantResult, reportText } from './report.ts';
import { CodeTree, readSource } from './tree.ts';
import type { WorkerResult } from './worker.ts';

const WORKER = 'test/mutants/worker.ts';
const REPORT = fileURLToPath(new URL('../../docs/mutation.md', import.meta.url));
/** A case that takes longer than this has caught the mutant in an endless loop; it takes some hundredths of a second. */
const CASE_MAX_MS = 60_000;

const command = new Command('mutants')
  .description('Puts one bug after another into a copy of the code and looks whether the convergence kit finds it.')
  .argument('[mutant...]', 'only these; docs/mutation.md is then left as it is')
  .addOption(new Option('--seconds <n>', 'processor time for each').default(60).argParser(positive))
  .addOption(new Option('--jobs <n>', 'at a time').default(2).argParser(positive))
  .addHelpText(
    'after',
    '\nExample:\n  npm run mutants -- --seconds 20 surge-off-by-one\n\nExit codes:\n  0 no false alarm, 1 some, 2 bad input',
  )
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
  .parse();
const { seconds, jobs } = command.opts<{ seconds: number; jobs: number }>();
const names = command.args;
const wanted = names.length === 0 ? MUTANTS : MUTANTS.filter(({ name }) => names.includes(name));
for (const name of names) {
  if (MUTANTS.some((mutant) => mutant.name === name)) continue;
  const nearest = nearestName(
    name,
    MUTANTS.map((mutant) => mutant.name),
  );
  command.error(`error: there is no mutant "${name}"${nearest === undefined ? '' : `; did you mean "${nearest}"?`}`);
}

const outdated = wanted.flatMap((mutant) => problemOf(mutant) ?? []);
for (const problem of outdated) console.error(problem);
if (outdated.length > 0) process.exit(2);

const tree = new CodeTree([WORKER]);
try {
  const { results, falseAlarms } = await check(wanted);
  const found = results.filter((result) => result.case !== undefined).length;
  console.log(`${found} of ${results.length} found; ${falseAlarms.length} false alarms`);
  for (const line of falseAlarms) console.log(`  ${line}`);
  if (names.length === 0) writeFileSync(REPORT, reportText(results, seconds, falseAlarms));
  if (falseAlarms.length > 0) process.exitCode = 1;
} finally {
  tree.dispose();
}

function positive(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('expected a whole number above 0');
  return value;
}

/** Why the mutant cannot be put in; undefined when it can. */
function problemOf(mutant: Mutant): string | undefined {
  try {
    applyMutant(mutant, readSource(mutant.file));
    return undefined;
  } catch (error) {
    return String(error);
  }
}

async function check(mutants: readonly Mutant[]): Promise<{ results: MutantResult[]; falseAlarms: string[] }> {
  const falseAlarms = new Map<number, string>();
  /** Outcomes of cases on the code as it is. */
  const sound = new Map<number, boolean>();
  const isSound = async (index: number): Promise<boolean> => {
    let known = sound.get(index);
    if (known === undefined) {
      const { case: failed, foundBy, message } = await runStorms(tree.plain, Infinity, [String(index)]);
      known = failed === undefined;
      if (!known) falseAlarms.set(index, `case ${index}: ${foundBy}: ${message}`);
      sound.set(index, known);
    }
    return known;
  };
  const results = await inParallel(mutants, jobs, async (mutant) => {
    const folder = tree.withMutant(mutant);
    let result = await runStorms(folder, seconds, ['from', '0']);
    // What breaks without the bug, too, says nothing about it: the search goes on behind that case.
    while (result.case !== undefined && !(await isSound(result.case))) {
      if (result.seconds >= seconds) {
        result = { ...result, case: undefined };
        break;
      }
      const next = await runStorms(folder, seconds - result.seconds, ['from', String(result.case + 1)]);
      result = { ...next, cases: result.cases + next.cases, seconds: result.seconds + next.seconds };
    }
    tree.drop(folder);
    console.log(lineOf({ mutant, ...result }));
    return { mutant, ...result };
  });
  return { results, falseAlarms: [...falseAlarms].sort(([a], [b]) => a - b).map(([, line]) => line) };
}

function lineOf({ mutant, case: index, foundBy, message, cases, seconds: time }: MutantResult): string {
  const outcome = index === undefined ? `SURVIVED ${cases} cases` : `${foundBy} in case ${index}`;
  return `${mutant.name.padEnd(40)} ${time.toFixed(1).padStart(5)} s  ${outcome}${message === '' ? '' : `: ${message.slice(0, 160)}`}`;
}

/** Runs the worker of this folder; a case that does not end is a finding too. */
function runStorms(folder: string, limit: number, cases: readonly string[]): Promise<WorkerResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [`${folder}/${WORKER.replace(/\.ts$/, '.js')}`, String(limit), ...cases], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let current: number | undefined;
    let count = 0;
    let text = '';
    let result: WorkerResult | undefined;
    let watchdog = setTimeout(() => child.kill('SIGKILL'), CASE_MAX_MS);
    child.stdout.setEncoding('utf8');
    child.stdout.on('data', (chunk: string) => {
      const lines = (text + chunk).split('\n');
      text = lines.pop()!;
      for (const line of lines) {
        const said = JSON.parse(line) as { begin?: number } & WorkerResult;
        if (said.begin === undefined) {
          result = { ...said, case: said.case };
          continue;
        }
        current = said.begin;
        count++;
        clearTimeout(watchdog);
        watchdog = setTimeout(() => child.kill('SIGKILL'), CASE_MAX_MS);
      }
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(watchdog);
      if (result !== undefined) resolve(result);
      else if (signal === 'SIGKILL')
        resolve({ case: current, foundBy: 'endless', message: 'the case does not end', cases: count, seconds: CASE_MAX_MS / 1000 });
      else reject(new Error(`the worker of ${folder} ended with code ${code} in case ${current}`));
    });
  });
}

/** Results in the order of the items. */
async function inParallel<T, R>(items: readonly T[], jobs: number, run: (item: T) => Promise<R>): Promise<R[]> {
  const results = new Array<R>(items.length);
  let next = 0;
  const work = async (): Promise<void> => {
    for (let index = next++; index < items.length; index = next++) results[index] = await run(items[index]!);
  };
  await Promise.all(Array.from({ length: Math.min(jobs, items.length) }, work));
  return results;
}
