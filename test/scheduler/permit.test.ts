import { describe, expect, test } from 'vitest';
import { sleep } from '../../src/engine/process.ts';
import { MILLISECOND_US, SECOND_US } from '../../src/engine/units.ts';
import { ACTION, clusterEvent } from '../../src/scheduler/cluster-event.ts';
import { definePlugin, type Plugin, type PluginDef, type PluginHandle } from '../../src/scheduler/framework.ts';
import { errorStatus, newStatus, SUCCESS, unschedulable } from '../../src/scheduler/status.ts';
import { formatGoDuration } from '../../src/scheduler/waiting-pods.ts';
import { testNode, testPod } from './builders.ts';
import { SmallWorld } from './small-world.ts';

const MS = MILLISECOND_US;
const S = SECOND_US;
const WAIT = newStatus('Wait', 'Test');
const POD_DELETED = { event: clusterEvent('Pod', ACTION.DELETE) };

function testPlugin(points: PluginDef['points'], create: (handle: PluginHandle) => Omit<Plugin, 'name'>): PluginDef {
  return definePlugin({
    name: 'Test',
    points,
    defaultWeight: 0,
    args: [],
    create: (_args, handle) => ({ name: 'Test', ...create(handle) }),
  });
}

describe('pods that wait on Permit', () => {
  test('hold their room, and go on together when the last of the gang arrives', () => {
    const gang = testPlugin(['permit'], (handle) => ({
      permit: (_state, pod) => {
        const waiting = [...handle.waiters!.pods()];
        if (waiting.length < 2) return { status: WAIT, timeoutUs: 60 * S };
        for (const other of waiting) handle.waiters!.allow(other.uid, 'Test');
        return { status: pod === undefined ? WAIT : SUCCESS, timeoutUs: 0 };
      },
      events: [],
    }));
    const world = new SmallWorld({ plugins: [gang] }).start(
      testNode({ cpu: '3' }),
      testPod({ name: 'a', cpu: '1' }),
      testPod({ name: 'b', cpu: '1' }),
    );
    world.run(S);
    expect(world.placements()).toEqual({});
    expect(world.scheduler.queueCounts).toMatchObject({ waitingOnPermit: 2, inFlight: 2, binding: 2 });
    world.create(testPod({ name: 'c', cpu: '1' }));
    world.run(S);
    expect(Object.keys(world.placements())).toEqual(['a', 'b', 'c']);
    expect(world.scheduler.queueCounts).toMatchObject({ waitingOnPermit: 0, inFlight: 0, binding: 0 });
  });

  test('are unschedulable after the timeout, and their room wakes others but not themselves', () => {
    const waiting = testPlugin(['permit'], () => ({
      permit: (_state, pod) => ({ status: pod.pod.metadata.name === 'a' ? WAIT : SUCCESS, timeoutUs: 90 * S }),
      events: [POD_DELETED],
    }));
    const world = new SmallWorld({ plugins: [waiting] }).start(testNode({ cpu: '1' }), testPod({ name: 'a', cpu: '1', priority: 1 }));
    world.run(S);
    world.create(testPod({ name: 'b', cpu: '1' }));
    world.run(85 * S);
    expect(world.placements()).toEqual({});
    world.run(5 * S);
    expect(world.events).toContain(
      'FailedScheduling a 0/1 nodes are available: 1 rejected due to timeout after waiting 1m30s at plugin Test.',
    );
    expect(world.placements()).toEqual({ b: 'node-1' });
    expect(world.scheduler.queueCounts).toMatchObject({ unschedulable: 1, backoff: 0 });
  });

  test('are refused as preempted when a more important pod needs the room, without any deletion', () => {
    const waiting = testPlugin(['permit'], () => ({
      permit: (_state, pod) => ({ status: pod.pod.metadata.name === 'a' ? WAIT : SUCCESS, timeoutUs: 600 * S }),
      events: [POD_DELETED],
    }));
    const world = new SmallWorld({ plugins: [waiting] }).start(testNode({ cpu: '1' }), testPod({ name: 'a', cpu: '1' }));
    world.run(S);
    world.create(testPod({ name: 'high', cpu: '1', priority: 10 }));
    world.run(5 * S);
    expect(world.placements()).toEqual({ high: 'node-1' });
    expect(world.pod('a')!.metadata.deletionTimestamp).toBeUndefined();
    expect(world.events).toContain('FailedScheduling a 0/1 nodes are available: 1 preempted.');
  });

  test('end with the pod when it is deleted', () => {
    const waiting = testPlugin(['permit'], () => ({ permit: () => ({ status: WAIT, timeoutUs: 600 * S }), events: [] }));
    const world = new SmallWorld({ plugins: [waiting] }).start(testNode({ cpu: '1' }), testPod({ name: 'a', cpu: '1' }));
    world.run(S);
    world.remove('Pod', 'default/a');
    world.run(S);
    expect(world.scheduler.queueCounts).toEqual({
      active: 0,
      backoff: 0,
      unschedulable: 0,
      gated: 0,
      inFlight: 0,
      waitingOnPermit: 0,
      binding: 0,
    });
  });
});

