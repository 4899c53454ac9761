import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isScalar, parseAllDocuments, stringify } from 'yaml';
import { DECLINED, parsePlainDocuments } from '../../src/scenario/plain-yaml.ts';
import { parseSource } from '../../src/scenario/yaml-source.ts';
import { check } from '../support/seeded.ts';

/** The documents of `text` as the complete parser reads them; undefined when it refuses any of them. */
function completely(text: string): unknown[] | undefined {
  const parsed = parseAllDocuments(text, { merge: true, prettyErrors: false, logLevel: 'silent' });
  const documents = 'empty' in parsed ? [] : parsed;
  const values: unknown[] = [];
  for (const document of documents) {
    if (document.errors.length > 0) return undefined;
    const { contents } = document;
    const isEmpty = contents === null || (isScalar(contents) && contents.source === '' && contents.value === null);
    if (isEmpty) continue;
    try {
      values.push(document.toJS());
    } catch {
      return undefined;
    }
  }
  return values;
}

/** Whatever is accepted must be what the complete parser makes of it. Returns whether everything was accepted. */
function expectAgreement(text: string): boolean {
  const documents = parsePlainDocuments(text)?.filter((document) => document.value !== undefined);
  if (documents === undefined) return false;
  if (documents.every((document) => document.value !== DECLINED)) {
    expect(documents.map((document) => document.value)).toEqual(completely(text));
    return true;
  }
  for (const { value, start, end } of documents) if (value !== DECLINED) expect([value]).toEqual(completely(text.slice(start, end)));
  return false;
}

const anyFragment = fc.constantFrom(
  ...['a', 'b', 'key', 'a b', '- ', '-', '--', '---', '...', ': ', ':', '#', ' #', '"', "'", '|', '|-', '>', '{}', '[]', '{', '}', '[1]'],
  ...['1', '01', '1.5', '1e3', '-1', '+2', '0x1f', '.5', '.inf', 'null', '~', 'true', 'True', 'no', '\n', '\n', '\n  ', '\n  ', '\n    '],
  ...['\n- ', '\n  - ', '  ', ' ', '\t', '\r\n', '&x', '*x', '!t', '@', '%', '?', '? ', 'x: y', 'foo:', 'foo: ', 'foo: bar', '  baz: 1'],
  ...['\\', '\\n', "''", '""', "'a'", '"b"', 'items:', '- name: x', '<<: ', '\n---\n', '\n...\n', ',', '\u2028', 'é'],
);

const anyLine = fc
  .tuple(
    fc.constantFrom(0, 0, 2, 2, 4, 1, 3),
    fc.constantFrom(
      ...['a: 1', 'b: x', 'c:', 'd: "e"', "f: 'g'", '- h', '- i: j', '-', '- k:', 'l: |', 'l: |-', 'text here', '# comment', '', 'm: {}'],
      ...[
        'n: []',
        'o: p q',
        '"q": r',
        'a: 2',
        's: 1.0',
        't: -',
        '- - u',
        'v: ~',
        '- "w": x',
        'y: z # c',
        'items:',
        '--- ',
        '---',
        'spec:',
        'labels:',
      ],
      ...['a : b', 'k: v:', '- x:y', '- [a]', "- 'it''s'", "t: 'open", "close'", 'u: "op', 'en"'],
    ),
  )
  .map(([indent, line]) => ' '.repeat(indent) + line);

