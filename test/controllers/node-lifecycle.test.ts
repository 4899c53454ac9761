import { describe, expect, test } from 'vitest';
import { addRule } from '../../src/apiserver/controls.ts';
import { nodeLifecycle } from '../../src/controllers/node-lifecycle.ts';
import { planNoScheduleTaints } from '../../src/controllers/node-taints.ts';
import { podGc } from '../../src/controllers/pod-gc.ts';
import { replicaset } from '../../src/controllers/replicaset.ts';
import { taintEviction, toleratedForUs } from '../../src/controllers/taint-eviction.ts';
import { MINUTE_US, SECOND_US } from '../../src/engine/units.ts';
import { ApiStatus } from '../../src/objects/api-status.ts';
import type { Node } from '../../src/objects/node.ts';
import { nodeCondition } from '../../src/objects/node.ts';
import { isPodReady, type Pod } from '../../src/objects/pod.ts';
import { ControllerWorld, type ControllerWorldOptions } from '../support/controller-world.ts';
import { newReplicaSet, node, pod } from './objects.ts';

function world(options: Partial<ControllerWorldOptions> = {}): ControllerWorld {
  return new ControllerWorld({ controllers: [replicaset, nodeLifecycle, taintEviction, podGc], ...options });
}

/** A world of beating, Ready nodes that has run for 100 s. */
function running(zones: Record<string, number>, options: Partial<ControllerWorldOptions> = {}): ControllerWorld {
  const nodes = Object.entries(zones).flatMap(([zone, count]) =>
    Array.from({ length: count }, (_, i) => node(`${zone}-${i}`, { zone, ready: 'True' })),
  );
  const w = world({ nodeNames: nodes.map((entry) => entry.metadata.name), ...options });
  for (const entry of nodes) w.beat(entry);
  w.start(...nodes);
  w.runUntil(100 * SECOND_US);
  return w;
}

function taintsOf(w: ControllerWorld, name: string): string[] {
  return w.store
    .get('Node', name)!
    .spec.taints.map((taint) => `${taint.key.split('/')[1]}:${taint.effect}`)
    .sort();
}

function readyOf(w: ControllerWorld, name: string): string | undefined {
  return nodeCondition(w.store.get('Node', name)!, 'Ready')?.status;
}

/** [seconds, what] of every change that matters here. */
function story(w: ControllerWorld, nodeName: string): [number, string][] {
  const log: [number, string][] = [];
  const note = (what: string) => log.push([w.engine.nowUs / SECOND_US, what]);
  w.store.onCommit((kind, _type, old, next) => {
    if (kind === 'Node' && next?.metadata.name === nodeName) {
      const before = old as Node | undefined;
      const after = next as Node;
      const status = nodeCondition(after, 'Ready')?.status;
      if (before === undefined || nodeCondition(before, 'Ready')?.status !== status) note(`Ready=${status}`);
      for (const taint of after.spec.taints)
        if (!before?.spec.taints.some((other) => other.key === taint.key && other.effect === taint.effect)) note(`+${taint.effect}`);
      for (const taint of before?.spec.taints ?? [])
        if (!after.spec.taints.some((other) => other.key === taint.key && other.effect === taint.effect)) note(`-${taint.effect}`);
    }
    if (kind === 'Pod' && (old as Pod | undefined)?.spec.nodeName === nodeName) {
      if (isPodReady(old as Pod) && next !== undefined && !isPodReady(next as Pod)) note('pod not ready');
      if (old!.metadata.deletionTimestamp === undefined && next?.metadata.deletionTimestamp !== undefined) note('pod deleted');
    }
  });
  return log;
}

