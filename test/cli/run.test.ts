import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import { SimulationBug } from '../../src/base/invariant.ts';
import { type FakeWorld, SCENARIO, type Stage, stage } from './harness.ts';

let current: Stage | undefined;

function set(world: FakeWorld = {}): Stage {
  current = stage(world);
  return current;
}

afterEach(() => current?.clean());

const EXPECTING = `${SCENARIO}  expect: [ evictions == 0, preemptions == 0 ]\n`;

describe('seatrial run', () => {
  test('writes the result and ends with the digest', async () => {
    const s = set();
    const ended = await s.run('run', s.file('s.yaml', SCENARIO), '--out', join(s.folder, 'o'));
    expect(ended.code).toBe(0);
    expect(ended.out.split('\n').slice(-3)).toEqual(['report: ./o/report.html', 'digest: digest-3', '']);
    expect(ended.out).toContain('scenario s, seed 7: 3m simulated');
    expect(s.list('o')).toEqual(['replay.json', 'result.json', 'tables']);
    expect(s.list()).toEqual(['o', 's.yaml']);
    const { wall } = JSON.parse(s.read('o/result.json')) as { wall: { seconds: number; finishedAt: string } };
    expect(wall.seconds).toBeGreaterThan(0);
    expect(wall.finishedAt).toBe('2026-01-01T00:00:00.000Z');
  });

  test('prints one JSON object with --json, and nothing else on standard output', async () => {
    const s = set({
      values: {
        'count(pods.created)': 5,
        'p50(pod.startup)': 1_000_000,
        'p90(pod.startup)': 2_000_000,
        'p99(pod.startup)': 3_000_000,
        'availability(deployment/web)': 0.5,
        'count(fault/crash)': 2,
        'time_to_detect(fault/crash)': 50_000_000,
      },
    });
    const file = s.file(
      's.yaml',
      `${SCENARIO}  events: [ { name: crash, at: 1m, fault: node-crash, target: node/* } ]\n  expect: [ "count(fault/crash) == 2" ]\n`,
    );
    const ended = await s.run('run', file, '--json', '--out', join(s.folder, 'o'));
    expect(ended.code).toBe(0);
    expect(JSON.parse(ended.out)).toEqual({
      scenario: 's',
      seed: 7,
      digest: 'digest-3',
      simulatedSeconds: 180,
      partial: false,
      end: 'until',
      events: 3000,
      wallSeconds: expect.any(Number),
      pods: {
        created: 5,
        succeeded: null,
        failed: null,
        running: null,
        pending: null,
        unschedulable: null,
        deleted: null,
        evicted: null,
        preempted: null,
      },
      percentiles: { 'pod.startup': { p50: 1, p90: 2, p99: 3 } },
      availability: { 'deployment/web': 0.5 },
      faults: { crash: { count: 2, detectSeconds: 50, evictSeconds: null, recoverSeconds: null } },
      expectations: [{ text: 'count(fault/crash) == 2', status: 'met', measured: '2', detail: '' }],
      figures: { evictions: { value: 2, unit: 'pods', detail: '' } },
      outputDir: './o',
    });
  });

  test('--quiet leaves only the digest', async () => {
    const s = set();
    const ended = await s.run('run', s.file('s.yaml', SCENARIO), '--quiet', '--out', join(s.folder, 'o'));
    expect(ended).toEqual({ code: 0, out: 'digest: digest-3\n', err: '' });
  });

  test('ends with 1 when an expectation is not met or was not measured', async () => {
    const s = set({ values: { evictions: 2 } });
    const ended = await s.run('run', s.file('s.yaml', EXPECTING), '--out', join(s.folder, 'o'));
    expect(ended.code).toBe(1);
    expect(ended.out).toContain('  FAILED   evictions == 0  (measured 2, expected == 0)');
    expect(ended.out).toContain('  FAILED   preemptions == 0  (nothing was measured for preemptions');
    expect(s.list('o')).toContain('result.json');
  });

  test('Ctrl-C ends at the next slice, writes what there is, and gives 130', async () => {
    const s = set({ slices: 100 });
    s.interruptAfter(5);
    const ended = await s.run('run', s.file('s.yaml', SCENARIO), '--out', join(s.folder, 'o'));
    expect(ended.code).toBe(130);
    expect(ended.out).toContain('(interrupted: partial)');
    const { meta } = JSON.parse(s.read('o/result.json')) as { meta: { isPartial: boolean; simulatedUs: number } };
    expect(meta).toMatchObject({ isPartial: true, simulatedUs: 300_000_000 });
  });

  test('--seed, --until and --set change the scenario, and --set yields to the others', async () => {
    let seen: unknown;
    const s = set({
      onStart: (spec, options) => {
        seen = {
          seed: spec.seed,
          durationUs: spec.durationUs,
          interval: spec.metrics.intervalUs,
          replay: options.replayCommand?.replace(/\S*s\.yaml/, 's.yaml'),
        };
      },
    });
    const file = s.file('s.yaml', SCENARIO);
    await s.run(
      'run',
      file,
      '--seed',
      '42',
      '--until',
      '5m',
      '--set',
      'spec.metrics.interval=1m',
      '--set',
      'spec.seed=1',
      '--out',
      join(s.folder, 'o'),
    );
    expect(seen).toEqual({
      seed: 42,
      durationUs: 300_000_000,
      interval: 60_000_000,
      replay: 'seatrial run s.yaml --seed 42 --until 5m --set spec.metrics.interval=1m --set spec.seed=1',
    });
    await s.run('run', file, '--seed', 'blue moon', '--until', 'idle', '--out', join(s.folder, 'o'));
    expect(seen).toMatchObject({ seed: 'blue moon', durationUs: 'idle', replay: "seatrial run s.yaml --seed 'blue moon' --until idle" });
  });

  test('--events writes every event', async () => {
    const s = set();
    await s.run('run', s.file('s.yaml', SCENARIO), '--events', '--out', join(s.folder, 'o'));
    const lines = gunzipSync(readFileSync(join(s.folder, 'o/events.jsonl.gz')))
      .toString()
      .trim()
      .split('\n');
    expect(lines).toEqual([
      '{"t":1,"kind":"test.event","target":7}',
      '{"t":2,"kind":"test.event","target":7}',
      '{"t":3,"kind":"test.event","target":7}',
    ]);
  });

  test('--check runs twice and is content when both runs agree', async () => {
    let starts = 0;
    const s = set({ onStart: () => void starts++ });
    const ended = await s.run('run', s.file('s.yaml', SCENARIO), '--check', '--out', join(s.folder, 'o'));
    expect(ended.code).toBe(0);
    expect(starts).toBe(2);
  });

  test('--check says between which events two runs part', async () => {
    const s = set({ slices: 5, digest: (run, slice) => (run === 2 && slice >= 3 ? 'other' : `digest-${slice}`) });
    const ended = await s.run('run', s.file('s.yaml', SCENARIO), '--check', '--out', join(s.folder, 'o'));
    expect(ended.code).toBe(3);
    expect(ended.err).toContain(
      'two runs of scenario s with seed 7 differ between event 2000 (2m) and event 3000 (3m): the first had digest digest-3 after 3000 events, the second has other',
    );
    expect(existsSync(join(s.folder, 'o'))).toBe(false);
  });

  test('--check that is interrupted ends with 130, and the finished first run is written whole', async () => {
    const s = set({ slices: 5 });
    s.interruptAfter(6);
    const ended = await s.run('run', s.file('s.yaml', SCENARIO), '--check', '--out', join(s.folder, 'o'));
    expect(ended.code).toBe(130);
    expect(ended.err).toContain('interrupted: the two runs were not compared to their end');
    expect(JSON.parse(s.read('o/result.json'))).toMatchObject({ meta: { isPartial: false } });
  });

  test('a bug ends with 3, leaves nothing behind, and shows causes with --debug only', async () => {
    const s = set({
      fails: new SimulationBug('seed 7, time 1s, event 5: boom\nreplay: seatrial run s.yaml', { cause: new Error('the real reason') }),
    });
    const file = s.file('s.yaml', SCENARIO);
    const plain = await s.run('run', file, '--events', '--out', join(s.folder, 'o'));
    expect(plain.code).toBe(3);
    expect(plain.err).toContain('internal error: seed 7, time 1s, event 5: boom\nreplay: seatrial run s.yaml\n');
    expect(plain.err).not.toContain('the real reason');
    const debug = await s.run('run', file, '--debug', '--out', join(s.folder, 'o'));
    expect(debug.err).toContain('caused by: Error: the real reason');
    expect(s.list()).toEqual(['s.yaml']);
  });
});

