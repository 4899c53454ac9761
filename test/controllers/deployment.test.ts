import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { relist } from '../../src/client/controls.ts';
import { deployment as deploymentController } from '../../src/controllers/deployment.ts';
import { garbageCollector } from '../../src/controllers/garbage-collector.ts';
import { replicaset } from '../../src/controllers/replicaset.ts';
import { MILLISECOND_US, MINUTE_US, SECOND_US } from '../../src/engine/units.ts';
import { keyOf } from '../../src/objects/meta.ts';
import { isPodReady } from '../../src/objects/pod.ts';
import type { Deployment } from '../../src/objects/workloads.ts';
import { ControllerWorld, type ControllerWorldOptions } from '../support/controller-world.ts';
import { check } from '../support/seeded.ts';
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

describe('a new Deployment', () => {
  test('makes one ReplicaSet named after its template and reports progress', () => {
    const w = world().start(deployment('web', { annotations: { team: 'a' } }));
    w.run(MINUTE_US);
    const [name] = w.names('ReplicaSet');
    expect(name).toMatch(/^web-[bcdfghjklmnpqrstvwxz2456789]{1,10}$/);
    const set = w.get('ReplicaSet', name!)!;
    const hash = name!.slice('web-'.length);
    expect(set.spec.selector.matchLabels).toEqual({ app: 'web', 'pod-template-hash': hash });
    expect(set.metadata.annotations).toEqual({
      team: 'a',
      'deployment.kubernetes.io/revision': '1',
      'deployment.kubernetes.io/desired-replicas': '3',
      'deployment.kubernetes.io/max-replicas': '4',
    });
    expect(w.livePods().every((pod) => pod.metadata.labels['pod-template-hash'] === hash && pod.metadata.name.startsWith(`${name}-`))).toBe(
      true,
    );
    const web = w.get('Deployment', 'web')!;
    expect(web.metadata.annotations['deployment.kubernetes.io/revision']).toBe('1');
    expect(web.status.conditions.map(({ type, status, reason }) => [type, status, reason])).toEqual([
      ['Available', 'True', 'MinimumReplicasAvailable'],
      ['Progressing', 'True', 'NewReplicaSetAvailable'],
    ]);
    expect(w.events).toContain(`ScalingReplicaSet web: Scaled up replica set ${name} from 0 to 3`);
  });

  test('is quiet once it is complete', () => {
    const w = world().start(deployment('web'));
    w.run(MINUTE_US);
    const writes = w.writeCount;
    w.run(30 * MINUTE_US);
    expect(w.writeCount).toBe(writes);
  });

  test('takes another name when a stranger has the one its template hashes to', () => {
    const probe = world().start(deployment('web'));
    probe.run(MINUTE_US);
    const taken = probe.store.list('ReplicaSet')[0]!;
    const w = world();
    const { namespace, name } = taken.metadata;
    const stranger = {
      ...taken,
      metadata: { ...taken.metadata, uid: '', resourceVersion: 0, ownerReferences: [], labels: { other: 'x' } },
      spec: { ...taken.spec, replicas: 0, template: template('other:v1') },
    };
    w.create(stranger);
    w.start(deployment('web'));
    w.run(MINUTE_US);
    expect(w.get('Deployment', 'web')?.status.collisionCount).toBe(1);
    expect(w.names('ReplicaSet')).toHaveLength(2);
    expect(w.store.get('ReplicaSet', `${namespace}/${name}`)?.spec.replicas).toBe(0);
    expect(readyByImage(w)).toEqual({ 'web:v1': 3 });
  });

  test('with an empty selector is refused', () => {
    const w = world().start(deployment('web', { selector: { matchLabels: {}, matchExpressions: [] } }));
    w.run(MINUTE_US);
    expect(w.names('ReplicaSet')).toEqual([]);
    expect(w.events[0]).toContain('SelectingAll web');
    expect(w.get('Deployment', 'web')?.status.observedGeneration).toBe(1);
  });
});

