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
  if (text === undefined) return Number.NaN;
  let hasDigit = false;
  // Number() also reads hexadecimal, Infinity and nothing at all, which no trace means.
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code >= 48 && code <= 57) hasDigit = true;
    else if (code !== 46 && code !== 45 && code !== 43 && code !== 101 && code !== 69 && code !== 32) return Number.NaN;
  }
  const number = hasDigit ? Number(text) : Number.NaN;
  return Number.isFinite(number) ? number : Number.NaN;
}

/** A whole number from 0 up, of at most 15 digits, perhaps written with a fraction of zeros; -1 for anything else. */
export function count(text: string | undefined): number {
  if (text === undefined) return -1;
  const dot = text.indexOf('.');
  const end = dot === -1 ? text.length : dot;
  if (end === 0 || end > 15) return -1;
  let value = 0;
  for (let at = 0; at < end; at++) {
    const digit = text.charCodeAt(at) - 48;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return dot === -1 || /^\.0+$/.test(text.slice(dot)) ? value : -1;
}

/** What to say of a field that is not what it should be. */
export function badField(name: string, expected: string, found: string | undefined): BadRow {
  return new BadRow(found === undefined ? `"${name}" is missing: the row is cut short` : `"${name}" must be ${expected}, found "${found}"`);
}
