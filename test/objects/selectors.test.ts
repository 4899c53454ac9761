import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { LabelSelector, LabelSelectorRequirement, StringMap } from '../../src/objects/meta.ts';
import type { NodeSelectorRequirement, NodeSelectorTerm } from '../../src/objects/pod.ts';
import {
  compileLabelMap,
  compileLabelSelector,
  compileNodeSelector,
  compileNodeTerm,
  labelsContain,
  selectorMatches,
} from '../../src/objects/selectors.ts';
import { check } from '../support/seeded.ts';

const anyKey = fc.constantFrom('app', 'tier', 'zone', 'size', 'constructor');
const anyValue = fc.constantFrom('', 'a', 'b', '3', '12', '-4');
const anyLabels: fc.Arbitrary<StringMap> = fc.dictionary(anyKey, anyValue, { maxKeys: 4, noNullPrototype: true });

const anyRequirement: fc.Arbitrary<LabelSelectorRequirement> = fc.oneof(
  fc.record({
    key: anyKey,
    operator: fc.constantFrom('In' as const, 'NotIn' as const),
    values: fc.array(fc.constantFrom('', 'a', 'b', '3'), { minLength: 1, maxLength: 3 }),
  }),
  fc.record({ key: anyKey, operator: fc.constantFrom('Exists' as const, 'DoesNotExist' as const), values: fc.constant([]) }),
);

const anySelector: fc.Arbitrary<LabelSelector> = fc.record({
  matchLabels: fc.dictionary(anyKey, fc.constantFrom('', 'a', 'b'), { maxKeys: 2, noNullPrototype: true }),
  matchExpressions: fc.array(anyRequirement, { maxLength: 3 }),
});

function has(labels: StringMap, key: string): boolean {
  return Object.keys(labels).includes(key);
}

function naiveMatches(selector: LabelSelector | undefined, labels: StringMap): boolean {
  if (selector === undefined) return false;
  return (
    Object.entries(selector.matchLabels).every(([key, value]) => has(labels, key) && labels[key] === value) &&
    selector.matchExpressions.every(({ key, operator, values }) => {
      if (operator === 'In') return has(labels, key) && values.includes(labels[key]!);
      if (operator === 'NotIn') return !has(labels, key) || !values.includes(labels[key]!);
      return has(labels, key) === (operator === 'Exists');
    })
  );
}

describe('compileLabelSelector', () => {
  test('agrees with a naive reading of the rules on any selector and labels', () => {
    check(
      fc.property(fc.option(anySelector, { nil: undefined }), anyLabels, (selector, labels) => {
        expect(compileLabelSelector(selector).matches(labels)).toBe(naiveMatches(selector, labels));
        expect(selectorMatches(selector, labels)).toBe(naiveMatches(selector, labels));
      }),
      1000,
    );
  });

  test('an absent selector matches nothing and is not empty; {} matches everything and is', () => {
    const absent = compileLabelSelector(undefined);
    expect([absent.matches({}), absent.isEmpty, absent.matchesNothing]).toEqual([false, false, true]);
    const empty = compileLabelSelector({ matchLabels: {}, matchExpressions: [] });
    expect([empty.matches({ a: 'b' }), empty.isEmpty, empty.matchesNothing]).toEqual([true, true, false]);
  });

  test('a selector with a mistake matches nothing and says what it is', () => {
    const wrong = { key: 'app', operator: 'Is' as 'In', values: ['a'] };
    const matcher = compileLabelSelector({ matchLabels: {}, matchExpressions: [wrong] });
    expect(matcher.matches({ app: 'a' })).toBe(false);
    expect(matcher.error?.message).toContain('unknown operator "Is"');
    expect(matcher.isEmpty).toBe(false);
  });
});

test('the selector of a Service matches nothing when it is empty', () => {
  expect(compileLabelMap({}).matches({ a: 'b' })).toBe(false);
  expect(compileLabelMap(undefined).matches({})).toBe(false);
  expect(compileLabelMap({ a: 'b' }).matches({ a: 'b', c: 'd' })).toBe(true);
});

test('labelsContain wants every entry', () => {
  expect(labelsContain({ a: '1', b: '2' }, { a: '1' })).toBe(true);
  expect(labelsContain({ a: '1' }, { a: '1', b: '2' })).toBe(false);
  expect(labelsContain({}, {})).toBe(true);
});

describe('compileNodeSelector', () => {
  const term = (matchExpressions: NodeSelectorRequirement[], matchFields: NodeSelectorRequirement[] = []): NodeSelectorTerm => ({
    matchExpressions,
    matchFields,
  });

  test.each([
    ['Gt', '3', '4', true],
    ['Gt', '3', '3', false],
    ['Lt', '3', '2', true],
    ['Lt', '3', 'x', false],
    ['Gt', '3', undefined, false],
    ['Gt', '9007199254740992', '9007199254740993', true],
    ['Lt', '5', '-4', true],
  ])('%s %s against %s gives %s', (operator, bound, actual, expected) => {
    const labels: StringMap = actual === undefined ? {} : { size: actual };
    expect(compileNodeTerm(term([{ key: 'size', operator, values: [bound] }])).matches(labels, 'n')).toBe(expected);
  });

  test.each([
    ['an unknown operator', { key: 'a', operator: 'Has', values: ['x'] }],
    ['In without values', { key: 'a', operator: 'In', values: [] }],
    ['Exists with values', { key: 'a', operator: 'Exists', values: ['x'] }],
    ['Gt with two values', { key: 'a', operator: 'Gt', values: ['1', '2'] }],
    ['Gt with text', { key: 'a', operator: 'Gt', values: ['many'] }],
    ['a negative bound, which is no label value', { key: 'a', operator: 'Gt', values: ['-1'] }],
    ['a key that is no label key', { key: 'a b', operator: 'Exists', values: [] }],
    ['a value that is no label value', { key: 'a', operator: 'In', values: ['x y'] }],
  ])('a term with %s matches nothing, other terms still may', (_, requirement) => {
    const wrong = compileNodeTerm(term([requirement]));
    expect(wrong.error).toBeDefined();
    expect(wrong.matches({ a: 'x' }, 'n')).toBe(false);
    const selector = compileNodeSelector({
      nodeSelectorTerms: [term([requirement]), term([{ key: 'a', operator: 'Exists', values: [] }])],
    });
    expect(selector.matches({ a: 'x' }, 'n')).toBe(true);
    expect(selector.error).toBeDefined();
  });

  test('an empty term and a selector without terms match nothing', () => {
    expect(compileNodeTerm(term([])).matches({}, 'n')).toBe(false);
    expect(compileNodeSelector({ nodeSelectorTerms: [] }).matches({}, 'n')).toBe(false);
  });

  test.each([
    [{ key: 'metadata.name', operator: 'In', values: ['n'] }, true],
    [{ key: 'metadata.name', operator: 'NotIn', values: ['n'] }, false],
    [{ key: 'metadata.uid', operator: 'In', values: [''] }, true],
    [{ key: 'metadata.uid', operator: 'NotIn', values: ['n'] }, true],
    [{ key: 'metadata.name', operator: 'In', values: ['n', 'm'] }, false],
    [{ key: 'metadata.name', operator: 'Exists', values: [] }, false],
  ])('field %j on node n gives %s', (requirement, expected) => {
    expect(compileNodeTerm(term([], [requirement])).matches({}, 'n')).toBe(expected);
  });
});
