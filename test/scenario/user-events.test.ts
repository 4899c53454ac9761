/**
 * What people do to a running cluster, and faults whose mistakes only a whole world can see.
 */
import { describe, expect, test } from 'vitest';
import { SECOND_US } from '../../src/engine/units.ts';
import type { Node } from '../../src/objects/node.ts';
import { nodeCondition } from '../../src/objects/node.ts';
import type { Pod } from '../../src/objects/pod.ts';
import { loadScenarioText } from '../../src/scenario/load-text.ts';
import { memoryFiles } from '../../src/scenario/memory-files.ts';
import { ScenarioRun } from '../../src/scenario/scenario-run.ts';
import { problemsOf } from './words.ts';

const POD = `
---
apiVersion: v1
kind: Pod
metadata: { name: one }
spec:
  terminationGracePeriodSeconds: 600
  containers: [ { name: main, image: "app:1", resources: { requests: { cpu: 500m, memory: 256Mi } } } ]
`;

function start(events: string, more = POD, spec = ''): ScenarioRun {
  const text = `apiVersion: seatrial.dev/v1alpha1
kind: Scenario
metadata: { name: s }
spec:
  duration: 10m
  cluster:
    nodes: [ { name: n1, machine: box }, { name: n2, machine: box } ]
    machines: { box: { cpu: 4, memory: 8Gi } }
    controlPlane: { controllerManagers: 2 }
${spec}
  events:
${events}
${more}`;
  return new ScenarioRun(loadScenarioText(text, { files: memoryFiles({}) }), {});
}

function runTo(run: ScenarioRun, seconds: number): ScenarioRun {
  run.world.engine.run({ untilUs: seconds * SECOND_US });
  return run;
}

function pod(run: ScenarioRun, name = 'one'): Pod | undefined {
  return run.world.store.get('Pod', `default/${name}`) as Pod | undefined;
}

function running(run: ScenarioRun, node: string): string[] {
  return run.world.fleet
    .agent(node)!
    .runningPods()
    .map(({ name }) => name);
}

describe('delete', () => {
  test('waits for the grace period of the pod', () => {
    const run = runTo(start('    - { at: 1m, delete: pod/one }'), 60.05);
    expect(pod(run)!.metadata.deletionGracePeriodSeconds).toBe(600);
  });

  test('with gracePeriod 0s removes the object at once, while its container still runs', () => {
    const run = runTo(start('    - { at: 1m, delete: pod/one, gracePeriod: 0s }'), 59);
    const node = pod(run)!.spec.nodeName;
    runTo(run, 60.05);
    expect([pod(run), running(run, node)]).toEqual([undefined, ['one']]);
    runTo(run, 120);
    expect(running(run, node)).toEqual([]);
  });

  test('and apply make an object of the same name anew', () => {
    const run = start(`    - { at: 1m, delete: pod/one, gracePeriod: 0s }
    - at: 61s
      apply: { apiVersion: v1, kind: Pod, metadata: { name: one }, spec: { nodeName: n2, containers: [ { name: main, image: "app:1" } ] } }`);
    const before = pod(runTo(run, 59))!.metadata.uid;
    const after = pod(runTo(run, 120))!;
    expect([after.metadata.uid === before, after.spec.nodeName, after.status.phase]).toEqual([false, 'n2', 'Running']);
  });

  test.each(['1500ms', '-1s'])('a grace period of %s is refused', (gracePeriod) => {
    const problems = problemsOf(() => start(`    - { at: 1m, delete: pod/one, gracePeriod: ${gracePeriod} }`));
    expect(problems[0]).toContain('12:');
    expect(problems[0]).toContain('spec.events[0].gracePeriod');
  });

  test('gracePeriod goes with delete alone', () => {
    expect(problemsOf(() => start('    - { at: 1m, cordon: node/n1, gracePeriod: 0s }')).join()).toContain(
      '"gracePeriod" only goes with "delete"',
    );
  });
});

describe('drain', () => {
  const SHOP = `
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: shop }
spec:
  replicas: 3
  selector: { matchLabels: { app: shop } }
  template:
    metadata: { labels: { app: shop } }
    spec: { nodeSelector: { kubernetes.io/hostname: n1 }, containers: [ { name: main, image: "shop:1" } ] }
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: { name: shop }
spec: { minAvailable: 2, selector: { matchLabels: { app: shop } } }
`;

  test('cordons the node and evicts as many pods as their budget allows, then gives up', () => {
    const run = runTo(start('    - { at: 1m, drain: node/n1, timeout: 30s }', SHOP), 300);
    const { store } = run.world;
    expect((store.get('Node', 'n1') as Node).spec.unschedulable).toBe(true);
    const pods = store.list('Pod') as Pod[];
    // The one that was evicted has a successor, which finds no node.
    expect(pods.map((each) => each.spec.nodeName).sort()).toEqual(['', 'n1', 'n1']);
  });

  test('goes on when the budget allows more', () => {
    const run = runTo(start('    - { at: 1m, drain: node/n1 }\n    - { at: 2m, delete: pdb/shop }', SHOP), 300);
    expect((run.world.store.list('Pod') as Pod[]).map((each) => each.spec.nodeName)).toEqual(['', '', '']);
  });

  test('timeout goes with drain alone', () => {
    expect(problemsOf(() => start('    - { at: 1m, cordon: node/n1, timeout: 10s }')).join()).toContain('"timeout" only goes with "drain"');
  });
});

