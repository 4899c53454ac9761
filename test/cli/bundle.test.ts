/** The bundled command (vite.command.config.ts): the same program in few files. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
// Inside the working copy, where packages that are not bundled are found.
const built = join(root, 'dist', `.bundle-${process.pid}`);

beforeAll(() => {
  mkdirSync(built, { recursive: true });
  const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js');
  execFileSync(process.execPath, [vite, 'build', '--config', join(root, 'vite.command.config.ts'), '--outDir', built], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, NODE_ENV: 'production' },
  });
});
afterAll(() => rmSync(built, { recursive: true, force: true }));

function seatrial(command: readonly string[], ...args: readonly string[]): string {
  return execFileSync(process.execPath, [...command, ...args], { cwd: root, encoding: 'utf8' });
}

const bundled = [join(built, 'cli', 'main.js')];
const fromSources = ['--import', 'tsx', join(root, 'src/cli/main.ts')];

test('gives the digests that the sources give', () => {
  const digest = (command: readonly string[]): unknown =>
    JSON.parse(seatrial(command, 'test', 'scenarios/rolling-update.yaml', '--json')).scenarios[0].digest;
  expect(digest(bundled)).toBe(digest(fromSources));
});

test('finds its worker threads', () => {
  const out = join(built, 'fuzz');
  expect(seatrial(bundled, 'fuzz', '--cases', '40', '--workers', '2', '--quiet', '--out', out)).toBe('40 passed, 0 failed\n');
});

test('a plugin file imports the very program that runs it', () => {
  // An InputError of another copy would be an unknown error.
  const entry = (name: string): string => readFileSync(join(built, name), 'utf8');
  expect(entry('index.js')).toMatch(/from "\.\/chunks\//);
  expect(entry('testing/index.js')).toMatch(/from "\.\.\/chunks\//);
  const text = readdirSync(join(built, 'chunks')).map((name) => (name.endsWith('.js') ? entry(join('chunks', name)) : ''));
  expect(text.join('').match(/\bInputError = class\b|\bclass InputError\b/g)).toHaveLength(1);
});

test('help and version load neither the simulator nor its libraries', () => {
  const imports = [...readFileSync(join(built, 'cli', 'main.js'), 'utf8').matchAll(/^import .* from "\.\.\/(chunks\/.*)";$/gm)];
  const bytes = imports.reduce((sum, [, file]) => sum + readFileSync(join(built, file!)).length, 0);
  expect(imports.length).toBeGreaterThan(0);
  expect(bytes).toBeLessThan(250_000);
});
