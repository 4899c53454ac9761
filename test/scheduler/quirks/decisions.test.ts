/** Upstream's quirks in filters, scores and the dry run of preemption, one by one. */
import { expect, test } from 'vitest';
import { SECOND_US } from '../../../src/engine/units.ts';
import { testNode, testPod } from '../builders.ts';
import { decide, rawNode, rawPod } from '../decisions.ts';
import { SmallWorld } from '../small-world.ts';

const S = SECOND_US;

function withImage(name: string, sizeBytes: number): ReturnType<typeof testNode> {
  const node = testNode({ name });
  return { ...node, status: { ...node.status, images: [{ names: ['app:1'], sizeBytes }] } };
}

test('Q2, Q3: how many nodes have an image is as old as the node entry, and its size is what the first node said', () => {
  const world = new SmallWorld().start(withImage('n1', 1000));
  const imageOf = (name: string): unknown => world.scheduler.parts.cache.snapshot.get(name)?.images.get('app:1');
  // Every attempt takes a snapshot; these pods fit nowhere, so that nothing else changes.
  let probes = 0;
  const takeSnapshot = (): void => {
    world.create(testPod({ name: `probe-${probes++}`, spec: { nodeSelector: { no: 'node' } } }));
    world.run(S);
  };
  takeSnapshot();
  world.create(withImage('n2', 2000));
  takeSnapshot();
  expect([imageOf('n1'), imageOf('n2')]).toEqual([
    { sizeBytes: 1000, nodeCount: 1 },
    { sizeBytes: 1000, nodeCount: 2 },
  ]);
  world.change('Node', 'n1', (node) => ({ ...node, metadata: { ...node.metadata, labels: { ...node.metadata.labels, x: 'y' } } }));
  takeSnapshot();
  expect(imageOf('n1')).toEqual({ sizeBytes: 1000, nodeCount: 2 });
});

test('Q5: pod-level resources count for the filter of NodeResourcesFit and not for its score', () => {
  const plain = rawPod('p', { requests: { cpu: '1' } });
  const podLevel = rawPod('p', { requests: { cpu: '1' }, spec: { resources: { requests: { cpu: '3' } } } });
  const nodes = [rawNode('n1'), rawNode('n2', { allocatable: { cpu: '2' } }), rawNode('n3')];
  const fitOf = (pod: typeof plain): unknown => decide({ nodes, pod }).scores!['NodeResourcesFit']!['n1'];
  expect(decide({ nodes, pod: podLevel }).feasible).toEqual(['n1', 'n3']);
  expect(decide({ nodes, pod: plain }).feasible).toEqual(['n1', 'n2', 'n3']);
  expect(fitOf(podLevel)).toEqual(fitOf(plain));
});

test('Q6: RequestedToCapacityRatio leaves resources with score 0 out of the mean', () => {
  const shape = [
    { utilization: 0, score: 0 },
    { utilization: 50, score: 0 },
    { utilization: 100, score: 10 },
  ];
  const resources = [
    { name: 'cpu', weight: 1 },
    { name: 'memory', weight: 1 },
  ];
  const args = {
    NodeResourcesFit: { scoringStrategy: { type: 'RequestedToCapacityRatio', resources, requestedToCapacityRatio: { shape } } },
  };
  const { scores } = decide({ nodes: [rawNode('n1'), rawNode('n2')], pod: rawPod('p', { requests: { cpu: '4', memory: '1Gi' } }), args });
  expect(scores!['NodeResourcesFit']!['n1']!.raw).toBe(100);
});

test('Q8: a namespace selector of a pod own term with negative requirements alone matches every namespace', () => {
  const term = {
    labelSelector: { matchLabels: { app: 'x' } },
    namespaceSelector: { matchExpressions: [{ key: 'team', operator: 'NotIn', values: ['a'] }] },
    topologyKey: 'kubernetes.io/hostname',
  };
  const situation = {
    nodes: [rawNode('n1'), rawNode('n2')],
    pods: [rawPod('neighbour', { on: 'n1', namespace: 'of-a', labels: { app: 'x' } })],
    pod: rawPod('p', { spec: { affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } } } }),
    others: { namespaces: [{ metadata: { name: 'of-a', labels: { team: 'a' } } }, { metadata: { name: 'default', labels: {} } }] },
  };
  expect(decide(situation).feasible).toEqual(['n2']);
  expect(decide({ ...situation, version: '1.32' }).feasible).toEqual(['n1', 'n2']);
});

