import { describe, expect, test } from 'vitest';
import { applyMutant, type Mutant } from './mutant.ts';
import { MUTANTS } from './mutants.ts';
import { type MutantResult, reportText } from './report.ts';
import { PROFILES, placeOf } from './storms.ts';
import { SURVIVORS } from './survivors.ts';
import { readSource } from './tree.ts';

const MUTANT: Mutant = { name: 'm', file: 'x.ts', find: 'a < b', replace: 'a <= b', why: 'Off by one.', kind: 'bound' };

describe('the mutants', () => {
  test('each change one place of the code as it is', () => {
    for (const mutant of MUTANTS) {
      const source = readSource(mutant.file);
      expect(applyMutant(mutant, source), mutant.name).not.toBe(source);
    }
  });

  test('have names of their own, and a sentence each', () => {
    expect(new Set(MUTANTS.map(({ name }) => name)).size).toBe(MUTANTS.length);
    for (const { name, why } of MUTANTS) {
      expect(name).toMatch(/^[a-z]+(-[a-z]+)*$/);
      expect(why, name).toMatch(/^[A-Z].*\.$/);
    }
  });

  test('are at least 60, in every part of the control plane', () => {
    expect(MUTANTS.length).toBeGreaterThanOrEqual(60);
    const parts = new Set(MUTANTS.map(({ file }) => file.split('/')[0]));
    expect([...parts].sort()).toEqual(['apiserver', 'client', 'controllers', 'kubelet', 'scheduler']);
  });

  test('that are explained as survivors exist', () => {
    const names = MUTANTS.map(({ name }) => name);
    for (const name of Object.keys(SURVIVORS)) expect(names).toContain(name);
  });
});

describe('applyMutant', () => {
  test('refuses a text that is not there, is there twice, or changes nothing', () => {
    expect(applyMutant(MUTANT, 'if (a < b) c();')).toBe('if (a <= b) c();');
    expect(() => applyMutant(MUTANT, 'if (a > b) c();')).toThrow('mutant m: its text is not in src/x.ts');
    expect(() => applyMutant(MUTANT, 'a < b && a < b')).toThrow('more than once');
    expect(() => applyMutant({ ...MUTANT, replace: MUTANT.find }, 'a < b')).toThrow('changes nothing');
  });
});

describe('the report', () => {
  const found: MutantResult = {
    mutant: MUTANT,
    case: PROFILES.length + 1,
    foundBy: 'api-contract',
    message: 'broken',
    cases: 9,
    seconds: 1.25,
  };
  const survivor: MutantResult = { ...found, mutant: { ...MUTANT, name: 'n' }, case: undefined, foundBy: '', cases: 700 };

  test('has a row for each mutant, the share found, and the survivors', () => {
    const text = reportText([found, survivor], 60, []);
    expect(text).toContain('**1 of 2 are found (50 %)**');
    expect(text).toContain(`| m | \`x.ts\` | Off by one. | bound | api-contract | ${PROFILES[1]!.name}/1 | 1.3 |`);
    expect(text).toContain('- **n** (700 cases): not yet explained.');
    expect(reportText([found], 60, [])).not.toContain('## Survivors');
  });

  test('names cases by their profile', () => {
    expect(placeOf(0)).toEqual({ profile: 0, number: 0 });
    expect(placeOf(PROFILES.length * 3 + 2)).toEqual({ profile: 2, number: 3 });
  });
});
