import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { deployment as deploymentController } from '../../src/controllers/deployment.ts';
import { disruption } from '../../src/controllers/disruption.ts';
import { computeBudgetStatus, DELETION_TIMEOUT_US, desiredHealthyOf, stillDisrupted } from '../../src/controllers/disruption-plan.ts';
import { replicaset } from '../../src/controllers/replicaset.ts';
import { MINUTE_US, SECOND_US } from '../../src/engine/units.ts';
import { isApiStatus } from '../../src/objects/api-status.ts';
import { keyOf } from '../../src/objects/meta.ts';
import { isPodReady, type Pod, podCondition } from '../../src/objects/pod.ts';
import { ControllerWorld, type ControllerWorldOptions } from '../support/controller-world.ts';
import { check } from '../support/seeded.ts';
import { budget, deployment, pod } from './objects.ts';

function world(options: Partial<ControllerWorldOptions> = {}): ControllerWorld {
  return new ControllerWorld({ controllers: [replicaset, deploymentController, disruption], ...options });
}

function statusOf(w: ControllerWorld) {
  return w.get('PodDisruptionBudget', 'web')!.status;
}

describe('desiredHealthyOf', () => {
  test.each([
    [{ maxUnavailable: 1 }, 5, 4],
    [{ maxUnavailable: 9 }, 5, 0],
    [{ maxUnavailable: '30%' }, 5, 3],
    [{ minAvailable: '30%' }, 5, 2],
    [{ minAvailable: 3 }, 5, 3],
    [{ minAvailable: 9 }, 5, 9],
    [{}, 5, 0],
  ])('%j of %i is %i', (spec, expected, healthy) => {
    expect(desiredHealthyOf(budget('web', spec).spec, expected)).toBe(healthy);
  });
});

test('a pod whose eviction was accepted does not count as healthy for two minutes, then it does', () => {
  const pods = ['a', 'b', 'c'].map((name) => pod({ name, readySinceUs: 0 }));
  const web = budget('web', { minAvailable: 1 }, { disruptedPods: { a: 0, gone: 0 } });
  const soon = stillDisrupted(web, pods, MINUTE_US);
  expect(soon).toEqual({ waiting: { a: 0 }, overdue: [], recheckAtUs: DELETION_TIMEOUT_US });
  expect(computeBudgetStatus(web, pods, 3, soon, MINUTE_US)).toMatchObject({ currentHealthy: 2, disruptionsAllowed: 1 });
  const late = stillDisrupted(web, pods, DELETION_TIMEOUT_US + 1);
  expect(late).toMatchObject({ waiting: {}, overdue: [pods[0]] });
  expect(computeBudgetStatus(web, pods, 3, late, 0)).toMatchObject({ currentHealthy: 3, disruptionsAllowed: 2 });
});

test('never allows more than what is healthy beyond the wish, and nothing of nothing', () => {
  const ready = fc.array(fc.boolean(), { maxLength: 10 });
  const amount = fc.oneof(
    fc.nat(12),
    fc.nat(100).map((n) => `${n}%`),
  );
  check(
    fc.property(ready, amount, fc.boolean(), (list, value, isMin) => {
      const pods = list.map((isReady, i) => pod({ name: `p${i}`, readySinceUs: isReady ? 0 : undefined }));
      const web = budget('web', isMin ? { minAvailable: value } : { maxUnavailable: value });
      const status = computeBudgetStatus(web, pods, pods.length, stillDisrupted(web, pods, 0), 0);
      expect(status.disruptionsAllowed).toBeGreaterThanOrEqual(0);
      if (status.disruptionsAllowed > 0)
        expect(status.currentHealthy - status.disruptionsAllowed).toBeGreaterThanOrEqual(status.desiredHealthy);
      if (pods.length === 0) expect(status.disruptionsAllowed).toBe(0);
    }),
  );
});

