/**
 * Parses one expectation, `p99(pod.startup) <= 5s`, against the vocabulary of expect.ts. Says at which character the
 * first mistake is.
 */
import { nearestName } from '../base/nearest-name.ts';
import { parseDuration } from './durations.ts';
import { type Comparator, type Expectation, MEASURES, type MeasureInfo, type MeasureUnit, SERIES, SETS } from './expect.ts';

export type ParsedExpectation =
  | { readonly ok: true; readonly value: Omit<Expectation, 'file' | 'line' | 'column'> }
  /** `offset` is the 0-based place in the text. */
  | { readonly ok: false; readonly problem: string; readonly hint?: string; readonly offset: number };

const COMPARATORS: readonly Comparator[] = ['>=', '<=', '==', '!=', '>', '<'];
const LEVELS: readonly string[] = ['region', 'zone', 'power', 'rack', 'node'];
const POD_FILTERS: readonly string[] = ['phase', 'namespace', 'node', 'zone', 'ready'];
const PHASES: readonly string[] = ['Pending', 'Running', 'Succeeded', 'Failed'];
const WORKLOAD_KINDS: readonly string[] = ['deployment', 'replicaset', 'statefulset'];

/** Thrown and caught in this file only: a parser with one exit per mistake reads better than one with results everywhere. */
class Mistake {
  readonly offset: number;
  readonly problem: string;
  readonly hint: string | undefined;

  constructor(offset: number, problem: string, hint?: string) {
    this.offset = offset;
    this.problem = problem;
    this.hint = hint;
  }
}

export function parseExpectation(text: string): ParsedExpectation {
  try {
    return { ok: true, value: parse(text) };
  } catch (mistake) {
    if (!(mistake instanceof Mistake)) throw mistake;
    const { offset, problem, hint } = mistake;
    return hint === undefined ? { ok: false, problem, offset } : { ok: false, problem, hint, offset };
  }
}

function parse(text: string): Omit<Expectation, 'file' | 'line' | 'column'> {
  const head = /^\s*([A-Za-z_][\w.]*)\s*/.exec(text);
  if (head === null) throw new Mistake(0, `expected a measure such as availability(deployment/web), found "${text}"`);
  const name = head[1]!;
  const info = MEASURES.find((measure) => measure.name === name);
  if (info === undefined)
    throw unknown(
      text.indexOf(name),
      'measure',
      name,
      MEASURES.map((measure) => measure.name),
    );
  let at = head[0].length;
  let args: readonly string[] = [];
  if (text[at] === '(') {
    const end = text.indexOf(')', at);
    if (end === -1) throw new Mistake(at, 'the parenthesis is never closed');
    args = parseArguments(info, text.slice(at + 1, end), at + 1);
    at = end + 1;
  } else {
    checkCount(info, [], at);
  }
  const rest = /^\s*(>=|<=|==|!=|>|<|=)?/.exec(text.slice(at))!;
  const comparator = rest[1];
  const comparatorAt = at + rest[0].length - (comparator?.length ?? 0);
  if (comparator === undefined) throw new Mistake(at, `expected one of ${COMPARATORS.join(' ')} after ${text.slice(0, at).trim()}`);
  if (comparator === '=') throw new Mistake(comparatorAt, 'expected a comparison, found "="', 'write == for equality');
  const valueAt = at + rest[0].length;
  const bound = parseBound(info, comparator as Comparator, text.slice(valueAt), valueAt);
  return { text: text.trim(), measure: name, args, comparator: comparator as Comparator, bound, unit: info.unit };
}

function parseArguments(info: MeasureInfo, inside: string, offset: number): readonly string[] {
  const args = inside.trim() === '' ? [] : inside.split(',').map((part) => part.trim());
  checkCount(info, args, offset);
  let at = offset;
  for (const [index, arg] of args.entries()) {
    const found = inside.indexOf(arg, at - offset);
    at = offset + Math.max(0, found);
    const label = info.args[Math.min(index, info.args.length - 1)]!.replace(/[?*]$/, '');
    checkArgument(info, label, arg, at);
    at += arg.length;
  }
  return args.map((arg) => arg.replace(/\s*(!=|=)\s*/, '$1'));
}

function checkCount(info: MeasureInfo, args: readonly string[], offset: number): void {
  const least = info.args.filter((arg) => !/[?*]$/.test(arg)).length;
  const most = info.args.some((arg) => arg.endsWith('*')) ? Infinity : info.args.length;
  if (args.length >= least && args.length <= most) return;
  throw new Mistake(offset, `${usageOf(info)} takes ${describeCount(least, most)}, found ${args.length}`, `for example ${info.example}`);
}

function describeCount(least: number, most: number): string {
  if (least === most) return least === 0 ? 'no arguments' : `${least} argument${least === 1 ? '' : 's'}`;
  return most === Infinity ? `at least ${least} arguments` : `${least} to ${most} arguments`;
}

/** `availability(workload, threshold?)`. */
export function usageOf(info: MeasureInfo): string {
  return info.args.length === 0 ? info.name : `${info.name}(${info.args.join(', ')})`;
}

