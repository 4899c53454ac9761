import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EventQueue } from '../../src/engine/event-queue.ts';
import { check } from '../support/seeded.ts';

/** What EventQueue must behave like, written to be obviously right. */
class NaiveEventQueue {
  events: { timeUs: number; priority: number; seq: number; slot: number }[] = [];
  nextSeq = 0;

  push(timeUs: number, priority: number, slot: number, seq = this.nextSeq++): void {
    this.events.push({ timeUs, priority, seq, slot });
  }

  pop(): number {
    const first = this.events.reduce((a, b) => (isBefore(b, a) ? b : a));
    this.events.splice(this.events.indexOf(first), 1);
    return first.slot;
  }
}

function isBefore(a: { timeUs: number; priority: number; seq: number }, b: { timeUs: number; priority: number; seq: number }): boolean {
  if (a.timeUs !== b.timeUs) return a.timeUs < b.timeUs;
  if (a.priority !== b.priority) return a.priority < b.priority;
  return a.seq < b.seq;
}

describe('EventQueue', () => {
  test('agrees with the naive queue on any mix of pushes and pops', () => {
    const step = fc.oneof(fc.record({ timeUs: fc.nat(5), priority: fc.nat(7) }), fc.constant('pop' as const));
    check(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const queue = new EventQueue(1);
        const naive = new NaiveEventQueue();
        steps.forEach((s, slot) => {
          if (s !== 'pop') {
            queue.push(s.timeUs, s.priority, slot);
            naive.push(s.timeUs, s.priority, slot);
          } else if (queue.size > 0) {
            expect(queue.pop()).toBe(naive.pop());
          }
        });
        while (queue.size > 0) expect(queue.pop()).toBe(naive.pop());
      }),
      300,
    );
  });

  test('keeps push order for events at the same time and priority', () => {
    const queue = new EventQueue();
    for (let slot = 0; slot < 100; slot++) queue.push(7, 2, slot);
    expect(Array.from({ length: 100 }, () => queue.pop())).toEqual(Array.from({ length: 100 }, (_, slot) => slot));
  });

  test('lets a lower priority number go first at the same time', () => {
    const queue = new EventQueue();
    queue.push(1, 6, 60);
    queue.push(1, 0, 10);
    queue.push(1, 2, 20);
    expect([queue.pop(), queue.pop(), queue.pop()]).toEqual([10, 20, 60]);
  });

  test('takes times up to the largest exact integer and refuses fractions', () => {
    const queue = new EventQueue();
    queue.push(Number.MAX_SAFE_INTEGER, 2, 1);
    expect(queue.headTimeUs).toBe(Number.MAX_SAFE_INTEGER);
    expect(() => queue.push(0.5, 2, 2)).toThrow(/integer/);
  });

  test('reports an empty queue by an infinite head time and refuses to pop', () => {
    const queue = new EventQueue();
    expect(queue.headTimeUs).toBe(Infinity);
    expect(() => queue.pop()).toThrow(/empty/);
  });
});
