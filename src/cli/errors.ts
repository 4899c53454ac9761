/**
 * How errors end a command: what is printed, and the exit code.
 *
 *   InputError       2   every problem on its own line, `file:line:column: path: message (hint)`
 *   SimulationBug    3   with seed, time, event and the command that repeats it; the cause with --debug
 *   anything else    3   also ours, until proven otherwise; except files that cannot be written, which are 2
 */
import { formatProblem, InputError } from '../base/input-error.ts';
import { SimulationBug } from '../base/invariant.ts';
import { type CliIo, EXIT, type ExitCode } from './io.ts';

export function reportError(error: unknown, io: CliIo, isDebug: boolean): ExitCode {
  if (error instanceof InputError) {
    for (const problem of error.problems) io.err(`${formatProblem(problem)}\n`);
    const count = error.problems.length;
    io.err(`${count} problem${count === 1 ? '' : 's'} found, nothing was written\n`);
    return EXIT.badInput;
  }
  if (isFileError(error)) {
    io.err(`cannot write ${error.path ?? 'a file'}: ${error.message}\n`);
    if (isDebug) printCauses(error, io);
    return EXIT.badInput;
  }
  const what = error instanceof Error ? error.message : String(error);
  io.err(`${error instanceof SimulationBug ? 'internal error' : 'unexpected error'}: ${what}\n`);
  if (isDebug) printCauses(error, io);
  else io.err('This is a bug in seatrial. Run again with --debug for the stack, and please report it with the lines above.\n');
  return EXIT.bug;
}

function isFileError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).syscall === 'string';
}

function printCauses(error: unknown, io: CliIo): void {
  for (let at = error; at instanceof Error; at = at.cause) {
    io.err(`${at === error ? '' : 'caused by: '}${at.stack ?? at.message}\n`);
  }
}
