/** Timeline: faults as bars, actions as marks, nodes ready beneath, all on one axis. */
import { scaleLinear } from 'd3';
import { tableNote } from '../charts/data-table.ts';
import { lineChart, timeAxis } from '../charts/line-chart.ts';
import { formatClock, formatSpan } from '../format.ts';
import { type Child, h, type VNode } from '../vnode.ts';
import { type DrawContext, numberOf, type PanelDef, type TableSet, textOfCell } from './panel.ts';

const ROW = 22;
const MAX_LANES = 14;

interface Lane {
  readonly name: string;
  readonly marks: { readonly fromUs: number; readonly toUs: number; readonly text: string; readonly isFault: boolean }[];
}

export const timelinePanel: PanelDef = {
  name: 'timeline',
  section: 'happened',
  title: 'Faults, actions and nodes over time',
  tables: ['node_series', 'timeline', 'event_counts'],
  draw: (tables, ctx) =>
    h(
      'div',
      {},
      lanesChart(lanesOf(tables, ctx.endUs), ctx),
      nodesChart(tables, ctx),
      tableNote('timeline', 'node_series', 'event_counts'),
    ),
};

/** One lane per fault or action name, in order of first occurrence; the rest together in a last one. */
function lanesOf(tables: TableSet, endUs: number): Lane[] {
  const lanes = new Map<string, Lane>();
  for (const row of tables.rows('timeline')) {
    const category = textOfCell(row['category']);
    if (category !== 'fault' && category !== 'action') continue;
    const isFault = category === 'fault';
    const wanted = textOfCell(row['name']) || textOfCell(row['what']);
    const name = lanes.has(wanted) || lanes.size < MAX_LANES ? wanted : 'others';
    const fromUs = numberOf(row['time_us']) ?? 0;
    let lane = lanes.get(name);
    if (lane === undefined) {
      lane = { name, marks: [] };
      lanes.set(name, lane);
    }
    lane.marks.push({ fromUs, toUs: isFault ? (numberOf(row['end_us']) ?? endUs) : fromUs, text: textOfCell(row['target']), isFault });
  }
  return [...lanes.values()];
}

function lanesChart(lanes: readonly Lane[], ctx: DrawContext): Child {
  if (lanes.length === 0) return h('p', { class: 'note' }, 'No fault struck and no action was taken.');
  const isNarrow = ctx.width < 460;
  const left = isNarrow ? 6 : 12 + 6.6 * Math.max(...lanes.map((lane) => lane.name.length));
  const rowHeight = isNarrow ? ROW + 12 : ROW;
  const height = lanes.length * rowHeight + 26;
  const x = scaleLinear([0, ctx.endUs || 1], [left, ctx.width - 10]);
  const titleId = ctx.id('t');
  const descriptionId = ctx.id('d');
  const hatch = ctx.id('hatch');
  const count = lanes.reduce((sum, lane) => sum + lane.marks.length, 0);
  return h(
    'figure',
    { class: 'chart' },
    h('figcaption', {}, 'Faults and actions'),
    h(
      'svg',
      { viewBox: `0 0 ${ctx.width} ${height}`, width: ctx.width, height, role: 'img', 'aria-labelledby': `${titleId} ${descriptionId}` },
      h('title', { id: titleId }, 'Faults and actions over time'),
      h('desc', { id: descriptionId }, `${count} faults and actions in ${lanes.length} lanes, one per name.`),
      h(
        'defs',
        {},
        h(
          'pattern',
          { id: hatch, width: 6, height: 6, patternUnits: 'userSpaceOnUse', patternTransform: 'rotate(45)' },
          h('line', { class: 'hatch strong', x1: 0, y1: 0, x2: 0, y2: 6 }),
        ),
      ),
      lanes.map((lane, index) => {
        const y = index * rowHeight + (isNarrow ? 16 : 4);
        return [
          h('line', { class: 'grid', x1: left, x2: ctx.width - 10, y1: y + ROW / 2 - 1, y2: y + ROW / 2 - 1 }),
          h(
            'text',
            { class: 'lane', x: isNarrow ? left : left - 8, y: isNarrow ? y - 3 : y + 14, 'text-anchor': isNarrow ? 'start' : 'end' },
            lane.name,
          ),
          lane.marks.map((mark) => drawMark(mark, x, y, hatch, lane.marks.length === 1 && mark.isFault)),
        ];
      }),
      timeAxis(ctx.endUs, x, height - 24, ctx.width - left),
    ),
  );
}

function drawMark(mark: Lane['marks'][number], x: (us: number) => number, y: number, hatch: string, isLabelled: boolean): VNode {
  const from = x(mark.fromUs);
  if (!mark.isFault) {
    const middle = y + ROW / 2 - 1;
    return h(
      'g',
      { class: 'action' },
      h('title', {}, `${formatClock(mark.fromUs)} ${mark.text}`),
      h('path', { class: 'mark', d: `M${round(from)},${middle - 6}l6,6l-6,6l-6,-6z` }),
      h('text', { class: 'mark-label', x: from + 10, y: middle + 4 }, mark.text),
    );
  }
  const width = Math.max(3, x(mark.toUs) - from);
  return h(
    'g',
    { class: 'fault' },
    h('title', {}, `${formatClock(mark.fromUs)} ${mark.text}, for ${formatSpan(mark.toUs - mark.fromUs)}`),
    h('rect', { class: 'fault-fill', x: from, y: y + 2, width, height: ROW - 6, rx: 2 }),
    h('rect', { x: from, y: y + 2, width, height: ROW - 6, rx: 2, fill: `url(#${hatch})` }),
    isLabelled &&
      h('text', { class: 'mark-label', x: from + width + 5, y: y + 14 }, `${mark.text}, ${formatSpan(mark.toUs - mark.fromUs)}`),
  );
}

function nodesChart(tables: TableSet, ctx: DrawContext): Child {
  const rows = tables.rows('node_series');
  if (rows.length === 0) return null;
  const values = (name: string): (number | null)[] => rows.map((row) => numberOf(row[name]) ?? null);
  return lineChart(
    {
      title: 'Nodes',
      description: 'Registered nodes, ready nodes and nodes with at least one pod over time.',
      times: rows.map((row) => numberOf(row['time_us']) ?? 0),
      unit: 'nodes',
      width: ctx.width,
      height: 150,
      series: [
        { name: 'registered', color: 0, values: values('registered'), isLimit: true },
        { name: 'ready', color: 3, values: values('ready'), isArea: true },
        { name: 'in use', color: 5, values: values('used') },
      ],
    },
    ctx,
  );
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
