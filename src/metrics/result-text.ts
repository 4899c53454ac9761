/**
 * Results as text: JSON with one line per column, so that two results can be compared with any diff; and back.
 */
import { InputError } from '../base/input-error.ts';
import { type Cell, type Column, RESULT_FORMAT, RESULT_VERSION, type RunResult, type Table } from './result.ts';

/** result.json. The same result gives the same text. */
export function resultText(result: RunResult): string {
  const { format, version, meta, summary, expectations, tables, wall } = result;
  const lines = [
    '{',
    `"format": ${JSON.stringify(format)},`,
    `"version": ${version},`,
    `"meta": ${JSON.stringify(meta, undefined, 2)},`,
    `"summary": ${listText(summary.map((figure) => JSON.stringify(figure)))},`,
    `"expectations": ${listText(expectations.map((entry) => JSON.stringify(entry)))},`,
    `"tables": ${listText(tables.map(tableText))},`,
    `"wall": ${JSON.stringify(wall)}`,
    '}',
    '',
  ];
  return lines.join('\n');
}

function tableText(table: Table): string {
  const { name, description, rowCount, omittedRows, columns } = table;
  const head = JSON.stringify({ name, description, rowCount, omittedRows }).slice(0, -1);
  return `${head},"columns": ${listText(columns.map((column) => JSON.stringify(column)))}}`;
}

function listText(items: readonly string[]): string {
  return items.length === 0 ? '[]' : `[\n${items.join(',\n')}\n]`;
}

/** Reads result.json. Throws InputError with `file` when it is not a result, is damaged, or is of a version this release does not know. */
export function parseResult(text: string, file = ''): RunResult {
  const refuse = (path: string, message: string, hint?: string): never => {
    throw new InputError([hint === undefined ? { file, path, message } : { file, path, message, hint }]);
  };
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch (error) {
    return refuse('', `not valid JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (!isRecord(found) || found['format'] !== RESULT_FORMAT)
    return refuse('format', `expected ${RESULT_FORMAT}: this is not the result of a run`);
  if (found['version'] !== RESULT_VERSION) {
    return refuse(
      'version',
      `version ${String(found['version'])} of the result format, this release reads version ${RESULT_VERSION}`,
      'use the release that wrote it',
    );
  }
  for (const part of ['meta', 'wall']) if (!isRecord(found[part])) refuse(part, 'missing or not an object');
  for (const part of ['summary', 'expectations', 'tables']) if (!Array.isArray(found[part])) refuse(part, 'missing or not a list');
  (found['tables'] as unknown[]).forEach((table, index) => {
    const problem = problemOfTable(table);
    if (problem !== undefined) refuse(`tables[${index}]`, problem);
  });
  return found as unknown as RunResult;
}

function problemOfTable(table: unknown): string | undefined {
  if (!isRecord(table) || typeof table['name'] !== 'string' || !Array.isArray(table['columns']))
    return 'expected a table with a name and columns';
  const rowCount = table['rowCount'];
  if (typeof rowCount !== 'number') return `table ${table['name']} does not say how many rows it has`;
  for (const column of table['columns'] as unknown[]) {
    if (!isRecord(column) || typeof column['name'] !== 'string' || !Array.isArray(column['values']))
      return `table ${table['name']} has a column without name or values`;
    const values = column['values'] as unknown[];
    if (values.length !== rowCount)
      return `column ${column['name']} of table ${table['name']} has ${values.length} values, expected ${rowCount}`;
    const bad = values.findIndex((value) => !isCellOf(column as unknown as Column, value as Cell));
    if (bad !== -1)
      return `column ${column['name']} of table ${table['name']} has ${JSON.stringify(values[bad])} in row ${bad}, expected ${String(column['type'])}`;
  }
  return undefined;
}

function isCellOf(column: Column, value: Cell): boolean {
  if (value === null) return true;
  switch (column.type) {
    case 'string':
      return typeof value === 'string';
    case 'boolean':
      return typeof value === 'boolean';
    default:
      return typeof value === 'number';
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
