/** Outcomes and latencies of pods, rollouts, disruptions, budgets, single pods. */
import { describe, expect, test } from 'vitest';
import { MINUTE_US, SECOND_US } from '../../src/engine/units.ts';
import { disruptionBudgets } from '../../src/metrics/disruption-budgets.ts';
import { disruptions } from '../../src/metrics/disruptions.ts';
import type { MeasureDef } from '../../src/metrics/measure.ts';
import { podLifecycle } from '../../src/metrics/pod-lifecycle.ts';
import { pods } from '../../src/metrics/pods.ts';
import { findTable, type Row, rowsOf } from '../../src/metrics/result.ts';
import { rollout } from '../../src/metrics/rollout.ts';
import { FakeCluster, TOPICS } from '../support/fake-cluster.ts';

function measured(measure: MeasureDef, play: (cluster: FakeCluster) => void, options = {}) {
  const cluster = new FakeCluster();
  const run = cluster.measure([measure], options);
  cluster.addNodes();
  play(cluster);
  cluster.goTo(cluster.nowUs + SECOND_US);
  const outcome = run.finish();
  return {
    rows: (name: string): Row[] => rowsOf(findTable(outcome, name)!),
    tables: outcome.tables,
    value: (name: string, ...args: string[]) => outcome.measurements.value(name, args),
  };
}

describe('pod lifecycle', () => {
  test('measures every stage from the commits', () => {
    const { rows, value } = measured(podLifecycle, (cluster) => {
      const pod = cluster.pod('job', { labels: { app: 'etl' } });
      cluster.goTo(2 * SECOND_US);
      cluster.bind(pod, 'a-1-1');
      cluster.engine.observers.emit(TOPICS.podStage, { stage: 'pull-started', podUid: pod.metadata.uid }, cluster.nowUs);
      cluster.goTo(4 * SECOND_US);
      cluster.engine.observers.emit(TOPICS.podStage, { stage: 'pull-finished', podUid: pod.metadata.uid }, cluster.nowUs);
      cluster.goTo(5 * SECOND_US);
      cluster.start(pod);
      cluster.goTo(6 * SECOND_US);
      cluster.ready(pod);
      cluster.ready(pod, false);
      cluster.ready(pod);
      cluster.goTo(10 * SECOND_US);
      cluster.finish(pod);
      cluster.goTo(20 * SECOND_US);
      cluster.terminate(pod);
      cluster.goTo(21 * SECOND_US);
      cluster.remove(cluster.current(pod));
    });
    const all = rows('pod_latency').filter((row) => row['workload'] === 'all');
    expect(all.map((row) => [row['stage'], row['count'], row['p50_us']])).toEqual([
      ['scheduling', 1, 2 * SECOND_US],
      ['image-pull', 1, 2 * SECOND_US],
      ['run', 1, 3 * SECOND_US],
      ['ready', 1, 1 * SECOND_US],
      ['startup', 1, 6 * SECOND_US],
      ['completion', 1, 10 * SECOND_US],
      ['termination', 1, 1 * SECOND_US],
    ]);
    expect(value('p99', 'pod.startup')).toBe(6 * SECOND_US);
    expect(rows('pod_outcomes').find((row) => row['workload'] === 'app/etl')).toMatchObject({
      created: 1,
      bound: 1,
      ready: 1,
      succeeded: 1,
      deleted: 1,
      running_end: 0,
    });
  });

  test('has no scheduling or start-up time for pods that were there from the beginning', () => {
    const { rows, value } = measured(podLifecycle, (cluster) => {
      const pod = cluster.pod('old', { nodeName: 'a-1-1' });
      cluster.start(pod);
      cluster.goTo(SECOND_US);
      cluster.ready(pod);
    });
    expect(value('p50', 'pod.startup')).toBeUndefined();
    expect(rows('pod_latency').map((row) => row['stage'])).not.toContain('scheduling');
  });

  test('takes the end of a pod that is being deleted for no outcome', () => {
    const { value } = measured(podLifecycle, (cluster) => {
      const pod = cluster.run('web', 'a-1-1');
      cluster.terminate(pod);
      cluster.finish(pod);
      cluster.remove(cluster.current(pod));
    });
    expect(value('count', 'pods.succeeded')).toBe(0);
    expect(value('count', 'pods.deleted')).toBe(1);
    expect(value('max', 'pod.completion')).toBeUndefined();
  });

  test('counts restarts once', () => {
    const { value } = measured(podLifecycle, (cluster) => {
      const pod = cluster.run('crashing', 'a-1-1');
      cluster.start(pod, 1);
      cluster.ready(pod);
      cluster.start(pod, 3);
      cluster.ready(pod);
    });
    expect(value('count', 'containers.restarts')).toBe(3);
  });

  test('leaves out what happened during warm-up', () => {
    const { value } = measured(
      podLifecycle,
      (cluster) => {
        cluster.run('early', 'a-1-1');
        cluster.goTo(2 * MINUTE_US);
        cluster.run('late', 'a-1-1');
      },
      { settings: { warmupUs: MINUTE_US } },
    );
    expect(value('count', 'pods.created')).toBe(1);
    expect(value('count', 'pods.running')).toBe(2);
  });
});

