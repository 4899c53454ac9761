/**
 * Distributions as people write them: `exponential(mean: 30d)`, `lognormal(15m, 1)`, `uniform(min: 100m, max: 2)`, `empirical(1s, 5s)`,
 * or a bare value, which is constant.
 *
 * Parameters that carry a unit are read as durations, CPU quantities, byte quantities or plain numbers, whatever the place
 * asks for; sigma, shape and alpha never have one.
 */

import { nearestName } from '../base/nearest-name.ts';
import { DIMENSIONLESS_PARAMETERS, DISTRIBUTION_PARAMETERS, type Distribution, type DistributionKind } from '../engine/distributions.ts';
import { isQuantity, quantityMilli, quantityValue } from '../objects/quantity.ts';
import { DURATION_EXAMPLES, type Parsed, parseDuration } from './durations.ts';

/** What the numbers of a distribution mean: us, thousandths of a core, bytes, or nothing. */
export type DistributionUnit = 'duration' | 'cpu-milli' | 'bytes' | 'number';

const UNIT_EXAMPLES: Readonly<Record<DistributionUnit, string>> = {
  duration: DURATION_EXAMPLES,
  'cpu-milli': 'a CPU quantity such as 250m or 2',
  bytes: 'a quantity of bytes such as 512Mi or 4Gi',
  number: 'a number',
};

const KINDS = Object.keys(DISTRIBUTION_PARAMETERS) as DistributionKind[];

/** Parses one value or distribution of `unit`. */
export function parseDistribution(text: string, unit: DistributionUnit): Parsed<Distribution> {
  const call = /^\s*([A-Za-z][\w-]*)\s*\((.*)\)\s*$/s.exec(text);
  if (call === null) {
    const value = parseUnit(text, unit);
    if (value.ok) return { ok: true, value: { kind: 'constant', value: value.value } };
    return {
      ...value,
      problem: value.problem.replace(/^expected (.*?), found/s, 'expected $1, or a distribution such as exponential(mean: …), found'),
    };
  }
  const kind = KINDS.find((name) => name === call[1]!.toLowerCase());
  if (kind === undefined) {
    const nearest = nearestName(call[1]!, KINDS);
    const problem = `unknown distribution "${call[1]}", expected one of ${KINDS.join(', ')}`;
    return nearest === undefined ? { ok: false, problem } : { ok: false, problem, hint: `did you mean "${nearest}"?` };
  }
  const parts = call[2]!.trim() === '' ? [] : call[2]!.split(',').map((part) => part.trim());
  return kind === 'empirical' ? parseEmpirical(parts, unit) : parseParameters(kind, parts, unit);
}

function parseEmpirical(parts: readonly string[], unit: DistributionUnit): Parsed<Distribution> {
  if (parts.length === 0) return { ok: false, problem: 'empirical(…) needs at least one value' };
  const values: number[] = [];
  for (const part of parts) {
    const value = parseUnit(part, unit);
    if (!value.ok) return value;
    values.push(value.value);
  }
  return { ok: true, value: { kind: 'empirical', values } };
}

function parseParameters(
  kind: Exclude<DistributionKind, 'empirical'>,
  parts: readonly string[],
  unit: DistributionUnit,
): Parsed<Distribution> {
  const names = DISTRIBUTION_PARAMETERS[kind];
  const usage = `${kind}(${names.map((name) => `${name}: …`).join(', ')})`;
  const values = new Map<string, number>();
  for (const [index, part] of parts.entries()) {
    const named = /^([A-Za-z][\w-]*)\s*[:=]\s*(.*)$/s.exec(part);
    const name = named === null ? names[index] : named[1]!;
    if (name === undefined) return { ok: false, problem: `too many parameters, expected ${usage}` };
    if (!names.includes(name)) {
      const nearest = nearestName(name, names);
      const problem = `unknown parameter "${name}" of ${kind}, expected ${usage}`;
      return nearest === undefined ? { ok: false, problem } : { ok: false, problem, hint: `did you mean "${nearest}"?` };
    }
    if (values.has(name)) return { ok: false, problem: `parameter "${name}" of ${kind} is given twice` };
    const value = parseUnit(named === null ? part : named[2]!, DIMENSIONLESS_PARAMETERS.includes(name) ? 'number' : unit);
    if (!value.ok) return { ...value, problem: `parameter "${name}" of ${kind}: ${value.problem}` };
    values.set(name, value.value);
  }
  const missing = names.filter((name) => !values.has(name));
  if (missing.length > 0)
    return { ok: false, problem: `${kind} needs ${missing.map((name) => `"${name}"`).join(' and ')}, expected ${usage}` };
  const wrong = rangeProblem(kind, values);
  if (wrong !== undefined) return { ok: false, problem: wrong };
  return { ok: true, value: { kind, ...Object.fromEntries(values) } as unknown as Distribution };
}

/** Parameters outside their range, or undefined. Zero means are allowed: they make the distribution constant. */
function rangeProblem(kind: DistributionKind, values: ReadonlyMap<string, number>): string | undefined {
  for (const [name, value] of values) {
    if (!Number.isFinite(value)) return `parameter "${name}" of ${kind} must be finite`;
    if (value < 0) return `parameter "${name}" of ${kind} must not be negative, found ${value}`;
    if (value === 0 && (name === 'shape' || name === 'alpha')) return `parameter "${name}" of ${kind} must be above 0`;
  }
  if (kind === 'uniform' && values.get('min')! > values.get('max')!) return 'uniform needs min <= max';
  return undefined;
}

/** One plain value in the base unit of `unit`. */
export function parseUnit(text: string, unit: DistributionUnit): Parsed<number> {
  const trimmed = text.trim();
  if (unit === 'duration') return parseDuration(trimmed);
  const bad: Parsed<number> = { ok: false, problem: `expected ${UNIT_EXAMPLES[unit]}, found "${text}"` };
  if (unit === 'number') return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(trimmed) ? { ok: true, value: Number(trimmed) } : bad;
  if (!isQuantity(trimmed)) return bad;
  const value = unit === 'cpu-milli' ? quantityMilli(trimmed) : quantityValue(trimmed);
  return value < 0
    ? { ok: false, problem: `expected ${UNIT_EXAMPLES[unit]}, found "${text}": quantities cannot be negative` }
    : { ok: true, value };
}