describe('rollouts', () => {
  test('a second change in the middle of a rollout turns the first new set into an old one', () => {
    const w = world({ startUs: 5 * SECOND_US }).start(deployment('web', { replicas: 10 }));
    w.run(MINUTE_US);
    w.change('Deployment', 'default/web', withImage('web:v2'));
    w.run(7 * SECOND_US);
    expect(Object.keys(readyByImage(w)).sort()).toEqual(['web:v1', 'web:v2']);
    w.change('Deployment', 'default/web', withImage('web:v3'));
    w.run(3 * MINUTE_US);
    expect(readyByImage(w)).toEqual({ 'web:v3': 10 });
    expect(
      w.store
        .list('ReplicaSet')
        .map((set) => set.spec.replicas)
        .sort(),
    ).toEqual([0, 0, 10]);
  });

  test('never have more than the surge above or the allowed number below, of pods that are not terminating', () => {
    const w = world({ startUs: 3 * SECOND_US }).start(deployment('web', { replicas: 10 }));
    w.run(MINUTE_US);
    let most = 0;
    let leastReady = 10;
    w.store.onCommit((kind) => {
      if (kind !== 'Pod') return;
      most = Math.max(most, w.livePods().length);
      leastReady = Math.min(leastReady, w.livePods().filter(isPodReady).length);
    });
    w.change('Deployment', 'default/web', withImage('web:v2'));
    w.run(3 * MINUTE_US);
    expect(readyByImage(w)).toEqual({ 'web:v2': 10 });
    expect([most, leastReady]).toEqual([13, 8]);
  });

  test('a broken template stops before the healthy old pods are gone, and the deadline is reported', () => {
    const w = world().start(deployment('web', { replicas: 4, progressDeadlineSeconds: 60 }));
    w.run(MINUTE_US);
    w.startUs = -1;
    w.change('Deployment', 'default/web', withImage('web:broken'));
    w.run(55 * SECOND_US);
    const progressing = () => w.get('Deployment', 'web')!.status.conditions.find((condition) => condition.type === 'Progressing');
    expect(progressing()?.reason).toBe('ReplicaSetUpdated');
    w.run(10 * SECOND_US);
    expect(progressing()).toMatchObject({ status: 'False', reason: 'ProgressDeadlineExceeded' });
    expect(readyByImage(w)).toEqual({ 'web:v1': 3 });
  });

  test('Recreate starts no new pod while an old one is left', () => {
    const strategy = { type: 'Recreate', maxSurge: '25%', maxUnavailable: '25%' } as const;
    const w = world({ stopUs: 10 * SECOND_US }).start(deployment('web', { strategy }));
    w.run(MINUTE_US);
    const mixed = new Set<string>();
    w.store.onCommit((kind) => {
      if (kind === 'Pod') mixed.add([...new Set(w.pods().map((pod) => pod.spec.containers[0]!.image))].sort().join('+'));
    });
    w.change('Deployment', 'default/web', withImage('web:v2'));
    w.run(MINUTE_US);
    expect([...mixed]).toEqual(['web:v1', '', 'web:v2']);
    expect(readyByImage(w)).toEqual({ 'web:v2': 3 });
  });

  test('minReadySeconds slows each step down', () => {
    const w = world().start(deployment('web', { strategy: carefully, minReadySeconds: 20 }));
    w.run(2 * MINUTE_US);
    const startUs = w.engine.nowUs;
    let endUs = 0;
    w.store.onCommit((kind, _type, _old, next) => {
      if (kind !== 'Deployment' || endUs !== 0) return;
      const { status } = next as Deployment;
      if (status.observedGeneration === 2 && status.replicas === 3 && status.updatedReplicas === 3 && status.availableReplicas === 3)
        endUs = w.engine.nowUs;
    });
    w.change('Deployment', 'default/web', withImage('web:v2'));
    w.run(5 * MINUTE_US);
    expect(endUs - startUs).toBeGreaterThan(60 * SECOND_US);
    expect(endUs - startUs).toBeLessThan(70 * SECOND_US);
  });
});