describe('rollout', () => {
  test('gives the sequence of old and new ready replicas', () => {
    const { value, rows } = measured(rollout, (cluster) => {
      const deployment = cluster.deployment('web', 2);
      const old = cluster.replicaSet(deployment, 1);
      const before = ['a-1-1', 'b-1-1'].map((node, index) => cluster.run(`old-${index}`, node, { owner: old }));
      cluster.goTo(MINUTE_US);
      const next = cluster.replicaSet(deployment, 2);
      for (const [index, pod] of before.entries()) {
        cluster.goTo(cluster.nowUs + SECOND_US);
        cluster.run(`new-${index}`, 'c-1-1', { owner: next });
        cluster.goTo(cluster.nowUs + SECOND_US);
        cluster.terminate(pod);
      }
    });
    expect(value('sequence', 'deployment/web')).toBe('2/0, 2/1, 1/1, 1/2, 0/2');
    expect(rows('rollouts')[0]).toMatchObject({ revision: 2, time_us: MINUTE_US, old_ready: 2, new_ready: 0 });
  });

  test('shows no state that lasted no time', () => {
    const { value } = measured(rollout, (cluster) => {
      const deployment = cluster.deployment('web', 2);
      const old = cluster.replicaSet(deployment, 1);
      const before = ['a-1-1', 'b-1-1'].map((node, index) => cluster.run(`old-${index}`, node, { owner: old }));
      cluster.replicaSet(deployment, 2);
      cluster.goTo(SECOND_US);
      for (const pod of before) cluster.terminate(pod);
    });
    expect(value('sequence', 'deployment/web')).toBe('2/0, 0/0');
  });

  test('follows a rollback, where an old set becomes the newest', () => {
    const { value } = measured(rollout, (cluster) => {
      const deployment = cluster.deployment('web', 1);
      const first = cluster.replicaSet(deployment, 1);
      cluster.run('one', 'a-1-1', { owner: first });
      cluster.goTo(SECOND_US);
      const second = cluster.replicaSet(deployment, 2);
      cluster.goTo(2 * SECOND_US);
      const pod = cluster.run('two', 'a-1-1', { owner: second });
      cluster.goTo(3 * SECOND_US);
      cluster.put({ ...first, metadata: { ...first.metadata, annotations: { 'deployment.kubernetes.io/revision': '3' } } });
      cluster.goTo(4 * SECOND_US);
      cluster.terminate(pod);
    });
    expect(value('sequence', 'deployment/web')).toBe('1/0, 1/1, 0/1');
  });

  test('has nothing to say of a Deployment that was never updated', () => {
    const { value } = measured(rollout, (cluster) => {
      cluster.run('one', 'a-1-1', { owner: cluster.replicaSet(cluster.deployment('web', 1), 1) });
    });
    expect(value('sequence', 'deployment/web')).toBeUndefined();
  });
});

