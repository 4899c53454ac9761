/**
 * The script of a report page: draws every panel into its place, draws it again when the width changes, shows values under
 * the pointer, and fills data tables when they are opened. Sets `data-ready` on the body when everything is drawn.
 */
import { dataTable } from '../charts/data-table.ts';
import { formatClock, formatValue } from '../format.ts';
import type { PageData } from '../page-data.ts';
import { type DrawContext, type FaultBand, type HoverSpec, numberOf, type PanelDef, TableSet, textOfCell } from '../panels/panel.ts';
import { panels } from '../panels/registry.ts';
import { h, toMarkup } from '../vnode.ts';
import { type PageElement, type PageEvent, page } from './dom.ts';

const { document, window } = page;
/** More bands than this hide what is behind them; the longest are shown. */
const MAX_BANDS = 24;

class ReportPage {
  private readonly tables: TableSet;
  private readonly endUs: number;
  private readonly bands: readonly FaultBand[];
  private hovers: Map<string, HoverSpec>;
  private ids: number;
  private drawnWidth: number;
  private readonly tip: PageElement;

  constructor(data: PageData) {
    this.tables = new TableSet(data.tables);
    this.endUs = data.meta.simulatedUs;
    this.bands = faultBands(this.tables, this.endUs);
    this.hovers = new Map();
    this.ids = 0;
    this.drawnWidth = 0;
    this.tip = document.createElement('div');
    this.tip.className = 'tip';
    this.tip.setAttribute('role', 'status');
    document.body.appendChild(this.tip);
  }

  start(): void {
    this.draw();
    window.addEventListener('resize', () => window.requestAnimationFrame(() => this.draw()));
    document.addEventListener('toggle', (event) => this.fillTable(event.target), true);
    document.addEventListener('pointermove', (event) => this.showValues(event));
    document.addEventListener('pointerleave', () => this.hideValues(), true);
    document.getElementById('theme')?.addEventListener('click', () => switchTheme());
    document.body.dataset['ready'] = 'true';
  }

  /** Draws all panels for the present width; does nothing when it is the same. */
  private draw(): void {
    const main = document.getElementById('panels');
    if (main === null || main.clientWidth === this.drawnWidth) return;
    this.drawnWidth = main.clientWidth;
    this.hovers = new Map();
    this.ids = 0;
    for (const panel of panels) {
      const place = document.getElementById(`panel-${panel.name}`);
      if (place !== null) place.innerHTML = toMarkup(this.drawPanel(panel, place.clientWidth));
    }
  }

  private drawPanel(panel: PanelDef, width: number): ReturnType<PanelDef['draw']> {
    const ctx: DrawContext = {
      width: Math.max(280, width),
      endUs: this.endUs,
      bands: this.bands,
      id: (prefix) => `${prefix}${++this.ids}`,
      hover: (spec) => {
        const key = String(this.hovers.size + 1);
        this.hovers.set(key, spec);
        return key;
      },
    };
    return panel.draw(this.tables, ctx);
  }

  private fillTable(target: PageElement): void {
    const name = target.dataset?.['table'];
    if (name === undefined || target.querySelector('table') !== null) return;
    const table = this.tables.get(name);
    const box = document.createElement('div');
    box.innerHTML = table === undefined ? toMarkup(h('p', { class: 'note' }, 'This run has no such table.')) : toMarkup(dataTable(table));
    target.appendChild(box);
  }

  private showValues(event: PageEvent): void {
    const drawing = event.target.closest?.('svg[data-hover]') ?? null;
    const spec = drawing === null ? undefined : this.hovers.get(drawing.dataset['hover'] ?? '');
    if (drawing === null || spec === undefined || spec.times.length === 0) {
      this.hideValues();
      return;
    }
    const box = drawing.getBoundingClientRect();
    const at = event.clientX - box.left;
    const share = (at - spec.left) / (spec.right - spec.left);
    if (share < 0 || share > 1) {
      this.hideValues();
      return;
    }
    // A bucket's value holds up to its time.
    const us = share * spec.endUs;
    let index = spec.times.findIndex((time) => time >= us);
    if (index === -1) index = spec.times.length - 1;
    this.placeCursor(drawing, spec, at);
    this.tip.innerHTML = toMarkup([
      h('strong', {}, formatClock(spec.times[index]!)),
      spec.rows.map((row) => h('div', {}, h('span', {}, row.name), h('b', {}, formatValue(row.values[index], row.unit)))),
    ]);
    this.tip.style['display'] = 'block';
    const width = this.tip.getBoundingClientRect().width;
    const left = event.clientX + 14 + width > window.innerWidth ? event.clientX - 14 - width : event.clientX + 14;
    this.tip.style['left'] = `${Math.max(4, left) + window.scrollX}px`;
    this.tip.style['top'] = `${event.clientY + 14 + window.scrollY}px`;
  }

  private placeCursor(drawing: PageElement, spec: HoverSpec, at: number): void {
    let cursor = drawing.querySelector('.cursor');
    if (cursor === null) {
      for (const other of document.body.querySelectorAll('.cursor')) other.remove();
      cursor = document.createElementNS('http://www.w3.org/2000/svg', 'line');
      cursor.setAttribute('class', 'cursor');
      drawing.appendChild(cursor);
    }
    cursor.setAttribute('x1', String(at));
    cursor.setAttribute('x2', String(at));
    cursor.setAttribute('y1', String(spec.top));
    cursor.setAttribute('y2', String(spec.bottom));
  }

  private hideValues(): void {
    this.tip.style['display'] = 'none';
    for (const cursor of document.body.querySelectorAll('.cursor')) cursor.remove();
  }
}

/** Faults to show behind charts over time: the longest ones, in order of time. */
function faultBands(tables: TableSet, endUs: number): FaultBand[] {
  const bands = tables
    .rows('timeline')
    .filter((row) => row['category'] === 'fault')
    .map((row) => {
      const fromUs = numberOf(row['time_us']) ?? 0;
      return { fromUs, toUs: numberOf(row['end_us']) ?? endUs, label: `${textOfCell(row['what'])} ${textOfCell(row['target'])}` };
    });
  const longest = bands
    .map((band, index) => ({ band, index }))
    .sort((a, b) => b.band.toUs - b.band.fromUs - (a.band.toUs - a.band.fromUs) || a.index - b.index)
    .slice(0, MAX_BANDS);
  return longest.sort((a, b) => a.band.fromUs - b.band.fromUs || a.index - b.index).map(({ band }) => band);
}

/** From what is shown now to the other; kept for this page only. */
function switchTheme(): void {
  const root = document.documentElement;
  const isDark =
    root.dataset['theme'] === undefined ? window.matchMedia('(prefers-color-scheme: dark)').matches : root.dataset['theme'] === 'dark';
  root.dataset['theme'] = isDark ? 'light' : 'dark';
}

const source = document.getElementById('result');
if (source !== null) new ReportPage(JSON.parse(source.textContent ?? '{}') as PageData).start();
