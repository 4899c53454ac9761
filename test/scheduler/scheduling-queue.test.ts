import { describe, expect, test } from 'vitest';
import { SECOND_US } from '../../src/engine/units.ts';
import { EVENT } from '../../src/scheduler/cluster-event.ts';
import { PLACE } from '../../src/scheduler/queued-pod.ts';
import { atMostPriorityOf } from '../../src/scheduler/scheduling-queue.ts';
import { testNode, testPod } from './builders.ts';
import { queueFixture, setPod } from './queue-fixture.ts';

const S = SECOND_US;
const placed = testPod({ name: 'placed', nodeName: 'node-1' });
const helper = testPod({ name: 'helper', nodeName: 'node-1' });

describe('order of the active queue', () => {
  test('pops higher priority first, then the pod that was added first, even at the same instant', () => {
    const { queue } = queueFixture();
    queue.add(testPod({ name: 'a' }));
    queue.add(testPod({ name: 'b', priority: 5 }));
    queue.add(testPod({ name: 'c' }));
    queue.add(testPod({ name: 'd', priority: 5 }));
    expect([1, 2, 3, 4].map(() => queue.pop()!.pod.metadata.name)).toEqual(['b', 'd', 'a', 'c']);
    expect(queue.pop()).toBeUndefined();
  });

  test('an update changes the place in the queue without losing the queue time', () => {
    const { queue } = queueFixture();
    const low = testPod({ name: 'a' });
    queue.add(low);
    queue.add(testPod({ name: 'b', priority: 1 }));
    queue.update(low, { ...low, spec: { ...low.spec, priority: 2 } });
    expect(queue.pop()!.pod.metadata.name).toBe('a');
  });

  test('an entry whose pod is in flight already is discarded at pop', () => {
    const { queue } = queueFixture();
    const pod = testPod();
    queue.add(pod);
    expect(queue.pop()!.attempts).toBe(1);
    queue.add(pod);
    expect(queue.pop()).toBeUndefined();
    expect(queue.activeCount).toBe(0);
  });
});

describe('after a failed attempt', () => {
  test('a rejected pod without missed events waits in the unschedulable pool', () => {
    const fixture = queueFixture();
    fixture.queue.add(testPod());
    expect(fixture.fail('Fit').place).toBe(PLACE.UNSCHEDULABLE);
    expect(fixture.queue.isReady).toBe(false);
    expect(fixture.queue.inFlightCount).toBe(0);
  });

  test('a missed event that the rejecting plugin registered sends it to backoff instead', () => {
    const fixture = queueFixture();
    fixture.queue.add(testPod());
    const record = fixture.queue.pop()!;
    fixture.queue.move(EVENT.ASSIGNED_POD_DELETE, placed, undefined);
    record.unschedulablePlugins = ['Fit'];
    fixture.queue.addUnschedulableIfNotPresent(record);
    expect(record.place).toBe(PLACE.BACKOFF);
  });

  test('events before its pop and events no plugin registered are no reason to retry', () => {
    const fixture = queueFixture();
    fixture.queue.add(testPod());
    fixture.queue.add(testPod({ name: 'other', priority: -1 }));
    const record = fixture.queue.pop()!;
    const other = fixture.queue.pop()!;
    fixture.queue.move(EVENT.NODE_CONDITION, testNode(), testNode());
    fixture.queue.done(other.uid);
    record.unschedulablePlugins = ['Fit'];
    fixture.queue.addUnschedulableIfNotPresent(record);
    expect(record.place).toBe(PLACE.UNSCHEDULABLE);
  });

  test('a Pending plugin makes the retry immediate, past backoff', () => {
    const fixture = queueFixture();
    fixture.queue.add(testPod());
    const record = fixture.queue.pop()!;
    record.unschedulablePlugins = ['Spread'];
    record.pendingPlugins = ['Fit'];
    fixture.queue.move(EVENT.ASSIGNED_POD_DELETE, helper, undefined);
    fixture.queue.addUnschedulableIfNotPresent(record);
    expect(record.place).toBe(PLACE.ACTIVE);
  });

  test('a pod that some queue holds already is not added twice, but its flight ends', () => {
    const fixture = queueFixture();
    fixture.queue.add(testPod());
    const record = fixture.queue.pop()!;
    fixture.queue.add(testPod());
    expect(fixture.queue.addUnschedulableIfNotPresent(record)).toBe(false);
    expect(fixture.queue.inFlightCount).toBe(0);
    expect(fixture.queue.activeCount).toBe(1);
  });
});

