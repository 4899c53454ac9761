import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { setWatchLag } from '../../src/client/controls.ts';
import { garbageCollector } from '../../src/controllers/garbage-collector.ts';
import { statefulset } from '../../src/controllers/statefulset.ts';
import { ordinalOf } from '../../src/controllers/statefulset-plan.ts';
import { MILLISECOND_US, MINUTE_US, SECOND_US } from '../../src/engine/units.ts';
import { isApiStatus } from '../../src/objects/api-status.ts';
import { keyOf } from '../../src/objects/meta.ts';
import { isPodReady, type Pod } from '../../src/objects/pod.ts';
import type { StatefulSet } from '../../src/objects/workloads.ts';
import { ControllerWorld, type ControllerWorldOptions } from '../support/controller-world.ts';
import { check } from '../support/seeded.ts';
import { pod, statefulSet, template } from './objects.ts';

function world(options: Partial<ControllerWorldOptions> = {}): ControllerWorld {
  return new ControllerWorld({ controllers: [statefulset, garbageCollector], ...options });
}

function change(w: ControllerWorld, spec: Partial<StatefulSet['spec']>): void {
  w.change('StatefulSet', 'default/web', (set) => ({ ...set, spec: { ...set.spec, ...spec } }));
}

/** `+name` for a creation, `-name` for a deletion, in order. */
function steps(w: ControllerWorld): string[] {
  const log: string[] = [];
  w.store.onCommit((kind, type, old, next) => {
    if (kind !== 'Pod') return;
    if (type === 'ADDED') log.push(`+${next!.metadata.name}`);
    else if (old!.metadata.deletionTimestamp === undefined && next?.metadata.deletionTimestamp !== undefined)
      log.push(`-${next!.metadata.name}`);
  });
  return log;
}

function images(w: ControllerWorld): string[] {
  return w
    .pods()
    .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
    .map((p) => p.spec.containers[0]!.image.slice(4));
}

test.each([
  ['web-0', 0],
  ['web-12', 12],
  ['web-x', -1],
  ['web', -1],
  ['other-0', -1],
  ['web-1-0', -1],
])('the ordinal of %s in the set web is %i', (name, expected) => {
  expect(ordinalOf(statefulSet('web'), pod({ name }))).toBe(expected);
});

