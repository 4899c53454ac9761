/**
 * DecodeReader: typed access to a parsed JSON or YAML value, collecting what is wrong with it.
 *
 * Every method returns a usable value even when it reports a problem, so that one pass finds all problems.
 * `null` counts as absent everywhere, as in Kubernetes.
 *
 * Cost      no allocation besides the result; paths are concatenated per nested value, formatted only for problems
 */
import type { ProblemList } from '../base/input-error.ts';
import { childPath, itemPath } from './document-path.ts';
import type { IntOrString, QuantityString, ResourceList, StringMap, TimeUs } from './meta.ts';
import { checkLabelValue, checkQualifiedName } from './names.ts';
import { isQuantity, parseQuantity, QuantityError } from './quantity.ts';
import { parseRfc3339 } from './rfc3339.ts';

export interface DecodeOptions {
  /** Report fields that Kubernetes does not know at their place. Default false: dumps and newer versions carry more than we know. */
  readonly strict?: boolean;
  /** Check names, required fields and allowed values as the API server would. Types are always checked. Default true. */
  readonly validate?: boolean;
  /** Namespace of namespaced objects that name none. Default `default`. */
  readonly defaultNamespace?: string;
  /** What to do with kinds the simulator does not model: keep them as CustomObject (default) or report them. */
  readonly otherKinds?: 'keep' | 'report';
  /** Given to every reader of a load, parts that several objects have in common are decoded once. */
  readonly shared?: SharedParts;
}

/** Decoded parts by the raw value they were made of, for readers with the same options: raw values that are one become one. */
export class SharedParts {
  private readonly byRole: Map<string, WeakMap<object, object>>;

  constructor() {
    this.byRole = new Map();
  }

  /** The parts of one role. */
  of(role: string): WeakMap<object, object> {
    let parts = this.byRole.get(role);
    if (parts === undefined) {
      parts = new WeakMap();
      this.byRole.set(role, parts);
    }
    return parts;
  }
}

export type RawObject = Readonly<Record<string, unknown>>;

const EMPTY_OBJECT: RawObject = Object.freeze({});
export const NO_STRINGS: StringMap = Object.freeze({});
export const NO_NAMES: readonly string[] = Object.freeze([]) as readonly string[];

export class DecodeReader {
  readonly problems: ProblemList;
  readonly strict: boolean;
  readonly validate: boolean;
  readonly defaultNamespace: string;
  readonly otherKinds: 'keep' | 'report';
  private readonly shared: SharedParts | undefined;

  constructor(problems: ProblemList, options: DecodeOptions = {}) {
    this.problems = problems;
    this.strict = options.strict ?? false;
    this.validate = options.validate ?? true;
    this.defaultNamespace = options.defaultNamespace ?? 'default';
    this.otherKinds = options.otherKinds ?? 'keep';
    this.shared = options.shared;
  }

  /** What `decode` makes of `raw`, made once if it is without problems. The same `role` must always come with the same `decode`. */
  once<T extends object>(role: string, raw: object, decode: () => T): T {
    // What stands in for values of a wrong type is no part of anything.
    if (this.shared === undefined || raw === EMPTY_OBJECT) return decode();
    const parts = this.shared.of(role);
    const known = parts.get(raw);
    if (known !== undefined) return known as T;
    const before = this.problems.problems.length;
    const made = decode();
    if (this.problems.problems.length === before) parts.set(raw, made);
    return made;
  }

  /** `raw` as a mapping; an empty one, reported, when it is something else. */
  asObject(raw: unknown, path: string): RawObject {
    if (isRawObject(raw)) return raw;
    this.wrongType(path, 'a mapping', raw);
    return EMPTY_OBJECT;
  }

  /** The mapping at `key`; undefined when absent. */
  object(from: RawObject, key: string, path: string): RawObject | undefined {
    const raw = from[key];
    if (raw === undefined || raw === null) return undefined;
    return this.asObject(raw, childPath(path, key));
  }

  /** The list at `key`; undefined when absent. */
  list(from: RawObject, key: string, path: string): readonly unknown[] | undefined {
    const raw = from[key];
    if (raw === undefined || raw === null) return undefined;
    if (Array.isArray(raw)) return raw as unknown[];
    this.wrongType(childPath(path, key), 'a list', raw);
    return undefined;
  }

