/**
 * lineChart: quantities over simulated time, as steps, with faults behind them and names at the line ends.
 *
 * Buckets are means up to their time, so a value holds from the time before to its own.
 */
import { area, curveStepBefore, line, max, scaleLinear } from 'd3';
import { formatValue } from '../format.ts';
import type { DrawContext } from '../panels/panel.ts';
import { type Child, h, type VNode } from '../vnode.ts';
import { timeTicks } from './time-axis.ts';

export interface LineSeries {
  readonly name: string;
  /** Index into the palette, 0..7; the dash pattern follows it, so that lines differ without colour. */
  readonly color: number;
  readonly values: readonly (number | null)[];
  /** Filled down to zero. */
  readonly isArea?: boolean;
  /** Thin and dashed, for limits such as capacity. */
  readonly isLimit?: boolean;
}

export interface LineChartSpec {
  readonly title: string;
  /** What there is to see, for those who cannot see it. */
  readonly description: string;
  readonly times: readonly number[];
  readonly series: readonly LineSeries[];
  readonly unit: string;
  readonly width: number;
  readonly height?: number;
  /** Fixed top of the scale. */
  readonly top?: number;
}

const MARGIN_TOP = 18;
const MARGIN_BOTTOM = 24;
const LABEL_GAP = 13;

export function lineChart(spec: LineChartSpec, ctx: DrawContext): VNode {
  const height = spec.height ?? 180;
  const isNarrow = spec.width < 460;
  const labelWidth = isNarrow ? 8 : Math.min(160, 14 + 7.2 * (max(spec.series, (series) => Math.min(20, series.name.length)) ?? 0));
  const top = spec.top ?? (max(spec.series, (series) => max(series.values, (value) => value ?? 0) ?? 0) || 1);
  const y = scaleLinear([0, spec.unit === 'bytes' ? byteTicks(top).at(-1)! : top], [height - MARGIN_BOTTOM, MARGIN_TOP]);
  if (spec.unit !== 'bytes') y.nice(4);
  const ticks = spec.unit === 'bytes' ? byteTicks(y.domain()[1]!) : y.ticks(4);
  const left = 12 + 6.6 * (max(ticks, (tick) => tickLabel(tick, spec.unit).length) ?? 0);
  const right = spec.width - labelWidth;
  const x = scaleLinear([0, ctx.endUs || 1], [left, right]);
  const titleId = ctx.id('t');
  const descriptionId = ctx.id('d');
  const hover = ctx.hover({
    left,
    right,
    top: MARGIN_TOP,
    bottom: height - MARGIN_BOTTOM,
    endUs: ctx.endUs,
    times: spec.times,
    rows: spec.series.map((series) => ({ name: series.name, values: series.values, unit: spec.unit })),
  });
  return h(
    'figure',
    { class: 'chart' },
    h('figcaption', {}, spec.title, isNarrow && legend(spec.series)),
    h(
      'svg',
      {
        viewBox: `0 0 ${spec.width} ${height}`,
        width: spec.width,
        height,
        role: 'img',
        'aria-labelledby': `${titleId} ${descriptionId}`,
        'data-hover': hover,
      },
      h('title', { id: titleId }, spec.title),
      h('desc', { id: descriptionId }, spec.description),
      bands(ctx, x, MARGIN_TOP, height - MARGIN_BOTTOM, spec.width),
      ticks.map((tick) => [
        h('line', { class: 'grid', x1: left, x2: right, y1: y(tick), y2: y(tick) }),
        h('text', { class: 'tick', x: left - 6, y: y(tick) + 4, 'text-anchor': 'end' }, tickLabel(tick, spec.unit)),
      ]),
      timeAxis(ctx.endUs, x, height - MARGIN_BOTTOM, right - left),
      spec.series.map((series) => drawSeries(series, spec.times, x, y)),
      !isNarrow && endLabels(spec.series, y, right + 6, height),
    ),
  );
}

type Scale = (value: number) => number;

/** Faults as hatched bands with their names on top; as outlines where what is behind must stay readable. */
export function bands(ctx: DrawContext, x: Scale, top: number, bottom: number, edge: number, isOutline = false): Child {
  if (ctx.bands.length === 0) return null;
  const hatch = ctx.id('hatch');
  let labelledTo = -Infinity;
  return [
    h(
      'defs',
      {},
      h(
        'pattern',
        { id: hatch, width: 6, height: 6, patternUnits: 'userSpaceOnUse', patternTransform: 'rotate(45)' },
        h('line', { class: 'hatch', x1: 0, y1: 0, x2: 0, y2: 6 }),
      ),
    ),
    ctx.bands.map((band) => {
      const from = x(band.fromUs);
      const width = Math.max(1.5, x(band.toUs) - from);
      const needed = 6.2 * band.label.length + 8;
      // A label that would run over the edge ends there instead.
      const at = Math.min(from, edge - needed + 8);
      const hasRoom = at >= labelledTo;
      if (hasRoom) labelledTo = at + needed;
      return h(
        'g',
        { class: 'band' },
        h('rect', { class: isOutline ? 'band-outline' : 'band-tint', x: from, y: top, width, height: bottom - top }),
        !isOutline && h('rect', { x: from, y: top, width, height: bottom - top, fill: `url(#${hatch})` }),
        hasRoom && h('text', { class: 'band-label', x: at, y: top - 5 }, band.label),
      );
    }),
  ];
}

