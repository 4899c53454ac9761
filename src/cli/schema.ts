/**
 * seatrial schema: the scenario file as JSON Schema, for editors.
 */
import { Command } from 'commander';
import type { CliIo, LoadParts } from './io.ts';

export function schemaCommand(load: LoadParts, io: CliIo): Command {
  return new Command('schema')
    .summary('print the JSON Schema of scenario files')
    .description('Prints the JSON Schema of scenario files, with which editors complete keys and show mistakes while you type.')
    .addHelpText(
      'after',
      `
Example:
  seatrial schema > scenario.schema.json
  # and as the first line of a scenario, for the YAML language server:
  # yaml-language-server: $schema=./scenario.schema.json
`,
    )
    .action(async () => {
      const [parts, { scenarioJsonSchema }] = await Promise.all([load(), import('../scenario/json-schema.ts')]);
      io.out(`${JSON.stringify(scenarioJsonSchema(parts.words), undefined, 2)}\n`);
    });
}
