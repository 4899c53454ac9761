import { describe, expect, test } from 'vitest';
import { addRule } from '../../src/apiserver/controls.ts';
import { crashAtWrite } from '../../src/client/controls.ts';
import { MILLISECOND_US, SECOND_US } from '../../src/engine/units.ts';
import { internalError } from '../../src/objects/api-status.ts';
import { type Pod, podCondition } from '../../src/objects/pod.ts';
import { testNode, testPod } from './builders.ts';
import { SmallWorld, type WorldOptions } from './small-world.ts';

const MS = MILLISECOND_US;
const S = SECOND_US;

function running(name: string, fields: Parameters<typeof testPod>[0] = {}): Pod {
  return testPod({ name, nodeName: 'node-1', cpu: '1', status: { phase: 'Running', startTime: 0 }, ...fields });
}

/** A node full of two pods, one of them less important. */
function fullNode(options: WorldOptions = {}): SmallWorld {
  const world = new SmallWorld(options).start(testNode({ cpu: '2' }), running('low', { priority: 1 }), running('mid', { priority: 5 }));
  world.run(S);
  return world;
}

/** What a kubelet would do: pods in graceful termination end. */
function endTerminating(world: SmallWorld): void {
  for (const pod of world.store.list('Pod')) {
    if (pod.metadata.deletionTimestamp !== undefined) world.remove('Pod', `default/${pod.metadata.name}`);
  }
}