  /** Every mapping of the list at `key` through `decode`; empty when absent. */
  items<T>(from: RawObject, key: string, path: string, decode: (item: RawObject, path: string) => T): readonly T[] {
    const raw = this.list(from, key, path);
    if (raw === undefined || raw.length === 0) return NO_NAMES as readonly never[];
    const listPath = childPath(path, key);
    const result: T[] = [];
    for (let i = 0; i < raw.length; i++) {
      const at = itemPath(listPath, i);
      result.push(decode(this.asObject(raw[i], at), at));
    }
    return result;
  }

  optionalString(from: RawObject, key: string, path: string): string | undefined {
    const raw = from[key];
    if (typeof raw === 'string') return raw;
    if (raw === undefined || raw === null) return undefined;
    const hint = typeof raw === 'number' || typeof raw === 'boolean' ? `write it in quotes: "${raw}"` : undefined;
    this.wrongType(childPath(path, key), 'a string', raw, hint);
    return undefined;
  }

  string(from: RawObject, key: string, path: string, fallback = ''): string {
    const raw = from[key];
    return typeof raw === 'string' ? raw : (this.optionalString(from, key, path) ?? fallback);
  }

  /** A string that must be there and not empty when validating. */
  requiredString(from: RawObject, key: string, path: string): string {
    const text = this.string(from, key, path);
    if (text === '' && this.validate && typeof from[key] !== 'object') this.missing(path, key);
    return text;
  }

  /** One of `valid`; `fallback` when absent or empty. */
  oneOf<T extends string>(from: RawObject, key: string, path: string, valid: readonly T[], fallback: T): T {
    const text = this.optionalString(from, key, path);
    if (text === undefined || text === '') return fallback;
    if ((valid as readonly string[]).includes(text)) return text as T;
    this.problems.addUnknown(childPath(path, key), key, text, valid);
    return fallback;
  }

  optionalBoolean(from: RawObject, key: string, path: string): boolean | undefined {
    const raw = from[key];
    if (typeof raw === 'boolean') return raw;
    if (raw === undefined || raw === null) return undefined;
    this.wrongType(childPath(path, key), 'true or false', raw);
    return undefined;
  }

  boolean(from: RawObject, key: string, path: string, fallback = false): boolean {
    return this.optionalBoolean(from, key, path) ?? fallback;
  }

  /** A whole number of at least `min` (checked when validating). */
  optionalInteger(from: RawObject, key: string, path: string, min = -Infinity): number | undefined {
    const raw = from[key];
    if (raw === undefined || raw === null) return undefined;
    if (typeof raw !== 'number' || !Number.isSafeInteger(raw)) {
      const hint = typeof raw === 'string' && /^[+-]?\d+$/.test(raw) ? 'write it without quotes' : undefined;
      this.wrongType(childPath(path, key), 'a whole number', raw, hint);
      return undefined;
    }
    if (raw < min && this.validate) this.problems.add(childPath(path, key), `must be at least ${min}, found ${raw}`);
    return raw;
  }

  integer(from: RawObject, key: string, path: string, fallback: number, min = -Infinity): number {
    return this.optionalInteger(from, key, path, min) ?? fallback;
  }

  /** A count or a percentage such as `25%`; undefined when absent. */
  optionalIntOrPercent(from: RawObject, key: string, path: string): IntOrString | undefined {
    const raw = from[key];
    if (raw === undefined || raw === null) return undefined;
    if (typeof raw === 'number' && Number.isSafeInteger(raw) && raw >= 0) return raw;
    if (typeof raw === 'string' && /^[0-9]+%$/.test(raw)) return raw;
    this.wrongType(childPath(path, key), 'a whole number of at least 0 or a percentage such as "25%"', raw);
    return undefined;
  }

  /** A time; undefined when absent. */
  optionalTime(from: RawObject, key: string, path: string): TimeUs | undefined {
    const raw = from[key];
    if (raw === undefined || raw === null || raw === '') return undefined;
    const timeUs = typeof raw === 'string' ? parseRfc3339(raw) : undefined;
    if (timeUs === undefined) this.wrongType(childPath(path, key), 'an RFC 3339 time such as 2025-01-01T00:00:00Z', raw);
    return timeUs;
  }

  time(from: RawObject, key: string, path: string): TimeUs {
    return this.optionalTime(from, key, path) ?? 0;
  }

  quantity(raw: unknown, path: string): QuantityString {
    const text = typeof raw === 'number' ? String(raw) : raw;
    if (typeof text === 'string' && isQuantity(text)) {
      if (this.validate && text.charCodeAt(0) === 45) this.problems.add(path, `must not be negative, found ${text}`);
      return text;
    }
    const parsed = typeof text === 'string' ? parseQuantity(text.trim()) : undefined;
    if (parsed instanceof QuantityError) this.problems.add(path, parsed.message);
    else this.wrongType(path, 'a quantity such as 500m or 2Gi', raw);
    return '0';
  }

