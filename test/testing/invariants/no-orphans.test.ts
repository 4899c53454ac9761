import { describe, expect, test } from 'vitest';
import type { AnyObject } from '../../../src/objects/kinds.ts';
import { noOrphans } from '../../../src/testing/invariants/no-orphans.ts';
import { newReplicaSet, statefulSet } from '../../controllers/objects.ts';
import { FakeProbe } from '../../support/fake-probe.ts';

function hold<T extends AnyObject>(probe: FakeProbe, object: T, ...finalizers: string[]): T {
  return probe.change(object, (now) => ({ ...now, metadata: { ...now.metadata, finalizers } }));
}

describe('no-orphans', () => {
  test('is content with objects whose owners live, and with those that have none', () => {
    const probe = new FakeProbe(noOrphans);
    probe.pod('a', { owner: probe.put(newReplicaSet('web')) });
    probe.pod('b');
    expect(probe.unsettled).toEqual([]);
  });

  test('misses the end of objects whose owner is gone, or has come anew', () => {
    const probe = new FakeProbe(noOrphans);
    const set = probe.put(newReplicaSet('web'));
    probe.pod('a', { owner: set });
    probe.remove(set);
    expect(probe.unsettled).toEqual(['pod/default/a is left although replicaset/web is gone']);
    probe.put(newReplicaSet('web'));
    expect(probe.unsettled).toHaveLength(1);
  });

  test('is content with an object while one of its owners lives', () => {
    const probe = new FakeProbe(noOrphans);
    const set = probe.put(newReplicaSet('web'));
    const db = probe.put(statefulSet('db'));
    const pod = probe.pod('a', { owner: set });
    const [other] = probe.pod('b', { owner: db }).metadata.ownerReferences;
    probe.change(pod, (now) => ({ ...now, metadata: { ...now.metadata, ownerReferences: [...now.metadata.ownerReferences, other!] } }));
    probe.remove(set);
    expect(probe.unsettled).toEqual([]);
  });

  test('misses the end of deletions, and says what holds them', () => {
    const probe = new FakeProbe(noOrphans);
    probe.terminate(probe.pod('a'));
    probe.terminate(hold(probe, probe.put(newReplicaSet('web')), 'foregroundDeletion'));
    expect(probe.unsettled).toEqual([
      'pod/default/a is being deleted and does not go',
      'replicaset/default/web is being deleted and does not go, held by foregroundDeletion',
    ]);
  });

  test('does not blame anybody for finalizers of strangers', () => {
    const probe = new FakeProbe(noOrphans);
    const set = hold(probe, probe.put(newReplicaSet('web')), 'foregroundDeletion');
    const pod = hold(probe, probe.pod('a', { owner: set }), 'example.com/backup');
    probe.terminate(set);
    probe.terminate(pod);
    expect(probe.unsettled).toEqual([]);
  });
});
