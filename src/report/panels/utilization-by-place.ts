/** Utilization by zone and machine kind (mean over the run), and by rack over time. */
import { scaleLinear } from 'd3';
import { readTable, shadeOf, shareBar, tableNote } from '../charts/data-table.ts';
import { bands, timeAxis } from '../charts/line-chart.ts';
import { formatShare } from '../format.ts';
import { type Child, h } from '../vnode.ts';
import { type DrawContext, numberOf, type PanelDef, type TableSet, textOfCell } from './panel.ts';
import { orderResources, resourceTitle } from './resources.ts';

/** Rows are this high while there is room, and thinner in large clusters; then every few racks are named. */
const ROW_MAX = 15;
const HEIGHT_MAX = 560;

export const utilizationByPlace: PanelDef = {
  name: 'utilization-by-place',
  section: 'utilization',
  title: 'By zone, machine kind and rack',
  tables: ['utilization', 'utilization_series'],
  draw: (tables, ctx) =>
    h(
      'div',
      {},
      placeTable(tables, 'zone', 'Mean share of capacity by zone: requested (bar) and used (dark part)'),
      placeTable(tables, 'machine', 'Mean share of capacity by machine kind'),
      heatmap(tables, ctx),
      tableNote('utilization', 'utilization_series'),
    ),
};

function placeTable(tables: TableSet, scope: string, caption: string): Child {
  const rows = tables.rows('utilization').filter((row) => row['scope'] === scope);
  if (rows.length === 0) return null;
  const resources = orderResources([...new Set(rows.map((row) => textOfCell(row['resource'])))]).filter((name) => name !== 'pods');
  const domains = [...new Set(rows.map((row) => textOfCell(row['domain'])))];
  return readTable(
    caption,
    [{ title: scope === 'zone' ? 'Zone' : 'Machine' }, ...resources.map((name) => ({ title: resourceTitle(name) }))],
    domains.map((domain) => [
      domain,
      ...resources.map((resource) => {
        const row = rows.find((entry) => entry['domain'] === domain && entry['resource'] === resource);
        const requested = numberOf(row?.['requested_share']);
        const used = numberOf(row?.['used_share']);
        if (requested === undefined) return '–';
        return shareBar(requested, `${formatShare(requested)}${used === undefined ? '' : ` · ${formatShare(used)}`}`, 5, used);
      }),
    ]),
  );
}

/** Racks by time, shaded by the share of CPU requested. Neighbouring buckets of the same shade are one rectangle. */
function heatmap(tables: TableSet, ctx: DrawContext): Child {
  const groups = tables.groups('utilization_series', ['scope', 'resource', 'domain']);
  const racks = [...groups].filter(([key]) => key.startsWith('rack\u0000cpu\u0000'));
  if (racks.length === 0) return null;
  racks.sort((a, b) => naturalOrder(a[0], b[0]));
  const names = racks.map(([key]) => key.split('\u0000')[2]!);
  const left = 14 + 6.4 * Math.max(...names.map((name) => name.length));
  const row = Math.max(2, Math.min(ROW_MAX, Math.floor(HEIGHT_MAX / racks.length)));
  const gap = row > 6 ? 2 : 0;
  const nameEvery = Math.ceil(12 / row);
  const height = racks.length * row + 46;
  const x = scaleLinear([0, ctx.endUs || 1], [left, ctx.width - 12]);
  const titleId = ctx.id('t');
  const descriptionId = ctx.id('d');
  const bottom = racks.length * row + 18;
  return h(
    'figure',
    { class: 'chart' },
    h('figcaption', {}, 'CPU requested by rack, share of capacity ', scaleLegend()),
    h(
      'svg',
      { viewBox: `0 0 ${ctx.width} ${height}`, width: ctx.width, height, role: 'img', 'aria-labelledby': `${titleId} ${descriptionId}` },
      h('title', { id: titleId }, 'CPU requested by rack over time'),
      h('desc', { id: descriptionId }, `${racks.length} racks; darker means a larger share of the rack's CPU is requested.`),
      racks.map(([, rows], index) => {
        const y = 18 + index * row;
        const cells: Child[] = [];
        let fromUs = 0;
        for (let at = 0; at < rows.length; at++) {
          const shade = shadeAt(rows[at]!);
          const next = rows[at + 1];
          if (next !== undefined && shadeAt(next) === shade) continue;
          const toUs = numberOf(rows[at]!['time_us']) ?? 0;
          cells.push(h('rect', { class: `q${shade}`, x: x(fromUs), y, width: Math.max(0.5, x(toUs) - x(fromUs)), height: row - gap }));
          fromUs = toUs;
        }
        return h(
          'g',
          {},
          h('title', {}, `${names[index]!}: ${peakText(rows)}`),
          index % nameEvery === 0 &&
            h('text', { class: 'lane', x: left - 8, y: y + Math.min(11, row + 2), 'text-anchor': 'end' }, names[index]!),
          cells,
        );
      }),
      bands(ctx, x, 18, bottom, ctx.width, true),
      timeAxis(ctx.endUs, x, bottom, ctx.width - left),
    ),
  );
}

function shadeAt(row: Readonly<Record<string, unknown>>): number {
  const capacity = row['capacity'] as number | null;
  return capacity === null || capacity <= 0 ? 0 : shadeOf(((row['requested'] as number | null) ?? 0) / capacity);
}

function peakText(rows: readonly Readonly<Record<string, unknown>>[]): string {
  let peak = 0;
  for (const row of rows) {
    const capacity = (row['capacity'] as number | null) ?? 0;
    if (capacity > 0) peak = Math.max(peak, ((row['requested'] as number | null) ?? 0) / capacity);
  }
  return `at most ${formatShare(peak)}`;
}

function scaleLegend(): Child {
  return h(
    'span',
    { class: 'legend' },
    h('span', {}, '0 %'),
    h(
      'svg',
      { width: 90, height: 10, 'aria-hidden': 'true' },
      Array.from({ length: 9 }, (_, shade) => h('rect', { class: `q${shade}`, x: shade * 10, y: 0, width: 10, height: 10 })),
    ),
    h('span', {}, '100 %'),
  );
}

/** rack/a-2 before rack/a-10. */
function naturalOrder(a: string, b: string): number {
  const key = (text: string): string => text.replace(/\d+/g, (digits) => digits.padStart(8, '0'));
  return key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0;
}
