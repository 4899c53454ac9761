/** Availability: one strip per workload, ready against wanted replicas; and rollouts. */
import { area, curveStepBefore, line, scaleLinear } from 'd3';
import { readTable, shareBar, tableNote } from '../charts/data-table.ts';
import { bands, timeAxis } from '../charts/line-chart.ts';
import { formatNumber, formatShare, formatSpan } from '../format.ts';
import { type Child, h } from '../vnode.ts';
import { type DrawContext, numberOf, type PanelDef, type TableSet, textOfCell } from './panel.ts';

const STRIP = 40;
const SHOWN = 40;

export const availabilityPanel: PanelDef = {
  name: 'availability',
  section: 'service-levels',
  title: 'Ready replicas by workload',
  tables: ['availability', 'availability_series', 'availability_levels'],
  draw: (tables, ctx) =>
    h('div', {}, strips(tables, ctx), availabilityTable(tables), tableNote('availability', 'availability_series', 'availability_levels')),
};

function strips(tables: TableSet, ctx: DrawContext): Child {
  const groups = [...tables.groups('availability_series', ['workload'])].slice(0, ctx.width < 460 ? 8 : 16);
  if (groups.length === 0) return null;
  const isNarrow = ctx.width < 460;
  const labelWidth = isNarrow ? 6 : 12 + 6.4 * Math.max(...groups.map(([name]) => name.length));
  const stripHeight = isNarrow ? STRIP + 14 : STRIP;
  const right = ctx.width - 66;
  const x = scaleLinear([0, ctx.endUs || 1], [labelWidth, right]);
  const bottom = groups.length * stripHeight + 18;
  const titleId = ctx.id('t');
  const descriptionId = ctx.id('d');
  return h(
    'figure',
    { class: 'chart' },
    h('figcaption', {}, 'Ready (filled) and wanted (line) replicas; lowest ready share first'),
    h(
      'svg',
      {
        viewBox: `0 0 ${ctx.width} ${bottom + 26}`,
        width: ctx.width,
        height: bottom + 26,
        role: 'img',
        'aria-labelledby': `${titleId} ${descriptionId}`,
      },
      h('title', { id: titleId }, 'Ready and wanted replicas over time'),
      h('desc', { id: descriptionId }, `One strip for each of ${groups.length} workloads.`),
      bands(ctx, x, 18, bottom, ctx.width),
      groups.map(([name, rows], index) => {
        const top = 18 + index * stripHeight + (isNarrow ? 14 : 0);
        const most = Math.max(1, ...rows.map((row) => Math.max(numberOf(row['ready']) ?? 0, numberOf(row['wanted']) ?? 0)));
        const y = scaleLinear([0, most], [top + STRIP - 8, top + 2]);
        const points = (column: string): [number, number][] => {
          const list = rows.map((row): [number, number] => [numberOf(row['time_us']) ?? 0, numberOf(row[column]) ?? 0]);
          return list.length === 0 ? list : [[0, list[0]![1]], ...list];
        };
        const fill = area<[number, number]>()
          .curve(curveStepBefore)
          .x((point) => x(point[0]))
          .y0(y(0))
          .y1((point) => y(point[1]))
          .digits(1);
        const edge = line<[number, number]>()
          .curve(curveStepBefore)
          .x((point) => x(point[0]))
          .y((point) => y(point[1]))
          .digits(1);
        const last = points('ready').at(-1)?.[1] ?? 0;
        return h(
          'g',
          {},
          h(
            'text',
            {
              class: 'lane',
              x: isNarrow ? 6 : labelWidth - 8,
              y: isNarrow ? top - 3 : top + STRIP / 2,
              'text-anchor': isNarrow ? 'start' : 'end',
            },
            name,
          ),
          h('path', { class: 'area solid c3', d: fill(points('ready')) ?? '' }),
          h('path', { class: 'line c3', d: edge(points('ready')) ?? '' }),
          h('path', { class: 'limit c0 d0', d: edge(points('wanted')) ?? '' }),
          h(
            'text',
            { class: 'tick', x: right + 6, y: top + STRIP / 2 },
            `${formatNumber(Math.round(last * 10) / 10)} of ${formatNumber(points('wanted').at(-1)?.[1] ?? 0)}`,
          ),
        );
      }),
      timeAxis(ctx.endUs, x, bottom, right - labelWidth),
    ),
  );
}

function availabilityTable(tables: TableSet): Child {
  const rows = tables.rows('availability');
  const order = rows
    .map((row, index) => ({ row, index }))
    .sort((a, b) => (numberOf(a.row['ready_share']) ?? -1) - (numberOf(b.row['ready_share']) ?? -1) || a.index - b.index)
    .slice(0, SHOWN);
  return readTable(
    `Availability since all replicas were first ready${rows.length > order.length ? `; the lowest ${order.length} of ${rows.length}` : ''}`,
    [
      { title: 'Workload' },
      { title: 'Replicas ready, mean' },
      { title: 'At least one', isNumber: true },
      { title: 'All', isNumber: true },
      { title: 'Fewest', isNumber: true },
      { title: 'Longest outage', isNumber: true },
      { title: 'Longest shortfall', isNumber: true },
      { title: 'Lost replica-minutes', isNumber: true },
    ],
    order.map(({ row }) => {
      const share = numberOf(row['ready_share']);
      const span = (name: string): string =>
        numberOf(row[name]) === undefined ? '–' : numberOf(row[name]) === 0 ? 'none' : formatSpan(numberOf(row[name])!);
      const part = (name: string): string => (numberOf(row[name]) === undefined ? '–' : formatShare(numberOf(row[name])!));
      return [
        textOfCell(row['workload']),
        share === undefined ? 'never had all replicas' : shareBar(share, formatShare(share), 3),
        part('any_ready_share'),
        part('all_ready_share'),
        row['min_ready'] === null ? '–' : `${textOfCell(row['min_ready'])} of ${textOfCell(row['wanted_end'])}`,
        span('longest_outage_us'),
        span('longest_degraded_us'),
        numberOf(row['lost_replica_us']) === undefined ? '–' : formatNumber(numberOf(row['lost_replica_us'])! / 60_000_000),
      ];
    }),
  );
}
