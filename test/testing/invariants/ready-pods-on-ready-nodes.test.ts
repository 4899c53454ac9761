import { describe, expect, test } from 'vitest';
import type { Node } from '../../../src/objects/node.ts';
import { readyPodsOnReadyNodes } from '../../../src/testing/invariants/ready-pods-on-ready-nodes.ts';
import { FakeProbe } from '../../support/fake-probe.ts';

function say(probe: FakeProbe, node: Node, status: 'True' | 'False' | 'Unknown'): void {
  probe.change(node, (now) => ({ ...now, status: { ...now.status, conditions: [{ ...now.status.conditions[0]!, status }] } }));
}

function probeWithPod() {
  const probe = new FakeProbe(readyPodsOnReadyNodes);
  const node = probe.node('n1');
  const pod = probe.ready(probe.bind(probe.pod('a'), 'n1'));
  return { probe, node, pod };
}

describe('ready-pods-on-ready-nodes', () => {
  test('is silent when the pods of a lost node are marked, or it comes back in time', () => {
    const { probe, node, pod } = probeWithPod();
    say(probe, node, 'Unknown');
    probe.to(30);
    say(probe, node, 'True');
    probe.to(200);
    say(probe, node, 'Unknown');
    probe.to(250);
    probe.ready(pod, false);
    probe.to(400);
    expect(probe.reports).toEqual([]);
    expect(probe.unsettled).toEqual([]);
  });

  test('reports pods that are still called ready after a minute', () => {
    const { probe, node } = probeWithPod();
    probe.to(100);
    say(probe, node, 'Unknown');
    probe.to(162);
    expect(probe.reports).toEqual(['161s n1 has been lost for 61 s and 1 of its pods are still called ready [node/n1 pod/default/a]']);
    expect(probe.unsettled).toEqual(['pod/default/a is called ready on node/n1, which is lost']);
  });

  test('believes a kubelet that calls its pods ready before it calls itself so', () => {
    const { probe, node, pod } = probeWithPod();
    probe.to(100);
    say(probe, node, 'Unknown');
    probe.ready(pod, false);
    probe.to(159);
    probe.ready(pod);
    probe.to(170);
    expect(probe.reports).toEqual([]);
  });

  test('believes it too when it says so with the time of before', () => {
    const { probe, node, pod } = probeWithPod();
    probe.to(100);
    say(probe, node, 'Unknown');
    probe.ready(pod, false);
    probe.to(159);
    probe.change(pod, (now) => ({ ...now, status: { ...now.status, conditions: pod.status.conditions } }));
    probe.to(170);
    expect(probe.reports).toEqual([]);
  });

  test('does not blame anybody for nodes that call themselves not ready', () => {
    const { probe, node } = probeWithPod();
    say(probe, node, 'False');
    probe.to(100);
    expect(probe.reports).toEqual([]);
  });

  test('lets a controller manager off that crashed while it marked pods', () => {
    const { probe, node } = probeWithPod();
    probe.to(100);
    say(probe, node, 'Unknown');
    probe.fault(1, 'component-crash', 'component/kube-controller-manager', 'start');
    probe.fault(1, 'component-crash', 'component/kube-controller-manager', 'heal');
    probe.to(300);
    expect(probe.reports).toEqual([]);
    expect(probe.unsettled).toEqual([]);
  });
});
