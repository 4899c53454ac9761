/**
 * Durations as people write them: `90s`, `20m`, `2h`, `30d`, `1h30m`, `1.5s`, `250ms`, `40us`.
 *
 * Units     results are whole, non-negative microseconds
 * Order     a part without unit is refused, except a lone `0`: nobody can guess whether `90` meant seconds or minutes
 */
import { DAY_US, HOUR_US, MILLISECOND_US, MINUTE_US, SECOND_US } from '../engine/units.ts';

/** A parsed value, or what is wrong with the text. */
export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: string; readonly hint?: string };

/** Unit name to microseconds, longest first, as help and messages list them. */
export const DURATION_UNITS: ReadonlyMap<string, number> = new Map([
  ['w', 7 * DAY_US],
  ['d', DAY_US],
  ['h', HOUR_US],
  ['m', MINUTE_US],
  ['s', SECOND_US],
  ['ms', MILLISECOND_US],
  ['us', 1],
]);

export const DURATION_EXAMPLES = 'a duration such as 250ms, 90s, 20m, 2h or 30d';

export function parseDuration(text: string): Parsed<number> {
  const trimmed = text.trim();
  if (trimmed === '0') return { ok: true, value: 0 };
  const bad = (detail = ''): Parsed<number> => ({ ok: false, problem: `expected ${DURATION_EXAMPLES}, found "${text}"${detail}` });
  if (/^-/.test(trimmed)) return bad(': durations cannot be negative');
  if (/^\d+(\.\d+)?$/.test(trimmed))
    return { ok: false, problem: `expected ${DURATION_EXAMPLES}, found "${text}"`, hint: `write "${trimmed}s" for seconds` };
  const part = /(\d+(?:\.\d+)?)\s*([a-zA-Zµμ]+)\s*/y;
  let totalUs = 0;
  let lastUnitUs = Infinity;
  let at = 0;
  while (at < trimmed.length) {
    part.lastIndex = at;
    const match = part.exec(trimmed);
    if (match === null) return bad();
    const unit = match[2]!.replace(/^[µμ]s$/, 'us');
    const unitUs = DURATION_UNITS.get(unit);
    if (unitUs === undefined) return bad(`: unknown unit "${match[2]}", expected one of ${[...DURATION_UNITS.keys()].join(', ')}`);
    if (unitUs >= lastUnitUs) return bad(': units must go from large to small, each once');
    lastUnitUs = unitUs;
    totalUs += Number(match[1]) * unitUs;
    at = part.lastIndex;
  }
  if (trimmed === '') return bad();
  const rounded = Math.round(totalUs);
  if (!Number.isSafeInteger(rounded)) return bad(': longer than 285 years');
  return { ok: true, value: rounded };
}