const anyScalar = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.constantFrom('true', 'null', '1', '- x', 'a: b', 'a #b', 'multi\nline', 'multi\nline\n', 'trail \n', '  lead', '~', '0x1', '1_000'),
  fc.constantFrom(
    `${'x'.repeat(90)} y`,
    'word '.repeat(40),
    `it's ${'q '.repeat(60)}`,
    '2024-01-01',
    'yes',
    '<<',
    '@a',
    'a\tb',
    '\n',
    'a:',
  ),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.boolean(),
  fc.constant(null),
);
const anyKey = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('a', 'b', 'c', 'app.kubernetes.io/name', 'f:metadata', 'x-y') },
  fc.string({ maxLength: 4 }),
);
const { anyValue } = fc.letrec((tie) => ({
  anyValue: fc.oneof(
    { maxDepth: 4 },
    anyScalar,
    fc.array(tie('anyValue'), { maxLength: 4 }),
    fc.dictionary(anyKey, tie('anyValue'), { maxKeys: 4, noNullPrototype: true }),
  ),
}));
const anyStyle = fc.record({
  indentSeq: fc.boolean(),
  lineWidth: fc.constantFrom(0, 80, 20),
  singleQuote: fc.constantFrom(null, true, false),
  defaultStringType: fc.constantFrom('PLAIN' as const, 'QUOTE_SINGLE' as const, 'QUOTE_DOUBLE' as const),
});

describe('parsePlainDocuments', () => {
  test('reads any text as the complete parser does, or declines: random fragments', () => {
    check(
      fc.property(fc.array(anyFragment, { maxLength: 14 }), (fragments) => {
        expectAgreement(fragments.join(''));
      }),
      3000,
    );
  });

  test('reads any text as the complete parser does, or declines: random lines', () => {
    check(
      fc.property(fc.array(anyLine, { maxLength: 9 }), fc.constantFrom('\n', '\r\n'), (lines, newline) => {
        expectAgreement(lines.join(newline) + newline);
      }),
      3000,
    );
  });

  test('reads blocks that come again as the complete parser does, or declines', () => {
    const anyBlock = fc.array(anyLine, { maxLength: 4 }).map((lines) => lines.map((line) => `  ${line}\n`).join(''));
    const anyDocument = (blocks: readonly string[]) =>
      fc
        .tuple(
          fc.constantFrom('', 'a: 1\n', 'spec:\n'),
          fc.constantFrom('spec:\n', '- spec:\n', 'x:\n  labels:\n'),
          fc.constantFrom(...blocks),
        )
        .chain(([head, key, block]) =>
          fc.constantFrom('', '', 'b: 2\n', '# end\n', '\n', '- c\n').map((tail) => head + key + block + tail),
        );
    check(
      fc.property(
        fc.array(anyBlock, { minLength: 1, maxLength: 2 }).chain((blocks) => fc.array(anyDocument(blocks), { minLength: 2, maxLength: 5 })),
        (documents) => {
          expectAgreement(documents.join('---\n'));
        },
      ),
      3000,
    );
  });

  test('makes one value of blocks that come again under the same key, and knows the lines behind them', () => {
    const pod = 'metadata:\n  labels:\n    a: b\nspec:\n  list:\n  - c: 1\n\n---\n';
    const [first, second, third] = parsePlainDocuments(`${pod}${pod}# x\n${pod}`)!;
    const specOf = (document: typeof first): unknown => (document!.value as { spec: unknown }).spec;
    expect(specOf(second)).toBe(specOf(first));
    expect(specOf(third)).toBe(specOf(first));
    expect(third!.content).toEqual({ line: 18, column: 1 });
  });

  test('reads whatever a YAML writer makes of any value, or declines', () => {
    check(
      fc.property(fc.array(anyValue, { minLength: 1, maxLength: 3 }), anyStyle, (values, style) => {
        expectAgreement(values.map((value) => stringify(value, style)).join('---\n'));
      }),
      1500,
    );
  });

  test.each([
    ['the indented lists of people', 'spec:\n  list:\n    - a: 1\n      b: two\n    - plain\n'],
    ['the flush lists of machines', 'spec:\n  list:\n  - a: 1\n    b: two\n  - plain\nlast: x\n'],
    ['several documents, comments and blank lines', '# first\na: 1\n\n---\n\n# second\nb:\n  # inside\n  c: 2\n---\n'],
    ['CRLF line ends', 'a: 1\r\nb:\r\n- c\r\n'],
    ['literal blocks', 'a: |\n  line 1\n\n    deeper\nb: |-\n  x\nc: |+\n  y\n\nd: z\n'],
    ['folded long strings of kubectl', "message: 'the node was low on\n  resource: memory'\nother: plain words that\n  go on\n"],
    ['quotes and escapes', "a: \"q\\\"uo\\n\"\nb: 'it''s'\n\"c\": d\n'e/f': g\n"],
    ['numbers, booleans and nulls', 'a: 1\nb: -2.5e3\nc: true\nd: ~\ne:\nf: "1"\ng: 1.2.3\nh: 007\n'],
    ['keys with slashes, dots and colons', 'kubernetes.io/arch: amd64\nf:metadata:\n  k: {}\n'],
  ])('accepts %s', (_, text) => {
    expect(expectAgreement(text)).toBe(true);
  });

  test.each([
    ['anchors', 'a: &x 1\nb: *x\n'],
    ['flow collections with content', 'a: {b: 1}\n'],
    ['duplicate keys', 'a: 1\na: 2\n'],
    ['tags', 'a: !!str 1\n'],
    ['a comment behind a value', 'a: b # c\n'],
    ['tabs', 'a:\tb\n'],
    ['distributions, whose colon would end the value', 'every: exponential(mean: 30d)\n'],
    ['keys that are not strings', '1: a\n'],
    ['a key that would be a prototype', '__proto__: a\n'],
  ])('leaves %s to the complete parser', (_, text) => {
    expect(parsePlainDocuments(text)?.every((document) => document.value !== DECLINED)).toBe(false);
  });
});

