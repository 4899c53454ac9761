/**
 * PluginHost: the users' scheduler plugins of one command, from files and packages to checked definitions, and from what goes
 * wrong inside them to a message for their author.
 */
import { join } from 'node:path';
import { InputError } from '../base/input-error.ts';
import { isPluginFile } from '../scenario/plugin-sources.ts';
import type { FileSource } from '../scenario/scenario.ts';
import type { PluginDef } from '../scheduler/framework.ts';
import { ownPlugin, problemsIn } from '../scheduler/own-plugin.ts';
import { PluginFailure } from '../scheduler/plugin-guard.ts';
import { PluginModules } from './plugin-modules.ts';

export class PluginHost {
  private readonly modules: PluginModules;
  private readonly bySource: Map<string, readonly PluginDef[]>;
  /** Where packages are looked for. */
  private readonly folder: string;

  constructor(files: FileSource, folder = '.') {
    this.folder = folder;
    this.modules = new PluginModules(files);
    this.bySource = new Map();
  }

  /** The plugins of a file or package; the same ones when asked again. Throws an InputError. */
  readonly load = (source: string): readonly PluginDef[] => {
    let plugins = this.bySource.get(source);
    if (plugins === undefined) {
      const path = isPluginFile(source) ? source : this.modules.findPackage(source, join(this.folder, 'seatrial-plugins.js'));
      plugins = pluginsOf(this.modules.load(path), source);
      this.bySource.set(source, plugins);
    }
    return plugins;
  };

  /** `error`, said at the place in a plugin's file when it comes from one; other errors as they are. */
  explain(error: unknown): unknown {
    let failure = error;
    while (failure instanceof Error && !(failure instanceof PluginFailure)) failure = failure.cause;
    if (!(failure instanceof PluginFailure)) return error;
    const place = this.modules.placeOf(failure.cause) ?? (failure.origin === '' ? {} : { file: failure.origin });
    // The run loop has added seed, time, event and the command that repeats the run.
    const more = error === failure || !(error instanceof Error) ? '' : error.message.slice(failure.message.length);
    return new InputError([{ path: '', ...place, message: failure.message.replace(` (${failure.origin})`, '') + more }]);
  }
}

/** The definitions that a file exports. Throws an InputError. */
function pluginsOf(exported: unknown, source: string): readonly PluginDef[] {
  const value = defaultOf(exported);
  const refuse = (message: string, hint?: string): never => {
    throw new InputError([{ path: '', file: source, message, ...(hint === undefined ? {} : { hint }) }]);
  };
  if (value === undefined) {
    const names = namesOf(exported);
    const found = names.length === 0 ? 'exports nothing' : `exports ${names.join(', ')}`;
    refuse(`expected a default export made by definePlugin, but the file ${found}`, 'write: export default definePlugin({ ... })');
  }
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (list.length === 0) refuse('the default export is an empty list, expected at least one plugin');
  try {
    return list.map((item) => ownPlugin(item, source));
  } catch (error) {
    throw error instanceof InputError ? new InputError(problemsIn(source, error)) : error;
  }
}

/** `export default x`, or `module.exports = x`; undefined when there is neither. */
function defaultOf(exported: unknown): unknown {
  if (typeof exported !== 'object' || exported === null) return exported;
  const module = exported as { readonly __esModule?: unknown; readonly default?: unknown };
  if (module.default !== undefined) return module.default;
  if (module.__esModule !== undefined || Object.keys(module).length === 0) return undefined;
  return exported;
}

function namesOf(exported: unknown): string[] {
  return typeof exported === 'object' && exported !== null ? Object.keys(exported).filter((name) => name !== '__esModule') : [];
}
