/**
 * What measures keep up to date, change by change, against what one gets by looking at all objects after every change.
 */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { availability, parseThreshold } from '../../src/metrics/availability.ts';
import { LEVELS } from '../../src/metrics/cluster-records.ts';
import { failureDomains } from '../../src/metrics/failure-domains.ts';
import type { MetricsRun } from '../../src/metrics/metrics-run.ts';
import { podLifecycle } from '../../src/metrics/pod-lifecycle.ts';
import { findTable, type Row, rowsOf } from '../../src/metrics/result.ts';
import { utilization } from '../../src/metrics/utilization.ts';
import type { Node } from '../../src/objects/node.ts';
import { isTerminal, type Pod } from '../../src/objects/pod.ts';
import { quantityMilli } from '../../src/objects/quantity.ts';
import { FakeCluster } from '../support/fake-cluster.ts';
import { anyStory, Story } from '../support/random-story.ts';
import { check } from '../support/seeded.ts';

const REST_US = 1_000_000;

function play(
  steps: Parameters<Story['play']>[0],
  measures: Parameters<FakeCluster['measure']>[0],
  look: (story: Story, nowUs: number) => void,
  options = {},
) {
  const cluster = new FakeCluster();
  const run = cluster.measure(measures, { intervalUs: 700_000, ...options });
  const story = new Story(cluster);
  story.play(steps, (nowUs) => look(story, nowUs));
  cluster.goTo(cluster.nowUs + REST_US);
  return { cluster, story, run, tables: run.finish() };
}

function table(outcome: { readonly tables: ReturnType<MetricsRun['finish']> }, name: string): Row[] {
  return rowsOf(findTable(outcome.tables, name)!);
}

test('utilization integrals and end values equal those summed up object by object', () => {
  check(
    fc.property(anyStory, fc.constantFrom(0, 4_000_000), (steps, warmupUs) => {
      let lastUs = 0;
      let capacity = 0;
      let requested = 0;
      let capacityArea = 0;
      let requestedArea = 0;
      let peak = 0;
      const hold = (nowUs: number): void => {
        const span = nowUs - Math.max(lastUs, warmupUs);
        if (span > 0) {
          capacityArea += capacity * span;
          requestedArea += requested * span;
          if (capacity > 0) peak = Math.max(peak, requested / capacity);
        }
        lastUs = nowUs;
      };
      const outcome = play(
        steps,
        [utilization],
        (story, nowUs) => {
          hold(nowUs);
          const objects = [...story.cluster.objects.values()];
          capacity = 0;
          for (const node of objects) if (node.kind === 'Node') capacity += quantityMilli((node as Node).status.allocatable['cpu']!);
          requested = 0;
          for (const pod of story.pods()) if (pod.spec.nodeName !== '' && !isTerminal(pod)) requested += cpuOf(pod);
        },
        { settings: { warmupUs } },
      );
      const endUs = outcome.cluster.nowUs;
      hold(endUs);
      const row = table(outcome, 'utilization').find((entry) => entry['scope'] === 'cluster' && entry['resource'] === 'cpu')!;
      const span = endUs - warmupUs;
      expect(row['capacity_end']).toBe(capacity / 1000);
      expect(row['requested_end']).toBe(requested / 1000);
      if (span > 0) {
        expect(row['capacity_mean']).toBeCloseTo(capacityArea / span / 1000, 9);
        expect(row['requested_mean']).toBeCloseTo(requestedArea / span / 1000, 9);
        expect(row['requested_share']).toBeCloseTo(requestedArea / capacityArea, 9);
        // Peaks that last no time are seen by the measure only.
        expect((row['requested_peak_share'] as number | null) ?? 0).toBeGreaterThanOrEqual(peak - 1e-12);
      }
      const parts = table(outcome, 'utilization').filter((entry) => entry['scope'] === 'rack' && entry['resource'] === 'cpu');
      const sum = parts.reduce((total, entry) => total + (entry['requested_end'] as number), 0);
      expect(sum).toBeCloseTo(requested / 1000, 9);
    }),
    80,
  );
});

test('the utilization series averages back to the totals', () => {
  check(
    fc.property(anyStory, (steps) => {
      const outcome = play(steps, [utilization], () => {});
      const total = table(outcome, 'utilization').find((entry) => entry['scope'] === 'cluster' && entry['resource'] === 'cpu')!;
      const series = table(outcome, 'utilization_series').filter((entry) => entry['scope'] === 'cluster' && entry['resource'] === 'cpu');
      let area = 0;
      let fromUs = 0;
      for (const row of series) {
        area += (row['requested'] as number) * ((row['time_us'] as number) - fromUs);
        fromUs = row['time_us'] as number;
      }
      expect(area / outcome.cluster.nowUs).toBeCloseTo(total['requested_mean'] as number, 9);
    }),
    50,
  );
});

