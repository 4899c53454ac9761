import { describe, expect, test } from 'vitest';
import { noPodChurn } from '../../../src/testing/invariants/no-pod-churn.ts';
import { newReplicaSet } from '../../controllers/objects.ts';
import { FakeProbe } from '../../support/fake-probe.ts';

describe('no-pod-churn', () => {
  test('is silent while an owner gets its pods and replaces a few', () => {
    const probe = new FakeProbe(noPodChurn);
    const owner = probe.put(newReplicaSet('web', { replicas: 30 }));
    for (let i = 0; i < 40; i++) probe.pod(`web-${i}`, { owner });
    expect(probe.reports).toEqual([]);
  });

  test('reports pods that are made over and over, once in a while', () => {
    const probe = new FakeProbe(noPodChurn);
    const owner = probe.put(newReplicaSet('web', { replicas: 1 }));
    for (let i = 0; i < 60; i++) {
      probe.to(i * 0.5);
      probe.remove(probe.pod('web-a', { owner }));
    }
    expect(probe.reports[0]).toBe(
      '5.5s replicaset/default/web wants 1 pods at most and had 12 made within 10 s [replicaset/default/web pod/default/web-a]',
    );
    expect(probe.reports).toHaveLength(3);
  });
});
