import { describe, expect, test } from 'vitest';
import { MINUTE_US, SECOND_US } from '../../src/engine/units.ts';
import { recovery } from '../../src/metrics/recovery.ts';
import { findTable, type Row, rowsOf } from '../../src/metrics/result.ts';
import type { Pod } from '../../src/objects/pod.ts';
import type { ReplicaSet } from '../../src/objects/workloads.ts';
import { FakeCluster } from '../support/fake-cluster.ts';

/** Six replicas, two per zone, all ready after one minute; `play` takes it from there. */
function outage(play: (cluster: FakeCluster, web: Pod[], set: ReplicaSet) => void, endUs = 30 * MINUTE_US) {
  const cluster = new FakeCluster();
  const run = cluster.measure([recovery]);
  cluster.addNodes();
  const deployment = cluster.deployment('web', 6);
  const set = cluster.replicaSet(deployment, 1);
  const nodes = ['a-1-1', 'b-1-1', 'c-1-1', 'a-2-1', 'b-2-1', 'c-2-1'];
  const web = nodes.map((node, index) => cluster.run(`web-${index}`, node, { owner: set }));
  cluster.goTo(MINUTE_US);
  play(cluster, web, set);
  cluster.goTo(endUs);
  const outcome = run.finish();
  const rows = (name: string): Row[] => rowsOf(findTable(outcome, name)!);
  return { rows, value: (name: string, ...args: string[]) => outcome.measurements.value(name, args) };
}

const inZoneB = (web: Pod[]): Pod[] => [web[1]!, web[4]!];
const nodesOfB = ['b-1-1', 'b-1-2', 'b-2-1', 'b-2-2'];

