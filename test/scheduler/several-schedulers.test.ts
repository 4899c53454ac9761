/** More than one scheduler over the same nodes: nothing fences them off from each other, in life as here. */
import { expect, test } from 'vitest';
import { setWatchLag } from '../../src/client/controls.ts';
import { constant } from '../../src/engine/distributions.ts';
import { MILLISECOND_US, SECOND_US } from '../../src/engine/units.ts';
import type { Pod } from '../../src/objects/pod.ts';
import { testNode, testPod } from './builders.ts';
import { SmallWorld } from './small-world.ts';

const MS = MILLISECOND_US;
const S = SECOND_US;

function apart(name: string): Pod {
  const labels = { app: 'apart' };
  const term = {
    labelSelector: { matchLabels: labels, matchExpressions: [] },
    namespaces: [],
    namespaceSelector: undefined,
    topologyKey: 'kubernetes.io/hostname',
    matchLabelKeys: [],
    mismatchLabelKeys: [],
  };
  const podAntiAffinity = { required: [term], preferred: [] };
  return testPod({ name, labels, spec: { affinity: { nodeAffinity: undefined, podAffinity: undefined, podAntiAffinity } } });
}

test('a leader that was frozen past its lease still binds its last choice, against anti-affinity (kubernetes/kubernetes#65257)', () => {
  const slow = { lease: 'kube-scheduler', cycleCost: { kind: 'per-node', fixedUs: 200 * MS, perNodeUs: 0 } } as const;
  const world = new SmallWorld(slow);
  const standby = world.addScheduler('kube-scheduler-1', slow);
  world.start(testNode());
  standby.start();
  world.run(30 * S);
  expect([world.component.isLeading, standby.isLeading]).toEqual([true, false]);
  world.create(apart('a'));
  world.run(100 * MS);
  // Chosen, not yet bound.
  world.component.freeze();
  const b = apart('b');
  world.create({ ...b, spec: { ...b.spec, priority: 9 } });
  world.run(40 * S);
  expect(standby.isLeading).toBe(true);
  expect(world.placements()).toEqual({ b: 'node-1' });
  world.component.thaw();
  world.run(20 * S);
  expect(world.placements()).toEqual({ a: 'node-1', b: 'node-1' });
  expect([world.component.isLeading, standby.isLeading]).toEqual([false, true]);
});

test('two schedulers that do not see each other in time break anti-affinity', () => {
  const world = new SmallWorld({ config: { profiles: [{ schedulerName: 'one' }] } });
  const two = world.addScheduler('two', { config: { profiles: [{ schedulerName: 'two' }] } });
  setWatchLag(world.access, 'two', 'Pod', constant(2 * S));
  world.start(testNode());
  two.start();
  world.run(5 * S);
  const [a, b] = [apart('a'), apart('b')];
  world.create({ ...b, spec: { ...b.spec, schedulerName: 'two' } });
  world.run(1900 * MS);
  world.create({ ...a, spec: { ...a.spec, schedulerName: 'one' } });
  world.run(5 * S);
  expect(world.placements()).toEqual({ a: 'node-1', b: 'node-1' });
});

test('two schedulers preempt and refill for ever, the preemptor in backoff each time there is room (kubernetes/kubernetes#130429)', () => {
  const world = new SmallWorld({ kubernetesVersion: '1.32', config: { profiles: [{ schedulerName: 'one' }] } });
  const two = world.addScheduler('two', { kubernetesVersion: '1.32', config: { profiles: [{ schedulerName: 'two' }] } });
  world.start(testNode({ cpu: '1' }));
  two.start();
  world.run(5 * S);
  world.create(testPod({ name: 'low-0', cpu: '1', priority: 1, schedulerName: 'two' }));
  world.run(S);
  world.create(testPod({ name: 'high', cpu: '1', priority: 9, schedulerName: 'one' }));
  let replaced = 0;
  for (let i = 0; i < 1200; i++) {
    // Kubelet and controller: the victim ends, and its owner puts another in its place.
    if (world.pod(`low-${replaced}`)?.metadata.deletionTimestamp !== undefined) {
      world.remove('Pod', `default/low-${replaced}`);
      world.create(testPod({ name: `low-${++replaced}`, cpu: '1', priority: 1, schedulerName: 'two' }));
    }
    world.run(100 * MS);
  }
  expect(replaced).toBeGreaterThan(10);
  expect(world.nodeOf('high')).toBe('');
});
