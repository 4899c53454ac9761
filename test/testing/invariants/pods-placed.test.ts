import { describe, expect, test } from 'vitest';
import { keyOf } from '../../../src/objects/meta.ts';
import type { Pod } from '../../../src/objects/pod.ts';
import { type AttemptRecord, schedulingAttemptTopic } from '../../../src/scheduler/attempts.ts';
import { podsPlaced } from '../../../src/testing/invariants/pods-placed.ts';
import { FakeProbe, type FakeProbeOptions } from '../../support/fake-probe.ts';

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

  test('misses a node for a pod that fits elsewhere than where room was promised to another', () => {
    const probe = new FakeProbe(podsPlaced);
    probe.node('n1', { cpu: '2' });
    probe.node('n2', { cpu: '2' });
    for (const [name, node] of [
      ['a', 'n1'],
      ['b', 'n2'],
    ] as const) {
      probe.bind(probe.pod(name), node);
    }
    probe.pod('small');
    const vip = probe.pod('vip', { cpu: '2', spec: { priority: 100 } });
    probe.change(vip, (now) => ({ ...now, status: { ...now.status, nominatedNodeName: 'n1' } }));
    expect(probe.unsettled).toEqual(['pod/default/small is pending although node/n2 has room for it']);
  });

  describe('a preemptor whose victim ends by itself', () => {
    function preempt(options: FakeProbeOptions = {}) {
      const probe = new FakeProbe(podsPlaced, options);
      probe.node('n1', { cpu: '2' });
      probe.node('n2', { cpu: '1' });
      const [victim, other] = [probe.bind(probe.pod('victim', { cpu: '2' }), 'n1'), probe.bind(probe.pod('other'), 'n2')];
      const vip = probe.pod('vip', { cpu: '2', spec: { priority: 100 } });
      attempt(probe, vip, ['default/victim']);
      probe.change(vip, (now) => ({ ...now, status: { ...now.status, nominatedNodeName: 'n1' } }));
      probe.pod('small', { cpu: '2' });
      return { probe, victim, other, vip };
    }
    const MISSING = 'pod/default/vip is pending although node/n1 has room for it';

    test('is let off while nothing wakes it, and so are those that wait for what is left beside it', () => {
      const { probe, victim } = preempt();
      probe.finish(victim, 'Failed');
      probe.write('kube-scheduler', 'patch', 'Pod', 'default/victim');
      probe.write('kube-scheduler', 'delete', 'Pod', 'default/victim');
      probe.remove(victim);
      expect(probe.unsettled).toEqual([]);
    });

    test('is missed once another pod has ended', () => {
      const { probe, victim, other } = preempt();
      probe.finish(victim, 'Failed');
      probe.write('kube-scheduler', 'delete', 'Pod', 'default/victim');
      probe.remove(other);
      expect(probe.unsettled).toEqual(['pod/default/small is pending although node/n1 has room for it', MISSING]);
    });

    test('is missed when the victim ended because it was deleted', () => {
      const { probe, victim } = preempt();
      probe.write('kube-scheduler', 'delete', 'Pod', 'default/victim');
      probe.remove(victim);
      expect(probe.unsettled).toContain(MISSING);
    });

    test('is missed when it has been looked at since, and when the scenario asks', () => {
      const tried = preempt();
      tried.probe.finish(tried.victim, 'Failed');
      attempt(tried.probe, tried.vip, []);
      expect(tried.probe.unsettled).toContain(MISSING);
      const strict = preempt({ isStrict: true });
      strict.probe.finish(strict.victim, 'Failed');
      expect(strict.probe.unsettled).toContain(MISSING);
    });
  });
});

function attempt(probe: FakeProbe, pod: Pod, victims: readonly string[]): void {
  probe.emit(schedulingAttemptTopic, {
    component: 'kube-scheduler',
    podKey: keyOf(pod),
    podUid: pod.metadata.uid,
    victims,
    unschedulablePlugins: ['NodeResourcesFit'],
  } as unknown as AttemptRecord);
}
