/**
 * replay.json: what it takes to run a result's run again: the options of the command, every file that was read, and the digest to arrive at.
 *
 * Texts (scenario, manifests, configurations, plugins) are kept whole, so that a run can be repeated after they have been edited. Of
 * large and packed files (traces) only the hash is kept: they have to be where they were. Paths are relative to `base`, which is
 * relative to the folder of the result, so that a project can be moved as a whole.
 */
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { isAbsolute, join, relative, resolve, sep } from 'node:path';
import { InputError, ProblemList } from '../base/input-error.ts';
import { VERSION } from '../base/version.ts';
import { DecodeReader } from '../objects/decode-reader.ts';
import type { FileSource } from '../scenario/scenario.ts';
import { diskFiles } from './disk-files.ts';
import type { ScenarioFlags } from './scenario-flags.ts';

export const REPLAY_FILE = 'replay.json';
const FORMAT = 'seatrial-replay';
const FORMAT_VERSION = 1;
/** Most bytes of one file, and of all, that are kept as text. */
const TEXT_MAX = 1_048_576;
const TEXTS_MAX = 8_388_608;

export interface RecordedInput {
  readonly path: string;
  /** Of the content, after unpacking. */
  readonly sha256: string;
  readonly text?: string;
}

export interface ReplayRecord {
  readonly seatrialVersion: string;
  /** The folder that paths are relative to, as seen from here. */
  readonly base: string;
  readonly files: readonly string[];
  readonly flags: ScenarioFlags;
  readonly digest: string;
  readonly events: number;
  readonly isPartial: boolean;
  readonly inputs: readonly RecordedInput[];
}

/** A FileSource that takes down what is read through it. */
export class RecordingFiles implements FileSource {
  private readonly files: FileSource;
  private readonly read: Map<string, RecordedInput>;
  private textBytes: number;

  constructor(files: FileSource) {
    this.files = files;
    this.read = new Map();
    this.textBytes = 0;
  }

  /** In the order they were first read. */
  get inputs(): readonly RecordedInput[] {
    return [...this.read.values()];
  }

  exists(path: string): boolean {
    return this.files.exists(path);
  }

  readBytes(path: string): Uint8Array {
    const bytes = this.files.readBytes(path);
    if (!this.read.has(path)) this.read.set(path, this.record(path, bytes));
    return bytes;
  }

  readText(path: string): string {
    const text = this.files.readText(path);
    if (!this.read.has(path)) this.read.set(path, this.record(path, new TextEncoder().encode(text), text));
    return text;
  }

  private record(path: string, bytes: Uint8Array, text?: string): RecordedInput {
    const sha256 = sha256Of(bytes);
    if (text === undefined || bytes.length > TEXT_MAX || this.textBytes + bytes.length > TEXTS_MAX) return { path, sha256 };
    this.textBytes += bytes.length;
    return { path, sha256, text };
  }
}

function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Writes replay.json into `work`, which will become `folder`. */
export function writeReplay(work: string, folder: string, record: Omit<ReplayRecord, 'seatrialVersion' | 'base'>): void {
  const base = relative(resolve(folder), process.cwd()).split(sep).join('/');
  const whole = { format: FORMAT, formatVersion: FORMAT_VERSION, seatrialVersion: VERSION, base: base === '' ? '.' : base, ...record };
  writeFileSync(join(work, REPLAY_FILE), `${JSON.stringify(whole, undefined, 1)}\n`);
}

