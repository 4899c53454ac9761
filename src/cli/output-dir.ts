/**
 * The folder a run writes to: `out/<scenario>-<seed>/` unless --out says otherwise.
 *
 *   result.json  report.html  tables/*.csv  tables/*.parquet  events.jsonl.gz  replay.json      are ours; nothing else is ever touched
 *
 * A run first writes everything into `<folder>.partial-<process id>` beside it and moves it into place at the end, so that an
 * interrupted or failing command never leaves half a result. What is there already decides:
 *
 *   nothing, or an empty folder      the new folder takes its place
 *   a result of the same scenario    our files are replaced, other files stay
 *   anything else                    refused before the run starts (exit code 2), unless --force: then as above
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { InputError } from '../base/input-error.ts';
import { RESULT_FORMAT } from '../metrics/result.ts';
import { REPLAY_FILE } from './replay-record.ts';

const OUR_FILES: readonly string[] = ['result.json', 'report.html', 'events.jsonl.gz', REPLAY_FILE];
const TABLES = 'tables';
const isOurTable = (name: string): boolean => /\.(csv|parquet)$/.test(name);

export class OutputDir {
  readonly path: string;
  /** Where to write; becomes `path` by `commit`. */
  readonly work: string;

  /** Checks the place. Throws InputError when it holds something that must not be overwritten. Writes nothing. */
  constructor(path: string, scenario: string, isForced: boolean) {
    this.path = path;
    this.work = join(dirname(resolve(path)), `${basename(resolve(path))}.partial-${process.pid}`);
    if (!isForced) refuseForeign(path, scenario);
  }

  /** Makes the folder to write into. */
  open(): void {
    rmSync(this.work, { recursive: true, force: true });
    mkdirSync(this.work, { recursive: true });
  }

  /** Moves what was written into place. Returns names of files in the folder that are not ours and stayed. */
  commit(): string[] {
    mkdirSync(dirname(resolve(this.path)), { recursive: true });
    if (!existsSync(this.path) || readdirSync(this.path).length === 0) {
      if (existsSync(this.path)) rmdirSync(this.path);
      renameSync(this.work, this.path);
      return [];
    }
    const names = readdirSync(this.work);
    const tables = names.includes(TABLES) ? readdirSync(join(this.work, TABLES)) : [];
    this.removeOurs(names, tables);
    for (const name of names) if (name !== TABLES) renameSync(join(this.work, name), join(this.path, name));
    if (tables.length > 0) mkdirSync(join(this.path, TABLES), { recursive: true });
    for (const name of tables) renameSync(join(this.work, TABLES, name), join(this.path, TABLES, name));
    this.discard();
    return readdirSync(this.path).filter((name) => name !== TABLES && !OUR_FILES.includes(name));
  }

  /** Removes what was written so far. */
  discard(): void {
    rmSync(this.work, { recursive: true, force: true });
  }

  /** Removes what an earlier run left, but for files that are about to be replaced by ones of the same name. */
  private removeOurs(names: readonly string[], tableNames: readonly string[]): void {
    for (const name of OUR_FILES) if (!names.includes(name)) rmSync(join(this.path, name), { force: true });
    const tables = join(this.path, TABLES);
    if (!existsSync(tables)) return;
    for (const name of readdirSync(tables)) if (isOurTable(name) && !tableNames.includes(name)) rmSync(join(tables, name));
  }
}

/** `out/<scenario>-<seed>`; a seed that is no plain word is made one. */
export function defaultOutputPath(scenario: string, seed: string | number): string {
  return join('out', `${scenario}-${String(seed).replace(/[^A-Za-z0-9._-]+/g, '_')}`);
}

function refuseForeign(path: string, scenario: string): void {
  if (!existsSync(path)) return;
  const refuse = (message: string): never => {
    throw new InputError([
      { path: '', file: path, message, hint: 'choose another folder with --out, or replace its results with --force' },
    ]);
  };
  if (!statSync(path).isDirectory())
    throw new InputError([{ path: '', file: path, message: 'this is a file, expected a folder to write to' }]);
  if (readdirSync(path).length === 0) return;
  const found = scenarioOf(join(path, 'result.json'));
  if (found === undefined) refuse('this folder holds other files and no result, it is not overwritten');
  if (found !== scenario) refuse(`this folder holds a result of scenario "${found}", it is not overwritten by "${scenario}"`);
}

/** The scenario of a result; undefined when the file is none. */
function scenarioOf(file: string): string | undefined {
  try {
    const found = JSON.parse(readFileSync(file, 'utf8')) as { format?: unknown; meta?: { scenario?: unknown } };
    return found.format === RESULT_FORMAT && typeof found.meta?.scenario === 'string' ? found.meta.scenario : undefined;
  } catch {
    return undefined;
  }
}
