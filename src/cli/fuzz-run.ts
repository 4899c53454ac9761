/**
 * fuzz: storms against the control plane until the cases or the time are used up.
 *
 * Order     failures are counted by case number, and the lowest case of each broken invariant is shrunk: which one that is does
 *           not depend on the number of threads
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { compareCodeUnits } from '../base/compare.ts';
import { fnv1a32 } from '../base/hash.ts';
import { InputError } from '../base/input-error.ts';
import { SECOND_US } from '../engine/units.ts';
import { QUIRKS } from '../objects/quirks.ts';
import { parseDuration } from '../scenario/durations.ts';
import { describeCounterexample } from '../testing/check.ts';
import { DEFAULT_CASES, type FuzzFlags } from './fuzz.ts';
import { openPool } from './fuzz-pool.ts';
import { type FuzzFailure, type FuzzPlan, FuzzWorker, INTERNAL_ERROR, optionsOf } from './fuzz-task.ts';
import { type CliIo, EXIT, type ExitCode } from './io.ts';

/** Cases a worker is given at once: long enough to hide the hand-over, short enough for progress. */
const ROW = 20;
const PROGRESS_MS = { terminal: 200, pipe: 10_000 };

export async function fuzz(io: CliIo, flags: FuzzFlags): Promise<ExitCode> {
  const { plan, budget, workers, explains } = readFlags(flags);
  optionsOf(plan);
  const corpus = new Corpus(flags.out, plan);
  const run = new FuzzRun(io, plan, budget, flags.quiet ?? false, corpus);
  await run.work(workers);
  corpus.save();
  await run.explain(explains, flags.out);
  io.out(`${run.passed} passed, ${run.failures.length} failed\n`);
  if (run.isInterrupted) return EXIT.interrupted;
  if (run.failures.some(({ what }) => what === INTERNAL_ERROR)) return EXIT.bug;
  return run.failures.length === 0 ? EXIT.ok : EXIT.found;
}

interface Budget {
  readonly from: number;
  readonly cases: number;
  readonly wallMs: number;
}

function readFlags(flags: FuzzFlags): { plan: FuzzPlan; budget: Budget; workers: number; explains: number } {
  const problems: { path: string; message: string; hint?: string }[] = [];
  const whole = (name: string, text: string, min: number): number => {
    const value = Number(text);
    if (Number.isSafeInteger(value) && value >= min) return value;
    problems.push({ path: `--${name}`, message: `expected a whole number of at least ${min}, found "${text}"` });
    return min;
  };
  let wallMs = Infinity;
  if (flags.for !== undefined) {
    const parsed = parseDuration(flags.for);
    if (parsed.ok) wallMs = parsed.value / (SECOND_US / 1000);
    else problems.push({ path: '--for', message: parsed.problem, ...(parsed.hint === undefined ? {} : { hint: parsed.hint }) });
  }
  const known = QUIRKS.map(({ name }) => name as string);
  for (const quirk of flags.quirk) {
    if (!known.includes(quirk))
      problems.push({ path: '--quirk', message: `unknown quirk "${quirk}", expected one of ${known.join(', ')}` });
  }
  const plan: FuzzPlan = {
    seed: /^\d{1,15}$/.test(flags.seed) ? Number(flags.seed) : flags.seed,
    controllers: flags.controller,
    maxNodes: whole('nodes', flags.nodes, 1),
    maxReplicas: whole('replicas', flags.replicas, 1),
    maxFaults: whole('faults', flags.faults, 0),
    quirks: flags.quirk,
    crashPoints: isCrashPoints(flags.crashPoints) ? flags.crashPoints : undefined,
  };
  if (flags.crashPoints !== undefined && plan.crashPoints === undefined)
    problems.push({ path: '--crash-points', message: `expected writes, yields or both, found "${flags.crashPoints}"` });
  const cases = flags.cases === undefined ? (wallMs === Infinity ? DEFAULT_CASES : Infinity) : whole('cases', flags.cases, 1);
  const budget = { from: whole('from', flags.from, 0), cases, wallMs };
  const workers = flags.workers === undefined ? availableParallelism() : whole('workers', flags.workers, 1);
  const explains = whole('explain', flags.explain, 0);
  if (problems.length > 0) throw new InputError(problems);
  return { plan, budget, workers, explains };
}

