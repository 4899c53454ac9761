import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { PlaceTree } from '../../src/scheduler/place-tree.ts';
import { check } from '../support/seeded.ts';

test('a tree finds what a scan finds, whatever was set before', () => {
  check(
    fc.property(
      fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 100, max: 300 })),
      fc.array(fc.tuple(fc.nat(1000), fc.integer({ min: -1, max: 3 })), { maxLength: 200, size: 'max' }),
      fc.boolean(),
      fc.nat(1000),
      fc.nat(1000),
      (count, changes, isAtOnce, a, b) => {
        const tree = new PlaceTree(count);
        const totals: number[] = new Array(count).fill(-1);
        for (const [place, total] of changes) {
          if (isAtOnce) tree.put(place % count, total);
          else tree.set(place % count, total);
          totals[place % count] = total;
        }
        if (isAtOnce) tree.sumAll();
        const fits = totals.flatMap((total, place) => (total >= 0 ? [place] : []));
        expect(tree.fitCount).toBe(fits.length);
        expect(fits.map((_, i) => tree.placeOfFit(i))).toEqual(fits);
        expect(totals.map((_, place) => tree.fitsBefore(place))).toEqual(
          totals.map((_, place) => fits.filter((fit) => fit < place).length),
        );
        const [from, to] = [a % (count + 1), b % (count + 1)];
        // From `from` to the end and then from the beginning to `to`, which may overlap: twice what is in both.
        const stretch = [...fits.filter((place) => place >= from), ...fits.filter((place) => place < to)];
        const best = Math.max(-1, ...stretch.map((place) => totals[place]!));
        const ties = stretch.filter((place) => totals[place] === best);
        tree.clearFound();
        tree.search(from, count);
        tree.search(0, to);
        expect([tree.foundBest, tree.foundTies]).toEqual([best, ties.length]);
        const found = ties.map((_, rank) => {
          tree.passOver(rank);
          const place = tree.findTie(from, count);
          return place >= 0 ? place : tree.findTie(0, to);
        });
        expect(found).toEqual(ties);
      },
    ),
    300,
  );
});
