/** Runs the examples of scenarios/ with overrides. */
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { diskFiles } from '../../src/cli/disk-files.ts';
import { PluginHost } from '../../src/cli/plugin-host.ts';
import { builtInVocabulary } from '../../src/scenario/built-in-vocabulary.ts';
import { loadScenario } from '../../src/scenario/load.ts';
import { type RunOutcome, runScenario } from '../../src/scenario/scenario-run.ts';

const folder = fileURLToPath(new URL('../../scenarios/', import.meta.url));
const words = builtInVocabulary();

/** Simulates a week of 2,000 machines, which takes minutes. */
export const LONG: readonly string[] = ['fleet-2000'];

export const EXAMPLES: readonly string[] = readdirSync(folder)
  .filter((file) => file.endsWith('.yaml'))
  .map((file) => file.slice(0, -'.yaml'.length))
  .sort((a, b) => (a < b ? -1 : 1));

export function runExample(name: string, overrides: readonly string[] = []): RunOutcome {
  const options = { files: diskFiles, loadPlugins: new PluginHost(diskFiles).load };
  return runScenario(loadScenario([`${folder}${name}.yaml`], { ...options, words, overrides }), options);
}

/** The claims that were not proved. */
export function unmet(outcome: RunOutcome): string[] {
  return outcome.expectations.filter((expectation) => expectation.status !== 'met').map((expectation) => expectation.text);
}
