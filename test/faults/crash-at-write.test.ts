import { describe, expect, test } from 'vitest';
import { SECOND_US } from '../../src/engine/units.ts';
import { FaultWorld } from '../support/fault-world.ts';

const DOWN = { restartAfter: 3 * SECOND_US };

describe('crash-at-write', () => {
  test('before: the n-th write is never sent, and the process starts anew after its time', () => {
    const faulty = new FaultWorld();
    faulty.writer();
    faulty.plan('crash-at-write', 'component/writer', { when: 'before', nth: 4, ...DOWN });
    faulty.runTo(4.5);
    expect(faulty.pods()).toEqual(['a-1-0', 'a-1-1', 'a-2-0', 'b-1-0', 'b-2-0']);
    expect(faulty.log).toEqual(['0 a-1-0', '0 b-1-0', '1 a-1-1', '4 a-2-0', '4 b-2-0']);
  });

  test('after: the n-th write is stored, and nobody hears of it', () => {
    const faulty = new FaultWorld();
    faulty.writer();
    faulty.plan('crash-at-write', 'component/writer', { when: 'after', nth: 3, ...DOWN });
    faulty.runTo(3.5);
    expect(faulty.pods()).toEqual(['a-1-0', 'a-1-1', 'b-1-0']);
    expect(faulty.log).toEqual(['0 a-1-0', '0 b-1-0']);
  });

  test('counts only writes that match', () => {
    const faulty = new FaultWorld();
    const writer = faulty.writer();
    faulty.plan('crash-at-write', 'component/writer', { verb: 'delete' });
    faulty.plan('crash-at-write', 'component/writer', { kind: 'Job' });
    faulty.plan('crash-at-write', 'component/writer', { client: 'other' });
    faulty.plan('crash-at-write', 'component/writer', { client: 'pairs', verb: 'create', kind: 'Pod', nth: 5 });
    faulty.runTo(1.5);
    expect(writer.incarnation).toBe(1);
    faulty.runTo(2.5);
    expect([writer.isRunning, faulty.log.length]).toEqual([false, 4]);
  });

  test('at the end of the fault the trap is gone and the process runs', () => {
    const faulty = new FaultWorld();
    const writer = faulty.writer();
    faulty.plan('crash-at-write', 'component/writer', { nth: 3, restartAfter: 60 * SECOND_US }, 5);
    faulty.plan('crash-at-write', 'component/writer', { nth: 1000 }, 5);
    faulty.runTo(4);
    expect(writer.isRunning).toBe(false);
    faulty.runTo(5.5);
    expect([writer.isRunning, writer.incarnation]).toEqual([true, 2]);
    faulty.runTo(1000);
    expect(writer.incarnation).toBe(2);
  });

  test('a crash that is in force anyway outlasts the restart', () => {
    const faulty = new FaultWorld();
    const writer = faulty.writer();
    faulty.plan('crash-at-write', 'component/writer', { nth: 3, ...DOWN }, 100);
    faulty.plan('component-crash', 'component/writer', {}, 20, 2);
    faulty.runTo(21);
    expect(writer.isRunning).toBe(false);
    faulty.runTo(23);
    expect([writer.isRunning, writer.incarnation]).toEqual([true, 2]);
  });

  test('healAll disarms it', () => {
    const faulty = new FaultWorld();
    const writer = faulty.writer();
    faulty.strike('crash-at-write', 'component/writer', { nth: 9 });
    faulty.strike('crash-at-write', 'component/writer', { nth: 3 });
    faulty.runTo(1.5);
    expect(writer.isRunning).toBe(false);
    faulty.injector.healAll();
    faulty.runTo(30);
    expect([writer.isRunning, writer.incarnation]).toEqual([true, 2]);
  });
});
