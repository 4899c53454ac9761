/**
 * The result of a run: plain data that explains itself.
 *
 * A result is JSON: who made it, what was run, key figures, expectations, and tables. A table is a set
 * of equally long columns; each column says its unit and what it means, so that a reader who has only
 * the file can use it. Reports, comparisons and expectations read results and nothing else.
 *
 * Two runs of the same scenario and seed give the same result apart from `wall`, which holds
 * everything that depends on the machine.
 *
 * Units     `us` columns are integers of simulated microseconds since the start of the run
 */
import { fail } from '../base/invariant.ts';

export const RESULT_FORMAT = 'seatrial.dev/result';
/** Raised when a reader of the old version would misread the new one. */
export const RESULT_VERSION = 1;

export type ColumnType = 'string' | 'integer' | 'number' | 'boolean';

/** `us` microseconds, `share` 0..1, `milli` thousandths of a core, `bytes`, `pods`, `nodes`, `count`, `` for text; others are spelled out. */
export type Unit = string;

export interface ColumnSpec {
  readonly name: string;
  readonly type: ColumnType;
  readonly unit: Unit;
  readonly description: string;
}

export interface TableSpec {
  /** Also the name of its file: `tables/<name>.csv`. */
  readonly name: string;
  readonly description: string;
  readonly columns: readonly ColumnSpec[];
}

/** null: not applicable, or never happened. */
export type Cell = string | number | boolean | null;

export interface Column extends ColumnSpec {
  readonly values: readonly Cell[];
}

export interface Table {
  readonly name: string;
  readonly description: string;
  readonly rowCount: number;
  /** Rows that were seen but not kept because the table is bounded; 0 when it is complete. */
  readonly omittedRows: number;
  readonly columns: readonly Column[];
}

/** One number worth a headline, and where it comes from. */
export interface Figure {
  /** Stable identifier such as `availability.worst`. */
  readonly name: string;
  /** What people read: `Worst availability of a workload`. */
  readonly title: string;
  readonly value: number | null;
  readonly unit: Unit;
  /** The table it is computed from. */
  readonly table: string;
  /** More, in a few words: the workload, the domain, the fault it belongs to. Empty when there is nothing to add. */
  readonly detail: string;
}

export type ExpectationStatus = 'met' | 'not-met' | 'unknown';

/** One line of the scenario's `expect:` block, judged. */
export interface Expectation {
  /** As written: `availability(deployment/web) >= 99.9%`. */
  readonly text: string;
  readonly status: ExpectationStatus;
  /** The measured left-hand side as people read it, `99.97 %`; empty when unknown. */
  readonly measured: string;
  /** Why it could not be judged, or what fell short. Empty when met. */
  readonly detail: string;
  /** The table the number comes from; empty when unknown. */
  readonly table: string;
}

/** Why the run ended. */
export type RunEndReason = 'completed' | 'idle' | 'stopped' | 'interrupted' | 'failed';

/** The part of the description that is the same on every machine. */
export interface RunMeta {
  readonly seatrialVersion: string;
  /** Behaviour followed, such as `v1.34`. */
  readonly kubernetesVersion: string;
  readonly scenario: string;
  readonly description: string;
  readonly seed: string;
  /** Hash over every event of the run, 16 hex digits. */
  readonly digest: string;
  readonly simulatedUs: number;
  /** What time 0 stands for, RFC 3339. */
  readonly epoch: string;
  readonly events: number;
  readonly end: RunEndReason;
  /** The run did not reach its planned end; everything measured until then is here. */
  readonly isPartial: boolean;
  /** Why it is partial; empty otherwise. */
  readonly partialReason: string;
  /** Repeats this run. */
  readonly replayCommand: string;
  /** The Scenario document as it was run, with what was set from outside, as YAML; empty when there was none, or it is very long. */
  readonly scenarioText: string;
}

/** What depends on the machine that ran it. Never compared. */
export interface WallClock {
  readonly seconds: number;
  readonly eventsPerSecond: number;
  /** RFC 3339; empty when unknown. */
  readonly finishedAt: string;
  /** Node or browser version; empty when unknown. */
  readonly runtime: string;
}

export interface RunResult {
  readonly format: typeof RESULT_FORMAT;
  readonly version: typeof RESULT_VERSION;
  readonly meta: RunMeta;
  readonly summary: readonly Figure[];
  readonly expectations: readonly Expectation[];
  readonly tables: readonly Table[];
  readonly wall: WallClock;
}

export const NO_WALL_CLOCK: WallClock = { seconds: 0, eventsPerSecond: 0, finishedAt: '', runtime: '' };

/** The epoch of every run: simulated time 0. */
export const RESULT_EPOCH = '2025-01-01T00:00:00Z';

/** Puts the parts together; expectations are usually judged on a result without them first. */
export function createResult(parts: {
  readonly meta: RunMeta;
  readonly summary: readonly Figure[];
  readonly tables: readonly Table[];
  readonly expectations?: readonly Expectation[];
  readonly wall?: WallClock;
}): RunResult {
  return {
    format: RESULT_FORMAT,
    version: RESULT_VERSION,
    meta: parts.meta,
    summary: parts.summary,
    expectations: parts.expectations ?? [],
    tables: parts.tables,
    wall: parts.wall ?? NO_WALL_CLOCK,
  };
}

export function findTable(result: { readonly tables: readonly Table[] }, name: string): Table | undefined {
  return result.tables.find((table) => table.name === name);
}

/** The values of one column; a bug when the table has none of that name. */
export function columnOf(table: Table, name: string): readonly Cell[] {
  for (const column of table.columns) if (column.name === name) return column.values;
  return fail(`table ${table.name} has no column ${name}`);
}

/** A row as an object, keyed by column name. */
export type Row = Readonly<Record<string, Cell>>;

export function rowsOf(table: Table): Row[] {
  const rows: Row[] = [];
  for (let index = 0; index < table.rowCount; index++) {
    const row: Record<string, Cell> = {};
    for (const column of table.columns) row[column.name] = column.values[index] ?? null;
    rows.push(row);
  }
  return rows;
}
