import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { newPod } from '../../src/objects/builders.ts';
import { podRequests, reduceResourceList } from '../../src/objects/pod-requests.ts';
import { google2011 } from '../../src/traces/google-2011.ts';
import { allOf, open } from './support.ts';

const TASKS = `job_id,task_index,machine_id,scheduling_class,priority,cpu_request,memory_request,disk_request,different_machines
10,0,5,3,9,0.125,0.0625,0.0004,1
10,1,6,3,9,0.125,0.0625,0.0004,1
11,0,,0,0,0.00625,0.001,0,0
`;
const MACHINES = 'machine_id,cpu_capacity,memory_capacity\n5,0.5,0.25\n6,1,1\n';

describe('google-2011', () => {
  test('turns the snapshot into pods that are all there from the start', () => {
    const arrivals = allOf(open(google2011, { tasks: TASKS }).trace);
    expect(arrivals.map((a) => [a.name, a.timeUs, a.runDurationUs])).toEqual([
      ['task-10-0', 0, Infinity],
      ['task-10-1', 0, Infinity],
      ['task-11-0', 0, Infinity],
    ]);
    expect(arrivals[0]!.template).toBe(arrivals[1]!.template);
    expect(podRequests(newPod({}, arrivals[0]!.template.spec))).toMatchObject({ milliCpu: 4000, memoryBytes: 8 * 2 ** 30 });
  });

  test('keeps tasks of a flagged job apart, unless told not to', () => {
    const affinity = (options: Record<string, unknown>) =>
      allOf(open(google2011, { tasks: TASKS }, { options }).trace).map((a) => a.template.spec.affinity);
    expect(affinity({})[0]?.podAntiAffinity?.required[0]).toMatchObject({
      topologyKey: 'kubernetes.io/hostname',
      labelSelector: { matchLabels: { 'google.seatrial.dev/job': '10' } },
    });
    expect(affinity({})[2]).toBeUndefined();
    expect(affinity({ differentMachines: false })).toEqual([undefined, undefined, undefined]);
  });

  test('scales requests and leaves out low priorities', () => {
    const arrivals = allOf(open(google2011, { tasks: TASKS }, { options: { scale: 0.5, minPriority: 9 } }).trace);
    expect(arrivals).toHaveLength(2);
    expect(podRequests(newPod({}, arrivals[0]!.template.spec)).milliCpu).toBe(2000);
  });

  test('gives the machines their share of the largest', () => {
    const { nodes } = open(google2011, { tasks: TASKS, machines: MACHINES }, { options: { cpuPerUnit: 64_000 } });
    expect(nodes.map((node) => reduceResourceList(node.status.allocatable))).toMatchObject([
      { milliCpu: 32_000, memoryBytes: 32 * 2 ** 30, pods: 110 },
      { milliCpu: 64_000, memoryBytes: 128 * 2 ** 30, pods: 110 },
    ]);
  });

  test('refuses rows it cannot read', () => {
    expect(() => open(google2011, { tasks: `${TASKS}12,0,,7,0,0.1,0.1,0,0\n` })).toThrow(
      /tasks\.csv:5: "scheduling_class" must be 0 to 3, found "7"/,
    );
    expect(() => open(google2011, { tasks: TASKS, machines: `${MACHINES}7,2,1\n` })).toThrow(
      /machines\.csv:4: "cpu_capacity" must be above 0, at most 1/,
    );
  });
});

const real = new URL('../../../shared/traces/google-2011/', import.meta.url);

test.skipIf(!existsSync(real))('reads the real snapshot: 144,339 tasks, 12,580 machines, 112 % of the cpu asked for by what ran', () => {
  const tasks = gunzipSync(readFileSync(new URL('snapshot-t0.csv.gz', real)));
  const { trace, nodes } = open(
    google2011,
    { tasks, machines: readFileSync(new URL('machines.csv', real)) },
    { options: { cpuPerUnit: 1_000_000 } },
  );
  expect([trace.count, nodes.length]).toEqual([144_339, 12_580]);
  const capacity = nodes.reduce((sum, node) => sum + reduceResourceList(node.status.capacity).milliCpu, 0);
  expect(capacity / 1_000_000).toBeCloseTo(6657.5, -1);
});
