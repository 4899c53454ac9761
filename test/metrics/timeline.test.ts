/** Timeline, API traffic, packing, cost and usage. */
import { describe, expect, test } from 'vitest';
import { ProblemList } from '../../src/base/input-error.ts';
import { HOUR_US, SECOND_US } from '../../src/engine/units.ts';
import { apiTraffic } from '../../src/metrics/api-traffic.ts';
import { cost } from '../../src/metrics/cost.ts';
import type { MeasureDef } from '../../src/metrics/measure.ts';
import { packing } from '../../src/metrics/packing.ts';
import { findTable, type Row, rowsOf } from '../../src/metrics/result.ts';
import { timeline } from '../../src/metrics/timeline.ts';
import { annotatedUsage, CPU_USAGE, checkUsage, MEMORY_USAGE } from '../../src/metrics/usage-model.ts';
import { FakeCluster, TOPICS } from '../support/fake-cluster.ts';

function measured(measure: MeasureDef, play: (cluster: FakeCluster) => void, options = {}) {
  const cluster = new FakeCluster();
  const run = cluster.measure([measure], options);
  play(cluster);
  const outcome = run.finish();
  return {
    rows: (name: string): Row[] => rowsOf(findTable(outcome, name)!),
    value: (name: string, ...args: string[]) => outcome.measurements.value(name, args),
  };
}

describe('timeline', () => {
  test('tells faults with their end, actions and node states in order', () => {
    const { rows, value } = measured(timeline, (cluster) => {
      cluster.addNodes();
      cluster.goTo(SECOND_US);
      cluster.fault('7', 'node-crash', 'node/a-1-1', 'start', 'storm');
      cluster.engine.observers.emit(TOPICS.machine, { nodeName: 'a-1-1', state: 'machine-down' }, cluster.nowUs);
      cluster.goTo(2 * SECOND_US);
      cluster.setNodeReady('a-1-1', false);
      cluster.goTo(3 * SECOND_US);
      cluster.fault('7', 'node-crash', 'node/a-1-1', 'heal', 'storm');
      cluster.engine.observers.emit(TOPICS.scenarioAction, { name: 'go', action: 'apply', target: 'deployment/web' }, cluster.nowUs);
      cluster.cordon('b-1-1');
      cluster.removeNode('c-1-1');
    });
    expect(rows('timeline').map((row) => [row['time_us'], row['end_us'], row['category'], row['what'], row['target']])).toEqual([
      [SECOND_US, 3 * SECOND_US, 'fault', 'node-crash', 'node/a-1-1'],
      [SECOND_US, SECOND_US, 'machine', 'machine-down', 'node/a-1-1'],
      [2 * SECOND_US, 2 * SECOND_US, 'node', 'not ready', 'node/a-1-1'],
      [3 * SECOND_US, 3 * SECOND_US, 'action', 'apply', 'deployment/web'],
      [3 * SECOND_US, 3 * SECOND_US, 'node', 'cordoned', 'node/b-1-1'],
      [3 * SECOND_US, 3 * SECOND_US, 'node', 'removed', 'node/c-1-1'],
    ]);
    expect(value('count', 'fault/storm')).toBe(1);
    expect(value('count', 'fault/node-crash')).toBe(1);
    expect(value('count', 'fault/other')).toBe(0);
    expect(value('count', 'nodes.total')).toBe(11);
    expect(value('count', 'nodes.ready')).toBe(10);
  });

  test('counts cluster events by reason', () => {
    const { rows } = measured(timeline, (cluster) => {
      for (const message of ['first', 'second']) {
        cluster.engine.observers.emit(TOPICS.kubeEvent, { kind: 'Pod', type: 'Warning', reason: 'BackOff', message }, cluster.nowUs);
        cluster.goTo(cluster.nowUs + SECOND_US);
      }
    });
    expect(rows('event_counts')).toEqual([
      { type: 'Warning', reason: 'BackOff', kind: 'Pod', count: 2, first_us: 0, last_us: SECOND_US, message: 'first' },
    ]);
  });

  test('counts nodes in use as pods come and go', () => {
    const { value } = measured(timeline, (cluster) => {
      cluster.addNodes();
      const pods = [1, 2, 3].map((index) => cluster.run(`p-${index}`, index === 3 ? 'b-1-1' : 'a-1-1'));
      cluster.finish(pods[0]!);
      cluster.remove(cluster.current(pods[2]!));
    });
    expect(value('count', 'nodes.used')).toBe(1);
  });
});

describe('API traffic', () => {
  test('counts requests by outcome and writes by kind', () => {
    const { rows, value } = measured(apiTraffic, (cluster) => {
      const request = (client: string, code: number, latencyUs: number, throttledUs = 0): void =>
        cluster.engine.observers.emit(
          TOPICS.apiRequest,
          { client, verb: 'update', kind: 'Pod', code, latencyUs, throttledUs },
          cluster.nowUs,
        );
      request('kubelet/a-1-1', 200, 1000);
      request('kubelet/a-1-2', 409, 3000);
      request('kube-scheduler', 0, 9000, 500);
      request('kube-scheduler/informer/Pod', 429, 2000);
      const pod = cluster.pod('one');
      cluster.bind(pod, 'a-1-1');
      cluster.remove(cluster.current(pod));
      cluster.goTo(SECOND_US);
    });
    expect(rows('api_requests')[1]).toMatchObject({
      verb: 'update',
      kind: 'Pod',
      requests: 4,
      ok: 1,
      conflict: 1,
      too_many: 1,
      no_reply: 1,
      p50_us: 2000,
      max_us: 9000,
    });
    expect(rows('api_clients').map((row) => [row['client'], row['requests'], row['errors'], row['throttled_us']])).toEqual([
      ['kube-scheduler', 1, 1, 500],
      ['kube-scheduler/informer', 1, 1, 0],
      ['kubelet', 2, 1, 0],
    ]);
    expect(rows('api_writes')).toEqual([{ kind: 'Pod', added: 1, modified: 1, deleted: 1 }]);
    expect(value('max', 'api.request')).toBe(9000);
  });
});

