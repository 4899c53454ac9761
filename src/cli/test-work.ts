/**
 * test: runs scenarios and checks what they expect.
 */
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { InputError, type InputProblem } from '../base/input-error.ts';
import { SimulationBug } from '../base/invariant.ts';
import { loadScenario } from '../scenario/load.ts';
import type { ScenarioSpec } from '../scenario/scenario.ts';
import { diskFiles } from './disk-files.ts';
import { equip } from './equip.ts';
import { type CliIo, type CliParts, EXIT, type ExitCode } from './io.ts';
import { renderJunit, type TestedScenario } from './junit.ts';
import { PluginHost } from './plugin-host.ts';
import { loadOptionsOf, replayCommandOf } from './scenario-flags.ts';
import { simulate } from './simulate.ts';
import { describeExpectation } from './summary.ts';
import type { TestFlags } from './test.ts';

export async function test(builtIn: CliParts, io: CliIo, paths: readonly string[], flags: TestFlags): Promise<ExitCode> {
  const parts = await equip(builtIn, flags.controller, diskFiles);
  const plugins = new PluginHost(diskFiles);
  const specs = loadAll(parts, paths, plugins, flags);
  const tested: TestedScenario[] = [];
  let isInterrupted = false;
  for (const { file, spec } of specs) {
    const scenario = await testOne(parts, io, file, spec, plugins, flags);
    tested.push(scenario);
    if (flags.json !== true) print(io, scenario, flags.quiet ?? false);
    isInterrupted = scenario.error === INTERRUPTED;
    if (isInterrupted) break;
  }
  if (flags.junit !== undefined) {
    mkdirSync(dirname(resolve(flags.junit)), { recursive: true });
    writeFileSync(flags.junit, renderJunit(tested));
  }
  const failed = tested.filter(hasFailed).length;
  if (flags.json === true) io.out(`${JSON.stringify({ passed: tested.length - failed, failed, scenarios: tested })}\n`);
  else io.out(`${tested.length - failed} of ${specs.length} scenarios passed\n`);
  if (isInterrupted) return EXIT.interrupted;
  if (tested.some((scenario) => scenario.error !== '')) return EXIT.bug;
  return failed === 0 ? EXIT.ok : EXIT.found;
}

const INTERRUPTED = 'interrupted';

function hasFailed(scenario: TestedScenario): boolean {
  return scenario.error !== '' || scenario.expectations.some((expectation) => expectation.status !== 'met');
}

/** All scenarios before any is run: bad input in the last one must not cost the time of the first. */
function loadAll(parts: CliParts, paths: readonly string[], plugins: PluginHost, flags: TestFlags): { file: string; spec: ScenarioSpec }[] {
  const problems: InputProblem[] = [];
  const specs: { file: string; spec: ScenarioSpec }[] = [];
  for (const file of paths.flatMap((path) => scenarioFiles(path, problems))) {
    try {
      const spec = loadScenario([file], { files: diskFiles, words: parts.words, loadPlugins: plugins.load, ...loadOptionsOf(flags) });
      if (spec.expect.length === 0)
        problems.push({ path: 'spec.expect', file, message: 'this scenario expects nothing, so there is nothing to check' });
      specs.push({ file, spec });
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      problems.push(...error.problems);
    }
  }
  if (specs.length === 0 && problems.length === 0) problems.push({ path: '', file: paths.join(', '), message: 'no scenario found' });
  if (problems.length > 0) throw new InputError(problems);
  return specs;
}

/** The file itself, or in a folder every file that holds a Scenario, by name. */
function scenarioFiles(path: string, problems: InputProblem[]): string[] {
  if (!existsSync(path)) {
    problems.push({ path: '', file: path, message: 'file not found' });
    return [];
  }
  if (!statSync(path).isDirectory()) return [path];
  const entries = readdirSync(path, { recursive: true, encoding: 'utf8' }).filter((name) => /\.(ya?ml|json)$/i.test(name));
  return entries
    .sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
    .map((name) => join(path, name))
    .filter((file) => statSync(file).isFile() && /^\s*["']?kind["']?\s*:\s*["']?Scenario\b/m.test(diskFiles.readText(file)));
}

async function testOne(
  parts: CliParts,
  io: CliIo,
  file: string,
  spec: ScenarioSpec,
  plugins: PluginHost,
  flags: TestFlags,
): Promise<TestedScenario> {
  const base = { file, scenario: spec.name, seed: spec.seed };
  try {
    const isQuiet = (flags.quiet ?? false) || ((flags.json ?? false) && !io.isTerminal);
    const outcome = await simulate(parts, io, spec, { plugins, isQuiet, replayCommand: replayCommandOf('run', [file], flags) });
    return {
      ...base,
      digest: outcome.digest,
      wallSeconds: outcome.result.wall.seconds,
      error: outcome.isPartial ? INTERRUPTED : '',
      expectations: outcome.expectations.map(({ text, status, measured, detail }) => ({ text, status, measured, detail })),
    };
  } catch (error) {
    // A bug in one scenario must not hide what the others show; it is reported, and the exit code is 3.
    if (!(error instanceof SimulationBug)) throw error;
    return { ...base, digest: '', wallSeconds: 0, error: error.message, expectations: [] };
  }
}

function print(io: CliIo, scenario: TestedScenario, isQuiet: boolean): void {
  const failed = hasFailed(scenario);
  if (isQuiet && !failed) return;
  io.out(
    `${failed ? 'FAILED' : 'ok    '} ${scenario.scenario} (${scenario.file}, seed ${scenario.seed}, ${scenario.wallSeconds.toFixed(1)} s)\n`,
  );
  if (scenario.error !== '') io.out(`  ${scenario.error}\n`);
  for (const expectation of scenario.expectations) {
    if (!isQuiet || expectation.status !== 'met') io.out(`${describeExpectation(expectation)}\n`);
  }
}
