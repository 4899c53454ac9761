/** Bugs of older releases, on by name and off by default. */
import { expect, test } from 'vitest';
import { relist, setWatchLag } from '../../src/client/controls.ts';
import { constant } from '../../src/engine/distributions.ts';
import { MILLISECOND_US, SECOND_US } from '../../src/engine/units.ts';
import { NO_QUIRKS, type QuirkName } from '../../src/objects/quirks.ts';
import { testNode, testPod } from './builders.ts';
import { SmallWorld } from './small-world.ts';

const MS = MILLISECOND_US;
const S = SECOND_US;

const quirk = (name: QuirkName): { quirks: ReadonlySet<QuirkName> } => ({ quirks: new Set([name]) });
const TAINT = { key: 'k', value: '', effect: 'PreferNoSchedule', timeAdded: undefined } as const;
const none = { quirks: NO_QUIRKS };

test.each([
  ['off: the pod is placed after its backoff', none, true],
  ['on: it sleeps until the flush', quirk('scheduler-loses-wakeups'), false],
])('scheduler-loses-wakeups %s (kubernetes/kubernetes#72122)', (_, quirks, isPlacedSoon) => {
  const world = new SmallWorld({ ...quirks, cycleCost: { kind: 'per-node', fixedUs: 50 * MS, perNodeUs: 0 } });
  world.start(testNode({ cpu: '2' }), testPod({ name: 'q', cpu: '2', nodeName: 'node-1' }));
  world.run(S);
  world.create(testPod({ name: 'p', cpu: '2' }));
  world.run(20 * MS);
  world.remove('Pod', 'default/q');
  world.run(12 * S);
  expect(world.nodeOf('p') === 'node-1').toBe(isPlacedSoon);
  world.run(330 * S);
  expect(world.nodeOf('p')).toBe('node-1');
});

test.each([
  ['off: the room is kept', none, ['a']],
  ['on: it is given away twice', quirk('scheduler-assumptions-expire'), ['a', 'b']],
])('scheduler-assumptions-expire %s (kubernetes/kubernetes#106361)', (_, quirks, placed) => {
  const world = new SmallWorld(quirks).start(testNode({ pods: '1' }));
  world.run(S);
  world.create(testPod({ name: 'a' }), testPod({ name: 'b' }));
  // Both pods are seen at once, but not that one of them is bound.
  world.run(MS / 2);
  setWatchLag(world.access, 'kube-scheduler', 'Pod', constant(40 * S));
  world.run(35 * S);
  world.change('Node', 'node-1', (node) => ({ ...node, spec: { ...node.spec, taints: [TAINT] } }));
  world.run(100 * S);
  expect(Object.keys(world.placements())).toEqual(placed);
});

test.each([
  ['off: the room is free again', none, 'node-1'],
  ['on: it stays promised to nobody', quirk('scheduler-nominates-deleted-pods'), ''],
])('scheduler-nominates-deleted-pods %s (kubernetes/kubernetes#102339)', (_, quirks, nodeName) => {
  const world = new SmallWorld({ ...quirks, cycleCost: { kind: 'per-node', fixedUs: 50 * MS, perNodeUs: 0 } });
  world.start(
    testNode({ cpu: '2' }),
    testPod({ name: 'victim', cpu: '2', nodeName: 'node-1', status: { phase: 'Running', startTime: 0 } }),
  );
  world.run(S);
  world.create(testPod({ name: 'x', cpu: '2', priority: 10 }));
  // Deleted while its attempt runs, so that the nomination comes after the deletion.
  world.run(20 * MS);
  world.remove('Pod', 'default/x');
  world.run(S);
  world.remove('Pod', 'default/victim');
  world.create(testPod({ name: 'y', cpu: '2' }));
  world.run(30 * S);
  expect(world.nodeOf('y')).toBe(nodeName);
});

test.each([
  ['off: the list shows that they are gone', none, ['b']],
  ['on: it counts what is not there', quirk('scheduler-ignores-tombstones'), []],
])('scheduler-ignores-tombstones %s (kubernetes/kubernetes#55587)', (_, quirks, placed) => {
  const world = new SmallWorld(quirks).start(testNode({ cpu: '2' }), testPod({ name: 'a', cpu: '2', nodeName: 'node-1' }));
  world.run(S);
  relist(world.access, 'kube-scheduler', 'Pod', 10 * S);
  world.remove('Pod', 'default/a');
  world.create(testPod({ name: 'b', cpu: '2' }));
  world.run(60 * S);
  expect(Object.keys(world.placements()).filter((name) => name !== 'a')).toEqual(placed);
});

test.each([
  ['off: its pods still count', none, ['a']],
  ['on: it looks empty', quirk('scheduler-forgets-pods-of-deleted-nodes'), ['a', 'b']],
])('scheduler-forgets-pods-of-deleted-nodes %s (kubernetes/kubernetes#93938)', (_, quirks, placed) => {
  const world = new SmallWorld(quirks).start(testNode({ cpu: '2' }), testPod({ name: 'a', cpu: '2', nodeName: 'node-1' }));
  world.run(S);
  world.remove('Node', 'node-1');
  world.run(S);
  world.create(testNode({ cpu: '2' }));
  world.create(testPod({ name: 'b', cpu: '2' }));
  world.run(30 * S);
  expect(Object.keys(world.placements())).toEqual(placed);
});
