/**
 * Columns: reading numbers and names out of rows, with messages that say what was expected.
 */
import { BadRow } from './trace.ts';

/** Positions of the named columns; which are missing is said in one message. Optional columns are -1 when absent. */
export function findColumns(
  header: readonly string[],
  required: readonly string[],
  optional: readonly string[] = [],
): Readonly<Record<string, number>> | BadRow {
  const names = header.map((name) => name.trim());
  const missing = required.filter((name) => !names.includes(name));
  if (missing.length > 0) {
    return new BadRow(`the header lacks ${missing.map((name) => `"${name}"`).join(', ')}: expected ${required.join(',')}`);
  }
  return Object.fromEntries([...required, ...optional].map((name) => [name, names.indexOf(name)]));
}

/** A finite decimal number; NaN for anything else, the empty text included. */
export function decimal(text: string | undefined): number {
  if (text === undefined || !/^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$/.test(text)) return Number.NaN;
  return Number(text);
}

/** A whole number from 0 up; -1 for anything else. */
export function count(text: string | undefined): number {
  if (text === undefined || !/^\d{1,15}(\.0+)?$/.test(text)) return -1;
  return Number(text);
}

/** What to say of a field that is not what it should be. */
export function badField(name: string, expected: string, found: string | undefined): BadRow {
  return new BadRow(found === undefined ? `"${name}" is missing: the row is cut short` : `"${name}" must be ${expected}, found "${found}"`);
}