describe('plugins after the choice of a node', () => {
  test('a rejection at Reserve is undone and makes the pod wait for that plugin', () => {
    const log: string[] = [];
    const reserve = testPlugin(['reserve'], () => ({
      reserve: () => unschedulable('Test', 'no licence'),
      unreserve: () => {
        log.push('unreserve');
      },
      events: [POD_DELETED],
    }));
    const world = new SmallWorld({ plugins: [reserve] }).start(testNode({ cpu: '1' }), testPod({ name: 'a', cpu: '1' }));
    world.run(S);
    expect(log).toEqual(['unreserve']);
    expect(world.attempts[0]).toMatchObject({
      result: 'unschedulable',
      message: '0/1 nodes are available: 1 no licence.',
      unschedulablePlugins: ['Test'],
    });
    expect(world.scheduler.queueCounts.unschedulable).toBe(1);
    expect(world.scheduler.parts.cache.podCount).toBe(0);
  });

  test('PreBind may take its time, holding the room; an error frees it and backs the pod off', () => {
    let runs = 0;
    const preBind = testPlugin(['preBind'], () => ({
      *preBind() {
        runs++;
        yield* sleep(10 * S);
        return runs === 1 ? errorStatus('Test', 'timed out') : SUCCESS;
      },
      events: [],
    }));
    const world = new SmallWorld({ plugins: [preBind] }).start(testNode({ cpu: '1' }), testPod({ name: 'a', cpu: '1' }));
    world.run(S);
    world.create(testPod({ name: 'b', cpu: '1' }));
    world.run(8 * S);
    expect(world.attempts.map((attempt) => attempt.result)).toEqual(['scheduled', 'unschedulable']);
    expect(world.scheduler.queueCounts).toMatchObject({ inFlight: 0, binding: 1, unschedulable: 1 });
    world.run(30 * S);
    expect(world.events).toContain('FailedScheduling a running PreBind plugin "Test": timed out');
    // b was woken by the room of a, and took it.
    expect(world.placements()).toEqual({ b: 'node-1' });
  });

  test('another binder comes first when it does not skip', () => {
    const binder = testPlugin(['bind'], (handle) => ({
      *bind(_state, pod, nodeName) {
        if (pod.pod.metadata.name === 'b') return newStatus('Skip', 'Test');
        yield* sleep(5 * MS);
        return yield* handle.writer!.bindPod(pod, nodeName);
      },
      events: [],
    }));
    const config = {
      profiles: [{ plugins: { bind: { enabled: [{ name: 'Test' }, { name: 'DefaultBinder' }], disabled: [{ name: '*' }] } } }],
    };
    const world = new SmallWorld({ plugins: [binder], config }).start(testNode(), testPod({ name: 'a' }), testPod({ name: 'b' }));
    world.run(S);
    expect(world.placements()).toEqual({ a: 'node-1', b: 'node-1' });
  });
});

test('durations are written as Go writes them', () => {
  expect([0, 250 * MS, 1500 * MS, 10 * S, 90 * S, 600 * S, 3600 * S].map(formatGoDuration)).toEqual([
    '0s',
    '250ms',
    '1.5s',
    '10s',
    '1m30s',
    '10m0s',
    '1h0m0s',
  ]);
});