  optionalQuantity(from: RawObject, key: string, path: string): QuantityString | undefined {
    const raw = from[key];
    return raw === undefined || raw === null ? undefined : this.quantity(raw, childPath(path, key));
  }

  /** Resource name to quantity; empty when absent. */
  resources(from: RawObject, key: string, path: string): ResourceList {
    const raw = this.object(from, key, path);
    if (raw === undefined) return NO_STRINGS;
    const result: Record<string, string> = {};
    const at = childPath(path, key);
    for (const name of Object.keys(raw)) {
      if (raw[name] === null) continue;
      if (this.validate && !isPlainResource(name)) this.checkName(at, name, 'resource', checkQualifiedName(name));
      result[name] = this.quantity(raw[name], childPath(at, name));
    }
    return result;
  }

  /** A mapping of strings; undefined when absent. */
  optionalStrings(from: RawObject, key: string, path: string): StringMap | undefined {
    const raw = this.object(from, key, path);
    return raw === undefined ? undefined : this.stringsOf(raw, key, path);
  }

  /** The same for `raw`, which was found at `key`. */
  stringsOf(raw: RawObject, key: string, path: string): StringMap {
    const result: Record<string, string> = {};
    for (const name of Object.keys(raw)) {
      const value = raw[name];
      result[name] = typeof value === 'string' ? value : this.string(raw, name, childPath(path, key));
    }
    return result;
  }

  /** A mapping of strings whose keys and values obey the rules of labels. */
  labels(from: RawObject, key: string, path: string): StringMap {
    const raw = this.object(from, key, path);
    return raw === undefined ? NO_STRINGS : this.once('labels', raw, () => this.checkedLabels(raw, key, path));
  }

  private checkedLabels(raw: RawObject, key: string, path: string): StringMap {
    const labels = this.stringsOf(raw, key, path);
    if (this.validate) {
      const at = childPath(path, key);
      for (const name of Object.keys(labels)) {
        this.checkName(at, name, 'label key', checkQualifiedName(name));
        const badValue = checkLabelValue(labels[name]!);
        if (badValue !== undefined) this.problems.add(childPath(at, name), `label value "${labels[name]}" ${badValue}`);
      }
    }
    return labels;
  }

  /** A list of strings; empty when absent. */
  names(from: RawObject, key: string, path: string): readonly string[] {
    const raw = this.list(from, key, path);
    if (raw === undefined || raw.length === 0) return NO_NAMES;
    const result: string[] = [];
    for (let i = 0; i < raw.length; i++) {
      if (typeof raw[i] === 'string') result.push(raw[i] as string);
      else this.wrongType(itemPath(childPath(path, key), i), 'a string', raw[i]);
    }
    return result;
  }

  /** In strict mode, reports fields of `from` that are not in `known`. */
  knownFields(from: RawObject, path: string, known: readonly string[]): void {
    if (!this.strict) return;
    for (const key of Object.keys(from)) {
      if (!known.includes(key)) this.problems.addUnknown(childPath(path, key), 'field', key, known);
    }
  }

  missing(path: string, key: string): void {
    this.problems.add(childPath(path, key), 'is required');
  }

  /** Reports a bad name found as a key of the mapping at `path`. */
  checkName(path: string, name: string, what: string, wrong: string | undefined): void {
    if (wrong !== undefined) this.problems.add(childPath(path, name), `${what} "${name}" ${wrong}`);
  }

  wrongType(path: string, expected: string, found: unknown, hint?: string): void {
    this.problems.add(path, `expected ${expected}, found ${describe(found)}`, hint);
  }
}

export function isRawObject(raw: unknown): raw is RawObject {
  return typeof raw === 'object' && raw !== null && !Array.isArray(raw);
}

function isPlainResource(name: string): boolean {
  return name === 'cpu' || name === 'memory' || name === 'pods' || name === 'ephemeral-storage' || name === 'storage';
}

function describe(found: unknown): string {
  if (Array.isArray(found)) return 'a list';
  if (isRawObject(found)) return 'a mapping';
  if (typeof found === 'string') return `the string ${JSON.stringify(found.length > 60 ? `${found.slice(0, 57)}...` : found)}`;
  return String(found);
}
