import { describe, expect, test } from 'vitest';
import { SECOND_US } from '../../src/engine/units.ts';
import { findTable, rowsOf } from '../../src/metrics/result.ts';
import { parseFitError, scheduling } from '../../src/metrics/scheduling.ts';
import { FakeCluster } from '../support/fake-cluster.ts';

const NO_CPU =
  '0/12 nodes are available: 12 Insufficient cpu. preemption: 0/12 nodes are available: 12 No preemption victims found for incoming pod.';
const MIXED = '0/12 nodes are available: 4 node(s) had untolerated taint {node.kubernetes.io/unreachable: }, 8 Insufficient cpu.';

describe('parseFitError', () => {
  test.each([
    ['counted reasons, without what preemption says', NO_CPU, [['Insufficient cpu', 12]]],
    [
      'several reasons',
      MIXED,
      [
        ['node(s) had untolerated taint {node.kubernetes.io/unreachable: }', 4],
        ['Insufficient cpu', 8],
      ],
    ],
    [
      'commas inside a reason',
      '0/3 nodes are available: 3 node(s) had taint {a: b, c}, 1 Too many pods.',
      [
        ['node(s) had taint {a: b, c}', 3],
        ['Too many pods', 1],
      ],
    ],
    ['one reason for all nodes', '0/3 nodes are available: waiting for a volume. preemption: not helpful', [['waiting for a volume', 3]]],
    ['any other text', 'rejected by permit', [['rejected by permit', 0]]],
    ['nothing', '', []],
  ])('%s', (_, message, expected) => {
    expect(parseFitError(message).map(({ reason, nodes }) => [reason, nodes])).toEqual(expected);
  });
});

describe('scheduling', () => {
  function story() {
    const cluster = new FakeCluster();
    const run = cluster.measure([scheduling], { intervalUs: 5 * SECOND_US });
    const quick = cluster.pod('quick');
    const slow = cluster.pod('slow');
    const stuck = cluster.pod('stuck');
    cluster.goTo(1 * SECOND_US);
    cluster.attempt(quick, { result: 'scheduled', nodeName: 'a-1-1' });
    cluster.bind(quick, 'a-1-1');
    cluster.attempt(slow, { result: 'unschedulable', message: NO_CPU, unschedulablePlugins: ['NodeResourcesFit'] });
    cluster.attempt(stuck, { result: 'unschedulable', message: NO_CPU, unschedulablePlugins: ['NodeResourcesFit'] });
    cluster.goTo(4 * SECOND_US);
    cluster.attempt(slow, {
      result: 'unschedulable',
      podAttempt: 2,
      message: MIXED,
      unschedulablePlugins: ['NodeResourcesFit', 'TaintToleration'],
    });
    cluster.goTo(10 * SECOND_US);
    cluster.attempt(slow, { result: 'scheduled', podAttempt: 3 });
    cluster.bind(slow, 'a-1-2');
    cluster.goTo(12 * SECOND_US);
    return { cluster, outcome: run.finish() };
  }

  test('counts attempts by outcome and measures waits to the attempt that succeeded', () => {
    const { outcome } = story();
    expect(rowsOf(findTable(outcome, 'scheduling')!)[0]).toMatchObject({
      profile: 'all',
      attempts: 5,
      scheduled: 2,
      unschedulable: 3,
      queue_wait_p50_us: SECOND_US,
      queue_wait_max_us: 10 * SECOND_US,
    });
    expect(outcome.measurements.value('max', ['pod.queue_wait'])).toBe(10 * SECOND_US);
    expect(outcome.measurements.value('unschedulable', [])).toBe(1);
  });

  test('adds up the time pods were pending for each reason', () => {
    const { outcome } = story();
    const rows = rowsOf(findTable(outcome, 'pending_reasons')!);
    // slow: 1 s to 10 s, stuck: 1 s to the end.
    expect(rows[0]).toMatchObject({ reason: 'Insufficient cpu', attempts: 3, pods: 2, pod_time_us: 20 * SECOND_US, pods_end: 1 });
    expect(rows[1]).toMatchObject({ attempts: 1, pods: 0, nodes_mean: 4, pod_time_us: 6 * SECOND_US, pods_end: 0 });
    expect(rowsOf(findTable(outcome, 'pending_plugins')!).map((row) => [row['plugin'], row['attempts'], row['pods']])).toEqual([
      ['NodeResourcesFit', 3, 2],
      ['TaintToleration', 1, 0],
    ]);
  });

  test('names what is still pending, and why', () => {
    const { outcome } = story();
    expect(rowsOf(findTable(outcome, 'pending_end')!)).toEqual([
      { pod: 'default/stuck', workload: 'pods/default', waiting_us: 12 * SECOND_US, message: NO_CPU },
    ]);
  });

  test('shows pending pods and throughput per bucket', () => {
    const { outcome } = story();
    const rows = rowsOf(findTable(outcome, 'scheduling_series')!);
    expect(rows.map((row) => row['time_us'])).toEqual([5 * SECOND_US, 10 * SECOND_US, 12 * SECOND_US]);
    // Three pods for one second, two for four.
    expect(rows[0]!['pending']).toBeCloseTo(11 / 5, 9);
    expect(rows[0]!['scheduled_per_s']).toBeCloseTo(1 / 5, 9);
    // A binding at the very end of a bucket belongs to it.
    expect(rows[1]!['scheduled_per_s']).toBeCloseTo(1 / 5, 9);
    expect(rows[2]!['pending']).toBe(1);
  });
});
