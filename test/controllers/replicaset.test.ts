import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ActiveRule } from '../../src/apiserver/request-rules.ts';
import { replicaset } from '../../src/controllers/replicaset.ts';
import { computeReplicaSetStatus, planReplicaSet } from '../../src/controllers/replicaset-plan.ts';
import { MINUTE_US, SECOND_US } from '../../src/engine/units.ts';
import { forbidden } from '../../src/objects/api-status.ts';
import { keyOf } from '../../src/objects/meta.ts';
import { isPodReady } from '../../src/objects/pod.ts';
import { ControllerWorld, type ControllerWorldOptions } from '../support/controller-world.ts';
import { check } from '../support/seeded.ts';
import { newReplicaSet, pod, replicaSet, template } from './objects.ts';

function world(options: Partial<ControllerWorldOptions> = {}): ControllerWorld {
  return new ControllerWorld({ controllers: [replicaset], ...options });
}

function scale(w: ControllerWorld, replicas: number): void {
  w.change('ReplicaSet', 'default/web', (set) => ({ ...set, spec: { ...set.spec, replicas } }));
}

describe('planReplicaSet', () => {
  const pods = (count: number) => Array.from({ length: count }, (_, i) => pod({ name: `pod-${i}`, uid: `uid-${i}` }));
  const names = (active: number, replicas: number, burst?: number) => {
    const plan = planReplicaSet(pods(active), replicas, () => [], 0, burst);
    return [plan.createCount, plan.deletes.length];
  };

  test.each([
    [3, 5, [2, 0]],
    [5, 5, [0, 0]],
    [5, 3, [0, 2]],
    [0, 700, [500, 0]],
    [700, 0, [0, 500]],
  ])('%i active of %i wanted: creates and deletes %j', (active, replicas, expected) => {
    expect(names(active, replicas)).toEqual(expected);
  });

  test('does not rank when all go', () => {
    planReplicaSet(pods(3), 0, () => expect.fail('ranked'), 0);
  });
});

test('status counts what is labelled, ready and available', () => {
  const set = replicaSet('web', { replicas: 4, minReadySeconds: 10, template: template('web:v1', { app: 'web', tier: 'x' }) });
  const active = [
    pod({ name: 'a', labels: { app: 'web', tier: 'x' }, readySinceUs: 0 }),
    pod({ name: 'b', readySinceUs: 15 * SECOND_US }),
    pod({ name: 'c' }),
  ];
  const status = computeReplicaSetStatus(set, active, undefined, 20 * SECOND_US);
  expect(status).toMatchObject({ replicas: 3, fullyLabeledReplicas: 1, readyReplicas: 2, availableReplicas: 1, conditions: [] });
});

test('the failure condition appears with the first error, keeps its message and goes with success', () => {
  const set = replicaSet('web', { replicas: 2 });
  const failed = computeReplicaSetStatus(set, [], { message: 'first' }, 5);
  expect(failed.conditions).toEqual([
    { type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: 'first', lastTransitionTime: 5 },
  ]);
  const again = computeReplicaSetStatus({ ...set, status: failed }, [], { message: 'second' }, 9);
  expect(again.conditions).toBe(failed.conditions);
  expect(computeReplicaSetStatus({ ...set, status: failed }, [], undefined, 9).conditions).toEqual([]);
});

