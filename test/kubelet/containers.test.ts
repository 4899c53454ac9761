import { describe, expect, test } from 'vitest';
import type { ContainerState } from '../../src/objects/pod.ts';
import { NodeWorld, pod } from '../support/node-world.ts';

function current(world: NodeWorld, name: string): ContainerState {
  return world.pod(name)!.status.containerStatuses[0]!.current;
}

describe('restarts', () => {
  test('crash loops back off 0, 10, 20, 40 s, each look adding 10 to 15 s at most', () => {
    const world = new NodeWorld();
    world.create(pod('bad', { behaviour: { 'crash-after': '1s' } }));
    world.runTo(400);
    const starts = world.log.filter(([, what]) => what.endsWith('started')).map(([time]) => time);
    const stops = world.log.filter(([, what]) => what.includes('stopped')).map(([time]) => time);
    expect(starts.length).toBeGreaterThanOrEqual(5);
    const waits = starts.slice(1).map((start, i) => start - stops[i]!);
    const expected = [0, 10, 20, 40, 80, 160];
    waits.forEach((wait, i) => {
      expect(wait).toBeGreaterThanOrEqual(expected[i]!);
      expect(wait).toBeLessThan(expected[i]! === 0 ? 1 : expected[i]! + 15);
    });
  });

  test('a pod in back-off says CrashLoopBackOff and counts its restarts', () => {
    const world = new NodeWorld();
    world.create(pod('bad', { behaviour: { 'crash-after': '1s' } }));
    world.runTo(60);
    expect(current(world, 'bad')).toMatchObject({ state: 'waiting', reason: 'CrashLoopBackOff' });
    expect(world.pod('bad')!.status.containerStatuses[0]!.restartCount).toBe(3);
    expect(world.phase('bad')).toBe('Running');
    expect(world.isReady('bad')).toBe(false);
  });

  test('ten minutes of running reset the back-off', () => {
    const world = new NodeWorld();
    world.create(pod('slow', { behaviour: { 'crash-after': '11m' } }));
    world.runTo(4000);
    const starts = world.log.filter(([, what]) => what.endsWith('started')).map(([time]) => time);
    // Restarted within moments each time.
    expect(starts.length).toBe(7);
    expect(starts[6]! - 6 * 660).toBeLessThan(1);
  });

  test.each([
    ['Never', 'Failed'],
    ['OnFailure', 'Running'],
    ['Always', 'Running'],
  ])('restart policy %s makes a failed container %s', (restartPolicy, phase) => {
    const world = new NodeWorld();
    world.create(pod('job', { behaviour: { 'run-duration': '2s', 'exit-code': '3' }, spec: { restartPolicy } }));
    world.runTo(3);
    expect(world.phase('job')).toBe(phase);
  });

  test('OnFailure lets a successful container rest', () => {
    const world = new NodeWorld();
    world.create(pod('job', { behaviour: { 'run-duration': '2s' }, spec: { restartPolicy: 'OnFailure' } }));
    world.runTo(100);
    expect(world.phase('job')).toBe('Succeeded');
    expect(world.log.length).toBe(2);
  });
});