describe('moves', () => {
  test('an event moves exactly the pods whose rejector registered it and whose hint agrees', () => {
    const fixture = queueFixture();
    fixture.queue.add(testPod({ name: 'fit', priority: 3 }));
    fixture.queue.add(testPod({ name: 'spread', priority: 2 }));
    fixture.queue.add(testPod({ name: 'else', priority: 1 }));
    const fit = fixture.fail('Fit');
    const spread = fixture.fail('Spread');
    const other = fixture.fail('Else');
    fixture.queue.move(EVENT.ASSIGNED_POD_DELETE, placed, undefined);
    expect([fit.place, spread.place, other.place]).toEqual([PLACE.BACKOFF, PLACE.UNSCHEDULABLE, PLACE.UNSCHEDULABLE]);
    fixture.queue.move(EVENT.ASSIGNED_POD_DELETE, helper, undefined);
    expect([spread.place, other.place]).toEqual([PLACE.BACKOFF, PLACE.UNSCHEDULABLE]);
  });

  test('a pod whose backoff is over goes straight to the active queue', () => {
    const fixture = queueFixture();
    fixture.queue.add(testPod());
    const record = fixture.fail('Fit');
    fixture.world.nowUs = 2 * S;
    fixture.queue.move(EVENT.NODE_ADD, undefined, testNode());
    expect(record.place).toBe(PLACE.ACTIVE);
  });

  test('a pre-check keeps pods out of the move', () => {
    const fixture = queueFixture();
    fixture.queue.add(testPod({ name: 'high', priority: 10 }));
    fixture.queue.add(testPod({ name: 'low', priority: 1 }));
    const high = fixture.fail('Fit');
    const low = fixture.fail('Fit');
    fixture.queue.move(EVENT.ASSIGNED_POD_DELETE, placed, undefined, atMostPriorityOf(testPod({ priority: 5 })));
    expect([high.place, low.place]).toEqual([PLACE.UNSCHEDULABLE, PLACE.BACKOFF]);
  });

  test('activate ignores backoff, and reaches pods in flight through their failed attempt', () => {
    const fixture = queueFixture();
    fixture.queue.add(testPod({ name: 'a', priority: 1 }));
    const a = fixture.fail('Else');
    fixture.queue.add(testPod({ name: 'b' }));
    const b = fixture.queue.pop()!;
    fixture.queue.activate([a.pod, b.pod, testPod({ name: 'unknown' })]);
    expect(a.place).toBe(PLACE.ACTIVE);
    b.unschedulablePlugins = ['Else'];
    fixture.queue.addUnschedulableIfNotPresent(b);
    expect(b.place).toBe(PLACE.BACKOFF);
  });

  test('a forced activation of one pod in flight is no reason to retry another', () => {
    const fixture = queueFixture();
    fixture.queue.add(testPod({ name: 'a', priority: 1 }));
    fixture.queue.add(testPod({ name: 'b' }));
    const a = fixture.queue.pop()!;
    const b = fixture.queue.pop()!;
    fixture.queue.activate([b.pod]);
    a.unschedulablePlugins = ['Else'];
    fixture.queue.addUnschedulableIfNotPresent(a);
    expect(a.place).toBe(PLACE.UNSCHEDULABLE);
  });
});

