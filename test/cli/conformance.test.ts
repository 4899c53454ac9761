import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { InputError } from '../../src/base/input-error.ts';
import { registerConformance } from '../../src/cli/conformance.ts';
import type { CliIo, ExitCode } from '../../src/cli/io.ts';

const vectors = (release: string) => fileURLToPath(new URL(`../conformance/vectors/${release}/cases.jsonl`, import.meta.url));

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'seatrial-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function conformance(...args: readonly string[]): Promise<{ out: string; err: string; code: ExitCode }> {
  let out = '';
  let err = '';
  let code: ExitCode = 0;
  const toOut = (text: string): void => {
    out += text;
  };
  const toErr = (text: string): void => {
    err += text;
  };
  const io: CliIo = {
    out: toOut,
    err: toErr,
    isTerminal: false,
    columns: 80,
    nowMs: () => 0,
    timeOfDay: () => '',
    onInterrupt: () => () => {},
    pause: () => Promise.resolve(),
  };
  const program = new Command().exitOverride().configureOutput({ writeErr: toErr, writeOut: toOut });
  registerConformance(program, io, (found) => {
    code = found;
  });
  for (const command of program.commands) command.exitOverride().configureOutput({ writeErr: toErr });
  await program.parseAsync(['conformance', ...args], { from: 'user' });
  return { out, err, code };
}

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

/** The first case of our v1.34.1 vectors that finds a node, with another expectation. */
function changedCase(): string {
  const line = readFileSync(vectors('v1.34.1'), 'utf8')
    .split('\n')
    .find((text) => text.includes('"best":'));
  const source = JSON.parse(line!);
  return JSON.stringify({ ...source, expect: { ...source.expect, best: ['nowhere'] } });
}

describe('seatrial conformance', () => {
  test('plays the release that manifest.json names and ends with the counts', async () => {
    const { out, code } = await conformance(vectors('v1.34.1'), vectors('v1.32.2'));
    expect(out.trimEnd().split('\n').at(-1)).toMatch(/^\d+ passed, 0 failed$/);
    expect(out).toMatch(/^decision +\d+ +0$/m);
    expect(out).toMatch(/^NodeResourcesFit +\d+ +0 +\d+ +0$/m);
    expect(code).toBe(0);
  });

  test('the wrong release does not agree, shows the first cases and exits with 1', async () => {
    const { out, code } = await conformance(vectors('v1.34.1'), '--kubernetes-version', '1.32', '--show', '2');
    expect(code).toBe(1);
    expect(out.match(/^.*cases\.jsonl: /gm)).toHaveLength(2);
    expect(out).toMatch(/more mismatching cases \(see --show\)/);
    expect(out).toMatch(/\n\d+ passed, [1-9]\d* failed\n$/);
  });

  test('reads gzip by its content, and says what was expected and what came', async () => {
    const { out, code } = await conformance(file('changed.bin', gzipSync(`${changedCase()}\n`)));
    expect(code).toBe(1);
    expect(out).toContain('  best\n    expected ["nowhere"]\n    got      [');
    expect(out.endsWith('0 passed, 1 failed\n')).toBe(true);
  });

  test.each([
    ['a file that is not there', () => join(folder, 'none.jsonl'), /cannot be read/],
    ['a line that is not JSON', () => file('bad.jsonl', '\n{"kind":'), /bad\.jsonl:2: not JSON/],
    ['a case without its parts', () => file('empty.jsonl', '{"kind":"decision"}'), /cluster: is required/],
    [
      'an unknown kind of case',
      () => file('kind.jsonl', '{"kind":"decison","id":"x","cluster":{},"pod":{},"expect":{}}'),
      /did you mean "decision"/,
    ],
    [
      'an unknown list',
      () => file('list.jsonl', '{"kind":"decision","id":"x","cluster":{"node":[]},"pod":{},"expect":{}}'),
      /did you mean "nodes"/,
    ],
    [
      'a profile that is wrong',
      () => file('profile.jsonl', '{"kind":"decision","id":"x","cluster":{},"pod":{},"expect":{},"profile":{"parallelism":0}}'),
      /profile\.parallelism: must be at least 1/,
    ],
  ])('%s is bad input', async (_, path, message) => {
    const failure = await conformance(path()).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(InputError);
    expect((failure as InputError).message).toMatch(message);
  });

  test('a manifest of a release we do not play is bad input, unless one is chosen', async () => {
    const path = file('one.jsonl', `${changedCase()}\n`);
    const manifest = file('manifest.json', '{"kubernetesVersion":"v1.20.0"}');
    await expect(conformance(path)).rejects.toThrow(/release v1\.20\.0 is not one we play, expected 1\.34 or 1\.32/);
    expect((await conformance(path, '--kubernetes-version', '1.34')).code).toBe(1);
    rmSync(manifest);
  });

  test('an unknown evaluator is refused', async () => {
    await expect(conformance(vectors('v1.34.1'), '--evaluator', 'fast')).rejects.toThrow();
  });
});
