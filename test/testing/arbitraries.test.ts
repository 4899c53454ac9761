import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { STORM_MENU, type Storm, type StormFault, storms } from '../../src/testing/index.ts';
import { check } from '../support/seeded.ts';

const SLOW = STORM_MENU.filter(({ fault }) => /slow(down|-cleanup)$/.test(fault));

function overlap(a: StormFault, b: StormFault): boolean {
  const isSame = a.breaks['fault'] === b.breaks['fault'] && a.breaks['target'] === b.breaks['target'];
  return isSame && a.atMs < b.atMs + b.forMs! && b.atMs < a.atMs + a.forMs!;
}

describe('storms', () => {
  test('never slow one thing down twice at a time', () => {
    expect(SLOW.length).toBeGreaterThan(1);
    let most = 0;
    const slow = storms({ menu: SLOW, maxNodes: 2, maxZones: 1, stormMs: 100_000 });
    check(
      fc.property(slow, ({ faults }: Storm) => {
        most = Math.max(most, faults.length);
        for (const [index, fault] of faults.entries()) {
          for (const later of faults.slice(index + 1)) expect(overlap(fault, later)).toBe(false);
        }
      }),
      200,
    );
    expect(most).toBeGreaterThan(2);
  });
});
