import { expect, test } from 'vitest';
import { normalizedImageName } from '../../../src/scheduler/pod-shape.ts';
import { decide, rawNode, rawPod } from '../decisions.ts';

const MIB = 1024 * 1024;
const image = (name: string, mib: number) => ({ names: [name], sizeBytes: mib * MIB });

function scoreOf(nodes: readonly object[], ...images: readonly string[]) {
  const containers = images.map((name, i) => ({ name: `c${i}`, image: name }));
  const scores = decide({ nodes: nodes as never, pod: rawPod('p', { spec: { containers } }) }).scores?.['ImageLocality'] ?? {};
  return Object.fromEntries(Object.entries(scores).map(([name, { raw }]) => [name, raw]));
}

test('scales sizes by how many nodes have the image, between 23 MiB and 1000 MiB per container', () => {
  const nodes = [
    rawNode('a', { images: [image('big:1', 1000)] }),
    rawNode('b', { images: [image('big:1', 1000)] }),
    rawNode('c'),
    rawNode('d'),
  ];
  // 1000 MiB on 2 of 4 nodes: (500 - 23) / (1000 - 23)
  expect(scoreOf(nodes, 'big:1')).toEqual({ a: 48, b: 48, c: 0, d: 0 });
});

test('adds up the images of all containers and raises the bound with their number', () => {
  const nodes = [rawNode('a', { images: [image('x:1', 600), image('y:1', 600)] })];
  const pair = [...nodes, rawNode('b', { images: [image('x:1', 600), image('y:1', 600)] })];
  expect(scoreOf(pair, 'x:1', 'y:1')).toEqual({ a: 59, b: 59 });
});

test('uses the size that the first node reported', () => {
  const nodes = [rawNode('a', { images: [image('x:1', 100)] }), rawNode('b', { images: [image('x:1', 900)] })];
  expect(scoreOf(nodes, 'x:1')).toEqual({ a: 7, b: 7 });
});

test.each([
  ['app', 'app:latest'],
  ['registry:5000/app', 'registry:5000/app:latest'],
  ['registry:5000/app:2', 'registry:5000/app:2'],
  ['app@sha256:abc', 'app@sha256:abc'],
])('reads %s as %s', (name, normalized) => {
  expect(normalizedImageName(name)).toBe(normalized);
});
