/**
 * docs/mutation.md: what the mutation check found, as a table, and why what survived did.
 */
import type { Mutant } from './mutant.ts';
import { PROFILES, placeOf } from './storms.ts';
import { SURVIVORS } from './survivors.ts';
import type { WorkerResult } from './worker.ts';

export interface MutantResult extends WorkerResult {
  readonly mutant: Mutant;
}

export function reportText(results: readonly MutantResult[], seconds: number, falseAlarms: readonly string[]): string {
  const found = results.filter((result) => result.case !== undefined);
  const survivors = results.filter((result) => result.case === undefined);
  const share = Math.floor((1000 * found.length) / results.length) / 10;
  return `# Who watches the watchmen: mutation testing

Would the convergence kit (\`seatrial/testing\`, \`seatrial fuzz\`) notice if the control plane were wrong? \`npm run mutants\` puts one
bug after another into a copy of our own API server, client, controllers, scheduler and kubelet: one place each, of the kind people
really make. Each copy then meets random storms until an invariant breaks, for at most ${seconds} s of processor time. The bugs live in
\`test/mutants/mutants.ts\`; none of them is in the code.

**${found.length} of ${results.length} are found (${share} %)**, half of them within ${median(found.map((result) => result.seconds)).toFixed(1)} s. The cases that found one pass on the code as it is:
${falseAlarms.length === 0 ? 'no false alarm' : `${falseAlarms.length} false alarms`}.

A case is one storm of one profile (\`test/mutants/storms.ts\`): ${PROFILES.map(({ name }) => `\`${name}\``).join(', ')}. \`endless\` means that the case never
ended. Seconds include some 0.5 s for loading the code.

| Mutant | File | What is wrong | Kind | Found by | Case | s |
|---|---|---|---|---|---|---|
${results.map(rowOf).join('\n')}

## By kind of mistake

| Kind | Mutants | Found |
|---|---|---|
${countsBy(results, ({ kind }) => kind)}

## By part

| Part | Mutants | Found |
|---|---|---|
${countsBy(results, ({ file }) => file.split('/')[0]!)}

## By invariant

| Invariant | Mutants it found first |
|---|---|
${byInvariant(found)}
${survivors.length === 0 ? '' : `\n## Survivors\n\n${survivors.map(survivorText).join('\n')}\n`}`;
}

function rowOf({ mutant, case: index, foundBy, seconds }: MutantResult): string {
  const outcome = index === undefined ? ['**survived**', '', ''] : [foundBy, caseName(index), seconds.toFixed(1)];
  return `| ${[mutant.name, `\`${mutant.file}\``, mutant.why, mutant.kind, ...outcome].join(' | ')} |`;
}

/** `updates/12`: the twelfth case of that profile. */
function caseName(index: number): string {
  const { profile, number } = placeOf(index);
  return `${PROFILES[profile]!.name}/${number}`;
}

function survivorText({ mutant, cases }: MutantResult): string {
  return `- **${mutant.name}** (${cases} cases): ${SURVIVORS[mutant.name] ?? 'not yet explained.'}`;
}

function countsBy(results: readonly MutantResult[], groupOf: (mutant: Mutant) => string): string {
  const groups = [...new Set(results.map(({ mutant }) => groupOf(mutant)))];
  return groups
    .map((group) => {
      const members = results.filter(({ mutant }) => groupOf(mutant) === group);
      return `| ${group} | ${members.length} | ${members.filter((result) => result.case !== undefined).length} |`;
    })
    .join('\n');
}

function byInvariant(found: readonly MutantResult[]): string {
  const counts = new Map<string, number>();
  for (const { foundBy } of found) counts.set(foundBy, (counts.get(foundBy) ?? 0) + 1);
  return [...counts]
    .sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
    .map(([name, count]) => `| ${name} | ${count} |`)
    .join('\n');
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
