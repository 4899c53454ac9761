import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { SECOND_US } from '../../src/engine/units.ts';
import type { Pod } from '../../src/objects/pod.ts';
import { type ClusterEvent, EVENT } from '../../src/scheduler/cluster-event.ts';
import { PLACE, type QueuedPod } from '../../src/scheduler/queued-pod.ts';
import { check } from '../support/seeded.ts';
import { testNode, testPod } from './builders.ts';
import { type NaivePlace, type NaivePod, NaiveQueue } from './naive-queue.ts';
import { queueFixture, TEST_HINTS } from './queue-fixture.ts';

const NAMES = ['a', 'b', 'c', 'd', 'helper'];
const PLACES: Record<number, NaivePlace> = {
  [PLACE.NONE]: 'none',
  [PLACE.ACTIVE]: 'active',
  [PLACE.BACKOFF]: 'backoff',
  [PLACE.ERROR_BACKOFF]: 'error',
  [PLACE.UNSCHEDULABLE]: 'pool',
};
const placed = testPod({ name: 'placed', nodeName: 'node-1' });
const helper = testPod({ name: 'helper', nodeName: 'node-1' });
const EVENTS: readonly (readonly [ClusterEvent, unknown, unknown])[] = [
  [EVENT.NODE_ADD, undefined, testNode()],
  [EVENT.NODE_CONDITION, testNode(), testNode()],
  [EVENT.ASSIGNED_POD_DELETE, placed, undefined],
  [EVENT.ASSIGNED_POD_DELETE, helper, undefined],
  [EVENT.ASSIGNED_POD_ADD, undefined, helper],
  [EVENT.ASSIGNED_POD_UPDATE, placed, placed],
];

const anyName = fc.constantFrom(...NAMES);
const anyRejectors = fc.oneof(fc.constant<string[]>([]), fc.subarray(['Fit', 'Spread', 'Else']));
const anyStep = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('add' as const), name: anyName, priority: fc.nat(2), gate: fc.nat(6) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('pop' as const) }) },
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('fail' as const), which: fc.nat(5), rejectors: anyRejectors, pending: anyRejectors }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('done' as const), which: fc.nat(5) }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('move' as const), which: fc.nat(EVENTS.length - 1) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('update' as const), name: anyName, priority: fc.nat(2), label: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('delete' as const), name: anyName }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('activate' as const), name: anyName }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('door' as const), name: anyName }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('wait' as const), us: fc.constantFrom(1, 300_000, SECOND_US, 5 * SECOND_US, 200 * SECOND_US) }),
  },
);

