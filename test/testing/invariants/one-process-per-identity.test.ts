import { describe, expect, test } from 'vitest';
import { oneProcessPerIdentity } from '../../../src/testing/invariants/one-process-per-identity.ts';
import { statefulSet } from '../../controllers/objects.ts';
import { FakeProbe, type FakeProbeOptions, type PodFields } from '../../support/fake-probe.ts';

function probeWithSet(options: FakeProbeOptions = {}) {
  const probe = new FakeProbe(oneProcessPerIdentity, options);
  const owner = probe.put(statefulSet('db'));
  const start = (nodeName: string, spec: NonNullable<PodFields['spec']> = {}) => {
    const pod = probe.bind(probe.pod('db-0', { owner, spec }), nodeName);
    probe.process(pod, 'started');
    return pod;
  };
  return { probe, start };
}

const TWICE = '0s default/db-0 runs on n1 and n2 at the same time [pod/default/db-0 node/n1 node/n2]';

describe('one-process-per-identity', () => {
  test('is silent when one pod follows another, on any node, and when one restarts', () => {
    const { probe, start } = probeWithSet();
    const first = start('n1');
    probe.process(first, 'stopped');
    probe.process(first, 'started');
    probe.process(first, 'stopped');
    probe.remove(first);
    start('n2');
    expect(probe.reports).toEqual([]);
  });

  test('reports a pod that starts while its predecessor runs elsewhere', () => {
    const { probe, start } = probeWithSet();
    const first = start('n1');
    probe.remove(first);
    probe.write('kubelet/n1', 'delete', 'Pod', 'default/db-0');
    start('n2');
    expect(probe.reports).toEqual([TWICE]);
  });

  test('lets users and the pod garbage collector force a pod out, unless the scenario asks', () => {
    for (const [client, isStrict] of [
      ['kubectl', false],
      ['kube-controller-manager/pod-gc', false],
      ['kubectl', true],
    ] as const) {
      const { probe, start } = probeWithSet({ isStrict });
      const first = start('n1');
      probe.remove(first);
      probe.write(client, 'delete', 'Pod', 'default/db-0');
      start('n2');
      probe.process(first, 'stopped');
      expect(probe.reports).toEqual(isStrict ? [TWICE] : []);
    }
  });

  test('lets a StatefulSet off whose pods ask for no grace', () => {
    const { probe, start } = probeWithSet();
    const first = start('n1', { terminationGracePeriodSeconds: 0 });
    probe.remove(first);
    probe.write('kube-controller-manager/statefulset', 'delete', 'Pod', 'default/db-0');
    start('n2');
    expect(probe.reports).toEqual([]);
  });

  test('does not care where pods of other owners run', () => {
    const probe = new FakeProbe(oneProcessPerIdentity);
    const pod = probe.pod('web');
    probe.process(pod, 'started', 'n1');
    probe.process(pod, 'started', 'n2');
    expect(probe.reports).toEqual([]);
  });
});
