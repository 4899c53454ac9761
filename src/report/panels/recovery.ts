/** Recovery: the phases of each fault side by side, and what it did to each workload. */
import { scaleLinear } from 'd3';
import { readTable, shareBar, tableNote } from '../charts/data-table.ts';
import { timeAxis } from '../charts/line-chart.ts';
import { formatClock, formatNumber, formatShare, formatSpan } from '../format.ts';
import { type Child, h } from '../vnode.ts';
import { type DrawContext, numberOf, type PanelDef, type TableSet, textOfCell } from './panel.ts';

const SHOWN = 12;
const ROW = 40;

/** Phases in the order they end; each has a fill of its own, and its name is written beneath. */
const PHASES = [
  { column: 'detection_us', name: 'unnoticed', fill: 'p0' },
  { column: 'eviction_us', name: 'noticed, waiting to evict', fill: 'p1' },
  { column: 'rescheduled_us', name: 'evicting and placing', fill: 'p2' },
  { column: 'recovery_us', name: 'starting', fill: 'p3' },
] as const;

export const recoveryPanel: PanelDef = {
  name: 'recovery',
  section: 'recovery',
  title: 'From fault to recovery',
  tables: ['faults', 'fault_summary', 'fault_workloads'],
  empty: 'No fault struck during this run.',
  draw: (tables, ctx) =>
    h('div', {}, phaseChart(tables, ctx), summaryTable(tables), hitTable(tables), tableNote('faults', 'fault_summary', 'fault_workloads')),
};

/** The faults that took longest, the unrecovered ones first. */
function slowest(tables: TableSet): ReturnType<TableSet['rows']> {
  const rows = tables.rows('faults');
  const rank = (row: (typeof rows)[number]): number => (row['recovery_us'] === null ? Infinity : numberOf(row['recovery_us'])!);
  return rows
    .map((row, index) => ({ row, index }))
    .sort((a, b) => (rank(a.row) === rank(b.row) ? a.index - b.index : rank(b.row) - rank(a.row)))
    .slice(0, SHOWN)
    .map(({ row }) => row);
}

function phaseChart(tables: TableSet, ctx: DrawContext): Child {
  const rows = slowest(tables);
  const total = tables.get('faults')?.rowCount ?? 0;
  const reach = Math.max(...rows.map((row) => Math.max(...PHASES.map((phase) => numberOf(row[phase.column]) ?? 0))), 1_000_000);
  const height = rows.length * ROW + 28;
  const left = 6;
  const x = scaleLinear([0, reach], [left, ctx.width - 120]);
  const titleId = ctx.id('t');
  const descriptionId = ctx.id('d');
  const hatch = ctx.id('hatch');
  const dots = ctx.id('dots');
  return h(
    'figure',
    { class: 'chart' },
    h(
      'figcaption',
      {},
      `Time since the fault${total > rows.length ? `; the ${rows.length} slowest of ${total}` : ''}`,
      phaseLegend(hatch, dots),
    ),
    h(
      'svg',
      { viewBox: `0 0 ${ctx.width} ${height}`, width: ctx.width, height, role: 'img', 'aria-labelledby': `${titleId} ${descriptionId}` },
      h('title', { id: titleId }, 'Phases of recovery by fault'),
      h('desc', { id: descriptionId }, rows.map(describe).join(' ')),
      patterns(hatch, dots),
      rows.map((row, index) => {
        const y = index * ROW + 4;
        return [
          h(
            'text',
            { class: 'lane', x: left, y: y + 10 },
            `${textOfCell(row['fault'])} on ${textOfCell(row['target'])}, at ${formatClock(numberOf(row['start_us']) ?? 0)}: ${textOfCell(row['pods'])} pods`,
          ),
          phaseBars(row, x, y + 15, hatch, dots),
          h('text', { class: 'mark-label', x: x(endOf(row)) + 6, y: y + 28 }, verdict(row)),
        ];
      }),
      timeAxis(reach, x, height - 24, ctx.width - 120),
    ),
  );
}

function phaseBars(row: ReturnType<TableSet['rows']>[number], x: (us: number) => number, y: number, hatch: string, dots: string): Child {
  let fromUs = 0;
  const bars: Child[] = [];
  for (const phase of PHASES) {
    const endUs = numberOf(row[phase.column]);
    if (endUs === undefined || endUs <= fromUs) continue;
    const width = Math.max(1, x(endUs) - x(fromUs));
    const place = { x: x(fromUs), y, width, height: 16 };
    bars.push(
      h(
        'g',
        {},
        h('title', {}, `${phase.name}: ${formatSpan(endUs - fromUs)}, until ${formatSpan(endUs)} after the fault`),
        h('rect', { class: phase.fill, ...place }),
        overlayOf(phase.fill, hatch, dots) !== undefined && h('rect', { ...place, fill: overlayOf(phase.fill, hatch, dots) }),
      ),
    );
    fromUs = endUs;
  }
  if (bars.length === 0) bars.push(h('rect', { class: 'p3', x: x(0), y, width: 2, height: 16 }));
  return bars;
}

