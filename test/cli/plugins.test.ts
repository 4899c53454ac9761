/** Scheduler plugins from files: loaded, guarded, and told what is wrong with them. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { diskFiles } from '../../src/cli/disk-files.ts';
import { builtInParts } from '../../src/cli/parts.ts';
import { PluginHost } from '../../src/cli/plugin-host.ts';
import { PluginModules } from '../../src/cli/plugin-modules.ts';
import { runCli } from '../../src/cli/program.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'seatrial-plugins-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
}

async function seatrial(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  let out = '';
  let err = '';
  const code = await runCli(args, builtInParts, {
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
    onInterrupt: () => () => {},
    pause: () => Promise.resolve(),
  });
  return { code, out: out.replaceAll(folder, '.'), err: err.replaceAll(folder, '.') };
}

function scenario(plugins = ''): string {
  return `apiVersion: seatrial.dev/v1alpha1
kind: Scenario
metadata: { name: s }
spec:
  duration: 1m
  cluster: { zones: [ { name: a, racks: 1, nodesPerRack: 4, machine: m5.large } ] }
  ${plugins}
  expect: [ 'pods(node=a-1-3) == 3' ]
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 3
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [ { name: web, image: web:1, resources: { requests: { cpu: 100m } } } ] }
`;
}

const FAVOURITE = `
import { definePlugin, type NodeInfo } from 'seatrial';
import { isFavourite } from './favourite.ts';
interface Args { readonly bonus: number }
export default definePlugin<Args>({
  name: 'Favourite',
  points: ['score'],
  weight: 100,
  create: () => ({ scoreNode: (_pod, node: NodeInfo): number => (isFavourite(node) ? 100 : 0) }),
});
`;

function favourite(): string {
  file('names.json', '["a-1-3"]');
  file(
    'favourite.ts',
    `import names from './names.json';\nexport const isFavourite = (node: { name: string }) => (names as string[]).includes(node.name);\n`,
  );
  return file('plugin.ts', FAVOURITE);
}

describe('plugins from files', () => {
  test('TypeScript with imports decides, from the command line and from the scenario', async () => {
    const path = favourite();
    const plain = file('plain.yaml', scenario());
    expect((await seatrial('test', plain)).code).toBe(1);
    expect(await seatrial('test', plain, '--plugin', path)).toMatchObject({ code: 0, err: expect.not.stringContaining('problem') });
    expect((await seatrial('test', file('own.yaml', scenario('scheduler: { plugins: [ ./plugin.ts ] }')))).code).toBe(0);
  });

  test('decide alike under both evaluators, and the same twice', async () => {
    const digests = [];
    for (const evaluator of ['plain', 'incremental']) {
      const s = file(`${evaluator}.yaml`, scenario(`scheduler: { plugins: [ ./plugin.ts ], evaluator: ${evaluator} }`));
      favourite();
      const { out, code } = await seatrial('run', s, '--check', '--quiet', '--out', join(folder, evaluator));
      expect(code).toBe(0);
      digests.push(out);
    }
    expect(digests[1]).toBe(digests[0]);
  });

  test.each([
    [
      'plugin.js',
      `import { definePlugin } from 'seatrial';\nexport default definePlugin({ name: 'X', points: ['filter'], create: () => ({ filter() {} }) });\n`,
    ],
    ['plugin.mjs', `export default { name: 'X', points: ['filter'], create: () => ({ filter() {} }) };\n`],
    ['plugin.cjs', `module.exports = { name: 'X', points: ['filter'], create: () => ({ filter() {} }) };\n`],
    [
      'list.ts',
      `const make = (name: string) => ({ name, points: ['postBind'], create: () => ({ postBind() {} }) });\nexport default [make('X'), make('Y')];\n`,
    ],
    ['class.ts', `class X { filter() {} private secret = 1 }\nexport default { name: 'X', points: ['filter'], create: () => new X() };\n`],
  ])('%s is a plugin', (name, text) => {
    const plugins = new PluginHost(diskFiles).load(file(name, text));
    expect(plugins[0]).toMatchObject({ name: 'X', defaultWeight: 0, isEnabledByDefault: true });
  });

  test('are listed with --set as anything else of the scenario', async () => {
    favourite();
    const s = file('own.yaml', scenario('scheduler: { plugins: [ ./plugin.ts ] }'));
    expect((await seatrial('test', s, '--set', 'spec.scheduler.plugins=[]')).code).toBe(1);
  });

  test('take arguments and weights from the configuration, which knows their names', async () => {
    const path = favourite();
    const config = (name: string) => `scheduler: { config: { profiles: [ { plugins: { score: { disabled: [ { name: ${name} } ] } } } ] } }`;
    expect((await seatrial('test', file('off.yaml', scenario(config('Favourite'))), '--plugin', path)).code).toBe(1);
    const { code, err } = await seatrial('test', file('off.yaml', scenario(config('Favorite'))), '--plugin', path);
    expect(code).toBe(2);
    expect(err).toContain('unknown plugin "Favorite" (did you mean "Favourite"?)');
  });
});

const HEAD = `import { definePlugin } from 'seatrial';\n`;
const scores = (body: string) =>
  `${HEAD}export default definePlugin({\n  name: 'Mine',\n  points: ['score'],\n  create: () => ({\n    scoreNode(pod, node) {\n      ${body}\n    },\n  }),\n});\n`;

describe('what is wrong with a plugin is said', () => {
  test.each<[string, string, string[]]>([
    ['a syntax error', `${HEAD}export default definePlugin({\n  name: 'Mine' points: [],\n});\n`, ['./mine.ts:3:16: ', "',' expected"]],
    ['no default export', `export const mine = 1;\n`, ['./mine.ts: expected a default export', 'exports mine']],
    ['no plugin', `export default 42;\n`, ['./mine.ts: expected a plugin as definePlugin makes it, found 42']],
    [
      'a wrong point',
      `export default { name: 'Mine', points: ['scores'], create() {} };`,
      ['./mine.ts: points[0]: unknown extension point "scores"', 'did you mean "score"?'],
    ],
    [
      'a wrong field',
      `export default { name: 'Mine', points: ['score'], weigth: 3, create() {} };`,
      ['unknown field of a plugin "weigth"', 'did you mean "weight"?'],
    ],
    [
      'several mistakes',
      `export default { name: 7, points: [], weight: 0.5 };`,
      ['name: expected a name', 'points: expected a list', 'weight: expected a whole number, 1..100', 'create: expected a function'],
    ],
    [
      'a name that is taken',
      `export default { name: 'NodeName', points: ['filter'], create() {} };`,
      ['there is a plugin NodeName in Kubernetes already'],
    ],
    ['an unknown file', `import './helpr.ts';\n`, ['imports ./helpr.ts, but there is no such file', 'did you mean "./helper.ts"?']],
    [
      'an unknown package',
      `import 'no-such-package-here';\n`,
      ['imports no-such-package-here, but there is no such package', 'npm install no-such-package-here'],
    ],
    ['files', `import { readFileSync } from 'node:fs';\nreadFileSync('x');\n`, ['imports node:fs', 'tables as JSON']],
    ['an error while loading', `${HEAD}\nconst x: any = undefined;\nx.y();\n`, ['./mine.ts:4:3: cannot be loaded: TypeError']],
    [
      'a method without its point',
      `export default { name: 'Mine', points: ['score'], create: () => ({ scoreNode: () => 1, filter() {} }) };`,
      ['./mine.ts: plugin Mine: create gave a method filter, but points does not name filter'],
    ],
    [
      'a point without its method',
      `export default { name: 'Mine', points: ['filter'], create: () => ({ }) };`,
      ['points names filter, but create gave no method filter'],
    ],
    [
      'a misspelled method',
      `export default { name: 'Mine', points: ['filter'], create: () => ({ filtr() {} }) };`,
      ['unknown method "filtr" (did you mean "filter"?)'],
    ],
    [
      'a throw',
      scores('return node.labels.zone.length;'),
      ['./mine.ts:7:31: plugin Mine: scoreNode failed: TypeError', 'simulated time', 'replay: seatrial '],
    ],
    ['a throw of no error', scores(`throw 'up';`), ['./mine.ts: plugin Mine: scoreNode failed: threw "up"']],
    ['a fraction', scores('return 0.5;'), ['plugin Mine: scoreNode gave 0.5 for node a-1-', 'expected a whole number']],
    [
      'chance',
      scores('return Math.random();'),
      ['./mine.ts:7:19: plugin Mine: scoreNode failed', 'Math.random must not be used', 'handle.rng.fork(name)'],
    ],
    ['the clock', scores('return Date.now();'), ['Date.now must not be used', 'handle.nowUs()']],
    ['the clock again', scores('return new Date().getTime();'), ['new Date() must not be used']],
    ['timers', scores('setTimeout(() => {}, 1); return 1;'), ['setTimeout must not be used', 'handle.writer.sleep(us)']],
    ['the environment', scores('return process.env.X === undefined ? 1 : 0;'), ['process.env must not be used', 'pluginConfig']],
    ['imprecise functions', scores('return Math.trunc(Math.sin(1));'), ['Math.sin must not be used']],
    [
      'promises',
      `export default { name: 'Mine', points: ['filter'], create: () => ({ async filter() {} }) };`,
      ['filter gave a promise', 'plugins must not be asynchronous'],
    ],
    [
      'no status',
      `export default { name: 'Mine', points: ['filter'], create: () => ({ filter: () => true }) };`,
      ["filter gave true, expected nothing or a status such as unschedulable('Mine', 'why')"],
    ],
  ])('%s', async (_title, text, messages) => {
    file('helper.ts', '');
    const path = file('mine.ts', text);
    const s = file('s.yaml', scenario());
    const { code, err } = await seatrial('run', s, '--plugin', path, '--out', join(folder, 'out'));
    for (const message of messages) expect(err).toContain(message);
    expect(err).toContain('nothing was written');
    expect(code).toBe(2);
    expect(existsSync(join(folder, 'out'))).toBe(false);
  });

  test('a file that is not there, with the scenario that names it', async () => {
    favourite();
    const { code, err } = await seatrial('test', file('s.yaml', scenario('scheduler: { plugins: [ ./plugn.ts ] }')));
    expect(code).toBe(2);
    expect(err).toContain('./s.yaml:7:27: spec.scheduler.plugins[0]: ./plugn.ts: file not found (did you mean "plugin.ts"?)');
  });

  test('exact mathematics and given dates are left alone', async () => {
    const body = `const t = new Date(0).getUTCFullYear() + Date.UTC(1970, 0, 1);\n return t === 1970 && Math.sqrt(9) === 3 && Math.PI > 3 && Math.log(1) === 0 && Math.pow(2, 3) === 8 ? 100 : 0;`;
    expect(
      (await seatrial('run', file('s.yaml', scenario()), '--plugin', file('mine.ts', scores(body)), '--out', join(folder, 'out'))).err,
    ).toBe('');
  });
});

describe('packages', () => {
  const entry = `import { definePlugin } from 'seatrial';\nimport { helper } from './helper.js';\nexport default definePlugin({ name: 'Packed', points: ['score'], create: () => ({ scoreNode: helper }) });\n`;

  test('are found from the working folder, whether they are there for import, for require or for both', () => {
    for (const [name, manifest] of [
      ['for-import', { exports: { '.': { import: './index.js' } } }],
      ['for-both', { exports: './index.js' }],
      ['@acme/old', { main: 'index.js' }],
    ] as const) {
      file(`node_modules/${name}/package.json`, JSON.stringify({ name, type: 'module', ...manifest }));
      file(`node_modules/${name}/index.js`, entry);
      file(`node_modules/${name}/helper.js`, `export const helper = () => 1;\n`);
      const modules = new PluginModules(diskFiles);
      const found = modules.findPackage(name, join(folder, 'x.js'));
      expect(found.endsWith(join(name, 'index.js'))).toBe(true);
      expect(modules.load(found)).toMatchObject({ default: { name: 'Packed' } });
    }
  });

  test('that are not there are named, with what to do', async () => {
    const { code, err } = await seatrial('run', file('s.yaml', scenario()), '--plugin', 'no-such-plugin');
    expect(err).toContain('no-such-plugin: there is no such package (npm install no-such-plugin, or write ./no-such-plugin for a file)');
    expect(code).toBe(2);
  });
});
