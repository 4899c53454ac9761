import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import { SimulationBug } from '../../src/base/invariant.ts';
import { STARTER_SCENARIO } from '../../src/cli/starter-scenario.ts';
import { type FakeWorld, SCENARIO, type Stage, stage } from './harness.ts';

let current: Stage | undefined;

function set(world: FakeWorld = {}): Stage {
  current = stage(world);
  return current;
}

afterEach(() => current?.clean());

describe('help', () => {
  test.each(['run', 'test', 'init', 'list', 'schema', 'conformance', 'report'])('of %s has an example', async (command) => {
    const ended = await set().run(command, '--help');
    expect(ended.code).toBe(0);
    expect(ended.out).toMatch(new RegExp(`Examples?:\\n +seatrial ${command}`));
    expect(ended.err).toBe('');
  });

  test('of the program has examples and every command', async () => {
    const { out } = await set().run('--help');
    for (const command of ['run', 'test', 'init', 'list', 'schema', 'conformance', 'report'])
      expect(out).toMatch(new RegExp(`^  ${command}\\b`, 'm'));
    expect(out).toContain('Examples:');
  });

  test('--version prints the version', async () => {
    expect(await set().run('--version')).toMatchObject({ code: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
  });
});

describe('mistakes on the command line', () => {
  test.each([
    [['rn'], "error: unknown command 'rn'\n(Did you mean run?)"],
    [['run', 's.yaml', '--sed', '3'], "error: unknown option '--sed'\n(Did you mean one of --seed, --set?)"],
    [['run'], "error: missing required argument 'files'"],
    [['run', 's.yaml', '--out'], "error: option '--out <dir>' argument missing"],
    [['report', 'a', 'b'], "error: too many arguments for 'report'"],
    [
      ['list', 'fautls'],
      'unknown family "fautls", expected one of plugins, faults, quirks, controllers, machines, network, traces, measures, panels, kinds, distributions (did you mean "faults"?)',
    ],
    [['list', 'faults', 'node-crsh'], '(did you mean "node-crash"?)'],
  ])('%j', async (args, message) => {
    const ended = await set().run(...args);
    expect(ended.code).toBe(2);
    expect(ended.err).toContain(message);
    expect(ended.out).toBe('');
  });

  test('no command at all shows the help', async () => {
    const ended = await set().run();
    expect(ended.code).toBe(2);
    expect(ended.err).toContain('Usage: seatrial');
  });
});

describe('bad input', () => {
  const gone = { code: 2, out: '' };
  test.each<[string, string, string]>([
    ['an unknown key', `${SCENARIO}  sed: 7\n`, './s.yaml:8:3: spec.sed: unknown key "sed" (did you mean "seed"?)'],
    [
      'a bad quantity',
      SCENARIO.replace('machine: m5.large', 'machine: x')
        .concat('  description: ""\n')
        .replace('  cluster: {', '  cluster: { machines: { x: { cpu: 4x, memory: 1Gi } },'),
      './s.yaml:7:36: spec.cluster.machines.x.cpu: expected a quantity such as 500m, 4, 1.5Gi or 64Gi, found "4x"',
    ],
    ['an unknown fault', `${SCENARIO}  events: [ { at: 1m, fault: node-crsh, target: node/* } ]\n`, '(did you mean "node-crash"?)'],
    [
      'an unknown kind',
      `${SCENARIO}---\napiVersion: apps/v1\nkind: Deploymnt\nmetadata: { name: x }\n`,
      './s.yaml:10:7: kind: unknown kind of apps/v1 "Deploymnt"',
    ],
    [
      'a bad quantity in a manifest',
      `${SCENARIO}---\napiVersion: v1\nkind: Pod\nmetadata: { name: x }\nspec: { containers: [ { name: c, image: i, resources: { requests: { cpu: lots } } } ] }\n`,
      './s.yaml:12:74: spec.containers[0].resources.requests.cpu: ',
    ],
    [
      'an impossible topology',
      SCENARIO.replace('racks: 1', 'racks: 1, powerFeeds: 3'),
      './s.yaml:7:56: spec.cluster.zones[0].powerFeeds: 3 power feeds for 1 racks: a feed needs at least one rack',
    ],
    ['broken YAML', 'a: [1\n', 'not valid YAML'],
    ['an unknown machine', SCENARIO.replace('m5.large', 'm5.lage'), '(did you mean "m5.large"?)'],
    [
      'a bad scheduler plugin',
      `${SCENARIO}  scheduler: { config: { apiVersion: kubescheduler.config.k8s.io/v1, kind: KubeSchedulerConfiguration, profiles: [ { plugins: { score: { enabled: [ { name: NodeResourcesFitt } ] } } } ] } }\n`,
      'NodeResourcesFitt',
    ],
  ])('%s', async (_, text, message) => {
    const s = set();
    const ended = await s.run('run', s.file('s.yaml', text), '--out', join(s.folder, 'o'));
    expect(ended).toMatchObject(gone);
    expect(ended.err).toContain(message);
    expect(ended.err).toMatch(/\d+ problems? found, nothing was written\n$/);
    expect(s.list()).toEqual(['s.yaml']);
  });

  test('a missing file, a folder, a file that is not text', async () => {
    const s = set();
    expect((await s.run('run', join(s.folder, 'gone.yaml'))).err).toContain('./gone.yaml: file not found');
    expect((await s.run('run', s.folder)).err).toContain('.: this is a directory, expected a file');
    writeFileSync(join(s.folder, 'bin.yaml'), Buffer.from([0xff, 0xfe, 0x00]));
    expect((await s.run('run', join(s.folder, 'bin.yaml'))).err).toContain('./bin.yaml: the file is not UTF-8 text');
  });

  test('a gzip file that is cut off, and one that is none', async () => {
    const s = set();
    const whole = gzipSync(SCENARIO.repeat(50));
    writeFileSync(join(s.folder, 'cut.yaml.gz'), whole.subarray(0, whole.length - 20));
    writeFileSync(join(s.folder, 'no.yaml.gz'), SCENARIO);
    expect(await s.run('run', join(s.folder, 'cut.yaml.gz'))).toMatchObject({
      code: 2,
      err: expect.stringContaining('./cut.yaml.gz: the gzip file is cut off before its end'),
    });
    expect(await s.run('run', join(s.folder, 'no.yaml.gz'))).toMatchObject({
      code: 2,
      err: expect.stringContaining('./no.yaml.gz: the file is not valid gzip'),
    });
    writeFileSync(join(s.folder, 's.yaml.gz'), gzipSync(SCENARIO));
    expect((await s.run('run', join(s.folder, 's.yaml.gz'), '--out', join(s.folder, 'o'))).code).toBe(0);
  });

  test('mistakes in several files are all shown', async () => {
    const s = set();
    const { err } = await s.run(
      'run',
      s.file('a.yaml', `${SCENARIO}  sed: 7\n`),
      s.file('b.yaml', 'apiVersion: apps/v1\nkind: Deploymnt\nmetadata: { name: x }\n'),
    );
    expect(err).toContain('./a.yaml:8:3');
    expect(err).toContain('./b.yaml:2:7');
    expect(err).toContain('2 problems found');
  });
});

describe('seatrial test', () => {
  const expecting = (name: string, claim: string): string => `${SCENARIO.replace('name: s', `name: ${name}`)}  expect: [ ${claim} ]\n`;

  test('runs every scenario of a folder, by name, and leaves other files alone', async () => {
    const s = set({ values: { evictions: 0 } });
    mkdirSync(join(s.folder, 'sub'));
    s.file('b.yaml', expecting('b', 'evictions == 0'));
    s.file('sub/a.yml', expecting('a', 'evictions <= 3'));
    s.file('manifest.yaml', 'apiVersion: v1\nkind: Namespace\nmetadata: { name: x }\n');
    const ended = await s.run('test', s.folder, '--quiet');
    expect(ended).toMatchObject({ code: 0, out: '2 of 2 scenarios passed\n' });
    expect(s.list()).toEqual(['b.yaml', 'manifest.yaml', 'sub']);
    const loud = await s.run('test', s.folder);
    expect(loud.out.split('\n')[0]).toMatch(/^ok {4} b \(\.\/b\.yaml, seed 7, /);
  });

  test('ends with 1 when one fails, says what, and writes JUnit', async () => {
    const s = set({ values: { evictions: 1 } });
    s.file('a.yaml', expecting('a', 'evictions == 0, evictions <= 3'));
    s.file('b.yaml', expecting('b', 'evictions == 1'));
    const ended = await s.run('test', s.folder, '--quiet', '--junit', join(s.folder, 'r/junit.xml'));
    expect(ended.code).toBe(1);
    expect(ended.out).toBe(
      `FAILED a (./a.yaml, seed 7, ${/seed 7, ([\d.]+) s/.exec(ended.out)![1]} s)\n  FAILED   evictions == 0  (measured 1, expected == 0)\n1 of 2 scenarios passed\n`,
    );
    const xml = s.read('r/junit.xml');
    expect(xml).toContain('<testsuites name="seatrial" tests="3" failures="1" errors="0"');
    expect(xml).toContain('<testcase classname="a" name="evictions == 0">\n      <failure message="measured 1, expected == 0"/>');
    expect(xml).toContain('<testcase classname="a" name="evictions &lt;= 3"/>');
  });

  test('prints JSON on request', async () => {
    const s = set({ values: { evictions: 1 } });
    const ended = await s.run('test', s.file('a.yaml', expecting('a', 'evictions == 0')), '--json');
    expect(JSON.parse(ended.out)).toMatchObject({
      passed: 0,
      failed: 1,
      scenarios: [{ scenario: 'a', digest: 'digest-3', expectations: [{ status: 'not-met' }] }],
    });
  });

  test('refuses bad input before it runs anything', async () => {
    let starts = 0;
    const s = set({ onStart: () => void starts++ });
    s.file('a.yaml', expecting('a', 'evictions == 0'));
    s.file('b.yaml', `${SCENARIO}  sed: 1\n`);
    s.file('c.yaml', SCENARIO);
    const ended = await s.run('test', s.folder);
    expect(ended.code).toBe(2);
    expect(ended.err).toContain('./b.yaml:8:3: spec.sed: unknown key "sed"');
    expect(ended.err).toContain('./c.yaml: spec.expect: this scenario expects nothing');
    expect(starts).toBe(0);
    expect((await s.run('test', join(s.folder, 'gone'))).err).toContain('./gone: file not found');
    mkdirSync(join(s.folder, 'empty'));
    expect((await s.run('test', join(s.folder, 'empty'))).err).toContain('./empty: no scenario found');
  });

  test('a bug in one scenario does not hide the others', async () => {
    const s = set({ fails: new SimulationBug('boom') });
    s.file('a.yaml', expecting('a', 'evictions == 0'));
    s.file('b.yaml', expecting('b', 'evictions == 0'));
    const ended = await s.run('test', s.folder, '--junit', join(s.folder, 'j.xml'));
    expect(ended.code).toBe(3);
    expect(ended.out.match(/boom/g)).toHaveLength(2);
    expect(s.read('j.xml')).toContain('errors="2"');
  });

  test('Ctrl-C stops the whole series', async () => {
    const s = set({ slices: 50 });
    s.file('a.yaml', expecting('a', 'evictions == 0'));
    s.file('b.yaml', expecting('b', 'evictions == 0'));
    s.interruptAfter(3);
    const ended = await s.run('test', s.folder);
    expect(ended.code).toBe(130);
    expect(ended.out).not.toContain('FAILED b');
  });
});

describe('seatrial init', () => {
  test('writes a scenario that can be run, and never overwrites one silently', async () => {
    const s = set();
    const dir = join(s.folder, 'mine');
    expect((await s.run('init', dir)).out).toBe('wrote ./mine/scenario.yaml\nnext: seatrial run ./mine/scenario.yaml\n');
    expect(s.read('mine/scenario.yaml')).toBe(STARTER_SCENARIO);
    expect((await s.run('run', join(dir, 'scenario.yaml'), '--out', join(s.folder, 'o'))).err).not.toContain('problem');
    writeFileSync(join(dir, 'scenario.yaml'), 'edited');
    const again = await s.run('init', dir);
    expect(again.code).toBe(2);
    expect(again.err).toContain('this file exists, it is not overwritten');
    expect(s.read('mine/scenario.yaml')).toBe('edited');
    expect((await s.run('init', dir, '--force')).code).toBe(0);
  });
});

describe('seatrial list', () => {
  test.each([
    'plugins',
    'faults',
    'quirks',
    'controllers',
    'machines',
    'network',
    'traces',
    'measures',
    'panels',
    'kinds',
    'distributions',
  ])('%s has members with a sentence each', async (family) => {
    const s = set();
    const { out, code } = await s.run('list', family);
    expect(code).toBe(0);
    const lines = out.trimEnd().split('\n');
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines) expect(line).toMatch(/^\S.* {2}\S/);
    const entries = JSON.parse((await s.run('list', family, '--json')).out) as { name: string }[];
    expect(entries).toHaveLength(lines.length);
    for (const entry of entries) expect((await s.run('list', family, entry.name)).out.split('\n')[0]).toBe(entry.name);
  });
});

test('seatrial schema prints a JSON Schema that knows the faults', async () => {
  const schema = JSON.parse((await set().run('schema')).out) as { properties: Record<string, unknown> };
  expect(Object.keys(schema.properties)).toEqual(['apiVersion', 'kind', 'metadata', 'spec']);
  expect(JSON.stringify(schema)).toContain('"zone-outage"');
});

test('seatrial report draws the page of a result anew', async () => {
  const s = set();
  await s.run('run', s.file('s.yaml', SCENARIO), '--out', join(s.folder, 'o'));
  expect(await s.run('report', join(s.folder, 'o'))).toMatchObject({ code: 0, out: 'wrote ./o/report.html\n' });
  expect(s.read('o/report.html')).toBe('<html>s</html>');
});