describe('a silent node', () => {
  test('is Unknown after 50 to 55 s, tainted at once, and its pod is deleted 300 s later: 350 to 356 s in all', () => {
    const w = running({ a: 3 });
    w.create(newReplicaSet('web', { replicas: 1 }));
    w.runUntil(200 * SECOND_US);
    const victim = w.pods()[0]!.spec.nodeName;
    const lastRenewalUs = w.store.leases.of(victim).renewedAtUs(w.engine.nowUs);
    w.silence(victim);
    w.silentNodes.add(victim);
    const log = story(w, victim);
    w.run(7 * MINUTE_US);
    const at = (what: string) => log.find(([, entry]) => entry === what)![0] - lastRenewalUs / SECOND_US;
    expect(log.map(([, what]) => what)).toEqual(['Ready=Unknown', 'pod not ready', '+NoSchedule', '+NoExecute', 'pod deleted']);
    expect(at('Ready=Unknown')).toBeGreaterThan(50);
    expect(at('Ready=Unknown')).toBeLessThanOrEqual(55.1);
    expect(at('pod not ready') - at('Ready=Unknown')).toBeLessThan(1);
    expect(at('+NoExecute') - at('Ready=Unknown')).toBeLessThan(5.2);
    expect(at('pod deleted')).toBeGreaterThanOrEqual(350);
    expect(at('pod deleted')).toBeLessThanOrEqual(356);
    expect(w.livePods().map((p) => p.spec.nodeName)).not.toContain(victim);
    expect(w.events.filter((event) => event.startsWith('TaintManagerEviction'))).toHaveLength(1);
  });

  test('that comes back in time keeps its pods, and loses its taints', () => {
    const w = running({ a: 3 });
    w.create(newReplicaSet('web', { replicas: 1 }));
    w.runUntil(200 * SECOND_US);
    const victim = w.pods()[0]!.spec.nodeName;
    const [name] = w.names('Pod');
    w.silence(victim);
    w.run(200 * SECOND_US);
    expect(taintsOf(w, victim)).toEqual(['unreachable:NoExecute', 'unreachable:NoSchedule']);
    w.beat(victim);
    w.change(
      'Node',
      victim,
      (n) => ({ ...n, status: { ...n.status, conditions: node('x', { ready: 'True', heartbeatUs: w.engine.nowUs }).status.conditions } }),
      'status',
    );
    w.run(10 * SECOND_US);
    expect(taintsOf(w, victim)).toEqual([]);
    w.run(10 * MINUTE_US);
    expect(w.names('Pod')).toEqual([name]);
    expect(w.events.at(-1)).toContain('Cancelling deletion of Pod default/web-');
  });

  test('that never reported is given 60 s', () => {
    const w = running({ a: 3 });
    w.create(node('late', { zone: 'a' }));
    const startUs = w.engine.nowUs;
    const log = story(w, 'late');
    w.run(2 * MINUTE_US);
    const [timeS, what] = log[0]!;
    expect(what).toBe('Ready=Unknown');
    expect(timeS - startUs / SECOND_US).toBeGreaterThan(60);
    expect(timeS - startUs / SECOND_US).toBeLessThanOrEqual(65.1);
    expect(nodeCondition(w.store.get('Node', 'late')!, 'Ready')?.reason).toBe('NodeStatusNeverUpdated');
  });

  test('that reports NotReady itself is tainted not-ready, but its pods stay Ready until they are evicted', () => {
    const w = running({ a: 3 });
    w.create(newReplicaSet('web', { replicas: 1 }));
    w.runUntil(200 * SECOND_US);
    const victim = w.pods()[0]!.spec.nodeName;
    w.change(
      'Node',
      victim,
      (n) => ({ ...n, status: { ...n.status, conditions: node('x', { ready: 'False', heartbeatUs: w.engine.nowUs }).status.conditions } }),
      'status',
    );
    w.run(MINUTE_US);
    expect(taintsOf(w, victim)).toEqual(['not-ready:NoExecute', 'not-ready:NoSchedule']);
    expect(isPodReady(w.pods()[0]!)).toBe(true);
    w.silence(victim);
    w.run(MINUTE_US);
    expect(taintsOf(w, victim)).toEqual(['unreachable:NoExecute', 'unreachable:NoSchedule']);
  });
});

