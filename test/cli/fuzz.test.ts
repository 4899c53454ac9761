import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { builtInParts } from '../../src/cli/parts.ts';
import { runCli } from '../../src/cli/program.ts';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'seatrial-fuzz-'));
});

afterAll(() => rmSync(folder, { recursive: true }));

/** A command in this process, with real machinery. */
async function command(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ['', ''];
  const code = await runCli(args, builtInParts, {
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    isTerminal: false,
    columns: 80,
    nowMs: () => performance.now(),
    timeOfDay: () => new Date(0).toISOString(),
    onInterrupt: () => () => {},
    pause: () => new Promise((resolve) => setImmediate(resolve)),
  });
  return { code, out, err };
}

async function fuzz(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  return await command('fuzz', '--workers', '1', '--nodes', '2', '--replicas', '2', '--faults', '2', ...args);
}

/** An operator that makes one pod more whenever it looks. */
const OPERATOR = `
import { defineController, isApiStatus, keyOf, newPod, newPodSpec, WorkQueue } from 'seatrial';
import { defineInvariant } from 'seatrial/testing';
import * as fc from 'fast-check';

export const greedy = defineController({
  name: 'greedy', summary: 'makes pods', kinds: ['Greed'], workers: 1,
  create({ ctx, client }) {
    const queue = new WorkQueue(ctx.scope, 'greed');
    ctx.informers.of('Greed').addHandlers({ onAdd: (object) => queue.add(keyOf(object)) });
    function* reconcile(): Generator<any, any, any> {
      const made = yield* client.create(newPod({ namespace: 'default', generateName: 'greed-' }, newPodSpec()));
      return isApiStatus(made) ? made : undefined;
    }
    return { queues: [{ queue, workers: 1, maxRetries: 5, reconcile }] };
  },
});

export const modest = defineInvariant({
  name: 'modest', id: '', summary: 'nobody makes pods',
  create: (probe) => {
    probe.onCommit('Pod', (type, _old, pod) => { if (type === 'ADDED') probe.report('a pod', ['pod/' + keyOf(pod!)]); });
    return {};
  },
});

export const world = {
  maxWorkloads: 0,
  objects: fc.constant([{ apiVersion: 'example.com/v1', kind: 'Greed', metadata: { name: 'g' }, spec: {} }]),
};
`;

describe('seatrial fuzz', () => {
  test('passes on our own controllers, and ends with the counts', async () => {
    const out = join(folder, 'own');
    const { code, out: text } = await fuzz('--cases', '10', '--out', out);
    expect([code, text.trimEnd().split('\n').at(-1)]).toEqual([0, '10 passed, 0 failed']);
    const corpus = readdirSync(out).filter((name) => name.startsWith('corpus-'));
    expect(corpus).toHaveLength(1);
    const { behaviours } = JSON.parse(readFileSync(join(out, corpus[0]!), 'utf8')) as { behaviours: Record<string, number> };
    expect(Object.keys(behaviours)).toContain('kube-scheduler bind Pod: ok');
  });

  test('finds, shrinks, saves and replays a bug in a controller of the user’s', async () => {
    const file = join(folder, 'greedy.ts');
    writeFileSync(file, OPERATOR);
    const out = join(folder, 'greedy');
    const { code, out: text } = await fuzz('--cases', '3', '--controller', file, '--out', out);
    expect(code).toBe(1);
    expect(text).toContain('modest does not hold: a pod');
    expect(text.trimEnd().split('\n').at(-1)).toBe('0 passed, 3 failed');
    const saved = join(out, readdirSync(out).find((name) => name.startsWith('modest-'))!);
    expect(readFileSync(saved, 'utf8')).toContain('kind: Greed');
    const replayed = await command('run', saved, '--controller', file, '--out', join(folder, 'replayed'));
    expect(replayed.code).toBe(1);
    expect(replayed.out).toContain('violations == 0');
  }, 30_000);

  test('refuses bad input before anything is run or written', async () => {
    const out = join(folder, 'none');
    const { code, err } = await fuzz('--cases', '-3', '--for', '3 parsecs', '--quirk', 'nonsense', '--crash-points', 'all', '--out', out);
    expect(code).toBe(2);
    for (const flag of ['--cases', '--for', '--quirk', '--crash-points']) expect(err).toContain(flag);
    expect(existsSync(out)).toBe(false);
    const missing = await fuzz('--controller', join(folder, 'greedi.ts'), '--out', out);
    expect(missing.code).toBe(2);
    expect(missing.err).toMatch(/did you mean "greedy\.ts"/);
    const empty = join(folder, 'empty.ts');
    writeFileSync(empty, 'export const nothing = 1;\n');
    expect((await fuzz('--controller', empty, '--out', out)).err).toMatch(/exports nothing, and none of these is a controller/);
  });

  test('a world of the user’s that no scenario can be is bad input, not a bug of ours', async () => {
    const file = join(folder, 'odd-world.ts');
    writeFileSync(file, `${OPERATOR}\nexport const world = { setting: { kubernetesVersion: '9.9' } };\n`);
    const { code, err } = await fuzz('--cases', '2', '--controller', file, '--out', join(folder, 'odd'));
    expect(code).toBe(2);
    expect(err).toContain('kubernetesVersion');
  });

  test('tries every crash point when asked', async () => {
    const { code, err } = await fuzz('--cases', '1', '--crash-points', 'writes', '--out', join(folder, 'crash'));
    expect(code).toBe(0);
    expect(err).toContain('1 cases in');
  }, 30_000);
});
