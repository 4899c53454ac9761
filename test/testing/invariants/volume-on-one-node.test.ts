import { describe, expect, test } from 'vitest';
import { newMeta } from '../../../src/objects/meta.ts';
import type { Volume } from '../../../src/objects/pod.ts';
import type { PersistentVolumeClaim } from '../../../src/objects/storage.ts';
import { volumeOnOneNode } from '../../../src/testing/invariants/volume-on-one-node.ts';
import { FakeProbe, type FakeProbeOptions } from '../../support/fake-probe.ts';

function probeWithClaim(mode: string, options: FakeProbeOptions = {}) {
  const probe = new FakeProbe(volumeOnOneNode, options);
  const claim = { kind: 'PersistentVolumeClaim', apiVersion: 'v1', metadata: newMeta({ name: 'data', namespace: 'default' }) };
  probe.put({ ...claim, spec: { accessModes: [mode] }, status: {} } as unknown as PersistentVolumeClaim);
  const volumes = [{ name: 'data', persistentVolumeClaim: { claimName: 'data', readOnly: false } } as Volume];
  const start = (name: string, nodeName: string) => {
    const pod = probe.bind(probe.pod(name, { spec: { volumes } }), nodeName);
    probe.process(pod, 'started');
    return pod;
  };
  return { probe, start };
}

describe('volume-on-one-node', () => {
  test('is silent when one pod follows another, and when pods are meant to share', () => {
    const { probe, start } = probeWithClaim('ReadWriteOnce');
    const first = start('a', 'n1');
    probe.process(first, 'stopped');
    probe.remove(first);
    start('b', 'n2');
    start('c', 'n3');
    expect(probe.reports).toEqual([]);
  });

  test('reports a volume that a pod uses while one that is gone still has it elsewhere', () => {
    const { probe, start } = probeWithClaim('ReadWriteOnce');
    const first = start('a', 'n1');
    probe.remove(first);
    probe.write('kubelet/n1', 'delete', 'Pod', 'default/a');
    start('b', 'n2');
    expect(probe.reports).toEqual([
      '0s default/data is in use on n1 by default/a, which is gone, and on n2 by default/b [persistentvolumeclaim/default/data pod/default/b node/n1 node/n2]',
    ]);
  });

  test('does not care about volumes for many nodes', () => {
    const { probe, start } = probeWithClaim('ReadWriteMany');
    probe.remove(start('a', 'n1'));
    start('b', 'n2');
    expect(probe.reports).toEqual([]);
  });

  test('lets a pod off that was forced out, unless the scenario asks', () => {
    for (const isStrict of [false, true]) {
      const { probe, start } = probeWithClaim('ReadWriteOnce', { isStrict });
      const first = start('a', 'n1');
      probe.remove(first);
      probe.write('kube-controller-manager/pod-gc', 'delete', 'Pod', 'default/a');
      start('b', 'n2');
      probe.process(first, 'stopped');
      expect(probe.reports).toHaveLength(isStrict ? 1 : 0);
    }
  });
});
