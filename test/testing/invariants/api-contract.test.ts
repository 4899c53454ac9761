import { describe, expect, test } from 'vitest';
import type { AnyObject } from '../../../src/objects/kinds.ts';
import type { ObjectMeta } from '../../../src/objects/meta.ts';
import { apiContract } from '../../../src/testing/invariants/api-contract.ts';
import { newReplicaSet } from '../../controllers/objects.ts';
import { FakeProbe } from '../../support/fake-probe.ts';

function change<T extends AnyObject>(probe: FakeProbe, object: T, fields: Partial<ObjectMeta>): T {
  return probe.change(object, (now) => ({ ...now, metadata: { ...now.metadata, ...fields } }));
}

/** What is said of the only object, without its name and time. */
function complaints(probe: FakeProbe): string[] {
  return probe.reports.map((line) => line.replace(/^\S+ \S+ /, '').replace(/ \[.*$/, ''));
}

describe('api-contract', () => {
  test('is silent when objects live as they should', () => {
    const probe = new FakeProbe(apiContract);
    const set = probe.put(newReplicaSet('web', { replicas: 1 }));
    const scaled = probe.change(set, (now) => ({
      ...now,
      metadata: { ...now.metadata, generation: now.metadata.generation + 1 },
      spec: { ...now.spec, replicas: 2 },
    }));
    change(probe, scaled, { labels: { a: 'b' } });
    const pod = probe.finish(probe.ready(probe.bind(probe.pod('a', { owner: set }), 'n1')));
    probe.terminate(change(probe, pod, { deletionTimestamp: 1, generation: 1 }));
    probe.remove(pod);
    probe.pod('a', { owner: set });
    expect(probe.reports).toEqual([]);
  });

  test('reports identities that are used twice or change', () => {
    const probe = new FakeProbe(apiContract);
    const pod = probe.pod('a');
    probe.remove(pod);
    probe.put(pod);
    change(probe, pod, { uid: 'another' });
    change(probe, pod, { creationTimestamp: 7 });
    expect(complaints(probe)).toEqual([
      'has the uid uid-1 of an earlier object',
      'changed its uid from uid-1 to another',
      'changed its time of creation',
    ]);
  });

  test('reports requests that strike another object than they are for', () => {
    const probe = new FakeProbe(apiContract);
    probe.write('kubelet/n1', 'patch', 'Pod', 'default/a', true, { wantedUid: 'uid-1', uid: 'uid-1' });
    probe.write('kubelet/n1', 'patch', 'Pod', 'default/a', false, { wantedUid: 'uid-1' });
    probe.write('kubelet/n1', 'patch', 'Pod', 'default/a', true, { wantedUid: 'uid-1', uid: 'uid-2' });
    expect(complaints(probe)).toEqual(['was written by a request of kubelet/n1 for another of that name']);
  });

  test('reports versions without news', () => {
    const probe = new FakeProbe(apiContract);
    const pod = probe.pod('a');
    probe.change(pod, (now) => ({ ...now, status: { ...now.status } }));
    expect(complaints(probe)).toEqual(['was written, but nothing in it is new']);
  });

  test('reports generations that do not follow the spec', () => {
    const probe = new FakeProbe(apiContract);
    const set = probe.put(newReplicaSet('web', { replicas: 1 }));
    probe.change(set, (now) => ({ ...now, spec: { ...now.spec, replicas: 2 } }));
    change(probe, set, { generation: 1 });
    probe.change(set, (now) => ({ ...now, metadata: { ...now.metadata, generation: 3 }, spec: { ...now.spec, replicas: 3 } }));
    expect(complaints(probe)).toEqual([
      'has another spec and the same generation',
      'has the same spec and generation 1',
      'went from generation 1 to 3',
    ]);
  });

  test('reports deletions that are taken back, or do not wait', () => {
    const probe = new FakeProbe(apiContract);
    const pod = probe.terminate(probe.pod('a'));
    change(probe, pod, { generation: 0, deletionTimestamp: undefined });
    const held = change(probe, probe.pod('b'), { finalizers: ['orphan', 'example.com/backup'] });
    probe.remove(held);
    expect(complaints(probe)).toEqual(['is no more being deleted', 'was removed at once although example.com/backup hold it']);
  });

  test('reports pods that come back to life, and restarts that are forgotten', () => {
    const probe = new FakeProbe(apiContract);
    const pod = probe.bind(probe.pod('a'), 'n1');
    const restarted = (restartCount: number): void => {
      const main = { name: 'main', ready: true, started: true, image: '', current: { state: 'running' as const, startedAt: 0 } };
      const rest = { restartCount, last: undefined, resources: undefined, allocatedResources: undefined };
      probe.change(pod, (now) => ({ ...now, status: { ...now.status, containerStatuses: [{ ...main, ...rest }] } }));
    };
    restarted(2);
    restarted(1);
    probe.finish(pod, 'Failed');
    probe.ready(pod);
    expect(complaints(probe)).toEqual(['counts 1 restarts of main after 2', 'was Failed and is Running']);
  });
});
