import { describe, expect, test } from 'vitest';
import { podStartTopic } from '../../../src/kubelet/topics.ts';
import type { Pod } from '../../../src/objects/pod.ts';
import { noOvercommit } from '../../../src/testing/invariants/no-overcommit.ts';
import { FakeProbe, type FakeProbeOptions } from '../../support/fake-probe.ts';

function probeWithNode(options: FakeProbeOptions = {}): FakeProbe {
  const probe = new FakeProbe(noOvercommit, options);
  probe.node('n1', { cpu: '2', pods: '3' });
  return probe;
}

function refuse(probe: FakeProbe, pod: Pod): void {
  const { namespace, name, uid } = pod.metadata;
  probe.emit(podStartTopic, { stage: 'refused', nodeName: 'n1', podUid: uid, namespace, podName: name, detail: 'OutOfcpu' });
}

const SCHEDULER = 'component/kube-scheduler';

describe('no-overcommit', () => {
  test('is silent while pods come and go within what the node has', () => {
    const probe = probeWithNode();
    for (let round = 0; round < 3; round++) {
      const pods = ['a', 'b'].map((name) => probe.bind(probe.pod(`${name}-${round}`), 'n1'));
      for (const pod of pods) probe.process(pod, 'started');
      for (const pod of pods) probe.process(pod, 'stopped');
      probe.finish(pods[0]!);
      probe.remove(pods[1]!);
      probe.remove(pods[0]!);
    }
    expect(probe.reports).toEqual([]);
  });

  test('reports a binding beyond the cpu of the node', () => {
    const probe = probeWithNode();
    probe.bind(probe.pod('a'), 'n1');
    probe.bind(probe.pod('b', { cpu: '1500m' }), 'n1');
    expect(probe.reports).toEqual(['0s default/b was bound to n1, which is now promised cpu 2500m of 2000m [pod/default/b node/n1]']);
  });

  test('reports a binding beyond the number of pods, however small they are', () => {
    const probe = probeWithNode();
    for (const name of ['a', 'b', 'c', 'd']) probe.bind(probe.pod(name, { cpu: '1m' }), 'n1');
    expect(probe.reports).toEqual(['0s default/d was bound to n1, which is now promised 4 pods of 3 [pod/default/d node/n1]']);
  });

  test('lets a scheduler off that has just crashed, and none that crashed a while ago', () => {
    const probe = probeWithNode();
    probe.fault(1, 'component-crash', SCHEDULER, 'start');
    probe.fault(1, 'component-crash', SCHEDULER, 'heal');
    probe.to(20);
    probe.bind(probe.pod('a', { cpu: '3' }), 'n1');
    expect(probe.reports).toEqual([]);
    probe.to(40);
    probe.bind(probe.pod('b'), 'n1');
    expect(probe.reports).toHaveLength(1);
  });

  test('lets a node off that has just shrunk', () => {
    const probe = probeWithNode();
    const node = probe.node('n2', { cpu: '4' });
    probe.bind(probe.pod('a', { cpu: '3' }), 'n2');
    probe.to(60);
    probe.change(node, (now) => ({ ...now, status: { ...now.status, allocatable: { cpu: '1', memory: '1Gi', pods: '9' } } }));
    probe.bind(probe.pod('b'), 'n2');
    expect(probe.reports).toEqual([]);
    probe.to(80);
    probe.bind(probe.pod('c'), 'n2');
    expect(probe.reports).toHaveLength(1);
  });

  test('reports processes that ask for more than the machine has, though the store knows nothing of it', () => {
    const probe = probeWithNode();
    const a = probe.bind(probe.pod('a'), 'n1');
    probe.process(a, 'started');
    probe.finish(a);
    const b = probe.bind(probe.pod('b', { cpu: '2' }), 'n1');
    probe.process(b, 'started');
    expect(probe.reports).toEqual(['0s default/b started on n1, which now runs cpu 3000m of 2000m [pod/default/b node/n1]']);
  });

  test('counts a pod with several processes once', () => {
    const probe = probeWithNode();
    const a = probe.bind(probe.pod('a', { cpu: '2' }), 'n1');
    probe.process(a, 'started', 'n1', 'main');
    probe.process(a, 'started', 'n1', 'side');
    probe.process(a, 'stopped', 'n1', 'main');
    probe.process(a, 'started', 'n1', 'main');
    expect(probe.reports).toEqual([]);
  });

  test('reports a kubelet that refuses a pod which fits', () => {
    const probe = probeWithNode();
    refuse(probe, probe.bind(probe.pod('a'), 'n1'));
    expect(probe.reports).toEqual(['0s default/a was refused by n1 (OutOfcpu), although the pods bound to it fit [pod/default/a node/n1]']);
  });

  test('lets a kubelet off that still cleans up after a pod, unless the scenario asks', () => {
    for (const isStrict of [false, true]) {
      const probe = probeWithNode({ isStrict });
      probe.finish(probe.bind(probe.pod('a', { cpu: '2' }), 'n1'));
      probe.to(1);
      refuse(probe, probe.bind(probe.pod('b'), 'n1'));
      expect(probe.reports).toHaveLength(isStrict ? 1 : 0);
    }
  });

  test('lets a kubelet off that has to end processes of a pod deleted by force', () => {
    const probe = probeWithNode();
    const a = probe.bind(probe.pod('a', { cpu: '2' }), 'n1');
    probe.process(a, 'started');
    probe.remove(a);
    probe.to(60);
    refuse(probe, probe.bind(probe.pod('b'), 'n1'));
    expect(probe.reports).toEqual([]);
  });

  test('lets a kubelet off that comes up late to what a crashed scheduler had promised, until it all fits again', () => {
    const probe = probeWithNode();
    const a = probe.bind(probe.pod('a', { cpu: '2' }), 'n1');
    probe.fault(1, 'component-crash', SCHEDULER, 'start');
    probe.fault(1, 'component-crash', SCHEDULER, 'heal');
    probe.to(20);
    const b = probe.bind(probe.pod('b'), 'n1');
    probe.to(60);
    refuse(probe, b);
    expect(probe.reports).toEqual([]);
    probe.finish(a);
    probe.to(120);
    const c = probe.bind(probe.pod('c', { cpu: '2' }), 'n1');
    refuse(probe, c);
    expect(probe.reports).toEqual([
      '120s default/c was bound to n1, which is now promised cpu 3000m of 2000m [pod/default/c node/n1]',
      '120s default/c was refused by n1 (OutOfcpu), which is promised cpu 3000m of 2000m [pod/default/c node/n1]',
    ]);
  });
});
