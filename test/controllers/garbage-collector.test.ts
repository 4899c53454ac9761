import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { freezeWatch } from '../../src/client/controls.ts';
import { deployment as deploymentController } from '../../src/controllers/deployment.ts';
import { garbageCollector } from '../../src/controllers/garbage-collector.ts';
import { GcGraph } from '../../src/controllers/gc-graph.ts';
import { replicaset } from '../../src/controllers/replicaset.ts';
import { MINUTE_US } from '../../src/engine/units.ts';
import type { CustomObject } from '../../src/objects/cluster.ts';
import { newMeta, type OwnerReference } from '../../src/objects/meta.ts';
import type { Pod } from '../../src/objects/pod.ts';
import { ControllerWorld, type ControllerWorldOptions } from '../support/controller-world.ts';
import { check } from '../support/seeded.ts';
import { deployment, pod } from './objects.ts';

function world(options: Partial<ControllerWorldOptions> = {}): ControllerWorld {
  return new ControllerWorld({ controllers: [replicaset, deploymentController, garbageCollector], ...options });
}

function tree(): ControllerWorld {
  const w = world().start(deployment('web'));
  w.run(MINUTE_US);
  return w;
}

function kinds(w: ControllerWorld): Record<string, number> {
  return { Deployment: w.store.count('Deployment'), ReplicaSet: w.store.count('ReplicaSet'), Pod: w.store.count('Pod') };
}

/** Deletions in order, as kinds. */
function deletions(w: ControllerWorld): string[] {
  const order: string[] = [];
  w.store.onCommit((kind, type) => {
    if (type === 'DELETED' && order[order.length - 1] !== kind) order.push(kind);
  });
  return order;
}

describe('deleting a Deployment', () => {
  test('in the background removes owners first', () => {
    const w = tree();
    const order = deletions(w);
    w.remove('Deployment', 'default/web');
    w.run(MINUTE_US);
    expect(order).toEqual(['Deployment', 'ReplicaSet', 'Pod']);
    expect(kinds(w)).toEqual({ Deployment: 0, ReplicaSet: 0, Pod: 0 });
  });

  test('in the foreground removes dependents first', () => {
    const w = tree();
    const order = deletions(w);
    w.remove('Deployment', 'default/web', { propagation: 'Foreground' });
    w.run(MINUTE_US);
    expect(order).toEqual(['Pod', 'ReplicaSet', 'Deployment']);
    expect(kinds(w)).toEqual({ Deployment: 0, ReplicaSet: 0, Pod: 0 });
  });

  test('as orphan leaves the rest, without the reference', () => {
    const w = tree();
    w.remove('Deployment', 'default/web', { propagation: 'Orphan' });
    w.run(MINUTE_US);
    expect(kinds(w)).toEqual({ Deployment: 0, ReplicaSet: 1, Pod: 3 });
    expect(w.store.list('ReplicaSet')[0]!.metadata.ownerReferences).toEqual([]);
    const writes = w.writeCount;
    w.run(30 * MINUTE_US);
    expect(w.writeCount).toBe(writes);
  });

  test('while the collector is down is made good when it is back', () => {
    const w = tree();
    w.manager.crash();
    w.remove('Deployment', 'default/web');
    w.run(MINUTE_US);
    expect(kinds(w)).toEqual({ Deployment: 0, ReplicaSet: 1, Pod: 3 });
    w.manager.start();
    w.run(MINUTE_US);
    expect(kinds(w)).toEqual({ Deployment: 0, ReplicaSet: 0, Pod: 0 });
  });
});

function reference(kind: string, name: string, uid: string, apiVersion = 'seatrial.dev/v1'): OwnerReference {
  return { apiVersion, kind, name, uid, controller: false, blockOwnerDeletion: false };
}

function owned(name: string, ...owners: OwnerReference[]): Pod {
  const base = pod({ name });
  return { ...base, metadata: { ...newMeta({ name, namespace: 'default', ownerReferences: owners }) } };
}

function custom(kind: string, name: string): CustomObject {
  return { kind, apiVersion: 'seatrial.dev/v1', metadata: newMeta({ name, namespace: 'default' }), spec: {}, status: {} };
}

