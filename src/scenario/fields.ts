/**
 * Fields: the zod types of single scenario values (durations, distributions, quantities, names), each with the message a
 * user sees when it is wrong and the description editors show.
 */
import { z } from 'zod';
import type { Distribution } from '../engine/distributions.ts';
import { isQuantity } from '../objects/quantity.ts';
import { type DistributionUnit, parseDistribution, parseUnit } from './distribution-text.ts';
import { DURATION_EXAMPLES, type Parsed, parseDuration } from './durations.ts';
import type { ParamInfo } from './vocabulary.ts';

/** A map with exactly these keys; anything else is refused with the nearest valid key. */
export function map<S extends z.core.$ZodLooseShape>(shape: S, description?: string): z.ZodObject<S, z.core.$strict> {
  const schema = z.strictObject(shape, { error: wrongType('a map of keys and values') });
  return description === undefined ? schema : schema.describe(description);
}

/** Text or a number, parsed; `example` says what is expected when it is neither. */
export function written<T>(parse: (text: string) => Parsed<T>, example: string, description: string) {
  return z
    .union([z.string(), z.number()], { error: wrongType(example) })
    .describe(description)
    .transform((raw, context): T => {
      const parsed = parse(String(raw));
      if (parsed.ok) return parsed.value;
      context.issues.push({ code: 'custom', message: parsed.problem, input: raw, params: { hint: parsed.hint } });
      return z.NEVER;
    });
}

export function duration(description: string) {
  return written(parseDuration, DURATION_EXAMPLES, description);
}

export function positiveDuration(description: string) {
  return written(parsePositiveDuration, DURATION_EXAMPLES, description);
}

export function parsePositiveDuration(raw: string): Parsed<number> {
  const parsed = parseDuration(raw);
  return parsed.ok && parsed.value === 0 ? { ok: false, problem: 'expected a duration above 0' } : parsed;
}

export function distribution(unit: DistributionUnit, description: string) {
  return written<Distribution>((text) => parseDistribution(text, unit), 'a value or a distribution', description);
}

/** A Kubernetes quantity, kept as written. */
export function quantity(description: string) {
  return written<string>(
    (text) =>
      isQuantity(text) && !text.startsWith('-')
        ? { ok: true, value: text }
        : { ok: false, problem: `expected a quantity such as 500m, 4, 1.5Gi or 64Gi, found "${text}"` },
    'a quantity such as 500m, 4, 1.5Gi or 64Gi',
    description,
  );
}

export function share(description: string) {
  return written<number>(parseShare, 'a share such as 25% or 0.25', description);
}

export function text(description: string) {
  return z.string({ error: wrongType('text') }).describe(description);
}

/** A name of a cluster object or a part of the topology: what Kubernetes accepts as a label value. */
export function name(description: string) {
  return written<string>(
    (raw) =>
      /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/.test(raw)
        ? { ok: true, value: raw }
        : { ok: false, problem: `expected a name of lower-case letters, digits, "-" and ".", found "${raw}"` },
    'a name',
    description,
  );
}

export function flag(description: string) {
  return z.boolean({ error: wrongType('true or false') }).describe(description);
}

export function wholeNumber(min: number, description: string, max = Number.MAX_SAFE_INTEGER) {
  const bounds = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`;
  return z
    .int({ error: wrongType(`a whole number ${bounds}`) })
    .min(min, { error: wrongType(`a whole number ${bounds}`) })
    .max(max, { error: wrongType(`a whole number ${bounds}`) })
    .describe(description);
}

export function amount(description: string, min = 0) {
  return z
    .number({ error: wrongType('a number') })
    .min(min, { error: wrongType(`a number of at least ${min}`) })
    .describe(description);
}

export function list<T extends z.ZodType>(item: T, description: string) {
  return z.array(item, { error: wrongType('a list') }).describe(description);
}

export function choice<const T extends readonly [string, ...string[]]>(values: T, description: string) {
  return z.enum(values).describe(description);
}

/** Label-like maps; numbers and booleans are refused as Kubernetes does, with the remedy. */
export function textMap(description: string) {
  return z
    .record(z.string(), z.string({ error: wrongType('text in quotes') }), { error: wrongType('a map of texts') })
    .describe(description);
}

export function quantityMap(description: string) {
  return z.record(z.string(), quantity('a quantity'), { error: wrongType('a map of resource names and quantities') }).describe(description);
}

/** The type of one parameter of a controller, fault, trace format or kubelet profile. */
export function paramField(param: ParamInfo): z.ZodType {
  const description = param.default === undefined ? param.summary : `${param.summary} (default ${describeDefault(param.default)})`;
  const between = (value: number): Parsed<number> => {
    if (param.min !== undefined && value < param.min) return { ok: false, problem: `expected at least ${param.min}, found ${value}` };
    if (param.max !== undefined && value > param.max) return { ok: false, problem: `expected at most ${param.max}, found ${value}` };
    return { ok: true, value };
  };
  const bounded =
    (parse: (raw: string) => Parsed<number>) =>
    (raw: string): Parsed<number> => {
      const parsed = parse(raw);
      return parsed.ok ? between(parsed.value) : parsed;
    };
  switch (param.type) {
    case 'duration':
      return written(bounded(parseDuration), DURATION_EXAMPLES, description);
    case 'distribution':
      return distribution('duration', description);
    case 'bytes':
      return written(
        bounded((raw) => parseUnit(raw, 'bytes')),
        'an amount of bytes such as 40Mi',
        description,
      );
    case 'ratio':
      return written(bounded(parseShare), 'a share such as 25% or 0.25', description);
    case 'number':
      return written(
        bounded((raw) => parseUnit(raw, 'number')),
        'a number',
        description,
      );
    case 'integer':
      return written(bounded(parseWhole), 'a whole number', description);
    case 'boolean':
      return flag(description);
    case 'choice':
      return z.enum(param.choices as [string, ...string[]]).describe(description);
    case 'list':
      return list(z.string({ error: wrongType('text') }), description);
    default:
      return text(description);
  }
}

export function parseShare(raw: string): Parsed<number> {
  const match = /^(\d+(?:\.\d+)?)\s*(%?)$/.exec(raw.trim());
  const bad: Parsed<number> = { ok: false, problem: `expected a share such as 25% or 0.25, found "${raw}"` };
  if (match === null) return bad;
  const value = Number(match[2] === '%' ? `${match[1]}e-2` : match[1]);
  return value <= 1 ? { ok: true, value } : { ok: false, problem: `expected a share from 0 to 1 (or 0% to 100%), found "${raw}"` };
}

function parseWhole(raw: string): Parsed<number> {
  return /^-?\d+$/.test(raw.trim()) ? { ok: true, value: Number(raw) } : { ok: false, problem: `expected a whole number, found "${raw}"` };
}

/** zod's error callback: says what was expected and what stands there instead. */
export function wrongType(expected: string) {
  return (issue: { readonly input?: unknown; readonly code?: string }): string | undefined => {
    if (issue.code === 'unrecognized_keys') return undefined;
    return issue.input === undefined ? `missing, expected ${expected}` : `expected ${expected}, found ${describeValue(issue.input)}`;
  };
}

/** How a message names a value: `"abc"`, `12`, `a list`, `a map`, `nothing`. */
export function describeValue(value: unknown): string {
  if (value === null) return 'nothing';
  if (typeof value === 'string') return `"${value}"`;
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a map';
  return String(value);
}

function describeDefault(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
