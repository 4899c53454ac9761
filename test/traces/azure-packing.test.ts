import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { azurePacking } from '../../src/traces/azure-packing.ts';
import { allOf, open } from './support.ts';

const VMS = `vmId,tenantId,cores,ram,vmTypeId,starttime,endtime
1,7,200.0,28.0,0,-3.5,1.0
2,7,10.0,7.0,1,-1497.0,inf
3,8,100.0,14.0,0,0.5,0.75
4,8,100.0,14.0,0,0.5,0.5
5,8,100.0,14.0,0,-2,-1
`;
const DAY = 86_400_000_000;

function summary(options: Record<string, unknown> = {}) {
  return allOf(open(azurePacking, { vms: VMS }, { options }).trace).map((a) => [
    a.name,
    a.timeUs / DAY,
    a.runDurationUs / DAY,
    a.deleteAtUs / DAY,
  ]);
}

describe('azure-packing', () => {
  test('lets machines arrive with the life they had, those alive before the window at time 0', () => {
    expect(summary()).toEqual([
      ['vm-1-2', 0, 1, Infinity],
      ['vm-2-3', 0, Infinity, Infinity],
      ['vm-3-4', 0.5, 0.25, Infinity],
      ['vm-4-5', 0.5, 0, Infinity],
    ]);
  });

  test('can delete them at the time they were deleted, or keep them', () => {
    expect(summary({ end: 'deletion' }).map(([, , run, deleted]) => [run, deleted])).toEqual([
      [Infinity, 1],
      [Infinity, Infinity],
      [Infinity, 0.75],
      [Infinity, 0.5],
    ]);
    expect(summary({ end: 'never' }).every(([, , run, deleted]) => run === Infinity && deleted === Infinity)).toBe(true);
  });

  test('translates sizes and priorities', () => {
    const options = { lowPriorityClass: 'spot' };
    const [one, two] = allOf(open(azurePacking, { vms: VMS }, { options }).trace).map(({ template }) => template);
    expect(one!.spec.containers[0]!.resources.requests).toEqual({ cpu: '2', memory: '3584Mi' });
    expect(two!.spec.containers[0]!.resources.requests).toEqual({ cpu: '100m', memory: '896Mi' });
    expect([one!.labels, one!.spec.priorityClassName]).toEqual([{ 'azure.seatrial.dev/priority': 'high' }, '']);
    expect([two!.labels, two!.spec.priorityClassName]).toEqual([{ 'azure.seatrial.dev/priority': 'low' }, 'spot']);
  });

  test('takes one priority when asked', () => {
    expect(summary({ priority: 'low' }).map(([name]) => name)).toEqual(['vm-2-3']);
  });

  test.each([
    ['6,1,0,1,0,1,2', /"cores" must be a number above 0/],
    ['6,1,1,1,2,1,2', /"vmTypeId" must be 0 \(high priority\) or 1 \(low\), found "2"/],
    ['6,1,1,1,0,2,1', /"endtime" must be days not before the start, or inf/],
    ['6,1,1,1,0', /"starttime" is missing|"starttime" must be/],
  ])('refuses %s', (row, expected) => {
    expect(() => open(azurePacking, { vms: `${VMS}${row}\n` })).toThrow(expected);
  });
});

const real = new URL('../../../shared/traces/azure-packing-2020/batched-1pcnt-0.csv.gz', import.meta.url);

test.skipIf(!existsSync(real))('reads a real sample of 52,314 requests without a bad row', () => {
  const { trace } = open(azurePacking, { vms: gunzipSync(readFileSync(real)) });
  expect(trace.count).toBe(52_314);
});