describe('progress', () => {
  test('is plain lines in a pipe', async () => {
    const s = set({ slices: 6 });
    const { err } = await s.run('run', s.file('s.yaml', SCENARIO), '--out', join(s.folder, 'o'));
    expect(err.trim().split('\n').length).toBeGreaterThan(1);
    expect(err).toMatch(/^s: \d+% \(\w+ of 6m\), \d+ events/);
    expect(err).not.toContain('\r');
  });

  test('is a bar that is redrawn and cleared on a terminal', async () => {
    const s = set({ slices: 6, isTerminal: true });
    const { err } = await s.run('run', s.file('s.yaml', SCENARIO), '--out', join(s.folder, 'o'));
    expect(err).toMatch(/\rs: \[=+ +\] \d+%/);
    expect(err.endsWith('\r')).toBe(true);
    for (const line of err.split('\r')) expect(line.length).toBeLessThan(80);
  });
});

describe('the output folder', () => {
  test('is out/<scenario>-<seed> when none is named', async () => {
    const s = set();
    const file = s.file('s.yaml', SCENARIO);
    const before = process.cwd();
    process.chdir(s.folder);
    try {
      expect((await s.run('run', file)).out).toContain('report: out/s-7/report.html');
      expect((await s.run('run', file, '--seed', 'a/b c')).out).toContain('report: out/s-a_b_c/report.html');
    } finally {
      process.chdir(before);
    }
    expect(s.list('out')).toEqual(['s-7', 's-a_b_c']);
  });

  test('of the same scenario gets new results, and keeps what is not ours', async () => {
    const s = set();
    const file = s.file('s.yaml', SCENARIO);
    const out = join(s.folder, 'o');
    await s.run('run', file, '--events', '--out', out);
    writeFileSync(join(out, 'notes.txt'), 'mine');
    writeFileSync(join(out, 'tables', 'old.csv'), 'x');
    writeFileSync(join(out, 'tables', 'mine.txt'), 'x');
    const ended = await s.run('run', file, '--out', out);
    expect(ended.code).toBe(0);
    expect(ended.err).toContain('left alone in ./o: notes.txt');
    // No event log was asked for this time, so the old one would be of another run.
    expect(s.list('o')).toEqual(['notes.txt', 'replay.json', 'result.json', 'tables']);
    expect(s.list('o/tables')).toEqual(['mine.txt', 'pods.csv']);
    expect(s.list()).toEqual(['o', 's.yaml']);
  });

  test('may exist and be empty', async () => {
    const s = set();
    mkdirSync(join(s.folder, 'o'));
    expect((await s.run('run', s.file('s.yaml', SCENARIO), '--out', join(s.folder, 'o'))).code).toBe(0);
  });

  test.each([
    [
      'of another scenario',
      'result.json',
      JSON.stringify({ format: 'seatrial.dev/result', meta: { scenario: 'other' } }),
      'this folder holds a result of scenario "other", it is not overwritten by "s"',
    ],
    ['of foreign files', 'thesis.doc', 'x', 'this folder holds other files and no result, it is not overwritten'],
    ['of a result that is none', 'result.json', '{}', 'this folder holds other files and no result, it is not overwritten'],
  ])('%s is refused before anything runs, unless forced', async (_, name, text, message) => {
    let starts = 0;
    const s = set({ onStart: () => void starts++ });
    const file = s.file('s.yaml', SCENARIO);
    mkdirSync(join(s.folder, 'o'));
    writeFileSync(join(s.folder, 'o', name), text);
    const ended = await s.run('run', file, '--out', join(s.folder, 'o'));
    expect(ended).toEqual({
      code: 2,
      out: '',
      err: `./o: ${message} (choose another folder with --out, or replace its results with --force)\n1 problem found, nothing was written\n`,
    });
    expect(starts).toBe(0);
    expect(s.list('o')).toEqual([name]);
    expect((await s.run('run', file, '--force', '--out', join(s.folder, 'o'))).code).toBe(0);
    expect(s.list('o')).toContain('result.json');
  });

  test('that is a file is refused even when forced', async () => {
    const s = set();
    const file = s.file('s.yaml', SCENARIO);
    const ended = await s.run('run', file, '--out', s.file('o', 'x'));
    expect(ended.code).toBe(2);
    expect(ended.err).toContain('./o: this is a file, expected a folder to write to');
  });
});
