import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EventQueue, TIME_LIMIT_US } from '../../src/engine/event-queue.ts';
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

  test('keeps times exact up to 35 years and refuses later ones, negative ones and fractions', () => {
    const queue = new EventQueue();
    queue.push(TIME_LIMIT_US - 1, 7, 1);
    expect(queue.headTimeUs).toBe(TIME_LIMIT_US - 1);
    for (const bad of [TIME_LIMIT_US, -1, 0.5, Number.NaN]) expect(() => queue.push(bad, 2, 2)).toThrow(/integer/);
  });

  test('keeps push order when its counter reaches 2^32', () => {
    const queue = new EventQueue(4, 4_294_967_296 - 10);
    for (let slot = 0; slot < 40; slot++) queue.push(slot % 2, 2, slot);
    const popped = Array.from({ length: 40 }, () => queue.pop());
    expect(popped).toEqual([...Array.from({ length: 20 }, (_, i) => 2 * i), ...Array.from({ length: 20 }, (_, i) => 2 * i + 1)]);
  });

  test('reports an empty queue by an infinite head time and refuses to pop', () => {
    const queue = new EventQueue();
    expect(queue.headTimeUs).toBe(Infinity);
    expect(() => queue.pop()).toThrow(/empty/);
  });
});
