import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { formatProblem, InputError } from '../../src/base/input-error.ts';
import { Rng } from '../../src/engine/rng.ts';
import { newPod } from '../../src/objects/builders.ts';
import { podRequests } from '../../src/objects/pod-requests.ts';
import { quantityValue } from '../../src/objects/quantity.ts';
import { openb } from '../../src/traces/openb.ts';
import { OPENB_SAMPLE, synthOpenb } from '../../src/traces/synth-openb.ts';
import { allOf, open } from './support.ts';

const HEADER = 'name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,deletion_time,scheduled_time';
const TASKS = `${HEADER}
whole,12000,16384,1,1000,,LS,Running,0,100,10
shared,6000,0,1,460,P100|T4,BE,Failed,20,50,20
eight,64000,65536,8,1000,,LS,Succeeded,30,90,35
cpu,1500,2048,0,0,,Burstable,Running,40,12902960,41
never,4000,1024,1,1000,,BE,Pending,50,80,
`;
const SECOND = 1_000_000;

function problemsOf(run: () => unknown): string[] {
  try {
    run();
  } catch (error) {
    if (error instanceof InputError) return error.problems.map(formatProblem);
    throw error;
  }
  return [];
}

function requestsOf(task: string, gpu: string): Record<string, number> {
  const { trace } = open(openb, { pods: TASKS }, { options: { gpu } });
  const arrival = allOf(trace).find(({ name }) => name === task)!;
  return Object.fromEntries(podRequests(newPod({}, arrival.template.spec)).scalars);
}

describe('openb tasks', () => {
  test('arrive when they were created and run as long as they ran', () => {
    const { trace } = open(openb, { pods: TASKS });
    expect(allOf(trace).map((a) => [a.name, a.timeUs / SECOND, a.runDurationUs / SECOND, a.exitCode, a.deleteAtUs / SECOND])).toEqual([
      ['whole', 0, 90, 0, Infinity],
      ['shared', 20, 30, 1, Infinity],
      ['eight', 30, 55, 0, Infinity],
      ['cpu', 40, Infinity, 0, Infinity], // still there when the window ended
      ['never', 50, Infinity, 0, 80], // was never placed: its user gave up
    ]);
    expect([trace.count, trace.firstUs, trace.lastUs]).toEqual([5, 0, 50 * SECOND]);
  });

  test.each([
    ['deletion', [100, 50, 90, Infinity, 80]],
    ['never', [Infinity, Infinity, Infinity, Infinity, Infinity]],
  ])('with end: %s they run until deleted at %j', (end, deletions) => {
    const arrivals = allOf(open(openb, { pods: TASKS }, { options: { end } }).trace);
    expect(arrivals.map((a) => a.deleteAtUs / SECOND)).toEqual(deletions);
    expect(arrivals.every((a) => a.runDurationUs === Infinity)).toBe(true);
  });

  test('that were never placed can be left out', () => {
    expect(open(openb, { pods: TASKS }, { options: { pending: 'skip' } }).trace.count).toBe(4);
  });

  test.each([
    ['share', 'shared', { 'alibabacloud.com/gpu-milli': 460 }],
    ['share', 'eight', { 'alibabacloud.com/gpu-count': 8, 'alibabacloud.com/gpu-milli': 8000 }],
    ['whole', 'shared', { 'alibabacloud.com/gpu-count': 1, 'alibabacloud.com/gpu-milli': 1000 }],
    ['none', 'eight', {}],
    ['share', 'cpu', {}],
  ])('with gpu: %s task %s asks for %j', (gpu, task, expected) => {
    expect(requestsOf(task, gpu)).toEqual(expected);
  });

  test('that name GPU models may run on those only', () => {
    const term = (gpuSpec: boolean) =>
      allOf(open(openb, { pods: TASKS }, { options: { gpuSpec } }).trace)[1]!.template.spec.affinity?.nodeAffinity?.required
        ?.nodeSelectorTerms[0];
    expect(term(true)?.matchExpressions).toEqual([{ key: 'alibabacloud.com/gpu-card-model', operator: 'In', values: ['P100', 'T4'] }]);
    expect(term(false)).toBeUndefined();
  });

  test('that are alike share one template', () => {
    const { trace } = open(openb, { pods: `${HEADER}\na,1,1,0,0,,LS,Running,0,1,0\nb,1,1,0,0,,LS,Running,0,2,1\n` });
    const [a, b] = allOf(trace);
    expect(a!.template).toBe(b!.template);
  });

  test('come in order of time whatever the order of rows, with CRLF, and the same in every pass', () => {
    const lines = TASKS.trim().split('\n');
    const shuffled = [lines[0]!, ...lines.slice(1).reverse()].join('\r\n');
    const { trace } = open(openb, { pods: shuffled });
    expect(allOf(trace).map(({ name }) => name)).toEqual(['whole', 'shared', 'eight', 'cpu', 'never']);
    expect(allOf(trace)).toEqual(allOf(trace));
  });

  test('of lists without times all arrive at once and stay', () => {
    const { trace } = open(openb, { pods: 'name,cpu_milli,memory_mib,num_gpu,gpu_milli\na,1000,1024,2,1000\n' });
    expect(allOf(trace)).toMatchObject([{ name: 'a', timeUs: 0, runDurationUs: Infinity, deleteAtUs: Infinity }]);
  });
});

