import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { formatProblem, InputError } from '../../src/base/input-error.ts';
import { encodeList, encodeObject } from '../../src/objects/encode.ts';
import { keyOf } from '../../src/objects/meta.ts';
import { readManifestFiles } from '../../src/scenario/manifest-file.ts';
import { parseManifests } from '../../src/scenario/manifests.ts';

const PODS = `apiVersion: v1
kind: Pod
metadata:
  name: a
spec:
  containers:
  - name: main
    image: nginx:1.27
    resources:
      requests:
        cpu: 500m
---
# the second one
apiVersion: v1
kind: Pod
metadata:
  name: b
  namespace: shop
spec:
  containers: [{ name: main, image: nginx }]
`;

function problemsOf(run: () => unknown): string[] {
  try {
    run();
  } catch (error) {
    if (error instanceof InputError) return error.problems.map(formatProblem);
    throw error;
  }
  return [];
}

describe('parseManifests', () => {
  test('reads several documents and says where each object stands', () => {
    const entries = parseManifests('f.yaml', PODS);
    expect(entries.map(({ object, position }) => [object.kind, keyOf(object), position.line, position.column])).toEqual([
      ['Pod', 'default/a', 1, 1],
      ['Pod', 'shop/b', 14, 1],
    ]);
  });

  test.each([
    ['a v1 List in YAML', 'List'],
    ['a PodList whose items name no kind', 'PodList'],
  ])('reads %s', (_, kind) => {
    const items = parseManifests('f.yaml', PODS).map(({ object }) => {
      const { apiVersion, kind: itemKind, ...rest } = encodeObject(object);
      return kind === 'List' ? { apiVersion, kind: itemKind, ...rest } : rest;
    });
    const entries = parseManifests('dump.json', JSON.stringify({ apiVersion: 'v1', kind, metadata: {}, items }, undefined, 2));
    expect(entries.map(({ object }) => keyOf(object))).toEqual(['default/a', 'shop/b']);
    expect(entries[0]!.position).toMatchObject({ line: 6, column: 5, path: 'items[0]' });
  });

  test('reads back the List that is written out', () => {
    const objects = parseManifests('f.yaml', PODS).map(({ object }) => object);
    const again = parseManifests('dump.json', JSON.stringify(encodeList(objects))).map(({ object }) => object);
    expect(again).toEqual(objects);
  });

  test('collects every problem with its line and column, in all documents', () => {
    const text = PODS.replace('cpu: 500m', 'cpu: 500x').replace('name: main, image: nginx', 'name: 7');
    expect(problemsOf(() => parseManifests('f.yaml', text))).toEqual([
      expect.stringMatching(/^f\.yaml:11:14: spec\.containers\[0\]\.resources\.requests\.cpu: "500x" is not a quantity/),
      'f.yaml:20:24: spec.containers[0].name: expected a string, found 7 (write it in quotes: "7")',
      'f.yaml:20:24: spec.containers[0].name: is required',
    ]);
  });

  test('points at the wrong value inside a big List', () => {
    const text =
      'apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Node\n  metadata:\n    name: n\n  spec:\n    taints: none\n';
    expect(problemsOf(() => parseManifests('f.yaml', text))).toEqual([
      'f.yaml:9:13: items[0].spec.taints: expected a list, found the string "none"',
    ]);
  });

  test.each([
    ['an unknown kind, with the nearest', 'apiVersion: apps/v1\nkind: Deploymnet\nmetadata: {name: x}\n', /did you mean "Deployment"/],
    ['a version nobody serves any more', 'apiVersion: extensions/v1beta1\nkind: Deployment\nmetadata: {name: x}\n', /extensions\/v1beta1/],
    ['a group that kind never had', 'apiVersion: v1\nkind: Deployment\nmetadata: {name: x}\n', /use apps\/v1/],
    ['a missing kind', 'apiVersion: v1\nmetadata: {name: x}\n', /kind: is required/],
    ['text that is no manifest', 'just words\n', /expected a Kubernetes object, found the string "just words"/],
    ['broken YAML', 'a: [1\n', /f\.yaml:2:1: not valid YAML/],
    ['broken JSON', '{"kind": "Pod",\n "x": }x\n', /not valid YAML/],
    ['nothing but comments', '# nothing\n---\n', /there is nothing in it/],
  ])('refuses %s', (_, text, expected) => {
    expect(problemsOf(() => parseManifests('f.yaml', text)).join('\n')).toMatch(expected);
  });

  test('keeps custom resources, and kinds nothing acts on, unless told to report them', () => {
    const text =
      'apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w}\nspec: {size: 3}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n';
    expect(parseManifests('f.yaml', text).map(({ object }) => object.kind)).toEqual(['Widget', 'ConfigMap']);
    expect(problemsOf(() => parseManifests('f.yaml', text, { otherKinds: 'report' }))).toHaveLength(2);
  });

  test('reports misspelled fields in strict mode only', () => {
    const text = PODS.replace('image: nginx:1.27', 'imagee: nginx');
    expect(problemsOf(() => parseManifests('f.yaml', text))).toEqual([]);
    expect(problemsOf(() => parseManifests('f.yaml', text, { strict: true }))).toEqual([
      expect.stringMatching(/^f\.yaml:8:13: spec\.containers\[0\]\.imagee: unknown field "imagee".*did you mean "image"/),
    ]);
  });
});

describe('readManifestFiles', () => {
  const folder = mkdtempSync(join(tmpdir(), 'seatrial-manifests-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  function file(name: string, content: string | Uint8Array): string {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  }

  test('reads plain and packed files in order, whatever they are called', () => {
    const paths = [file('a.yaml', PODS), file('b.yaml.gz', gzipSync(PODS)), file('c', gzipSync(PODS))];
    expect(readManifestFiles(paths).map(({ object }) => object.metadata.name)).toEqual(['a', 'b', 'a', 'b', 'a', 'b']);
  });

  test('reports everything wrong with any file, and what to do', () => {
    const packed = gzipSync(PODS.repeat(50));
    const paths = [
      join(folder, 'missing.yaml'),
      file('empty.yaml', ''),
      file('cut.yaml.gz', packed.subarray(0, packed.length - 12)),
      file('plain.yaml.gz', PODS),
      file('latin1.yaml', Uint8Array.from([0x61, 0x3a, 0x20, 0xe9])),
      folder,
    ];
    const messages = problemsOf(() => readManifestFiles(paths));
    expect(messages.map((message) => message.replace(folder, ''))).toEqual([
      '/missing.yaml: file not found (check the path; it is relative to the working directory)',
      '/empty.yaml: the file is empty',
      '/cut.yaml.gz: the gzip file is cut off before its end (fetch or pack it again)',
      '/plain.yaml.gz: the file is not gzip, though its name says so (rename it, or pack it)',
      '/latin1.yaml: the file is not UTF-8 text (convert it, for example with iconv -t UTF-8)',
      ': this is a directory (name the files in it)',
    ]);
  });
});

const benchmark = new URL('../../../shared/traces/kubesbs/', import.meta.url);

test.skipIf(!existsSync(benchmark))('loads a scheduler benchmark of 1,213 nodes and 7,064 pods without a problem', () => {
  const path = (name: string) => fileURLToPath(new URL(name, benchmark));
  const entries = readManifestFiles([path('nodes-1200.yaml.gz'), path('pods-1200.yaml.gz')], { strict: true });
  expect(entries.filter(({ object }) => object.kind === 'Node')).toHaveLength(1213);
  expect(entries.filter(({ object }) => object.kind === 'Pod')).toHaveLength(7064);
});
