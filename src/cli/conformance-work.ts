/**
 * conformance: how far our scheduler agrees with recorded decisions of the real one.
 *
 * Reads JSON Lines, plain or gzip. Progress goes to standard error, the tables, the first mismatches and the last
 * line `N passed, N failed` to standard output.
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { compareCodeUnits } from '../base/compare.ts';
import { InputError, ProblemList } from '../base/input-error.ts';
import { type CaseResult, runCase } from '../scheduler/conformance.ts';
import { CASE_KINDS, readCase } from '../scheduler/conformance-case.ts';
import type { Mismatch, PluginAgreement } from '../scheduler/conformance-compare.ts';
import { EVALUATORS, type EvaluatorName } from '../scheduler/evaluators.ts';
import { schedulerPlugins } from '../scheduler/plugins/registry.ts';
import { DEFAULT_KUBERNETES_VERSION, KUBERNETES_VERSIONS, type KubernetesVersion, readKubernetesVersion } from '../scheduler/versions.ts';
import type { ConformanceFlags } from './conformance.ts';
import { type CliIo, EXIT, type ExitCode } from './io.ts';

export async function runConformance(files: readonly string[], flags: ConformanceFlags, io: CliIo): Promise<ExitCode> {
  const report = new Report(flags.show);
  const progress = new FileProgress(io);
  for (const file of files) {
    const version = flags.kubernetesVersion ?? versionBeside(file);
    const lines = readLines(file);
    for (let i = 0; i < lines.length; i++) {
      if (lines[i] === '') continue;
      report.add(runLine(lines[i]!, file, i + 1, version, flags.evaluator), file);
      progress.show(file, i + 1, lines.length);
      // A terminal gets to see Ctrl-C and the progress line.
      if (i % 64 === 63) await io.pause();
    }
  }
  progress.end();
  io.out(report.text());
  return report.failedCount === 0 ? EXIT.ok : EXIT.found;
}

function runLine(line: string, file: string, lineNumber: number, version: KubernetesVersion, evaluator: EvaluatorName): CaseResult {
  const problems = new ProblemList();
  try {
    const source = readCase(parseLine(line, problems), problems);
    problems.throwIfAny();
    return runCase(source!, { kubernetesVersion: version, definitions: schedulerPlugins, createEvaluator: EVALUATORS[evaluator] });
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new InputError(error.problems.map((problem) => ({ ...problem, file, line: lineNumber })));
  }
}

function parseLine(line: string, problems: ProblemList): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    problems.add('', `not JSON: ${(error as Error).message}`);
    problems.throwIfAny();
    return undefined;
  }
}

// Files -----------------------------------------------------------------------------------------------

function readLines(file: string): string[] {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
    if (bytes[0] === 0x1f && bytes[1] === 0x8b) bytes = gunzipSync(bytes);
  } catch (error) {
    throw new InputError([{ path: '', file, message: `cannot be read: ${(error as Error).message}` }]);
  }
  return bytes.toString('utf8').split('\n');
}

/** The release that manifest.json in the file's folder names, such as v1.32.2; the default without one. */
function versionBeside(file: string): KubernetesVersion {
  const path = join(dirname(file), 'manifest.json');
  if (!existsSync(path)) return DEFAULT_KUBERNETES_VERSION;
  let named: unknown;
  try {
    named = (JSON.parse(readFileSync(path, 'utf8')) as { kubernetesVersion?: unknown }).kubernetesVersion;
  } catch (error) {
    throw new InputError([{ path: '', file: path, message: `not JSON: ${(error as Error).message}` }]);
  }
  const version = readKubernetesVersion(String(named));
  if (version !== undefined) return version;
  const message = `release ${String(named)} is not one we play, expected ${KUBERNETES_VERSIONS.join(' or ')}`;
  throw new InputError([{ path: 'kubernetesVersion', file: path, message, hint: 'choose one with --kubernetes-version' }]);
}

// Output ----------------------------------------------------------------------------------------------

/** One line on standard error, redrawn on a terminal and printed per file otherwise. */
class FileProgress {
  private readonly io: CliIo;
  private shownMs: number;
  private width: number;

  constructor(io: CliIo) {
    this.io = io;
    this.shownMs = -Infinity;
    this.width = 0;
  }

