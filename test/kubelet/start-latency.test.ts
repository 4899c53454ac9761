import { expect, test } from 'vitest';
import { NodeWorld, pod } from '../support/node-world.ts';

test('the realistic profile starts pods on idle nodes in 1.3 s at the median and within 3 s at the 99th percentile', () => {
  const nodes = 300;
  const world = new NodeWorld({ nodes, profile: 'realistic', network: 'cloud-region' });
  for (const agent of world.fleet.agents()) agent.images.preload('app:1');
  world.runTo(30);
  for (let i = 1; i <= nodes; i++) world.create(pod(`p-${i}`, { node: `a-1-${i}` }));
  const readyUs: number[] = [];
  world.store.onCommit((kind, type, old, next) => {
    if (kind !== 'Pod' || type !== 'MODIFIED') return;
    const isReady = (object: unknown) =>
      (object as { status: { conditions: { type: string; status: string }[] } }).status.conditions.some(
        (c) => c.type === 'Ready' && c.status === 'True',
      );
    if (!isReady(old) && isReady(next)) readyUs.push(world.engine.nowUs - 30e6);
  });
  world.runTo(60);
  readyUs.sort((a, b) => a - b);
  expect(readyUs.length).toBe(nodes);
  const at = (share: number) => readyUs[Math.floor(share * nodes)]! / 1e6;
  expect(at(0.5)).toBeGreaterThan(0.9);
  expect(at(0.5)).toBeLessThan(1.7);
  expect(at(0.99)).toBeGreaterThan(1.8);
  expect(at(0.99)).toBeLessThan(3.5);
});

test('pods that start together on one node slow each other down', () => {
  const time = (count: number): number => {
    const world = new NodeWorld({ profile: 'realistic', overrides: { plegPeriodUs: 0 }, cpu: '64' });
    for (const agent of world.fleet.agents()) agent.images.preload('app:1');
    for (let i = 0; i < count; i++) world.create(pod(`p-${i}`));
    let second = 0;
    while (world.running().length < count && second < 60) {
      second += 0.1;
      world.runTo(second);
    }
    return second;
  };
  expect(time(60)).toBeGreaterThan(time(1) + 2);
});

test('a slow disk makes starts slow while it lasts', () => {
  const world = new NodeWorld({ overrides: { sandboxCreate: 1e6 } });
  const end = world.kubelets.slowDisk('a-1-1', 10);
  world.create(pod('slow'));
  world.runTo(9.9);
  expect(world.running()).toEqual([]);
  world.runTo(10.1);
  expect(world.running()).toEqual(['slow']);
  end();
  world.create(pod('quick'));
  world.runTo(11.2);
  expect(world.running()).toEqual(['slow', 'quick']);
});

test('killed containers restart by their policy, and failing probes take a pod out of service', () => {
  const world = new NodeWorld();
  const readinessProbe = { exec: { command: ['x'] }, periodSeconds: 2, failureThreshold: 1 };
  world.create(pod('web', { container: { readinessProbe } }));
  world.create(pod('other'));
  world.runTo(10);
  world.kubelets.failProbes((p) => p.metadata.name === 'web', 'readiness', 20e6);
  world.runTo(15);
  expect([world.isReady('web'), world.isReady('other')]).toEqual([false, true]);
  world.runTo(25);
  expect(world.isReady('web')).toBe(true);
  expect(world.kubelets.failContainers((p) => p.metadata.name === 'other')).toBe(1);
  world.runTo(26);
  expect(world.pod('other')!.status.containerStatuses[0]).toMatchObject({ restartCount: 1, last: { exitCode: 137 } });
  expect(world.isReady('other')).toBe(true);
});
