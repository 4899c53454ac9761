/** Why pods stayed pending, by reason and by plugin; and who was disrupted. */
import { readTable, shareBar, tableNote } from '../charts/data-table.ts';
import { formatNumber, formatSpan } from '../format.ts';
import { type Child, h } from '../vnode.ts';
import { numberOf, type PanelDef, type TableSet, textOfCell } from './panel.ts';

const SHOWN = 12;

export const pendingPanel: PanelDef = {
  name: 'pending',
  section: 'pending',
  title: 'Reasons given by the scheduler',
  tables: ['pending_reasons', 'pending_plugins', 'pending_end'],
  empty: 'Every scheduling attempt found a node.',
  draw: (tables) =>
    h(
      'div',
      {},
      reasonTable(tables),
      pluginTable(tables),
      waitingTable(tables),
      tableNote('pending_reasons', 'pending_plugins', 'pending_end'),
    ),
};

export const disruptionsPanel: PanelDef = {
  name: 'disruptions',
  section: 'recovery',
  title: 'Evictions, preemptions and other disruptions',
  tables: ['disruptions', 'disruption_log', 'replaced_pods'],
  draw: (tables) => {
    const rows = tables.rows('disruptions');
    const most = Math.max(1, ...rows.map((row) => numberOf(row['pods']) ?? 0));
    const order = rows
      .map((row, index) => ({ row, index }))
      .sort((a, b) => (numberOf(b.row['pods']) ?? 0) - (numberOf(a.row['pods']) ?? 0) || a.index - b.index)
      .slice(0, SHOWN);
    return h(
      'div',
      {},
      readTable(
        `Disrupted pods${rows.length > order.length ? `; the ${order.length} largest of ${rows.length}` : ''}`,
        [{ title: 'Workload' }, { title: 'Cause' }, { title: 'Pods' }, { title: 'Of these ready', isNumber: true }],
        order.map(({ row }) => [
          textOfCell(row['workload']),
          textOfCell(row['cause']),
          shareBar((numberOf(row['pods']) ?? 0) / most, formatNumber(numberOf(row['pods']) ?? 0), 6),
          formatNumber(numberOf(row['ready_pods']) ?? 0),
        ]),
      ),
      tableNote('disruptions', 'disruption_log', 'replaced_pods'),
    );
  },
};

function reasonTable(tables: TableSet): Child {
  const rows = tables.rows('pending_reasons');
  const shown = rows.slice(0, SHOWN);
  const most = Math.max(1, ...shown.map((row) => numberOf(row['pod_time_us']) ?? 0));
  return readTable(
    `Pod-time spent pending, by reason${rows.length > shown.length ? `; ${shown.length} of ${rows.length}` : ''}. A pod counts under each reason its last attempt gave`,
    [
      { title: 'Reason' },
      { title: 'Pod-time' },
      { title: 'Pods', isNumber: true },
      { title: 'Attempts', isNumber: true },
      { title: 'Nodes per attempt', isNumber: true },
      { title: 'Pending at the end', isNumber: true },
    ],
    shown.map((row) => [
      textOfCell(row['reason']),
      shareBar((numberOf(row['pod_time_us']) ?? 0) / most, formatSpan(numberOf(row['pod_time_us']) ?? 0), 6),
      formatNumber(numberOf(row['pods']) ?? 0),
      formatNumber(numberOf(row['attempts']) ?? 0),
      formatNumber(numberOf(row['nodes_mean']) ?? 0),
      formatNumber(numberOf(row['pods_end']) ?? 0),
    ]),
  );
}

function pluginTable(tables: TableSet): Child {
  const rows = tables.rows('pending_plugins').slice(0, SHOWN);
  if (rows.length === 0) return null;
  const most = Math.max(1, ...rows.map((row) => numberOf(row['attempts']) ?? 0));
  return readTable(
    'Plugins that turned pods down',
    [{ title: 'Plugin' }, { title: 'Attempts' }, { title: 'Pods', isNumber: true }],
    rows.map((row) => [
      textOfCell(row['plugin']),
      shareBar((numberOf(row['attempts']) ?? 0) / most, formatNumber(numberOf(row['attempts']) ?? 0), 5),
      formatNumber(numberOf(row['pods']) ?? 0),
    ]),
  );
}

function waitingTable(tables: TableSet): Child {
  const table = tables.get('pending_end');
  if (table === undefined || table.rowCount === 0) return null;
  const rows = tables.rows('pending_end').slice(0, SHOWN);
  return readTable(
    `Still pending at the end${table.rowCount > rows.length ? `; ${rows.length} of ${table.rowCount + table.omittedRows}` : ''}`,
    [{ title: 'Pod' }, { title: 'Waiting', isNumber: true }, { title: 'Last verdict' }],
    rows.map((row) => [
      textOfCell(row['pod']),
      formatSpan(numberOf(row['waiting_us']) ?? 0),
      h('span', { class: 'message' }, textOfCell(row['message'])),
    ]),
  );
}
