/**
 * seatrial list: what a scenario may name, straight from the registries.
 */
import { Command } from 'commander';
import { InputError } from '../base/input-error.ts';
import { nearestName } from '../base/nearest-name.ts';
import type { CatalogueEntry } from './catalogue.ts';
import type { CliIo, LoadParts } from './io.ts';
import { TOPICS, type Topic } from './topics.ts';

export function listCommand(load: LoadParts, io: CliIo): Command {
  return new Command('list')
    .summary('list what scenarios may name: faults, controllers, machines, ...')
    .description(`Lists the members of a family, or describes one of them with its parameters.\n\nFamilies: ${TOPICS.join(', ')}`)
    .argument('<family>', TOPICS.join('|'))
    .argument('[name]', 'describe this one only')
    .option('--json', 'print as JSON')
    .addHelpText('after', '\nExamples:\n  seatrial list faults\n  seatrial list faults node-crash\n  seatrial list machines --json\n')
    .action(async (topic: string, name: string | undefined, flags: { readonly json?: boolean }) => {
      if (!isTopic(topic)) throw unknownName('family', topic, TOPICS);
      const [parts, { catalogue }] = await Promise.all([load(), import('./catalogue.ts')]);
      const all = catalogue(topic, parts.words, parts.families);
      const shown = name === undefined ? all : all.filter((entry) => entry.name === name);
      if (name !== undefined && shown.length === 0)
        throw unknownName(
          `name in ${topic}`,
          name,
          all.map((entry) => entry.name),
        );
      if (flags.json === true) io.out(`${JSON.stringify(shown, undefined, 2)}\n`);
      else io.out(name === undefined ? renderList(shown) : renderEntry(shown[0]!));
    });
}

function isTopic(text: string): text is Topic {
  return (TOPICS as readonly string[]).includes(text);
}

function unknownName(what: string, found: string, valid: readonly string[]): InputError {
  const nearest = nearestName(found, valid);
  const list = valid.length <= 20 ? `, expected one of ${valid.join(', ')}` : '';
  const message = `unknown ${what} "${found}"${list}`;
  return new InputError([nearest === undefined ? { path: '', message } : { path: '', message, hint: `did you mean "${nearest}"?` }]);
}

function renderList(entries: readonly CatalogueEntry[]): string {
  const width = Math.max(...entries.map((entry) => entry.name.length), 0);
  return entries.map((entry) => `${entry.name.padEnd(width)}  ${entry.summary}\n`).join('');
}

function renderEntry(entry: CatalogueEntry): string {
  const lines = [entry.name, `  ${entry.summary}`];
  for (const [key, value] of Object.entries(entry.facts)) lines.push(`  ${key}: ${value}`);
  if (entry.params.length > 0) lines.push('parameters:');
  for (const param of entry.params) {
    const extra = [
      param.type,
      ...(param.default === undefined ? [] : [`default ${param.default}`]),
      ...(param.choices === undefined ? [] : [param.choices]),
    ];
    lines.push(`  ${param.name} (${extra.join(', ')})`, `    ${param.summary}`);
  }
  if (entry.example !== '') lines.push('example:', `  ${entry.example}`);
  return `${lines.join('\n')}\n`;
}
