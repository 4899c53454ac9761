/** Rollouts: ready replicas of old and new template through each update. */
import { area, curveStepAfter, scaleLinear } from 'd3';
import { tableNote } from '../charts/data-table.ts';
import { timeTicks } from '../charts/time-axis.ts';
import { formatClock, formatSpan } from '../format.ts';
import { type Child, h } from '../vnode.ts';
import { type DrawContext, numberOf, type PanelDef } from './panel.ts';
import { chartWidth } from './resources.ts';

const MAX_CHARTS = 6;

interface Step {
  readonly timeUs: number;
  readonly old: number;
  readonly next: number;
  readonly wanted: number;
}

export const rolloutsPanel: PanelDef = {
  name: 'rollouts',
  section: 'service-levels',
  title: 'Rollouts',
  tables: ['rollouts'],
  draw: (tables, ctx) => {
    const updates = [...tables.groups('rollouts', ['workload', 'revision'])]
      .map(([key, rows]) => {
        const [workload, revision] = key.split('\u0000') as [string, string];
        const steps = rows.map((row) => ({
          timeUs: numberOf(row['time_us']) ?? 0,
          old: numberOf(row['old_ready']) ?? 0,
          next: numberOf(row['new_ready']) ?? 0,
          wanted: numberOf(row['wanted']) ?? 0,
        }));
        return { workload, revision, steps: untilDone(steps) };
      })
      .filter((update) => update.steps.length > 1);
    const shown = updates.slice(0, MAX_CHARTS);
    return h(
      'div',
      {},
      shown.length === 0 && h('p', { class: 'note' }, 'No update of a template changed any replica.'),
      h(
        'div',
        { class: 'chart-grid' },
        shown.map((update) => rolloutChart(update.workload, update.revision, update.steps, chartWidth(ctx.width, shown.length), ctx)),
      ),
      updates.length > shown.length && h('p', { class: 'note' }, `${updates.length - shown.length} more updates in the table.`),
      tableNote('rollouts'),
    );
  },
};

/** Steps up to the first moment with all new and no old replicas; later ones belong to something else. */
function untilDone(steps: readonly Step[]): Step[] {
  const done = steps.findIndex((step) => step.old === 0 && step.next >= step.wanted);
  return done === -1 ? [...steps] : steps.slice(0, done + 1);
}

function rolloutChart(workload: string, revision: string, steps: readonly Step[], width: number, ctx: DrawContext): Child {
  const startUs = steps[0]!.timeUs;
  const spanUs = Math.max(1, steps.at(-1)!.timeUs - startUs);
  const most = Math.max(...steps.map((step) => Math.max(step.old + step.next, step.wanted)));
  const fewest = Math.min(...steps.map((step) => step.old + step.next));
  const wanted = steps.at(-1)!.wanted;
  const height = 170;
  const x = scaleLinear([0, spanUs], [30, width - 90]);
  const y = scaleLinear([0, most], [height - 24, 12]);
  const last = steps.at(-1)!;
  const points = [...steps.map((step) => ({ ...step, at: step.timeUs - startUs })), { ...last, at: spanUs }];
  const shape = (low: (step: Step) => number, high: (step: Step) => number): string =>
    area<Step & { at: number }>()
      .curve(curveStepAfter)
      .x((step) => x(step.at))
      .y0((step) => y(low(step)))
      .y1((step) => y(high(step)))
      .digits(1)(points) ?? '';
  const titleId = ctx.id('t');
  const descriptionId = ctx.id('d');
  const hatch = ctx.id('hatch');
  return h(
    'figure',
    { class: 'chart' },
    h(
      'figcaption',
      {},
      `${workload}, revision ${revision}: ${formatSpan(spanUs)} from ${formatClock(startUs)}, never below ${fewest} of ${wanted}`,
    ),
    h(
      'svg',
      { viewBox: `0 0 ${width} ${height}`, width, height, role: 'img', 'aria-labelledby': `${titleId} ${descriptionId}` },
      h('title', { id: titleId }, `Rollout of ${workload}`),
      h(
        'desc',
        { id: descriptionId },
        `Ready replicas of old and new template: ${steps
          .slice(0, 40)
          .map((step) => `${step.old}/${step.next}`)
          .join(', ')}`,
      ),
      h(
        'defs',
        {},
        h(
          'pattern',
          { id: hatch, width: 6, height: 6, patternUnits: 'userSpaceOnUse', patternTransform: 'rotate(45)' },
          h('line', { class: 'hatch strong', x1: 0, y1: 0, x2: 0, y2: 6 }),
        ),
      ),
      h('path', {
        class: 'area solid c5',
        d: shape(
          () => 0,
          (step) => step.next,
        ),
      }),
      h('path', {
        class: 'area solid c1',
        d: shape(
          (step) => step.next,
          (step) => step.next + step.old,
        ),
      }),
      h('path', {
        d: shape(
          (step) => step.next,
          (step) => step.next + step.old,
        ),
        fill: `url(#${hatch})`,
      }),
      h('line', { class: 'limit c0 d0', x1: 30, x2: width - 90, y1: y(wanted), y2: y(wanted) }),
      h('text', { class: 'end-label t0', x: width - 86, y: y(wanted) + 4 }, `wanted ${wanted}`),
      h('text', { class: 'end-label t5', x: width - 86, y: y(last.next / 2) + 4 }, 'new'),
      h('text', { class: 'end-label t1', x: 34, y: y(steps[0]!.old / 2) }, 'old'),
      y.ticks(Math.min(4, most)).map((tick) => h('text', { class: 'tick', x: 24, y: y(tick) + 4, 'text-anchor': 'end' }, String(tick))),
      timeTicks(spanUs, 4).map((tick) =>
        h('text', { class: 'tick', x: x(tick.us), y: height - 8, 'text-anchor': tick.us === 0 ? 'start' : 'middle' }, tick.label),
      ),
    ),
  );
}
