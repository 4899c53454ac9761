/** Files of a run: the result, its tables as CSV and Parquet, and the page. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parquetReadObjects } from 'hyparquet';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { InputError } from '../../src/base/input-error.ts';
import { findTable, type RunResult } from '../../src/metrics/result.ts';
import { pageData } from '../../src/report/page-data.ts';
import { renderReport } from '../../src/report/render-report.ts';
import { tableCsv, tableParquet } from '../../src/report/table-files.ts';
import { readResult, writeResult } from '../../src/report/write-result-file.ts';
import { syntheticRun } from '../support/synthetic-run.ts';

let folder: string;
let result: RunResult;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'seatrial-report-'));
  result = syntheticRun({ racksPerZone: 2, nodesPerRack: 3, batchPerMinute: 2 });
  // The first one may have to bundle the page script.
  writeResult(folder, result);
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('writeResult', () => {
  test('leaves result, page and two files per table, and nothing else', () => {
    expect(readdirSync(folder).sort()).toEqual(['report.html', 'result.json', 'tables']);
    const expected = result.tables.flatMap((table) => [`${table.name}.csv`, `${table.name}.parquet`]);
    expect(readdirSync(join(folder, 'tables')).sort()).toEqual(expected.sort());
  });

  test('can be read back', () => {
    expect(readResult(folder)).toEqual(result);
  });

  test('writes the same bytes for the same result', () => {
    const again = mkdtempSync(join(tmpdir(), 'seatrial-report-'));
    writeResult(again, result);
    for (const file of ['report.html', 'result.json', 'tables/utilization.csv', 'tables/utilization.parquet']) {
      expect(readFileSync(join(again, file)).equals(readFileSync(join(folder, file)))).toBe(true);
    }
    rmSync(again, { recursive: true });
  });

  test('readResult says what is wrong with a folder that has none', () => {
    expect(() => readResult(join(folder, 'tables'))).toThrow(InputError);
    writeFileSync(join(folder, 'tables', 'result.json'), '{}');
    expect(() => readResult(join(folder, 'tables'))).toThrow(/not the result of a run/);
    rmSync(join(folder, 'tables', 'result.json'));
  });
});

describe('tables', () => {
  test('CSV has a header, a line per row, and quotes what needs it', () => {
    const table = findTable(result, 'fault_summary')!;
    const lines = tableCsv(table).trimEnd().split('\n');
    expect(lines).toHaveLength(table.rowCount + 1);
    expect(lines[0]).toBe(table.columns.map((column) => column.name).join(','));
    const odd = {
      ...table,
      rowCount: 1,
      columns: [
        { ...table.columns[0]!, values: ['a,"b"\nc'] },
        { ...table.columns[1]!, values: [null] },
      ],
    };
    expect(tableCsv(odd)).toBe(`${odd.columns[0]!.name},${odd.columns[1]!.name}\n"a,""b""\nc",\n`);
  });

  test.each(['utilization', 'faults', 'pod_latency', 'pending_reasons', 'timeline'])('Parquet holds what %s holds', async (name) => {
    const table = findTable(result, name)!;
    const bytes = tableParquet(table);
    const rows = await parquetReadObjects({
      file: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer,
    });
    expect(rows).toHaveLength(table.rowCount);
    table.columns.forEach((column) => {
      const read = rows.map((row) => (typeof row[column.name] === 'bigint' ? Number(row[column.name]) : (row[column.name] ?? null)));
      expect(read, column.name).toEqual(column.values);
    });
  });
});

describe('renderReport', () => {
  const page = (changed: Partial<RunResult> = {}): string => renderReport({ ...result, ...changed }, 'console.log("</script>")');

  test('is one page without a reference to anything outside', () => {
    const html = page();
    expect(html).toMatch(/^<!doctype html>/);
    expect(html).not.toMatch(/(?:src|href)="(?!#|data:,)/);
    expect(html).not.toMatch(/@import|url\((?!#)/);
    expect(html.match(/<script/g)).toHaveLength(2);
    expect(html.match(/<\/script/g)).toHaveLength(2);
  });

  test('answers in order: expectations, figures, what happened, utilization, failure domains, recovery, service levels, pending, the run', () => {
    const ids = [...page().matchAll(/<section id="([^"]+)"/g)].map((match) => match[1]);
    expect(ids).toEqual([
      'expectations',
      'figures',
      'happened',
      'utilization',
      'failure-domains',
      'recovery',
      'service-levels',
      'pending',
      'run',
    ]);
  });

  test('judges the expectations before anything is drawn', () => {
    const html = page();
    expect(html).toContain('class="verdict bad"');
    expect(html.match(/<li class="met">/g)).toHaveLength(result.expectations.filter((entry) => entry.status === 'met').length);
    expect(html).toMatch(/<li class="unknown">.*not measured/);
    const allMet = page({ expectations: result.expectations.filter((entry) => entry.status === 'met') });
    expect(allMet).toContain('class="verdict good"');
    expect(page({ expectations: [] })).toContain('The scenario expects nothing.');
  });

  test('shows digest, seed and the command that repeats the run', () => {
    const html = page();
    for (const text of [result.meta.digest, 'seatrial run scenarios/zone-outage.yaml --seed 7', 'All 3']) expect(html).toContain(text);
  });

  test('marks partial runs', () => {
    const html = page({ meta: { ...result.meta, isPartial: true, partialReason: 'Stopped by <the user>.' } });
    expect(html).toContain('Partial run.');
    expect(html).toContain('Stopped by &lt;the user&gt;.');
  });

  test('lets no name out of its place', () => {
    const html = page({ meta: { ...result.meta, scenario: '</script><img src=x onerror=alert(1)>' } });
    expect(html).not.toContain('<img');
    expect(html.match(/<\/script/g)).toHaveLength(2);
  });

  test('names the table of every figure, and carries every table', () => {
    const names = result.tables.map((table) => table.name);
    for (const figure of result.summary) expect(names).toContain(figure.table);
    expect(pageData(result).tables.map((table) => table.name)).toEqual(names);
  });
});