describe('init containers and sidecars', () => {
  const init = (name: string, sidecar = false) => ({ name, image: 'i:1', ...(sidecar ? { restartPolicy: 'Always' } : {}) });

  test('init containers run one after the other before the regular ones', () => {
    const world = new NodeWorld();
    world.create(pod('web', { behaviour: { 'init-duration': '5s' }, spec: { initContainers: [init('one'), init('two')] } }));
    world.runTo(3);
    expect(world.phase('web')).toBe('Pending');
    expect(world.pod('web')!.status.conditions.find((c) => c.type === 'Initialized')?.status).toBe('False');
    world.runTo(11);
    expect(world.log).toEqual(
      [
        [0.001, 'web/one started'],
        [5.001, 'web/one stopped 0'],
        [5.001, 'web/two started'],
        [10.001, 'web/two stopped 0'],
        [10.001, 'web/main started'],
      ].map(([time, what]) => [expect.closeTo(time as number, 1), what]),
    );
    expect(world.isReady('web')).toBe(true);
  });

  test('a failing init container is retried with back-off, and fails the pod when it may not restart', () => {
    const world = new NodeWorld();
    const spec = { initContainers: [init('one')] };
    world.create(pod('retried', { behaviour: { 'init-duration': '1s', 'init-failures': '2' }, spec }));
    world.create(pod('failed', { behaviour: { 'init-duration': '1s', 'init-failures': '2' }, spec: { ...spec, restartPolicy: 'Never' } }));
    world.runTo(100);
    expect(world.phase('retried')).toBe('Running');
    expect(world.pod('retried')!.status.initContainerStatuses[0]!.restartCount).toBe(2);
    expect(world.phase('failed')).toBe('Failed');
    expect(world.log.filter(([, what]) => what === 'failed/main started')).toEqual([]);
  });

  test('a sidecar starts first, does not keep the pod from completing, and is stopped last', () => {
    const world = new NodeWorld();
    const spec = { restartPolicy: 'Never', initContainers: [init('proxy', true)] };
    world.create(pod('job', { behaviour: { 'run-duration': '5s', 'stop-duration': '2s' }, spec }));
    world.runTo(20);
    expect(world.log.map(([, what]) => what)).toEqual([
      'job/proxy started',
      'job/main started',
      'job/main stopped 0',
      'job/proxy stopped 0',
    ]);
    expect(world.phase('job')).toBe('Succeeded');
  });
});

describe('the end', () => {
  test('SIGKILL comes when the grace is over, and the exit code is 137', () => {
    const world = new NodeWorld();
    world.create(pod('deaf', { behaviour: { 'stop-duration': 'never' }, spec: { terminationGracePeriodSeconds: 10 } }));
    world.runTo(1);
    world.delete('deaf');
    world.runTo(20);
    expect(world.log.at(-1)).toEqual([expect.closeTo(11, 2), 'deaf/main stopped 137']);
    expect(world.phase('deaf')).toBe('gone');
  });

  test('a second delete can shorten the grace', () => {
    const world = new NodeWorld();
    world.create(pod('deaf', { behaviour: { 'stop-duration': 'never' } }));
    world.runTo(1);
    world.delete('deaf');
    world.runTo(3);
    world.delete('deaf', 2);
    world.runTo(20);
    expect(world.log.at(-1)).toEqual([expect.closeTo(5, 2), 'deaf/main stopped 137']);
  });

  test('a pod removed by force is killed with its own grace', () => {
    const world = new NodeWorld();
    world.create(pod('web', { behaviour: { 'stop-duration': '5s' } }));
    world.runTo(1);
    world.delete('web', 0);
    world.runTo(2);
    expect(world.phase('web')).toBe('gone');
    expect(world.running()).toEqual(['web']);
    world.runTo(7);
    expect(world.running()).toEqual([]);
  });

  test('a pod past its active deadline fails', () => {
    const world = new NodeWorld();
    world.create(pod('late', { spec: { activeDeadlineSeconds: 30 } }));
    world.runTo(29);
    expect(world.phase('late')).toBe('Running');
    world.runTo(31);
    expect(world.phase('late')).toBe('Failed');
    expect(world.pod('late')!.status.reason).toBe('DeadlineExceeded');
  });

  test('preStop counts against the grace', () => {
    const world = new NodeWorld();
    const container = { lifecycle: { preStop: { sleep: { seconds: 8 } } } };
    world.create(pod('web', { behaviour: { 'stop-duration': '5s' }, container, spec: { terminationGracePeriodSeconds: 10 } }));
    world.runTo(1);
    world.delete('web');
    world.runTo(30);
    // 8 s of preStop leave 2 s of the 5 s it would need.
    expect(world.log.at(-1)).toEqual([expect.closeTo(11, 2), 'web/main stopped 137']);
  });
});