test('availability equals the time counted state by state', () => {
  check(
    fc.property(anyStory, (steps) => {
      const names = ['web', 'db'];
      const state = names.map(() => ({
        ready: 0,
        wanted: 0,
        started: false,
        anyUs: 0,
        allUs: 0,
        halfUs: 0,
        totalUs: 0,
        lostUs: 0,
        ratioUs: 0,
      }));
      let lastUs = 0;
      const hold = (nowUs: number): void => {
        for (const entry of state) {
          const span = nowUs - lastUs;
          if (!entry.started || entry.wanted === 0) continue;
          entry.totalUs += span;
          if (entry.ready >= 1) entry.anyUs += span;
          if (entry.ready >= entry.wanted) entry.allUs += span;
          if (entry.ready >= entry.wanted / 2) entry.halfUs += span;
          entry.lostUs += Math.max(0, entry.wanted - entry.ready) * span;
          entry.ratioUs += Math.min(1, entry.ready / entry.wanted) * span;
        }
        lastUs = nowUs;
      };
      const outcome = play(steps, [availability], (story, nowUs) => {
        hold(nowUs);
        story.deployments.forEach((deployment, index) => {
          const entry = state[index]!;
          entry.ready = story.serving(deployment).length;
          entry.wanted = story.cluster.current(deployment).spec.replicas;
          if (entry.wanted > 0 && entry.ready >= entry.wanted) entry.started = true;
        });
      });
      hold(outcome.cluster.nowUs);
      names.forEach((name, index) => {
        const entry = state[index]!;
        const row = table(outcome, 'availability').find((candidate) => candidate['workload'] === `deployment/${name}`)!;
        expect(row['measured_us']).toBe(entry.totalUs);
        const { measurements } = outcome.tables;
        if (entry.totalUs === 0) {
          expect(measurements.value('availability', [`deployment/${name}`])).toBeUndefined();
          return;
        }
        expect(row['any_ready_share']).toBeCloseTo(entry.anyUs / entry.totalUs, 12);
        expect(row['all_ready_share']).toBeCloseTo(entry.allUs / entry.totalUs, 12);
        expect(row['lost_replica_us']).toBe(entry.lostUs);
        expect(row['ready_share']).toBeCloseTo(entry.ratioUs / entry.totalUs, 9);
        expect(measurements.value('availability', [`deployment/${name}`, '50%'])).toBeCloseTo(entry.halfUs / entry.totalUs, 12);
        expect(measurements.value('lost_replica_time', [`deployment/default/${name}`])).toBe(entry.lostUs);
      });
    }),
    80,
  );
});

test('the worst share of a failure domain equals the one found by counting all pods', () => {
  check(
    fc.property(anyStory, (steps) => {
      const worst = new Map<string, number>();
      const levelOf = (story: Story, pod: Pod, level: number): number => {
        const { topology } = story.cluster;
        const node = topology.nodeVertex(pod.spec.nodeName);
        return [node, topology.rackOf(node), topology.powerOf(node), topology.zoneOf(node), topology.regionOf(node)][level]!;
      };
      const outcome = play(steps, [failureDomains], (story) => {
        for (const deployment of story.deployments) {
          const standing = story
            .podsOf(deployment)
            .filter((pod) => pod.spec.nodeName !== '' && !isTerminal(pod) && pod.metadata.deletionTimestamp === undefined);
          const wanted = story.cluster.current(deployment).spec.replicas;
          if (wanted === 0 || standing.length < wanted) continue;
          LEVELS.forEach((level, index) => {
            const counts = new Map<number, number>();
            for (const pod of standing) {
              const domain = levelOf(story, pod, index);
              counts.set(domain, (counts.get(domain) ?? 0) + 1);
            }
            const key = `deployment/${deployment.metadata.name} ${level}`;
            worst.set(key, Math.max(worst.get(key) ?? 0, Math.max(...counts.values()) / standing.length));
          });
        }
      });
      for (const row of table(outcome, 'failure_domains')) {
        if (row['wanted'] === null || row['worst_share_ever'] === null) continue;
        expect(row['worst_share_ever']).toBe(worst.get(`${row['workload']} ${row['level']}`));
      }
    }),
    70,
  );
});

test('pods are counted by what they are at the end', () => {
  check(
    fc.property(anyStory, (steps) => {
      const outcome = play(steps, [podLifecycle], () => {});
      const pods = outcome.story.pods();
      const count = (set: string): number | string | undefined => outcome.tables.measurements.value('count', [set]);
      expect(count('pods.unscheduled')).toBe(pods.filter((pod) => pod.spec.nodeName === '' && !isTerminal(pod)).length);
      expect(count('pods.running')).toBe(pods.filter((pod) => pod.status.phase === 'Running').length);
      expect(count('pods.pending')).toBe(pods.filter((pod) => pod.status.phase === 'Pending').length);
      expect(count('pods.terminating')).toBe(pods.filter((pod) => pod.metadata.deletionTimestamp !== undefined).length);
      expect((count('pods.created') as number) - (count('pods.deleted') as number)).toBe(pods.length);
      expect(outcome.run.view.pods.size).toBe(pods.length);
    }),
    60,
  );
});

test('a threshold is a number of replicas, a percentage or a fraction', () => {
  expect(parseThreshold('2')!(10)).toBe(2);
  expect(parseThreshold('50%')!(10)).toBe(5);
  expect(parseThreshold('0.3')!(10)).toBe(3);
  expect(parseThreshold('many')).toBeUndefined();
});

function cpuOf(pod: Pod): number {
  return quantityMilli(pod.spec.containers[0]!.resources.requests['cpu']!);
}
