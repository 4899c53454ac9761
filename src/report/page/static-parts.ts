/**
 * Static parts: what a page shows without a script: header, expectations, key figures, and how the run was made.
 */
import type { Expectation, Figure, Table } from '../../metrics/result.ts';
import { formatNumber, formatSpan, formatValue } from '../format.ts';
import type { PageData } from '../page-data.ts';
import { type Child, h, type VNode } from '../vnode.ts';

export function pageHeader(data: PageData): VNode {
  const { meta } = data;
  return h(
    'header',
    { class: 'top' },
    h(
      'div',
      { class: 'title-row' },
      h('div', {}, h('p', { class: 'eyebrow' }, 'seatrial run'), h('h1', {}, meta.scenario)),
      h('button', { type: 'button', class: 'theme', id: 'theme', 'aria-label': 'Switch between light and dark' }, '◐'),
    ),
    meta.description !== '' && h('p', { class: 'lead' }, meta.description),
    meta.isPartial &&
      h(
        'p',
        { class: 'partial', role: 'note' },
        h('strong', {}, 'Partial run. '),
        meta.partialReason === '' ? 'It ended before its planned end; everything measured until then is here.' : meta.partialReason,
      ),
    h(
      'p',
      { class: 'chips' },
      chip('seed', meta.seed),
      chip('simulated', formatSpan(meta.simulatedUs)),
      chip('digest', meta.digest),
      chip('Kubernetes', meta.kubernetesVersion),
      chip('ended', meta.end),
    ),
  );
}

function chip(name: string, value: string): VNode {
  return h('span', { class: 'chip' }, h('span', { class: 'chip-name' }, name), ' ', h('span', { class: 'chip-value' }, value));
}

const STATUS: Readonly<Record<Expectation['status'], { readonly mark: string; readonly text: string }>> = {
  met: { mark: '✓', text: 'met' },
  'not-met': { mark: '✗', text: 'not met' },
  unknown: { mark: '?', text: 'not measured' },
};

export function expectationsSection(data: PageData): VNode {
  const { expectations } = data;
  const met = expectations.filter((entry) => entry.status === 'met').length;
  const verdict = expectations.length === 0 ? 'none' : met === expectations.length ? 'good' : 'bad';
  return h(
    'section',
    { id: 'expectations', 'aria-labelledby': 'expectations-title' },
    h('h2', { id: 'expectations-title' }, 'Did it meet its expectations?'),
    expectations.length === 0
      ? h('p', { class: 'note' }, 'The scenario expects nothing.')
      : [
          h(
            'p',
            { class: `verdict ${verdict}` },
            met === expectations.length ? `Yes: all ${met} met.` : `No: ${expectations.length - met} of ${expectations.length} not met.`,
          ),
          h(
            'ul',
            { class: 'expectations' },
            expectations.map((entry) =>
              h(
                'li',
                { class: entry.status },
                h('span', { class: 'mark', 'aria-hidden': 'true' }, STATUS[entry.status].mark),
                h('code', {}, entry.text),
                h('span', { class: 'measured' }, entry.measured === '' ? '–' : entry.measured),
                h('span', { class: 'status' }, STATUS[entry.status].text),
                h(
                  'span',
                  { class: 'source' },
                  entry.detail,
                  entry.detail !== '' && entry.table !== '' && ' · ',
                  entry.table !== '' && ['table ', h('code', {}, entry.table)],
                ),
              ),
            ),
          ),
        ],
  );
}

export function figuresSection(figures: readonly Figure[]): Child {
  const present = figures.filter((figure) => figure.value !== null);
  if (present.length === 0) return null;
  const rank = (figure: Figure): number =>
    HEADLINES.findIndex((name) => figure.name === name || (name.endsWith('*') && figure.name.startsWith(name.slice(0, -1))));
  const shown = present
    .map((figure, index) => ({ figure, index, rank: rank(figure) }))
    .filter((entry) => entry.rank !== -1)
    .sort((a, b) => a.rank - b.rank || a.index - b.index)
    .map((entry) => entry.figure);
  const others = present.filter((figure) => rank(figure) === -1);
  return h(
    'section',
    { id: 'figures', 'aria-labelledby': 'figures-title' },
    h('h2', { id: 'figures-title' }, 'Key figures'),
    cards(shown),
    others.length > 0 && h('details', {}, h('summary', {}, `${others.length} more figures`), cards(others)),
  );
}

/** Figures of first interest, in this order; the rest is folded away. */
const HEADLINES: readonly string[] = [
  'availability.worst',
  'recovery.longest',
  'failure_domains.worst_zone',
  'utilization.cpu',
  'utilization.memory',
  'utilization.*',
  'packing.efficiency',
  'cost',
  'pods.created',
  'pods.unscheduled',
  'pod.startup.p99',
  'scheduling.queue_wait.p99',
  'evictions',
];

function cards(figures: readonly Figure[]): VNode {
  return h(
    'dl',
    { class: 'figures' },
    figures.map((figure) =>
      h(
        'div',
        { class: 'figure' },
        h('dt', {}, figure.title),
        h(
          'dd',
          {},
          h('span', { class: 'value' }, formatValue(figure.value, figure.unit)),
          figure.detail !== '' && h('span', { class: 'detail' }, figure.detail),
          h('span', { class: 'source' }, 'table ', h('code', {}, figure.table)),
        ),
      ),
    ),
  );
}

export function runSection(data: PageData): VNode {
  const { meta, wall, tables } = data;
  const rows: [string, Child][] = [
    ['Scenario', meta.scenario],
    ['Seed', meta.seed],
    ['Digest', h('code', {}, meta.digest)],
    ['Replay', h('code', { class: 'command' }, meta.replayCommand)],
    ['Simulated', `${formatSpan(meta.simulatedUs)}, from ${meta.epoch}`],
    ['Ended', meta.isPartial ? `${meta.end} (partial)` : meta.end],
    ['Events', formatNumber(meta.events)],
    ['seatrial', meta.seatrialVersion],
    ['Kubernetes behaviour', meta.kubernetesVersion],
  ];
  if (wall.seconds > 0)
    rows.push([
      'Took',
      `${formatNumber(wall.seconds)} s, ${formatNumber(wall.eventsPerSecond)} events per second (differs from run to run)`,
    ]);
  if (wall.runtime !== '') rows.push(['Ran on', wall.runtime]);
  if (wall.finishedAt !== '') rows.push(['Finished', wall.finishedAt]);
  return h(
    'section',
    { id: 'run', 'aria-labelledby': 'run-title' },
    h('h2', { id: 'run-title' }, 'The run'),
    h('p', { class: 'note' }, 'The same scenario, seed and version give the same digest and the same numbers on every machine.'),
    h(
      'dl',
      { class: 'meta' },
      rows.filter(([, value]) => value !== '').map(([name, value]) => [h('dt', {}, name), h('dd', {}, value)]),
    ),
    meta.scenarioText !== '' &&
      h('details', {}, h('summary', {}, 'Scenario as it was run'), h('pre', { tabindex: '0' }, meta.scenarioText)),
    tableList(tables),
  );
}

function tableList(tables: readonly Table[]): VNode {
  return h(
    'details',
    {},
    h('summary', {}, `All ${tables.length} tables of the result`),
    h(
      'ul',
      { class: 'table-list' },
      tables.map((table) =>
        h(
          'li',
          {},
          h('code', {}, `tables/${table.name}.csv`),
          ` ${table.description} `,
          h('span', { class: 'note' }, `${formatNumber(table.rowCount + table.omittedRows)} rows`),
        ),
      ),
    ),
  );
}
