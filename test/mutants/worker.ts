/**
 * Runs storms in a process of its own until one breaks something.
 *
 *     node worker.js <seconds> <case>...        these cases
 *     node worker.js <seconds> from <case>      this case and all after it
 *
 * Writes lines of JSON: `{"begin": n}` before each case, then what came out.
 */
import { writeSync } from 'node:fs';
import { CaseChecker } from '../../src/testing/check.ts';
import { PROFILES, placeOf } from './storms.ts';

/** What one process found. */
export interface WorkerResult {
  /** Of the case that broke something; undefined when none did. */
  readonly case: number | undefined;
  /** The invariant, or the name of the error. */
  readonly foundBy: string;
  readonly message: string;
  /** Cases that were run. */
  readonly cases: number;
  /** Of processor time. */
  readonly seconds: number;
}

const checkers = PROFILES.map(({ options }) => new CaseChecker({ world: options }));

/** Of the processor, loading included: other work on the machine must not decide what is found. */
function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

function say(value: unknown): void {
  writeSync(1, `${JSON.stringify(value)}\n`);
}

function runCase(index: number): { readonly foundBy: string; readonly message: string } | undefined {
  const { profile, number } = placeOf(index);
  try {
    const { violation } = checkers[profile]!.run(number);
    return violation === undefined ? undefined : { foundBy: violation.invariant, message: violation.message };
  } catch (error) {
    return { foundBy: error instanceof Error ? error.name : 'Error', message: String(error) };
  }
}

function* casesOf([first, ...rest]: readonly string[]): Generator<number> {
  if (first === 'from') for (let index = Number(rest[0]); ; index++) yield index;
  for (const index of [first, ...rest]) yield Number(index);
}

function run(seconds: number, cases: Iterable<number>): WorkerResult {
  let count = 0;
  for (const index of cases) {
    if (cpuSeconds() > seconds) break;
    say({ begin: index });
    count++;
    const found = runCase(index);
    if (found !== undefined) return { case: index, ...found, cases: count, seconds: cpuSeconds() };
  }
  return { case: undefined, foundBy: '', message: '', cases: count, seconds: cpuSeconds() };
}

say(run(Number(process.argv[2]), casesOf(process.argv.slice(3))));
