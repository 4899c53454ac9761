import { describe, expect, test } from 'vitest';
import { SECOND_US } from '../../src/engine/units.ts';
import { FaultWorld } from '../support/fault-world.ts';
import { pod } from '../support/node-world.ts';

/** Seconds from the reported end of a pod until its node admits another in its place; -1: it refused it. */
function isAdmitted(afterS: number, params: Record<string, number> | undefined): boolean {
  const faulty = new FaultWorld({ cpu: '1' });
  if (params !== undefined) faulty.strike('slow-cleanup', 'node/a-1-1', params);
  faulty.world.create(pod('first', { cpu: '1', behaviour: { 'run-duration': '10s' }, spec: { restartPolicy: 'Never' } }));
  faulty.runTo(10.01);
  expect(faulty.world.phase('first')).toBe('Succeeded');
  faulty.runTo(10.01 + afterS);
  faulty.world.create(pod('second', { cpu: '1' }));
  faulty.runTo(60);
  return faulty.world.phase('second') === 'Running';
}

describe('slow-cleanup', () => {
  test('a node refuses a pod while it still counts one that has reported its end', () => {
    expect(isAdmitted(1, undefined)).toBe(true);
    expect(isAdmitted(1, { hold: 2 * SECOND_US })).toBe(false);
    expect(isAdmitted(3, { hold: 2 * SECOND_US })).toBe(true);
  });

  test('overlapping ones add up, and end one by one', () => {
    const faulty = new FaultWorld();
    const { machine } = faulty.world.fleet.agent('a-1-1')!;
    const one = faulty.strike('slow-cleanup', 'node/a-1-1', { factor: 4, hold: SECOND_US });
    const two = faulty.strike('slow-cleanup', 'node/a-1-1', { factor: 3, hold: SECOND_US });
    expect([machine.cleanupSlowdown, machine.holdUs]).toEqual([12, 2 * SECOND_US]);
    one();
    one();
    expect([machine.cleanupSlowdown, machine.holdUs]).toEqual([3, SECOND_US]);
    two();
    expect([machine.cleanupSlowdown, machine.holdUs]).toEqual([1, 0]);
  });
});