describe('rollback', () => {
  function twoRevisions(): ControllerWorld {
    const w = world().start(deployment('web'));
    w.run(MINUTE_US);
    w.change('Deployment', 'default/web', withImage('web:v2'));
    w.run(MINUTE_US);
    return w;
  }

  function rollBackTo(w: ControllerWorld, revision: string): void {
    w.change('Deployment', 'default/web', (web) => ({
      ...web,
      metadata: { ...web.metadata, annotations: { ...web.metadata.annotations, 'deprecated.deployment.rollback.to': revision } },
    }));
    w.run(MINUTE_US);
  }

  test('to revision 0 brings the previous template back as the newest revision', () => {
    const w = twoRevisions();
    rollBackTo(w, '0');
    expect(readyByImage(w)).toEqual({ 'web:v1': 3 });
    const web = w.get('Deployment', 'web')!;
    expect(web.metadata.annotations).toEqual({ 'deployment.kubernetes.io/revision': '3' });
    const old = w.store.list('ReplicaSet').find((set) => set.spec.template.spec.containers[0]!.image === 'web:v1')!;
    expect(old.metadata.annotations['deployment.kubernetes.io/revision']).toBe('3');
    expect(old.metadata.annotations['deployment.kubernetes.io/revision-history']).toBe('1');
    expect(w.events).toContain('DeploymentRollback web: Rolled back deployment "web" to revision 1');
  });

  test('to an unknown revision or to the present one only says so', () => {
    const w = twoRevisions();
    rollBackTo(w, '9');
    rollBackTo(w, '2');
    expect(readyByImage(w)).toEqual({ 'web:v2': 3 });
    expect(w.events.filter((event) => event.startsWith('DeploymentRollback')).map((event) => event.split(' ')[0])).toEqual([
      'DeploymentRollbackRevisionNotFound',
      'DeploymentRollbackTemplateUnchanged',
    ]);
    expect(w.get('Deployment', 'web')!.metadata.annotations).toEqual({ 'deployment.kubernetes.io/revision': '2' });
  });
});

describe('pause, size and history', () => {
  test('a paused Deployment does not roll, but scales', () => {
    const w = world().start(deployment('web'));
    w.run(MINUTE_US);
    w.change('Deployment', 'default/web', (web) => ({
      ...web,
      spec: { ...web.spec, paused: true, template: template('web:v2'), replicas: 5 },
    }));
    w.run(MINUTE_US);
    expect(readyByImage(w)).toEqual({ 'web:v1': 5 });
    const progressing = w.get('Deployment', 'web')!.status.conditions.find((condition) => condition.type === 'Progressing');
    expect(progressing).toMatchObject({ status: 'Unknown', reason: 'DeploymentPaused' });
    w.change('Deployment', 'default/web', (web) => ({ ...web, spec: { ...web.spec, paused: false } }));
    w.run(MINUTE_US);
    expect(readyByImage(w)).toEqual({ 'web:v2': 5 });
  });

  test('scaling in the middle of a stuck rollout is shared in proportion', () => {
    const w = world().start(deployment('web', { replicas: 10, strategy: { type: 'RollingUpdate', maxSurge: 3, maxUnavailable: 2 } }));
    w.run(MINUTE_US);
    w.startUs = -1;
    w.change('Deployment', 'default/web', withImage('web:broken'));
    w.run(MINUTE_US);
    const sizes = () =>
      Object.fromEntries(w.store.list('ReplicaSet').map((set) => [set.spec.template.spec.containers[0]!.image, set.spec.replicas]));
    expect(sizes()).toEqual({ 'web:v1': 8, 'web:broken': 5 });
    w.change('Deployment', 'default/web', (web) => ({ ...web, spec: { ...web.spec, replicas: 15 } }));
    w.run(MINUTE_US);
    expect(sizes()).toEqual({ 'web:v1': 11, 'web:broken': 7 });
  });

  test('old ReplicaSets beyond the limit are deleted, oldest first', () => {
    const w = world().start(deployment('web', { revisionHistoryLimit: 1 }));
    w.run(MINUTE_US);
    for (const image of ['web:v2', 'web:v3', 'web:v4']) {
      w.change('Deployment', 'default/web', withImage(image));
      w.run(MINUTE_US);
    }
    const images = w.store.list('ReplicaSet').map((set) => set.spec.template.spec.containers[0]!.image);
    expect(images.sort()).toEqual(['web:v3', 'web:v4']);
  });

  test('a running ReplicaSet that matches is adopted instead of doubled', () => {
    const w = world();
    w.start(deployment('web'));
    w.run(MINUTE_US);
    const [name] = w.names('ReplicaSet');
    w.remove('Deployment', 'default/web', { propagation: 'Orphan' });
    w.run(MINUTE_US);
    expect(w.get('Deployment', 'web')).toBeUndefined();
    expect(w.get('ReplicaSet', name!)!.metadata.ownerReferences).toEqual([]);
    w.create(deployment('web'));
    w.run(MINUTE_US);
    expect(w.names('ReplicaSet')).toEqual([name]);
    expect(w.get('ReplicaSet', name!)!.metadata.ownerReferences.map((reference) => reference.uid)).toEqual([
      w.get('Deployment', 'web')!.metadata.uid,
    ]);
    expect(w.livePods()).toHaveLength(3);
  });

  test('everything is over within seconds of virtual time, not of retries', () => {
    const w = world().start(deployment('web'));
    w.run(1500 * MILLISECOND_US);
    expect(readyByImage(w)).toEqual({ 'web:v1': 3 });
  });
});

