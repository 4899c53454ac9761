import { describe, expect, test } from 'vitest';
import { podsPlaced } from '../../../src/testing/invariants/pods-placed.ts';
import { FakeProbe } from '../../support/fake-probe.ts';

describe('pods-placed', () => {
  test('is content with pods that fit nowhere, are gated, or wait for a scheduler of somebody else', () => {
    const probe = new FakeProbe(podsPlaced);
    probe.node('n1', { cpu: '2' });
    probe.bind(probe.pod('a'), 'n1');
    probe.pod('large', { cpu: '1500m' });
    probe.pod('picky', { spec: { nodeSelector: { disk: 'ssd' } } });
    probe.pod('gated', { spec: { schedulingGates: [{ name: 'example.com/quota' }] } });
    probe.pod('foreign', { spec: { schedulerName: 'another' } });
    expect(probe.unsettled).toEqual([]);
  });

  test('misses a node for a pod that fits, once what was in its way has gone', () => {
    const probe = new FakeProbe(podsPlaced);
    probe.node('n1', { cpu: '2' });
    const first = probe.bind(probe.pod('a', { cpu: '2' }), 'n1');
    probe.pod('b');
    expect(probe.unsettled).toEqual([]);
    probe.finish(first);
    expect(probe.unsettled).toEqual(['pod/default/b is pending although node/n1 has room for it']);
  });

  test('lets pods off for which room was promised to a more important one', () => {
    const probe = new FakeProbe(podsPlaced);
    probe.node('n1', { cpu: '2' });
    probe.bind(probe.pod('a'), 'n1');
    probe.pod('small');
    const vip = probe.pod('vip', { cpu: '2', spec: { priority: 100 } });
    probe.change(vip, (now) => ({ ...now, status: { ...now.status, nominatedNodeName: 'n1' } }));
    expect(probe.unsettled).toEqual([]);
  });
});
