/** Failure domains: the "lose one box of four, lose 25 %" table, by workload and level. */
import { readTable, shadeOf, shareBar, tableNote } from '../charts/data-table.ts';
import { formatShare, formatSpan } from '../format.ts';
import { type Child, h } from '../vnode.ts';
import { numberOf, type PanelDef, type TableSet, textOfCell } from './panel.ts';

const LEVELS = ['node', 'rack', 'power', 'zone', 'region'];
const MAX_ROWS = 60;

export const failureDomainsPanel: PanelDef = {
  name: 'failure-domains',
  section: 'failure-domains',
  title: 'What each workload loses if one domain dies',
  tables: ['failure_domains'],
  empty: 'No pod stood on any node when the run ended.',
  draw: (tables) => {
    const rows = tables.rows('failure_domains');
    // A level with one domain in all says nothing: whoever loses it loses everything.
    const levels = LEVELS.filter((level) => rows.some((row) => row['level'] === level && (numberOf(row['domains_total']) ?? 0) > 1));
    const workloads = [...new Set(rows.map((row) => textOfCell(row['workload'])))];
    const shown = workloads.slice(0, MAX_ROWS);
    return h(
      'div',
      {},
      h(
        'p',
        { class: 'note' },
        'Share of the replicas in the fullest domain at the end of the run, and, after the dot, how many domains can be lost at once with a majority of the wanted replicas left. A triangle marks a disruption budget that one loss would break; a cross, replicas that would not fit on the rest of the cluster.',
      ),
      readTable(
        'Largest share of replicas in one domain',
        [{ title: 'Workload' }, { title: 'Replicas', isNumber: true }, ...levels.map((level) => ({ title: titleOf(level) }))],
        shown.map((workload) => [
          workload,
          replicasOf(rows, workload),
          ...levels.map((level) => cell(rows.find((row) => row['workload'] === workload && row['level'] === level))),
        ]),
      ),
      workloads.length > shown.length && h('p', { class: 'note' }, `${workloads.length - shown.length} more workloads in the table.`),
      tableNote('failure_domains'),
    );
  },
};

export const domainLossPanel: PanelDef = {
  name: 'domain-loss',
  section: 'failure-domains',
  title: 'What the cluster loses if one domain dies',
  tables: ['domain_loss', 'disruption_budgets'],
  draw: (tables) =>
    h(
      'div',
      {},
      LEVELS.toReversed().map((level) => lossTable(tables, level)),
      budgetTable(tables),
      tableNote('domain_loss', 'disruption_budgets'),
    ),
};

function replicasOf(rows: ReturnType<TableSet['rows']>, workload: string): string {
  const row = rows.find((entry) => entry['workload'] === workload);
  const wanted = numberOf(row?.['wanted']);
  const pods = numberOf(row?.['pods']) ?? 0;
  return wanted === undefined || wanted === pods ? String(pods) : `${pods} of ${wanted}`;
}

function cell(row: ReturnType<TableSet['rows']>[number] | undefined): Child {
  const share = numberOf(row?.['worst_share']);
  if (row === undefined || share === undefined) return '–';
  const budget = numberOf(row['survives_budget']);
  const refit = numberOf(row['refit_share']);
  const breaks = budget !== undefined && budget < 1;
  const stuck = refit !== undefined && refit < 1 && numberOf(row['domains_total'])! > 1;
  const ever = numberOf(row['worst_share_ever']);
  const title = [
    `worst: ${textOfCell(row['worst_domain'])}`,
    ever !== undefined && ever > share ? `at worst during the run ${formatShare(ever)}` : '',
    refit === undefined ? '' : `${formatShare(refit)} of what it holds would fit elsewhere`,
    budget === undefined ? '' : `budget survives ${Math.max(0, budget)} losses`,
  ];
  return h(
    'span',
    { class: `shade q${shadeOf(share)}`, title: title.filter((part) => part !== '').join('; ') },
    formatShare(share),
    h('span', { class: 'sub' }, ` · ${Math.max(0, numberOf(row['survives_majority']) ?? 0)}`),
    breaks && h('span', { class: 'flag', title: 'breaks a disruption budget' }, ' ▲'),
    stuck && h('span', { class: 'flag', title: 'does not all fit elsewhere' }, ' ✕'),
  );
}

function titleOf(level: string): string {
  return level === 'power' ? 'Power feed' : level[0]!.toUpperCase() + level.slice(1);
}

/** The domains of a level that hold most; of nodes and racks only the first few. */
function lossTable(tables: TableSet, level: string): Child {
  const all = tables.rows('domain_loss').filter((row) => row['level'] === level && (numberOf(row['pods']) ?? 0) > 0);
  if (all.length < 2) return null;
  const rows = all.slice(0, level === 'node' ? 5 : 8);
  return readTable(
    `${titleOf(level)}: ${all.length > rows.length ? `the ${rows.length} that hold most of ${all.length}` : 'all'}`,
    [
      { title: titleOf(level) },
      { title: 'Pods lost' },
      { title: 'Nodes', isNumber: true },
      { title: 'Workloads hit', isNumber: true },
      { title: 'Down', isNumber: true },
      { title: 'Budgets broken', isNumber: true },
      { title: 'Would fit elsewhere' },
    ],
    rows.map((row) => {
      const share = numberOf(row['pod_share']) ?? 0;
      const refit = numberOf(row['refit_share']);
      return [
        textOfCell(row['domain']),
        shareBar(share, `${textOfCell(row['pods'])} · ${formatShare(share)}`, 6),
        textOfCell(row['nodes']),
        textOfCell(row['workloads_hit']),
        textOfCell(row['workloads_down']),
        textOfCell(row['budgets_broken']),
        refit === undefined ? '–' : shareBar(refit, formatShare(refit), 3),
      ];
    }),
  );
}

function budgetTable(tables: TableSet): Child {
  const rows = tables.rows('disruption_budgets');
  if (rows.length === 0) return null;
  return readTable(
    'Disruption budgets during the run',
    [
      { title: 'Budget' },
      { title: 'Workloads' },
      { title: 'Wants healthy', isNumber: true },
      { title: 'Healthy at the end', isNumber: true },
      { title: 'Fewest', isNumber: true },
      { title: 'Times broken', isNumber: true },
      { title: 'Time broken', isNumber: true },
    ],
    rows.map((row) => [
      textOfCell(row['budget']),
      textOfCell(row['workloads']),
      textOfCell(row['required_end']),
      textOfCell(row['healthy_end']),
      row['fewest_healthy'] === null ? '–' : textOfCell(row['fewest_healthy']),
      textOfCell(row['times_broken']),
      formatSpan(numberOf(row['broken_us']) ?? 0),
    ]),
  );
}