describe('updates of a waiting pod', () => {
  test('a label change is an event for the pod itself', () => {
    const fixture = queueFixture();
    const pod = testPod({ name: 'helper' });
    fixture.queue.add(pod);
    const record = fixture.fail('Spread');
    const next = { ...pod, metadata: { ...pod.metadata, labels: { a: 'b' } } };
    fixture.queue.update(pod, next);
    expect(record.place).toBe(PLACE.BACKOFF);
    expect(record.pod).toBe(next);
  });

  test('an update while in flight is replayed when the attempt fails', () => {
    const fixture = queueFixture();
    const pod = testPod({ name: 'helper' });
    fixture.queue.add(pod);
    const record = fixture.queue.pop()!;
    fixture.queue.update(pod, { ...pod, metadata: { ...pod.metadata, labels: { a: 'b' } } });
    record.unschedulablePlugins = ['Spread'];
    fixture.queue.addUnschedulableIfNotPresent(record);
    expect(record.place).toBe(PLACE.BACKOFF);
  });

  test('an unknown pod becomes active', () => {
    const { queue } = queueFixture();
    queue.update(testPod(), testPod());
    expect(queue.activeCount).toBe(1);
  });

  test('a deleted pod leaves whatever queue it is in, and its nomination', () => {
    const fixture = queueFixture();
    const pod = setPod(fixture, testPod({ nominated: 'node-1' }));
    fixture.queue.add(pod);
    expect(fixture.queue.nominator.nodeNameOf(pod.metadata.uid)).toBe('node-1');
    fixture.queue.delete(pod);
    expect(fixture.queue.isReady).toBe(false);
    expect(fixture.queue.nominator.isEmpty).toBe(true);
  });
});

describe('gates', () => {
  test('a gated pod stays out of the queues until the update that removes its gates', () => {
    const { queue } = queueFixture();
    const gated = testPod({ gates: ['wait'] });
    queue.add(gated);
    expect([queue.activeCount, queue.gatedCount, queue.unschedulableCount]).toEqual([0, 1, 0]);
    queue.update(gated, { ...gated, spec: { ...gated.spec, schedulingGates: [] } });
    expect([queue.activeCount, queue.gatedCount]).toEqual([1, 0]);
  });

  test('only events that the closing plugin registered make a gated pod look again', () => {
    const fixture = queueFixture();
    fixture.queue.add(testPod());
    const record = fixture.queue.pop()!;
    record.unschedulablePlugins = ['Fit'];
    fixture.queue.addUnschedulableIfNotPresent(record);
    fixture.world.nowUs = 5 * S;
    fixture.world.closedFor.add('pod-1');
    fixture.queue.activate([record.pod]);
    expect(fixture.queue.gatedCount).toBe(1);
    // Fit would like the new node, but Door did not ask for nodes.
    fixture.queue.move(EVENT.NODE_ADD, undefined, testNode());
    expect(fixture.queue.gatedCount).toBe(1);
    // Door asked for deletions; its own hint says no, but Fit's says yes: the gate is tried, and is still closed.
    fixture.queue.move(EVENT.ASSIGNED_POD_DELETE, placed, undefined);
    expect(fixture.queue.gatedCount).toBe(1);
    fixture.world.closedFor.clear();
    fixture.queue.move(EVENT.ASSIGNED_POD_DELETE, placed, undefined);
    expect(record.place).toBe(PLACE.ACTIVE);
  });

  test('Q20: gated pods are never released by the 5-minute flush', () => {
    const { queue, world } = queueFixture();
    queue.add(testPod({ gates: ['wait'] }));
    world.nowUs = 3600 * S;
    queue.flushUnschedulable();
    expect(queue.gatedCount).toBe(1);
  });
});

