import { describe, expect, test } from 'vitest';
import { podStartTopic } from '../../../src/kubelet/topics.ts';
import type { Pod } from '../../../src/objects/pod.ts';
import { refusalsJustified } from '../../../src/testing/invariants/refusals-justified.ts';
import { FakeProbe } from '../../support/fake-probe.ts';

function picky(labels: Record<string, string>): { probe: FakeProbe; pod: Pod } {
  const probe = new FakeProbe(refusalsJustified);
  const node = probe.node('n1');
  probe.change(node, (now) => ({ ...now, metadata: { ...now.metadata, labels } }));
  return { probe, pod: probe.bind(probe.pod('a', { spec: { nodeSelector: { disk: 'fast' } } }), 'n1') };
}

function refuse(probe: FakeProbe, { metadata: { namespace, name, uid } }: Pod, detail = 'NodeAffinity'): void {
  probe.emit(podStartTopic, { stage: 'refused', nodeName: 'n1', podUid: uid, namespace, podName: name, detail });
}

describe('refusals-justified', () => {
  test('is silent when the node lacks what the pod asks for, and about refusals for other reasons', () => {
    const lacking = picky({});
    refuse(lacking.probe, lacking.pod);
    expect(lacking.probe.reports).toEqual([]);
    const full = picky({ disk: 'fast' });
    refuse(full.probe, full.pod, 'OutOfcpu');
    expect(full.probe.reports).toEqual([]);
  });

  test('reports a pod that is refused by a node with the label it asks for', () => {
    const { probe, pod } = picky({ disk: 'fast' });
    refuse(probe, pod);
    expect(probe.reports).toEqual(['0s default/a was refused by n1, which has what it asks for (NodeAffinity) [pod/default/a node/n1]']);
  });

  test('reports a pod that is refused where it has run, whatever the labels are by now', () => {
    const { probe, pod } = picky({});
    probe.process(pod, 'started');
    probe.process(pod, 'stopped');
    refuse(probe, pod);
    expect(probe.reports).toEqual(['0s default/a was refused by n1, where it has run (NodeAffinity) [pod/default/a node/n1]']);
  });

  test('is left out where kubelets start anew, or know old states of their nodes', () => {
    const { circumstances } = new FakeProbe(refusalsJustified);
    expect(refusalsJustified.excusedBy!(circumstances)).toBeUndefined();
    expect(refusalsJustified.excusedBy!({ ...circumstances, hurtsMachines: true })).toMatch(/#123980/);
    const strikes = (kind: string, target?: RegExp) => kind === 'watch-lag' && target!.test('node/a-1-1');
    expect(refusalsJustified.excusedBy!({ ...circumstances, strikes })).toMatch(/#93338/);
  });
});
