import { describe, expect, test } from 'vitest';
import type { Taint } from '../../src/objects/node.ts';
import type { Toleration } from '../../src/objects/pod.ts';
import { findUntolerated, isHardEffect, toleratesTaint } from '../../src/objects/taints.ts';

const taint: Taint = { key: 'gpu', value: 'a100', effect: 'NoSchedule', timeAdded: undefined };

function toleration(fields: Partial<Toleration>): Toleration {
  return { key: '', operator: '', value: '', effect: '', tolerationSeconds: undefined, ...fields };
}

describe('toleratesTaint', () => {
  test.each([
    ['same key and value', { key: 'gpu', value: 'a100' }, true],
    ['Equal spelled out', { key: 'gpu', operator: 'Equal', value: 'a100' }, true],
    ['another value', { key: 'gpu', value: 'h100' }, false],
    ['Exists whatever the value', { key: 'gpu', operator: 'Exists' }, true],
    ['Exists without key: everything', { operator: 'Exists' }, true],
    ['another key', { key: 'tpu', operator: 'Exists' }, false],
    ['another effect', { key: 'gpu', operator: 'Exists', effect: 'NoExecute' }, false],
    ['the same effect', { key: 'gpu', operator: 'Exists', effect: 'NoSchedule' }, true],
    ['an unknown operator', { key: 'gpu', operator: 'In', value: 'a100' }, false],
    ['no key, Equal: compares the value only', { value: 'a100' }, true],
  ])('%s', (_, fields, expected) => {
    expect(toleratesTaint(toleration(fields), taint)).toBe(expected);
  });
});

test('findUntolerated names the first taint in node order that counts', () => {
  const soft: Taint = { ...taint, key: 'soft', effect: 'PreferNoSchedule' };
  const second: Taint = { ...taint, key: 'second', effect: 'NoExecute' };
  expect(findUntolerated([soft, taint, second], [], isHardEffect)).toBe(taint);
  expect(findUntolerated([soft, taint, second], [toleration({ key: 'gpu', operator: 'Exists' })], isHardEffect)).toBe(second);
  expect(findUntolerated([soft], [], isHardEffect)).toBeUndefined();
});
