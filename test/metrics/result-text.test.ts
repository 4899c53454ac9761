import { describe, expect, test } from 'vitest';
import { InputError } from '../../src/base/input-error.ts';
import type { RunResult } from '../../src/metrics/result.ts';
import { parseResult, resultText } from '../../src/metrics/result-text.ts';
import { column, TableBuilder } from '../../src/metrics/table-builder.ts';
import { syntheticRun } from '../support/synthetic-run.ts';

const SMALL = { durationUs: 5 * 60_000_000, racksPerZone: 2, nodesPerRack: 1, batchPerMinute: 2 };
const result = syntheticRun(SMALL);

describe('resultText', () => {
  test('reads back as the same result', () => {
    expect(parseResult(resultText(result))).toEqual(result);
  });

  test('is the same for the same run, apart from the wall clock', () => {
    const again = syntheticRun(SMALL);
    expect(resultText(again)).toBe(resultText(result));
    const slower: RunResult = { ...again, wall: { ...again.wall, seconds: 99 } };
    const lines = (value: RunResult): string[] => resultText(value).split('\n');
    const differing = lines(slower).filter((line, index) => line !== lines(result)[index]);
    expect(differing).toHaveLength(1);
    expect(differing[0]).toMatch(/^"wall"/);
  });

  test('writes a column per line, so that differences are easy to see', () => {
    const lines = resultText(result).split('\n');
    const columns = result.tables.flatMap((table) => table.columns);
    expect(lines.filter((line) => line.startsWith('{"name":') && line.includes('"values":'))).toHaveLength(columns.length);
  });
});

describe('parseResult', () => {
  const broken = (change: (copy: Record<string, unknown>) => void): string => {
    const copy = JSON.parse(resultText(result)) as Record<string, unknown>;
    change(copy);
    return JSON.stringify(copy);
  };
  const table = (copy: Record<string, unknown>): { rowCount: number; columns: { values: unknown[]; type: string }[] } =>
    (copy['tables'] as never[])[2]!;

  test.each([
    ['text that is no JSON', '{', /not valid JSON/],
    ['another kind of file', '{"kind":"Pod"}', /not the result of a run/],
    ['a later version', broken((copy) => (copy['version'] = 2)), /version 2 .* reads version 1/],
    ['a missing part', broken((copy) => delete copy['tables']), /tables: missing/],
    ['columns of unequal length', broken((copy) => table(copy).columns[0]!.values.pop()), /has \d+ values, expected \d+/],
    ['a value of the wrong type', broken((copy) => (table(copy).columns[0]!.values[0] = 'noon')), /"noon" in row 0, expected integer/],
  ])('refuses %s and says why', (_, text, message) => {
    expect(() => parseResult(text, 'out/result.json')).toThrow(InputError);
    expect(() => parseResult(text, 'out/result.json')).toThrow(message);
    expect(() => parseResult(text, 'out/result.json')).toThrow(/out\/result\.json/);
  });
});

describe('TableBuilder', () => {
  const spec = { name: 't', description: 'A table.', columns: [column('a', 'integer', '', 'A.'), column('b', 'number', '', 'B.')] };

  test('keeps the first rows and counts the others', () => {
    const builder = new TableBuilder(spec, 2);
    for (let i = 0; i < 5; i++) builder.add({ b: i / 2, a: i });
    expect(builder.build()).toMatchObject({ rowCount: 2, omittedRows: 3, columns: [{ values: [0, 1] }, { values: [0, 0.5] }] });
  });

  test('stores what JSON cannot write as null', () => {
    const builder = new TableBuilder(spec);
    builder.push(1, Number.NaN);
    builder.push(2, Infinity);
    expect(builder.build().columns[1]!.values).toEqual([null, null]);
  });

  test('stops at a row that does not fit the columns', () => {
    const builder = new TableBuilder(spec);
    expect(() => builder.push(1)).toThrow(/2 columns/);
    expect(() => builder.add({ a: 1 })).toThrow(/lacks b/);
  });
});
