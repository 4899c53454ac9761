/** seatrial explain: saved runs are run again, and say the same however decisions are computed. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { explanationText, type ShownAttempt } from '../../src/cli/explain-text.ts';
import type { CliParts } from '../../src/cli/io.ts';
import { builtInParts } from '../../src/cli/parts.ts';
import { runCli } from '../../src/cli/program.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'seatrial-explain-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Ctrl-C comes after so many slices of 200 events; never when 0. */
let interruptAfter = 0;

async function seatrial(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  let out = '';
  let err = '';
  let pauses = 0;
  let interrupt = (): void => {};
  const parts = builtInParts();
  const sliced: CliParts = { ...parts, startScenario: (spec, options) => parts.startScenario(spec, { ...options, sliceEvents: 200 }) };
  const code = await runCli(args, () => sliced, {
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    isTerminal: false,
    columns: 80,
    nowMs: () => 0,
    timeOfDay: () => '2026-01-01T00:00:00.000Z',
    onInterrupt: (handler) => {
      interrupt = handler;
      return () => {};
    },
    pause: () => {
      if (++pauses === interruptAfter) interrupt();
      return Promise.resolve();
    },
  });
  return { code, out: out.replaceAll(folder, '.'), err: err.replaceAll(folder, '.') };
}

/** Three kinds of nodes; a pod that fits at once, and one that has to wait until another is gone. */
const SCENARIO = `apiVersion: seatrial.dev/v1alpha1
kind: Scenario
metadata: { name: s }
spec:
  duration: 5m
  cluster:
    zones: [ { name: a, racks: 1, nodesPerRack: 3, machine: m5.large } ]
    nodes: [ { name: tainted, machine: m5.large, zone: b, taints: [ { key: keep, value: out, effect: NoSchedule } ] } ]
  scheduler: { evaluator: EVALUATOR }
  manifests: [ ./pods.yaml ]
  events: [ { at: 1m, delete: pod/first } ]
`;
const POD = (name: string, cpu: string, more = '') =>
  `apiVersion: v1\nkind: Pod\nmetadata: { name: ${name} }\nspec: { ${more}containers: [ { name: c, image: c:1, resources: { requests: { cpu: ${cpu} } } } ] }\n`;
const PODS = [
  POD('first', '1500m', 'nodeSelector: { kubernetes.io/hostname: a-1-1 }, '),
  POD('second', '1500m', 'nodeSelector: { kubernetes.io/hostname: a-1-1 }, '),
  POD('free', '100m'),
].join('---\n');

async function saved(evaluator = 'incremental'): Promise<string> {
  writeFileSync(join(folder, 'pods.yaml'), PODS);
  writeFileSync(join(folder, 's.yaml'), SCENARIO.replace('EVALUATOR', evaluator));
  const out = join(folder, `out-${evaluator}`);
  expect((await seatrial('run', join(folder, 's.yaml'), '--out', out, '--quiet')).err).toBe('');
  return out;
}

/** A saved run that nobody changes. */
let run: string;
let kept: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'seatrial-explained-'));
  kept = folder;
  run = await saved();
});
afterAll(() => rmSync(kept, { recursive: true, force: true }));

interface Json {
  readonly run: { readonly isSameRun: boolean; readonly digest: string };
  readonly attempts: readonly { readonly attempt: number; readonly result: string }[];
  readonly rejections: readonly { readonly plugin: string; readonly message: string; readonly nodes: readonly string[] }[];
  readonly scored: readonly { readonly node: string; readonly total: number; readonly normalized: readonly number[] }[];
  readonly plugins: readonly { readonly name: string; readonly weight: number }[];
  readonly [key: string]: unknown;
}

async function explained(...args: string[]): Promise<Json> {
  const { out, code } = await seatrial('explain', ...args, '--json');
  expect(code).toBe(0);
  return JSON.parse(out) as Json;
}

