/**
 * Units of simulated time. All times in the simulator are integers of microseconds since the start
 * of the run, exact up to 2^53 (285 years).
 */
export const MILLISECOND_US = 1_000;
export const SECOND_US = 1_000_000;
export const MINUTE_US = 60 * SECOND_US;
export const HOUR_US = 60 * MINUTE_US;
export const DAY_US = 24 * HOUR_US;

/** Writes a time for people: `1d02h03m04.005006s`, leading zero units left out. */
export function formatDuration(us: number): string {
  if (!Number.isFinite(us)) return String(us);
  const sign = us < 0 ? '-' : '';
  let rest = Math.abs(us);
  const days = Math.floor(rest / DAY_US);
  rest -= days * DAY_US;
  const hours = Math.floor(rest / HOUR_US);
  rest -= hours * HOUR_US;
  const minutes = Math.floor(rest / MINUTE_US);
  rest -= minutes * MINUTE_US;
  const seconds = Math.floor(rest / SECOND_US);
  const fraction = rest - seconds * SECOND_US;
  let text = '';
  if (days > 0) text += `${days}d`;
  if (hours > 0) text += `${hours}h`;
  if (minutes > 0) text += `${minutes}m`;
  if (fraction > 0) text += `${seconds}.${String(fraction).padStart(6, '0').replace(/0+$/, '')}s`;
  else if (seconds > 0 || text === '') text += `${seconds}s`;
  return sign + text;
}
