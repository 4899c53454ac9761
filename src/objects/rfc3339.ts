/**
 * RFC 3339 times and the epoch of a run.
 *
 * Inside, times are microseconds since the start of the run; outside they are dates, counted from a fixed epoch so
 * that the same run always writes the same bytes.
 *
 * Differs   fractions finer than a microsecond are cut off
 */
import type { TimeUs } from './meta.ts';

/** Time 0 of every run. */
export const RUN_EPOCH = '2025-01-01T00:00:00Z';

// Days from 1970-01-01 to 2025-01-01.
const EPOCH_DAY = 20_089;
const DAY_US = 86_400_000_000;

const PATTERN = /^(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2}):(\d{2})(?:[.,](\d+))?(?:[Zz]|([+-])(\d{2}):(\d{2}))$/;

/** Microseconds from the run's epoch to `text`; undefined when it is no RFC 3339 time. */
export function parseRfc3339(text: string): TimeUs | undefined {
  const match = PATTERN.exec(text);
  if (match === null) return undefined;
  const year = Number(match[1]);
  const month = Number(match[2]);
  const day = Number(match[3]);
  const hour = Number(match[4]);
  const minute = Number(match[5]);
  const second = Number(match[6]);
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month) || hour > 23 || minute > 59 || second > 60) return undefined;
  const micros = Number((match[7] ?? '').padEnd(6, '0').slice(0, 6));
  const offsetMinutes = match[8] === undefined ? 0 : (match[8] === '-' ? -1 : 1) * (Number(match[9]) * 60 + Number(match[10]));
  const days = daysFromCivil(year, month, day) - EPOCH_DAY;
  return days * DAY_US + ((hour * 60 + minute - offsetMinutes) * 60 + second) * 1_000_000 + micros;
}

/** `2025-01-01T00:00:00Z` plus `timeUs`, with as many decimals as needed, at most six. */
export function formatRfc3339(timeUs: TimeUs): string {
  const whole = Math.floor(timeUs);
  const days = Math.floor(whole / DAY_US);
  const inDay = whole - days * DAY_US;
  const { year, month, day } = civilFromDays(days + EPOCH_DAY);
  const seconds = Math.floor(inDay / 1_000_000);
  const micros = inDay - seconds * 1_000_000;
  const fraction = micros === 0 ? '' : `.${String(micros).padStart(6, '0').replace(/0+$/, '')}`;
  const clock = `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  return `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}T${clock}${fraction}Z`;
}

function two(number: number): string {
  return String(number).padStart(2, '0');
}

function daysInMonth(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** Days from 1970-01-01 in the proleptic Gregorian calendar: years start in March, 400-year eras have 146,097 days. */
function daysFromCivil(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

function civilFromDays(days: number): { year: number; month: number; day: number } {
  const z = days + 719_468;
  const era = Math.floor(z / 146_097);
  const dayOfEra = z - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1_460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shifted = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * shifted + 2) / 5) + 1;
  const month = shifted < 10 ? shifted + 3 : shifted - 9;
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day };
}