describe('the controller', () => {
  test('counts against what the Deployment wants', () => {
    const w = world().start(deployment('web', { replicas: 4 }), budget('web', { maxUnavailable: '25%' }));
    w.run(MINUTE_US);
    expect(statusOf(w)).toMatchObject({
      expectedPods: 4,
      desiredHealthy: 3,
      currentHealthy: 4,
      disruptionsAllowed: 1,
      observedGeneration: 1,
    });
    expect(statusOf(w).conditions).toMatchObject([{ type: 'DisruptionAllowed', status: 'True', reason: 'SufficientPods' }]);
    w.change('Deployment', 'default/web', (d) => ({ ...d, spec: { ...d.spec, replicas: 0 } }));
    w.run(MINUTE_US);
    expect(statusOf(w)).toMatchObject({ currentHealthy: 0, disruptionsAllowed: 0 });
  });

  test('lets evictions through one by one, and never below the wish', () => {
    const w = world({ startUs: 5 * SECOND_US }).start(deployment('web', { replicas: 5 }), budget('web', { minAvailable: 4 }));
    w.run(MINUTE_US);
    let least = 5;
    w.store.onCommit((kind) => {
      if (kind === 'Pod') least = Math.min(least, w.livePods().filter(isPodReady).length);
    });
    let accepted = 0;
    for (let i = 0; i < 200; i++) {
      const victim = w.livePods().find(isPodReady);
      if (victim !== undefined && !isApiStatus(w.server.execute({ verb: 'evict', key: keyOf(victim) }))) accepted++;
      w.run(SECOND_US);
    }
    expect(accepted).toBeGreaterThan(20);
    expect(least).toBe(4);
  });

  test('a budget over bare pods can only be a number', () => {
    const bare = { ...pod({ name: 'bare', readySinceUs: 0 }) };
    const w = world().start({ ...bare, metadata: { ...bare.metadata, uid: '' } }, budget('web', { maxUnavailable: 1 }));
    w.run(MINUTE_US);
    expect(statusOf(w)).toMatchObject({ expectedPods: 0, disruptionsAllowed: 0 });
    expect(w.events.some((event) => event.startsWith('UnmanagedPods web'))).toBe(true);
  });

  test('a controller that cannot be found stops all evictions', () => {
    const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'nobody', uid: 'u', controller: true, blockOwnerDeletion: true };
    const p = pod({ name: 'p', owner, readySinceUs: 0 });
    const w = new ControllerWorld({ controllers: [disruption] }).start(
      { ...p, metadata: { ...p.metadata, uid: '' } },
      budget('web', { maxUnavailable: 1 }),
    );
    w.run(MINUTE_US);
    expect(statusOf(w)).toMatchObject({ disruptionsAllowed: 0 });
    expect(statusOf(w).conditions).toMatchObject([{ status: 'False', reason: 'SyncFailed' }]);
    const writes = w.writeCount;
    w.run(30 * MINUTE_US);
    expect(w.writeCount).toBe(writes);
  });

  test('an eviction that was charged but not carried out is given back after two minutes, and its mark is taken off', () => {
    const w = world().start(deployment('web', { replicas: 3 }), budget('web', { minAvailable: 2 }));
    w.run(MINUTE_US);
    const victim = w.livePods()[0]!;
    const { name } = victim.metadata;
    w.change(
      'PodDisruptionBudget',
      'default/web',
      (b) => ({ ...b, status: { ...b.status, disruptionsAllowed: 0, disruptedPods: { [name]: w.engine.nowUs } } }),
      'status',
    );
    const mark = {
      type: 'DisruptionTarget',
      status: 'True' as const,
      reason: 'EvictionByEvictionAPI',
      message: '',
      lastTransitionTime: w.engine.nowUs,
    };
    w.change('Pod', keyOf(victim), (p) => ({ ...p, status: { ...p.status, conditions: [...p.status.conditions, mark] } }), 'status');
    w.run(MINUTE_US);
    expect(statusOf(w)).toMatchObject({ disruptionsAllowed: 0, currentHealthy: 2 });
    w.run(65 * SECOND_US);
    expect(statusOf(w)).toMatchObject({ disruptionsAllowed: 1, currentHealthy: 3, disruptedPods: {} });
    expect(podCondition(w.get('Pod', name)!, 'DisruptionTarget')?.status).toBe('False');
    expect(w.events.some((event) => event.startsWith(`NotDeleted ${name}`))).toBe(true);
  });
});

describe('an eviction in the middle of a status write', () => {
  /**
   * Evictions accepted of 3 pods of which 1 must stay. The third pod has just become ready, so the controller counts
   * "2 allowed"; before that is written the first pod is evicted on the older "1 allowed".
   */
  function acceptedEvictions(quirks: ControllerWorldOptions['quirks'] & object): number {
    const w = world({ quirks, stopUs: -1, linkUs: 20_000 }).start(deployment('web', { replicas: 3 }), budget('web', { minAvailable: 1 }));
    w.run(MINUTE_US);
    w.startUs = -1;
    const pods = w.livePods().map(keyOf);
    const unready = (p: Pod): Pod => ({ ...p, status: { ...p.status, conditions: [{ ...podCondition(p, 'Ready')!, status: 'False' }] } });
    w.change('Pod', pods[2]!, unready, 'status');
    w.run(MINUTE_US);
    expect(statusOf(w).disruptionsAllowed).toBe(1);
    let accepted = 0;
    const evict = (key: string): void => {
      if (w.store.get('Pod', key)?.metadata.deletionTimestamp !== undefined) return;
      if (!isApiStatus(w.server.execute({ verb: 'evict', key }))) accepted++;
    };
    let isFirst = true;
    w.access.beforeWrite.push((_component, client) => {
      if (!isFirst || !client.endsWith('/disruption')) return;
      isFirst = false;
      w.at(w.engine.nowUs, () => evict(pods[0]!));
    });
    w.makeReady(pods[2]!);
    for (let i = 0; i < 500; i++) {
      w.run(1_000);
      if (!isFirst) for (const key of pods) evict(key);
    }
    return accepted;
  }

  test('does not overdraw the budget', () => {
    expect(acceptedEvictions([])).toBe(2);
  });

  test('did so before a conflict was respected', () => {
    expect(acceptedEvictions(['disruption-stale-status-retry'])).toBe(3);
  });
});
