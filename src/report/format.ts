/**
 * Numbers as people read them. The same on every machine: no locale is asked.
 */

/** A value in its unit, with the unit; an en dash for nothing. */
export function formatValue(value: number | string | boolean | null | undefined, unit: string): string {
  if (value === null || value === undefined) return '–';
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  switch (unit) {
    case 'us':
      return formatSpan(value);
    case 'share':
      return formatShare(value);
    case 'bytes':
      return formatBytes(value);
    case 'cores':
      return `${formatNumber(value)} cores`;
    case '1/s':
      return `${formatNumber(value)} /s`;
    case 'kWh':
    case 'hours':
      return `${formatNumber(value)} ${unit === 'hours' ? 'h' : unit}`;
    default:
      return formatNumber(value);
  }
}

/** Up to four significant digits, thousands in groups: 1 234 567, 12.35, 0.004. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  if (size >= 1000) return grouped(Math.round(value));
  if (Number.isInteger(value)) return String(value);
  const digits = size >= 100 ? 1 : size >= 1 ? 2 : size >= 0.01 ? 3 : size >= 0.0001 ? 5 : 7;
  return trimZeros(value.toFixed(digits));
}

/** 97.98 %; small ones get more digits, and only a true 1 is 100 %. */
export function formatShare(share: number): string {
  const percent = share * 100;
  const size = Math.abs(percent);
  if (size !== 0 && size < 0.01) return '< 0.01 %';
  let text = trimZeros(percent.toFixed(size >= 99 && size < 100 ? 3 : size >= 10 ? 1 : 2));
  if (share < 1 && text === '100') text = '> 99.999';
  return `${text} %`;
}

const BYTE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'];

export function formatBytes(bytes: number): string {
  let value = bytes;
  let step = 0;
  while (Math.abs(value) >= 1024 && step < BYTE_UNITS.length - 1) {
    value /= 1024;
    step++;
  }
  return `${formatNumber(Math.abs(value) >= 100 ? Math.round(value) : value)} ${BYTE_UNITS[step]}`;
}

/** A duration in the two largest units that matter: 350 ms, 12.9 s, 5 min 54 s, 2 d 3 h. */
export function formatSpan(us: number): string {
  if (!Number.isFinite(us)) return '–';
  const sign = us < 0 ? '−' : '';
  const size = Math.abs(us);
  if (size === 0) return '0 s';
  if (size < 1000) return `${sign}${Math.round(size)} µs`;
  if (size < 1_000_000) return `${sign}${trimZeros((size / 1000).toFixed(size < 10_000 ? 2 : size < 100_000 ? 1 : 0))} ms`;
  if (size < 60_000_000) return `${sign}${trimZeros((size / 1_000_000).toFixed(size < 10_000_000 ? 2 : 1))} s`;
  const seconds = Math.round(size / 1_000_000);
  if (seconds < 3600) return `${sign}${twoUnits(seconds, 60, 'min', 's')}`;
  if (seconds < 86_400) return `${sign}${twoUnits(Math.round(seconds / 60), 60, 'h', 'min')}`;
  return `${sign}${twoUnits(Math.round(seconds / 3600), 24, 'd', 'h')}`;
}

/** A point in time since the start: 30 s, 15 min, 2:05 min, 1 h 15, 1:05:30, 2 d 03:30; tenths of seconds when `stepUs` is that fine. */
export function formatClock(us: number, stepUs = 1_000_000): string {
  if (us === 0) return '0';
  if (us < 60_000_000) return formatSpan(stepUs < 1_000_000 ? us : Math.round(us / 1_000_000) * 1_000_000);
  const seconds = Math.round(us / 1_000_000);
  const days = Math.floor(seconds / 86_400);
  const hours = Math.floor((seconds % 86_400) / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  const rest = seconds % 60;
  if (days > 0)
    return hours === 0 && minutes === 0 ? `${days} d` : minutes === 0 ? `${days} d ${hours} h` : `${days} d ${two(hours)}:${two(minutes)}`;
  if (rest !== 0) return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)} min`;
  if (hours === 0) return `${minutes} min`;
  return minutes === 0 ? `${hours} h` : `${hours} h ${two(minutes)}`;
}

/** Digits in groups of three, separated by narrow no-break spaces. */
function grouped(integer: number): string {
  return String(integer).replace(/\B(?=(\d{3})+(?!\d))/g, '\u202f');
}

function twoUnits(total: number, per: number, big: string, small: string): string {
  const rest = total % per;
  const whole = (total - rest) / per;
  return rest === 0 ? `${whole} ${big}` : `${whole} ${big} ${rest} ${small}`;
}

function two(value: number): string {
  return value < 10 ? `0${value}` : String(value);
}

function trimZeros(text: string): string {
  return text.includes('.') ? text.replace(/0+$/, '').replace(/\.$/, '') : text;
}