describe('OrderedReady', () => {
  test('makes each pod only when the one before is ready, with its name, labels and host name', () => {
    const w = world({ startUs: 5 * SECOND_US });
    let readyBefore = true;
    w.store.onCommit((kind, type, _old, next) => {
      if (kind !== 'Pod' || type !== 'ADDED') return;
      const ordinal = Number(next!.metadata.name.slice(4));
      readyBefore &&= w.pods().every((p) => Number(p.metadata.name.slice(4)) >= ordinal || isPodReady(p));
    });
    w.start(statefulSet('web'));
    w.run(MINUTE_US);
    expect(readyBefore).toBe(true);
    expect(w.names('Pod')).toEqual(['web-0', 'web-1', 'web-2']);
    const second = w.get('Pod', 'web-1')!;
    expect(second.metadata.labels).toMatchObject({
      'statefulset.kubernetes.io/pod-name': 'web-1',
      'apps.kubernetes.io/pod-index': '1',
      'controller-revision-hash': w.names('ControllerRevision')[0],
    });
    expect([second.spec.hostname, second.spec.subdomain]).toEqual(['web-1', 'web']);
    expect(w.get('StatefulSet', 'web')?.status).toMatchObject({
      replicas: 3,
      readyReplicas: 3,
      availableReplicas: 3,
      currentReplicas: 3,
      updatedReplicas: 3,
    });
  });

  test('removes from the top, one after the other', () => {
    const w = world({ stopUs: 3 * SECOND_US }).start(statefulSet('web', { replicas: 4 }));
    w.run(MINUTE_US);
    const log = steps(w);
    change(w, { replicas: 1 });
    w.run(MINUTE_US);
    expect(log).toEqual(['-web-3', '-web-2', '-web-1']);
    expect(w.names('Pod')).toEqual(['web-0']);
  });

  test('updates from the top, waiting for each pod to be ready again', () => {
    const w = world().start(statefulSet('web'));
    w.run(MINUTE_US);
    const log = steps(w);
    change(w, { template: template('web:v2') });
    w.run(MINUTE_US);
    expect(log).toEqual(['-web-2', '+web-2', '-web-1', '+web-1', '-web-0', '+web-0']);
    expect(images(w)).toEqual(['v2', 'v2', 'v2']);
    const { status } = w.get('StatefulSet', 'web')!;
    expect(status.currentRevision).toBe(status.updateRevision);
  });

  test('pods below the partition keep their revision, also when they are made again', () => {
    const w = world().start(statefulSet('web', { updateStrategy: { type: 'RollingUpdate', partition: 2 } }));
    w.run(MINUTE_US);
    change(w, { template: template('web:v2') });
    w.run(MINUTE_US);
    expect(images(w)).toEqual(['v1', 'v1', 'v2']);
    w.remove('Pod', 'default/web-0');
    w.run(MINUTE_US);
    expect(images(w)).toEqual(['v1', 'v1', 'v2']);
    change(w, { updateStrategy: { type: 'RollingUpdate', partition: 0 } });
    w.run(MINUTE_US);
    expect(images(w)).toEqual(['v2', 'v2', 'v2']);
  });

  test('OnDelete leaves pods alone until somebody deletes them', () => {
    const w = world().start(statefulSet('web', { updateStrategy: { type: 'OnDelete', partition: 0 } }));
    w.run(MINUTE_US);
    change(w, { template: template('web:v2') });
    w.run(MINUTE_US);
    expect(images(w)).toEqual(['v1', 'v1', 'v1']);
    w.remove('Pod', 'default/web-1');
    w.run(MINUTE_US);
    expect(images(w)).toEqual(['v1', 'v2', 'v1']);
  });

  test('a broken revision stays broken after the template is mended, until its pod is deleted', () => {
    const w = world().start(statefulSet('web'));
    w.run(MINUTE_US);
    w.startUs = -1;
    change(w, { template: template('web:broken') });
    w.run(MINUTE_US);
    w.startUs = SECOND_US;
    change(w, { template: template('web:v3') });
    w.run(10 * MINUTE_US);
    expect(images(w)).toEqual(['v1', 'v1', 'broken']);
    w.remove('Pod', 'default/web-2');
    w.run(2 * MINUTE_US);
    expect(images(w)).toEqual(['v3', 'v3', 'v3']);
  });

  test('a finished pod is deleted first and then made again under its name', () => {
    const w = world().start(statefulSet('web'));
    w.run(MINUTE_US);
    const uid = w.get('Pod', 'web-1')!.metadata.uid;
    const log = steps(w);
    w.finish('default/web-1', 'Failed');
    w.run(MINUTE_US);
    expect(log).toEqual(['+web-1']); // a finished pod goes without a grace period
    expect(w.get('Pod', 'web-1')!.metadata.uid).not.toBe(uid);
    expect(w.livePods()).toHaveLength(3);
  });

  test('a pod that does not end keeps its ordinal for ever', () => {
    const w = world({ stopUs: -1 }).start(statefulSet('web'));
    w.run(MINUTE_US);
    w.remove('Pod', 'default/web-1');
    w.run(30 * MINUTE_US);
    expect(w.names('Pod')).toEqual(['web-0', 'web-1', 'web-2']);
    expect(w.get('Pod', 'web-1')!.metadata.deletionTimestamp).toBeDefined();
  });
});

describe('Parallel', () => {
  test('makes and removes pods side by side', () => {
    const w = world({ startUs: 5 * SECOND_US, stopUs: 5 * SECOND_US }).start(
      statefulSet('web', { podManagementPolicy: 'Parallel', replicas: 5 }),
    );
    w.run(3 * SECOND_US);
    expect(w.names('Pod')).toHaveLength(5);
    w.run(MINUTE_US);
    change(w, { replicas: 1 });
    w.run(SECOND_US);
    expect(w.livePods().map((p) => p.metadata.name)).toEqual(['web-0']);
  });
});

describe('revisions', () => {
  test('going back to an old template reuses its revision under a higher number', () => {
    const w = world().start(statefulSet('web'));
    w.run(MINUTE_US);
    change(w, { template: template('web:v2') });
    w.run(MINUTE_US);
    change(w, { template: template('web:v1') });
    w.run(MINUTE_US);
    expect(images(w)).toEqual(['v1', 'v1', 'v1']);
    expect(
      w.store
        .list('ControllerRevision')
        .map((revision) => revision.spec['revision'])
        .sort(),
    ).toEqual([2, 3]);
  });

  test.each([
    [[], 1],
    [['statefulset-duplicate-revisions'], 2],
  ] as const)('with the quirks %j a revision that exists unseen leads to at least %i', (quirks, least) => {
    const w = world({ quirks });
    setWatchLag(w.access, 'kube-controller-manager', 'ControllerRevision', { kind: 'constant', value: 5 * SECOND_US });
    w.start();
    w.run(10 * SECOND_US);
    w.create(statefulSet('web'));
    w.run(MINUTE_US);
    const { length } = w.names('ControllerRevision');
    expect(length).toBeGreaterThanOrEqual(least);
    if (least === 1) expect(length).toBe(1);
  });

  test('beyond the limit the oldest unused ones are deleted, and all go with the set', () => {
    const w = world().start(statefulSet('web', { revisionHistoryLimit: 1 }));
    for (const image of ['web:v1', 'web:v2', 'web:v3', 'web:v4']) {
      change(w, { template: template(image) });
      w.run(MINUTE_US);
    }
    expect(w.names('ControllerRevision')).toHaveLength(2);
    w.remove('StatefulSet', 'default/web');
    w.run(MINUTE_US);
    expect([w.names('ControllerRevision'), w.names('Pod')]).toEqual([[], []]);
  });
});