describe('seatrial explain', () => {
  test('says what every node said, attempt by attempt, alike under both evaluators', async () => {
    const [fast, plain] = [run, await saved('plain')];
    for (const args of [['second', '--attempt', '1'], ['second'], ['default/free'], ['first']]) {
      expect(await explained(plain, ...args)).toEqual(await explained(fast, ...args));
    }
    const first = await explained(fast, 'second', '--attempt', '1');
    expect(first.run.isSameRun).toBe(true);
    expect(first['outcome']).toBe('unschedulable');
    expect(first.rejections).toEqual([
      {
        plugin: 'NodeAffinity',
        code: 'UnschedulableAndUnresolvable',
        message: "node(s) didn't match Pod's node affinity/selector",
        nodes: ['a-1-2', 'a-1-3'],
      },
      { plugin: 'NodeResourcesFit', code: 'Unschedulable', message: 'Insufficient cpu', nodes: ['a-1-1'] },
      {
        plugin: 'TaintToleration',
        code: 'UnschedulableAndUnresolvable',
        message: 'node(s) had untolerated taint {keep: out}',
        nodes: ['tainted'],
      },
    ]);
    const last = await explained(fast, 'second');
    expect(last).toMatchObject({ outcome: 'scheduled', nodeName: 'a-1-1', feasibleCount: 1 });
    expect(last.attempts.map(({ result }) => result)).toEqual([...Array(last.attempts.length - 1).fill('unschedulable'), 'scheduled']);
    const free = await explained(fast, 'free');
    for (const { total, normalized } of free.scored) {
      expect(total).toBe(normalized.reduce((sum, score, i) => sum + score * free.plugins[i]!.weight, 0));
    }
    expect(free.scored).toHaveLength(3);
  });

  test('tells people in few words', async () => {
    const { out } = await seatrial('explain', run, 'second', '--attempt', '1');
    expect(out).toMatch(/^pod default\/second, attempt 1 of \d+, at .*: not placed: 0\/4 nodes are available/);
    expect(out).toContain('as recorded');
    expect(out).toMatch(/1 node: +NodeResourcesFit: Insufficient cpu +a-1-1/);
    const list = await seatrial('explain', run, 'second', '--list');
    expect(list.out.split('\n')[0]).toMatch(/^ {2}attempt 1 at .*: unschedulable: 0\/4/);
    const node = await seatrial('explain', run, 'free', '--node', 'tainted', '--node', 'a-1-2');
    expect(node.out).toContain('node tainted: TaintToleration: node(s) had untolerated taint {keep: out} (preemption cannot help)');
    expect(node.out).toMatch(/node a-1-2: total \d+, place \d of 3/);
    const csv = await seatrial('explain', run, 'free', '--csv');
    expect(csv.out.split('\n')[0]).toContain(
      'node,verdict,plugin,reason,total,TaintToleration.raw,TaintToleration.normalized,TaintToleration.weighted',
    );
    expect(csv.out.trim().split('\n')).toHaveLength(5);
  });

  test('explains the run as it was after its files were edited, and says so', async () => {
    const run = await saved();
    const before = await explained(run, 'free');
    writeFileSync(join(folder, 'pods.yaml'), POD('other', '2'));
    const { out, err, code } = await seatrial('explain', run, 'free', '--json');
    expect([JSON.parse(out), code]).toEqual([before, 0]);
    expect(err).toContain('changed since the run: ./pods.yaml; what is explained is the run as it was');
  });

  test('says plainly when the replay is another run', async () => {
    const run = await saved();
    const file = join(run, 'replay.json');
    writeFileSync(file, readFileSync(file, 'utf8').replace(/"digest": "\w+"/, '"digest": "0123456789abcdef"'));
    const { out, err, code } = await seatrial('explain', run, 'free');
    expect(code).toBe(1);
    expect(out).toContain('NOT as recorded');
    expect(err).toMatch(/the replay is not the run that was saved: its digest is \w+, that of the run 0123456789abcdef/);
  });

  test('explains an interrupted run as far as it went', async () => {
    await saved();
    interruptAfter = 2;
    const out = join(folder, 'interrupted');
    expect((await seatrial('run', join(folder, 's.yaml'), '--out', out, '--quiet')).code).toBe(130);
    interruptAfter = 0;
    const second = await explained(out, 'second');
    expect(second.run.isSameRun).toBe(true);
    expect(second.attempts.length).toBeGreaterThan(0);
    interruptAfter = 1;
    expect((await seatrial('explain', run, 'second')).code).toBe(130);
    interruptAfter = 0;
  });

  test('takes the options and the plugin of the run along', async () => {
    writeFileSync(join(folder, 'pods.yaml'), PODS);
    writeFileSync(join(folder, 's.yaml'), SCENARIO.replace('EVALUATOR', 'incremental'));
    const plugin = join(folder, 'p.ts');
    writeFileSync(
      plugin,
      `export default { name: 'Mine', points: ['score'], weight: 7, create: () => ({ scoreNode: (_p: unknown, n: any) => n.name.length }) };`,
    );
    const out = join(folder, 'out');
    await seatrial(
      'run',
      join(folder, 's.yaml'),
      '--out',
      out,
      '--quiet',
      '--plugin',
      plugin,
      '--seed',
      'nine',
      '--until',
      '30s',
      '--set',
      'spec.scheduler.tieBreak=first',
    );
    rmSync(plugin);
    const free = await explained(out, 'free');
    expect(free.run.isSameRun).toBe(true);
    expect(free.plugins).toContainEqual({ name: 'Mine', weight: 7 });
  });

  test.each<[string, string[], string]>([
    ['an unknown pod', ['frae'], 'no pod "frae" was ever tried by a scheduler in this run (3 others were) (did you mean "free"?)'],
    ['an unknown attempt', ['free', '--attempt', '9'], '--attempt: pod default/free has no attempt 9, it has one (see --list)'],
    ['an unknown node', ['free', '--node', 'a-1-4'], 'the scheduler knew no node "a-1-4" at that time (did you mean "a-1-1"?)'],
    ['two forms', ['free', '--json', '--csv'], '--csv: goes without --json'],
    ['no number', ['free', '--nodes', 'many'], 'expected a whole number, or all'],
  ])('refuses %s', async (_title, args, message) => {
    const { code, err } = await seatrial('explain', run, ...args);
    expect(err).toContain(message);
    expect(code).toBe(2);
  });

  test('refuses a folder that is no result', async () => {
    const { code, err } = await seatrial('explain', folder, 'free');
    expect(err).toContain('there is no replay.json in this folder (give a folder that seatrial run has written');
    expect(code).toBe(2);
  });
});

