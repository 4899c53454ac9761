import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { PodHeap } from '../../src/scheduler/pod-heap.ts';
import { PodInfos } from '../../src/scheduler/pod-info.ts';
import { QueuedPod } from '../../src/scheduler/queued-pod.ts';
import { behaviourOf } from '../../src/scheduler/versions.ts';
import { check } from '../support/seeded.ts';
import { testPod } from './builders.ts';

test('pops, removes and re-orders as a sorted array does', () => {
  const infos = new PodInfos(behaviourOf('1.34'));
  const less = (a: QueuedPod, b: QueuedPod): boolean => a.priority > b.priority || (a.priority === b.priority && a.sequence < b.sequence);
  const step = fc.record({ do: fc.constantFrom('push', 'push', 'pop', 'remove', 'fix'), value: fc.nat(9), which: fc.nat(50) });
  check(
    fc.property(fc.array(step, { maxLength: 80, size: 'max' }), (steps) => {
      const heap = new PodHeap(less);
      let sorted: QueuedPod[] = [];
      let sequence = 0;
      for (const { do: what, value, which } of steps) {
        const chosen = sorted[which % Math.max(1, sorted.length)];
        if (what === 'push') {
          const record = new QueuedPod(infos.of(testPod({ name: `p${sequence}`, priority: value })), 0, sequence++);
          heap.push(record);
          sorted.push(record);
        } else if (what === 'pop') {
          expect(heap.pop()).toBe(sorted.shift());
        } else if (chosen !== undefined && what === 'remove') {
          heap.remove(chosen);
          sorted = sorted.filter((record) => record !== chosen);
        } else if (chosen !== undefined) {
          chosen.priority = value;
          heap.fix(chosen);
        }
        sorted.sort((a, b) => (less(a, b) ? -1 : 1));
        expect(heap.peek()).toBe(sorted[0]);
        expect(heap.size).toBe(sorted.length);
      }
    }),
    60,
  );
});
