#!/usr/bin/env node
/**
 * seatrial: the command line's entry. Only connects the program to the real process.
 */
import { setFlagsFromString } from 'node:v8';
import { processIo } from './process-io.ts';
import { runCli } from './program.ts';

// The simulator is thousands of functions that each run a little. Compiling them at their first call, without optimization, instead of
// interpreting them until they are hot makes short runs a fifth faster; threads started later do the same.
setFlagsFromString('--always-sparkplug');
// Before the simulator is loaded, whose stacks would otherwise name the lines of bundled files.
if (process.argv.includes('--debug')) process.setSourceMapsEnabled(true);
const code = await runCli(process.argv.slice(2), async () => (await import('./parts.ts')).builtInParts(), processIo());
// Not process.exit: what is still in the pipes must get out.
if (code !== 0) process.exitCode = code;
