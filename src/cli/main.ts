#!/usr/bin/env node
/**
 * seatrial: the command line's entry. Only connects the program to the real process.
 */
import { processIo } from './process-io.ts';
import { runCli } from './program.ts';

// Before the simulator is loaded, whose stacks would otherwise name the lines of bundled files.
if (process.argv.includes('--debug')) process.setSourceMapsEnabled(true);
const code = await runCli(process.argv.slice(2), async () => (await import('./parts.ts')).builtInParts(), processIo());
// Not process.exit: what is still in the pipes must get out.
if (code !== 0) process.exitCode = code;
