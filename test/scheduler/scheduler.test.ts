import { describe, expect, test } from 'vitest';
import { addRule } from '../../src/apiserver/controls.ts';
import { loseEvents, relist, setWatchLag } from '../../src/client/controls.ts';
import { constant } from '../../src/engine/distributions.ts';
import { MILLISECOND_US, SECOND_US } from '../../src/engine/units.ts';
import { podCondition } from '../../src/objects/pod.ts';
import { type BindingRecord, bindingTopic, type EvaluationRecord, evaluationTopic } from '../../src/scheduler/attempts.ts';
import { testNode, testPod } from './builders.ts';
import { SmallWorld } from './small-world.ts';

const MS = MILLISECOND_US;
const S = SECOND_US;

describe('a scheduler', () => {
  test('binds what is there at start in name order, then what comes', () => {
    const world = new SmallWorld().start(
      testNode({ name: 'node-1', cpu: '2' }),
      testNode({ name: 'node-2', cpu: '2' }),
      testPod({ name: 'b', cpu: '1500m' }),
      testPod({ name: 'a', cpu: '1500m' }),
    );
    world.run(S);
    expect(world.placements()).toEqual({ a: 'node-1', b: 'node-2' });
    world.create(testPod({ name: 'c', cpu: '500m' }));
    world.run(S);
    expect(world.nodeOf('c')).toBe('node-1');
    expect(world.events).toContain('Scheduled c Successfully assigned default/c to node-1');
  });

  test('says why no node fits, in the event, the condition and the attempt record', () => {
    const world = new SmallWorld().start(testNode({ name: 'node-1', cpu: '2' }), testPod({ name: 'big', cpu: '3' }));
    world.run(S);
    const text = '0/1 nodes are available: 1 Insufficient cpu.';
    expect(world.events[0]).toContain(`FailedScheduling big ${text}`);
    const condition = podCondition(world.pod('big')!, 'PodScheduled');
    expect([condition?.status, condition?.reason]).toEqual(['False', 'Unschedulable']);
    expect(world.attempts[0]).toMatchObject({
      result: 'unschedulable',
      podKey: 'default/big',
      unschedulablePlugins: ['NodeResourcesFit'],
      podAttempt: 1,
    });
  });

  test('writes an unchanged verdict once, however often it is reached', () => {
    const world = new SmallWorld().start(testNode({ name: 'node-1', cpu: '2' }), testPod({ name: 'big', cpu: '3' }));
    world.run(S);
    const version = world.pod('big')!.metadata.resourceVersion;
    world.change('Node', 'node-1', (node) => ({
      ...node,
      spec: { ...node.spec, taints: [{ key: 'k', value: '', effect: 'PreferNoSchedule', timeAdded: undefined }] },
    }));
    world.run(20 * S);
    expect(world.attempts.length).toBe(2);
    expect(world.pod('big')!.metadata.resourceVersion).toBe(version);
  });

  test('schedules by priority when pods wait for it', () => {
    const world = new SmallWorld({ cycleCost: { kind: 'per-node', fixedUs: MS, perNodeUs: 0 } }).start(
      testNode({ pods: '2' }),
      testPod({ name: 'a' }),
      testPod({ name: 'b' }),
      testPod({ name: 'c', priority: 7 }),
    );
    world.run(S);
    expect(world.attempts.slice(0, 3).map((attempt) => attempt.podKey)).toEqual(['default/c', 'default/a', 'default/b']);
    expect(Object.keys(world.placements())).toEqual(['a', 'c']);
  });

  test('takes the modelled time per decision, one after the other', () => {
    const world = new SmallWorld({ cycleCost: { kind: 'per-node', fixedUs: 10 * MS, perNodeUs: 500 } }).start(
      testNode({ name: 'node-1' }),
      testNode({ name: 'node-2' }),
      ...[1, 2, 3].map((i) => testPod({ name: `p${i}` })),
    );
    world.run(S);
    const [first, second, third] = world.attempts;
    expect(first!.durationUs).toBe(11 * MS);
    expect([second!.timeUs - first!.timeUs, third!.timeUs - second!.timeUs]).toEqual([11 * MS, 11 * MS]);
    expect(third!.queueWaitUs).toBe(22 * MS);
  });

  test('announces the whole latency of a bound pod', () => {
    const world = new SmallWorld({ linkUs: 2 * MS, serviceUs: 5 * MS });
    const bindings: BindingRecord[] = [];
    world.engine.observers.on(bindingTopic, (record) => bindings.push(record));
    world.start(testNode());
    world.run(S);
    world.create(testPod({ name: 'a' }));
    world.run(S);
    expect(bindings).toHaveLength(1);
    expect(bindings[0]).toMatchObject({ isBound: true, nodeName: 'node-1', durationUs: 9 * MS, sinceAddedUs: 9 * MS });
  });

  test('leaves pods of other schedulers alone, but counts what they take', () => {
    const world = new SmallWorld({ config: { profiles: [{ schedulerName: 'mine' }] } });
    const other = world.addScheduler('second-scheduler', {});
    world.start(testNode({ cpu: '3' }), testPod({ name: 'a', cpu: '2', schedulerName: 'mine' }), testPod({ name: 'b', cpu: '2' }));
    world.run(S);
    expect(world.placements()).toEqual({ a: 'node-1' });
    other.start();
    world.run(S);
    expect(world.placements()).toEqual({ a: 'node-1' });
    expect(world.attempts.at(-1)).toMatchObject({ component: 'second-scheduler', podKey: 'default/b', result: 'unschedulable' });
  });

  test('serves several profiles from one queue', () => {
    const world = new SmallWorld({
      config: {
        profiles: [
          { schedulerName: 'default-scheduler' },
          { schedulerName: 'careless', plugins: { filter: { disabled: [{ name: 'NodeResourcesFit' }] } } },
        ],
      },
    }).start(testNode({ cpu: '1' }), testPod({ name: 'a', cpu: '2' }), testPod({ name: 'b', cpu: '2', schedulerName: 'careless' }));
    world.run(S);
    expect(world.placements()).toEqual({ b: 'node-1' });
  });

  test('does not schedule a pod that is being deleted', () => {
    const world = new SmallWorld();
    const dying = testPod({ name: 'dying' });
    world.create({ ...dying, metadata: { ...dying.metadata, finalizers: ['keep'] } });
    world.server.execute({ verb: 'delete', kind: 'Pod', key: 'default/dying' });
    world.start(testNode());
    world.run(S);
    expect(world.attempts).toEqual([]);
    expect(world.events).toEqual(['FailedScheduling dying skip schedule deleting pod: default/dying']);
  });

  test('gives up the room of a pod that finished', () => {
    const world = new SmallWorld().start(testNode({ cpu: '2' }), testPod({ name: 'a', cpu: '2' }), testPod({ name: 'b', cpu: '2' }));
    world.run(5 * S);
    expect(world.placements()).toEqual({ a: 'node-1' });
    world.change('Pod', 'default/a', (pod) => ({ ...pod, status: { ...pod.status, phase: 'Succeeded' } }), 'status');
    world.run(5 * S);
    expect(world.nodeOf('b')).toBe('node-1');
  });

  test('releases gated pods when their gates go', () => {
    const world = new SmallWorld().start(testNode(), testPod({ name: 'a', gates: ['g'] }));
    world.run(S);
    expect([world.attempts.length, world.scheduler.queueCounts.gated]).toEqual([0, 1]);
    world.change('Pod', 'default/a', (pod) => ({ ...pod, spec: { ...pod.spec, schedulingGates: [] } }));
    world.run(S);
    expect(world.nodeOf('a')).toBe('node-1');
  });

  test('tries pods again after five minutes without any event', () => {
    const world = new SmallWorld().start(testNode({ cpu: '1' }), testPod({ name: 'a', cpu: '2' }));
    world.run(329 * S);
    expect(world.attempts.length).toBe(1);
    world.run(2 * S);
    expect(world.attempts.length).toBe(2);
  });

  test('ends a run until idle while pods are unschedulable', () => {
    const world = new SmallWorld().start(testNode({ cpu: '1' }), testPod({ name: 'a', cpu: '2' }));
    expect(world.engine.run({ untilIdle: true })).toBe('idle');
    expect(world.engine.nowUs).toBeLessThan(S);
  });
});