test('after any edits and failures it reaches what is wanted and then writes nothing more', () => {
  const step = fc.oneof(
    fc.record({ replicas: fc.nat(6) }),
    fc.record({ image: fc.constantFrom('web:v1', 'web:v2', 'web:v3') }),
    fc.record({ surge: fc.nat(2), missing: fc.nat(2) }),
    fc.record({ paused: fc.boolean() }),
    fc.record({ remove: fc.nat(9) }),
    fc.constant({ crash: true as const }),
    fc.constant({ relist: true as const }),
  );
  const plan = fc.array(fc.tuple(fc.integer({ min: 1, max: 4_000_000 }), step), { maxLength: 12 });
  check(
    fc.property(plan, fc.constantFrom(1_000, 150_000), (schedule, linkUs) => {
      const w = world({ linkUs, startUs: 500_000 }).start(deployment('web'));
      const change = (spec: Partial<Deployment['spec']>): void =>
        w.change('Deployment', 'default/web', (web) => ({ ...web, spec: { ...web.spec, ...spec } }));
      for (const [waitUs, what] of schedule) {
        w.run(waitUs);
        if ('replicas' in what) change({ replicas: what.replicas });
        else if ('image' in what) change({ template: template(what.image) });
        else if ('surge' in what) change({ strategy: { type: 'RollingUpdate', maxSurge: what.surge, maxUnavailable: what.missing } });
        else if ('paused' in what) change({ paused: what.paused });
        else if ('remove' in what) {
          const live = w.livePods();
          const victim = live[what.remove % Math.max(1, live.length)];
          if (victim !== undefined) w.remove('Pod', keyOf(victim));
        } else if ('crash' in what) {
          if (w.manager.isRunning) w.manager.restart(SECOND_US);
        } else {
          relist(w.access, 'kube-controller-manager', 'ReplicaSet', SECOND_US);
        }
      }
      change({ paused: false });
      w.run(10 * MINUTE_US);
      const { spec, status } = w.get('Deployment', 'web')!;
      const wanted = spec.template.spec.containers[0]!.image;
      expect(readyByImage(w)).toEqual(spec.replicas === 0 ? {} : { [wanted]: spec.replicas });
      expect(status).toMatchObject({
        replicas: spec.replicas,
        updatedReplicas: spec.replicas,
        availableReplicas: spec.replicas,
        unavailableReplicas: 0,
      });
      const writes = w.writeCount;
      w.run(30 * MINUTE_US);
      expect(w.writeCount).toBe(writes);
    }),
    40,
  );
});
