/**
 * The whole command line as one commander program; `runCli` runs it and turns everything that happens into an exit code.
 */
import { Command, CommanderError } from 'commander';
import { VERSION } from '../base/version.ts';
import { registerConformance } from './conformance.ts';
import { reportError } from './errors.ts';
import { explainCommand } from './explain.ts';
import { fuzzCommand } from './fuzz.ts';
import { initCommand } from './init.ts';
import { type CliIo, EXIT, type ExitCode, type LoadParts } from './io.ts';
import { listCommand } from './list.ts';
import { reportCommand } from './report.ts';
import { runCommand } from './run.ts';
import { schemaCommand } from './schema.ts';
import { testCommand } from './test.ts';

/** Runs one command line (without the program's name) to its end. Never throws. */
export async function runCli(args: readonly string[], load: LoadParts, io: CliIo): Promise<ExitCode> {
  let code: ExitCode = EXIT.ok;
  const program = buildProgram(load, io, (found) => {
    code = found;
  });
  try {
    await program.parseAsync([...args], { from: 'user' });
    return code;
  } catch (error) {
    // Help and version end as "errors" with code 0; wrong options and commands have been printed already.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.badInput;
    return reportError(error, io, args.includes('--debug'));
  }
}

function buildProgram(load: LoadParts, io: CliIo, finish: (code: ExitCode) => void): Command {
  const program = new Command('seatrial')
    .description(
      'A deterministic discrete-event simulator of Kubernetes clusters: schedulers and controllers at sea, with every kind of storm.',
    )
    .version(VERSION, '-V, --version', 'print the version')
    .option('--debug', 'show stacks and causes of errors')
    .addHelpText('after', HELP);
  program.addCommand(runCommand(load, io, finish));
  program.addCommand(testCommand(load, io, finish));
  program.addCommand(initCommand(io));
  program.addCommand(listCommand(load, io));
  program.addCommand(schemaCommand(load, io));
  registerConformance(program, io, finish);
  program.addCommand(explainCommand(load, io, finish));
  program.addCommand(fuzzCommand(io, finish));
  program.addCommand(reportCommand(load, io));
  for (const command of [program, ...program.commands]) prepare(command, io);
  return program;
}

const HELP = `
Examples:
  seatrial init my-cluster                  write a commented scenario
  seatrial run my-cluster/scenario.yaml     simulate it
  seatrial test scenarios/                  check what scenarios expect
  seatrial fuzz --for 10m                   search for storms the control plane does not survive
  seatrial list faults                      what can break
  seatrial explain out/my-first-cluster-1 web-0     why a pod went where it did, or nowhere

"seatrial <command> --help" explains a command and its exit codes.
`;

/** What every command shares: where it writes, exceptions instead of exits, the nearest option in errors, --debug anywhere. */
function prepare(command: Command, io: CliIo): void {
  command.exitOverride().configureOutput({
    writeOut: (text) => io.out(text),
    writeErr: (text) => io.err(text),
    getOutHelpWidth: () => 100,
    getErrHelpWidth: () => 100,
  });
  command.showSuggestionAfterError(true);
  command.showHelpAfterError('(add --help for usage and examples)');
  if (command.parent !== null) command.option('--debug', 'show stacks and causes of errors');
  for (const child of command.parent === null ? [] : command.commands) prepare(child, io);
}
