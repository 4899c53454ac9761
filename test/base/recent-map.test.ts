import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { RecentMap } from '../../src/base/recent-map.ts';
import { check } from '../support/seeded.ts';

test('knows the last keys that were used, and never more than twice its size', () => {
  const step = fc.tuple(fc.constantFrom('get' as const, 'set' as const), fc.nat(12), fc.nat(99));
  check(
    fc.property(fc.integer({ min: 1, max: 5 }), fc.array(step, { maxLength: 100, size: 'max' }), (size, steps) => {
      const map = new RecentMap<number, number>(size);
      const truth = new Map<number, number>();
      let recent: number[] = [];
      for (const [what, key, value] of steps) {
        const isRecent = recent.slice(0, size).includes(key);
        if (what === 'set') {
          map.set(key, value);
          truth.set(key, value);
        } else {
          const found = map.get(key);
          if (isRecent) expect(found).toBe(truth.get(key));
          else expect([undefined, truth.get(key)]).toContain(found);
          if (found === undefined) continue;
        }
        recent = [key, ...recent.filter((other) => other !== key)];
        expect(map.size).toBeLessThanOrEqual(2 * size);
      }
    }),
    200,
  );
});
