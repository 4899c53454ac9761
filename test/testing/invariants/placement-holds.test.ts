import { describe, expect, test } from 'vitest';
import { SECOND_US } from '../../../src/engine/units.ts';
import type { Pod } from '../../../src/objects/pod.ts';
import { type AttemptRecord, type BindingRecord, bindingTopic, schedulingAttemptTopic } from '../../../src/scheduler/attempts.ts';
import { placementHolds } from '../../../src/testing/invariants/placement-holds.ts';
import { FakeProbe, type FakeProbeOptions, type PodFields } from '../../support/fake-probe.ts';

function decide(probe: FakeProbe, pod: Pod, nodeName: string): void {
  const { namespace, name, uid } = pod.metadata;
  const record = { result: 'scheduled', schedulerName: 'default-scheduler', podKey: `${namespace}/${name}`, podUid: uid, nodeName };
  probe.emit(schedulingAttemptTopic, { ...record, timeUs: probe.nowUs() } as AttemptRecord);
}

function failToBind(probe: FakeProbe, pod: Pod): void {
  probe.emit(bindingTopic, { podUid: pod.metadata.uid, isBound: false } as BindingRecord);
}

const APART: NonNullable<PodFields['spec']> = {
  affinity: {
    nodeAffinity: undefined,
    podAffinity: undefined,
    podAntiAffinity: {
      required: [
        {
          labelSelector: { matchLabels: { app: 'web' }, matchExpressions: [] },
          namespaces: [],
          namespaceSelector: undefined,
          topologyKey: 'kubernetes.io/hostname',
          matchLabelKeys: [],
          mismatchLabelKeys: [],
        },
      ],
      preferred: [],
    },
  },
};

function twoNodes(options: FakeProbeOptions = {}): FakeProbe {
  const probe = new FakeProbe(placementHolds, options);
  for (const name of ['n1', 'n2']) {
    const node = probe.node(name, { cpu: '2' });
    probe.change(node, (now) => ({ ...now, metadata: { ...now.metadata, labels: { 'kubernetes.io/hostname': name } } }));
  }
  return probe;
}

describe('placement-holds', () => {
  test('is silent about decisions that fit, together with those that are not yet written', () => {
    const probe = twoNodes();
    const [a, b] = ['a', 'b'].map((name) => probe.pod(name, { labels: { app: 'web' }, spec: APART }));
    decide(probe, a!, 'n1');
    decide(probe, b!, 'n2');
    probe.bind(b!, 'n2');
    probe.bind(a!, 'n1');
    expect(probe.reports).toEqual([]);
  });

  test('counts a bound pod in its place, as it was bound', () => {
    const probe = twoNodes();
    const first = probe.pod('a', { cpu: '2' });
    decide(probe, first, 'n1');
    probe.bind(first, 'n1');
    decide(probe, probe.pod('b', { cpu: '1' }), 'n1');
    expect(probe.reports).toHaveLength(1);

    const growing = twoNodes();
    const small = growing.pod('a', { cpu: '1' });
    decide(growing, small, 'n1');
    const { containers } = growing.pod('template', { cpu: '2' }).spec;
    growing.change(small, (now) => ({ ...now, spec: { ...now.spec, nodeName: 'n1', containers } }));
    decide(growing, growing.pod('b', { cpu: '1' }), 'n1');
    expect(growing.reports).toHaveLength(1);
  });

  test('reports a decision against what was decided before, though the store knows nothing of it', () => {
    const probe = twoNodes();
    decide(probe, probe.pod('a', { cpu: '2' }), 'n1');
    decide(probe, probe.pod('b'), 'n1');
    expect(probe.reports).toEqual([
      '0s default-scheduler chose n1 for default/b, which does not fit (NodeResourcesFit: Insufficient cpu) [pod/default/b node/n1]',
    ]);
  });

  test('gives room back that a binding did not take in the end', () => {
    const probe = twoNodes();
    const a = probe.pod('a', { cpu: '2' });
    decide(probe, a, 'n1');
    failToBind(probe, a);
    decide(probe, probe.pod('b'), 'n1');
    expect(probe.reports).toEqual([]);
  });

  test('reports a pod beside one it must not be beside', () => {
    const probe = twoNodes();
    probe.bind(probe.pod('a', { labels: { app: 'web' } }), 'n1');
    probe.to(60);
    decide(probe, probe.pod('b', { labels: { app: 'web' }, spec: APART }), 'n1');
    expect(probe.reports).toHaveLength(1);
    expect(probe.reports[0]).toContain('InterPodAffinity');
  });

  test('lets a scheduler off for what others changed a moment ago', () => {
    const probe = twoNodes();
    probe.to(60);
    const node = probe.store.get('Node', 'n1')!;
    probe.change(node, (now) => ({ ...now, spec: { ...now.spec, unschedulable: true } }));
    probe.to(61);
    decide(probe, probe.pod('a'), 'n1');
    expect(probe.reports).toEqual([]);
    probe.to(63);
    decide(probe, probe.pod('b'), 'n1');
    expect(probe.reports).toHaveLength(1);
  });

  test('reports a binding to another node than was chosen', () => {
    const probe = twoNodes();
    const a = probe.pod('a');
    decide(probe, a, 'n1');
    probe.bind(a, 'n2');
    expect(probe.reports).toEqual(['0s default/a was meant for n1 and bound to n2 [pod/default/a node/n1 node/n2]']);
  });

  test('lets a scheduler off that has just crashed, unless the scenario asks', () => {
    for (const isStrict of [false, true]) {
      const probe = twoNodes({ isStrict });
      probe.to(60);
      decide(probe, probe.pod('gone', { cpu: '2' }), 'n1');
      probe.fault(1, 'component-crash', 'component/kube-scheduler', 'start');
      probe.fault(1, 'component-crash', 'component/kube-scheduler', 'heal');
      // What it had decided and not written is forgotten with it.
      decide(probe, probe.pod('a'), 'n1');
      probe.bind(probe.pod('b', { cpu: '2' }), 'n2');
      probe.to(65);
      decide(probe, probe.pod('c'), 'n2');
      expect(probe.reports).toHaveLength(isStrict ? 1 : 0);
      expect(probe.nowUs()).toBe(65 * SECOND_US);
    }
  });
});
