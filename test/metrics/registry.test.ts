/** What every measure must do; a new registry line is tested here without new test code. */

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Measure } from '../../src/metrics/measure.ts';
import { measures } from '../../src/metrics/registry.ts';
import type { Table } from '../../src/metrics/result.ts';
import { MEASURES, SERIES, SETS } from '../../src/scenario/expect.ts';
import { FakeCluster } from '../support/fake-cluster.ts';
import { anyStory, Story } from '../support/random-story.ts';
import { check } from '../support/seeded.ts';
import { syntheticOutcome } from '../support/synthetic-run.ts';

describe.each(measures.map((measure) => [measure.name, measure] as const))('%s', (_, measure) => {
  function finish(play: (cluster: FakeCluster) => void) {
    const cluster = new FakeCluster();
    const run = cluster.measure([measure], { settings: { keepPods: true }, intervalUs: 500_000 });
    play(cluster);
    return { cluster, outcome: run.finish() };
  }

  test('describes itself and its tables', () => {
    expect(measure.description).toMatch(/\.$/);
    for (const table of measure.tables) {
      expect(table.name).toMatch(/^[a-z][a-z0-9_]*$/);
      expect(table.description).toMatch(/\S/);
      const names = table.columns.map((column) => column.name);
      expect(new Set(names).size).toBe(names.length);
      for (const column of table.columns) {
        expect(column.name).toMatch(/^[a-z][a-z0-9_]*$/);
        expect(column.description).toMatch(/\.$/);
        if (column.name.endsWith('_us')) expect(column.unit).toBe('us');
        if (column.name.endsWith('share')) expect(column.unit).toBe('share');
      }
    }
  });

  test('gives its tables, well-formed, after a run in which nothing happened', () => {
    const { outcome } = finish(() => {});
    expect(outcome.tables.map((table) => table.name)).toEqual(measure.tables.map((table) => table.name));
    for (const table of outcome.tables) expectWellFormed(table);
  });

  test('gives well-formed tables and figures after any story, the same ones twice', () => {
    check(
      fc.property(anyStory, (steps) => {
        const tell = (): string => {
          const { outcome } = finish((cluster) => {
            new Story(cluster).play(steps, () => {});
            cluster.goTo(cluster.nowUs + 1);
          });
          for (const table of outcome.tables) expectWellFormed(table);
          for (const figure of outcome.figures) {
            expect(measure.tables.map((table) => table.name)).toContain(figure.table);
            expect(figure.value === null || Number.isFinite(figure.value)).toBe(true);
          }
          return JSON.stringify([outcome.tables, outcome.figures, outcome.measurements.names()]);
        };
        expect(tell()).toBe(tell());
      }),
      12,
    );
  });

  test('schedules nothing and draws no random number', () => {
    const cluster = new FakeCluster();
    const before = cluster.engine.rng.fork('probe').nextUint32();
    cluster.measure([measure]);
    new Story(cluster).play([{ waitUs: 5_000_000, what: 'terminate', pick: 0, place: 0 }], () => {});
    expect(cluster.engine.nextEventUs).toBe(Infinity);
    expect(cluster.engine.eventCount).toBe(0);
    expect(cluster.engine.rng.fork('probe').nextUint32()).toBe(before);
  });
});

test('no two measures write the same table', () => {
  const names = measures.flatMap((measure) => measure.tables.map((table) => table.name));
  expect(new Set(names).size).toBe(names.length);
});

describe('the vocabulary of expectations', () => {
  const cluster = new FakeCluster();
  const answers: { name: string; table: string }[] = [];
  // What the measures answer is only known to the measures themselves.
  const run = cluster.measure(measures.map((measure) => ({ ...measure, create: (ctx) => spy(measure.create(ctx)) })));
  function spy(measure: Measure): Measure {
    return {
      finish: (endUs) => {
        const report = measure.finish(endUs);
        answers.push(...report.answers);
        return report;
      },
    };
  }
  new Story(cluster);
  cluster.goTo(1000);
  const { measurements } = run.finish();

  test.each(
    MEASURES.filter((entry) => !['simulated_time', 'violations', 'time_to_converge'].includes(entry.name)).map((entry) => entry.name),
  )('%s has a measure that answers it', (name) => {
    expect(answers.map((answer) => answer.name)).toContain(name);
  });

  test.each(Object.keys(SETS))('count(%s) has a value in every run', (set) => {
    expect(measurements.value('count', [set])).toEqual(expect.any(Number));
  });

  test('simulated_time is the end of the run', () => {
    expect(measurements.value('simulated_time', [])).toBe(1000);
  });

  test('names list only what has a value', () => {
    for (const spelling of measurements.names()) {
      const match = /^([a-z0-9_]+)(?:\((.*)\))?$/.exec(spelling)!;
      const args = match[2] === undefined ? [] : match[2].split(', ');
      expect(measurements.value(match[1]!, args), spelling).toBeDefined();
    }
  });

  test('every series is measured in a run in which everything happens', () => {
    const { outcome } = syntheticOutcome({ durationUs: 60 * 60_000_000, racksPerZone: 2, nodesPerRack: 3, batchPerMinute: 4 });
    for (const series of Object.keys(SERIES)) expect(outcome.measurements.value('p50', [series]), series).toEqual(expect.any(Number));
  });
});

/** Said once per table: an assertion per cell would take longer than the rest of the test. */
function expectWellFormed(table: Table): void {
  const wrong: string[] = [];
  for (const column of table.columns) {
    if (column.values.length !== table.rowCount) wrong.push(`${column.name} has ${column.values.length} values`);
    const type = column.type === 'integer' || column.type === 'number' ? 'number' : column.type;
    // More may be requested than there is.
    const isPart = column.unit === 'share' && !['requested_peak_share', 'requested_share', 'used_share'].includes(column.name);
    for (const value of column.values) {
      if (value === null) continue;
      if (typeof value !== type) wrong.push(`${column.name} = ${value}, expected ${type}`);
      if (column.type === 'integer' && !Number.isSafeInteger(value)) wrong.push(`${column.name} = ${value}, expected an integer`);
      if (isPart && !((value as number) >= -1e-9 && (value as number) <= 1 + 1e-9))
        wrong.push(`${column.name} = ${value}, expected a share`);
    }
  }
  expect(wrong, table.name).toEqual([]);
}