describe('probes', () => {
  const readinessProbe = { httpGet: { path: '/', port: 80 }, periodSeconds: 5 };

  test('readiness follows the application on the grid of the probe', () => {
    const world = new NodeWorld();
    world.runTo(100);
    world.create(pod('web', { behaviour: { 'start-after': '7s' }, container: { readinessProbe } }));
    world.runTo(109.9);
    expect(world.phase('web')).toBe('Running');
    expect(world.isReady('web')).toBe(false);
    world.runTo(110.1);
    expect(world.isReady('web')).toBe(true);
  });

  test('a kubelet that has just started spreads first looks over one period, so that its pods are not ready until then', () => {
    const world = new NodeWorld();
    world.runTo(100);
    for (let i = 0; i < 20; i++) world.create(pod(`p-${i}`, { container: { readinessProbe } }));
    world.runTo(101);
    const ready = () => Array.from({ length: 20 }, (_, i) => world.isReady(`p-${i}`)).filter(Boolean).length;
    expect(ready()).toBe(20);
    world.kubelets.kubeletCrash('a-1-1')();
    world.runTo(101.5);
    expect(ready()).toBeLessThan(10);
    world.runTo(103.5);
    expect(ready()).toBeGreaterThan(3);
    world.runTo(106.5);
    expect(ready()).toBe(20);
    expect(world.log.length).toBe(20);
  });

  test('readiness is lost after three failures and comes back', () => {
    const world = new NodeWorld();
    world.runTo(100);
    world.create(pod('web', { behaviour: { 'unready-after': '21s', 'unready-for': '30s' }, container: { readinessProbe } }));
    world.runTo(134);
    expect(world.isReady('web')).toBe(true);
    world.runTo(136);
    expect(world.isReady('web')).toBe(false);
    world.runTo(154);
    expect(world.isReady('web')).toBe(false);
    world.runTo(156);
    expect(world.isReady('web')).toBe(true);
  });

  test('a hung container is killed by its liveness probe and restarted', () => {
    const world = new NodeWorld();
    const livenessProbe = { exec: { command: ['x'] }, periodSeconds: 10, failureThreshold: 3 };
    world.create(
      pod('web', {
        behaviour: { 'hang-after': '60s', 'stop-duration': 'never' },
        container: { livenessProbe },
        spec: { terminationGracePeriodSeconds: 5 },
      }),
    );
    world.runTo(150);
    const stop = world.log.find(([, what]) => what.includes('stopped'))!;
    expect(stop[1]).toBe('web/main stopped 137');
    // Three looks 10 s apart after the hang, then 5 s of grace.
    expect(stop[0]).toBeGreaterThan(60 + 20 + 5);
    expect(stop[0]).toBeLessThan(60 + 30 + 5);
    expect(world.pod('web')!.status.containerStatuses[0]!.restartCount).toBe(1);
  });

  test('a slow start is spared by a startup probe and killed when that is used up', () => {
    const startupProbe = { exec: { command: ['x'] }, periodSeconds: 10, failureThreshold: 6 };
    const livenessProbe = { exec: { command: ['x'] }, periodSeconds: 5, failureThreshold: 1 };
    const world = new NodeWorld();
    world.create(pod('slow', { behaviour: { 'start-after': '40s' }, container: { startupProbe, livenessProbe } }));
    world.create(pod('stuck', { behaviour: { 'start-after': '2h' }, container: { startupProbe, livenessProbe } }));
    world.runTo(51);
    expect(world.isReady('slow')).toBe(true);
    expect(world.isReady('stuck')).toBe(false);
    world.runTo(100);
    expect(world.log.filter(([, what]) => what.startsWith('slow/main stopped'))).toEqual([]);
    expect(world.log.filter(([, what]) => what.startsWith('stuck/main stopped')).length).toBe(1);
  });

  test('healthy probes cost no events', () => {
    const world = new NodeWorld();
    world.create(pod('web', { container: { readinessProbe, livenessProbe: readinessProbe } }));
    world.runTo(60);
    const before = world.engine.eventCount;
    // Between two status writes of the node nothing is to be done for a healthy pod.
    const next = world.engine.nextEventUs;
    expect(next).toBeGreaterThan(61e6);
    expect(world.engine.eventCount - before).toBe(0);
  });
});
