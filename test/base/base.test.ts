import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BinaryHeap } from '../../src/base/binary-heap.ts';
import { compareCodeUnits } from '../../src/base/compare.ts';
import { fnv1a32, hash128 } from '../../src/base/hash.ts';
import { formatProblem, InputError, ProblemList } from '../../src/base/input-error.ts';
import { Interner } from '../../src/base/interner.ts';
import { nearestName } from '../../src/base/nearest-name.ts';
import { RingBuffer } from '../../src/base/ring-buffer.ts';
import { check } from '../support/seeded.ts';

describe('BinaryHeap', () => {
  test('pops in order after any pushes and removals', () => {
    check(
      fc.property(fc.array(fc.nat(50)), fc.array(fc.nat(60)), (values, removals) => {
        const items = values.map((value, seq) => ({ value, seq }));
        const heap = new BinaryHeap<{ value: number; seq: number }>((a, b) => a.value < b.value || (a.value === b.value && a.seq < b.seq));
        for (const item of items) heap.push(item);
        const left = new Set(items);
        for (const index of removals) {
          const item = items[index];
          if (item === undefined) continue;
          expect(heap.remove(item)).toBe(left.delete(item));
        }
        const expected = [...left].sort((a, b) => a.value - b.value || a.seq - b.seq);
        const popped = [];
        for (let item = heap.pop(); item !== undefined; item = heap.pop()) popped.push(item);
        expect(popped).toEqual(expected);
      }),
      200,
    );
  });
});

describe('RingBuffer', () => {
  test('behaves like an array with push and shift', () => {
    check(
      fc.property(fc.array(fc.option(fc.nat(), { nil: undefined }), { maxLength: 200 }), (steps) => {
        const ring = new RingBuffer<number>();
        const naive: number[] = [];
        for (const step of steps) {
          if (step === undefined) expect(ring.shift()).toBe(naive.shift());
          else {
            ring.push(step);
            naive.push(step);
          }
          expect(ring.size).toBe(naive.length);
          expect(ring.peek()).toBe(naive[0]);
          expect(ring.at(naive.length - 1)).toBe(naive.at(-1));
        }
      }),
      200,
    );
  });
});

describe('hashes', () => {
  test('match the published FNV-1a values', () => {
    expect([fnv1a32(''), fnv1a32('a'), fnv1a32('foobar')]).toEqual([0x811c9dc5, 0xe40c292c, 0xbf9cf968]);
  });

  test('give 128 bits without collisions on a large family of similar names', () => {
    const seen = new Set<string>();
    for (let i = 0; i < 20_000; i++) seen.add(hash128(`kubelet/node-${i}`).join());
    expect(seen.size).toBe(20_000);
  });
});

describe('Interner', () => {
  test('gives dense ids in order of first sight', () => {
    const interner = new Interner();
    expect([interner.idOf('b'), interner.idOf('a'), interner.idOf('b'), interner.find('c'), interner.size]).toEqual([0, 1, 0, -1, 2]);
    expect(interner.nameOf(1)).toBe('a');
  });
});

describe('compareCodeUnits', () => {
  test('orders like plain comparison of strings', () => {
    check(fc.property(fc.string(), fc.string(), (a, b) => Math.sign(compareCodeUnits(a, b)) === (a < b ? -1 : a > b ? 1 : 0)));
  });
});

describe('input problems', () => {
  test('suggest the nearest valid name, and none when nothing is near', () => {
    const faults = ['node-crash', 'rack-outage', 'zone-outage', 'partition'];
    expect(nearestName('node-crsh', faults)).toBe('node-crash');
    expect(nearestName('noed-crash', faults)).toBe('node-crash');
    expect(nearestName('Partition', faults)).toBe('partition');
    expect(nearestName('volcano', faults)).toBeUndefined();
  });

  test('are printed with file, line, column, path and hint, all at once', () => {
    expect(formatProblem({ file: 'a.yaml', line: 3, column: 7, path: 'spec.seed', message: 'expected an integer', hint: 'write 7' })).toBe(
      'a.yaml:3:7: spec.seed: expected an integer (write 7)',
    );
    const problems = new ProblemList();
    problems.add('spec.seed', 'expected an integer');
    problems.addUnknown('spec.events[0].fault', 'fault', 'node-crsh', ['node-crash', 'partition']);
    expect(() => problems.throwIfAny()).toThrow(InputError);
    expect(() => problems.throwIfAny()).toThrow(
      'spec.seed: expected an integer\nspec.events[0].fault: unknown fault "node-crsh", expected one of node-crash, partition (did you mean "node-crash"?)',
    );
  });
});