describe('the controller', () => {
  test('brings up, replaces and shrinks to what is wanted', () => {
    const w = world().start(newReplicaSet('web', { replicas: 5 }));
    w.run(10 * SECOND_US);
    expect(w.livePods()).toHaveLength(5);
    expect(w.get('ReplicaSet', 'web')?.status).toMatchObject({
      replicas: 5,
      readyReplicas: 5,
      availableReplicas: 5,
      observedGeneration: 1,
    });
    w.remove('Pod', keyOf(w.pods()[0]!));
    w.finish(keyOf(w.pods()[1]!), 'Failed');
    w.run(10 * SECOND_US);
    expect(w.livePods()).toHaveLength(5);
    expect(w.pods()).toHaveLength(6); // the failed pod is left for the pod garbage collector
    scale(w, 2);
    w.run(10 * SECOND_US);
    expect(w.livePods()).toHaveLength(2);
    scale(w, 0);
    w.run(10 * SECOND_US);
    expect(w.livePods()).toHaveLength(0);
  });

  test('creates in batches of 1, 2, 4, 8', () => {
    const w = world();
    const departures: number[] = [];
    w.access.beforeWrite.push((_component, _client, request) => {
      if (request.verb === 'create') departures.push(w.engine.nowUs);
    });
    w.start(newReplicaSet('web', { replicas: 15 }));
    w.run(10 * SECOND_US);
    const sizes = [...new Set(departures)].map((time) => departures.filter((other) => other === time).length);
    expect(sizes).toEqual([1, 2, 4, 8]);
  });

  test('a refusal costs one request per try, is reported, and goes away when creation works again', () => {
    const w = world();
    let isRefusing = true;
    const status = forbidden('exceeded quota: pods');
    w.server.rules.add(
      new ActiveRule({ matches: (request) => isRefusing && request.verb === 'create', effect: { what: 'refuse', status } }),
    );
    w.start(newReplicaSet('web', { replicas: 10 }));
    w.run(SECOND_US);
    expect(w.pods()).toHaveLength(0);
    expect(w.get('ReplicaSet', 'web')?.status.conditions).toMatchObject([{ type: 'ReplicaFailure', reason: 'FailedCreate' }]);
    const tries = w.events.filter((event) => event.startsWith('FailedCreate')).length;
    expect(tries).toBeGreaterThan(3);
    expect(tries).toBeLessThan(10); // 5 ms doubling
    isRefusing = false;
    w.run(10 * SECOND_US);
    expect(w.livePods()).toHaveLength(10);
    expect(w.get('ReplicaSet', 'web')?.status.conditions).toEqual([]);
  });

  test('500 pods at 20 requests per second and burst 30 take about 23.5 s', () => {
    const w = world().start(newReplicaSet('web', { replicas: 500 }));
    let doneUs = 0;
    w.store.onCommit(() => {
      if (doneUs === 0 && w.store.count('Pod') === 500) doneUs = w.engine.nowUs;
    });
    w.run(MINUTE_US);
    expect(doneUs / SECOND_US).toBeGreaterThan(23);
    expect(doneUs / SECOND_US).toBeLessThan(24.5);
  });

  test('does not create twice while its cache lags behind its own writes', () => {
    const w = world({ linkUs: 400_000 });
    let most = 0;
    w.store.onCommit(() => {
      most = Math.max(most, w.livePods().length);
    });
    w.start(newReplicaSet('web', { replicas: 20 }));
    w.run(5 * SECOND_US);
    scale(w, 25);
    w.run(MINUTE_US);
    expect(most).toBe(25);
  });

  test('a pod of a finished life is replaced by one of the same template', () => {
    const w = world().start(newReplicaSet('web', { replicas: 1, template: template('web:v7') }));
    w.run(5 * SECOND_US);
    w.finish(keyOf(w.pods()[0]!), 'Succeeded');
    w.run(5 * SECOND_US);
    expect(w.livePods().map((p) => p.spec.containers[0]!.image)).toEqual(['web:v7']);
  });

  test('adopts matching orphans and releases pods whose labels leave', () => {
    const w = world();
    const orphan = { ...pod({ name: 'orphan' }), metadata: { ...pod({ name: 'orphan' }).metadata, uid: '' } };
    w.start(orphan, newReplicaSet('web', { replicas: 2 }));
    w.run(5 * SECOND_US);
    expect(w.livePods()).toHaveLength(2);
    expect(w.get('Pod', 'orphan')!.metadata.ownerReferences).toMatchObject([
      { kind: 'ReplicaSet', name: 'web', controller: true, blockOwnerDeletion: true },
    ]);
    w.change('Pod', 'default/orphan', (p) => ({ ...p, metadata: { ...p.metadata, labels: { app: 'debug' } } }));
    w.run(5 * SECOND_US);
    expect(w.livePods()).toHaveLength(3);
    expect(w.get('Pod', 'orphan')!.metadata.ownerReferences).toEqual([]);
  });

  test('becomes available minReadySeconds after it became ready, without any other event', () => {
    const w = world().start(newReplicaSet('web', { replicas: 2, minReadySeconds: 30 }));
    w.run(20 * SECOND_US);
    expect(w.get('ReplicaSet', 'web')?.status).toMatchObject({ readyReplicas: 2, availableReplicas: 0 });
    w.run(13 * SECOND_US);
    expect(w.get('ReplicaSet', 'web')?.status).toMatchObject({ readyReplicas: 2, availableReplicas: 2 });
  });

  test('takes pods away from the fullest node of the whole Deployment first', () => {
    const owner = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd', uid: 'uid-d', controller: true, blockOwnerDeletion: true };
    const w = world({ nodeNames: ['a', 'b', 'b', 'b'] });
    const set = newReplicaSet('web', { replicas: 4 });
    w.start({ ...set, metadata: { ...set.metadata, ownerReferences: [owner] } });
    w.run(10 * SECOND_US);
    scale(w, 2);
    w.run(10 * SECOND_US);
    expect(
      w
        .livePods()
        .map((p) => p.spec.nodeName)
        .sort(),
    ).toEqual(['a', 'b']);
  });

  test('creates nothing more once it is being deleted', () => {
    const w = world().start(newReplicaSet('web', { replicas: 2 }));
    w.run(5 * SECOND_US);
    w.remove('ReplicaSet', 'default/web', { propagation: 'Foreground' });
    w.run(SECOND_US);
    w.remove('Pod', keyOf(w.pods()[0]!));
    w.run(10 * SECOND_US);
    expect(w.livePods()).toHaveLength(1);
  });
});

