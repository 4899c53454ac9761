/**
 * Timeline: what happened, in order: faults, scenario actions, node state changes; and cluster events counted by reason.
 *
 * Cost      O(1) per record; at most MAX_ROWS rows are kept, the rest is counted
 */

import { sortedBy } from '../base/compare.ts';
import { NODE, POD } from './cluster-records.ts';
import type { KubeEventRecord } from './measure.ts';
import { defineMeasure } from './measure.ts';
import { countAnswer } from './measurements.ts';
import type { TableSpec } from './result.ts';
import { StepIntegral } from './sample-clock.ts';
import { column, TableBuilder } from './table-builder.ts';

const MAX_ROWS = 20_000;
/** Distinct reasons of cluster events; upstream has about a hundred. */
const MAX_REASONS = 500;

export const TIMELINE: TableSpec = {
  name: 'timeline',
  description: 'Faults, scenario actions and node state changes in order of time.',
  columns: [
    column('time_us', 'integer', 'us', 'When it happened or began.'),
    column('end_us', 'integer', 'us', 'When a fault was healed; empty for instants and faults that were not healed.'),
    column('category', 'string', '', 'fault, action, machine (what truly happened to it) or node (what the API server says).'),
    column('what', 'string', '', 'Fault kind, action, or the new state of the node.'),
    column('target', 'string', '', 'Vertex, link, component, object or node it happened to.'),
    column('name', 'string', '', 'Name of the scenario event; empty when it has none.'),
  ],
};

const EVENT_COUNTS: TableSpec = {
  name: 'event_counts',
  description: 'Kubernetes events by reason.',
  columns: [
    column('type', 'string', '', 'Normal or Warning.'),
    column('reason', 'string', '', 'Reason of the event.'),
    column('kind', 'string', '', 'Kind of the object it is about.'),
    column('count', 'integer', 'count', 'How often it was announced.'),
    column('first_us', 'integer', 'us', 'First time.'),
    column('last_us', 'integer', 'us', 'Last time.'),
    column('message', 'string', '', 'Message of the first one.'),
  ],
};

const NODE_SERIES: TableSpec = {
  name: 'node_series',
  description: 'Nodes over time: means over equally long buckets.',
  columns: [
    column('time_us', 'integer', 'us', 'End of the bucket.'),
    column('registered', 'number', 'nodes', 'Node objects.'),
    column('ready', 'number', 'nodes', 'Nodes whose Ready condition is True.'),
    column('used', 'number', 'nodes', 'Nodes that hold at least one unfinished pod.'),
  ],
};

interface ReasonCount {
  readonly type: string;
  readonly reason: string;
  readonly kind: string;
  count: number;
  readonly firstUs: number;
  lastUs: number;
  readonly message: string;
}

