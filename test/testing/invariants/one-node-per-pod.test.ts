import { describe, expect, test } from 'vitest';
import { oneNodePerPod } from '../../../src/testing/invariants/one-node-per-pod.ts';
import { FakeProbe } from '../../support/fake-probe.ts';

describe('one-node-per-pod', () => {
  test('is silent when a pod is bound, runs and ends, and another takes its name elsewhere', () => {
    const probe = new FakeProbe(oneNodePerPod);
    const pod = probe.bind(probe.pod('web-0'), 'n1');
    probe.ready(pod);
    probe.finish(pod);
    probe.remove(pod);
    probe.bind(probe.pod('web-0'), 'n2');
    expect(probe.reports).toEqual([]);
  });

  test('reports a pod that changes its node, and one that loses it', () => {
    const probe = new FakeProbe(oneNodePerPod);
    const pod = probe.bind(probe.pod('web-0'), 'n1');
    probe.bind(pod, 'n2');
    probe.bind(pod, '');
    expect(probe.reports).toEqual([
      '0s pod/default/web-0 went from n1 to n2 [pod/default/web-0 node/n1]',
      '0s pod/default/web-0 went from n2 to no node [pod/default/web-0 node/n2]',
    ]);
  });
});