describe('a node that is deleted', () => {
  test('stays away while its kubelet runs on, and its pods go; a kubelet that starts registers anew', () => {
    const run = start(`    - { at: 1m, delete: node/n1 }
    - { at: 6m, fault: kubelet-crash, target: node/n1, for: 1s }`);
    runTo(run, 59);
    const uid = run.world.store.get('Node', 'n1')!.metadata.uid;
    runTo(run, 350);
    expect(run.world.store.get('Node', 'n1')).toBe(undefined);
    expect([...running(run, 'n1')]).toEqual([]);
    runTo(run, 500);
    const node = run.world.store.get('Node', 'n1') as Node;
    expect(node.metadata.uid).not.toBe(uid);
    expect(nodeCondition(node, 'Ready')?.status).toBe('True');
    expect(node.spec.taints).toEqual([]);
  });

  test('while its machine is off registers when it boots, and stays Ready by new heartbeats', () => {
    const run = start(`    - { at: 59s, fault: node-crash, target: node/n1, for: 5m }
    - { at: 60s, delete: node/n1 }`);
    runTo(run, 450);
    const since = nodeCondition(run.world.store.get('Node', 'n1') as Node, 'Ready')!.lastTransitionTime;
    runTo(run, 600);
    const ready = nodeCondition(run.world.store.get('Node', 'n1') as Node, 'Ready')!;
    expect([ready.status, ready.lastTransitionTime]).toEqual(['True', since]);
  });

  test('and applied again becomes Ready by the kubelet that runs on', () => {
    const run = start(`    - { at: 1m, delete: node/n1 }
    - { at: 80s, apply: { apiVersion: v1, kind: Node, metadata: { name: n1 } } }`);
    runTo(run, 79);
    expect(run.world.store.get('Node', 'n1')).toBe(undefined);
    runTo(run, 200);
    const node = run.world.store.get('Node', 'n1') as Node;
    expect([nodeCondition(node, 'Ready')?.status, node.status.allocatable['cpu'], node.spec.taints]).toEqual(['True', '4', []]);
  });
});

describe('faults', () => {
  test('what only the world knows is wrong is reported at the line and column it is written at', () => {
    const problems = problemsOf(() =>
      start(`    - { at: 1m, fault: component-crash, target: component/kube-schedulr, for: 10s }
    - at: 1m
      fault: component-crash
      target: [component/kube-scheduler, component/kube-controller-manger]
    - { at: 2m, fault: reconnect, target: component/*, server: 3 }
    - { at: 2m, fault: request-refusal, code: 418, kind: Pods }`),
    );
    expect(problems.map((line) => line.slice(0, line.indexOf(': ', line.indexOf('spec.'))))).toEqual([
      'scenario.yaml:12:49: spec.events[0].target',
      'scenario.yaml:15:42: spec.events[1].target[1]',
      'scenario.yaml:16:64: spec.events[2].server',
      'scenario.yaml:17:58: spec.events[3].kind',
      'scenario.yaml:17:47: spec.events[3].code',
    ]);
    expect(problems[0]).toContain('did you mean "component/kube-scheduler"?');
    expect(problems[1]).toContain('did you mean "component/kube-controller-manager"?');
  });

  test('the name without a number stands for all replicas, with a number for one', () => {
    const run = start(`    - { at: 1m, fault: component-crash, target: component/kube-controller-manager, for: 1m }
    - { at: 3m, fault: component-crash, target: component/kube-controller-manager-1, for: 1m }
    - { at: 5m, fault: component-freeze, target: component/*, for: 1m }`);
    const states = (): boolean[] => run.world.controllerManagers.map((manager) => manager.isRunning && !manager.isFrozen);
    expect([states(), states.call(runTo(run, 61)), states.call(runTo(run, 181)), states.call(runTo(run, 301))]).toEqual([
      [true, true],
      [false, false],
      [true, false],
      [false, false],
    ]);
  });

  test('a fault that may strike the cluster as such takes a target or none, and picks only among targets', () => {
    runTo(start('    - { at: 1m, fault: request-refusal, verb: bind, for: 1s }'), 62);
    runTo(start('    - { at: 1m, fault: request-refusal, target: [node/*, component/kube-scheduler], pick: 1, for: 1s }'), 62);
    expect(problemsOf(() => start('    - { at: 1m, fault: request-refusal, pick: 1 }')).join()).toContain('"pick" chooses among targets');
    expect(problemsOf(() => start('    - { at: 1m, fault: request-refusal, verb: bnd }')).join()).toContain('did you mean "bind"?');
  });
});

describe('shuffleTies', () => {
  const digest = (spec: string): string => {
    const run = start('    - { at: 1m, delete: pod/one }', POD, spec);
    while (!run.advance());
    return run.finish().digest;
  };

  test('is part of the digest, and the same again for the same seed', () => {
    const plain = digest('');
    const seven = digest('  shuffleTies: 7');
    expect(digest('  shuffleTies: 7')).toBe(seven);
    expect(new Set([plain, seven, digest('  shuffleTies: 8'), digest('  shuffleTies: eight')]).size).toBe(4);
  });
});
