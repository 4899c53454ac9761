import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { InputError } from '../../src/base/input-error.ts';
import { swf } from '../../src/traces/swf.ts';
import { allOf, open } from './support.ts';

const LOG = `; Computer: test
; MaxNodes: 8
    1        0     10    937    4 142.00    -1   -1  35100    -1  1  97  -1 307  3 -1 -1 -1

    2       30     -1     75   -1   2.00  2048   40    300  4096  0  81  -1 195  3 -1 -1 -1
    3       40      5      0    1      1    -1    1    300    -1  5  97  -1 307  3 -1 -1 -1
    4       50      5     -1    1      1    -1    1    300    -1  1  97  -1 307  3 -1 -1 -1
    5     20.5      5     60   -1      1  1500    1    300    -1  1  97  -1 307  3 -1 -1 -1
`;

function summary(options: Record<string, unknown> = {}) {
  return allOf(open(swf, { jobs: LOG }, { options }).trace).map((a) => {
    const { cpu, memory } = a.template.spec.containers[0]!.resources.requests;
    return [a.name, a.timeUs / 1e6, a.runDurationUs / 1e6, a.exitCode, cpu, memory];
  });
}

describe('swf', () => {
  test('turns jobs into pods in order of submission, split where they are larger than a node', () => {
    expect(summary()).toEqual([
      ['job-1-3-0', 0, 937, 0, '4', '4096Mi'],
      ['job-5-8-0', 20.5, 60, 0, '1', '2Mi'],
      ['job-2-5-0', 30, 75, 1, '16', '64Mi'],
      ['job-2-5-1', 30, 75, 1, '16', '64Mi'],
      ['job-2-5-2', 30, 75, 1, '8', '32Mi'],
    ]);
  });

  test('leaves out jobs of unknown run time or size and cancelled jobs that never ran', () => {
    expect(summary({ processorsPerPod: 100 }).map(([name]) => name)).toEqual(['job-1-3-0', 'job-5-8-0', 'job-2-5-0']);
  });

  test('counts pods, not jobs', () => {
    expect(open(swf, { jobs: LOG }).trace.count).toBe(5);
  });

  test.each([
    ['1 2 3', /jobs\.csv:9: expected 18 blank-separated fields, found 3/],
    ['1 x 5 60 1 1 1 1 1 1 1 1 1 1 1 1 1 1', /"field 2" must be a number, found "x"/],
    ['1 -5 5 60 1 1 1 1 1 1 1 1 1 1 1 1 1 1', /"submit time" must be seconds/],
  ])('refuses %s', (row, expected) => {
    expect(() => open(swf, { jobs: `${LOG}${row}\n` })).toThrow(InputError);
    expect(() => open(swf, { jobs: `${LOG}${row}\n` })).toThrow(expected);
  });
});

const sample = new URL('../../../shared/traces/format-samples/swf/trace.swf', import.meta.url);

test.skipIf(!existsSync(sample))('reads an excerpt of a real log', () => {
  const { trace } = open(swf, { jobs: readFileSync(sample) }, { options: { processorsPerPod: 512 } });
  expect(trace.count).toBe(5);
});
