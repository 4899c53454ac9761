/**
 * Parameters described as data: name, type, default, bounds and one sentence. Validation, help and
 * documentation of a family's members (controllers, faults, ...) follow from these descriptions.
 *
 * Units     durations are microseconds, shares 0..1
 */
import type { ProblemList } from './input-error.ts';
import { nearestName } from './nearest-name.ts';

export interface ParameterDef {
  readonly name: string;
  /** `duration` values are integers of microseconds. */
  readonly type: 'duration' | 'integer' | 'number' | 'boolean' | 'text';
  readonly default: number | boolean | string;
  /** Inclusive bounds of numbers and durations; absent: none. */
  readonly min?: number;
  readonly max?: number;
  /** The only texts allowed; absent: any. */
  readonly choices?: readonly string[];
  /** What it does, and where its default comes from. */
  readonly summary: string;
}

/** Values by name, complete: every described parameter has one. */
export class ParameterValues {
  private readonly values: ReadonlyMap<string, number | boolean | string>;

  constructor(values: ReadonlyMap<string, number | boolean | string>) {
    this.values = values;
  }

  number(name: string): number {
    return this.values.get(name) as number;
  }

  boolean(name: string): boolean {
    return this.values.get(name) as boolean;
  }

  text(name: string): string {
    return this.values.get(name) as string;
  }
}

/**
 * The values of `defs`: `given` where it has one, the default elsewhere. Whatever is wrong (unknown
 * name, wrong type, out of bounds) is added to `problems` under `path`, and the default is used.
 */
export function resolveParameters(
  defs: readonly ParameterDef[],
  given: Readonly<Record<string, unknown>>,
  path: string,
  problems: ProblemList,
): ParameterValues {
  const names = defs.map((def) => def.name);
  for (const name of Object.keys(given)) {
    if (names.includes(name)) continue;
    const nearest = nearestName(name, names);
    const hint = nearest === undefined ? undefined : `did you mean "${nearest}"?`;
    problems.add(`${path}.${name}`, `unknown parameter, expected one of ${names.join(', ')}`, hint);
  }
  const values = new Map<string, number | boolean | string>();
  for (const def of defs) {
    const value = Object.hasOwn(given, def.name) ? given[def.name] : def.default;
    const problem = checkParameter(def, value);
    if (problem !== undefined) problems.add(`${path}.${def.name}`, problem);
    values.set(def.name, problem === undefined ? (value as number | boolean | string) : def.default);
  }
  return new ParameterValues(values);
}

/** What is wrong with `value`, half a sentence; undefined when nothing is. */
export function checkParameter(def: ParameterDef, value: unknown): string | undefined {
  switch (def.type) {
    case 'boolean':
      return typeof value === 'boolean' ? undefined : `expected true or false, found ${show(value)}`;
    case 'text':
      if (typeof value !== 'string') return `expected text, found ${show(value)}`;
      if (def.choices !== undefined && !def.choices.includes(value))
        return `expected one of ${def.choices.join(', ')}, found ${show(value)}`;
      return undefined;
    default: {
      const what = def.type === 'number' ? 'a number' : def.type === 'integer' ? 'a whole number' : 'a duration';
      if (typeof value !== 'number' || !Number.isFinite(value)) return `expected ${what}, found ${show(value)}`;
      if (def.type !== 'number' && !Number.isSafeInteger(value)) return `expected ${what}, found ${show(value)}`;
      if (def.min !== undefined && value < def.min) return `must be at least ${def.min}, found ${value}`;
      if (def.max !== undefined && value > def.max) return `must be at most ${def.max}, found ${value}`;
      return undefined;
    }
  }
}

function show(value: unknown): string {
  return typeof value === 'string' ? `"${value}"` : String(value);
}
