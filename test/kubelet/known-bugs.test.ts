/**
 * Real failures of Kubernetes in which the kubelet has a part, as scripts. Each promises that the failure can be had, and how it ends.
 */
import { expect, test } from 'vitest';
import { pauseFeed } from '../../src/apiserver/controls.ts';
import { pinServer, reconnect, setWatchLag } from '../../src/client/controls.ts';
import { constant } from '../../src/engine/distributions.ts';
import { NodeWorld, pod } from '../support/node-world.ts';

test('time travel: a kubelet that restarts against a stale API server runs a pod that was deleted (kubernetes/kubernetes#59848)', () => {
  const world = new NodeWorld({ nodes: 2, apiServers: 2 });
  for (const name of ['a-1-1', 'a-1-2']) reconnect(world.access, `kubelet/${name}`, world.servers[0]);
  world.create(pod('web-0'));
  world.runTo(10);
  const resume = pauseFeed(world.servers[1]!, 'Pod');
  world.delete('web-0');
  world.runTo(15);
  expect(world.phase('web-0')).toBe('gone');
  world.create(pod('web-0', { node: 'a-1-2' }));
  world.runTo(20);
  const restart = world.kubelets.kubeletCrash('a-1-1');
  pinServer(world.access, 'kubelet/a-1-1', world.servers[1]);
  restart();
  world.runTo(60);
  // Two pods of one name run at once.
  expect([world.running('a-1-1'), world.running('a-1-2')]).toEqual([['web-0'], ['web-0']]);
  resume();
  world.runTo(100);
  expect([world.running('a-1-1'), world.running('a-1-2')]).toEqual([[], ['web-0']]);
  expect(world.phase('web-0')).toBe('Running');
});

test('a node deleted and made again under its name keeps its old pods by uid (kubernetes/kubernetes#141365)', () => {
  const world = new NodeWorld();
  world.create(pod('old', { cpu: '3' }));
  world.runTo(10);
  world.store.delete('Node', 'a-1-1');
  world.runTo(20);
  expect(world.running()).toEqual(['old']);
  world.kubelets.kubeletCrash('a-1-1')();
  world.runTo(30);
  expect(world.ready()).toBe('True');
  expect(world.running()).toEqual(['old']);
  world.create(pod('new', { cpu: '2' }));
  world.runTo(40);
  expect(world.pod('new')!.status.reason).toBe('OutOfcpu');
});

test('a kubelet with an older view of its node refuses a pod that the scheduler was right to bind (kubernetes/kubernetes#93338)', () => {
  const world = new NodeWorld();
  world.runTo(10);
  setWatchLag(world.access, 'kubelet/a-1-1', 'Node', constant(2e6));
  const node = world.node();
  world.store.update({ ...node, metadata: { ...node.metadata, labels: { z: 'a' } } });
  world.runTo(10.05);
  world.create(pod('early', { spec: { nodeSelector: { z: 'a' } } }));
  world.runTo(13);
  world.create(pod('late', { spec: { nodeSelector: { z: 'a' } } }));
  world.runTo(20);
  expect([world.pod('early')!.status.reason, world.phase('late')]).toEqual(['NodeAffinity', 'Running']);
});

test('the control plane cut off from all nodes for two minutes: pods run on, and are Ready again within a round after the heal', () => {
  const world = new NodeWorld({ nodes: 5 });
  for (let i = 1; i <= 5; i++) world.create(pod(`p-${i}`, { node: `a-1-${i}` }));
  world.runTo(30);
  const heal = world.datacenter.cut('zone/a', 'control-plane');
  world.runTo(90);
  // What the node life cycle controller does to nodes it does not hear of.
  for (let i = 1; i <= 5; i++) {
    const { status, ...rest } = world.pod(`p-${i}`)!;
    const conditions = status.conditions.map((c) => (c.type === 'Ready' ? { ...c, status: 'False' as const } : c));
    world.store.update({ ...rest, status: { ...status, conditions } }, 'status');
  }
  world.runTo(150);
  expect(world.fleet.runningPods().length).toBe(5);
  heal();
  const times: number[] = [];
  for (let second = 150; second <= 190; second++) {
    world.runTo(second);
    if ([1, 2, 3, 4, 5].every((i) => world.isReady(`p-${i}`))) times.push(second);
  }
  // The watch reconnects after its back-off, then statuses are written back within 10 s.
  expect(times[0]).toBeLessThanOrEqual(190);
  expect(times.at(-1)).toBe(190);
});
