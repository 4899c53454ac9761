/**
 * Tables for reading: data tables beneath charts, and tables whose cells carry bars or shades.
 */
import type { ColumnSpec, Table } from '../../metrics/result.ts';
import { formatValue } from '../format.ts';
import { type Child, h, type VNode } from '../vnode.ts';

/** A collapsed table behind a chart, with the name of the file it is from. `name` is filled in by the page when it is opened. */
export function tableNote(...names: readonly string[]): VNode {
  return h(
    'div',
    { class: 'sources' },
    names.map((name) => h('details', { class: 'data', 'data-table': name }, h('summary', {}, 'Table ', h('code', {}, name)))),
  );
}

const SHOWN_ROWS = 200;

/** The table itself: what `tableNote` shows when it is opened. */
export function dataTable(table: Table, limit = SHOWN_ROWS): VNode {
  const shown = Math.min(table.rowCount, limit);
  const left = table.rowCount + table.omittedRows - shown;
  return h(
    'div',
    { class: 'table-scroll', tabindex: '0', role: 'region', 'aria-label': `Table ${table.name}` },
    h(
      'p',
      { class: 'note' },
      table.description,
      ' File: ',
      h('code', {}, `tables/${table.name}.csv`),
      left > 0 && `. ${shown} rows shown, ${left} more in the file.`,
    ),
    h(
      'table',
      {},
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          table.columns.map((column) => h('th', { scope: 'col', title: column.description, class: alignOf(column) }, heading(column))),
        ),
      ),
      h(
        'tbody',
        {},
        Array.from({ length: shown }, (_, row) =>
          h(
            'tr',
            {},
            table.columns.map((column) => h('td', { class: alignOf(column) }, formatValue(column.values[row], unitAt(table, column, row)))),
          ),
        ),
      ),
    ),
  );
}

export interface ReadColumn {
  readonly title: string;
  readonly isNumber?: boolean;
}

/** A table meant to be read as it is; the first column names the row. */
export function readTable(caption: string, columns: readonly ReadColumn[], rows: readonly (readonly Child[])[]): VNode {
  return h(
    'div',
    { class: 'read-table' },
    h('p', { class: 'caption', 'aria-hidden': 'true' }, caption),
    h(
      'div',
      { class: 'table-scroll', tabindex: '0', role: 'region', 'aria-label': caption },
      h(
        'table',
        { class: 'read' },
        h('caption', { class: 'unseen' }, caption),
        h(
          'thead',
          {},
          h(
            'tr',
            {},
            columns.map((column) => h('th', { scope: 'col', class: column.isNumber ? 'number' : undefined }, column.title)),
          ),
        ),
        h(
          'tbody',
          {},
          rows.map((cells) =>
            h(
              'tr',
              {},
              cells.map((cell, index) =>
                index === 0 ? h('th', { scope: 'row' }, cell) : h('td', { class: columns[index]?.isNumber ? 'number' : undefined }, cell),
              ),
            ),
          ),
        ),
      ),
    ),
  );
}

/** A horizontal bar for a share 0..1 with its number; `inner` is a darker part of it. */
export function shareBar(share: number | undefined, text: string, color = 0, inner?: number): VNode {
  const width = (value: number): string => `width:${Math.round(Math.max(0, Math.min(1, value)) * 1000) / 10}%`;
  return h(
    'span',
    { class: 'bar-cell' },
    h(
      'span',
      { class: 'bar-track', 'aria-hidden': 'true' },
      share !== undefined && h('span', { class: `bar b${color}`, style: width(share) }),
      inner !== undefined && h('span', { class: `bar inner b${color}`, style: width(inner) }),
    ),
    h('span', { class: 'bar-text' }, text),
  );
}

/** Shade 0..8 of a share 0..1. */
export function shadeOf(share: number): number {
  return Math.max(0, Math.min(8, Math.round(share * 8)));
}

/** Amounts of a row may have a unit of their own. */
function unitAt(table: Table, column: ColumnSpec, row: number): string {
  if (column.unit !== 'see unit') return column.unit;
  const units = table.columns.find((entry) => entry.name === 'unit');
  const resources = table.columns.find((entry) => entry.name === 'resource');
  const unit = units?.values[row] ?? (resources?.values[row] === 'memory' ? 'bytes' : '');
  return unit === 'cores' || unit === 'bytes' ? unit : '';
}

function alignOf(column: ColumnSpec): string | undefined {
  return column.type === 'integer' || column.type === 'number' ? 'number' : undefined;
}

function heading(column: ColumnSpec): string {
  return column.name.replace(/_us$/, '').replaceAll('_', ' ');
}
