import { describe, expect, test } from 'vitest';
import { failureDomains, survivable } from '../../src/metrics/failure-domains.ts';
import { findTable, type Row, rowsOf } from '../../src/metrics/result.ts';
import { FakeCluster } from '../support/fake-cluster.ts';

function measured(play: (cluster: FakeCluster) => void) {
  const cluster = new FakeCluster();
  const run = cluster.measure([failureDomains]);
  play(cluster);
  cluster.goTo(cluster.nowUs + 1_000_000);
  const outcome = run.finish();
  return {
    rows: (name: string): Row[] => rowsOf(findTable(outcome, name)!),
    row: (level: string): Row => rowsOf(findTable(outcome, 'failure_domains')!).find((entry) => entry['level'] === level)!,
    value: (name: string, ...args: string[]) => outcome.measurements.value(name, args),
  };
}

function spread(cluster: FakeCluster, nodes: readonly string[], cpu = '500m'): void {
  const set = cluster.replicaSet(cluster.deployment('web', nodes.length), 1);
  for (const [index, node] of nodes.entries()) cluster.run(`web-${index}`, node, { owner: set, cpu });
}

describe('failure domains', () => {
  test('one box of four holds 25 %', () => {
    const { row, value } = measured((cluster) => {
      cluster.addNodes();
      spread(cluster, ['a-1-1', 'a-2-1', 'b-1-1', 'c-1-1']);
    });
    expect(row('node')).toMatchObject({
      pods: 4,
      wanted: 4,
      domains_used: 4,
      domains_total: 12,
      worst_share: 0.25,
      survives_any: 3,
      survives_majority: 1,
      refit_share: 1,
    });
    expect(row('zone')).toMatchObject({ domains_used: 3, worst_domain: 'zone/a', worst_share: 0.5, survives_any: 2, survives_majority: 0 });
    expect(row('region')).toMatchObject({ worst_share: 1, survives_any: 0, refit_share: 0 });
    expect(value('max_share_lost', 'deployment/web', 'zone')).toBe(0.5);
    expect(value('max_share_lost', 'deployment/web', 'continent')).toBeUndefined();
  });

  test('says how many losses a disruption budget survives', () => {
    const { row } = measured((cluster) => {
      cluster.addNodes();
      cluster.budget('web', 2, { app: 'web' });
      spread(cluster, ['a-1-1', 'b-1-1', 'c-1-1', 'c-2-1']);
    });
    expect(row('node')['survives_budget']).toBe(2);
    expect(row('zone')['survives_budget']).toBe(1);
  });

  test('places the lost pods elsewhere only where they fit', () => {
    const { row, rows } = measured((cluster) => {
      // Twelve nodes of 4 CPUs, all but two of them full.
      cluster.addNodes('4');
      for (const node of ['a-1-2', 'a-2-1', 'a-2-2', 'b-1-1', 'b-1-2', 'b-2-1', 'b-2-2', 'c-1-1'])
        cluster.run(`full-${node}`, node, { cpu: '4' });
      spread(cluster, ['a-1-1', 'c-2-1'], '3');
      cluster.cordon('c-2-2');
    });
    // c-1-2 has room for the one pod of zone a; the cordoned node does not count.
    expect(row('zone')).toMatchObject({ worst_domain: 'zone/a', refit_share: 0 });
    const loss = rows('domain_loss').find((entry) => entry['domain'] === 'zone/a')!;
    expect(loss).toMatchObject({ pods: 4, refit_pods: 1, refit_share: 0.25 });
  });

  test('says which domains take whole workloads and budgets down', () => {
    const { rows } = measured((cluster) => {
      cluster.addNodes();
      cluster.budget('web', '50%', { app: 'web' });
      spread(cluster, ['a-1-1', 'a-1-2', 'b-1-1']);
    });
    const of = (domain: string): Row => rows('domain_loss').find((entry) => entry['domain'] === domain)!;
    expect(of('zone/a')).toMatchObject({ nodes: 4, pods: 2, workloads_hit: 1, workloads_down: 0, budgets_broken: 1 });
    expect(of('zone/b')).toMatchObject({ pods: 1, workloads_down: 0, budgets_broken: 0 });
    expect(of('region/east')).toMatchObject({ pods: 3, workloads_down: 1, budgets_broken: 1 });
    expect(of('zone/c')).toMatchObject({ pods: 0, refit_share: null });
  });

  test('knows pods that came before their Deployment', () => {
    const { row } = measured((cluster) => {
      cluster.addNodes();
      const deployment = cluster.deployment('web', 2);
      const set = cluster.replicaSet(deployment, 1);
      cluster.run('web-0', 'a-1-1', { owner: set });
      cluster.scale(deployment, 1);
      cluster.scale(deployment, 2);
      cluster.run('web-1', 'a-1-2', { owner: set });
    });
    expect(row('rack')).toMatchObject({ pods: 2, worst_share: 1, worst_share_ever: 1 });
  });

  test.each([
    ['one per domain', [1, 1, 1], 1, 2],
    ['a majority of five', [3, 1, 1], 3, 0],
    ['none can be lost', [2], 1, 0],
    ['too few already', [1], 2, -1],
    ['nothing is needed', [2, 1], 0, 2],
  ])('survivable losses: %s', (_, counts, needed, losses) => {
    expect(survivable(counts, needed)).toBe(losses);
  });
});
