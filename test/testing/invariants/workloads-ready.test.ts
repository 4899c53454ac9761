import { describe, expect, test } from 'vitest';
import { workloadsReady } from '../../../src/testing/invariants/workloads-ready.ts';
import { deployment, newJob, newReplicaSet } from '../../controllers/objects.ts';
import { FakeProbe, ownedBy } from '../../support/fake-probe.ts';

describe('workloads-ready', () => {
  test('says what a workload lacks', () => {
    const probe = new FakeProbe(workloadsReady);
    probe.put(newReplicaSet('web', { replicas: 2 }));
    probe.put(newJob('sum'));
    expect(probe.unsettled).toEqual(['replicaset/default/web wants 2 and has 0, 0 ready', 'job/default/sum has not finished']);
  });

  test('lets workloads off whose pods fit nowhere, and those only', () => {
    const probe = new FakeProbe(workloadsReady);
    probe.node('n1', { cpu: '2' });
    const web = probe.put(deployment('web', { replicas: 1 }));
    const bare = newReplicaSet('web-1', { replicas: 1 });
    const set = probe.put({ ...bare, metadata: { ...bare.metadata, ownerReferences: ownedBy(web) } });
    const other = probe.put(newReplicaSet('other', { replicas: 1 }));
    probe.pod('web-1-a', { owner: set, cpu: '8' });
    probe.pod('other-a', { owner: other, cpu: '1' });
    expect(probe.unsettled).toEqual(['replicaset/default/other wants 1 and has 0, 0 ready']);
  });
});