describe('recovery', () => {
  test('follows an outage through detection, eviction, re-scheduling and recovery', () => {
    const { rows, value } = outage((cluster, web, set) => {
      const start = cluster.nowUs;
      cluster.fault('1', 'zone-outage', 'zone/b', 'start');
      for (const pod of inZoneB(web)) cluster.process(pod, 'stopped');
      cluster.goTo(start + 40 * SECOND_US);
      for (const name of nodesOfB) cluster.setNodeReady(name, false);
      for (const pod of inZoneB(web)) cluster.ready(pod, false);
      cluster.goTo(start + 340 * SECOND_US);
      const [first, second] = inZoneB(web);
      cluster.terminate(first!);
      cluster.goTo(start + 345 * SECOND_US);
      cluster.terminate(second!);
      const replacements = [1, 2].map((index) => cluster.pod(`web-new-${index}`, { owner: set }));
      cluster.bind(replacements[0]!, 'a-1-2');
      cluster.goTo(start + 350 * SECOND_US);
      cluster.bind(replacements[1]!, 'c-1-2');
      for (const pod of replacements) cluster.start(pod);
      cluster.goTo(start + 360 * SECOND_US);
      cluster.ready(replacements[0]!);
      cluster.goTo(start + 370 * SECOND_US);
      cluster.ready(replacements[1]!);
      cluster.goTo(start + 25 * MINUTE_US);
      cluster.fault('1', 'zone-outage', 'zone/b', 'heal');
    });
    expect(rows('faults')).toEqual([
      {
        fault: 'zone-outage',
        kind: 'zone-outage',
        target: 'zone/b',
        start_us: MINUTE_US,
        heal_us: 26 * MINUTE_US,
        nodes: 4,
        pods: 2,
        workloads: 1,
        workloads_hurt: 1,
        detection_us: 40 * SECOND_US,
        detection_last_us: 40 * SECOND_US,
        eviction_us: 340 * SECOND_US,
        eviction_last_us: 345 * SECOND_US,
        rescheduled_us: 350 * SECOND_US,
        recovery_us: 370 * SECOND_US,
        // Two replicas for 360 s, one for another 10 s.
        lost_replica_us: 730 * SECOND_US,
      },
    ]);
    expect(rows('fault_workloads')[0]).toMatchObject({
      workload: 'deployment/web',
      ready_before: 6,
      struck: 2,
      share_struck: 1 / 3,
      fewest_ready: 4,
      recovery_us: 370 * SECOND_US,
    });
    expect(value('time_to_detect', 'fault/zone-outage')).toBe(40 * SECOND_US);
    expect(value('time_to_evict', 'fault/zone-outage')).toBe(340 * SECOND_US);
    expect(value('time_to_recover', 'fault/zone-outage')).toBe(370 * SECOND_US);
    expect(value('share_lost', 'deployment/web', 'fault/zone-outage')).toBe(1 / 3);
    expect(value('max', 'fault.recovery')).toBe(370 * SECOND_US);
  });

  test('counts a replica as lost when its machine dies, before the control plane knows', () => {
    const { rows } = outage((cluster, web) => {
      // Machines may be announced dead a moment before the fault is.
      for (const pod of inZoneB(web)) cluster.process(pod, 'stopped');
      cluster.fault('1', 'zone-outage', 'zone/b', 'start');
      cluster.goTo(cluster.nowUs + 20 * SECOND_US);
      cluster.fault('1', 'zone-outage', 'zone/b', 'heal');
      for (const pod of inZoneB(web)) cluster.process(pod, 'started');
    });
    expect(rows('faults')[0]).toMatchObject({
      detection_us: null,
      eviction_us: null,
      rescheduled_us: null,
      recovery_us: 20 * SECOND_US,
      lost_replica_us: 40 * SECOND_US,
    });
    expect(rows('fault_workloads')[0]).toMatchObject({ ready_before: 6, struck: 2 });
  });

  test('reports no recovery while something is missing', () => {
    const { rows, value } = outage((cluster, web) => {
      cluster.fault('1', 'node-crash', 'node/b-1-1', 'start');
      cluster.process(web[1]!, 'stopped');
    });
    expect(rows('faults')[0]).toMatchObject({ recovery_us: null, lost_replica_us: 29 * MINUTE_US });
    expect(rows('fault_summary')[0]).toMatchObject({ strikes: 1, not_recovered: 1 });
    expect(value('time_to_recover', 'fault/node-crash')).toBeUndefined();
  });

  test('needs no recovery when nothing was hurt', () => {
    const { rows, value } = outage((cluster) => {
      cluster.fault('1', 'partition', 'rack/b-1 -> control-plane', 'start');
      cluster.goTo(cluster.nowUs + 10 * SECOND_US);
      cluster.fault('1', 'partition', 'rack/b-1 -> control-plane', 'heal');
    });
    expect(rows('faults')[0]).toMatchObject({ nodes: 2, pods: 1, workloads_hurt: 0, recovery_us: 0, lost_replica_us: 0 });
    expect(value('time_to_recover', 'fault/partition')).toBe(0);
  });

  test('strikes no node with a fault of a component', () => {
    const { rows } = outage((cluster) => {
      cluster.fault('1', 'component-crash', 'component/kube-scheduler', 'start');
      cluster.fault('1', 'component-crash', 'component/kube-scheduler', 'heal');
    });
    expect(rows('faults')[0]).toMatchObject({ nodes: 0, pods: 0, workloads_hurt: 0 });
  });

  test('does not wait for replicas that were missing before the fault', () => {
    const { rows } = outage((cluster, web) => {
      cluster.ready(web[0]!, false);
      cluster.goTo(cluster.nowUs + SECOND_US);
      cluster.fault('1', 'node-crash', 'node/b-1-1', 'start');
      cluster.process(web[1]!, 'stopped');
      cluster.goTo(cluster.nowUs + 5 * SECOND_US);
      cluster.process(web[1]!, 'started');
      cluster.fault('1', 'node-crash', 'node/b-1-1', 'heal');
    });
    expect(rows('faults')[0]).toMatchObject({ recovery_us: 5 * SECOND_US });
    expect(rows('fault_workloads')[0]).toMatchObject({ ready_before: 5, struck: 1, share_struck: 0.2 });
  });

  test('takes a deletion on a healthy node for what it is, not for an eviction', () => {
    const { rows } = outage((cluster, web) => {
      cluster.fault('1', 'partition', 'rack/b-1 -> control-plane', 'start');
      cluster.terminate(web[1]!);
      cluster.goTo(cluster.nowUs + SECOND_US);
      cluster.fault('1', 'partition', 'rack/b-1 -> control-plane', 'heal');
    });
    expect(rows('faults')[0]).toMatchObject({ eviction_us: null });
  });

  test('can lose no share of a workload of which nothing was ready', () => {
    const { value } = outage((cluster, web) => {
      for (const pod of web) cluster.ready(pod, false);
      cluster.goTo(cluster.nowUs + SECOND_US);
      cluster.fault('1', 'node-crash', 'node/b-1-1', 'start');
      cluster.fault('1', 'node-crash', 'node/b-1-1', 'heal');
    });
    expect(value('share_lost', 'deployment/web', 'fault/node-crash')).toBeUndefined();
  });

  test('loses nothing of a workload that was not struck', () => {
    const { value } = outage((cluster) => {
      cluster.fault('1', 'node-crash', 'node/a-2-2', 'start');
      cluster.fault('1', 'node-crash', 'node/a-2-2', 'heal');
    });
    expect(value('share_lost', 'deployment/web', 'fault/node-crash')).toBe(0);
  });

  test('sums up by name, the longest and the median', () => {
    const { rows, value } = outage((cluster, web) => {
      for (const [index, seconds] of [10, 30, 20].entries()) {
        const id = String(index);
        cluster.fault(id, 'node-crash', 'node/b-1-1', 'start', 'storm');
        cluster.process(web[1]!, 'stopped');
        cluster.goTo(cluster.nowUs + seconds * SECOND_US);
        cluster.process(web[1]!, 'started');
        cluster.fault(id, 'node-crash', 'node/b-1-1', 'heal', 'storm');
      }
    });
    expect(rows('fault_summary')).toHaveLength(1);
    expect(rows('fault_summary')[0]).toMatchObject({
      fault: 'storm',
      strikes: 3,
      recovery_p50_us: 20 * SECOND_US,
      recovery_max_us: 30 * SECOND_US,
      not_recovered: 0,
    });
    expect(rows('faults').map((row) => row['recovery_us'])).toEqual([10 * SECOND_US, 30 * SECOND_US, 20 * SECOND_US]);
    expect(value('time_to_recover', 'fault/storm')).toBe(30 * SECOND_US);
  });
});
