/**
 * Page data: the part of a result that a page carries.
 *
 * A page has to stay small however long the run was: series are averaged down to a fixed number of points, groups and rows
 * are bounded, numbers keep seven significant digits. The tables in the folder are complete. Everything here depends on
 * the result only, so the same result gives the same page.
 */
import type { Cell, Column, Expectation, Figure, RunMeta, RunResult, Table, WallClock } from '../metrics/result.ts';

export interface PageData {
  readonly meta: RunMeta;
  readonly wall: WallClock;
  readonly summary: readonly Figure[];
  readonly expectations: readonly Expectation[];
  readonly tables: readonly Table[];
}

/** How a table over time is thinned out: points per group and number of groups, by value of the `scope` column where there is one. */
interface SeriesRule {
  readonly points: number;
  readonly groups: number;
}

const SERIES: Readonly<Record<string, SeriesRule>> = {
  utilization_series: { points: 360, groups: 400 },
  node_series: { points: 480, groups: 1 },
  packing_series: { points: 240, groups: 8 },
  packing_efficiency: { points: 240, groups: 1 },
  availability_series: { points: 200, groups: 16 },
  scheduling_series: { points: 480, groups: 1 },
  api_series: { points: 480, groups: 1 },
};
/** Points of utilization by scope; a rack's row in the heat map needs few. */
const UTILIZATION_POINTS: Readonly<Record<string, number>> = { cluster: 360, zone: 2, machine: 2, rack: 64 };

const MAX_ROWS = 400;
const ROWS: Readonly<Record<string, number>> = {
  timeline: 1500,
  rollouts: 1500,
  failure_domains: 600,
  faults: 500,
  pod_latency_histogram: 1000,
};

export function pageData(result: RunResult): PageData {
  const { meta, wall, summary, expectations } = result;
  return { meta, wall, summary, expectations, tables: result.tables.map(pageTable) };
}

/** The table as a page carries it; `omittedRows` counts what was left out. */
export function pageTable(table: Table): Table {
  const rule = SERIES[table.name];
  const reduced = rule === undefined ? headOf(preferred(table), ROWS[table.name] ?? MAX_ROWS) : thinned(table, rule);
  return { ...reduced, columns: reduced.columns.map((column) => ({ ...column, values: column.values.map(short) })) };
}

/** Of a long timeline, faults and actions come before states of single nodes. */
function preferred(table: Table): Table {
  if (table.name !== 'timeline' || table.rowCount <= (ROWS['timeline'] ?? MAX_ROWS)) return table;
  const category = table.columns.find((column) => column.name === 'category')!.values;
  const isKept = (row: number): boolean => category[row] === 'fault' || category[row] === 'action';
  const order = Array.from({ length: table.rowCount }, (_, row) => row);
  const rows = [...order.filter(isKept), ...order.filter((row) => !isKept(row))];
  return withRows(table, rows, table.omittedRows);
}

function headOf(table: Table, limit: number): Table {
  if (table.rowCount <= limit) return table;
  return withRows(
    table,
    Array.from({ length: limit }, (_, row) => row),
    table.omittedRows + table.rowCount - limit,
  );
}

function withRows(table: Table, rows: readonly number[], omittedRows: number): Table {
  return {
    ...table,
    rowCount: rows.length,
    omittedRows,
    columns: table.columns.map((column) => ({ ...column, values: rows.map((row) => column.values[row]!) })),
  };
}

/** Averages neighbouring rows of each group; a row's time is the end of its last part. */
function thinned(table: Table, rule: SeriesRule): Table {
  const keys = table.columns.filter((column) => column.type === 'string');
  const groups = new Map<string, number[]>();
  for (let row = 0; row < table.rowCount; row++) {
    const key = keys.map((column) => String(column.values[row])).join('\u0000');
    if (!isShown(table, key)) continue;
    const group = groups.get(key);
    if (group !== undefined) group.push(row);
    else if (groups.size < rule.groups) groups.set(key, [row]);
  }
  const values: Cell[][] = table.columns.map(() => []);
  for (const [key, rows] of groups) {
    const step = Math.max(1, Math.ceil(rows.length / pointsOf(table, key, rule)));
    for (let from = 0; from < rows.length; from += step) {
      const part = rows.slice(from, from + step);
      table.columns.forEach((column, index) => {
        values[index]!.push(isTime(column) || column.type === 'string' ? column.values[part.at(-1)!]! : meanOf(column.values, part));
      });
    }
  }
  const rowCount = values[0]?.length ?? 0;
  return {
    ...table,
    rowCount,
    omittedRows: table.omittedRows + table.rowCount - rowCount,
    columns: table.columns.map((column, index) => ({ ...column, values: values[index]! })),
  };
}

/** The heat map shows CPU only; zones and machine kinds are shown as totals. */
function isShown(table: Table, key: string): boolean {
  if (table.name !== 'utilization_series') return true;
  return !key.startsWith('rack\u0000') || key.endsWith('\u0000cpu');
}

function pointsOf(table: Table, key: string, rule: SeriesRule): number {
  if (table.name !== 'utilization_series') return rule.points;
  return UTILIZATION_POINTS[key.slice(0, key.indexOf('\u0000'))] ?? rule.points;
}

function isTime(column: Column): boolean {
  return column.name === 'time_us';
}

function meanOf(values: readonly Cell[], rows: readonly number[]): number | null {
  let sum = 0;
  let count = 0;
  for (const row of rows) {
    const value = values[row];
    if (typeof value !== 'number') continue;
    sum += value;
    count++;
  }
  return count === 0 ? null : sum / count;
}

function short(cell: Cell): Cell {
  if (typeof cell !== 'number' || Number.isInteger(cell)) return cell;
  return Number(cell.toPrecision(7));
}
