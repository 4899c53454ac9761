import { describe, expect, test } from 'vitest';
import { kubeletsMindTheirOwn } from '../../../src/testing/invariants/kubelets-mind-their-own.ts';
import { FakeProbe } from '../../support/fake-probe.ts';

describe('kubelets-mind-their-own', () => {
  test('is silent when a kubelet reports its pod and removes it after its processes, and when another name-sake follows', () => {
    const probe = new FakeProbe(kubeletsMindTheirOwn);
    const pod = probe.bind(probe.pod('db-0'), 'n1');
    probe.process(pod, 'started');
    probe.ready(pod);
    probe.write('kubelet/n1', 'patch', 'Pod', 'default/db-0');
    probe.process(pod, 'stopped');
    probe.remove(pod);
    probe.write('kubelet/n1', 'delete', 'Pod', 'default/db-0');
    probe.bind(probe.pod('db-0'), 'n2');
    probe.write('kubelet/n1', 'patch', 'Pod', 'default/db-0', false);
    probe.write('kube-controller-manager/pod-gc', 'patch', 'Pod', 'default/db-0');
    expect(probe.reports).toEqual([]);
  });

  test('reports a kubelet that writes to a pod of another node, or of none', () => {
    const probe = new FakeProbe(kubeletsMindTheirOwn);
    const pod = probe.pod('db-0');
    probe.write('kubelet/n1', 'patch', 'Pod', 'default/db-0');
    probe.bind(pod, 'n2');
    probe.remove(pod);
    probe.write('kubelet/n1', 'delete', 'Pod', 'default/db-0');
    expect(probe.reports).toEqual([
      '0s the kubelet of n1 writes to default/db-0 of no node [pod/default/db-0 node/n1]',
      '0s the kubelet of n1 writes to default/db-0 of n2 [pod/default/db-0 node/n1]',
    ]);
  });

  test('reports a pod that is removed while it runs, and no removal by others', () => {
    const probe = new FakeProbe(kubeletsMindTheirOwn);
    for (const client of ['kubelet/n1', 'kube-controller-manager/pod-gc']) {
      const pod = probe.bind(probe.pod('db-0'), 'n1');
      probe.process(pod, 'started');
      probe.remove(pod);
      probe.write(client, 'delete', 'Pod', 'default/db-0');
    }
    expect(probe.reports).toEqual(['0s the kubelet of n1 removes default/db-0 while its main runs [pod/default/db-0 node/n1]']);
  });
});