describe('zones', () => {
  function silenceAll(w: ControllerWorld, names: string[]): void {
    for (const name of names) w.silence(name);
  }
  const namesOf = (zone: string, count: number) => Array.from({ length: count }, (_, i) => `${zone}-${i}`);
  const noExecuteCount = (w: ControllerWorld, names: string[]) =>
    names.filter((name) => taintsOf(w, name).includes('unreachable:NoExecute')).length;

  test('a lost zone beside a living one is tainted one node per 10 s', () => {
    const w = running({ a: 5, b: 5 });
    const lost = namesOf('a', 5);
    silenceAll(w, lost);
    w.run(58 * SECOND_US);
    expect(noExecuteCount(w, lost)).toBe(1);
    w.run(20 * SECOND_US);
    expect(noExecuteCount(w, lost)).toBe(3);
    w.run(40 * SECOND_US);
    expect(noExecuteCount(w, lost)).toBe(5);
  });

  test('a small zone that is partly down is not tainted beyond the first node', () => {
    const w = running({ a: 10 });
    const lost = namesOf('a', 6);
    silenceAll(w, lost);
    w.run(5 * MINUTE_US);
    // The first is taken in the pass that finds the zone down, before its rate is set.
    expect(noExecuteCount(w, lost)).toBeLessThanOrEqual(1);
    expect(lost.every((name) => readyOf(w, name) === 'Unknown')).toBe(true);
  });

  test('when every zone is lost no node keeps a NoExecute taint and no pod is evicted; pods are marked not ready all the same', () => {
    const w = running({ a: 3, b: 3 });
    w.create(newReplicaSet('web', { replicas: 6 }));
    w.runUntil(200 * SECOND_US);
    const all = [...namesOf('a', 3), ...namesOf('b', 3)];
    silenceAll(w, all);
    w.run(20 * MINUTE_US);
    expect(noExecuteCount(w, all)).toBe(0);
    expect(all.every((name) => taintsOf(w, name).includes('unreachable:NoSchedule'))).toBe(true);
    expect(w.livePods()).toHaveLength(6);
    expect(w.livePods().some(isPodReady)).toBe(false);
  });

  test('when one of them answers again, the silence of the others counts anew and then they are tainted', () => {
    const w = running({ a: 3, b: 3 });
    const all = [...namesOf('a', 3), ...namesOf('b', 3)];
    silenceAll(w, all);
    w.run(10 * MINUTE_US);
    for (const name of namesOf('b', 3)) {
      w.beat(name);
      w.change(
        'Node',
        name,
        (n) => ({ ...n, status: { ...n.status, conditions: node('x', { ready: 'True', heartbeatUs: w.engine.nowUs }).status.conditions } }),
        'status',
      );
    }
    w.run(2 * MINUTE_US);
    expect(noExecuteCount(w, namesOf('a', 3))).toBe(3);
    expect(noExecuteCount(w, namesOf('b', 3))).toBe(0);
  });
});

describe('a refused taint', () => {
  test('is put right at the time of the next status report of the node, and not before', () => {
    const w = running({ a: 1 });
    const status = new ApiStatus(500, 'InternalError', 'no');
    addRule([w.server], {
      matches: ({ verb }, client) => verb === 'patch' && client.endsWith('node-lifecycle'),
      effect: { what: 'refuse', status },
      times: 1,
    });
    w.change('Node', 'a-0', (current) => ({ ...current, spec: { ...current.spec, unschedulable: true } }));
    w.runUntil(100 * SECOND_US + 4 * MINUTE_US);
    expect(taintsOf(w, 'a-0')).toEqual([]);
    w.runUntil(100 * SECOND_US + 6 * MINUTE_US);
    expect(taintsOf(w, 'a-0')).toEqual(['unschedulable:NoSchedule']);
  });
});

