/**
 * The tutorial is run: its code blocks are taken out of the page, compiled and executed as a reader would.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { diskFiles } from '../../src/cli/disk-files.ts';
import { PluginModules } from '../../src/cli/plugin-modules.ts';
import * as testing from '../../src/testing/index.ts';

const page = readFileSync(new URL('../../docs/tutorials/prove-a-controller.md', import.meta.url), 'utf8');
const blocks = new Map([...page.matchAll(/```ts title="([^"]+)"\n([\s\S]*?)```/g)].map(([, title, code]) => [title!, code!]));
const folder = mkdtempSync(join(tmpdir(), 'seatrial-tutorial-'));

afterAll(() => rmSync(folder, { recursive: true }));

/** What the page's test registers when its module is loaded. */
function testsOf(operator: string): (() => void)[] {
  const registered: (() => void)[] = [];
  const vitest = { test: (_title: string, run: () => void) => registered.push(run) };
  writeFileSync(join(folder, 'cache-operator.ts'), operator);
  writeFileSync(join(folder, 'cache-operator.test.ts'), blocks.get('cache-operator.test.ts')!);
  const modules = new PluginModules(diskFiles, { 'seatrial/testing': testing, 'fast-check': fc, vitest });
  modules.load(join(folder, 'cache-operator.test.ts'));
  return registered;
}

describe('prove a controller', () => {
  const operator = blocks.get('cache-operator.ts')!;

  test('the test has less than 40 lines', () => {
    expect(blocks.get('cache-operator.test.ts')!.trimEnd().split('\n').length).toBeLessThan(40);
  });

  test('the bug is found, and shrunk to one object on one node without a fault', () => {
    const [run] = testsOf(operator);
    let caught: unknown;
    try {
      run!();
    } catch (error) {
      caught = error;
    }
    expect(caught).toBeInstanceOf(testing.ConvergenceError);
    const { counterexample } = caught as testing.ConvergenceError;
    expect(counterexample.violation.invariant).toBe('no-spare-pods');
    expect(counterexample.isMinimal).toBe(true);
    expect(counterexample.storm).toMatchObject({ zones: [1], workloads: [], actions: [], faults: [] });
    expect(counterexample.storm.objects).toHaveLength(1);
    expect(counterexample.story).toContain('creates pod/default/hot-');
  });

  test('the fix passes', () => {
    const [first, second] = [blocks.get('the fix')!, blocks.get('the fix, continued')!];
    const fixed = operator
      .replace(/^ {2}const meta = .*\n/m, first)
      .replace(/^ {6}for \(let count = mine\.length[\s\S]*?\n {6}\}\n/m, second);
    expect(fixed).toContain('AlreadyExists');
    const [run] = testsOf(fixed);
    run!();
  });
});
