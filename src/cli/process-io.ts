/**
 * CliIo over the real process: the only place that reads the wall clock and touches signals.
 */
import type { CliIo } from './io.ts';

export function processIo(): CliIo {
  // A reader that goes away (seatrial list kinds | head -1) is no error.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
  return {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    isTerminal: process.stderr.isTTY ?? false,
    columns: process.stderr.columns ?? 80,
    nowMs: () => performance.now(),
    timeOfDay: () => new Date().toISOString(),
    onInterrupt,
    pause: () => new Promise((resolve) => setImmediate(resolve)),
  };
}

/** The first Ctrl-C calls `handler`, the second is left to the system, which ends the process. */
function onInterrupt(handler: () => void): () => void {
  const listener = (): void => {
    process.removeListener('SIGINT', listener);
    process.stderr.write('\ninterrupted: finishing this slice and writing what was measured (Ctrl-C again to stop at once)\n');
    handler();
  };
  process.on('SIGINT', listener);
  return () => void process.removeListener('SIGINT', listener);
}
