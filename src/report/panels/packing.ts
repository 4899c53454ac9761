/** Packing: stranded capacity, fragmentation, nodes in use against nodes needed, and cost. */
import { readTable, shareBar, tableNote } from '../charts/data-table.ts';
import { lineChart } from '../charts/line-chart.ts';
import { formatNumber, formatShare, formatValue } from '../format.ts';
import { type Child, h } from '../vnode.ts';
import { type DrawContext, numberOf, type PanelDef, type TableSet, textOfCell } from './panel.ts';
import { chartWidth, orderResources, resourceTitle, shortTitle } from './resources.ts';

export const packingPanel: PanelDef = {
  name: 'packing',
  section: 'utilization',
  title: 'Packing, stranded capacity and cost',
  tables: ['packing', 'packing_series', 'packing_efficiency', 'cost', 'typical_pods'],
  draw: (tables, ctx) =>
    h(
      'div',
      {},
      h('div', { class: 'chart-grid' }, strandedChart(tables, ctx), efficiencyChart(tables, ctx)),
      packingTable(tables),
      costTable(tables),
      tableNote('packing', 'packing_series', 'packing_efficiency', 'typical_pods', 'cost'),
    ),
};

function strandedChart(tables: TableSet, ctx: DrawContext): Child {
  const groups = tables.groups('packing_series', ['resource']);
  const resources = orderResources([...groups.keys()]).slice(0, 5);
  if (resources.length === 0) return null;
  const first = groups.get(resources[0]!)!;
  return lineChart(
    {
      title: 'Free capacity a typical pod cannot use',
      description: 'Fragmented share of the free amount by resource over time.',
      times: first.map((row) => numberOf(row['time_us']) ?? 0),
      unit: 'share',
      top: 1,
      width: chartWidth(ctx.width, 2),
      series: resources.map((resource, index) => ({
        name: shortTitle(resource),
        color: [5, 6, 3, 1, 7][index]!,
        values: groups.get(resource)!.map((row) => numberOf(row['fragmented_share']) ?? null),
      })),
    },
    ctx,
  );
}

function efficiencyChart(tables: TableSet, ctx: DrawContext): Child {
  const rows = tables.rows('packing_efficiency');
  if (rows.length === 0) return null;
  return lineChart(
    {
      title: 'Nodes in use, and the fewest that could do',
      description: 'Nodes holding pods, and the lower bound by volume, over time.',
      times: rows.map((row) => numberOf(row['time_us']) ?? 0),
      unit: 'nodes',
      width: chartWidth(ctx.width, 2),
      series: [
        { name: 'in use', color: 5, values: rows.map((row) => numberOf(row['nodes_used']) ?? null) },
        { name: 'needed', color: 3, values: rows.map((row) => numberOf(row['nodes_needed']) ?? null), isArea: true },
      ],
    },
    ctx,
  );
}

function packingTable(tables: TableSet): Child {
  const rows = tables.rows('packing');
  if (rows.length === 0) return null;
  const order = orderResources(rows.map((row) => textOfCell(row['resource'])));
  return readTable(
    'Free, stranded and fragmented capacity (mean over the run; at the end)',
    [
      { title: 'Resource' },
      { title: 'Free', isNumber: true },
      { title: 'Stranded' },
      { title: 'Fragmented, of free' },
      { title: 'Stranded at the end' },
    ],
    order.map((resource) => {
      const row = rows.find((entry) => entry['resource'] === resource)!;
      const cell = (name: string): Child => {
        const share = numberOf(row[name]);
        return share === undefined ? '–' : shareBar(share, formatShare(share), 6);
      };
      return [
        resourceTitle(resource),
        formatValue(row['free_mean'], textOfCell(row['unit'])),
        cell('stranded_share_mean'),
        cell('fragmented_share_mean'),
        cell('stranded_share_end'),
      ];
    }),
  );
}

function costTable(tables: TableSet): Child {
  const rows = tables.rows('cost').filter((row) => row['cost'] !== null || row['energy_kwh'] !== null);
  if (rows.length === 0) return null;
  return readTable(
    'Machine hours, cost and energy',
    [
      { title: 'Machine' },
      { title: 'Nodes', isNumber: true },
      { title: 'Node hours', isNumber: true },
      { title: 'Cost', isNumber: true },
      { title: 'Of it for idle CPU', isNumber: true },
      { title: 'Energy', isNumber: true },
    ],
    rows.map((row) => [
      textOfCell(row['machine']),
      formatValue(row['nodes_mean'], ''),
      formatValue(row['node_hours'], ''),
      row['cost'] === null ? '–' : formatNumber(numberOf(row['cost'])!),
      row['idle_cost'] === null ? '–' : formatNumber(numberOf(row['idle_cost'])!),
      formatValue(row['energy_kwh'], 'kWh'),
    ]),
  );
}
