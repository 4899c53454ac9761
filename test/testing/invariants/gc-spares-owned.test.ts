import { describe, expect, test } from 'vitest';
import type { AnyObject } from '../../../src/objects/kinds.ts';
import { gcSparesOwned } from '../../../src/testing/invariants/gc-spares-owned.ts';
import { newReplicaSet, statefulSet } from '../../controllers/objects.ts';
import { FakeProbe } from '../../support/fake-probe.ts';

const COLLECTOR = 'kube-controller-manager/garbage-collector';

function collect(probe: FakeProbe, object: AnyObject): void {
  probe.remove(object);
  probe.write(COLLECTOR, 'delete', object.kind, `default/${object.metadata.name}`);
}

describe('gc-spares-owned', () => {
  test('is silent when the owner is gone, came anew, or waits for its dependents', () => {
    const probe = new FakeProbe(gcSparesOwned);
    const set = probe.put(newReplicaSet('web'));
    const [a, b] = ['a', 'b'].map((name) => probe.pod(name, { owner: set }));
    probe.remove(set);
    collect(probe, a!);
    const again = probe.put(newReplicaSet('web'));
    collect(probe, b!);
    const c = probe.pod('c', { owner: again });
    probe.terminate(probe.change(again, (now) => ({ ...now, metadata: { ...now.metadata, finalizers: ['foregroundDeletion'] } })));
    collect(probe, c);
    expect(probe.reports).toEqual([]);
  });

  test('is silent when others delete what is owned', () => {
    const probe = new FakeProbe(gcSparesOwned);
    const pod = probe.pod('a', { owner: probe.put(newReplicaSet('web')) });
    probe.remove(pod);
    probe.write('kube-controller-manager/replicaset', 'delete', 'Pod', 'default/a');
    expect(probe.reports).toEqual([]);
  });

  test('reports what is collected under a living owner, removed at once or marked', () => {
    const probe = new FakeProbe(gcSparesOwned);
    const set = probe.put(newReplicaSet('web'));
    collect(probe, probe.pod('a', { owner: set }));
    probe.terminate(probe.pod('b', { owner: set }));
    probe.write(COLLECTOR, 'delete', 'Pod', 'default/b');
    expect(probe.reports).toEqual([
      '0s pod/default/a was collected although replicaset/default/web lives [pod/default/a replicaset/default/web]',
      '0s pod/default/b was collected although replicaset/default/web lives [pod/default/b replicaset/default/web]',
    ]);
  });

  test('reports what one of two owners still needs', () => {
    const probe = new FakeProbe(gcSparesOwned);
    const db = probe.put(statefulSet('db'));
    const other = probe.pod('other', { owner: db }).metadata.ownerReferences;
    const set = probe.put(newReplicaSet('web'));
    const pod = probe.pod('a', { owner: set });
    probe.change(pod, (now) => ({ ...now, metadata: { ...now.metadata, ownerReferences: [...now.metadata.ownerReferences, ...other] } }));
    probe.remove(set);
    collect(probe, pod);
    expect(probe.reports).toHaveLength(1);
  });
});
