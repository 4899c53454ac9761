/**
 * loadScenarioText: a scenario from a text, with the vocabulary of this release.
 */
import { builtInVocabulary } from './built-in-vocabulary.ts';
import { loadScenario } from './load.ts';
import { memoryFiles } from './memory-files.ts';
import type { PluginOptions } from './plugin-sources.ts';
import type { FileSource, ScenarioSpec } from './scenario.ts';

export interface LoadTextOptions extends PluginOptions {
  /** What the text is called in messages; paths inside it are relative to this. Default `scenario.yaml`. */
  readonly name?: string;
  /** Manifests, configurations and traces the scenario refers to. */
  readonly files?: FileSource;
  /** `path=value`, as on the command line. */
  readonly overrides?: readonly string[];
}

/** The scenario in `text` (YAML or JSON, manifests may follow in further documents). Throws an InputError with all that is wrong. */
export function loadScenarioText(text: string, options: LoadTextOptions = {}): ScenarioSpec {
  const { plugins = [], loadPlugins } = options;
  const name = options.name ?? 'scenario.yaml';
  const own = memoryFiles({ [name]: text });
  const more = options.files ?? memoryFiles({});
  const of = (path: string): FileSource => (path === name ? own : more);
  const files: FileSource = {
    exists: (path) => of(path).exists(path),
    readBytes: (path) => of(path).readBytes(path),
    readText: (path) => of(path).readText(path),
  };
  return loadScenario([name], {
    files,
    words: builtInVocabulary(),
    overrides: options.overrides ?? [],
    plugins,
    ...(loadPlugins === undefined ? {} : { loadPlugins }),
  });
}
