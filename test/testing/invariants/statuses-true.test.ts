import { describe, expect, test } from 'vitest';
import { TAINT_UNREACHABLE } from '../../../src/objects/node.ts';
import { statusesTrue } from '../../../src/testing/invariants/statuses-true.ts';
import { budget, deployment, newReplicaSet, statefulSet } from '../../controllers/objects.ts';
import { FakeProbe, ownedBy } from '../../support/fake-probe.ts';

describe('statuses-true', () => {
  test('is content with statuses that count what there is', () => {
    const probe = new FakeProbe(statusesTrue);
    probe.node('n1');
    const set = newReplicaSet('web', { replicas: 2 });
    const stored = probe.put({ ...set, status: { ...set.status, replicas: 2, readyReplicas: 1, availableReplicas: 1 } });
    probe.ready(probe.pod('a', { owner: stored, labels: { app: 'web' } }));
    probe.pod('b', { owner: stored, labels: { app: 'web' } });
    probe.put(budget('web', { minAvailable: 1 }, { currentHealthy: 1, desiredHealthy: 1, expectedPods: 2, disruptionsAllowed: 0 }));
    expect(probe.unsettled).toEqual([]);
  });

  test('misses the truth of a ReplicaSet, a StatefulSet and a budget', () => {
    const probe = new FakeProbe(statusesTrue);
    const set = probe.put(newReplicaSet('web', { replicas: 1 }));
    probe.ready(probe.pod('a', { owner: set, labels: { app: 'web' } }));
    const db = probe.put(statefulSet('db', { replicas: 1 }));
    probe.pod('db-0', { owner: db, labels: { app: 'db' } });
    probe.put(budget('web', { minAvailable: '50%' }, { currentHealthy: 1, desiredHealthy: 1, expectedPods: 1, disruptionsAllowed: 1 }));
    expect(probe.unsettled).toEqual([
      'the status of replicaset/default/web says replicas 0 instead of 1, readyReplicas 0 instead of 1, availableReplicas 0 instead of 1',
      'the status of statefulset/default/db says replicas 0 instead of 1',
      'the status of poddisruptionbudget/default/web says disruptionsAllowed 1 instead of 0',
    ]);
  });

  test('counts as unavailable what the ReplicaSets of a Deployment want and have not', () => {
    const probe = new FakeProbe(statusesTrue);
    const web = deployment('web', { replicas: 2 });
    const stored = probe.put({ ...web, status: { ...web.status, unavailableReplicas: 2 } });
    const bare = newReplicaSet('web-1', { replicas: 2 });
    probe.put({ ...bare, metadata: { ...bare.metadata, ownerReferences: ownedBy(stored) } });
    expect(probe.unsettled).toEqual([]);
    probe.change(stored, (now) => ({ ...now, status: { ...now.status, unavailableReplicas: 0 } }));
    expect(probe.unsettled).toEqual(['the status of deployment/default/web says unavailableReplicas 0 instead of 2']);
  });

  test('counts a failed pod of a StatefulSet for its revision until it is being deleted', () => {
    const probe = new FakeProbe(statusesTrue);
    const set = statefulSet('db', { replicas: 1 });
    const status = { ...set.status, replicas: 1, updatedReplicas: 1, currentReplicas: 1, currentRevision: 'db-1', updateRevision: 'db-1' };
    const db = probe.put({ ...set, status });
    const pod = probe.finish(probe.pod('db-0', { owner: db, labels: { 'controller-revision-hash': 'db-1' } }), 'Failed');
    expect(probe.unsettled).toEqual([]);
    probe.terminate(pod);
    expect(probe.unsettled).toEqual([
      'the status of statefulset/default/db says currentReplicas 1 instead of 0, updatedReplicas 1 instead of 0',
    ]);
  });

  test('lets the available pods off of a StatefulSet that waits to scale down, unless the scenario asks', () => {
    for (const isStrict of [false, true]) {
      const probe = new FakeProbe(statusesTrue, { isStrict });
      const set = statefulSet('db', { replicas: 1, minReadySeconds: 5 });
      const db = probe.put({ ...set, status: { ...set.status, replicas: 2, readyReplicas: 2, availableReplicas: 1 } });
      for (const name of ['db-0', 'db-1']) probe.ready(probe.pod(name, { owner: db, labels: { 'controller-revision-hash': 'x' } }));
      probe.to(60);
      expect(probe.unsettled).toHaveLength(isStrict ? 1 : 0);
    }
  });

  test('misses the taint of a node, and the end of one', () => {
    const probe = new FakeProbe(statusesTrue);
    const lost = probe.node('n1');
    probe.change(lost, (now) => ({ ...now, status: { ...now.status, conditions: [{ ...now.status.conditions[0]!, status: 'Unknown' }] } }));
    const taint = { key: TAINT_UNREACHABLE, value: '', effect: 'NoSchedule' as const, timeAdded: undefined };
    const back = probe.node('n2');
    probe.change(back, (now) => ({ ...now, spec: { ...now.spec, taints: [taint] } }));
    const cordoned = probe.node('n3');
    probe.change(cordoned, (now) => ({ ...now, spec: { ...now.spec, unschedulable: true } }));
    expect(probe.unsettled).toEqual([
      'node/n1 is not Ready and lacks the taint node.kubernetes.io/unreachable',
      'node/n2 is Ready and has the taint node.kubernetes.io/unreachable',
      'node/n3 is Ready and cordoned and lacks the taint node.kubernetes.io/unschedulable',
    ]);
  });
});
