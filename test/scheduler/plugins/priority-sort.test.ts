import { expect, test } from 'vitest';
import { benchOf } from '../decisions.ts';

test('orders by priority, then time, then sequence', () => {
  const { profile } = benchOf({});
  const item = (priority: number, timestampUs: number, sequence: number) => ({ priority, timestampUs, sequence });
  expect(profile.less(item(2, 9, 9), item(1, 0, 0))).toBe(true);
  expect(profile.less(item(1, 0, 0), item(2, 9, 9))).toBe(false);
  expect(profile.less(item(1, 1, 9), item(1, 2, 0))).toBe(true);
  expect(profile.less(item(1, 1, 1), item(1, 1, 2))).toBe(true);
  expect(profile.less(item(1, 1, 1), item(1, 1, 1))).toBe(false);
});
