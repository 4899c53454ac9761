import { describe, expect, test } from 'vitest';
import type { InputProblem } from '../../src/base/input-error.ts';
import { formatPath, parseInlineValue, parseSource } from '../../src/scenario/yaml-source.ts';

function parse(text: string) {
  const problems: InputProblem[] = [];
  return { documents: parseSource('f.yaml', text, problems), problems };
}

describe('parseSource', () => {
  test('reads several documents and knows where each part is', () => {
    const { documents } = parse('a: 1\n---\nb:\n  - c: x\n    d: "y"\n');
    expect(documents.map((document) => document.value)).toEqual([{ a: 1 }, { b: [{ c: 'x', d: 'y' }] }]);
    expect(documents[1]!.positionOf(['b', 0, 'd'])).toEqual({ file: 'f.yaml', line: 5, column: 8, path: 'b[0].d' });
    expect(documents[1]!.keyPositionOf(['b', 0, 'd'])).toMatchObject({ line: 5, column: 5 });
  });

  test('points at the nearest ancestor of what is not there', () => {
    const { documents } = parse('b:\n  - c: x\n');
    expect(documents[0]!.positionOf(['b', 0, 'e', 'f'])).toMatchObject({ line: 2, column: 5, path: 'b[0].e.f' });
    expect(documents[0]!.positionOf([])).toMatchObject({ line: 1, column: 1 });
  });

  test('points at the key of an empty value', () => {
    expect(parse('a: 1\nbb:\n').documents[0]!.positionOf(['bb'])).toMatchObject({ line: 2 });
  });

  test('lets distributions stand unquoted, in blocks and in flows, without moving positions', () => {
    const { documents, problems } = parse(
      '- { every: exponential(mean: 30d), for: lognormal(median: 15m, sigma: 1), x: 1 }\n- every: uniform(min: 1s, max: 2s)\n',
    );
    expect(problems).toEqual([]);
    expect(documents[0]!.value).toEqual([
      { every: 'exponential(mean: 30d)', for: 'lognormal(median: 15m, sigma: 1)', x: 1 },
      { every: 'uniform(min: 1s, max: 2s)' },
    ]);
    expect(documents[0]!.positionOf([0, 'x'])).toMatchObject({ line: 1, column: 78 });
  });

  test('leaves texts in quotes and block texts as they are', () => {
    const { documents } = parse('a: "f(x: 1, y)"\nb: |\n  see g(a: b, c)\n');
    expect(documents[0]!.value).toEqual({ a: 'f(x: 1, y)', b: 'see g(a: b, c)\n' });
  });

  test('leaves out empty documents', () => {
    expect(parse('---\n---\na: 1\n---\n').documents).toHaveLength(1);
    expect(parse('').documents).toEqual([]);
    expect(parse('# only a comment\n').documents).toEqual([]);
  });

  test('reports every syntax error with its place', () => {
    const { problems } = parse('a: [1\nb: 2\n---\nc: 1\nc: 2\n');
    expect(problems.map(({ line, file }) => `${file}:${line}`)).toEqual(expect.arrayContaining(['f.yaml:5']));
    expect(problems.length).toBeGreaterThan(1);
    expect(problems[0]!.message).toMatch(/^not valid YAML: /);
  });

  test('reads JSON', () => {
    expect(parse('{"a": [1, {"b": null}]}').documents[0]!.value).toEqual({ a: [1, { b: null }] });
  });

  test('sets values and remembers where they came from', () => {
    const { documents } = parse('a:\n  b: 1\n');
    const document = documents[0]!;
    document.set(['a', 'c', 0, 'd'], 5, '--set a.c[0].d=5');
    document.set(['a', 'b'], { e: 1 }, '--set a.b={e: 1}');
    expect(document.value).toEqual({ a: { b: { e: 1 }, c: [{ d: 5 }] } });
    expect(document.positionOf(['a', 'b', 'e'])).toMatchObject({ file: '--set a.b={e: 1}', line: 0 });
  });
});

test('set gives the same values and places with and without a tree', () => {
  const yaml = 'a:\n  b: 1\n  c:\n    d: x\ne: [1]\n'.replace('[1]', '\n- 1');
  const sets: [(string | number)[], unknown][] = [
    [['a', 'b'], 2],
    [['a', 'c', 'f'], { g: [1] }],
    [['a', 'c', 'f', 'g'], 'h'],
    [['e', 0], 3],
    [['i', 'j'], null],
    [['a'], { z: 1 }],
  ];
  for (let count = 1; count <= sets.length; count++) {
    const quick = parseSource('f', yaml, [])[0]!;
    const slow = parseSource('f', yaml.replace('d: x', 'd: x # a comment that the fast reader declines'), [])[0]!;
    for (const document of [quick, slow]) {
      for (const [path, value] of sets.slice(0, count)) document.set(path, value, `--set ${formatPath(path)}`);
    }
    expect(quick.value).toEqual(slow.value);
    for (const path of [[], ['a'], ['a', 'b'], ['a', 'c', 'd'], ['a', 'c', 'f', 'g'], ['e', 0], ['i'], ['i', 'j']]) {
      expect(quick.positionOf(path)).toEqual(slow.positionOf(path));
    }
  }
});

test('formatPath quotes keys that are no plain words', () => {
  expect(formatPath(['spec', 'events', 2, 'labels', 'nvidia.com/gpu'])).toBe('spec.events[2].labels["nvidia.com/gpu"]');
});

test('parseInlineValue reads values as YAML does after a key', () => {
  expect(parseInlineValue('3')).toEqual({ value: 3 });
  expect(parseInlineValue('false')).toEqual({ value: false });
  expect(parseInlineValue('[a, 2]')).toEqual({ value: ['a', 2] });
  expect(parseInlineValue('exponential(mean: 3d)')).toEqual({ value: 'exponential(mean: 3d)' });
  expect(parseInlineValue('[')).toBeUndefined();
  expect(parseInlineValue('"a b: c"')).toEqual({ value: 'a b: c' });
  expect(parseInlineValue('007')).toEqual({ value: 7 });
  expect(parseInlineValue('-12')).toEqual({ value: -12 });
});
