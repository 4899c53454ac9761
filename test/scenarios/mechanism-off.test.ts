/**
 * Every example in scenarios/ stops proving its claims when the mechanism behind them is switched off.
 */
import { describe, expect, test } from 'vitest';
import { EXAMPLES, LONG, runExample, unmet } from './examples.ts';

describe('scenarios/ without their mechanisms', () => {
  /** Scenario, what is switched off, and the claims that must fall (others may fall with them). */
  const off: [name: string, mechanism: string, overrides: string[], claims: string[]][] = [
    ['fill-racks', 'the plugin', ['spec.scheduler={}'], ['count(nodes.used) == 8', 'max_share_lost(deployment/web, rack) == 50%']],
    ['quickstart', 'taint eviction', ['spec.controllers.taint-eviction.enabled=false'], ['time_to_recover(fault/dead-machine) <= 6m30s']],
    ['quickstart', 'node health checks', ['spec.controllers.node-lifecycle.enabled=false'], ['time_to_detect(fault/dead-machine) <= 60s']],
    [
      'quickstart',
      'replicas',
      ['deployment/web:spec.replicas=1', 'deployment/web:spec.template.spec.nodeSelector={kubernetes.io/hostname: a-1-1}'],
      ['availability(deployment/web) == 100%'],
    ],
    [
      'rolling-update',
      'surge',
      ['deployment/web:spec.strategy.rollingUpdate.maxSurge=0', 'deployment/web:spec.strategy.rollingUpdate.maxUnavailable=1'],
      ['sequence(deployment/web) == 3/0, 3/1, 2/1, 2/2, 1/2, 1/3, 0/3', 'availability(deployment/web, 100%) == 100%'],
    ],
    ['rolling-update', 'rolling', ['deployment/web:spec.strategy={type: Recreate}'], ['availability(deployment/web, 100%) == 100%']],
    [
      'rolling-update',
      'the deployment controller',
      ['spec.controllers.deployment.enabled=false'],
      ['pods(phase=Running, ready=true, app=web) == 3'],
    ],
    ['rack-partition-heals-early', 'the early end', ['spec.events[0].for=10m'], ['evictions == 0', 'replaced(deployment/web) == 0']],
    [
      'rack-partition-heals-early',
      'patience',
      [
        'deployment/web:spec.template.spec.tolerations=[{key: node.kubernetes.io/unreachable, operator: Exists, effect: NoExecute, tolerationSeconds: 60}]',
      ],
      ['evictions == 0'],
    ],
    [
      'rack-partition-heals-early',
      'node health checks',
      ['spec.controllers.node-lifecycle.enabled=false'],
      ['time_to_detect(fault/cut-off) <= 60s', 'ready_share(deployment/web) < 100%'],
    ],
    [
      'rack-partition-heals-late',
      'the late end',
      ['spec.events[0].for=4m'],
      ['evictions(deployment/web) == 2', 'replaced(deployment/web) == 2'],
    ],
    [
      'rack-partition-heals-late',
      'taint eviction',
      ['spec.controllers.taint-eviction.enabled=false'],
      ['evictions(deployment/web) == 2', 'replaced(deployment/web) == 2'],
    ],
    ['lose-one-box-monolith', 'big copies', ['deployment/api:spec.replicas=1'], ['share_lost(deployment/api, fault/dead-box) == 50%']],
    [
      'lose-one-box-monolith',
      'boxes of their own',
      [
        'deployment/api:spec.template.spec.nodeSelector={}',
        'deployment/users:spec.template.spec.nodeSelector={}',
        'deployment/web:spec.replicas=0',
      ],
      ['unschedulable == 2'],
    ],
    [
      'lose-one-box-spread',
      'spreading',
      ['deployment/web:spec.template.spec.topologySpreadConstraints=[]'],
      ['share_lost(deployment/web, fault/dead-box) == 25%'],
    ],
    ['lose-one-box-spread', 'small copies', ['deployment/users:spec.replicas=2'], ['share_lost(deployment/users, fault/dead-box) == 20%']],
    ['redis-beside-vpn', 'the other shape', ['deployment/vpn:spec.replicas=0'], ['utilization(cpu, end) == 100%']],
    [
      'redis-beside-vpn',
      'complementary shapes',
      ['deployment/vpn:spec.template.spec.containers[0].resources.requests={cpu: 500m, memory: 12Gi}'],
      ['unschedulable == 0', 'utilization(cpu, end) == 100%'],
    ],
    [
      'zone-outage',
      'spreading over zones',
      ['deployment/web:spec.template.spec.nodeSelector={topology.kubernetes.io/zone: b}', 'spec.events[0].at=119m'],
      ['availability(deployment/web) >= 99.9%', 'share_lost(deployment/web, fault/zone-outage) <= 34%'],
    ],
    ['zone-outage', 'taint eviction', ['spec.controllers.taint-eviction.enabled=false'], ['time_to_recover(fault/zone-outage) <= 9m']],
    ['openb-sample', 'GPUs', ['spec.workload[0].trace.gpu=none'], ['unschedulable == 1']],
  ];

  test.each(off)('%s fails without %s', (name, _, overrides, claims) => {
    expect(unmet(runExample(name, overrides))).toEqual(expect.arrayContaining(claims));
  });

  test('every example but the long one has a mechanism that can be switched off', () => {
    expect(EXAMPLES.filter((name) => !LONG.includes(name) && !off.some(([tested]) => tested === name))).toEqual([]);
  });
});