describe('restarts', () => {
  test('a new process starts eviction times over', () => {
    const w = running({ a: 3 });
    w.create(newReplicaSet('web', { replicas: 1 }));
    w.runUntil(200 * SECOND_US);
    const victim = w.pods()[0]!.spec.nodeName;
    w.silence(victim);
    w.silentNodes.add(victim);
    const log = story(w, victim);
    w.run(200 * SECOND_US);
    const restartS = w.engine.nowUs / SECOND_US;
    w.manager.restart(SECOND_US);
    w.run(8 * MINUTE_US);
    const deletedS = log.find(([, what]) => what === 'pod deleted')![0];
    expect(deletedS - restartS).toBeGreaterThan(300);
  });

  test('a crash in the middle of marking pods leaves the rest Ready', () => {
    const w = running({ a: 3 });
    const pods = Array.from({ length: 30 }, (_, i) => pod({ name: `pod-${i}`, nodeName: 'a-0', readySinceUs: 0 }));
    w.create(...pods.map((p) => ({ ...p, metadata: { ...p.metadata, uid: '' } })));
    w.runUntil(150 * SECOND_US);
    let marked = 0;
    w.store.onCommit((kind, _type, old, next) => {
      if (kind !== 'Pod' || next === undefined || !isPodReady(old as Pod) || isPodReady(next as Pod)) return;
      if (++marked === 10) w.at(w.engine.nowUs, () => w.manager.restart(17 * SECOND_US));
    });
    w.silence('a-0');
    w.run(2 * MINUTE_US);
    expect(w.livePods().filter(isPodReady).length).toBeGreaterThan(15);
    expect(readyOf(w, 'a-0')).toBe('Unknown');
  });
});

test('conditions are mirrored as NoSchedule taints within milliseconds', () => {
  const w = running({ a: 1 });
  const pressure = (status: 'True' | 'False') => ({
    ...nodeCondition(node('x', { ready: 'True' }), 'Ready')!,
    type: 'DiskPressure',
    status,
  });
  w.change('Node', 'a-0', (n) => ({ ...n, status: { ...n.status, conditions: [...n.status.conditions, pressure('True')] } }), 'status');
  w.change('Node', 'a-0', (n) => ({ ...n, spec: { ...n.spec, unschedulable: true } }));
  w.run(200_000);
  expect(taintsOf(w, 'a-0')).toEqual(['disk-pressure:NoSchedule', 'unschedulable:NoSchedule']);
  w.change('Node', 'a-0', (n) => ({ ...n, spec: { ...n.spec, unschedulable: false } }));
  w.change('Node', 'a-0', (n) => ({ ...n, status: { ...n.status, conditions: [n.status.conditions[0]!, pressure('False')] } }), 'status');
  w.run(200_000);
  expect(taintsOf(w, 'a-0')).toEqual([]);
});

test('planNoScheduleTaints leaves taints of others alone', () => {
  const own = node('a', { ready: 'Unknown' });
  const tainted = {
    ...own,
    spec: { ...own.spec, taints: [{ key: 'team', value: 'x', effect: 'NoSchedule' as const, timeAdded: undefined }] },
  };
  expect(planNoScheduleTaints(tainted, 7)).toEqual({
    add: [{ key: 'node.kubernetes.io/unreachable', value: '', effect: 'NoSchedule', timeAdded: 7 }],
    remove: [],
  });
});

describe('toleratedForUs', () => {
  const taint = (key: string) => ({ key, value: '', effect: 'NoExecute' as const, timeAdded: undefined });
  const toleration = (key: string, seconds: number | undefined) => ({
    key,
    operator: 'Exists',
    value: '',
    effect: 'NoExecute',
    tolerationSeconds: seconds,
  });
  test.each([
    ['no toleration', [], 0],
    ['for good', [toleration('a', undefined)], Infinity],
    ['for a time', [toleration('a', 7)], 7 * SECOND_US],
    ['the first match counts', [toleration('a', 7), toleration('a', 3)], 7 * SECOND_US],
    ['negative times are none', [toleration('a', -5)], 0],
  ] as const)('%s', (_, tolerations, expected) => {
    expect(toleratedForUs([taint('a')], tolerations)).toBe(expected);
  });
  test('of several taints the shortest time counts', () => {
    expect(toleratedForUs([taint('a'), taint('b')], [toleration('a', 9), toleration('b', 4)])).toBe(4 * SECOND_US);
  });
});
