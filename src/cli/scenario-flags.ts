/**
 * Options that every command with a scenario takes: --seed, --until, --set, --plugin, --controller. The first three become overrides of the
 * written scenario, so that they are checked like what is in the file.
 */
import type { Command } from 'commander';
import type { LoadOptions } from '../scenario/load.ts';

export interface ScenarioFlags {
  readonly seed?: string;
  readonly until?: string;
  readonly set?: readonly string[];
  readonly skipBadRows?: boolean;
  readonly plugin?: readonly string[];
  readonly controller?: readonly string[];
}

export function withScenarioFlags(command: Command): Command {
  return command
    .option('--seed <seed>', 'replace the seed: a whole number or a text')
    .option('--until <time>', 'replace the duration: such as 2h, or idle')
    .option('--set <path=value>', 'replace a value: spec.events[0].for=3m, or deployment/web:spec.replicas=5 (repeatable)', collect, [])
    .option(
      '--plugin <source>',
      'give every scheduler a plugin of your own: a TypeScript or JavaScript file, or an npm package (repeatable)',
      collect,
      [],
    )
    .option(
      '--controller <file>',
      'run controllers of your own beside the built-in ones: a TypeScript or JavaScript file (repeatable)',
      collect,
      [],
    )
    .option('--skip-bad-rows', 'leave out malformed rows of traces instead of refusing them; how many is said');
}

function collect(value: string, previous: readonly string[]): string[] {
  return [...previous, value];
}

/** What `loadScenario` has to know of the options. */
export function loadOptionsOf(flags: ScenarioFlags): Pick<LoadOptions, 'overrides' | 'skipBadRows' | 'pluginSources'> {
  return { overrides: overridesOf(flags), skipBadRows: flags.skipBadRows ?? false, pluginSources: flags.plugin ?? [] };
}

/** As `--set` texts; --set comes first, so the more special options win. */
function overridesOf(flags: ScenarioFlags): string[] {
  const overrides = [...(flags.set ?? [])];
  // A seed of digits is a number, as in a file; any other text is quoted.
  if (flags.seed !== undefined) overrides.push(`spec.seed=${/^-?\d{1,15}$/.test(flags.seed) ? flags.seed : JSON.stringify(flags.seed)}`);
  if (flags.until !== undefined) overrides.push(`spec.duration=${JSON.stringify(flags.until)}`);
  return overrides;
}

/** What a user types to repeat the run. */
export function replayCommandOf(command: string, files: readonly string[], flags: ScenarioFlags): string {
  const words = ['seatrial', command, ...files];
  if (flags.seed !== undefined) words.push('--seed', flags.seed);
  if (flags.until !== undefined) words.push('--until', flags.until);
  for (const text of flags.set ?? []) words.push('--set', text);
  for (const source of flags.plugin ?? []) words.push('--plugin', source);
  for (const file of flags.controller ?? []) words.push('--controller', file);
  if (flags.skipBadRows === true) words.push('--skip-bad-rows');
  return words.map(quote).join(' ');
}

/** Quotes for a POSIX shell where needed. */
function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
