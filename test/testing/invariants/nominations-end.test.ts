import { describe, expect, test } from 'vitest';
import type { Pod } from '../../../src/objects/pod.ts';
import { type AttemptRecord, schedulingAttemptTopic } from '../../../src/scheduler/attempts.ts';
import { nominationsEnd } from '../../../src/testing/invariants/nominations-end.ts';
import { FakeProbe } from '../../support/fake-probe.ts';

function nominate(probe: FakeProbe, pod: Pod, nominatedNodeName: string): void {
  probe.change(pod, (now) => ({ ...now, status: { ...now.status, nominatedNodeName } }));
}

/** `pod` chooses the pod `victim`. */
function preempt(probe: FakeProbe, pod: Pod): void {
  probe.emit(schedulingAttemptTopic, {
    podUid: pod.metadata.uid,
    victims: ['default/victim'],
    unschedulablePlugins: ['NodeResourcesFit'],
  } as unknown as AttemptRecord);
}

describe('nominations-end', () => {
  test('is silent when a pod gets its room, looks elsewhere, or goes', () => {
    const probe = new FakeProbe(nominationsEnd);
    const [bound, moves, goes] = ['bound', 'moves', 'goes'].map((name) => probe.pod(name));
    for (const pod of [bound!, moves!, goes!]) nominate(probe, pod, 'n1');
    probe.to(300);
    probe.bind(bound!, 'n1');
    nominate(probe, moves!, 'n2');
    probe.remove(goes!);
    probe.to(700);
    expect(probe.reports).toEqual([]);
  });

  test('reports a pod that has waited for ten minutes', () => {
    const probe = new FakeProbe(nominationsEnd);
    nominate(probe, probe.pod('vip'), 'n1');
    probe.to(700);
    expect(probe.reports).toEqual(['600s default/vip has waited for n1 for 10 min [pod/default/vip node/n1]']);
  });

  test('lets a pod off whose victim ended by itself, unless another pod has ended since', () => {
    for (const endsAnother of [false, true]) {
      const probe = new FakeProbe(nominationsEnd);
      const [victim, other] = ['victim', 'other'].map((name) => probe.bind(probe.pod(name), 'n1'));
      const vip = probe.pod('vip');
      preempt(probe, vip);
      nominate(probe, vip, 'n1');
      probe.finish(victim!, 'Failed');
      probe.write('kube-scheduler', 'delete', 'Pod', 'default/victim');
      if (endsAnother) probe.finish(other!);
      probe.to(700);
      expect(probe.reports).toHaveLength(endsAnother ? 1 : 0);
    }
  });

  test('lets a pod off whose victim was being evicted for another', () => {
    for (const isShared of [false, true]) {
      const probe = new FakeProbe(nominationsEnd);
      const victim = probe.bind(probe.pod('victim'), 'n1');
      const [first, vip] = ['first', 'vip'].map((name) => probe.pod(name));
      for (const preemptor of isShared ? [first!, vip!] : [vip!]) preempt(probe, preemptor);
      nominate(probe, vip!, 'n1');
      // Sent for the first; the gate of the other is closed when the victim ends.
      probe.write('kube-scheduler', 'delete', 'Pod', 'default/victim');
      probe.finish(victim, 'Failed');
      probe.to(700);
      expect(probe.reports).toHaveLength(isShared ? 0 : 1);
    }
  });

  test('takes a binding of a victim that was on its way for no eviction', () => {
    const probe = new FakeProbe(nominationsEnd);
    const victim = probe.bind(probe.pod('victim'), 'n1');
    const vip = probe.pod('vip');
    preempt(probe, vip);
    nominate(probe, vip, 'n1');
    probe.write('kube-scheduler', 'bind', 'Pod', 'default/victim');
    probe.finish(victim, 'Failed');
    probe.write('kube-scheduler', 'delete', 'Pod', 'default/victim');
    probe.to(700);
    expect(probe.reports).toEqual([]);
  });
});