describe('openb machines', () => {
  const NODES = 'sn,cpu_milli,memory_mib,gpu,model\nn-0,64000,262144,2,P100\nn-1,32000,262144,0,\n';

  test('become nodes with GPUs as extended resources and the model as a label', () => {
    const { nodes } = open(openb, { pods: TASKS, nodes: NODES });
    expect(nodes.map((node) => node.status.allocatable)).toEqual([
      { cpu: '64', memory: '262144Mi', pods: '1001', 'alibabacloud.com/gpu-count': '2', 'alibabacloud.com/gpu-milli': '2000' },
      { cpu: '32', memory: '262144Mi', pods: '1001' },
    ]);
    expect(nodes[0]!.metadata.labels).toEqual({ 'kubernetes.io/hostname': 'n-0', 'alibabacloud.com/gpu-card-model': 'P100' });
  });
});

describe('bad rows', () => {
  const bad = (row: string) => problemsOf(() => open(openb, { pods: `${TASKS}${row}\n` }));

  test.each([
    ['x,12k,1,0,0,,LS,Running,0,1,0', /pods\.csv:7: "cpu_milli" must be a whole number, found "12k"/],
    ['x,1,1,1,2000,,LS,Running,0,1,0', /"gpu_milli" must be 0 to 1000/],
    ['x,1,1,0,0,,LS,Runing,0,1,0', /"pod_phase" must be one of Running, .*found "Runing"/],
    ['x,1,1,0,0,,LS,Running,9,1,9', /"deletion_time" must be whole seconds, not before the creation/],
    ['x,1,1,0,0,,LS,Running,5,9,3', /"scheduled_time" must be empty, or whole seconds between/],
    ['x,1,1,0,0,,LS,Running,5', /"deletion_time" is missing: the row is cut short/],
    ['x,1,1', /"num_gpu" is missing/],
    ['not a name!,1,1,0,0,,LS,Running,0,1,0', /"name" must be a pod name/],
    ['cpu,1,1,0,0,,LS,Running,0,1,0', /two tasks are called "cpu", the other on line 5 of pods\.csv/],
    ['x,"1,1', /a quote is opened and not closed/],
  ])('%s', (row, expected) => {
    expect(bad(row)[0]).toMatch(expected);
    expect(bad(row).at(-1)).toContain('--skip-bad-rows');
  });

  test('are counted and left out when told so', () => {
    const { trace, skipped } = open(openb, { pods: `${TASKS}x,y\nz,1,1,0,0,,LS,Running,60,61,60\n` }, { skipBadRows: true });
    expect([trace.count, skipped]).toEqual([6, 1]);
    expect(allOf(trace).at(-1)?.name).toBe('z');
  });

  test('are listed up to fifty, then counted', () => {
    const messages = problemsOf(() => open(openb, { pods: `${HEADER}\n${'x\n'.repeat(70)}` }));
    expect(messages).toHaveLength(52);
    expect(messages[50]).toBe('and 20 more bad rows');
  });

  test.each([
    ['', /the file is empty/],
    ['sn,cpu_milli\n', /the header lacks "name", "memory_mib"/],
  ])('never excuse a file that is no task list: %j', (text, expected) => {
    expect(problemsOf(() => open(openb, { pods: text }, { skipBadRows: true }))[0]).toMatch(expected);
  });
});

