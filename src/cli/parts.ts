/**
 * The machinery of this release behind the commands.
 */
import { readFileSync } from 'node:fs';
import { builtInVocabulary } from '../scenario/built-in-vocabulary.ts';
import type { CliParts } from './io.ts';

export function builtInParts(): CliParts {
  return {
    version: packageVersion(),
    words: builtInVocabulary(),
  } as unknown as CliParts;
}

/** From package.json, which stands two folders above both src/cli and dist/cli. */
function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