  show(file: string, line: number, lineCount: number): void {
    if (!this.io.isTerminal) {
      if (line === 1) this.io.err(`${file}\n`);
      return;
    }
    const nowMs = this.io.nowMs();
    if (nowMs - this.shownMs < 100) return;
    this.shownMs = nowMs;
    const text = `${file}: ${line} of ${lineCount}`.slice(0, Math.max(10, this.io.columns - 1));
    this.io.err(`\r${text.padEnd(this.width)}`);
    this.width = text.length;
  }

  end(): void {
    if (this.width > 0) this.io.err(`\r${' '.repeat(this.width)}\r`);
  }
}

/** How many differences of one case are printed. */
const SHOWN_PER_CASE = 4;
const SHOWN_WIDTH = 300;

class Report {
  passedCount: number;
  failedCount: number;
  private readonly showCount: number;
  private readonly byKind: Map<string, { passed: number; failed: number }>;
  private readonly byPlugin: Map<string, PluginAgreement>;
  private readonly shown: string[];

  constructor(showCount: number) {
    this.passedCount = 0;
    this.failedCount = 0;
    this.showCount = showCount;
    this.byKind = new Map(CASE_KINDS.map((kind) => [kind, { passed: 0, failed: 0 }] as const));
    this.byPlugin = new Map();
    this.shown = [];
  }

  add(result: CaseResult, file: string): void {
    const kind = this.byKind.get(result.kind)!;
    if (result.mismatches.length === 0) {
      this.passedCount++;
      kind.passed++;
    } else {
      this.failedCount++;
      kind.failed++;
      if (this.failedCount <= this.showCount) this.shown.push(describeFailure(result, file));
    }
    for (const [plugin, agreement] of result.plugins) this.addPlugin(plugin, agreement);
  }

  text(): string {
    const kinds = [...this.byKind].filter(([, { passed, failed }]) => passed + failed > 0);
    const plugins = [...this.byPlugin].sort((a, b) => compareCodeUnits(a[0], b[0]));
    const parts = [
      table(
        ['cases', 'passed', 'failed'],
        kinds.map(([kind, { passed, failed }]) => [kind, String(passed), String(failed)]),
      ),
      table(
        ['plugin', 'verdicts', 'differing', 'scores', 'differing'],
        plugins.map(([plugin, { verdicts, scores }]) => [
          plugin,
          String(verdicts.compared),
          String(verdicts.differing),
          String(scores.compared),
          String(scores.differing),
        ]),
      ),
      ...this.shown,
    ];
    const hidden = Math.max(0, this.failedCount - this.shown.length);
    if (hidden > 0) parts.push(`${hidden} more mismatching case${hidden === 1 ? '' : 's'} (see --show)\n`);
    parts.push(`${this.passedCount} passed, ${this.failedCount} failed\n`);
    return parts.filter((part) => part !== '').join('\n');
  }

  private addPlugin(plugin: string, { verdicts, scores }: PluginAgreement): void {
    const sum = this.byPlugin.get(plugin);
    if (sum === undefined) {
      this.byPlugin.set(plugin, { verdicts: { ...verdicts }, scores: { ...scores } });
      return;
    }
    sum.verdicts.compared += verdicts.compared;
    sum.verdicts.differing += verdicts.differing;
    sum.scores.compared += scores.compared;
    sum.scores.differing += scores.differing;
  }
}

function describeFailure({ id, kind, theme, mismatches }: CaseResult, file: string): string {
  const lines = [`${file}: ${kind} ${id}${theme === '' ? '' : ` (${theme})`}`];
  for (const mismatch of mismatches.slice(0, SHOWN_PER_CASE)) lines.push(...describeMismatch(mismatch));
  const hidden = mismatches.length - SHOWN_PER_CASE;
  if (hidden > 0) lines.push(`  and ${hidden} more difference${hidden === 1 ? '' : 's'}`);
  return `${lines.join('\n')}\n`;
}

function describeMismatch({ path, plugin, expected, actual }: Mismatch): string[] {
  return [
    `  ${path}${plugin === '' ? '' : `  [${plugin}]`}`,
    `    expected ${describeValue(expected)}`,
    `    got      ${describeValue(actual)}`,
  ];
}

function describeValue(value: unknown): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  return text.length > SHOWN_WIDTH ? `${text.slice(0, SHOWN_WIDTH)}...` : text;
}

/** First column to the left, numbers to the right; empty without rows. */
function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return '';
  const all = [header, ...rows];
  const widths = header.map((_, column) => Math.max(...all.map((row) => row[column]!.length)));
  const lines = all.map((row) =>
    row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!))).join('  '),
  );
  return `${lines.join('\n')}\n`;
}
