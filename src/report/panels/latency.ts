/** Latency: percentiles of every stage of pod life, and the distribution of start-up. */
import { scaleLog } from 'd3';
import { readTable, tableNote } from '../charts/data-table.ts';
import { formatNumber, formatSpan } from '../format.ts';
import { type Child, h } from '../vnode.ts';
import { type DrawContext, numberOf, type PanelDef, type TableSet, textOfCell } from './panel.ts';
import { chartWidth } from './resources.ts';

const STAGES: Readonly<Record<string, string>> = {
  scheduling: 'created to bound',
  'image-pull': 'image pull',
  run: 'bound to started',
  ready: 'started to ready',
  startup: 'created to ready',
  completion: 'created to succeeded',
  termination: 'deletion to gone',
};
const ROW = 26;

export const latencyPanel: PanelDef = {
  name: 'pod-latency',
  section: 'service-levels',
  title: 'Pod start-up and other stages of pod life',
  tables: ['pod_latency', 'pod_latency_histogram', 'pod_outcomes'],
  draw: (tables, ctx) =>
    h(
      'div',
      {},
      h('div', { class: 'chart-grid' }, rangeChart(tables, ctx), histogram(tables, ctx)),
      startupTable(tables),
      outcomeTable(tables),
      tableNote('pod_latency', 'pod_latency_histogram', 'pod_outcomes'),
    ),
};

/** A line from the median to the 99th percentile per stage, marks at p50, p90, p99 and the longest. */
function rangeChart(tables: TableSet, ctx: DrawContext): Child {
  const rows = tables.rows('pod_latency').filter((row) => row['workload'] === 'all');
  if (rows.length === 0) return null;
  const width = chartWidth(ctx.width, 2);
  const left = width < 460 ? 128 : 136;
  const most = Math.max(...rows.map((row) => numberOf(row['max_us']) ?? 1));
  const least = Math.max(100, Math.min(...rows.map((row) => numberOf(row['p50_us']) ?? 1)) / 1.5);
  const x = scaleLog([least, Math.max(most, least * 10)], [left, width - 16]).clamp(true);
  const height = rows.length * ROW + 34;
  const titleId = ctx.id('t');
  const descriptionId = ctx.id('d');
  return h(
    'figure',
    { class: 'chart' },
    h('figcaption', {}, 'Median ● to 90 % ◆ to 99 % ▎, longest ○'),
    h(
      'svg',
      { viewBox: `0 0 ${width} ${height}`, width, height, role: 'img', 'aria-labelledby': `${titleId} ${descriptionId}` },
      h('title', { id: titleId }, 'Latency of the stages of pod life'),
      h(
        'desc',
        { id: descriptionId },
        rows
          .map(
            (row) =>
              `${textOfCell(row['stage'])}: median ${formatSpan(numberOf(row['p50_us']) ?? 0)}, 99 % ${formatSpan(numberOf(row['p99_us']) ?? 0)}.`,
          )
          .join(' '),
      ),
      logAxis(x, least, most, height - 24, 8),
      rows.map((row, index) => {
        const y = 16 + index * ROW;
        const at = (name: string): number => x(Math.max(least, numberOf(row[name]) ?? least));
        return h(
          'g',
          {},
          h(
            'title',
            {},
            `${textOfCell(row['stage'])}: median ${formatSpan(numberOf(row['p50_us']) ?? 0)}, 90 % ${formatSpan(numberOf(row['p90_us']) ?? 0)}, 99 % ${formatSpan(numberOf(row['p99_us']) ?? 0)}, longest ${formatSpan(numberOf(row['max_us']) ?? 0)}`,
          ),
          h(
            'text',
            { class: 'lane', x: left - 8, y: y + 4, 'text-anchor': 'end' },
            STAGES[textOfCell(row['stage'])] ?? textOfCell(row['stage']),
          ),
          h('line', { class: 'range thin', x1: at('p99_us'), x2: at('max_us'), y1: y, y2: y }),
          h('line', { class: 'range', x1: at('p50_us'), x2: at('p99_us'), y1: y, y2: y }),
          h('circle', { class: 'mark-fill', cx: at('p50_us'), cy: y, r: 4.5 }),
          h('path', { class: 'mark-fill', d: `M${round(at('p90_us'))},${y - 5}l5,5l-5,5l-5,-5z` }),
          h('rect', { class: 'mark-fill', x: at('p99_us') - 1.5, y: y - 7, width: 3, height: 14 }),
          h('circle', { class: 'mark-open', cx: at('max_us'), cy: y, r: 3.5 }),
        );
      }),
    ),
  );
}

