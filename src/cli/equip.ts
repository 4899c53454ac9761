/**
 * equip: the machinery behind a command, with controllers and invariants of the user's own in it.
 */
import { builtInVocabulary } from '../scenario/built-in-vocabulary.ts';
import type { FileSource } from '../scenario/scenario.ts';
import { scenarioJudge } from '../testing/judge-scenario.ts';
import type { CliParts } from './io.ts';

/** `parts` with what the files of `--controller` bring along. Throws an InputError. */
export async function equip(parts: CliParts, controllers: readonly string[] | undefined, files: FileSource): Promise<CliParts> {
  if (controllers === undefined || controllers.length === 0) return parts;
  // Loaded when it is wanted: the testing kit and its libraries would slow down every other run.
  const { loadControllers } = await import('./controller-modules.ts');
  const own = loadControllers(controllers, files);
  const judge = scenarioJudge(own.invariants);
  return {
    ...parts,
    words: builtInVocabulary({ controllers: own.controllers }),
    startScenario: (spec, options) => parts.startScenario(spec, { judge, controllers: own.controllers, ...options }),
  };
}