test('an attempt can be explained in full without changing the run', () => {
  const placementsOf = (isExplained: boolean): string => {
    const world = new SmallWorld({ tieBreak: 'random', explains: (key, attempt) => isExplained && key === 'default/p2' && attempt === 1 });
    const records: EvaluationRecord[] = [];
    world.engine.observers.on(evaluationTopic, (record) => records.push(record));
    world.start(
      testNode({ name: 'n1', cpu: '1' }),
      testNode({ name: 'n2', cpu: '4' }),
      testNode({ name: 'n3', cpu: '4' }),
      ...[1, 2, 3].map((i) => testPod({ name: `p${i}`, cpu: '2' })),
    );
    world.run(S);
    if (isExplained) {
      const [record] = records;
      expect(records).toHaveLength(1);
      expect(record!.nodeNames).toEqual(['n1', 'n2', 'n3']);
      expect(record!.evaluation.diagnosis.nodeToStatus.get('n1').reasons).toEqual(['Insufficient cpu']);
      expect(record!.evaluation.scores.map((score) => score.plugin)).toContain('NodeResourcesFit');
    }
    return `${world.engine.digest.toString()} ${JSON.stringify(world.placements())}`;
  };
  expect(placementsOf(true)).toBe(placementsOf(false));
});

describe('a restarted scheduler', () => {
  test('lists everything anew and goes on with what is unbound', () => {
    const world = new SmallWorld().start(testNode({ cpu: '2' }), testPod({ name: 'a', cpu: '2' }), testPod({ name: 'b', cpu: '2' }));
    world.run(S);
    const first = world.scheduler;
    world.component.crash();
    world.remove('Pod', 'default/a');
    world.run(S);
    expect(world.nodeOf('b')).toBe('');
    world.component.restart(S);
    world.run(3 * S);
    expect(world.scheduler).not.toBe(first);
    expect(world.nodeOf('b')).toBe('node-1');
    expect(world.attempts.at(-1)).toMatchObject({ attempt: 1, podAttempt: 1 });
  });

  test('crashed between decision and bind leaves the pod to the next life', () => {
    const world = new SmallWorld({ cycleCost: { kind: 'per-node', fixedUs: 100 * MS, perNodeUs: 0 } }).start(
      testNode(),
      testPod({ name: 'a' }),
    );
    world.run(50 * MS);
    world.component.restart(S);
    world.run(500 * MS);
    expect(world.attempts).toEqual([]);
    world.run(S);
    expect(world.nodeOf('a')).toBe('node-1');
  });

  test('frozen and thawed, acts on its old view: a second scheduler has filled the node meanwhile', () => {
    const world = new SmallWorld({ cycleCost: { kind: 'per-node', fixedUs: 100 * MS, perNodeUs: 0 } });
    const second = world.addScheduler('standby', {});
    world.start(testNode({ pods: '1' }), testPod({ name: 'a' }));
    world.run(50 * MS);
    world.component.freeze();
    second.start();
    world.create(testPod({ name: 'b', priority: 9 }));
    world.run(5 * S);
    expect(world.placements()).toEqual({ b: 'node-1' });
    world.component.thaw();
    world.run(S);
    // Nothing fences it off: the node now has two pods and room for one.
    expect(world.placements()).toEqual({ a: 'node-1', b: 'node-1' });
  });
});