function overlayOf(fill: string, hatch: string, dots: string): string | undefined {
  if (fill === 'p0') return `url(#${hatch})`;
  return fill === 'p2' ? `url(#${dots})` : undefined;
}

function patterns(hatch: string, dots: string): Child {
  return h(
    'defs',
    {},
    h(
      'pattern',
      { id: hatch, width: 6, height: 6, patternUnits: 'userSpaceOnUse', patternTransform: 'rotate(45)' },
      h('line', { class: 'hatch strong', x1: 0, y1: 0, x2: 0, y2: 6 }),
    ),
    h('pattern', { id: dots, width: 5, height: 5, patternUnits: 'userSpaceOnUse' }, h('circle', { class: 'dot', cx: 2, cy: 2, r: 1 })),
  );
}

function phaseLegend(hatch: string, dots: string): Child {
  return h(
    'span',
    { class: 'legend' },
    PHASES.map((phase) => {
      const overlay = overlayOf(phase.fill, hatch, dots);
      return h(
        'span',
        {},
        h(
          'svg',
          { width: 18, height: 10, 'aria-hidden': 'true' },
          h('rect', { class: phase.fill, width: 18, height: 10 }),
          overlay !== undefined && h('rect', { width: 18, height: 10, fill: overlay }),
        ),
        phase.name,
      );
    }),
  );
}

function endOf(row: ReturnType<TableSet['rows']>[number]): number {
  return Math.max(0, ...PHASES.map((phase) => numberOf(row[phase.column]) ?? 0));
}

function verdict(row: ReturnType<TableSet['rows']>[number]): string {
  const recovery = numberOf(row['recovery_us']);
  if (recovery === undefined) return 'not recovered';
  return row['workloads_hurt'] === 0 ? 'nothing hurt' : formatSpan(recovery);
}

function describe(row: ReturnType<TableSet['rows']>[number]): string {
  const detection = numberOf(row['detection_us']);
  return `${textOfCell(row['fault'])} on ${textOfCell(row['target'])}: ${detection === undefined ? 'not noticed' : `noticed after ${formatSpan(detection)}`}, ${verdict(row)}.`;
}

function summaryTable(tables: TableSet): Child {
  const span = (value: unknown): string => (typeof value === 'number' ? formatSpan(value) : '–');
  return readTable(
    'Faults by name',
    [
      { title: 'Fault' },
      { title: 'Strikes', isNumber: true },
      { title: 'Nodes', isNumber: true },
      { title: 'Pods hit', isNumber: true },
      { title: 'Detection, median', isNumber: true },
      { title: 'Recovery, median', isNumber: true },
      { title: 'Recovery, longest', isNumber: true },
      { title: 'Not recovered', isNumber: true },
      { title: 'Lost replica-minutes', isNumber: true },
    ],
    tables
      .rows('fault_summary')
      .map((row) => [
        textOfCell(row['fault']),
        textOfCell(row['strikes']),
        textOfCell(row['nodes']),
        textOfCell(row['pods']),
        span(row['detection_p50_us']),
        span(row['recovery_p50_us']),
        span(row['recovery_max_us']),
        textOfCell(row['not_recovered']),
        formatNumber((numberOf(row['lost_replica_us']) ?? 0) / 60_000_000),
      ]),
  );
}

/** The workloads that a fault hit hardest. */
function hitTable(tables: TableSet): Child {
  const rows = tables.rows('fault_workloads').filter((row) => (numberOf(row['ready_before']) ?? 0) > 0);
  if (rows.length === 0) return null;
  const order = rows
    .map((row, index) => ({ row, index }))
    .sort((a, b) => (numberOf(b.row['share_struck']) ?? 0) - (numberOf(a.row['share_struck']) ?? 0) || a.index - b.index)
    .slice(0, SHOWN);
  return readTable(
    `Workloads hit hardest${rows.length > order.length ? ` (${order.length} of ${rows.length})` : ''}`,
    [
      { title: 'Workload' },
      { title: 'Fault' },
      { title: 'Replicas struck' },
      { title: 'Fewest ready', isNumber: true },
      { title: 'Recovery', isNumber: true },
      { title: 'Lost replica-minutes', isNumber: true },
    ],
    order.map(({ row }) => {
      const share = numberOf(row['share_struck']) ?? 0;
      const recovery = numberOf(row['recovery_us']);
      return [
        textOfCell(row['workload']),
        `${textOfCell(row['fault'])} on ${textOfCell(row['target'])}`,
        shareBar(share, `${textOfCell(row['struck'])} of ${textOfCell(row['ready_before'])} · ${formatShare(share)}`, 6),
        textOfCell(row['fewest_ready']),
        recovery === undefined ? 'never' : recovery === 0 ? 'not hurt' : formatSpan(recovery),
        formatNumber((numberOf(row['lost_replica_us']) ?? 0) / 60_000_000),
      ];
    }),
  );
}
