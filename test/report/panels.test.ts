/** What every panel must do, and what each of them shows. */
import { beforeAll, describe, expect, test } from 'vitest';
import { measures } from '../../src/metrics/registry.ts';
import type { RunResult, Table } from '../../src/metrics/result.ts';
import { pageData } from '../../src/report/page-data.ts';
import { type DrawContext, type HoverSpec, SECTIONS, TableSet } from '../../src/report/panels/panel.ts';
import { panels } from '../../src/report/panels/registry.ts';
import { textOf, toMarkup } from '../../src/report/vnode.ts';
import { syntheticRun } from '../support/synthetic-run.ts';

let result: RunResult;
let page: TableSet;
/** A run that was over before anything happened. */
let brief: TableSet;
beforeAll(() => {
  result = syntheticRun();
  page = new TableSet(pageData(result).tables);
  brief = new TableSet(pageData(syntheticRun({ durationUs: 1_000_000, racksPerZone: 2, nodesPerRack: 1 })).tables);
}, 120_000);

function contextOf(width: number, endUs: number): DrawContext & { readonly hovers: HoverSpec[] } {
  let ids = 0;
  const hovers: HoverSpec[] = [];
  return {
    width,
    endUs,
    bands: [{ fromUs: endUs / 3, toUs: endUs / 2, label: 'zone-outage zone/b' }],
    id: (prefix) => `${prefix}${++ids}`,
    hover: (spec) => String(hovers.push(spec)),
    hovers,
  };
}

describe.each(panels.map((panel) => [panel.name, panel] as const))('%s', (_, panel) => {
  test('names tables that measures write', () => {
    const known = measures.flatMap((measure) => measure.tables.map((table) => table.name));
    for (const table of panel.tables) expect(known).toContain(table);
    expect(SECTIONS.map((section) => section.name)).toContain(panel.section);
  });

  test.each([1080, 760, 362, 280])('draws itself %i pixels wide, without anything undefined', (width) => {
    const ctx = contextOf(width, result.meta.simulatedUs);
    const markup = toMarkup(panel.draw(page, ctx));
    expect(/.{0,60}(?:NaN|undefined|Infinity|\[object).{0,60}/.exec(markup)?.[0]).toBeUndefined();
    expect(markup.length).toBeGreaterThan(100);
    // No drawing is wider than its place, or a phone would scroll sideways.
    for (const [, drawn] of markup.matchAll(/<svg[^>]* width="([\d.]+)"/g)) expect(Number(drawn)).toBeLessThanOrEqual(width);
    const ids = [...markup.matchAll(/ id="([^"]+)"/g)].map((match) => match[1]);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('draws from empty tables too', () => {
    const empty = result.tables.map(
      (table): Table => ({ ...table, rowCount: 0, columns: table.columns.map((column) => ({ ...column, values: [] })) }),
    );
    if (panel.empty === undefined) {
      expect(toMarkup(panel.draw(new TableSet(empty), contextOf(700, 0)))).not.toMatch(/NaN|undefined|Infinity/);
    }
    expect(toMarkup(panel.draw(brief, contextOf(700, 1_000_000)))).not.toMatch(/NaN|undefined|Infinity/);
  });

  test('can be read as a table, and says which', () => {
    const markup = toMarkup(panel.draw(page, contextOf(760, result.meta.simulatedUs)));
    expect(markup.includes(`data-table="${panel.tables[0]}"`)).toBe(true);
  });

  test('describes every drawing for those who cannot see it', () => {
    const markup = toMarkup(panel.draw(page, contextOf(760, result.meta.simulatedUs)));
    for (const [drawing] of markup.matchAll(/<svg(?![^>]*aria-hidden)[^>]*>/g)) {
      expect(drawing).toContain('role="img"');
      const [title, description] = /aria-labelledby="([^"]+)"/.exec(drawing)![1]!.split(' ');
      expect(markup.includes(`<title id="${title}">`)).toBe(true);
      expect(new RegExp(`<desc id="${description}">[^<]{5,}</desc>`).test(markup)).toBe(true);
    }
  });

  test('is a pure function of its tables', () => {
    const draw = (): string => toMarkup(panel.draw(page, contextOf(900, result.meta.simulatedUs)));
    expect(draw() === draw()).toBe(true);
  });
});

describe('what panels show', () => {
  const drawn = (name: string, width = 1100): { text: string; markup: string; hovers: HoverSpec[] } => {
    const ctx = contextOf(width, result.meta.simulatedUs);
    const node = panels.find((panel) => panel.name === name)!.draw(page, ctx);
    return { text: textOf(node), markup: toMarkup(node), hovers: ctx.hovers };
  };

  test('the timeline has a bar per fault and a mark per action', () => {
    const { markup, text } = drawn('timeline');
    expect(markup.match(/class="fault"/g)).toHaveLength(2);
    expect(markup.match(/class="action"/g)).toHaveLength(1);
    expect(text).toContain('zone/b, 25 min');
  });

  test('utilization has a chart per resource, the same values under the pointer as in the table', () => {
    const { hovers, text } = drawn('utilization-over-time');
    expect(hovers).toHaveLength(4);
    const cpu = result.tables.find((table) => table.name === 'utilization')!;
    const row = cpu.columns[2]!.values.indexOf('cpu');
    const mean = cpu.columns.find((column) => column.name === 'requested_mean')!.values[row] as number;
    const requested = hovers[0]!.rows.find((entry) => entry.name === 'requested')!;
    const average = requested.values.reduce<number>((sum, value) => sum + value!, 0) / requested.values.length;
    expect(average).toBeCloseTo(mean, 0);
    expect(text).toContain('CPU:');
  });

  test('failure domains have a cell per workload and level that can be lost', () => {
    const { markup } = drawn('failure-domains');
    // Six workloads, four levels: there is only one region.
    expect(markup.match(/class="shade q\d"/g)).toHaveLength(24);
  });

  test('recovery shows the phases and how long they took', () => {
    const { text, markup } = drawn('recovery');
    expect(text).toMatch(/zone-outage on zone\/b, at 40 min/);
    for (const phase of ['p0', 'p1', 'p2', 'p3'])
      expect(new RegExp(`<rect class="${phase}"[^>]*height="16"`).test(markup), phase).toBe(true);
  });

  test('lines differ by more than colour', () => {
    const { markup } = drawn('utilization-over-time');
    expect(markup.includes('class="limit c0 d0"')).toBe(true);
    expect(markup.includes('class="end-label t5"')).toBe(true);
  });
});
