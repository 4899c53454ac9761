import { describe, expect, test } from 'vitest';
import { newRevision } from '../../../src/controllers/controller-revision.ts';
import { historyLimits } from '../../../src/testing/invariants/history-limits.ts';
import { deployment, newJob, newReplicaSet, statefulSet, template } from '../../controllers/objects.ts';
import { FakeProbe, ownedBy } from '../../support/fake-probe.ts';

function probeWithSets(old: number, limit: number, rolledOut: number): FakeProbe {
  const probe = new FakeProbe(historyLimits);
  const status = { replicas: 1, updatedReplicas: rolledOut, availableReplicas: 1 };
  const web = probe.put(deployment('web', { replicas: 1, revisionHistoryLimit: limit, status }));
  for (let i = 0; i <= old; i++) {
    const set = newReplicaSet(`web-${i}`, { replicas: i === old ? 1 : 0 });
    const replicas = i === old ? 1 : 0;
    probe.put({ ...set, metadata: { ...set.metadata, ownerReferences: ownedBy(web) }, status: { ...set.status, replicas } });
  }
  return probe;
}

describe('history-limits', () => {
  test('is content with as many old ReplicaSets as are allowed', () => {
    expect(probeWithSets(2, 2, 1).unsettled).toEqual([]);
  });

  test('misses the end of one too many, once the rollout is over', () => {
    expect(probeWithSets(3, 2, 1).unsettled).toEqual(['deployment/default/web keeps 3 old ReplicaSets, 2 are allowed']);
    expect(probeWithSets(3, 2, 0).unsettled).toEqual([]);
  });

  test('misses the end of a second revision of one template', () => {
    const probe = new FakeProbe(historyLimits);
    const db = probe.put(statefulSet('db', { replicas: 1 }));
    probe.put(newRevision(db, template('db:1'), 'a', 1));
    probe.put(newRevision(db, template('db:2'), 'b', 2));
    expect(probe.unsettled).toEqual([]);
    probe.put(newRevision(db, template('db:1'), 'c', 1));
    expect(probe.unsettled).toEqual(['statefulset/default/db has 3 revisions of 2 templates']);
  });

  test('misses the end of old revisions, except of those that were made while nobody saw', () => {
    for (const isBlind of [false, true]) {
      const probe = new FakeProbe(historyLimits);
      const db = probe.put(statefulSet('db', { replicas: 0, revisionHistoryLimit: 0 }));
      if (isBlind) probe.fault(1, 'api-server-restart', 'api-server/0', 'start');
      const [old, now] = ['db:1', 'db:2'].map((image, index) => probe.put(newRevision(db, template(image), `hash-${index}`, index + 1)));
      const { name } = now!.metadata;
      probe.change(db, (set) => ({ ...set, status: { ...set.status, currentRevision: name, updateRevision: name } }));
      expect(probe.unsettled).toEqual(isBlind ? [] : ['statefulset/default/db keeps 1 old revisions, 0 are allowed']);
      probe.remove(old!);
      expect(probe.unsettled).toEqual([]);
    }
  });

  test('misses the end of finished Jobs whose time is over', () => {
    const probe = new FakeProbe(historyLimits);
    const job = newJob('sum', { ttlSecondsAfterFinished: 10 });
    const complete = { type: 'Complete', status: 'True' as const, reason: '', message: '', lastTransitionTime: 0 };
    probe.put({ ...job, status: { ...job.status, conditions: [complete] } });
    probe.to(20);
    expect(probe.unsettled).toEqual([]);
    probe.to(50);
    expect(probe.unsettled).toEqual(['job/default/sum should have gone 40 s ago']);
  });
});