describe('preemption', () => {
  test('deletes the victim gracefully, marks it, nominates the node, and binds when the room is free', () => {
    const world = fullNode();
    world.create(testPod({ name: 'high', cpu: '1', priority: 10 }));
    world.run(S);
    const low = world.pod('low')!;
    expect(low.metadata.deletionTimestamp).toBeDefined();
    expect(low.metadata.deletionGracePeriodSeconds).toBe(30);
    expect(podCondition(low, 'DisruptionTarget')).toMatchObject({
      status: 'True',
      reason: 'PreemptionByScheduler',
      message: 'default-scheduler: preempting to accommodate a higher priority pod',
    });
    const high = world.pod('high')!;
    expect([high.spec.nodeName, high.status.nominatedNodeName]).toEqual(['', 'node-1']);
    expect(world.events).toContain(`Preempted low Preempted by pod ${high.metadata.uid} on node node-1`);
    expect(world.attempts.at(-1)).toMatchObject({ nominatedNodeName: 'node-1', victims: ['default/low'] });
    expect(world.pod('mid')!.metadata.deletionTimestamp).toBeUndefined();
    world.run(20 * S);
    endTerminating(world);
    world.run(2 * S);
    expect(world.nodeOf('high')).toBe('node-1');
  });

  test('keeps the room for the preemptor against lower priorities, not against its equals', () => {
    const world = fullNode();
    world.create(testPod({ name: 'high', cpu: '1', priority: 10 }));
    world.run(S);
    world.component.freeze();
    endTerminating(world);
    world.create(testPod({ name: 'thief', cpu: '1', priority: 9 }));
    world.component.thaw();
    world.run(5 * S);
    expect([world.nodeOf('high'), world.nodeOf('thief')]).toEqual(['node-1', '']);
  });

  test('does not preempt again while a victim on the nominated node is still terminating', () => {
    const world = fullNode();
    world.create(testPod({ name: 'high', cpu: '1', priority: 10 }));
    world.run(S);
    // Some event makes it look again.
    world.change('Node', 'node-1', (node) => ({ ...node, metadata: { ...node.metadata, labels: { ...node.metadata.labels, x: 'y' } } }));
    world.change('Node', 'node-1', (node) => ({
      ...node,
      spec: { ...node.spec, taints: [{ key: 'k', value: '', effect: 'PreferNoSchedule', timeAdded: undefined }] },
    }));
    world.run(10 * S);
    expect(world.attempts.length).toBeGreaterThan(1);
    expect(world.attempts.at(-1)!.message).toContain('not eligible due to a terminating pod on the nominated node');
    expect(world.pod('mid')!.metadata.deletionTimestamp).toBeUndefined();
    expect(world.pod('high')!.status.nominatedNodeName).toBe('node-1');
  });

  test('gates the preemptor until all victims but the last are deleted', () => {
    const world = new SmallWorld({ serviceUs: 100 * MS }).start(
      testNode({ cpu: '2' }),
      running('v1', { priority: 1 }),
      running('v2', { priority: 1 }),
    );
    world.run(S);
    world.create(testPod({ name: 'high', cpu: '2', priority: 10 }));
    world.run(50 * MS);
    // Both patches and the first deletion are on their way; an event would make it try again.
    world.change(
      'Node',
      'node-1',
      (node) => ({ ...node, status: { ...node.status, allocatable: { ...node.status.allocatable, memory: '20Gi' } } }),
      'status',
    );
    world.run(50 * MS);
    expect(world.scheduler.queueCounts.gated + world.scheduler.queueCounts.unschedulable).toBe(1);
    expect(world.attempts.length).toBe(1);
    world.run(5 * S);
    const [v1, v2] = [world.pod('v1')!, world.pod('v2')!];
    expect(v1.metadata.deletionTimestamp).toBeDefined();
    expect(v2.metadata.deletionTimestamp).toBeDefined();
    endTerminating(world);
    world.run(5 * S);
    expect(world.nodeOf('high')).toBe('node-1');
  });

  test('takes the nomination from less important pods on the node', () => {
    const world = fullNode();
    world.create(testPod({ name: 'a', cpu: '1', priority: 3 }));
    world.run(S);
    expect(world.pod('a')!.status.nominatedNodeName).toBe('node-1');
    world.component.freeze();
    endTerminating(world);
    world.create(testPod({ name: 'b', cpu: '2', priority: 10 }));
    world.component.thaw();
    world.run(S);
    expect(world.pod('b')!.status.nominatedNodeName).toBe('node-1');
    expect(world.pod('a')?.status.nominatedNodeName).toBe('');
    expect(world.pod('mid')!.metadata.deletionTimestamp).toBeDefined();
  });

  test('tries the preemptor again when an eviction was refused', () => {
    const world = fullNode();
    addRule([world.server], {
      matches: (request) => request.verb === 'delete',
      effect: { what: 'refuse', status: internalError('etcdserver: request timed out') },
      times: 1,
    });
    world.create(testPod({ name: 'high', cpu: '1', priority: 10 }));
    world.run(20 * S);
    expect(world.attempts.length).toBeGreaterThan(1);
    expect(world.pod('low')!.metadata.deletionTimestamp).toBeDefined();
  });

  test('tries the preemptor again when the victims were gone already', () => {
    const world = fullNode();
    world.access.beforeWrite.push((_component, _client, request) => {
      if (request.verb === 'delete' && world.pod('low') !== undefined) world.remove('Pod', 'default/low');
    });
    world.create(testPod({ name: 'high', cpu: '1', priority: 10 }));
    world.run(5 * S);
    expect(world.nodeOf('high')).toBe('node-1');
  });

  test.each([
    ['crashed between the deletion and the nomination', true],
    ['not crashed', false],
  ])('a scheduler %s preempts elsewhere as well: %s (kubernetes/kubernetes#72124)', (_, isCrashed) => {
    const world = new SmallWorld().start(
      testNode({ name: 'node-1', cpu: '1' }),
      testNode({ name: 'node-2', cpu: '1' }),
      running('v', { priority: 1 }),
      running('blocker', { priority: 99, nodeName: 'node-2' }),
    );
    world.run(S);
    if (isCrashed) {
      addRule([world.server], {
        matches: (request) => request.verb === 'patch' && request.key === 'default/high',
        effect: { what: 'lose-request' },
      });
      crashAtWrite(world.access, 'kube-scheduler', 'after', { matches: (request) => request.verb === 'delete' }, S);
    }
    world.create(testPod({ name: 'high', cpu: '1', priority: 10 }));
    world.run(500 * MS);
    expect(world.pod('v')!.metadata.deletionTimestamp).toBeDefined();
    // Meanwhile somebody even less important has taken the other node.
    world.remove('Pod', 'default/blocker');
    world.create(running('w', { priority: 0, nodeName: 'node-2' }));
    world.run(10 * S);
    expect(world.component.incarnation).toBe(isCrashed ? 2 : 1);
    expect(world.pod('w')!.metadata.deletionTimestamp !== undefined).toBe(isCrashed);
  });

  test('a preemptor stays bound to a dead node whose victim never ends (kubernetes/kubernetes#95752)', () => {
    const world = fullNode();
    world.create(testPod({ name: 'high', cpu: '1', priority: 10 }));
    world.run(S);
    world.create(testNode({ name: 'node-2', cpu: '1' }));
    world.create(running('w', { priority: 0, nodeName: 'node-2' }));
    world.run(3600 * S);
    expect(world.pod('w')!.metadata.deletionTimestamp).toBeUndefined();
    expect(world.attempts.at(-1)!.message).toContain('not eligible due to a terminating pod on the nominated node');
  });

  test('a preemptor with policy Never waits', () => {
    const world = fullNode();
    world.create(testPod({ name: 'high', cpu: '1', priority: 10, spec: { preemptionPolicy: 'Never' } }));
    world.run(5 * S);
    expect(world.attempts.at(-1)!.message).toContain('not eligible due to preemptionPolicy=Never.');
    expect(world.pod('low')!.metadata.deletionTimestamp).toBeUndefined();
  });

  test('1.32: the cycle lasts until the evictions are answered', () => {
    const world = fullNode({ kubernetesVersion: '1.32', serviceUs: 100 * MS });
    world.create(testPod({ name: 'high', cpu: '1', priority: 10 }));
    world.run(10 * MS);
    world.create(testPod({ name: 'later', cpu: '3', priority: 100 }));
    world.run(5 * S);
    const [high, later] = world.attempts.filter((attempt) => attempt.podAttempt === 1);
    expect(high).toMatchObject({ podKey: 'default/high', durationUs: 200 * MS, victims: ['default/low'] });
    expect(later!.timeUs).toBe(high!.timeUs + 200 * MS);
    endTerminating(world);
    world.run(10 * S);
    expect(world.nodeOf('high')).toBe('node-1');
  });
});
