import { describe, expect, test } from 'vitest';
import { deployment as deploymentController } from '../../src/controllers/deployment.ts';
import { garbageCollector } from '../../src/controllers/garbage-collector.ts';
import { replicaset } from '../../src/controllers/replicaset.ts';
import { MILLISECOND_US, MINUTE_US, SECOND_US } from '../../src/engine/units.ts';
import { isPodReady } from '../../src/objects/pod.ts';
import type { Deployment } from '../../src/objects/workloads.ts';
import { ControllerWorld, type ControllerWorldOptions } from '../support/controller-world.ts';
import { deployment, template } from './objects.ts';

function world(options: Partial<ControllerWorldOptions> = {}): ControllerWorld {
  return new ControllerWorld({ controllers: [replicaset, deploymentController, garbageCollector], ...options });
}

const carefully = { type: 'RollingUpdate', maxSurge: 1, maxUnavailable: 0 } as const;

function withImage(image: string): (web: Deployment) => Deployment {
  return (web) => ({ ...web, spec: { ...web.spec, template: template(image) } });
}

function readyByImage(w: ControllerWorld): Record<string, number> {
  const count: Record<string, number> = {};
  for (const pod of w.livePods()) {
    const { image } = pod.spec.containers[0]!;
    if (isPodReady(pod)) count[image] = (count[image] ?? 0) + 1;
  }
  return count;
}

/** The distinct `old/new` counts of ready pods over time. */
function watchReady(w: ControllerWorld, oldImage: string, newImage: string): string[] {
  const seen: string[] = [];
  w.store.onCommit((kind) => {
    if (kind !== 'Pod') return;
    const count = readyByImage(w);
    const state = `${count[oldImage] ?? 0}/${count[newImage] ?? 0}`;
    if (seen[seen.length - 1] !== state) seen.push(state);
  });
  return seen;
}

describe('rolling update', () => {
  test('replaces 3 pods one by one with maxSurge 1 and maxUnavailable 0', () => {
    const w = world().start(deployment('web', { strategy: carefully }));
    w.run(30 * SECOND_US);
    expect(readyByImage(w)).toEqual({ 'web:v1': 3 });
    const seen = watchReady(w, 'web:v1', 'web:v2');
    w.change('Deployment', 'default/web', withImage('web:v2'));
    w.run(MINUTE_US);
    expect(seen).toEqual(['3/0', '3/1', '2/1', '2/2', '1/2', '1/3', '0/3']);
    expect(w.get('Deployment', 'web')?.status).toMatchObject({ replicas: 3, updatedReplicas: 3, readyReplicas: 3, availableReplicas: 3 });
  });
});
