/**
 * The command line as a process of its own: exit codes, streams and signals as a shell sees them.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'seatrial-process-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function start(...args: string[]): { child: ChildProcess; ended: Promise<Ended> } {
  const child = spawn(process.execPath, ['--import', 'tsx', join(root, 'src/cli/main.ts'), ...args], { cwd: root });
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    err += chunk.toString();
  });
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, out, err }));
  });
  return { child, ended };
}

test('runs a scenario, and the digest is the same in another process', async () => {
  const out = join(folder, 'o');
  const runs = await Promise.all([
    start('run', 'scenarios/rolling-update.yaml', '--json', '--out', out).ended,
    start('run', 'scenarios/rolling-update.yaml', '--quiet', '--out', join(folder, 'p')).ended,
  ]);
  expect(runs[0]).toMatchObject({ code: 0, err: '' });
  const { digest } = JSON.parse(runs[0].out) as { digest: string };
  expect(runs[1]).toEqual({ code: 0, out: `digest: ${digest}\n`, err: '' });
  for (const name of ['result.json', 'report.html', 'tables']) expect(existsSync(join(out, name))).toBe(true);
  expect(readFileSync(join(out, 'result.json'), 'utf8')).toContain(digest);
});

test('bad input ends with 2 and writes nothing', async () => {
  const ended = await start('run', 'scenarios/quickstart.yaml', '--set', 'spec.sed=3', '--out', join(folder, 'o')).ended;
  expect(ended).toMatchObject({ code: 2, out: '' });
  expect(ended.err).toContain('--set spec.sed=3: spec.sed: unknown key "sed" (did you mean "seed"?)');
  expect(readdirSync(folder)).toEqual([]);
});

test('Ctrl-C writes what was measured, marked partial, and ends with 130', async () => {
  const out = join(folder, 'o');
  // Writes every second of every node's life, so that the run is long.
  const { child, ended } = start(
    'run',
    'scenarios/quickstart.yaml',
    '--until',
    '5000w',
    '--set',
    'spec.events[0]={every: 1m, fault: node-reboot, target: node/*}',
    '--set',
    'spec.expect=[]',
    '--events',
    '--out',
    out,
  );
  // The partial folder appears with the first event: from then on signals are heard.
  while (!readdirSync(folder).some((name) => name.includes('partial')) && child.exitCode === null)
    await new Promise((resolve) => setTimeout(resolve, 50));
  child.kill('SIGINT');
  const { code, err } = await ended;
  expect(err).toContain('interrupted: finishing this slice');
  expect(code).toBe(130);
  expect(readdirSync(out).sort((a, b) => (a < b ? -1 : 1))).toEqual([
    'events.jsonl.gz',
    'replay.json',
    'report.html',
    'result.json',
    'tables',
  ]);
  expect(JSON.parse(readFileSync(join(out, 'result.json'), 'utf8'))).toMatchObject({ meta: { isPartial: true, end: 'interrupted' } });
}, 60_000);