describe('packing', () => {
  test('finds free CPU stranded where a typical pod has no memory left', () => {
    const { rows } = measured(packing, (cluster) => {
      cluster.addNode('a-1-1', '4', '8Gi');
      cluster.addNode('b-1-1', '4', '8Gi');
      // Every pod asks for 1 CPU and 4 GiB: the first node is full by memory with two CPUs left.
      for (const [index, node] of ['a-1-1', 'a-1-1', 'b-1-1'].entries()) cluster.run(`p-${index}`, node, { cpu: '1', memory: '4Gi' });
      cluster.goTo(SECOND_US);
    });
    const cpu = rows('packing').find((row) => row['resource'] === 'cpu')!;
    expect(cpu).toMatchObject({ free_end: 5, stranded_end: 2, stranded_share_end: 0.25, fragmented_share_end: 0.4 });
    const last = rows('packing_efficiency').at(-1)!;
    expect(last).toMatchObject({ nodes_used: 2, nodes_needed: 2, efficiency: 1 });
    expect(rows('typical_pods')).toEqual([{ share: 1, pods: 3, requests: 'cpu=1 memory=4096Mi' }]);
  });

  test('weighs shapes by how often they occur', () => {
    const { rows } = measured(packing, (cluster) => {
      cluster.addNode('a-1-1', '4', '64Gi');
      // Three small ones fit into what is left, one large one does not.
      for (let index = 0; index < 3; index++) cluster.pod(`small-${index}`, { cpu: '500m', memory: '1Gi' });
      cluster.run('large', 'a-1-1', { cpu: '3', memory: '1Gi' });
      cluster.goTo(SECOND_US);
    });
    expect(rows('packing').find((row) => row['resource'] === 'cpu')).toMatchObject({
      free_end: 1,
      stranded_end: 0,
      fragmented_share_end: 0.25,
    });
  });
});

describe('cost', () => {
  test('multiplies node hours by price and follows CPU use with power', () => {
    const { rows } = measured(
      cost,
      (cluster) => {
        cluster.addNodes('16');
        cluster.goTo(HOUR_US);
        for (const node of [...cluster.objects.values()].filter((object) => object.kind === 'Node').slice(1))
          cluster.removeNode(node.metadata.name);
        cluster.run('half', 'a-1-1', { cpu: '8' });
        cluster.goTo(3 * HOUR_US);
      },
      { machines: [{ name: 'n2-16', pricePerHour: 2, idleWatts: 100, busyWatts: 300 }] },
    );
    const [row] = rows('cost');
    // Twelve nodes for an hour, one for two more; 8 of 16 CPUs for two hours of 14 node hours.
    expect(row).toMatchObject({ machine: 'n2-16', node_hours: 14, cost: 28 });
    expect(row!['idle_cost']).toBeCloseTo(28 * (1 - 1 / 14), 9);
    expect(row!['energy_kwh']).toBeCloseTo((14 * (100 + 200 / 14)) / 1000, 9);
  });

  test('leaves cost and energy empty when nobody gave a price', () => {
    const { rows } = measured(cost, (cluster) => {
      cluster.addNodes();
      cluster.goTo(HOUR_US);
    });
    expect(rows('cost')[0]).toMatchObject({ node_hours: 12, price_per_hour: null, cost: null, energy_kwh: null });
  });
});

describe('usage model', () => {
  const podWith = (annotations: Record<string, string>) => {
    const pod = new FakeCluster().pod('p', { cpu: '2', memory: '1Gi' });
    return { ...pod, metadata: { ...pod.metadata, annotations } };
  };

  test.each([
    [{}, undefined],
    [{ [CPU_USAGE]: '35%' }, { cpuMilli: 700, memoryBytes: 1_073_741_824 }],
    [
      { [CPU_USAGE]: '250m', [MEMORY_USAGE]: '50%' },
      { cpuMilli: 250, memoryBytes: 536_870_912 },
    ],
    [{ [MEMORY_USAGE]: '300Mi' }, { cpuMilli: 2000, memoryBytes: 314_572_800 }],
  ])('%j', (annotations, usage) => {
    expect(annotatedUsage(podWith(annotations as Record<string, string>))).toEqual(usage);
  });

  test('refuses what is neither a share nor an amount', () => {
    const problems = new ProblemList();
    checkUsage({ [CPU_USAGE]: 'half', [MEMORY_USAGE]: '-1Gi' }, 'pod web', problems);
    expect(problems.problems.map((problem) => problem.path)).toEqual([`pod web: ${CPU_USAGE}`, `pod web: ${MEMORY_USAGE}`]);
    expect(() => annotatedUsage(podWith({ [CPU_USAGE]: 'half' }))).toThrow(/35%/);
  });
});