describe('backoff', () => {
  test('Q17: release comes in whole-second windows, d + 1 s after a failure on the second', () => {
    const fixture = queueFixture();
    fixture.queue.add(testPod());
    const record = fixture.fail('Fit');
    fixture.queue.move(EVENT.NODE_ADD, undefined, testNode());
    expect(record.place).toBe(PLACE.BACKOFF);
    expect(fixture.queue.nextReleaseUs).toBe(2 * S);
    fixture.world.nowUs = 2 * S - 1;
    fixture.queue.flushBackoff();
    expect(record.place).toBe(PLACE.BACKOFF);
    fixture.world.nowUs = 2 * S;
    fixture.queue.flushBackoff();
    expect(record.place).toBe(PLACE.ACTIVE);
  });

  test('Q17: release within a second comes at the end of the window, less than 1 s late', () => {
    const fixture = queueFixture();
    fixture.world.nowUs = 300_000;
    fixture.queue.add(testPod());
    fixture.fail('Fit');
    fixture.queue.move(EVENT.NODE_ADD, undefined, testNode());
    expect(fixture.queue.nextReleaseUs).toBe(2 * S);
  });

  test('Q17: an idle scheduler pops a pod from the backoff queue before its backoff is over', () => {
    const fixture = queueFixture();
    fixture.queue.add(testPod());
    const record = fixture.fail('Fit');
    fixture.queue.move(EVENT.NODE_ADD, undefined, testNode());
    expect(fixture.queue.pop()).toBe(record);
  });

  test('Q18: a pod that failed without a rejector waits out its error backoff, idle or not', () => {
    const fixture = queueFixture();
    fixture.queue.add(testPod());
    const waits: number[] = [];
    for (let i = 0; i < 6; i++) {
      const record = fixture.fail();
      expect(record.place).toBe(PLACE.ERROR_BACKOFF);
      expect(fixture.queue.pop()).toBeUndefined();
      waits.push(fixture.queue.nextReleaseUs - fixture.world.nowUs);
      fixture.world.nowUs = fixture.queue.nextReleaseUs;
      fixture.queue.flushBackoff();
    }
    // Failures fall on whole seconds here, so each wait is the backoff of 1, 2, 4, 8, 10, 10 s plus one window.
    expect(waits).toEqual([2, 3, 5, 9, 11, 11].map((seconds) => seconds * S));
  });

  test('the error count starts anew after a rejection', () => {
    const fixture = queueFixture();
    fixture.queue.add(testPod());
    fixture.fail();
    fixture.world.nowUs = 10 * S;
    fixture.queue.flushBackoff();
    const record = fixture.fail('Fit');
    expect([record.consecutiveErrorsCount, record.unschedulableCount]).toEqual([0, 1]);
  });

  test('1.32: no pop from backoff, unaligned release, one counter for rejections and errors', () => {
    const fixture = queueFixture({ version: '1.32' });
    fixture.world.nowUs = 300_000;
    fixture.queue.add(testPod());
    fixture.fail('Fit');
    fixture.queue.move(EVENT.NODE_ADD, undefined, testNode());
    expect(fixture.queue.pop()).toBeUndefined();
    expect(fixture.queue.nextReleaseUs).toBe(1_300_000);
    fixture.world.nowUs = 1_300_000;
    fixture.queue.flushBackoff();
    expect(fixture.fail().place).toBe(PLACE.BACKOFF);
    expect(fixture.queue.nextReleaseUs).toBe(3_300_000);
  });

  test('1.32: gates are asked when backoff ends; 1.34: when it begins', () => {
    for (const version of ['1.34', '1.32'] as const) {
      const fixture = queueFixture({ version });
      fixture.queue.add(testPod());
      const record = fixture.fail('Fit');
      fixture.world.closedFor.add('pod-1');
      fixture.queue.move(EVENT.NODE_ADD, undefined, testNode());
      expect(record.isGated).toBe(version === '1.34');
      fixture.world.nowUs = 10 * S;
      fixture.queue.flushBackoff();
      expect(fixture.queue.gatedCount).toBe(1);
    }
  });
});

describe('the flush of the unschedulable pool', () => {
  test('moves pods that waited more than 5 minutes, and not those that waited exactly so long', () => {
    const fixture = queueFixture();
    fixture.queue.add(testPod());
    const record = fixture.fail('Else');
    fixture.world.nowUs = 300 * S;
    fixture.queue.flushUnschedulable();
    expect(record.place).toBe(PLACE.UNSCHEDULABLE);
    fixture.world.nowUs = 300 * S + 1;
    fixture.queue.flushUnschedulable();
    expect(record.place).toBe(PLACE.ACTIVE);
  });

  test('is an event for pods in flight when it moved any pod', () => {
    const fixture = queueFixture();
    fixture.queue.add(testPod({ name: 'old' }));
    fixture.fail('Else');
    fixture.world.nowUs = 400 * S;
    fixture.queue.add(testPod({ name: 'new' }));
    const record = fixture.queue.pop()!;
    fixture.queue.flushUnschedulable();
    record.unschedulablePlugins = ['Else'];
    fixture.queue.addUnschedulableIfNotPresent(record);
    expect(record.place).toBe(PLACE.BACKOFF);
  });
});
