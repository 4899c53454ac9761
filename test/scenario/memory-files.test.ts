import { expect, test } from 'vitest';
import { memoryFiles } from '../../src/scenario/memory-files.ts';

test('memoryFiles gives texts and bytes, and says what is missing', () => {
  const files = memoryFiles({ 'a.txt': 'ä', 'b.bin': new Uint8Array([104, 105]) });
  expect(files.exists('a.txt')).toBe(true);
  expect(files.exists('toString')).toBe(false);
  expect([...files.readBytes('a.txt')]).toEqual([0xc3, 0xa4]);
  expect(files.readText('b.bin')).toBe('hi');
  expect(() => files.readText('c')).toThrow('c: file not found');
});