describe('disruptions', () => {
  test('counts each disrupted pod once, by cause', () => {
    const { rows, value } = measured(disruptions, (cluster) => {
      const set = cluster.replicaSet(cluster.deployment('web', 3), 1);
      const [a, b, c] = [1, 2, 3].map((index) => cluster.run(`web-${index}`, 'a-1-1', { owner: set }));
      cluster.disrupt(a!, 'PreemptionByScheduler');
      cluster.disrupt(a!, 'DeletionByTaintManager');
      cluster.disrupt(b!, 'DeletionByTaintManager');
      cluster.disrupt(c!, 'EvictionByEvictionAPI');
    });
    expect(rows('disruptions').map((row) => [row['cause'], row['pods'], row['ready_pods']])).toEqual([
      ['taint eviction', 1, 1],
      ['eviction API', 1, 1],
      ['preemption', 1, 1],
    ]);
    expect(value('evictions')).toBe(2);
    expect(value('evictions', 'deployment/web')).toBe(2);
    expect(value('preemptions')).toBe(1);
  });

  test.each([
    ['deleted after it was ready', (cluster: FakeCluster, set: never) => cluster.terminate(cluster.run('p', 'a-1-1', { owner: set })), 1],
    [
      'failed after it was ready',
      (cluster: FakeCluster, set: never) => cluster.finish(cluster.run('p', 'a-1-1', { owner: set }), 'Failed'),
      1,
    ],
    ['succeeded', (cluster: FakeCluster, set: never) => cluster.finish(cluster.run('p', 'a-1-1', { owner: set })), 0],
    ['deleted before it was ready', (cluster: FakeCluster, set: never) => cluster.terminate(cluster.pod('p', { owner: set })), 0],
    [
      'deleted, ended by that, and removed',
      (cluster: FakeCluster, set: never) => {
        const pod = cluster.run('p', 'a-1-1', { owner: set });
        cluster.terminate(pod);
        cluster.finish(pod);
        cluster.remove(cluster.current(pod));
      },
      1,
    ],
    [
      'removed at once',
      (cluster: FakeCluster, set: never) => {
        cluster.remove(cluster.current(cluster.run('p', 'a-1-1', { owner: set })));
      },
      1,
    ],
  ])('a pod that was %s counts so often as replaced', (_, play, count) => {
    const { value } = measured(disruptions, (cluster) => play(cluster, cluster.replicaSet(cluster.deployment('web', 1), 1) as never));
    expect(value('replaced', 'deployment/web')).toBe(count);
  });
});

describe('disruption budgets', () => {
  test('counts breaks from the first time a budget was satisfied', () => {
    const { rows } = measured(disruptionBudgets, (cluster) => {
      cluster.budget('web', '60%', { app: 'web' });
      const set = cluster.replicaSet(cluster.deployment('web', 3), 1);
      const web = ['a-1-1', 'b-1-1', 'c-1-1'].map((node, index) => cluster.run(`web-${index}`, node, { owner: set }));
      cluster.goTo(10 * SECOND_US);
      cluster.process(web[0]!, 'stopped');
      cluster.goTo(15 * SECOND_US);
      cluster.process(web[1]!, 'stopped');
      cluster.goTo(25 * SECOND_US);
      cluster.process(web[1]!, 'started');
    });
    expect(rows('disruption_budgets')).toEqual([
      {
        budget: 'default/web',
        workloads: 'deployment/web',
        required_end: 2,
        healthy_end: 2,
        times_broken: 1,
        broken_us: 10 * SECOND_US,
        longest_us: 10 * SECOND_US,
        fewest_healthy: 1,
      },
    ]);
  });

  test('takes up pods that were there before the budget', () => {
    const { rows } = measured(disruptionBudgets, (cluster) => {
      const set = cluster.replicaSet(cluster.deployment('web', 1), 1);
      const pod = cluster.run('web', 'a-1-1', { owner: set });
      cluster.budget('web', 1, { app: 'web' });
      cluster.goTo(SECOND_US);
      cluster.terminate(pod);
    });
    expect(rows('disruption_budgets')[0]).toMatchObject({ healthy_end: 0, times_broken: 1, broken_us: SECOND_US });
  });
});

describe('pods', () => {
  const play = (cluster: FakeCluster): void => {
    cluster.run('one', 'a-1-1', { labels: { app: 'web', tier: 'front' } });
    cluster.run('two', 'b-1-1', { labels: { app: 'web' } });
    cluster.pod('three', { labels: { app: 'db' }, namespace: 'data' });
  };

  test.each([
    [['phase=Running', 'app=web'], 2],
    [['app!=web'], 1],
    [['zone=a'], 1],
    [['node=b-1-1'], 1],
    [['ready=false'], 1],
    [['namespace=data'], 1],
    [['tier'], 1],
    [[], 3],
  ])('counts those that match %j', (filters, count) => {
    const { value } = measured(pods, play);
    expect(value('pods', ...filters)).toBe(count);
  });

  test('keeps a row per pod only when asked to', () => {
    expect(measured(pods, play).tables).toEqual([]);
    const kept = measured(
      pods,
      (cluster) => {
        play(cluster);
        cluster.remove(cluster.current(cluster.pod('four')));
      },
      { settings: { keepPods: true } },
    );
    expect(kept.rows('pods').map((row) => [row['pod'], row['deleted_us']])).toEqual([
      ['four', 0],
      ['one', null],
      ['two', null],
      ['three', null],
    ]);
  });
});
