import { describe, expect, test } from 'vitest';
import { SECOND_US } from '../../src/engine/units.ts';
import { FaultWorld } from '../support/fault-world.ts';

const DOWN = { restartAfter: 3 * SECOND_US };

describe('crash-at-yield', () => {
  // Each round of the writer waits three times: for the answer to a, for that to b, and for the next second.
  test.each<[number, string[]]>([
    [1, []],
    [2, ['a-1-0']],
    [3, ['a-1-0', 'b-1-0']],
    [4, ['a-1-0', 'b-1-0']],
    [5, ['a-1-0', 'b-1-0', 'a-1-1']],
  ])('at wait %i the process dies before it waits', (nth, pods) => {
    const faulty = new FaultWorld();
    const writer = faulty.writer();
    faulty.plan('crash-at-yield', 'component/writer', { nth, ...DOWN });
    faulty.runTo(2.5);
    expect(writer.isRunning).toBe(false);
    expect(faulty.log.map((line) => line.split(' ')[1])).toEqual(pods);
    faulty.runTo(6);
    expect([writer.isRunning, writer.incarnation]).toEqual([true, 2]);
  });

  test('counts only threads whose name begins as said, of the target alone', () => {
    const faulty = new FaultWorld();
    const one = faulty.writer('one');
    const two = faulty.writer('two');
    faulty.plan('crash-at-yield', 'component/one', { process: 'other/' });
    faulty.plan('crash-at-yield', 'component/two', { process: 'pairs/', nth: 6, ...DOWN });
    faulty.runTo(1.5);
    expect([one.isRunning, two.isRunning]).toEqual([true, false]);
  });

  test('several traps on one process each count for themselves, and are gone at the end', () => {
    const faulty = new FaultWorld();
    const writer = faulty.writer();
    for (const nth of [3, 9, 10_000]) faulty.plan('crash-at-yield', 'component/writer', { nth, restartAfter: 0 }, 30);
    faulty.runTo(20);
    expect(writer.incarnation).toBe(3);
    expect(faulty.world.access.runtime.isYieldWatched).toBe(true);
    faulty.runTo(31);
    expect(faulty.world.access.runtime.isYieldWatched).toBe(false);
  });
});