export const timeline = defineMeasure({
  name: 'timeline',
  description: 'Faults, actions and node state changes in order, and cluster events by reason.',
  tables: [TIMELINE, EVENT_COUNTS, NODE_SERIES],
  create: (ctx) => {
    const rows = new TableBuilder(TIMELINE, MAX_ROWS);
    const openFaults = new Map<string | number, number>();
    const reasons = new Map<string, ReasonCount[]>();
    const strikes = new Map<string, number>();
    const registered = new StepIntegral(0);
    const ready = new StepIntegral(0);
    const used = new StepIntegral(0);
    const registeredSeries = ctx.clock.series();
    const readySeries = ctx.clock.series();
    const usedSeries = ctx.clock.series();

    ctx.on(ctx.topics.fault, (record, timeUs) => {
      if (record.phase === 'heal') {
        const row = openFaults.get(record.id);
        if (row !== undefined) rows.set(row, 'end_us', timeUs);
        openFaults.delete(record.id);
        return;
      }
      const name = record.name ?? record.kind;
      strikes.set(name, (strikes.get(name) ?? 0) + 1);
      if (name !== record.kind) strikes.set(record.kind, (strikes.get(record.kind) ?? 0) + 1);
      if (!rows.isFull) openFaults.set(record.id, rows.rowCount);
      rows.push(timeUs, null, 'fault', record.kind, record.target, name);
    });
    ctx.on(ctx.topics.scenarioAction, (record, timeUs) => {
      rows.push(timeUs, timeUs, 'action', record.action, record.target, record.name);
    });
    ctx.on(ctx.topics.machine, (record, timeUs) => {
      // Machines that are there from the start are no news.
      if (timeUs > 0) rows.push(timeUs, timeUs, 'machine', record.state, `node/${record.nodeName}`, '');
    });
    ctx.on(ctx.topics.kubeEvent, (record, timeUs) => countReason(reasons, record, timeUs));
    ctx.view.onNode((node, change, timeUs) => {
      if (change & NODE.ADDED) registered.add(timeUs, 1);
      if (change & NODE.REMOVED) registered.add(timeUs, -1);
      if (change & NODE.READY) ready.add(timeUs, 1);
      if (change & NODE.NOT_READY) ready.add(timeUs, -1);
      for (const what of nodeChanges(change, timeUs)) rows.push(timeUs, timeUs, 'node', what, `node/${node.name}`, '');
    });
    ctx.view.onPod(POD.CLAIMED | POD.RELEASED, (pod, change, timeUs) => {
      // The view has already changed node.pods: one pod left or arrived.
      if (change & POD.CLAIMED && pod.node!.pods.length === 1) used.add(timeUs, 1);
      if (change & POD.RELEASED && pod.node!.pods.length === 0) used.add(timeUs, -1);
    });
    ctx.clock.onTick((timeUs, widthUs) => {
      registeredSeries.push(registered.takeMean(timeUs, widthUs));
      readySeries.push(ready.takeMean(timeUs, widthUs));
      usedSeries.push(used.takeMean(timeUs, widthUs));
    });

    return {
      finish: () => {
        const counts = new TableBuilder(EVENT_COUNTS);
        for (const entry of sortedBy([...reasons.values()].flat(), ({ type, reason, kind }) => `${type} ${reason} ${kind}`)) {
          counts.push(entry.type, entry.reason, entry.kind, entry.count, entry.firstUs, entry.lastUs, entry.message);
        }
        const nodes = new TableBuilder(NODE_SERIES);
        ctx.clock.times().forEach((timeUs, index) => {
          nodes.push(timeUs, registeredSeries.values[index]!, readySeries.values[index]!, usedSeries.values[index]!);
        });
        let faultCount = 0;
        const table = rows.build();
        for (const category of table.columns[2]!.values) if (category === 'fault') faultCount++;
        return {
          tables: [table, counts.build(), nodes.build()],
          figures: [
            { name: 'faults', title: 'Faults', value: faultCount, unit: 'count', table: TIMELINE.name, detail: '' },
            {
              name: 'nodes.ready',
              title: 'Nodes ready at the end',
              value: ready.value,
              unit: 'nodes',
              table: NODE_SERIES.name,
              detail: `of ${registered.value}`,
            },
          ],
          answers: [
            countAnswer('nodes.total', NODE_SERIES.name, () => registered.value),
            countAnswer('nodes.ready', NODE_SERIES.name, () => ready.value),
            countAnswer('nodes.used', NODE_SERIES.name, () => used.value),
            {
              name: 'count',
              table: TIMELINE.name,
              value: (args) => (args[0]?.startsWith('fault/') ? (strikes.get(args[0].slice(6)) ?? 0) : undefined),
              known: () => [...strikes.keys()].map((name) => `fault/${name}`),
            },
          ],
        };
      },
    };
  },
});

function nodeChanges(change: number, timeUs: number): string[] {
  const found: string[] = [];
  // A cluster that is there from the start is no news.
  if (change & NODE.ADDED && timeUs > 0) found.push('registered');
  else if (change & NODE.READY && timeUs > 0) found.push('ready');
  if (change & NODE.NOT_READY && !(change & NODE.REMOVED)) found.push('not ready');
  if (change & NODE.REMOVED) found.push('removed');
  if (change & NODE.UNSCHEDULABLE) found.push('cordoned');
  if (change & NODE.SCHEDULABLE) found.push('uncordoned');
  if (change & NODE.TAINTED) found.push('tainted NoExecute');
  return found;
}

function countReason(reasons: Map<string, ReasonCount[]>, record: KubeEventRecord, timeUs: number): void {
  const { kind, type, reason, message } = record;
  let counts = reasons.get(reason);
  if (counts === undefined) {
    if (reasons.size >= MAX_REASONS) return;
    counts = [];
    reasons.set(reason, counts);
  }
  for (const known of counts) {
    if (known.kind !== kind || known.type !== type) continue;
    known.count++;
    known.lastUs = timeUs;
    return;
  }
  counts.push({ type, reason, kind, count: 1, firstUs: timeUs, lastUs: timeUs, message });
}
