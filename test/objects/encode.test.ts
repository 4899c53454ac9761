import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatProblem, ProblemList } from '../../src/base/input-error.ts';
import { decodeAs, decodeObject } from '../../src/objects/decode.ts';
import { encodeObject } from '../../src/objects/encode.ts';
import { type AnyObject, KINDS } from '../../src/objects/kinds.ts';
import { check } from '../support/seeded.ts';
import { anyManifest } from './manifest-arbitraries.ts';

function decoded(raw: unknown): AnyObject {
  const problems = new ProblemList();
  const object = decodeObject(raw, '', problems, { strict: true });
  expect(problems.problems.map(formatProblem)).toEqual([]);
  return object!;
}

/** Freezes deeply, so that a decoder or encoder that changes its input fails. */
function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const entry of Object.values(value)) frozen(entry);
  }
  return value;
}

/** The shape of an object: its keys in order, recursively through single objects. */
function keysOf(value: object): string {
  return Object.keys(value).join();
}

test('there are arbitrary manifests of every kind', () => {
  expect(
    Object.keys(anyManifest)
      .filter((kind) => kind !== 'Widget')
      .sort(),
  ).toEqual(KINDS.map((info) => info.kind).sort());
});

describe.each(Object.entries(anyManifest))('%s', (_, manifests) => {
  test('reads back as the same object after it is written out, in strict mode, from JSON text too', () => {
    check(
      fc.property(manifests, (raw) => {
        const object = frozen(decoded(frozen(raw)));
        const written = encodeObject(object);
        expect(decoded(written)).toEqual(object);
        expect(decoded(JSON.parse(JSON.stringify(written)))).toEqual(object);
        // Writing what was read back changes nothing any more.
        expect(encodeObject(decoded(written))).toEqual(written);
      }),
      40,
    );
  });

  test('has the same fields in the same order, whatever the manifest leaves out', () => {
    check(
      fc.property(manifests, manifests, (one, two) => {
        const [a, b] = [decoded(one), decoded(two)];
        expect(keysOf(a)).toBe(keysOf(b));
        expect(keysOf(a.metadata)).toBe(keysOf(b.metadata));
        if ('spec' in a && 'spec' in b && a.kind !== 'Widget') expect(keysOf(a.spec)).toBe(keysOf(b.spec));
        if ('status' in a && 'status' in b && a.kind !== 'Widget') expect(keysOf(a.status)).toBe(keysOf(b.status));
      }),
      20,
    );
  });
});

const conformance = new URL('../../../shared/conformance/decision-combined.jsonl.gz', import.meta.url);

test.skipIf(!existsSync(conformance))('objects of real clusters read back as the same after they are written out', () => {
  const lines = gunzipSync(readFileSync(conformance)).toString().trim().split('\n').slice(0, 60);
  const kinds = {
    nodes: 'Node',
    pods: 'Pod',
    services: 'Service',
    persistentVolumes: 'PersistentVolume',
    persistentVolumeClaims: 'PersistentVolumeClaim',
  } as const;
  let objects = 0;
  for (const line of lines) {
    const { cluster } = JSON.parse(line) as { cluster: Record<string, unknown[]> };
    for (const [list, kind] of Object.entries(kinds)) {
      for (const raw of cluster[list] ?? []) {
        const problems = new ProblemList();
        const object = decodeAs(kind, raw, '', problems, { strict: true })!;
        expect(problems.problems).toEqual([]);
        expect(decoded(encodeObject(object))).toEqual(object);
        objects++;
      }
    }
  }
  expect(objects).toBeGreaterThan(1000);
});