function isCrashPoints(text: string | undefined): text is NonNullable<FuzzPlan['crashPoints']> {
  return text === 'writes' || text === 'yields' || text === 'both';
}

class FuzzRun {
  passed: number;
  failures: FuzzFailure[];
  isInterrupted: boolean;
  private readonly io: CliIo;
  private readonly plan: FuzzPlan;
  private readonly budget: Budget;
  private readonly isQuiet: boolean;
  private readonly corpus: Corpus;
  private readonly startMs: number;
  private events: number;
  private shownMs: number;
  private shownWidth: number;

  constructor(io: CliIo, plan: FuzzPlan, budget: Budget, isQuiet: boolean, corpus: Corpus) {
    this.passed = 0;
    this.failures = [];
    this.isInterrupted = false;
    this.io = io;
    this.plan = plan;
    this.budget = budget;
    this.isQuiet = isQuiet;
    this.corpus = corpus;
    this.startMs = io.nowMs();
    this.events = 0;
    this.shownMs = this.startMs;
    this.shownWidth = 0;
  }

  /** Runs all rows; returns early, with what was done, on Ctrl-C. */
  async work(workers: number): Promise<void> {
    const release = this.io.onInterrupt(() => {
      this.isInterrupted = true;
    });
    const pool = openPool(workers);
    const rows = this.rows();
    const lane = async (): Promise<void> => {
      for (let row = rows.next(); row.done !== true; row = rows.next()) {
        if (this.isInterrupted || this.io.nowMs() - this.startMs >= this.budget.wallMs) return;
        const outcome = await pool.run({ plan: this.plan, cases: row.value });
        if (outcome.problems.length > 0) throw new InputError(outcome.problems);
        this.passed += outcome.passed;
        this.failures.push(...outcome.failures);
        this.events += outcome.events;
        this.corpus.add(outcome.behaviours);
        this.show();
        await this.io.pause();
      }
    };
    try {
      await Promise.all(Array.from({ length: pool.width }, lane));
    } finally {
      this.clear();
      release();
      await pool.close();
    }
    this.failures.sort((a, b) => a.case - b.case);
  }

  /** Shrinks the first case of each kind of failure and tells about it. */
  async explain(count: number, folder: string): Promise<void> {
    const kinds = [...new Set(this.failures.map(({ what }) => what))];
    const worker = new FuzzWorker();
    for (const [index, what] of kinds.entries()) {
      const failed = this.failures.filter((failure) => failure.what === what);
      const first = failed[0]!;
      const others = failed.slice(1, 6).map((failure) => failure.case);
      const more =
        others.length === 0 ? '' : `, also in case ${others.join(', ')}${failed.length > 6 ? ` and ${failed.length - 6} more` : ''}`;
      this.io.out(`\n${what}: case ${first.case}${more}\n`);
      if (what === INTERNAL_ERROR || index >= count) {
        this.io.out(`  ${first.message}\n  again: ${this.replayCommand(first.case)}\n`);
        continue;
      }
      if (!this.isQuiet) this.io.err(`shrinking case ${first.case} ...\n`);
      const example = await worker.explain(this.plan, first.case, folder);
      this.io.out(`${describeCounterexample(example)}${this.controllerFlags()}\nagain: ${this.replayCommand(first.case)}\n`);
    }
    if (kinds.length > 0) this.io.out('\n');
  }

  /** Corpus first, then all others in order. */
  private *rows(): Generator<readonly number[]> {
    const { from, cases } = this.budget;
    const end = from + cases;
    const first = this.corpus.known.filter((index) => index >= from && index < end);
    for (let i = 0; i < first.length; i += ROW) yield first.slice(i, i + ROW);
    const isDone = new Set(first);
    for (let start = from; start < end; start += ROW) {
      const row: number[] = [];
      for (let index = start; index < Math.min(end, start + ROW); index++) if (!isDone.has(index)) row.push(index);
      if (row.length > 0) yield row;
    }
  }

