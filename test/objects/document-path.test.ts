import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { childPath, itemPath, pathSegments } from '../../src/objects/document-path.ts';
import { check } from '../support/seeded.ts';

test('pathSegments takes apart what childPath and itemPath put together', () => {
  const anySegment = fc.oneof(
    fc.nat(99),
    fc.constantFrom('spec', 'a.b/c', 'x y', '', '"quoted"', '0'),
    fc.string({ unit: 'grapheme', maxLength: 6 }),
  );
  check(
    fc.property(fc.array(anySegment, { maxLength: 6 }), (segments) => {
      let path = '';
      for (const segment of segments) path = typeof segment === 'number' ? itemPath(path, segment) : childPath(path, segment);
      expect(pathSegments(path)).toEqual(segments);
    }),
    300,
  );
});

test('paths read as people write them', () => {
  expect(childPath(itemPath('spec.containers', 0), 'nvidia.com/gpu')).toBe('spec.containers[0]["nvidia.com/gpu"]');
});
