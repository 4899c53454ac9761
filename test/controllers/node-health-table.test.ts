import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { LeaseStreams } from '../../src/apiserver/lease-streams.ts';
import { NodeHealthTable } from '../../src/controllers/node-health-table.ts';
import { SECOND_US } from '../../src/engine/units.ts';
import type { Node, NodeCondition } from '../../src/objects/node.ts';
import { nodeCondition } from '../../src/objects/node.ts';
import { check } from '../support/seeded.ts';
import { node } from './objects.ts';

const GRACE_US = 50 * SECOND_US;
const STARTUP_US = 60 * SECOND_US;
/** Leases without regular renewals. */
const ASK_BY_NAME = { viewUs: 0, version: 0, renewalsOf: () => undefined };

/** The rules of the monitor for one node, looked at in full in every pass. */
class NaiveMonitor {
  private saved: NodeCondition | undefined;
  private leaseUs = -1;
  private probeUs = 0;
  private isSeen = false;

  isSilent(current: Node, nowUs: number, leaseUs: number): boolean {
    const ready = nodeCondition(current, 'Ready');
    const savedLeaseUs = this.leaseUs;
    if (!this.isSeen) {
      this.probeUs = ready === undefined ? current.metadata.creationTimestamp : nowUs;
      this.saved = ready;
    } else if (ready === undefined) {
      this.saved = undefined;
    } else if (this.saved === undefined || this.saved.lastHeartbeatTime !== ready.lastHeartbeatTime) {
      this.probeUs = nowUs;
      this.leaseUs = -1;
      this.saved = ready;
    }
    this.isSeen = true;
    if (leaseUs >= 0 && leaseUs > savedLeaseUs) {
      this.leaseUs = leaseUs;
      this.probeUs = nowUs;
    }
    return nowUs > this.probeUs + (ready === undefined ? STARTUP_US : GRACE_US);
  }
}

test('finds the same silent nodes as a monitor that looks at every node in full', () => {
  const change = fc.oneof(
    { weight: 4, arbitrary: fc.constant('none' as const) },
    fc.constantFrom('renew' as const, 'heartbeat' as const, 'relabel' as const, 'lose-condition' as const, 'get-condition' as const),
  );
  const passes = fc.array(fc.array(change, { minLength: 4, maxLength: 4 }), { minLength: 1, maxLength: 60 });
  check(
    fc.property(passes, (schedule) => {
      const table = new NodeHealthTable();
      const naive = [0, 1, 2, 3].map(() => new NaiveMonitor());
      const nodes = [0, 1, 2, 3].map((i) => node(`node-${i}`, i === 3 ? {} : { ready: 'True' }));
      const leaseUs = nodes.map(() => -1);
      const leases = { leaseRenewTimeUs: (name: string) => leaseUs[Number(name.slice(5))]!, heartbeats: ASK_BY_NAME };
      for (const entry of nodes) table.set(entry, 'z', false);
      let nowUs = 0;
      for (const changes of schedule) {
        changes.forEach((what, i) => {
          const current = nodes[i]!;
          if (what === 'renew') leaseUs[i] = nowUs - SECOND_US;
          else if (what !== 'none') {
            const conditions =
              what === 'lose-condition'
                ? []
                : what === 'relabel'
                  ? current.status.conditions
                  : node('x', { ready: 'True', heartbeatUs: nowUs }).status.conditions;
            nodes[i] = { ...current, status: { ...current.status, conditions } };
            table.set(nodes[i]!, 'z', false);
          }
        });
        const rows = table.sweep(nowUs, leases);
        const silent = new Set<string>();
        for (const row of rows) {
          const record = table.record(row);
          if (table.probe(row, record.node, nowUs, leases, GRACE_US, STARTUP_US)) silent.add(record.name);
          table.settle(row, true, false);
        }
        const expected = nodes.filter((entry, i) => naive[i]!.isSilent(entry, nowUs, leaseUs[i]!)).map((entry) => entry.metadata.name);
        expect([...silent].sort()).toEqual(expected);
        nowUs += 5 * SECOND_US;
      }
    }),
    200,
  );
});

