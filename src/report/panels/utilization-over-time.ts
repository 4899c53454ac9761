/** Utilization of the whole cluster over time, one chart per resource. */
import { tableNote } from '../charts/data-table.ts';
import { lineChart } from '../charts/line-chart.ts';
import { formatShare } from '../format.ts';
import { h } from '../vnode.ts';
import { numberOf, type PanelDef, textOfCell } from './panel.ts';
import { chartWidth, orderResources, resourceTitle } from './resources.ts';

export const utilizationOverTime: PanelDef = {
  name: 'utilization-over-time',
  section: 'utilization',
  title: 'Requested and used, of capacity',
  tables: ['utilization_series', 'utilization'],
  draw: (tables, ctx) => {
    const groups = tables.groups('utilization_series', ['scope', 'resource']);
    const totals = tables.rows('utilization').filter((row) => row['scope'] === 'cluster');
    const resources = orderResources([...groups.keys()].filter((key) => key.startsWith('cluster\u0000')).map((key) => key.slice(8)));
    const width = chartWidth(ctx.width, resources.length);
    const charts = resources.map((resource) => {
      const rows = groups.get(`cluster\u0000${resource}`)!;
      const total = totals.find((row) => row['resource'] === resource);
      const unit = textOfCell(total?.['unit'] ?? null);
      const values = (name: string): (number | null)[] => rows.map((row) => numberOf(row[name]) ?? null);
      const requested = numberOf(total?.['requested_share']);
      const used = numberOf(total?.['used_share']);
      const shares =
        requested === undefined
          ? ''
          : `: ${formatShare(requested)} requested${used === undefined ? '' : `, ${formatShare(used)} used`} on average`;
      return lineChart(
        {
          title: `${resourceTitle(resource)}${shares}`,
          description: `Capacity, capacity of ready nodes, requested and used amounts of ${resource} over time.`,
          times: rows.map((row) => numberOf(row['time_us']) ?? 0),
          unit,
          width,
          series: [
            { name: 'capacity', color: 0, values: values('capacity'), isLimit: true },
            { name: 'on ready nodes', color: 7, values: values('ready'), isLimit: true },
            { name: 'requested', color: 5, values: values('requested'), isArea: true },
            { name: 'used', color: 1, values: values('used'), isArea: true },
          ],
        },
        ctx,
      );
    });
    return h('div', {}, h('div', { class: 'chart-grid' }, charts), tableNote('utilization', 'utilization_series'));
  },
};
