/** Scheduling and the API server: pending pods, throughput, queue waits, requests. */
import { readTable, tableNote } from '../charts/data-table.ts';
import { lineChart } from '../charts/line-chart.ts';
import { formatNumber, formatSpan } from '../format.ts';
import { type Child, h } from '../vnode.ts';
import { type DrawContext, numberOf, type PanelDef, type TableSet, textOfCell } from './panel.ts';
import { chartWidth } from './resources.ts';

export const schedulingPanel: PanelDef = {
  name: 'scheduling',
  section: 'service-levels',
  title: 'Scheduling',
  tables: ['scheduling_series', 'scheduling'],
  draw: (tables, ctx) => {
    const rows = tables.rows('scheduling_series');
    const width = chartWidth(ctx.width, 2);
    const times = rows.map((row) => numberOf(row['time_us']) ?? 0);
    const values = (name: string): (number | null)[] => rows.map((row) => numberOf(row[name]) ?? null);
    return h(
      'div',
      {},
      h(
        'div',
        { class: 'chart-grid' },
        lineChart(
          {
            title: 'Pods without a node',
            description: 'Pods waiting to be scheduled over time.',
            times,
            unit: 'pods',
            width,
            series: [{ name: 'pending', color: 6, values: values('pending'), isArea: true }],
          },
          ctx,
        ),
        lineChart(
          {
            title: 'Scheduling attempts per second',
            description: 'Successful and failed attempts per second over time.',
            times,
            unit: '',
            width,
            series: [
              { name: 'scheduled', color: 3, values: values('scheduled_per_s') },
              { name: 'failed', color: 6, values: values('unschedulable_per_s') },
            ],
          },
          ctx,
        ),
      ),
      profileTable(tables),
      tableNote('scheduling', 'scheduling_series'),
    );
  },
};

function profileTable(tables: TableSet): Child {
  const rows = tables.rows('scheduling');
  if (rows.length === 0) return null;
  const span = (value: unknown): string => (typeof value === 'number' ? formatSpan(value) : '–');
  const count = (value: unknown): string => (typeof value === 'number' ? formatNumber(value) : '–');
  return readTable(
    'Attempts by profile',
    [
      { title: 'Profile' },
      ...[
        'Attempts',
        'Scheduled',
        'Unschedulable',
        'Nominated',
        'Cycle, median',
        'Cycle, 99 %',
        'Queue wait, median',
        'Queue wait, 99 %',
        'Nodes looked at',
      ].map((title) => ({ title, isNumber: true })),
    ],
    // With one profile the sum says the same.
    (rows.length === 2 ? rows.slice(1) : rows).map((row) => [
      textOfCell(row['profile']),
      count(row['attempts']),
      count(row['scheduled']),
      count(row['unschedulable']),
      count(row['nominated']),
      span(row['cycle_p50_us']),
      span(row['cycle_p99_us']),
      span(row['queue_wait_p50_us']),
      span(row['queue_wait_p99_us']),
      count(row['evaluated_mean']),
    ]),
  );
}

export const apiPanel: PanelDef = {
  name: 'api',
  section: 'service-levels',
  title: 'API server',
  tables: ['api_series', 'api_requests', 'api_clients', 'api_writes'],
  draw: (tables, ctx) =>
    h('div', {}, trafficChart(tables, ctx), requestTable(tables), tableNote('api_requests', 'api_clients', 'api_writes', 'api_series')),
};

function trafficChart(tables: TableSet, ctx: DrawContext): Child {
  const rows = tables.rows('api_series');
  const values = (name: string): (number | null)[] => rows.map((row) => numberOf(row[name]) ?? null);
  return lineChart(
    {
      title: 'Requests, errors and writes per second',
      description: 'API requests, refused or lost requests, and commits per second over time.',
      times: rows.map((row) => numberOf(row['time_us']) ?? 0),
      unit: '',
      width: ctx.width,
      height: 160,
      series: [
        { name: 'requests', color: 5, values: values('requests_per_s') },
        { name: 'writes', color: 3, values: values('writes_per_s') },
        { name: 'errors', color: 6, values: values('errors_per_s') },
      ],
    },
    ctx,
  );
}

function requestTable(tables: TableSet): Child {
  const rows = tables.rows('api_requests');
  if (rows.length === 0) return null;
  const span = (value: unknown): string => (typeof value === 'number' ? formatSpan(value) : '–');
  const count = (value: unknown): string => (typeof value === 'number' ? formatNumber(value) : '–');
  const order = rows
    .map((row, index) => ({ row, index }))
    .sort((a, b) => (numberOf(b.row['requests']) ?? 0) - (numberOf(a.row['requests']) ?? 0) || a.index - b.index)
    .slice(0, 15);
  return readTable(
    `Requests${rows.length > order.length ? `; the ${order.length - 1} most frequent of ${rows.length - 1}` : ''}`,
    [
      { title: 'Request' },
      ...['Requests', 'Conflicts', 'Too many', 'Other errors', 'No reply', 'Median', '99 %', 'Longest'].map((title) => ({
        title,
        isNumber: true,
      })),
    ],
    order.map(({ row }) => [
      `${textOfCell(row['verb'])} ${textOfCell(row['kind'])}`.trim(),
      count(row['requests']),
      count(row['conflict']),
      count(row['too_many']),
      count((numberOf(row['other_error']) ?? 0) + (numberOf(row['not_found']) ?? 0)),
      count(row['no_reply']),
      span(row['p50_us']),
      span(row['p99_us']),
      span(row['max_us']),
    ]),
  );
}
