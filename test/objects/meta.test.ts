import { expect, test } from 'vitest';
import { withEntries } from '../../src/objects/meta.ts';

test('withEntries copies: later entries win, what was given stays as it was, and the order is that of a spread', () => {
  const labels = Object.freeze({ app: 'web', tier: 'front' });
  const copy = withEntries(labels, { tier: 'back', hash: '1' }, { hash: '2', extra: 'x' });
  expect(Object.entries(copy)).toEqual(Object.entries({ ...labels, tier: 'back', hash: '2', extra: 'x' }));
  expect(labels).toEqual({ app: 'web', tier: 'front' });
  expect(withEntries(labels, {})).toEqual(labels);
  expect(withEntries(labels, {})).not.toBe(labels);
});
