import { describe, expect, test } from 'vitest';
import { addRule } from '../../src/apiserver/controls.ts';
import { conflict } from '../../src/objects/api-status.ts';
import { NodeWorld, pod } from '../support/node-world.ts';

describe('a pod without surprises', () => {
  test('runs and is ready at once with the instant profile', () => {
    const world = new NodeWorld();
    world.create(pod('web'));
    world.runTo(1);
    expect(world.phase('web')).toBe('Running');
    expect(world.isReady('web')).toBe(true);
    expect(world.running()).toEqual(['web']);
  });

  test('runs to completion after its run duration', () => {
    const world = new NodeWorld();
    world.create(pod('job', { behaviour: { 'run-duration': '10s' }, spec: { restartPolicy: 'Never' } }));
    world.runTo(5);
    expect(world.phase('job')).toBe('Running');
    world.runTo(11);
    expect(world.phase('job')).toBe('Succeeded');
    expect(world.running()).toEqual([]);
    expect(world.log.map(([, what]) => what)).toEqual(['job/main started', 'job/main stopped 0']);
  });

  test('is deleted from the API after its containers have stopped', () => {
    const world = new NodeWorld();
    world.create(pod('web', { behaviour: { 'stop-duration': '3s' } }));
    world.runTo(1);
    world.delete('web');
    world.runTo(3);
    expect(world.phase('web')).toBe('Running');
    expect(world.running()).toEqual(['web']);
    world.runTo(5);
    expect(world.phase('web')).toBe('gone');
    expect(world.log.at(-1)).toEqual([4, 'web/main stopped 0']);
  });
});

describe('a conflict', () => {
  const isOfKubelet = (client: string): boolean => client.startsWith('kubelet/');
  const busy = conflict('the object has been modified');

  test('does not keep a status from being sent again while the pod is there', () => {
    const world = new NodeWorld();
    addRule(world.servers, {
      matches: (request, client) => isOfKubelet(client) && request.verb === 'patch' && request.kind === 'Pod',
      effect: { what: 'refuse', status: busy },
      times: 4,
    });
    world.create(pod('web'));
    world.runTo(60);
    expect(world.phase('web')).toBe('Running');
    expect(world.isReady('web')).toBe(true);
  });

  test('does not keep the final delete from being sent again', () => {
    const world = new NodeWorld();
    addRule(world.servers, {
      matches: (request, client) => isOfKubelet(client) && request.verb === 'delete',
      effect: { what: 'refuse', status: busy },
      times: 2,
    });
    world.create(pod('web'));
    world.runTo(1);
    world.delete('web');
    world.runTo(60);
    expect(world.phase('web')).toBe('gone');
  });
});
