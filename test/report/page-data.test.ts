import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Table } from '../../src/metrics/result.ts';
import { column, TableBuilder } from '../../src/metrics/table-builder.ts';
import { pageTable } from '../../src/report/page-data.ts';
import { check } from '../support/seeded.ts';

function series(points: number, groups: number): Table {
  const builder = new TableBuilder({
    name: 'availability_series',
    description: 'Test.',
    columns: [
      column('time_us', 'integer', 'us', 'T.'),
      column('workload', 'string', '', 'W.'),
      column('ready', 'number', 'pods', 'R.'),
      column('wanted', 'number', 'pods', 'W.'),
    ],
  });
  for (let group = 0; group < groups; group++)
    for (let i = 1; i <= points; i++) builder.push(i * 10, `w${group}`, (i * 7) % 13, i % 5 === 0 ? null : 4);
  return builder.build();
}

test('series keep their end, their mean and a bounded number of points per group', () => {
  check(
    fc.property(fc.integer({ min: 1, max: 1500 }), fc.integer({ min: 1, max: 30 }), (points, groups) => {
      const table = series(points, groups);
      const page = pageTable(table);
      const shown = Math.min(groups, 16);
      expect(page.rowCount).toBeLessThanOrEqual(200 * shown);
      expect(page.rowCount + page.omittedRows).toBe(table.rowCount);
      const times = page.columns[0]!.values as number[];
      expect(times.at(-1)).toBe(points * 10);
      for (const entry of page.columns) expect(entry.values.length).toBe(page.rowCount);
      expect(page.columns[3]!.values.every((value) => value === 4 || value === null)).toBe(true);
      if (points % Math.ceil(points / 200) === 0) {
        const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
        const own = (source: Table): number[] =>
          source.columns[2]!.values.filter((_, row) => source.columns[1]!.values[row] === 'w0') as number[];
        expect(mean(own(page))).toBeCloseTo(mean(own(table)), 4);
      }
    }),
    60,
  );
});

test('long tables are cut and say by how much', () => {
  const builder = new TableBuilder({ name: 'disruptions', description: 'Test.', columns: [column('pods', 'number', 'pods', 'P.')] });
  for (let i = 0; i < 1000; i++) builder.push(i / 3);
  builder.omit(5);
  const page = pageTable(builder.build());
  expect([page.rowCount, page.omittedRows]).toEqual([400, 605]);
  expect(page.columns[0]!.values[1]).toBe(0.3333333);
});

test('a long timeline keeps its faults before the states of nodes', () => {
  const builder = new TableBuilder({
    name: 'timeline',
    description: 'Test.',
    columns: [column('time_us', 'integer', 'us', 'T.'), column('category', 'string', '', 'C.')],
  });
  for (let i = 0; i < 5000; i++) builder.push(i, i % 100 === 99 ? 'fault' : 'node');
  const page = pageTable(builder.build());
  expect(page.columns[1]!.values.filter((value) => value === 'fault')).toHaveLength(50);
  expect(page.columns[1]!.values.slice(0, 50)).toEqual(new Array(50).fill('fault'));
});