describe('synthOpenb', () => {
  test('makes the sample that comes with the project', () => {
    const made = synthOpenb(OPENB_SAMPLE, Rng.root('openb-sample'));
    const sample = (name: string) => readFileSync(new URL(`../../traces/openb-sample/${name}`, import.meta.url), 'utf8');
    expect(sample('nodes.csv')).toBe(made.nodesCsv);
    expect(sample('pods.csv')).toBe(made.podsCsv);
  });

  test('has the published statistics', () => {
    const { nodesCsv, podsCsv } = synthOpenb({ machines: 1523, tasks: 4000, meanGapS: 353, modelShare: 0.33 }, Rng.root('statistics'));
    const { nodes, trace } = open(openb, { nodes: nodesCsv, pods: podsCsv });
    const gpus = nodes.reduce((sum, node) => sum + quantityValue(node.status.capacity['alibabacloud.com/gpu-count'] ?? '0'), 0);
    expect(gpus).toBeGreaterThan(5900);
    expect(gpus).toBeLessThan(6500);
    const arrivals = allOf(trace);
    const share = (of: (name: (typeof arrivals)[number]) => boolean) => arrivals.filter(of).length / arrivals.length;
    const milli = (a: (typeof arrivals)[number]) =>
      quantityValue(a.template.spec.containers[0]!.resources.requests['alibabacloud.com/gpu-milli'] ?? '0');
    expect(share((a) => milli(a) === 0)).toBeCloseTo(0.133, 1);
    expect(share((a) => milli(a) > 0 && milli(a) < 1000)).toBeCloseTo(0.378, 1);
    expect(share((a) => milli(a) === 1000)).toBeCloseTo(0.48, 1);
    const gapsS = arrivals.slice(1).map((a, i) => (a.timeUs - arrivals[i]!.timeUs) / SECOND);
    const mean = gapsS.reduce((sum, gap) => sum + gap, 0) / gapsS.length;
    const variance = gapsS.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gapsS.length;
    expect(mean / 353).toBeCloseTo(1, 0);
    expect(variance / mean ** 2).toBeGreaterThan(2);
    expect(variance / mean ** 2).toBeLessThan(3.5);
    const lives = arrivals
      .map((a) => a.runDurationUs / SECOND)
      .filter(Number.isFinite)
      .sort((a, b) => a - b);
    expect(lives[Math.floor(lives.length / 2)]! / 540).toBeCloseTo(1, 0);
  });
});

const real = new URL('../../../shared/traces/openb/', import.meta.url);

test.skipIf(!existsSync(real))('reads every list of the real trace without a bad row', () => {
  const read = (name: string) => {
    const bytes = readFileSync(new URL(name, real));
    return name.endsWith('.gz') ? gunzipSync(bytes) : bytes;
  };
  expect(open(openb, { pods: TASKS, nodes: read('openb_node_list_all_node.csv') }).nodes).toHaveLength(1523);
  const lists = ['cpu300.csv.gz', 'default.csv', 'gpuspec33.csv.gz', 'multigpu50.csv.gz'];
  const counts = lists.map((list) => open(openb, { pods: read(`openb_pod_list_${list}`) }).trace.count);
  expect(counts).toEqual([10_094, 8152, 8152, 9061]);
});
