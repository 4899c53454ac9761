/**
 * seatrial init: writes a commented scenario to start from.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { InputError } from '../base/input-error.ts';
import type { CliIo } from './io.ts';
import { STARTER_SCENARIO } from './starter-scenario.ts';

export function initCommand(io: CliIo): Command {
  return new Command('init')
    .summary('write a commented scenario to start from')
    .description('Writes scenario.yaml with every part explained. An existing file is never overwritten, unless --force is given.')
    .argument('[dir]', 'where to write it', '.')
    .option('--force', 'overwrite an existing scenario.yaml')
    .addHelpText('after', '\nExample:\n  seatrial init my-cluster && seatrial run my-cluster/scenario.yaml\n')
    .action((dir: string, flags: { readonly force?: boolean }) => {
      const file = join(dir, 'scenario.yaml');
      if (existsSync(file) && flags.force !== true) {
        throw new InputError([
          { path: '', file, message: 'this file exists, it is not overwritten', hint: 'choose another folder, or use --force' },
        ]);
      }
      mkdirSync(dir, { recursive: true });
      writeFileSync(file, STARTER_SCENARIO);
      io.out(`wrote ${file}\nnext: seatrial run ${file}\n`);
    });
}
