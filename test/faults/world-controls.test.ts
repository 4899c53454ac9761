import { describe, expect, test } from 'vitest';
import { constant } from '../../src/engine/distributions.ts';
import { SECOND_US } from '../../src/engine/units.ts';
import { worldControls } from '../../src/faults/world-controls.ts';
import { NodeWorld, pod } from '../support/node-world.ts';

function build() {
  const world = new NodeWorld({ apiServers: 2 });
  world.addComponent('kube-scheduler');
  const controls = worldControls({ access: world.access, datacenter: world.datacenter, nodes: world.kubelets });
  return { world, controls, scheduler: world.access.component('kube-scheduler')! };
}

describe('controls of processes', () => {
  test('name the control plane and leave kubelets to their nodes', () => {
    expect(build().controls.components.names()).toEqual(['kube-scheduler']);
  });

  test('a process that was crashed twice starts when both are over', () => {
    const { controls, scheduler } = build();
    const one = controls.components.crash('kube-scheduler');
    const two = controls.components.crash('kube-scheduler');
    one();
    one();
    expect(scheduler.isRunning).toBe(false);
    two();
    expect([scheduler.isRunning, scheduler.incarnation]).toEqual([true, 2]);
  });

  test('a process that starts while a freeze is in force stands still', () => {
    const { controls, scheduler } = build();
    const start = controls.components.crash('kube-scheduler');
    const thaw = controls.components.freeze('kube-scheduler');
    start();
    expect(scheduler.isFrozen).toBe(true);
    thaw();
    expect(scheduler.isFrozen).toBe(false);
  });

  test('so does one that starts anew by itself', () => {
    const { world, controls, scheduler } = build();
    scheduler.restart(2 * SECOND_US);
    const thaw = controls.components.freeze('kube-scheduler');
    world.runTo(3);
    expect([scheduler.isRunning, scheduler.isFrozen]).toEqual([true, true]);
    thaw();
    expect(scheduler.isFrozen).toBe(false);
  });

  test('a crash outlasts a restart that was planned before', () => {
    const { world, controls, scheduler } = build();
    scheduler.restart(2 * SECOND_US);
    const start = controls.components.crash('kube-scheduler');
    world.runTo(3);
    expect(scheduler.isRunning).toBe(false);
    start();
    expect(scheduler.isRunning).toBe(true);
  });

  test('a lag that ends gives way to the one that began before it', () => {
    const { world, controls, scheduler } = build();
    const pods = scheduler.context!.informers.of('Pod');
    const seenAfterS = (): number => {
      const name = `p-${world.engine.eventCount}`;
      const from = world.engine.nowUs;
      world.create(pod(name));
      while (pods.get(`default/${name}`) === undefined) world.runTo((world.engine.nowUs + SECOND_US / 2) / SECOND_US);
      return (world.engine.nowUs - from) / SECOND_US;
    };
    world.runTo(1);
    const long = controls.components.lagWatch('kube-scheduler', 'Pod', constant(5 * SECOND_US));
    const short = controls.components.lagWatch('kube-scheduler', '', constant(2 * SECOND_US));
    expect(seenAfterS()).toBe(2);
    short();
    expect(seenAfterS()).toBe(5);
    long();
    expect(seenAfterS()).toBe(0.5);
  });

  test('a stalled watch delivers everything when the last stall is over', () => {
    const { world, controls, scheduler } = build();
    const pods = scheduler.context!.informers.of('Pod');
    world.runTo(1);
    const one = controls.components.stallWatch('kube-scheduler', '');
    const two = controls.components.stallWatch('kube-scheduler', 'Pod');
    world.create(pod('web'));
    world.runTo(10);
    one();
    world.runTo(20);
    expect(pods.get('default/web')).toBe(undefined);
    two();
    world.runTo(21);
    expect(pods.get('default/web')).not.toBe(undefined);
  });
});

test('an API server stopped twice comes back when both are over', () => {
  const { world, controls } = build();
  const one = controls.apiServers.stop(1);
  const two = controls.apiServers.stop(1);
  one();
  expect(world.servers.map((server) => server.isUp)).toEqual([true, false]);
  two();
  expect(world.servers.map((server) => server.isUp)).toEqual([true, true]);
});

test('a cache that stands still for two reasons goes on when both are over, whatever ends first', () => {
  for (const order of [
    [0, 1],
    [1, 0],
  ]) {
    const { world, controls } = build();
    const feed = world.servers[1]!.feed('Pod');
    const undos = [controls.apiServers.pauseCache(1, 'Pod'), controls.apiServers.loseLeader()];
    world.create(pod('web'));
    undos[order[0]!]!();
    world.runTo(1);
    expect([feed.isPaused, feed.get('default/web')]).toEqual([true, undefined]);
    expect(world.servers[1]!.feed('Node').isPaused).toBe(order[0] === 0);
    undos[order[1]!]!();
    world.runTo(2);
    expect([feed.isPaused, feed.get('default/web')?.metadata.name]).toEqual([false, 'web']);
  }
});
