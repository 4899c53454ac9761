/**
 * Arguments: builders for the arguments of plugins, described as data.
 */
import type { ProblemList } from '../base/input-error.ts';
import { isRawObject } from '../objects/decode-reader.ts';
import type { ArgumentDef } from './framework.ts';

/** A whole number in min..max. */
export function integerArgument(name: string, fallback: number, min: number, max: number): ArgumentDef {
  const range = max === Infinity ? `at least ${min}` : `${min}..${max}`;
  return {
    name,
    expects: `a whole number, ${range}`,
    default: fallback,
    read(raw, path, problems) {
      if (typeof raw === 'number' && Number.isSafeInteger(raw) && raw >= min && raw <= max) return raw;
      problems.add(path, `expected a whole number, ${range}, found ${JSON.stringify(raw)}`);
      return fallback;
    },
  };
}

export function booleanArgument(name: string, fallback: boolean): ArgumentDef {
  return {
    name,
    expects: 'true or false',
    default: fallback,
    read(raw, path, problems) {
      if (typeof raw === 'boolean') return raw;
      problems.add(path, `expected true or false, found ${JSON.stringify(raw)}`);
      return fallback;
    },
  };
}

export function choiceArgument(name: string, fallback: string, choices: readonly string[]): ArgumentDef {
  return {
    name,
    expects: `one of ${choices.join(', ')}`,
    default: fallback,
    read(raw, path, problems) {
      if (typeof raw === 'string' && choices.includes(raw)) return raw;
      problems.addUnknown(path, name, String(raw), choices);
      return fallback;
    },
  };
}

/** A list of strings, each of which `check` may object to. */
export function namesArgument(name: string, check: (item: string) => string | undefined = () => undefined): ArgumentDef {
  return {
    name,
    expects: 'a list of strings',
    default: [],
    read(raw, path, problems) {
      if (!Array.isArray(raw)) {
        problems.add(path, `expected a list of strings, found ${JSON.stringify(raw)}`);
        return [];
      }
      const names: string[] = [];
      raw.forEach((item: unknown, index) => {
        const wrong = typeof item === 'string' ? check(item) : `expected a string, found ${JSON.stringify(item)}`;
        if (wrong !== undefined) problems.add(`${path}[${index}]`, wrong);
        else names.push(item as string);
      });
      return names;
    },
  };
}

/** A Go duration such as `10s`; kept as written. */
export function durationArgument(name: string, fallback: string): ArgumentDef {
  return {
    name,
    expects: 'a duration such as 10s',
    default: fallback,
    read(raw, path, problems) {
      if (typeof raw === 'string' && /^([0-9]+(\.[0-9]+)?(ns|us|ms|s|m|h))+$/.test(raw)) return raw;
      problems.add(path, `expected a duration such as 10s, found ${JSON.stringify(raw)}`);
      return fallback;
    },
  };
}

export interface ResourceWeight {
  readonly name: string;
  readonly weight: number;
}

export const CPU_AND_MEMORY: readonly ResourceWeight[] = Object.freeze([
  Object.freeze({ name: 'cpu', weight: 1 }),
  Object.freeze({ name: 'memory', weight: 1 }),
]);

/** A list of resources with weights; an absent weight, or 0, counts as 1. `weightMax` bounds it. */
export function readResourceWeights(raw: unknown, path: string, weightMax: number, problems: ProblemList): readonly ResourceWeight[] {
  if (!Array.isArray(raw)) {
    problems.add(path, `expected a list of resources, found ${JSON.stringify(raw)}`);
    return CPU_AND_MEMORY;
  }
  if (raw.length === 0) return CPU_AND_MEMORY;
  const seen = new Set<string>();
  return raw.map((item: unknown, index) => {
    const at = `${path}[${index}]`;
    const { name, weight } = isRawObject(item) ? item : {};
    if (typeof name !== 'string' || name === '') problems.add(`${at}.name`, 'expected the name of a resource');
    else if (seen.has(name)) problems.add(`${at}.name`, `resource ${name} is listed twice`);
    else seen.add(name);
    const value = weight ?? 1;
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0 || value > weightMax) {
      const range = weightMax === 1 ? 'must be 1' : `must be 1..${weightMax}`;
      problems.add(`${at}.weight`, `resource weight ${range}, found ${JSON.stringify(value)}`);
      return { name: String(name), weight: 1 };
    }
    return { name: String(name), weight: value === 0 ? 1 : value };
  });
}
