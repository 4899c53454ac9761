/**
 * Facts recorded from the real kube-scheduler, run against ours: a sample of the shared vectors where they are at hand
 * (all of them: `seatrial conformance ../shared/conformance/*.jsonl.gz`), and our own small set always.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { ProblemList } from '../../src/base/input-error.ts';
import { type CaseResult, runCase } from '../../src/scheduler/conformance.ts';
import { type ConformanceCase, readCase } from '../../src/scheduler/conformance-case.ts';
import { EVALUATOR_NAMES, EVALUATORS, type EvaluatorName } from '../../src/scheduler/evaluators.ts';
import { schedulerPlugins } from '../../src/scheduler/plugins/registry.ts';
import type { KubernetesVersion } from '../../src/scheduler/versions.ts';

const RELEASES = [
  ['1.34', 'v1.34.1'],
  ['1.32', 'v1.32.2'],
] as const;

function parse(line: string): ConformanceCase {
  const problems = new ProblemList();
  const source = readCase(JSON.parse(line), problems);
  problems.throwIfAny();
  return source!;
}

function run(source: ConformanceCase, kubernetesVersion: KubernetesVersion, evaluator: EvaluatorName): CaseResult {
  return runCase(source, { kubernetesVersion, definitions: schedulerPlugins, createEvaluator: EVALUATORS[evaluator] });
}

function linesOf(url: URL): string[] {
  const bytes = readFileSync(url);
  const text = url.pathname.endsWith('.gz') ? gunzipSync(bytes) : bytes;
  return text
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '');
}

const mismatchesOf = (lines: readonly string[], version: KubernetesVersion, evaluator: EvaluatorName) =>
  lines
    .map((line) => run(parse(line), version, evaluator))
    .filter(({ mismatches }) => mismatches.length > 0)
    .map(({ id, mismatches }) => [id, mismatches.slice(0, 3)]);

describe.each(EVALUATOR_NAMES)('the %s evaluator', (evaluator) => {
  test.each(RELEASES)('repeats our own vectors of v%s', (version, release) => {
    expect(mismatchesOf(linesOf(new URL(`./vectors/${release}/cases.jsonl`, import.meta.url)), version, evaluator)).toEqual([]);
  });

  const shared = { '1.34': 'v1.34.1/', '1.32': '' } as const;
  test.each(['1.34', '1.32'] as const)('agrees with the real scheduler v%s on a sample of the shared vectors', (version) => {
    const folder = new URL(`../../../shared/conformance/${shared[version]}`, import.meta.url);
    if (!existsSync(folder)) {
      console.log(`skipped: ${folder.pathname} is not there`);
      return;
    }
    for (const file of readdirSync(folder).filter((name) => name.endsWith('.jsonl.gz'))) {
      const lines = linesOf(new URL(file, folder));
      // Every 90th case, from another place in each file; sequences are long, one is enough.
      const sample = file.startsWith('sequences') ? lines.slice(-1) : lines.filter((_, i) => i % 90 === file.length % 90);
      expect([file, mismatchesOf(sample, version, evaluator)]).toEqual([file, []]);
    }
  });
});

describe('the comparison', () => {
  const source = linesOf(new URL('./vectors/v1.34.1/cases.jsonl', import.meta.url))
    .map(parse)
    .find(({ expect: expected }) => expected['scores'] !== undefined && expected['filterAll'] !== undefined)!;

  test('fails on anything that is changed, added or left out', () => {
    const { expect: expected } = source;
    const keys = Object.keys(expected);
    expect(keys.length).toBeGreaterThan(5);
    for (const key of keys.filter((name) => name !== 'filterAll')) {
      const { [key]: _, ...rest } = expected;
      expect([key, run({ ...source, expect: rest }, '1.34', 'plain').mismatches.length > 0]).toEqual([key, true]);
    }
    expect(run({ ...source, expect: { ...expected, news: 1 } }, '1.34', 'plain').mismatches).toHaveLength(1);
    for (const changed of mutations(expected)) {
      expect(run({ ...source, expect: changed as ConformanceCase['expect'] }, '1.34', 'plain').mismatches.length).toBeGreaterThan(0);
    }
  });

  test('names the plugin a difference belongs to', () => {
    const scores = structuredClone(source.expect['scores']) as Record<string, Record<string, { raw: number }>>;
    const first = Object.values(scores['NodeResourcesFit']!)[0]!;
    first.raw++;
    const { mismatches, plugins } = run({ ...source, expect: { ...source.expect, scores } }, '1.34', 'plain');
    expect(mismatches.map(({ plugin }) => plugin)).toEqual(['NodeResourcesFit']);
    expect(plugins.get('NodeResourcesFit')!.scores.differing).toBe(1);
  });
});

/** Copies of a plain value, each with one leaf changed. */
function* mutations(value: unknown): Generator<unknown> {
  if (typeof value === 'number') yield value + 1;
  else if (typeof value === 'string') yield `${value}!`;
  else if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) for (const changed of mutations(value[i])) yield value.with(i, changed);
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, item] of Object.entries(value)) for (const changed of mutations(item)) yield { ...value, [key]: changed };
  }
}