describe('events during a cycle', () => {
  test('are not lost: a pod deleted while the attempt runs wakes the pod that does not fit', () => {
    const world = new SmallWorld({ cycleCost: { kind: 'per-node', fixedUs: 50 * MS, perNodeUs: 0 } }).start(
      testNode({ cpu: '2' }),
      testPod({ name: 'q', cpu: '2', nodeName: 'node-1' }),
    );
    world.run(S);
    world.create(testPod({ name: 'p', cpu: '2' }));
    world.run(20 * MS);
    world.remove('Pod', 'default/q');
    world.run(5 * S);
    expect(world.attempts.map((attempt) => attempt.result)).toEqual(['unschedulable', 'scheduled']);
    expect(world.nodeOf('p')).toBe('node-1');
  });
});

describe('bindings that go wrong', () => {
  test('a refused binding frees the room at once and the pod is retried after the error backoff', () => {
    const world = new SmallWorld();
    world.access.beforeWrite.push((_component, _client, request) => {
      // Somebody deletes and recreates the pod while the binding is on its way: its uid no longer matches.
      if (request.verb === 'bind' && world.attempts.length === 1) {
        world.remove('Pod', 'default/a');
        world.create(testPod({ name: 'a', cpu: '2' }));
      }
    });
    world.start(testNode({ cpu: '2' }), testPod({ name: 'a', cpu: '2' }));
    world.run(5 * S);
    expect(world.events.some((event) => event.startsWith('FailedScheduling a running Bind plugin "DefaultBinder"'))).toBe(true);
    expect(world.nodeOf('a')).toBe('node-1');
  });

  test('a binding whose answer is lost is found out from the pod, not repeated (kubernetes/kubernetes#96579)', () => {
    const world = new SmallWorld();
    const bindings: BindingRecord[] = [];
    world.engine.observers.on(bindingTopic, (record) => bindings.push(record));
    addRule([world.server], { matches: (request) => request.verb === 'bind', effect: { what: 'lose-reply' }, times: 1 });
    world.start(testNode({ cpu: '2' }), testPod({ name: 'a', cpu: '2' }));
    world.run(120 * S);
    expect(bindings.map((record) => record.isBound)).toEqual([false]);
    expect(world.nodeOf('a')).toBe('node-1');
    expect(world.attempts.length).toBe(1);
    expect(world.scheduler.queueCounts).toMatchObject({ active: 0, backoff: 0, unschedulable: 0, inFlight: 0, binding: 0 });
    world.create(testPod({ name: 'b', cpu: '1' }));
    world.run(S);
    expect(world.nodeOf('b')).toBe('');
  });

  test('no room is given away twice while a binding takes long (kubernetes/kubernetes#106361)', () => {
    const world = new SmallWorld();
    setWatchLag(world.access, 'kube-scheduler', 'Pod', constant(20 * S));
    addRule([world.server], { matches: (request) => request.verb === 'bind', effect: { what: 'delay', by: constant(35 * S) } });
    world.start(testNode({ pods: '1' }), testPod({ name: 'a' }), testPod({ name: 'b' }));
    world.run(300 * S);
    expect(world.placements()).toEqual({ a: 'node-1' });
  });
});

