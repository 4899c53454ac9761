/**
 * The tutorial is run as its reader would: its files are written, its commands run in that folder, and what it says they print
 * must be printed.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { builtInParts } from '../../src/cli/parts.ts';
import { runCli } from '../../src/cli/program.ts';

const tutorial = fileURLToPath(new URL('../../docs/tutorials/write-a-scheduler-plugin.md', import.meta.url));
const home = process.cwd();

afterEach(() => process.chdir(home));

interface Block {
  readonly language: string;
  /** Empty for blocks that are no files. */
  readonly file: string;
  readonly text: string;
}

function blocksOf(markdown: string): Block[] {
  return [...markdown.matchAll(/^```(\w+)(?: (\S+))?\n([\s\S]*?)^```$/gm)].map(([, language, file, text]) => {
    return { language: language!, file: file ?? '', text: text! };
  });
}

/** Words of a command line; single quotes keep spaces together. */
function wordsOf(command: string): string[] {
  return [...command.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain!);
}

async function seatrial(args: readonly string[]): Promise<string> {
  let printed = '';
  const print = (text: string): void => {
    printed += text;
  };
  await runCli(args, builtInParts, {
    out: print,
    err: print,
    isTerminal: false,
    columns: 80,
    nowMs: () => 0,
    timeOfDay: () => '2026-01-01T00:00:00.000Z',
    onInterrupt: () => () => {},
    pause: () => Promise.resolve(),
  });
  return printed;
}

test('docs/tutorials/write-a-scheduler-plugin.md does what it says', async () => {
  const blocks = blocksOf(readFileSync(tutorial, 'utf8'));
  const folder = mkdtempSync(join(tmpdir(), 'seatrial-tutorial-'));
  process.chdir(folder);
  const digests: string[] = [];
  let commands = 0;
  for (const { language, file, text } of blocks) {
    if (file !== '') writeFileSync(join(folder, file), text);
    if (language !== 'console') continue;
    let printed = '';
    for (const line of text.trimEnd().split('\n')) {
      if (!line.startsWith('$ seatrial ')) {
        expect(printed).toContain(line.trim());
        continue;
      }
      printed = await seatrial(wordsOf(line.slice('$ seatrial '.length)));
      commands++;
      const digest = /^digest: (\w+)$/m.exec(printed)?.[1];
      if (digest !== undefined) digests.push(digest);
    }
  }
  process.chdir(home);
  rmSync(folder, { recursive: true, force: true });
  expect(commands).toBe(10);
  // The last two commands run the same scenario with both evaluators.
  expect(digests.at(-1)).toBe(digests.at(-2));
}, 120_000);
