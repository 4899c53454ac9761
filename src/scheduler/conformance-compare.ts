/**
 * Comparing what was expected with what was found, piece by piece, and counting agreement per plugin.
 */
import { isRawObject, type RawObject } from '../objects/decode-reader.ts';
import { childPath, itemPath } from '../objects/document-path.ts';

export interface Mismatch {
  /** Where in `expect`. */
  readonly path: string;
  /** The plugin it is about; empty when it is about none in particular. */
  readonly plugin: string;
  readonly expected: unknown;
  readonly actual: unknown;
}

/** Pieces compared and pieces that differ. */
export interface Agreement {
  compared: number;
  differing: number;
}

export interface PluginAgreement {
  /** Verdicts on single nodes, PreFilter answers, and decisions on victims. */
  readonly verdicts: Agreement;
  /** Raw and normalized scores of single nodes. */
  readonly scores: Agreement;
}

/** Every difference between two plain values, where it lies; lists of names are shown whole. Missing keys count as undefined. */
export function findDifferences(expected: unknown, actual: unknown, path: string, plugin = ''): Mismatch[] {
  if (Array.isArray(expected) && Array.isArray(actual)) {
    if (expected.length !== actual.length) return [{ path, plugin, expected, actual }];
    if (expected.every((item) => typeof item !== 'object')) {
      return expected.every((item, i) => item === actual[i]) ? [] : [{ path, plugin, expected, actual }];
    }
    return expected.flatMap((item, i) => findDifferences(item, actual[i], itemPath(path, i), plugin));
  }
  if (isRawObject(expected) && isRawObject(actual)) {
    const keys = new Set([...Object.keys(expected), ...Object.keys(actual)]);
    return [...keys].flatMap((key) => findDifferences(expected[key], actual[key], childPath(path, key), plugin));
  }
  return expected === actual ? [] : [{ path, plugin, expected, actual }];
}

/** Collects mismatches of one case and adds to the counts. */
export class Comparison {
  readonly mismatches: Mismatch[];
  readonly plugins: Map<string, PluginAgreement>;

  constructor() {
    this.mismatches = [];
    this.plugins = new Map();
  }

  compare(path: string, expected: unknown, actual: unknown, plugin = ''): boolean {
    const found = findDifferences(expected, actual, path, plugin);
    for (const mismatch of found) this.mismatches.push(mismatch);
    return found.length === 0;
  }

  compareVerdict(plugin: string, path: string, expected: unknown, actual: unknown): void {
    this.count(this.agreementOf(plugin).verdicts, this.compare(path, expected, actual, plugin));
  }

  compareScore(plugin: string, path: string, expected: unknown, actual: unknown): void {
    this.count(this.agreementOf(plugin).scores, this.compare(path, expected, actual, plugin));
  }

  private count(agreement: Agreement, isSame: boolean): void {
    agreement.compared++;
    if (!isSame) agreement.differing++;
  }

  private agreementOf(plugin: string): PluginAgreement {
    let agreement = this.plugins.get(plugin);
    if (agreement === undefined) {
      agreement = { verdicts: { compared: 0, differing: 0 }, scores: { compared: 0, differing: 0 } };
      this.plugins.set(plugin, agreement);
    }
    return agreement;
  }
}

/** The mapping at `key`; an empty one when absent. */
export function mappingAt(from: RawObject, key: string): RawObject {
  const value = from[key];
  return isRawObject(value) ? value : {};
}