test('Q10: an empty spread selector counts no placed pod, but counts nominated ones', () => {
  const constraint = { maxSkew: 1, topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'DoNotSchedule', labelSelector: {} };
  const pod = rawPod('p', { spec: { topologySpreadConstraints: [constraint] } });
  const nodes = [rawNode('n1'), rawNode('n2')];
  const placed = [1, 2, 3].map((i) => rawPod(`placed-${i}`, { on: 'n1' }));
  expect(decide({ nodes, pods: placed, pod }).feasible).toEqual(['n1', 'n2']);
  const nominated = rawPod('nominated', { priority: 1, status: { nominatedNodeName: 'n1' } });
  expect(decide({ nodes, pods: [nominated], pod }).feasible).toEqual(['n2']);
});

test('Q11: the first pod of a group may start anywhere only while no pod at all matches its terms', () => {
  const term = (topologyKey: string): unknown => ({ labelSelector: { matchLabels: { app: 'x' } }, topologyKey });
  const pod = rawPod('p', {
    labels: { app: 'x' },
    spec: { affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term('zone'), term('rack')] } } },
  });
  const nodes = [rawNode('n1', { labels: { zone: 'a' } }), rawNode('n2', { labels: { zone: 'a', rack: 'r' } })];
  expect(decide({ nodes, pod }).feasible).toEqual(['n2']);
  // Company in the zone, though not in the rack, takes the privilege away.
  expect(decide({ nodes, pods: [rawPod('e', { on: 'n1', labels: { app: 'x' } })], pod }).feasible).toEqual([]);
});

test('Q12: preferred node terms that are empty or weigh nothing do not count', () => {
  const preferred = [
    { weight: 50, preference: {} },
    { weight: 0, preference: { matchExpressions: [{ key: 'disk', operator: 'Exists' }] } },
    { weight: 10, preference: { matchExpressions: [{ key: 'disk', operator: 'Exists' }] } },
  ];
  const pod = rawPod('p', { spec: { affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: preferred } } } });
  const { scores } = decide({ nodes: [rawNode('n1', { labels: { disk: 'ssd' } }), rawNode('n2')], pod });
  expect(scores!['NodeAffinity']).toEqual({ n1: { raw: 10, normalized: 100 }, n2: { raw: 0, normalized: 0 } });
});

test('Q15: a victim of another namespace frees a ReadWriteOncePod claim of the same name in the dry run', () => {
  const claim = (namespace: string, mode: string): Record<string, unknown> => ({
    metadata: { name: 'data', namespace, annotations: { 'pv.kubernetes.io/bind-completed': 'yes' } },
    spec: { accessModes: [mode], volumeName: `pv-${namespace}`, resources: { requests: { storage: '1Gi' } } },
    status: { phase: 'Bound' },
  });
  const volume = (namespace: string, mode: string): Record<string, unknown> => ({
    metadata: { name: `pv-${namespace}` },
    spec: { accessModes: [mode], capacity: { storage: '1Gi' }, claimRef: { namespace, name: 'data' } },
    status: { phase: 'Bound' },
  });
  const uses = { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }] };
  const situation = {
    kind: 'preemption' as const,
    nodes: [rawNode('n1')],
    pods: [
      rawPod('user', { on: 'n1', priority: 100, spec: uses }),
      rawPod('stranger', { on: 'n1', namespace: 'other', priority: 1, spec: uses }),
    ],
    pod: rawPod('p', { priority: 10, spec: uses }),
    others: {
      persistentVolumeClaims: [claim('default', 'ReadWriteOncePod'), claim('other', 'ReadWriteOnce')],
      persistentVolumes: [volume('default', 'ReadWriteOncePod'), volume('other', 'ReadWriteOnce')],
    },
  };
  // Nothing is gained: the claim stays in use by `user`.
  expect(decide(situation).postFilter!.candidates!['n1']!.victims).toEqual(['other/stranger']);
});
