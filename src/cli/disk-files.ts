/**
 * Files on disk for scenarios, manifests and traces. Everything that is wrong with a file is an InputError that names it.
 */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { InputError } from '../base/input-error.ts';
import type { FileSource } from '../scenario/scenario.ts';

export const diskFiles: FileSource = {
  exists: (path) => existsSync(path) && statSync(path).isFile(),
  readBytes,
  readText: (path) => decodeUtf8(path, readBytes(path)),
};

function readBytes(path: string): Uint8Array {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw new InputError([{ path: '', file: path, message: explain(error as NodeJS.ErrnoException) }]);
  }
  return path.endsWith('.gz') ? unpack(path, bytes) : bytes;
}

function unpack(path: string, bytes: Uint8Array): Uint8Array {
  try {
    return gunzipSync(bytes);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const what =
      code === 'Z_BUF_ERROR' ? 'the gzip file is cut off before its end' : 'the file is not valid gzip, though its name ends in .gz';
    throw new InputError([{ path: '', file: path, message: what }]);
  }
}

function decodeUtf8(path: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new InputError([{ path: '', file: path, message: 'the file is not UTF-8 text' }]);
  }
}

function explain(error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case 'ENOENT':
      return 'file not found';
    case 'EISDIR':
      return 'this is a directory, expected a file';
    case 'EACCES':
      return 'no permission to read this file';
    default:
      return `cannot be read: ${error.message}`;
  }
}