test('closes up when nodes go, and keeps what it knows of the others', () => {
  const table = new NodeHealthTable();
  const leases = { leaseRenewTimeUs: () => 0, heartbeats: ASK_BY_NAME };
  for (const name of ['a', 'b', 'c']) table.set(node(name, { ready: 'True' }), name === 'b' ? 'zone-b' : 'zone-a', false);
  for (const row of table.sweep(0, leases)) {
    table.probe(row, table.record(row).node, 0, leases, GRACE_US, STARTUP_US);
    table.settle(row, true, false);
  }
  table.markGone('b');
  expect(table.dropGone().map((record) => record.name)).toEqual(['b']);
  expect(Object.fromEntries(table.countZones())).toEqual({ 'zone-a': { ready: 2, notReady: 0 } });
  expect(table.find('c')?.name).toBe('c');
  expect(table.sweep(51 * SECOND_US, leases)).toEqual([0, 1]);
});

test('a node that comes back under its name before the next pass is not forgotten', () => {
  const table = new NodeHealthTable();
  table.set(node('a', { ready: 'True' }), 'z', false);
  table.record(0).isKnown = true;
  table.markGone('a');
  table.set(node('a'), 'z', false);
  expect(table.dropGone()).toEqual([]);
  expect(table.record(0).isKnown).toBe(true);
});

test('reckons regular renewals as the leases themselves would tell them, through starts, stops, node changes and lag', () => {
  const change = fc.record({
    node: fc.nat(3),
    what: fc.constantFrom('start', 'stop', 'heartbeat', 'relabel', 'go', 'come', 'reset', 'lag'),
    delayS: fc.nat(15),
    periodS: fc.integer({ min: 9, max: 30 }),
    pauseS: fc.constantFrom(0, 0, 0, 3, 37),
  });
  const passes = fc.array(fc.option(change, { nil: undefined, freq: 2 }), { minLength: 1, maxLength: 80 });
  check(
    fc.property(passes, fc.constantFrom(0, 0, 0, 1, 7), (schedule, firstLagS) => {
      const streams = new LeaseStreams();
      let nowUs = 0;
      let lagS: number = firstLagS;
      const viewUs = (): number => nowUs - lagS * SECOND_US;
      const leases = {
        leaseRenewTimeUs: (name: string) => streams.find(name)?.renewedAtUs(viewUs()) ?? -1,
        heartbeats: {
          get viewUs() {
            return viewUs();
          },
          get version() {
            return streams.version;
          },
          renewalsOf: (name: string) => streams.find(name)?.latest,
        },
      };
      const byName = { ...leases, heartbeats: ASK_BY_NAME };
      const tables = [new NodeHealthTable(), new NodeHealthTable()] as const;
      for (const table of tables) for (const i of [0, 1, 2, 3]) table.set(node(`node-${i}`, { ready: 'True' }), 'z', false);
      for (const step of schedule) {
        if (step !== undefined) {
          const name = `node-${step.node}`;
          const stream = streams.of(name);
          if (step.what === 'start') stream.start(nowUs + step.delayS * SECOND_US, step.periodS * SECOND_US);
          if (step.what === 'stop') stream.stop(nowUs);
          if (step.what === 'lag') lagS = step.delayS > 7 ? 0 : step.delayS;
          for (const table of tables) {
            const heartbeatUs = step.what === 'heartbeat' ? nowUs : 0;
            if (step.what === 'heartbeat' || step.what === 'relabel') table.set(node(name, { ready: 'True', heartbeatUs }), 'z', false);
            if (step.what === 'come') table.set(node(name, { ready: 'True' }), 'y', step.delayS > 7);
            if (step.what === 'go') table.markGone(name);
            if (step.what === 'reset') table.resetProbes(nowUs);
          }
          nowUs += step.pauseS * SECOND_US;
        }
        const gone = tables.map((table) => table.dropGone().map((record) => record.name));
        expect(gone[0]).toEqual(gone[1]);
        const found = tables.map((table, i) => {
          const reader = i === 0 ? leases : byName;
          const rows = table.sweep(nowUs, reader);
          const silent = rows.filter((row) => table.probe(row, table.record(row).node, nowUs, reader, GRACE_US, STARTUP_US));
          for (const row of rows) table.settle(row, true, false);
          return silent;
        });
        expect(found[0]).toEqual(found[1]);
        expect(tables[0].countZones()).toEqual(tables[1].countZones());
        nowUs += 5 * SECOND_US;
      }
    }),
    1000,
  );
});