export function timeAxis(endUs: number, x: Scale, y: number, room: number): Child {
  return timeTicks(endUs, Math.max(2, Math.floor(room / 90))).map((tick) => [
    h('line', { class: 'tick-mark', x1: x(tick.us), x2: x(tick.us), y1: y, y2: y + 4 }),
    h('text', { class: 'tick', x: x(tick.us), y: y + 16, 'text-anchor': anchorOf(tick.us, endUs) }, tick.label),
  ]);
}

function drawSeries(series: LineSeries, times: readonly number[], x: Scale, y: Scale): Child {
  const points: [number, number | null][] = [];
  for (let index = 0; index < times.length; index++) {
    const value = series.values[index] ?? null;
    // A step that goes on as it was needs no corner.
    if (index > 0 && index < times.length - 1 && (series.values[index + 1] ?? null) === value) continue;
    points.push([times[index]!, value]);
  }
  const first = points[0];
  // The first bucket begins at 0.
  if (first !== undefined && first[1] !== null) points.unshift([0, first[1]]);
  const isDefined = (point: [number, number | null]): boolean => point[1] !== null;
  const shape = line<[number, number | null]>()
    .defined(isDefined)
    .curve(curveStepBefore)
    .x((point) => x(point[0]))
    .y((point) => y(point[1]!))
    .digits(1);
  const fill = area<[number, number | null]>()
    .defined(isDefined)
    .curve(curveStepBefore)
    .x((point) => x(point[0]))
    .y0(y(0))
    .y1((point) => y(point[1]!))
    .digits(1);
  const kind = series.isLimit ? 'limit' : 'line';
  return [
    series.isArea && h('path', { class: `area c${series.color}`, d: fill(points) ?? '' }),
    h('path', { class: `${kind} c${series.color} d${series.color}`, d: shape(points) ?? '' }),
  ];
}

/** Names at the line ends, pushed apart so that none covers another. */
function endLabels(series: readonly LineSeries[], y: Scale, x: number, height: number): Child {
  const labels = series.map((entry) => ({ entry, at: y(lastValue(entry.values)) + 4 }));
  labels.sort((a, b) => a.at - b.at || a.entry.color - b.entry.color);
  for (let i = 1; i < labels.length; i++) labels[i]!.at = Math.max(labels[i]!.at, labels[i - 1]!.at + LABEL_GAP);
  const overflow = (labels.at(-1)?.at ?? 0) - (height - MARGIN_BOTTOM + 3);
  if (overflow > 0) {
    labels[labels.length - 1]!.at -= overflow;
    for (let i = labels.length - 2; i >= 0; i--) labels[i]!.at = Math.min(labels[i]!.at, labels[i + 1]!.at - LABEL_GAP);
  }
  return labels.map(({ entry, at }) => h('text', { class: `end-label t${entry.color}`, x, y: at }, shortened(entry.name)));
}

/** As much of a name as fits beside a chart. */
function shortened(name: string): string {
  return name.length <= 20 ? name : `${name.slice(0, 19)}…`;
}

/** Names with a sample of their line, where there is no room beside it. */
export function legend(series: readonly LineSeries[]): VNode {
  return h(
    'span',
    { class: 'legend' },
    series.map((entry) =>
      h(
        'span',
        {},
        h(
          'svg',
          { width: 18, height: 8, 'aria-hidden': 'true' },
          h('line', { class: `${entry.isLimit ? 'limit' : 'line'} c${entry.color} d${entry.color}`, x1: 0, x2: 18, y1: 4, y2: 4 }),
        ),
        entry.name,
      ),
    ),
  );
}

/** Labels at the ends of the axis stay inside it. */
function anchorOf(us: number, endUs: number): string {
  if (us === 0) return 'start';
  return us > 0.97 * endUs ? 'end' : 'middle';
}

/** Round numbers of KiB, MiB, GiB ... from 0 to at least `top`. */
function byteTicks(top: number): number[] {
  let unit = 1;
  while (top / unit >= 1024) unit *= 1024;
  const step = [1, 2, 5, 10, 20, 50, 100, 200, 250, 500].find((candidate) => top / unit / candidate <= 4) ?? 500;
  return Array.from({ length: Math.max(1, Math.ceil(top / unit / step)) + 1 }, (_, index) => index * step * unit);
}

function lastValue(values: readonly (number | null)[]): number {
  for (let i = values.length - 1; i >= 0; i--) if (values[i] !== null && values[i] !== undefined) return values[i]!;
  return 0;
}

function tickLabel(value: number, unit: string): string {
  if (unit === 'share') return `${Math.round(value * 1000) / 10} %`;
  return formatValue(value, unit === 'cores' ? '' : unit);
}