test('agrees with a naive queue on any sequence of operations', () => {
  check(
    fc.property(fc.array(anyStep, { maxLength: 100, size: 'max' }), (steps) => {
      const fixture = queueFixture();
      const { queue, world } = fixture;
      const naive = new NaiveQueue(TEST_HINTS, (pod) => {
        if (pod.spec.schedulingGates.length > 0) return 'SchedulingGates';
        return world.closedFor.has(pod.metadata.name) ? 'Door' : '';
      });
      /** The newest version of each pod. */
      const pods = new Map<string, Pod>();
      let flights: { record: QueuedPod; twin: NaivePod }[] = [];
      for (const step of steps) {
        switch (step.do) {
          case 'add': {
            if (pods.has(step.name)) break;
            const pod = testPod({ name: step.name, priority: step.priority, gates: step.gate === 0 ? ['g'] : [] });
            pods.set(step.name, pod);
            queue.add(pod);
            naive.add(pod);
            break;
          }
          case 'pop': {
            const record = queue.pop();
            const twin = naive.pop();
            expect(record?.key).toBe(twin === undefined ? undefined : `default/${twin.pod.metadata.name}`);
            if (record !== undefined) flights.push({ record, twin: twin! });
            break;
          }
          case 'fail': {
            const flight = flights[step.which % Math.max(1, flights.length)];
            if (flight === undefined) break;
            flights = flights.filter((other) => other !== flight);
            flight.record.unschedulablePlugins = [...step.rejectors];
            flight.record.pendingPlugins = [...step.pending];
            const current = pods.get(flight.record.pod.metadata.name);
            if (current !== undefined) {
              flight.record.refresh(fixture.infos.of(current));
              flight.twin.pod = current;
            }
            queue.addUnschedulableIfNotPresent(flight.record);
            naive.fail(flight.twin, [...step.rejectors], [...step.pending]);
            break;
          }
          case 'done': {
            const flight = flights[step.which % Math.max(1, flights.length)];
            if (flight === undefined) break;
            flights = flights.filter((other) => other !== flight);
            queue.done(flight.record.uid);
            naive.done(flight.record.uid);
            break;
          }
          case 'move': {
            const [event, old, next] = EVENTS[step.which]!;
            queue.move(event, old, next);
            naive.move(event, old, next);
            break;
          }
          case 'update': {
            const old = pods.get(step.name);
            if (old === undefined) break;
            const next: Pod = {
              ...old,
              metadata: { ...old.metadata, labels: step.label === 0 ? old.metadata.labels : { v: String(step.label) } },
              spec: { ...old.spec, priority: step.priority, schedulingGates: [] },
            };
            pods.set(step.name, next);
            queue.update(old, next);
            naive.update(old, next);
            break;
          }
          case 'delete': {
            const pod = pods.get(step.name);
            if (pod === undefined) break;
            pods.delete(step.name);
            queue.delete(pod);
            naive.delete(pod);
            break;
          }
          case 'activate': {
            const pod = pods.get(step.name);
            if (pod === undefined) break;
            queue.activate([pod]);
            naive.activate(pod);
            break;
          }
          case 'door':
            if (!world.closedFor.delete(step.name)) world.closedFor.add(step.name);
            break;
          case 'wait':
            world.nowUs += step.us;
            naive.nowUs += step.us;
            queue.flushBackoff();
            naive.flushBackoff();
            queue.flushUnschedulable();
            naive.flushUnschedulable();
            break;
        }
        for (const name of NAMES) {
          const record = queue.get(`default/${name}`);
          const twin = naive.find(name);
          const place = PLACES[record?.place ?? PLACE.NONE];
          const found = `${name} ${place} ${record?.attempts} ${record?.timestampUs} ${record?.gatingPlugin}`;
          const wanted = `${name} ${twin?.place ?? 'none'} ${twin?.attempts} ${twin?.timeUs} ${twin?.gate}`;
          // One comparison of texts instead of four expectations: this runs a hundred thousand times.
          if (found !== wanted) expect(found).toBe(wanted);
        }
        if (queue.inFlightCount !== naive.inFlight.length) expect(queue.inFlightCount).toBe(naive.inFlight.length);
      }
    }),
    120,
  );
});

test('no wake-up is lost: a pod is never left in the pool when a helping event came after its pop', () => {
  const anyHappening = fc.constantFrom('node', 'delete', 'condition', 'other-pod', 'other-fails');
  check(
    fc.property(fc.array(anyHappening, { maxLength: 12, size: 'max' }), fc.nat(12), (happenings, failAfter) => {
      const fixture = queueFixture();
      const { queue } = fixture;
      queue.add(testPod({ name: 'victim', priority: 9 }));
      const record = queue.pop()!;
      let isHelped = false;
      const others: QueuedPod[] = [];
      let count = 0;
      const failVictim = (): void => {
        record.unschedulablePlugins = ['Fit'];
        queue.addUnschedulableIfNotPresent(record);
      };
      for (let i = 0; i < happenings.length; i++) {
        if (i === failAfter) failVictim();
        switch (happenings[i]) {
          case 'node':
            queue.move(EVENT.NODE_ADD, undefined, testNode());
            isHelped = true;
            break;
          case 'delete':
            queue.move(EVENT.ASSIGNED_POD_DELETE, placed, undefined);
            isHelped = true;
            break;
          case 'condition':
            queue.move(EVENT.NODE_CONDITION, testNode(), testNode());
            break;
          case 'other-pod': {
            queue.add(testPod({ name: `other-${count++}`, priority: 10 }));
            const other = queue.pop();
            if (other !== undefined && other !== record) others.push(other);
            break;
          }
          default: {
            const other = others.shift();
            if (other !== undefined) {
              other.unschedulablePlugins = ['Else'];
              queue.addUnschedulableIfNotPresent(other);
            }
          }
        }
      }
      if (failAfter >= happenings.length) failVictim();
      if (isHelped) expect(record.place).not.toBe(PLACE.UNSCHEDULABLE);
      else expect(record.place).toBe(PLACE.UNSCHEDULABLE);
    }),
    300,
  );
});