test('after any edits and failures it reaches what is wanted and then writes nothing more', () => {
  const step = fc.oneof(
    fc.record({ scale: fc.nat(8) }),
    fc.record({ remove: fc.nat(20) }),
    fc.record({ fail: fc.nat(20) }),
    fc.record({ unlabel: fc.nat(20) }),
    fc.constant({ crash: true as const }),
    fc.constant({ freeze: true as const }),
  );
  const plan = fc.array(fc.tuple(fc.integer({ min: 1, max: 5_000_000 }), step), { maxLength: 15 });
  check(
    fc.property(plan, fc.constantFrom(0, 1_000, 300_000), (steps, linkUs) => {
      const w = world({ linkUs, startUs: 500_000 }).start(newReplicaSet('web', { replicas: 3 }));
      let wanted = 3;
      for (const [waitUs, what] of steps) {
        w.run(waitUs);
        const live = w.livePods();
        const pick = (index: number) => live[index % Math.max(1, live.length)];
        if ('scale' in what) {
          wanted = what.scale;
          scale(w, wanted);
        } else if ('remove' in what) {
          const victim = pick(what.remove);
          if (victim !== undefined) w.remove('Pod', keyOf(victim));
        } else if ('fail' in what) {
          const victim = pick(what.fail);
          if (victim !== undefined && victim.spec.nodeName !== '') w.finish(keyOf(victim), 'Failed');
        } else if ('unlabel' in what) {
          const victim = pick(what.unlabel);
          if (victim !== undefined) w.change('Pod', keyOf(victim), (p) => ({ ...p, metadata: { ...p.metadata, labels: {} } }));
        } else if ('crash' in what) {
          if (w.manager.isRunning) w.manager.restart(SECOND_US);
        } else {
          w.manager.freeze();
          w.at(w.engine.nowUs + SECOND_US, () => w.manager.thaw());
        }
      }
      w.run(10 * MINUTE_US);
      const owned = w.livePods().filter((p) => p.metadata.ownerReferences.length > 0);
      expect(owned.filter(isPodReady)).toHaveLength(wanted);
      expect(owned).toHaveLength(wanted);
      expect(w.get('ReplicaSet', 'web')!.status.readyReplicas).toBe(wanted);
      const writes = w.writeCount;
      w.run(30 * MINUTE_US);
      expect(w.writeCount).toBe(writes);
    }),
    60,
  );
});
