import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HISTORY_CAPACITY_MIN, HISTORY_FRESH_US, HistoryWindow } from '../../src/apiserver/history.ts';
import { WatchEvent } from '../../src/apiserver/watch-event.ts';
import { testPod } from '../support/api-world.ts';
import { check } from '../support/seeded.ts';

const POD = testPod('a');
const event = (revision: number, timeUs: number) => new WatchEvent('MODIFIED', 'default/a', POD, POD, revision, timeUs);

function revisionsAfter(window: HistoryWindow, after: number, upTo = Infinity): number[] {
  const found: number[] = [];
  window.forEachAfter(after, upTo, (each) => found.push(each.revision));
  return found;
}

describe('HistoryWindow', () => {
  test('starts at 100 events and forgets the oldest once they are no longer fresh', () => {
    const window = new HistoryWindow();
    for (let i = 1; i <= HISTORY_CAPACITY_MIN + 10; i++) window.push(event(i, i * HISTORY_FRESH_US));
    expect([window.size, window.capacity, window.floorRevision]).toEqual([100, 100, 10]);
  });

  test('doubles while it is full of fresh events, and halves when the newest quarter is old', () => {
    const window = new HistoryWindow();
    for (let i = 1; i <= 1000; i++) window.push(event(i, i));
    expect([window.capacity, window.size, window.floorRevision]).toEqual([1600, 1000, 0]);
    for (let i = 1001; i <= 1600; i++) window.push(event(i, i));
    window.push(event(1601, 10 * HISTORY_FRESH_US));
    expect([window.capacity, window.size, window.floorRevision]).toEqual([800, 800, 801]);
  });

  test('never grows beyond its largest capacity', () => {
    const window = new HistoryWindow(250);
    for (let i = 1; i <= 1000; i++) window.push(event(i, i));
    expect([window.capacity, window.size, window.floorRevision]).toEqual([250, 250, 750]);
  });

  test('drops everything up to a compacted revision', () => {
    const window = new HistoryWindow();
    for (let i = 1; i <= 20; i++) window.push(event(i, i));
    window.dropUpTo(15);
    expect([window.floorRevision, revisionsAfter(window, 15)]).toEqual([15, [16, 17, 18, 19, 20]]);
  });

  test('gives exactly the events in range that a plain list keeps, whatever the times', () => {
    const gaps = fc.array(
      fc.record({ revision: fc.integer({ min: 1, max: 3 }), time: fc.constantFrom(0, 1, HISTORY_FRESH_US, 3 * HISTORY_FRESH_US) }),
      {
        maxLength: 400,
        size: 'max',
      },
    );
    check(
      fc.property(gaps, fc.nat(60), fc.nat(1200), fc.nat(1200), (steps, max, after, span) => {
        const window = new HistoryWindow(20 + max);
        const all: number[] = [];
        let revision = 0;
        let timeUs = 0;
        for (const each of steps) {
          revision += each.revision;
          timeUs += each.time;
          window.push(event(revision, timeUs));
          all.push(revision);
        }
        expect(window.size).toBeLessThanOrEqual(20 + max);
        const from = Math.max(after, window.floorRevision);
        expect(revisionsAfter(window, from, from + span)).toEqual(all.filter((each) => each > from && each <= from + span));
      }),
      100,
    );
  });
});