describe('references', () => {
  test('to an owner that never was make the object go', () => {
    const w = world().start(owned('p', reference('Widget', 'x', 'no-such-uid')));
    w.run(MINUTE_US);
    expect(w.names('Pod')).toEqual([]);
  });

  test('to a living owner keep it, and those to dead ones are dropped', () => {
    const w = world();
    w.create(custom('Widget', 'x'));
    const uid = w.get('Widget', 'x')!.metadata.uid;
    w.start(owned('p', reference('Widget', 'x', uid), reference('Widget', 'gone', 'no-such-uid')));
    w.run(MINUTE_US);
    expect(w.get('Pod', 'p')!.metadata.ownerReferences.map((owner) => owner.name)).toEqual(['x']);
    w.remove('Widget', 'default/x');
    w.run(MINUTE_US);
    expect(w.names('Pod')).toEqual([]);
  });

  test('by a name that now belongs to another object count as dead', () => {
    const w = world();
    w.create(custom('Widget', 'x'));
    const uid = w.get('Widget', 'x')!.metadata.uid;
    w.remove('Widget', 'default/x');
    w.create(custom('Widget', 'x'));
    w.start(owned('p', reference('Widget', 'x', uid)));
    w.run(MINUTE_US);
    expect(w.names('Pod')).toEqual([]);
  });

  test('that name a living uid under a wrong kind do not harm those that name it rightly', () => {
    expect(survivors([])).toEqual(['right']);
  });

  test('before v1.20 they did', () => {
    expect(survivors(['gc-absent-owner-by-uid'])).toEqual([]);
  });

  /** A widget with one dependent that names it rightly and one that names it as a Gadget, seen in the worst order after a restart. */
  function survivors(quirks: ControllerWorldOptions['quirks'] & object): string[] {
    const w = world({ quirks });
    w.create(custom('Widget', 'x'));
    const uid = w.get('Widget', 'x')!.metadata.uid;
    w.create(owned('bad', reference('Gadget', 'x', uid)), owned('right', reference('Widget', 'x', uid)));
    const thaw = freezeWatch(w.access, 'kube-controller-manager', 'Widget');
    w.start();
    w.run(MINUTE_US);
    thaw();
    w.run(10 * MINUTE_US);
    return w.names('Pod');
  }
});

test('the graph knows exactly the edges of the objects that are there, whatever order they come in', () => {
  const uids = ['a', 'b', 'c', 'd', 'e'];
  const event = fc.record({
    uid: fc.constantFrom(...uids),
    owners: fc.uniqueArray(fc.constantFrom(...uids), { maxLength: 3 }),
    isRemoval: fc.boolean(),
  });
  check(
    fc.property(fc.array(event, { maxLength: 40 }), (events) => {
      const touched = new Set<string>();
      const graph = new GcGraph({
        attemptToDelete: (uid) => touched.add(uid),
        attemptToDeleteLater: (uid) => touched.add(uid),
        attemptToOrphan: () => {},
        noteAbsent: () => {},
        reportWrongNamespace: () => {},
      });
      const objects = new Map<string, CustomObject>();
      const gone = new Set<string>(); // a uid never comes back
      for (const { uid, owners, isRemoval } of events) {
        const old = objects.get(uid);
        if (gone.has(uid)) continue;
        if (isRemoval) {
          if (old !== undefined) gone.add(uid);
          if (old === undefined) continue;
          touched.clear();
          graph.remove(old);
          objects.delete(uid);
          // Whoever names the one that went has to be looked at.
          for (const [other, object] of objects)
            if (object.metadata.ownerReferences.some((owner) => owner.uid === uid)) expect(touched).toContain(other);
          continue;
        }
        const base = custom('Widget', uid);
        const next = {
          ...base,
          metadata: { ...base.metadata, uid, ownerReferences: owners.map((owner) => reference('Widget', owner, owner)) },
        };
        graph.observe(next, old);
        objects.set(uid, next);
      }
      for (const uid of objects.keys()) {
        expect(graph.find(uid)?.isVirtual).toBe(false);
        const naming = [...objects.values()].filter((object) => object.metadata.ownerReferences.some((owner) => owner.uid === uid));
        const known = [...graph.find(uid)!.dependents.keys()].filter((dependent) => objects.has(dependent));
        expect(known.sort()).toEqual(naming.map((object) => object.metadata.uid).sort());
      }
    }),
    200,
  );
});
