/**
 * Panel: one part of a report, a pure function of tables. Panels draw in the page, in notebooks and in tests alike.
 */
import type { Cell, Table } from '../../metrics/result.ts';
import type { VNode } from '../vnode.ts';

/** A fault to be shown behind charts over time. */
export interface FaultBand {
  readonly fromUs: number;
  /** End of the run when it was not healed. */
  readonly toUs: number;
  readonly label: string;
}

/** What a pointer over a chart shows: the values at the nearest time. */
export interface HoverSpec {
  /** Pixels of the plot area inside the drawing. */
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
  readonly endUs: number;
  /** Rising. */
  readonly times: readonly number[];
  readonly rows: readonly { readonly name: string; readonly values: readonly (number | null)[]; readonly unit: string }[];
}

export interface DrawContext {
  /** Pixels available. */
  readonly width: number;
  readonly endUs: number;
  readonly bands: readonly FaultBand[];
  /** A name that no other element of the page has. */
  id(prefix: string): string;
  /** Registers what a pointer over a chart shows; the result goes into its `data-hover`. */
  hover(spec: HoverSpec): string;
}

export interface PanelDef {
  readonly name: string;
  /** Heading of the report under which it stands. */
  readonly section: SectionName;
  readonly title: string;
  /** Tables it reads, the most important first; it needs that one to have rows. */
  readonly tables: readonly string[];
  /** What to say instead when the first table has no rows; without it the panel is left out. */
  readonly empty?: string;
  draw(tables: TableSet, ctx: DrawContext): VNode;
}

/** In the order they answer. */
export const SECTIONS = [
  { name: 'happened', title: 'What happened' },
  { name: 'utilization', title: 'Utilization' },
  { name: 'failure-domains', title: 'Failure domains' },
  { name: 'recovery', title: 'Recovery' },
  { name: 'service-levels', title: 'Service levels' },
  { name: 'pending', title: 'Why pods stayed pending' },
] as const;
export type SectionName = (typeof SECTIONS)[number]['name'];

/** The tables of a result, by name and column. */
export class TableSet {
  private readonly tables: Map<string, Table>;

  constructor(tables: readonly Table[]) {
    this.tables = new Map(tables.map((table) => [table.name, table]));
  }

  get(name: string): Table | undefined {
    return this.tables.get(name);
  }

  /** Whether the table exists and has rows. */
  has(name: string): boolean {
    return (this.tables.get(name)?.rowCount ?? 0) > 0;
  }

  /** The rows as objects; none when the table is missing. */
  rows(name: string): Record<string, Cell>[] {
    const table = this.tables.get(name);
    if (table === undefined) return [];
    return Array.from({ length: table.rowCount }, (_, index) => {
      const row: Record<string, Cell> = {};
      for (const column of table.columns) row[column.name] = column.values[index] ?? null;
      return row;
    });
  }

  /** Rows grouped by the text of one or more columns, in order of first sight. */
  groups(name: string, by: readonly string[]): Map<string, Record<string, Cell>[]> {
    const groups = new Map<string, Record<string, Cell>[]>();
    for (const row of this.rows(name)) {
      const key = by.map((column) => String(row[column])).join('\u0000');
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [row]);
      else group.push(row);
    }
    return groups;
  }
}

/** A number, or undefined for anything else. */
export function numberOf(cell: Cell | undefined): number | undefined {
  return typeof cell === 'number' ? cell : undefined;
}

export function textOfCell(cell: Cell | undefined): string {
  return cell === null || cell === undefined ? '' : String(cell);
}
