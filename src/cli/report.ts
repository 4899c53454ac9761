/**
 * seatrial report: rebuilds the page of a result from its saved tables.
 */
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import type { CliIo, LoadParts } from './io.ts';

export function reportCommand(load: LoadParts, io: CliIo): Command {
  return new Command('report')
    .summary('rebuild the page of a result folder')
    .description('Draws report.html anew from the tables saved in a result folder. Nothing is simulated.')
    .argument('<dir>', 'a folder written by seatrial run')
    .addHelpText('after', '\nExample:\n  seatrial report out/zone-outage-7\n')
    .action(async (dir: string) => {
      const parts = await load();
      const page = parts.renderReport(await parts.readResult(dir));
      const file = join(dir, 'report.html');
      const partial = `${file}.partial-${process.pid}`;
      writeFileSync(partial, page);
      renameSync(partial, file);
      io.out(`wrote ${file}\n`);
    });
}