  private replayCommand(index: number): string {
    const { seed, controllers, quirks, maxNodes, maxReplicas, maxFaults } = this.plan;
    const flags = [...controllers.map((file) => ` --controller ${file}`), ...quirks.map((name) => ` --quirk ${name}`)].join('');
    const crashes = this.plan.crashPoints === undefined ? '' : ` --crash-points ${this.plan.crashPoints}`;
    const bounds = ` --nodes ${maxNodes} --replicas ${maxReplicas} --faults ${maxFaults}${crashes}`;
    return `seatrial fuzz --seed ${seed} --from ${index} --cases 1${flags}${bounds}`;
  }

  private controllerFlags(): string {
    return this.plan.controllers.map((file) => ` --controller ${file}`).join('');
  }

  private show(): void {
    const nowMs = this.io.nowMs();
    if (this.isQuiet || nowMs - this.shownMs < (this.io.isTerminal ? PROGRESS_MS.terminal : PROGRESS_MS.pipe)) return;
    this.shownMs = nowMs;
    const done = this.passed + this.failures.length;
    const elapsedMs = nowMs - this.startMs;
    const share = Math.max(done / this.budget.cases, elapsedMs / this.budget.wallMs);
    const rate = (done / elapsedMs) * 1000;
    const text = `fuzz: ${Math.floor(Math.min(1, share) * 100)}%, ${done} cases, ${rate.toFixed(rate < 10 ? 1 : 0)} cases/s, ${this.failures.length} failed, ${this.corpus.size} behaviours`;
    if (!this.io.isTerminal) this.io.err(`${text}\n`);
    else {
      this.io.err(`\r${text.slice(0, this.io.columns - 1).padEnd(this.shownWidth)}`);
      this.shownWidth = text.length;
    }
  }

  private clear(): void {
    if (this.shownWidth > 0) this.io.err(`\r${' '.repeat(this.shownWidth)}\r`);
    const done = this.passed + this.failures.length;
    const seconds = Math.max(0.001, (this.io.nowMs() - this.startMs) / 1000);
    if (this.isQuiet) return;
    const rate = `${(done / seconds).toFixed(1)} cases/s`;
    this.io.err(
      `${done} cases in ${seconds.toFixed(1)} s: ${rate}, ${Math.round(this.events / Math.max(1, done))} events each, ${this.corpus.size} behaviours\n`,
    );
  }
}

/** Cases worth running first, kept between runs of one plan. */
class Corpus {
  /** Numbers of the cases an earlier run kept, in order. */
  readonly known: readonly number[];
  private readonly path: string;
  private readonly planText: string;
  /** Behaviour to the lowest case that showed it. */
  private readonly firstCase: Map<string, number>;

  constructor(folder: string, plan: FuzzPlan) {
    this.planText = JSON.stringify(plan);
    // Plans do not share a file: what one has learnt says nothing about the cases of another.
    this.path = join(folder, `corpus-${hashText(fnv1a32(this.planText))}.json`);
    this.firstCase = new Map(Object.entries(this.read()));
    this.known = [...new Set(this.firstCase.values())].sort((a, b) => a - b);
  }

  get size(): number {
    return this.firstCase.size;
  }

  add(behaviours: readonly (readonly [string, number])[]): void {
    for (const [behaviour, index] of behaviours) {
      const known = this.firstCase.get(behaviour);
      if (known === undefined || index < known) this.firstCase.set(behaviour, index);
    }
  }

  save(): void {
    const entries = [...this.firstCase].sort(([a], [b]) => compareCodeUnits(a, b));
    mkdirSync(dirname(this.path), { recursive: true });
    const content = { format: 'seatrial-corpus/1', plan: JSON.parse(this.planText) as unknown, behaviours: Object.fromEntries(entries) };
    writeFileSync(this.path, `${JSON.stringify(content, undefined, 1)}\n`);
  }

  /** Of another plan, or none: empty. */
  private read(): Record<string, number> {
    try {
      const found = JSON.parse(readFileSync(this.path, 'utf8')) as {
        plan?: unknown;
        behaviours?: Record<string, number>;
      };
      return JSON.stringify(found.plan) === this.planText ? (found.behaviours ?? {}) : {};
    } catch {
      return {};
    }
  }
}

function hashText(hash: number): string {
  return (hash >>> 0).toString(16).padStart(8, '0');
}