/** A node of 2 cores whose pod `a` takes all of it; the scheduler's watch broke when it knew the pod, and not yet its binding. */
function boundUnseen(): SmallWorld {
  const world = new SmallWorld();
  world.start(testNode({ cpu: '2' }));
  world.run(S);
  world.create(testPod({ name: 'a', cpu: '2' }));
  while (world.nodeOf('a') === '') {
    world.run(100);
    if (world.attempts.length === 1 && world.nodeOf('a') === '') relist(world.access, 'kube-scheduler', 'Pod', 10 * S);
  }
  return world;
}

describe('a scheduler whose watch lies', () => {
  test('binds to a ghost node when the deletion was lost, until a relist (kubernetes/kubernetes#56261)', () => {
    const world = new SmallWorld().start(testNode({ name: 'node-1' }));
    world.run(S);
    loseEvents(world.access, 'kube-scheduler', 'Node', (type) => type === 'DELETED');
    world.remove('Node', 'node-1');
    world.create(testPod({ name: 'a' }));
    world.run(S);
    expect(world.nodeOf('a')).toBe('node-1');
    world.component.restart(0);
    world.create(testPod({ name: 'b' }));
    world.run(S);
    expect(world.nodeOf('b')).toBe('');
  });

  test('gives back the room of a pod that was bound and deleted while the watch was away (kubernetes/kubernetes#55587)', () => {
    const world = boundUnseen();
    world.remove('Pod', 'default/a');
    world.create(testPod({ name: 'b', cpu: '2' }));
    world.run(30 * S);
    expect(world.nodeOf('b')).toBe('node-1');
  });

  test('gives back the room of a pod that was bound and ended while the watch was away', () => {
    const world = boundUnseen();
    world.change('Pod', 'default/a', (pod) => ({ ...pod, status: { ...pod.status, phase: 'Succeeded' } }), 'status');
    world.create(testPod({ name: 'b', cpu: '2' }));
    world.run(30 * S);
    expect(world.nodeOf('b')).toBe('node-1');
  });

  test('keeps phantom usage when the deletion of a pod was lost, and is healed by the tombstone of a relist', () => {
    const world = new SmallWorld().start(testNode({ cpu: '2' }), testPod({ name: 'a', cpu: '2', nodeName: 'node-1' }));
    world.run(S);
    loseEvents(world.access, 'kube-scheduler', 'Pod', (type) => type === 'DELETED');
    world.remove('Pod', 'default/a');
    world.create(testPod({ name: 'b', cpu: '2' }));
    world.run(30 * S);
    expect(world.nodeOf('b')).toBe('');
    relist(world.access, 'kube-scheduler', 'Pod');
    world.run(30 * S);
    expect(world.nodeOf('b')).toBe('node-1');
  });
});
