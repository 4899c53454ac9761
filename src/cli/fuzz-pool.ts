/**
 * FuzzPool: rows of cases, each core a thread.
 */
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { type FuzzRow, type FuzzRowOutcome, FuzzWorker } from './fuzz-task.ts';
import { tuneForManyWorlds } from './many-worlds.ts';

/** Of one thread: a case needs a few MB, so that more means a leak. */
const HEAP_MB = 2048;

export interface FuzzPool {
  /** Rows that may run at the same time. */
  readonly width: number;
  run(row: FuzzRow): Promise<FuzzRowOutcome>;
  close(): Promise<void>;
}

export function openPool(workers: number): FuzzPool {
  const here = fileURLToPath(import.meta.url);
  // Threads load compiled code only; from the sources (in tests) everything runs in this thread.
  if (here.endsWith('.ts')) {
    const worker = new FuzzWorker();
    return { width: 1, run: (row) => worker.run(row), close: async () => {} };
  }
  tuneForManyWorlds();
  const pool = new Piscina({
    // Seen from this file, and from the chunk that it ends up in when the program is bundled.
    filename: new URL('../cli/fuzz-worker.js', import.meta.url).href,
    minThreads: workers,
    maxThreads: workers,
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
  });
  return { width: workers, run: (row) => pool.run(row) as Promise<FuzzRowOutcome>, close: () => pool.destroy() };
}
