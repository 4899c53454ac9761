/**
 * TableBuilder: rows in, columns out.
 *
 * Every row names all columns, once; a missing or unknown name is a bug. A builder with `limit` keeps the
 * first rows and counts the rest, so that no table grows with the length of a run.
 */
import { fail } from '../base/invariant.ts';
import type { Cell, ColumnSpec, ColumnType, Table, TableSpec, Unit } from './result.ts';

/** Describes a column in one line of a measure. */
export function column(name: string, type: ColumnType, unit: Unit, description: string): ColumnSpec {
  return { name, type, unit, description };
}

export class TableBuilder {
  readonly spec: TableSpec;
  private readonly values: Cell[][];
  private readonly limit: number;
  private rows: number;
  private omitted: number;

  constructor(spec: TableSpec, limit = Infinity) {
    this.spec = spec;
    this.values = spec.columns.map(() => []);
    this.limit = limit;
    this.rows = 0;
    this.omitted = 0;
  }

  get rowCount(): number {
    return this.rows;
  }

  get isFull(): boolean {
    return this.rows >= this.limit;
  }

  /** Appends a row given in the order of the columns. NaN and infinities are stored as null: JSON has no word for them. */
  push(...cells: readonly Cell[]): void {
    if (cells.length !== this.values.length) fail(`table ${this.spec.name} has ${this.values.length} columns, got ${cells.length} cells`);
    if (this.rows >= this.limit) {
      this.omitted++;
      return;
    }
    for (let i = 0; i < cells.length; i++) this.values[i]!.push(storable(cells[i]!));
    this.rows++;
  }

  /** Appends a row given by column name. */
  add(row: Readonly<Record<string, Cell>>): void {
    const cells = this.spec.columns.map((entry) => row[entry.name]);
    const missing = cells.indexOf(undefined);
    if (missing !== -1) fail(`row of table ${this.spec.name} lacks ${this.spec.columns[missing]!.name}`);
    this.push(...(cells as Cell[]));
  }

  /** Replaces a cell of an earlier row, for records that are completed later. */
  set(row: number, name: string, cell: Cell): void {
    const index = this.spec.columns.findIndex((entry) => entry.name === name);
    if (index === -1 || row >= this.rows) fail(`table ${this.spec.name} has no cell ${row}, ${name}`);
    this.values[index]![row] = storable(cell);
  }

  /** Counts rows that somebody else did not keep. */
  omit(rows: number): void {
    this.omitted += rows;
  }

  build(): Table {
    return {
      name: this.spec.name,
      description: this.spec.description,
      rowCount: this.rows,
      omittedRows: this.omitted,
      columns: this.spec.columns.map((entry, index) => ({ ...entry, values: this.values[index]! })),
    };
  }
}

function storable(cell: Cell): Cell {
  return typeof cell === 'number' && !Number.isFinite(cell) ? null : cell;
}
