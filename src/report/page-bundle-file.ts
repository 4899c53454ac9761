/**
 * Finds the script of report pages: in the report folder of a published package; in a working copy, in dist/report, built anew
 * when a source of it is younger.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const BUNDLE = 'page-bundle.js';

/** The script as text. Throws an ordinary error that says what to do when it is neither there nor can be built. */
export function readPageBundle(): string {
  // Of this file, and of the chunk that it ends up in when the program is bundled.
  const here = fileURLToPath(new URL('../report/', import.meta.url));
  const beside = join(here, BUNDLE);
  if (existsSync(beside)) return readFileSync(beside, 'utf8');
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const built = join(root, 'dist', 'report', BUNDLE);
  if (!existsSync(built) || statSync(built).mtimeMs < newestSourceMs(here)) buildPageBundle(root, built);
  return readFileSync(built, 'utf8');
}

/** Built aside and moved into place: several processes may want it at once. */
function buildPageBundle(root: string, target: string): void {
  const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js');
  if (!existsSync(vite))
    throw new Error('the script of report pages is missing: run "npm run build:report" in the working copy of seatrial');
  const aside = `${target}.partial-${process.pid}`;
  execFileSync(process.execPath, [vite, 'build', '--config', join(root, 'vite.report.config.ts'), '--outDir', aside], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
    // Test runners set it to test, which would bundle differently.
    env: { ...process.env, NODE_ENV: 'production' },
  });
  mkdirSync(dirname(target), { recursive: true });
  renameSync(join(aside, BUNDLE), target);
  rmSync(aside, { recursive: true, force: true });
}

/** When the youngest source below src/report was changed. */
function newestSourceMs(folder: string): number {
  let newest = 0;
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (name.endsWith('.ts')) newest = Math.max(newest, statSync(join(folder, name)).mtimeMs);
  }
  return newest;
}
