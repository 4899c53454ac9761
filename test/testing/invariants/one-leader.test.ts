import { describe, expect, test } from 'vitest';
import type { Lease } from '../../../src/objects/cluster.ts';
import { newMeta } from '../../../src/objects/meta.ts';
import { oneLeader } from '../../../src/testing/invariants/one-leader.ts';
import { FakeProbe } from '../../support/fake-probe.ts';

const KEY = 'kube-system/manager';

function hold(probe: FakeProbe, holderIdentity: string): void {
  const spec = { holderIdentity, leaseDurationSeconds: 15, acquireTime: 0, renewTime: probe.nowUs(), leaseTransitions: 0 };
  const lease: Lease = {
    kind: 'Lease',
    apiVersion: 'coordination.k8s.io/v1',
    metadata: newMeta({ name: 'manager', namespace: 'kube-system' }),
    spec,
  };
  probe.put(lease);
}

function workOf(probe: FakeProbe, component: string): void {
  probe.write(component, 'update', 'ReplicaSet', 'default/web');
}

/** manager-0 led until 10 s; manager-1 has taken over at 30 s. */
function handedOver(): FakeProbe {
  const probe = new FakeProbe(oneLeader);
  hold(probe, 'manager-0');
  probe.to(10);
  hold(probe, 'manager-0');
  probe.to(30);
  hold(probe, 'manager-1');
  return probe;
}

describe('one-leader', () => {
  test('is silent when a lease is taken after it has run out, and its old holder falls silent', () => {
    const probe = handedOver();
    probe.to(80);
    workOf(probe, 'manager-0');
    for (let seconds = 90; seconds < 200; seconds += 10) {
      probe.to(seconds);
      hold(probe, 'manager-1');
      workOf(probe, 'manager-1');
    }
    expect(probe.reports).toEqual([]);
  });

  test('reports a lease that is taken while it is renewed', () => {
    const probe = new FakeProbe(oneLeader);
    hold(probe, 'manager-0');
    probe.to(14);
    hold(probe, 'manager-1');
    expect(probe.reports).toEqual([`14s manager-1 takes the lease ${KEY} of manager-0, who renewed it 14.0 s ago [lease/${KEY}]`]);
  });

  test('reports a leader that goes on without its lease', () => {
    const probe = handedOver();
    probe.to(95);
    workOf(probe, 'manager-0');
    expect(probe.reports).toEqual([
      `95s manager-0 writes replicaset/default/web 65 s after another took its lease [replicaset/default/web lease/${KEY}]`,
    ]);
  });

  test('lets a leader off that stood still, and one that leads again', () => {
    const frozen = handedOver();
    frozen.fault(1, 'component-freeze', 'component/manager-0', 'start');
    frozen.to(300);
    frozen.fault(1, 'component-freeze', 'component/manager-0', 'heal');
    workOf(frozen, 'manager-0');
    const again = handedOver();
    again.to(100);
    hold(again, 'manager-0');
    workOf(again, 'manager-0');
    expect([...frozen.reports, ...again.reports]).toEqual([]);
  });
});