/** How long start-up took, on a logarithmic axis; bar areas are counts. */
function histogram(tables: TableSet, ctx: DrawContext): Child {
  const rows = tables.rows('pod_latency_histogram').filter((row) => row['stage'] === 'startup');
  if (rows.length === 0) return null;
  const width = chartWidth(ctx.width, 2);
  const least = Math.max(1000, numberOf(rows[0]!['from_us']) ?? 1000);
  const most = Math.max(least * 2, numberOf(rows.at(-1)!['to_us']) ?? least * 2);
  const x = scaleLog([least, most], [14, width - 16]).clamp(true);
  const bins = 40;
  const counts = new Array<number>(bins).fill(0);
  for (const row of rows) {
    const middle = ((numberOf(row['from_us']) ?? 0) + (numberOf(row['to_us']) ?? 0)) / 2;
    const share = (x(Math.max(least, middle)) - 14) / (width - 30);
    counts[Math.min(bins - 1, Math.floor(share * bins))]! += numberOf(row['count']) ?? 0;
  }
  const highest = Math.max(...counts);
  const height = 216;
  const titleId = ctx.id('t');
  const descriptionId = ctx.id('d');
  const total = counts.reduce((sum, count) => sum + count, 0);
  const binWidth = (width - 30) / bins;
  return h(
    'figure',
    { class: 'chart' },
    h('figcaption', {}, `Start-up of ${formatNumber(total)} pods, created to ready`),
    h(
      'svg',
      { viewBox: `0 0 ${width} ${height}`, width, height, role: 'img', 'aria-labelledby': `${titleId} ${descriptionId}` },
      h('title', { id: titleId }, 'Distribution of pod start-up'),
      h('desc', { id: descriptionId }, `From ${formatSpan(least)} to ${formatSpan(most)} on a logarithmic axis.`),
      counts.map((count, index) => {
        const size = highest > 0 ? (count / highest) * (height - 50) : 0;
        return h(
          'g',
          {},
          h(
            'title',
            {},
            `${formatSpan(x.invert(14 + index * binWidth))} to ${formatSpan(x.invert(14 + (index + 1) * binWidth))}: ${formatNumber(count)} pods`,
          ),
          h('rect', { class: 'bin', x: 14 + index * binWidth, y: height - 26 - size, width: binWidth - 1, height: size }),
        );
      }),
      logAxis(x, least, most, height - 24, 8),
    ),
  );
}

const NICE = [1, 2, 5].flatMap((first) => [100, 1e3, 1e4, 1e5].map((power) => first * power));
const SPANS = [
  ...NICE,
  ...[1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 3600, 7200, 21_600, 43_200, 86_400, 604_800].map((seconds) => seconds * 1e6),
].sort((a, b) => a - b);

function logAxis(x: (us: number) => number, least: number, most: number, y: number, top: number): Child {
  const inside = SPANS.filter((us) => us >= least && us <= most);
  let lastAt = -Infinity;
  return inside.map((us) => {
    const at = x(us);
    const isShown = at - lastAt > 46;
    if (isShown) lastAt = at;
    return (
      isShown && [
        h('line', { class: 'grid', x1: at, x2: at, y1: top, y2: y }),
        h('text', { class: 'tick', x: at, y: y + 16, 'text-anchor': 'middle' }, formatSpan(us)),
      ]
    );
  });
}

function startupTable(tables: TableSet): Child {
  const rows = tables.rows('pod_latency').filter((row) => row['stage'] === 'startup');
  if (rows.length === 0) return null;
  const order = rows
    .map((row, index) => ({ row, index }))
    .sort(
      (a, b) =>
        Number(b.row['workload'] === 'all') - Number(a.row['workload'] === 'all') ||
        (numberOf(b.row['p99_us']) ?? 0) - (numberOf(a.row['p99_us']) ?? 0) ||
        a.index - b.index,
    )
    .slice(0, 15);
  const span = (value: unknown): string => (typeof value === 'number' ? formatSpan(value) : '–');
  return readTable(
    `Start-up by workload${rows.length > order.length ? `; the slowest ${order.length - 1} of ${rows.length - 1}` : ''}`,
    [
      { title: 'Workload' },
      { title: 'Pods', isNumber: true },
      { title: 'Median', isNumber: true },
      { title: '90 %', isNumber: true },
      { title: '99 %', isNumber: true },
      { title: 'Longest', isNumber: true },
    ],
    order.map(({ row }) => [
      textOfCell(row['workload']),
      formatNumber(numberOf(row['count']) ?? 0),
      span(row['p50_us']),
      span(row['p90_us']),
      span(row['p99_us']),
      span(row['max_us']),
    ]),
  );
}

function outcomeTable(tables: TableSet): Child {
  const rows = tables.rows('pod_outcomes');
  if (rows.length === 0) return null;
  const shown = rows.slice(0, 15);
  const count = (value: unknown): string => (typeof value === 'number' ? formatNumber(value) : '–');
  return readTable(
    `What became of the pods${rows.length > shown.length ? `; ${shown.length - 1} of ${rows.length - 1} workloads` : ''}`,
    [
      { title: 'Workload' },
      ...['Created', 'Bound', 'Ready', 'Succeeded', 'Failed', 'Deleted', 'Restarts', 'No node at the end'].map((title) => ({
        title,
        isNumber: true,
      })),
    ],
    shown.map((row) => [
      textOfCell(row['workload']),
      ...['created', 'bound', 'ready', 'succeeded', 'failed', 'deleted', 'restarts', 'unscheduled_end'].map((name) => count(row[name])),
    ]),
  );
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
