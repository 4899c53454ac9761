/**
 * Mutant: one deliberate bug, as a change of one place in the source.
 */

/** What sort of mistake it is. */
export type MutantKind =
  /** Off by one, `<` for `<=`, wrong sign. */
  | 'bound'
  /** Looks at the wrong thing: another field, another key, the wrong side. */
  | 'mix-up'
  /** Does not look: a check that a rare case needs is missing. */
  | 'check'
  /** Nobody is told: a wake-up, a requeue, a timer is missing. */
  | 'wake-up'
  /** Something is not given back, counted down or forgotten. */
  | 'leak'
  /** An error is dropped, or taken for success. */
  | 'error'
  /** What was asked for or seen is not remembered, so that it is done twice. */
  | 'memory'
  /** Right steps in the wrong order. */
  | 'order';

export interface Mutant {
  /** kebab-case, unique. */
  readonly name: string;
  /** Under `src/`. */
  readonly file: string;
  /** Text that occurs exactly once in the file. */
  readonly find: string;
  readonly replace: string;
  /** One sentence: what goes wrong. */
  readonly why: string;
  readonly kind: MutantKind;
}

/** The file with the bug in it. Throws when the place is not there, or not the only one. */
export function applyMutant({ name, file, find, replace }: Mutant, text: string): string {
  const first = text.indexOf(find);
  if (first < 0) throw new Error(`mutant ${name}: its text is not in src/${file}`);
  if (text.indexOf(find, first + 1) >= 0) throw new Error(`mutant ${name}: its text is more than once in src/${file}`);
  if (find === replace) throw new Error(`mutant ${name}: changes nothing`);
  return text.slice(0, first) + replace + text.slice(first + find.length);
}
