/**
 * Files held in memory: for browsers, tests and programs that make their scenarios themselves.
 */
import { InputError } from '../base/input-error.ts';
import type { FileSource } from './scenario.ts';

/** A FileSource over `contents`, path to text or bytes. */
export function memoryFiles(contents: Readonly<Record<string, string | Uint8Array>>): FileSource {
  const read = (path: string): string | Uint8Array => {
    const found = Object.hasOwn(contents, path) ? contents[path] : undefined;
    if (found === undefined) throw new InputError([{ path: '', file: path, message: 'file not found' }]);
    return found;
  };
  return {
    exists: (path) => Object.hasOwn(contents, path),
    readBytes: (path) => {
      const found = read(path);
      return typeof found === 'string' ? new TextEncoder().encode(found) : found;
    },
    readText: (path) => {
      const found = read(path);
      return typeof found === 'string' ? found : new TextDecoder().decode(found);
    },
  };
}