function checkArgument(info: MeasureInfo, label: string, arg: string, at: number): void {
  if (arg === '') throw new Mistake(at, `empty argument in ${usageOf(info)}`);
  switch (label) {
    case 'series':
      if (SERIES[arg] === undefined) throw unknown(at, 'sample series', arg, Object.keys(SERIES));
      return;
    case 'set':
      if (SETS[arg] === undefined && !/^fault\/.+/.test(arg)) throw unknown(at, 'set', arg, [...Object.keys(SETS), 'fault/<name>']);
      return;
    case 'level':
      if (!LEVELS.includes(arg)) throw unknown(at, 'level', arg, LEVELS);
      return;
    case 'fault':
      if (!/^fault\/[\w.-]+$/.test(arg))
        throw new Mistake(at, `expected fault/<name>, found "${arg}"`, 'the name of an event, or of its fault when it has no name');
      return;
    case 'workload':
      checkWorkload(arg, at);
      return;
    case 'threshold':
      if (!/^\d+$/.test(arg) && !/^\d+(\.\d+)?%$/.test(arg))
        throw new Mistake(at, `expected a number of replicas or a share such as 50%, found "${arg}"`);
      return;
    case 'statistic':
      if (!['mean', 'max', 'end'].includes(arg)) throw unknown(at, 'statistic', arg, ['mean', 'max', 'end']);
      return;
    case 'filter':
      checkFilter(arg, at);
      return;
    default:
      // `resource`: any resource name may exist in a cluster.
      if (!/^[\w./-]+$/.test(arg)) throw new Mistake(at, `expected a ${label}, found "${arg}"`);
  }
}

function checkWorkload(arg: string, at: number): void {
  const parts = arg.split('/');
  if (parts.length < 2 || parts.length > 3 || parts.some((part) => part === '')) {
    throw new Mistake(at, `expected a workload such as deployment/web or deployment/<namespace>/web, found "${arg}"`);
  }
  if (!WORKLOAD_KINDS.includes(parts[0]!)) throw unknown(at, 'kind of workload', parts[0]!, WORKLOAD_KINDS);
}

function checkFilter(arg: string, at: number): void {
  const match = /^([\w./-]+)\s*(!=|=)\s*([\w./*-]*)$/.exec(arg);
  if (match === null) throw new Mistake(at, `expected key=value or key!=value, found "${arg}"`, 'for example phase=Running');
  const [, key, , value] = match;
  if (key === 'phase' && !PHASES.includes(value!)) throw unknown(at, 'phase', value!, PHASES);
  if (key === 'ready' && value !== 'true' && value !== 'false') throw unknown(at, 'value of ready', value!, ['true', 'false']);
  // Any other word is a label key, so only a near miss of a filter in capitals is surely a mistake.
  const lower = key!.toLowerCase();
  if (key !== lower && POD_FILTERS.includes(lower)) throw new Mistake(at, `unknown filter "${key}"`, `did you mean "${lower}"?`);
}

function parseBound(info: MeasureInfo, comparator: Comparator, raw: string, offset: number): number | string {
  const written = raw.trim();
  const at = offset + raw.length - raw.trimStart().length;
  if (written === '') throw new Mistake(offset, `expected ${describeUnit(info.unit)} after ${comparator}`);
  switch (info.unit) {
    case 'sequence':
      return parseSequence(comparator, written, at);
    case 'duration': {
      const parsed = parseDuration(written);
      if (parsed.ok) return parsed.value;
      throw new Mistake(at, `${info.name} is a duration: ${parsed.problem}`, parsed.hint);
    }
    case 'ratio': {
      const match = /^(\d+(?:\.\d+)?)\s*(%?)$/.exec(written);
      if (match === null) throw new Mistake(at, `${info.name} is a ratio: expected ${describeUnit('ratio')}, found "${written}"`);
      // The decimal point is moved in the text: 99.9 / 100 would not be 0.999.
      if (match[2] === '%') return Number(`${match[1]}e-2`);
      const value = Number(match[1]);
      if (value <= 1) return value;
      throw new Mistake(at, `${info.name} is a ratio from 0 to 1, found ${written}`, `did you mean ${written}%?`);
    }
    default: {
      if (!/^\d+(\.\d+)?$/.test(written))
        throw new Mistake(at, `${info.name} is a number: expected ${describeUnit('count')}, found "${written}"`);
      return Number(written);
    }
  }
}

function parseSequence(comparator: Comparator, written: string, at: number): string {
  if (comparator !== '==' && comparator !== '!=') throw new Mistake(at, 'a sequence can only be compared with == or !=');
  let from = 0;
  const steps = written.split(',').map((part) => {
    const step = part.trim();
    if (!/^\d+\/\d+$/.test(step)) {
      throw new Mistake(
        at + from + part.length - part.trimStart().length,
        `expected pairs of ready replicas such as 3/0, 3/1, found "${step}"`,
      );
    }
    from += part.length + 1;
    return step;
  });
  return steps.join(', ');
}

function describeUnit(unit: MeasureUnit): string {
  switch (unit) {
    case 'ratio':
      return 'a ratio such as 99.9% or 0.999';
    case 'duration':
      return 'a duration such as 5s or 6m';
    case 'sequence':
      return 'pairs such as 3/0, 3/1';
    default:
      return 'a number';
  }
}

function unknown(at: number, what: string, found: string, valid: readonly string[]): Mistake {
  const nearest = nearestName(found, valid);
  const among = valid.length <= 16 ? `, expected one of ${valid.join(', ')}` : '';
  return new Mistake(at, `unknown ${what} "${found}"${among}`, nearest === undefined ? undefined : `did you mean "${nearest}"?`);
}
