/**
 * manifest-file: Kubernetes manifests from files on disk, plain or packed with gzip.
 *
 * Whether a file is packed is seen from its first bytes, not from its name.
 */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { InputError, type InputProblem } from '../base/input-error.ts';
import type { DecodeOptions } from '../objects/decode.ts';
import { collectManifests } from './manifests.ts';
import type { ManifestEntry } from './scenario.ts';

/** The objects of all files, in order; throws one InputError with everything that is wrong with any of them. */
export function readManifestFiles(paths: readonly string[], options: DecodeOptions = {}): ManifestEntry[] {
  const problems: InputProblem[] = [];
  const entries: ManifestEntry[] = [];
  for (const path of paths) {
    try {
      entries.push(...collectManifests(path, readTextFile(path), problems, options));
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      problems.push(...error.problems);
    }
  }
  if (problems.length > 0) throw new InputError(problems);
  return entries;
}

/** The text of a plain or packed file; an InputError says what is wrong and what to do about it. */
export function readTextFile(path: string): string {
  const bytes = unpack(path, readBytes(path));
  if (bytes.length === 0) refuse(path, 'the file is empty');
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return refuse(path, 'the file is not UTF-8 text', 'convert it, for example with iconv -t UTF-8');
  }
}

function readBytes(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    switch ((error as NodeJS.ErrnoException).code) {
      case 'ENOENT':
        return refuse(path, 'file not found', 'check the path; it is relative to the working directory');
      case 'EISDIR':
        return refuse(path, 'this is a directory', 'name the files in it');
      case 'EACCES':
        return refuse(path, 'no permission to read this file', 'check its mode and owner');
      default:
        return refuse(path, `cannot be read: ${(error as Error).message}`);
    }
  }
}

function unpack(path: string, bytes: Uint8Array): Uint8Array {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) {
    if (path.endsWith('.gz') && bytes.length > 0) refuse(path, 'the file is not gzip, though its name says so', 'rename it, or pack it');
    return bytes;
  }
  try {
    return gunzipSync(bytes);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'Z_BUF_ERROR') {
      return refuse(path, 'the gzip file is cut off before its end', 'fetch or pack it again');
    }
    return refuse(path, 'the gzip file is damaged', 'fetch or pack it again');
  }
}

function refuse(file: string, message: string, hint?: string): never {
  throw new InputError([hint === undefined ? { path: '', file, message } : { path: '', file, message, hint }]);
}
