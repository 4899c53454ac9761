/**
 * Scheduler plugins of a scenario: where they come from, and which of them each scheduler has.
 *
 * A scenario names plugins by where they come from: the path of a file, or an npm package. Turning that into code is
 * not for this layer (it needs a disk and a compiler): whoever loads or runs a scenario gives a PluginLoader.
 */
import { InputError, type InputProblem } from '../base/input-error.ts';
import type { PluginDef } from '../scheduler/framework.ts';
import { checkPluginNames } from '../scheduler/own-plugin.ts';
import { schedulerPlugins } from '../scheduler/plugins/registry.ts';

/**
 * The plugins that `source` holds: a path that begins with `/`, `./` or `../`, or the name of a package. Gives the same
 * definitions when asked again. Throws an InputError that names the file when they cannot be had.
 */
export type PluginLoader = (source: string) => readonly PluginDef[];

/** Plugins beside those of this package, for loading and running scenarios. */
export interface PluginOptions {
  /** For every scheduler. */
  readonly plugins?: readonly PluginDef[];
  /** For the plugins that a scenario names. */
  readonly loadPlugins?: PluginLoader;
}

/** Whether `source` is meant as a file: anything that looks like a path, or ends as scripts do. */
export function isPluginFile(source: string): boolean {
  return /^([./\\]|[A-Za-z]:[/\\])/.test(source) || (/\.[cm]?[jt]s$/i.test(source) && !source.startsWith('@'));
}

/** A path that cannot be mistaken for a package. */
export function pluginFile(path: string): string {
  return /^([/\\]|[A-Za-z]:[/\\]|\.\.?[/\\])/.test(path) ? path : `./${path}`;
}

/** Every plugin a scheduler may name: those of this package, then `options.plugins`, then those of `sources`. Throws an InputError. */
export function pluginDefinitions(sources: readonly string[], options: PluginOptions): readonly PluginDef[] {
  const own: PluginDef[] = [...(options.plugins ?? [])];
  const problems: InputProblem[] = [];
  for (const source of sources) {
    try {
      for (const plugin of load(source, options)) if (!own.includes(plugin)) own.push(plugin);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      problems.push(...error.problems);
    }
  }
  problems.push(...checkPluginNames(own, schedulerPlugins));
  if (problems.length > 0) throw new InputError(problems);
  return own.length === 0 ? schedulerPlugins : [...schedulerPlugins, ...own];
}

function load(source: string, { loadPlugins }: PluginOptions): readonly PluginDef[] {
  if (loadPlugins !== undefined) return loadPlugins(source);
  throw new InputError([
    { path: '', file: source, message: 'nothing here can load plugins', hint: 'give loadPlugins to loadScenario and runScenario' },
  ]);
}