/** The record of a result folder. Throws an InputError when there is none, or one of another release's format. */
export function readReplay(folder: string): ReplayRecord {
  const file = join(folder, REPLAY_FILE);
  let raw: unknown;
  try {
    raw = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const hint = 'give a folder that seatrial run has written, such as out/zone-outage-7';
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      throw new InputError([{ path: '', file: folder, message: `there is no ${REPLAY_FILE} in this folder`, hint }]);
    }
    throw new InputError([{ path: '', file, message: `cannot be read: ${message}` }]);
  }
  const problems = new ProblemList();
  const reader = new DecodeReader(problems);
  const top = reader.asObject(raw, '');
  if (top['format'] !== FORMAT || top['formatVersion'] !== FORMAT_VERSION) {
    throw new InputError([
      {
        path: 'format',
        file,
        message: `expected ${FORMAT} ${FORMAT_VERSION}, found ${String(top['format'])} ${String(top['formatVersion'])}`,
      },
    ]);
  }
  const flags = reader.object(top, 'flags', '') ?? {};
  const text = (key: string): string | undefined => reader.optionalString(flags, key, 'flags');
  const [seed, until] = [text('seed'), text('until')];
  const record: ReplayRecord = {
    seatrialVersion: reader.requiredString(top, 'seatrialVersion', ''),
    base: reader.requiredString(top, 'base', ''),
    files: reader.names(top, 'files', ''),
    flags: {
      ...(seed === undefined ? {} : { seed }),
      ...(until === undefined ? {} : { until }),
      set: reader.names(flags, 'set', 'flags'),
      plugin: reader.names(flags, 'plugin', 'flags'),
      controller: reader.names(flags, 'controller', 'flags'),
      skipBadRows: reader.boolean(flags, 'skipBadRows', 'flags'),
    },
    digest: reader.requiredString(top, 'digest', ''),
    events: reader.integer(top, 'events', '', 0, 0),
    isPartial: reader.boolean(top, 'isPartial', ''),
    inputs: reader.items(top, 'inputs', '', (item, at) => {
      const kept = reader.optionalString(item, 'text', at);
      return {
        path: reader.requiredString(item, 'path', at),
        sha256: reader.requiredString(item, 'sha256', at),
        ...(kept === undefined ? {} : { text: kept }),
      };
    }),
  };
  if (!problems.isEmpty) throw new InputError(problems.problems.map((problem) => ({ ...problem, file })));
  return record;
}

/** The files of a recorded run: texts as they were, everything else from the disk. */
export class ReplayFiles implements FileSource {
  private readonly folder: string;
  private readonly byPath: ReadonlyMap<string, RecordedInput>;

  constructor(record: ReplayRecord, folder: string) {
    this.folder = resolve(folder, record.base);
    this.byPath = new Map(record.inputs.map((input) => [input.path, input]));
  }

  exists(path: string): boolean {
    return this.byPath.get(path)?.text !== undefined || diskFiles.exists(this.onDisk(path));
  }

  readBytes(path: string): Uint8Array {
    const text = this.byPath.get(path)?.text;
    return text === undefined ? this.fromDisk(path, (file) => diskFiles.readBytes(file)) : new TextEncoder().encode(text);
  }

  readText(path: string): string {
    return this.byPath.get(path)?.text ?? this.fromDisk(path, (file) => diskFiles.readText(file));
  }

  onDisk(path: string): string {
    return isAbsolute(path) ? path : join(this.folder, path);
  }

  /** Recorded files that are different now, or gone: those whose text was kept, and those the replay has to do without. */
  changes(): { readonly kept: readonly string[]; readonly lost: readonly string[] } {
    const kept: string[] = [];
    const lost: string[] = [];
    for (const { path, sha256, text } of this.byPath.values()) {
      const file = this.onDisk(path);
      const isSame = diskFiles.exists(file) && sha256Of(diskFiles.readBytes(file)) === sha256;
      if (!isSame) (text === undefined ? lost : kept).push(path);
    }
    return { kept, lost };
  }

  private fromDisk<T>(path: string, read: (file: string) => T): T {
    try {
      return read(this.onDisk(path));
    } catch (error) {
      if (!(error instanceof InputError) || !this.byPath.has(path)) throw error;
      throw new InputError(error.problems.map((problem) => ({ ...problem, hint: 'the run read this file, and its content was not kept' })));
    }
  }
}