test('thousands of nodes stay a few lines', () => {
  const names = (prefix: string, count: number) => Array.from({ length: count }, (_, i) => `${prefix}-${i}`);
  const attempt: ShownAttempt = {
    run: { scenario: 's', seed: '1', digest: '0', isSameRun: true },
    attempts: [{ attempt: 1, timeUs: 0, result: 'scheduled', node: 'good-3', message: '' }],
    attempt: 1,
    component: 'kube-scheduler',
    schedulerName: 'default-scheduler',
    podKey: 'default/p',
    podUid: 'u',
    timeUs: 0,
    outcome: 'scheduled',
    nodeName: 'good-3',
    message: '',
    nodeCount: 5000,
    feasibleCount: 500,
    tieCount: 20,
    rejections: [{ plugin: 'NodeResourcesFit', code: 'Unschedulable', message: 'Insufficient cpu', nodes: names('full', 3120) }],
    unvisited: names('later', 1380),
    plugins: [
      { name: 'TaintToleration', weight: 3 },
      { name: 'NodeResourcesFit', weight: 1 },
    ],
    scored: names('good', 500).map((node, i) => ({
      node,
      total: i < 20 ? 390 : 300 + (500 - i) / 10,
      raw: [0, i < 20 ? 90 : i],
      normalized: [100, i < 20 ? 90 : i],
    })),
    preemption: undefined,
  };
  const lines = explanationText(attempt, { nodeCount: 5, nodes: [], isList: false }).trim().split('\n');
  expect(lines).toContain('5,000 nodes: 500 fit, 3,120 do not, 1,380 were not looked at, because enough fitted');
  expect(lines).toContain('  3,120 nodes:  NodeResourcesFit: Insufficient cpu  full-0, full-1, full-2, full-3, ...');
  expect(lines).toContain('  alike on all 500: TaintToleration 0 > 100 x3');
  expect(lines.some((line) => /^ \* {2}good-3 +390 +90$/.test(line))).toBe(true);
  expect(lines.some((line) => /^ {4}19 nodes: good-0, good-1, good-2, good-4, \.\.\. +390 +90$/.test(line))).toBe(true);
  expect(lines.at(-1)).toBe('  and 477 nodes more with lower scores (--nodes all)');
  expect(lines.length).toBeLessThan(20);
});
