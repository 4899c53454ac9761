/**
 * writeResult: the folder of a run: tables/*.csv, tables/*.parquet, result.json, report.html. And readResult, its inverse.
 *
 * Each file is written beside its place and moved there, so that no reader ever sees half a file. The result comes before
 * the page: if the page cannot be drawn, nothing measured is lost.
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '../base/input-error.ts';
import type { RunResult } from '../metrics/result.ts';
import { parseResult, resultText } from '../metrics/result-text.ts';
import { readPageBundle } from './page-bundle-file.ts';
import { renderReport } from './render-report.ts';
import { tableCsv, tableParquet } from './table-files.ts';

/** Writes into an existing folder; throws an ordinary error when the disk refuses. Files of the same names are replaced. */
export function writeResult(folder: string, result: RunResult): void {
  const tables = join(folder, 'tables');
  mkdirSync(tables, { recursive: true });
  replaceFile(join(folder, 'result.json'), resultText(result));
  for (const table of result.tables) {
    replaceFile(join(tables, `${table.name}.csv`), tableCsv(table));
    replaceFile(join(tables, `${table.name}.parquet`), tableParquet(table));
  }
  replaceFile(join(folder, 'report.html'), drawReport(result));
}

/** The page of a result, with the script it needs. */
export function drawReport(result: RunResult): string {
  return renderReport(result, readPageBundle());
}

/** Reads the result of a folder. Throws InputError when there is none or it cannot be read. */
export function readResult(folder: string): RunResult {
  const file = join(folder, 'result.json');
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new InputError([{ file, path: '', message: `cannot be read: ${why}`, hint: 'give a folder written by seatrial run' }]);
  }
  return parseResult(text, file);
}

function replaceFile(path: string, content: string | Uint8Array): void {
  const partial = `${path}.partial-${process.pid}`;
  writeFileSync(partial, content);
  renameSync(partial, path);
}
