/**
 * renderReport: one self-contained HTML page from a saved result. No network, no external files: style, script and data are
 * inside. The same result and bundle give the same bytes.
 */
import type { RunResult } from '../metrics/result.ts';
import { expectationsSection, figuresSection, pageHeader, runSection } from './page/static-parts.ts';
import { pageData } from './page-data.ts';
import { PAGE_STYLE } from './page-style.ts';
import { type PanelDef, SECTIONS, TableSet } from './panels/panel.ts';
import { panels } from './panels/registry.ts';
import { type Child, h, toMarkup } from './vnode.ts';

/** `bundle` is the page script (page-bundle-file.ts finds or builds it). */
export function renderReport(result: RunResult, bundle: string): string {
  const data = pageData(result);
  const tables = new TableSet(data.tables);
  const shown = panels.filter((panel) => tables.has(panel.tables[0]!) || panel.empty !== undefined);
  const body = [
    pageHeader(data),
    contents(shown),
    expectationsSection(data),
    figuresSection(data.summary),
    h(
      'div',
      { id: 'panels' },
      SECTIONS.map((section) => sectionOf(section, shown, tables)),
    ),
    runSection(data),
    h(
      'footer',
      {},
      `Drawn by seatrial ${data.meta.seatrialVersion} from result.json. Every chart has its table beneath it; the complete tables are in the folder of this page.`,
    ),
  ];
  return [
    '<!doctype html>',
    '<html lang="en">',
    '<head>',
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="color-scheme" content="light dark">',
    `<title>${toMarkup(`${data.meta.scenario}, seed ${data.meta.seed} – seatrial`)}</title>`,
    // An empty icon keeps browsers from asking for one.
    '<link rel="icon" href="data:,">',
    `<style>${PAGE_STYLE}</style>`,
    '</head>',
    '<body>',
    `<div class="wrap">${toMarkup(body)}</div>`,
    '<noscript><div class="wrap"><p class="note">The charts of this page are drawn by its own script, which is switched off here. The tables are in the folder of this page.</p></div></noscript>',
    `<script type="application/json" id="result">${scriptSafe(JSON.stringify(data))}</script>`,
    `<script>${bundle.replaceAll('</script', '<\\/script')}</script>`,
    '</body>',
    '</html>',
    '',
  ].join('\n');
}

function contents(shown: readonly PanelDef[]): Child {
  const sections = SECTIONS.filter((section) => shown.some((panel) => panel.section === section.name));
  return h(
    'nav',
    { class: 'contents', 'aria-label': 'Contents' },
    h('a', { href: '#expectations' }, 'Expectations'),
    h('a', { href: '#figures' }, 'Key figures'),
    sections.map((section) => h('a', { href: `#${section.name}` }, section.title)),
    h('a', { href: '#run' }, 'The run'),
  );
}

function sectionOf(section: (typeof SECTIONS)[number], shown: readonly PanelDef[], tables: TableSet): Child {
  const inside = shown.filter((panel) => panel.section === section.name);
  if (inside.length === 0) return null;
  return h(
    'section',
    { id: section.name, 'aria-labelledby': `${section.name}-title` },
    h('h2', { id: `${section.name}-title` }, section.title),
    inside.map((panel) =>
      h(
        'div',
        { class: 'panel' },
        h('h3', {}, panel.title),
        tables.has(panel.tables[0]!) ? h('div', { id: `panel-${panel.name}` }) : h('p', { class: 'note' }, panel.empty),
      ),
    ),
  );
}

/** JSON that cannot end the script element it stands in. */
function scriptSafe(json: string): string {
  return json.replaceAll('<', '\\u003c').replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029');
}