test('ordinals can start above 0', () => {
  const w = world().start(statefulSet('web', { firstOrdinal: 5, replicas: 2 }));
  w.run(MINUTE_US);
  expect(w.names('Pod')).toEqual(['web-5', 'web-6']);
});

test('a status that meets a conflict is tried five times, ten milliseconds apart, on what the cache shows', () => {
  const w = world().start(statefulSet('web', { replicas: 1 }));
  w.run(MINUTE_US);
  const sentUs: number[] = [];
  w.access.afterWrite.push((_component, _client, request, result) => {
    if (request.verb !== 'update' || request.subresource !== 'status' || request.object.kind !== 'StatefulSet') return;
    sentUs.push(w.engine.nowUs);
    expect(isApiStatus(result) && result.isConflict).toBe(true);
  });
  setWatchLag(w.access, 'kube-controller-manager', 'StatefulSet', { kind: 'constant', value: 500 * MILLISECOND_US });
  w.change('StatefulSet', 'default/web', (set) => ({ ...set, metadata: { ...set.metadata, annotations: { seen: 'late' } } }));
  w.change('Pod', 'default/web-0', (current) => ({ ...current, status: { ...current.status, conditions: [] } }), 'status');
  w.run(80 * MILLISECOND_US);
  expect(sentUs.length).toBeGreaterThanOrEqual(5);
  const gaps = sentUs.slice(1, 5).map((at, i) => at - sentUs[i]!);
  for (const gap of gaps) expect(gap).toBeGreaterThanOrEqual(10 * MILLISECOND_US);
});

test('after any edits and failures it reaches what is wanted, never doubles a name, and then writes nothing more', () => {
  const step = fc.oneof(
    fc.record({ replicas: fc.nat(5) }),
    fc.record({ image: fc.constantFrom('web:v1', 'web:v2', 'web:v3') }),
    fc.record({ remove: fc.nat(9) }),
    fc.record({ fail: fc.nat(9) }),
    fc.constant({ crash: true as const }),
  );
  const plan = fc.array(fc.tuple(fc.integer({ min: 1, max: 5_000_000 }), step), { maxLength: 12 });
  check(
    fc.property(
      plan,
      fc.constantFrom('OrderedReady' as const, 'Parallel' as const),
      fc.constantFrom(1_000, 200_000),
      fc.boolean(),
      (schedule, policy, linkUs, mitigated) => {
        const settings = { statefulset: { params: { staleControllerMitigation: mitigated } } };
        const w = world({ linkUs, startUs: 500_000, settings }).start(statefulSet('web', { podManagementPolicy: policy }));
        let wanted = 3;
        let image = 'web:v1';
        for (const [waitUs, what] of schedule) {
          w.run(waitUs);
          const live = w.livePods();
          const pick = (index: number): Pod | undefined => live[index % Math.max(1, live.length)];
          if ('replicas' in what) {
            wanted = what.replicas;
            change(w, { replicas: wanted });
          } else if ('image' in what) {
            image = what.image;
            change(w, { template: template(image) });
          } else if ('remove' in what) {
            const victim = pick(what.remove);
            if (victim !== undefined) w.remove('Pod', keyOf(victim));
          } else if ('fail' in what) {
            const victim = pick(what.fail);
            if (victim !== undefined && victim.spec.nodeName !== '') w.finish(keyOf(victim), 'Failed');
          } else if (w.manager.isRunning) {
            w.manager.restart(SECOND_US);
          }
        }
        w.run(10 * MINUTE_US);
        expect(w.names('Pod')).toEqual(Array.from({ length: wanted }, (_, i) => `web-${i}`));
        expect(w.livePods().every((p) => isPodReady(p) && p.spec.containers[0]!.image === image)).toBe(true);
        const writes = w.writeCount;
        w.run(30 * MINUTE_US);
        expect(w.writeCount).toBe(writes);
      },
    ),
    50,
  );
});