describe('places of documents read without a tree', () => {
  const yaml = '# top\napiVersion: v1\nitems:\n- kind: Pod\n  a: 1\n-   kind: Node\nkind: List\n---\n\nkind: Other\n';
  const json =
    '{\n  "kind": "List",\n  "items": [\n    {"kind": "Pod", "s": "a\\\\\\"]"},\n    {\n      "kind": "Node", "list": [1, 2]\n    }\n  ]\n}\n';

  test.each([
    // A comment behind a value and a comma too many make the fast readers decline; nothing that is looked at moves.
    ['YAML', yaml, yaml.replace('kind: List', 'kind: List # x')],
    ['JSON', json, json.replace(']\n}\n', '],\n}\n')],
  ])('are those of the complete parser: %s', (_, text, declined) => {
    const quick = parseSource('f', text, []);
    const slow = parseSource('f', declined, []);
    expect(slow).toHaveLength(quick.length);
    for (const [index, document] of quick.entries()) {
      for (const path of [[], ['items', 0], ['items', 1], ['items', 1, 'kind'], ['items', 9], ['kind']]) {
        expect(document.positionOf(path)).toEqual(slow[index]!.positionOf(path));
      }
    }
    expect(quick.map((document) => document.value)).toEqual(slow.map((document) => document.value));
  });

  test('count lines from the top of the file in later documents, also below syntax errors', () => {
    const problems: Parameters<typeof parseSource>[2] = [];
    const documents = parseSource('f', 'a: 1\n---\nb: {c: [}\n---\nd:\n  e: 1\n', problems);
    expect(problems[0]).toMatchObject({ line: 3 });
    expect(documents.at(-1)!.positionOf(['d', 'e'])).toMatchObject({ line: 6, column: 6 });
  });
});

const benchmark = new URL('../../../shared/traces/kubesbs/', import.meta.url);

test.skipIf(!existsSync(benchmark))('accepts every manifest of a real scheduler benchmark and reads it as the complete parser does', () => {
  for (const name of ['nodes-100.yaml.gz', 'pods-100.yaml.gz']) {
    const text = gunzipSync(readFileSync(new URL(name, benchmark))).toString();
    const documents = parsePlainDocuments(text)!;
    expect(documents.map((document) => document.value)).toEqual(completely(text));
  }
});
