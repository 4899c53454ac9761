/** Upstream's quirks in the queue, the cycle and preemption, as a whole scheduler shows them. */
import { describe, expect, test } from 'vitest';
import { MILLISECOND_US, SECOND_US } from '../../../src/engine/units.ts';
import type { Pod, PodAffinitySpec } from '../../../src/objects/pod.ts';
import { testNode, testPod } from '../builders.ts';
import { SmallWorld } from '../small-world.ts';

const MS = MILLISECOND_US;
const S = SECOND_US;

const TAINT = { key: 'k', value: '', effect: 'NoSchedule', timeAdded: undefined } as const;

function antiAffinity(label: string): { affinity: NonNullable<Pod['spec']['affinity']> } {
  const podAntiAffinity: PodAffinitySpec = {
    required: [
      {
        labelSelector: { matchLabels: { app: label }, matchExpressions: [] },
        namespaces: [],
        namespaceSelector: undefined,
        topologyKey: 'kubernetes.io/hostname',
        matchLabelKeys: [],
        mismatchLabelKeys: [],
      },
    ],
    preferred: [],
  };
  return { affinity: { nodeAffinity: undefined, podAffinity: undefined, podAntiAffinity } };
}

function touch(world: SmallWorld, node: string): void {
  // Any taint change wakes nearly everybody (Q14).
  world.change('Node', node, (old) => ({
    ...old,
    spec: { ...old.spec, taints: [...old.spec.taints, { ...TAINT, key: `t${old.spec.taints.length}`, effect: 'PreferNoSchedule' }] },
  }));
}

test('Q1: a zone that changes, and a node recreated under its name, keep their place in the node order', () => {
  const zone = (name: string): Record<string, string> => ({ 'topology.kubernetes.io/zone': name });
  const world = new SmallWorld().start(
    testNode({ name: 'n1', labels: zone('a') }),
    testNode({ name: 'n2', labels: zone('a') }),
    testNode({ name: 'n3', labels: zone('b') }),
    testPod({ name: 'p1' }),
  );
  world.run(S);
  const order = (): string[] => world.scheduler.parts.cache.snapshot.nodes.map((node) => node.name);
  expect(order()).toEqual(['n1', 'n3', 'n2']);
  world.change('Node', 'n2', (node) => ({ ...node, metadata: { ...node.metadata, labels: { ...node.metadata.labels, ...zone('c') } } }));
  world.remove('Node', 'n1');
  world.create(testNode({ name: 'n1', labels: zone('a') }));
  world.create(testPod({ name: 'p2' }));
  world.run(S);
  expect(order()).toEqual(['n1', 'n3', 'n2']);
  world.create(testNode({ name: 'n4', labels: zone('c') }), testNode({ name: 'n5', labels: zone('c') }));
  world.create(testPod({ name: 'p3' }));
  world.run(S);
  // Now the list is made anew: zones b, c (of n2), a (of the new n1).
  expect(order()).toEqual(['n3', 'n2', 'n1', 'n4', 'n5']);
});

test('Q4: the start index moves on by feasible and failed nodes, a failed nominated node included', () => {
  // With 100 nodes or more the search stops early, so that the index matters.
  const nodes = Array.from({ length: 110 }, (_, i) => testNode({ name: `n${String(i).padStart(3, '0')}`, cpu: i === 5 ? '1' : '4' }));
  const config = { percentageOfNodesToScore: 1, profiles: [{}] };
  const world = new SmallWorld({ config }).start(...nodes, testPod({ name: 'p1', cpu: '2' }));
  world.run(S);
  expect(world.attempts[0]).toMatchObject({ feasibleCount: 100, nodeName: 'n000' });
  // 100 feasible and one failed: the next search begins at n101.
  world.create(testPod({ name: 'p2', cpu: '2' }));
  world.run(S);
  expect(world.nodeOf('p2')).toBe('n101');
  // (101 + 101) mod 110 = 92; n005 is met again on the way, and failed first as the nominated node: counted once.
  world.create(testPod({ name: 'p3', cpu: '2', nominated: 'n005' }));
  world.run(S);
  expect(world.nodeOf('p3')).toBe('n092');
});

test.each([
  ['has no terms of its own, so InterPodAffinity leaves itself out: it does not see them', {}, 'node-1'],
  ['has unrelated terms: it sees them', antiAffinity('unrelated'), ''],
])('Q7: anti-affinity of a nominated pod against a pod that %s', (_, spec, nodeName) => {
  const world = new SmallWorld().start(
    testNode(),
    testPod({ name: 'victim', nodeName: 'node-1', labels: { app: 'x' }, status: { phase: 'Running' } }),
    testPod({ name: 'promised', priority: 10, spec: antiAffinity('x') }),
  );
  world.run(S);
  expect(world.pod('promised')!.status.nominatedNodeName).toBe('node-1');
  world.create(testPod({ name: 'other', labels: { app: 'x' }, spec }));
  world.run(S);
  expect(world.nodeOf('other')).toBe(nodeName);
});

test('Q13: a hopeless PreFilter verdict leaves the nomination alone, because DynamicResources fails before preemption', () => {
  const world = new SmallWorld().start(
    testNode({ cpu: '1' }),
    testPod({ name: 'a', cpu: '1', nominated: 'node-9', spec: { volumes: [claimVolume('missing')] } }),
  );
  world.run(S);
  expect(world.attempts[0]!.message).toBe('0/1 nodes are available: persistentvolumeclaim "missing" not found. not found');
  expect(world.pod('a')!.status.nominatedNodeName).toBe('node-9');
});

test('Q13: every failed preemption is announced with the words of DynamicResources first, and clears the nomination', () => {
  const world = new SmallWorld().start(testNode({ cpu: '1' }), testPod({ name: 'a', cpu: '2', nominated: 'node-9' }));
  world.run(S);
  expect(world.attempts[0]!.message).toBe(
    '0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.',
  );
  expect(world.pod('a')!.status.nominatedNodeName).toBe('');
});

test('Q14: a taint change on any node wakes pods that lack cpu; a label change does not', () => {
  const world = new SmallWorld().start(testNode({ cpu: '1' }), testPod({ name: 'a', cpu: '2' }));
  world.run(10 * S);
  world.change('Node', 'node-1', (node) => ({ ...node, metadata: { ...node.metadata, labels: { ...node.metadata.labels, x: 'y' } } }));
  world.run(10 * S);
  expect(world.attempts.length).toBe(1);
  touch(world, 'node-1');
  world.run(10 * S);
  expect(world.attempts.length).toBe(2);
});

describe('Q16: the binding of a pod that had a nominated node', () => {
  test.each([
    ['1.34', 2],
    ['1.32', 1],
  ] as const)('wakes pods of lower or equal priority in %s: %i attempts', (kubernetesVersion, attempts) => {
    const world = new SmallWorld({ kubernetesVersion }).start(
      testNode({ name: 'node-1', cpu: '1' }),
      testNode({ name: 'node-2', cpu: '2' }),
      testPod({ name: 'waiting', cpu: '3' }),
      testPod({ name: 'above', cpu: '3', priority: 9, spec: { preemptionPolicy: 'Never' } }),
    );
    world.run(20 * S);
    // Nominated elsewhere, bound to node-2 at once.
    world.create(testPod({ name: 'nominee', cpu: '2', priority: 5, nominated: 'node-1' }));
    world.run(20 * S);
    expect(world.nodeOf('nominee')).toBe('node-2');
    const attemptsOf = (name: string): number => world.attempts.filter((attempt) => attempt.podKey === `default/${name}`).length;
    expect([attemptsOf('waiting'), attemptsOf('above')]).toEqual([attempts, 1]);
  });
});

describe('Q17: backoff in whole seconds', () => {
  test('an idle scheduler does not wait for it', () => {
    const world = new SmallWorld().start(testNode({ cpu: '1' }), testPod({ name: 'a', cpu: '2' }));
    world.run(100 * MS);
    touch(world, 'node-1');
    world.run(100 * MS);
    expect(world.attempts.length).toBe(2);
  });

  test('1.32: an idle scheduler waits', () => {
    const world = new SmallWorld({ kubernetesVersion: '1.32' }).start(testNode({ cpu: '1' }), testPod({ name: 'a', cpu: '2' }));
    world.run(100 * MS);
    touch(world, 'node-1');
    world.run(800 * MS);
    expect(world.attempts.length).toBe(1);
    world.run(200 * MS);
    expect(world.attempts.length).toBe(2);
  });
});

test('Q18: an empty cluster puts pods into error backoff: they retry after 1, 2, 4, 8, 10 s, whatever nodes appear', () => {
  const world = new SmallWorld();
  world.create(testPod({ name: 'a' }));
  world.start();
  world.run(60 * S);
  const times = world.attempts.map((attempt) => attempt.timeUs);
  expect(world.attempts[0]).toMatchObject({
    result: 'unschedulable',
    message: 'no nodes available to schedule pods',
    unschedulablePlugins: [],
  });
  const waits = times.slice(1, 6).map((timeUs, i) => timeUs - times[i]!);
  // The first failure falls within a second, all later ones on whole seconds.
  expect(waits.map((wait) => Math.ceil(wait / S))).toEqual([2, 3, 5, 9, 11]);
  const next = times.at(-1)! + 11 * S;
  world.create(testNode());
  world.engine.run({ untilUs: next - 1 });
  expect(world.nodeOf('a')).toBe('');
  world.run(S);
  expect(world.nodeOf('a')).toBe('node-1');
});

test('Q20: gated pods are not looked at by the flush, ungated ones are', () => {
  const world = new SmallWorld().start(
    testNode({ cpu: '1' }),
    testPod({ name: 'gated', gates: ['g'] }),
    testPod({ name: 'big', cpu: '2' }),
  );
  world.run(1000 * S);
  expect(world.attempts.every((attempt) => attempt.podKey === 'default/big')).toBe(true);
  expect(world.attempts.length).toBeGreaterThan(2);
});

function claimVolume(claimName: string): Pod['spec']['volumes'][number] {
  return {
    name: claimName,
    persistentVolumeClaim: { claimName, readOnly: false },
    ephemeral: undefined,
    csi: undefined,
    gcePersistentDisk: undefined,
    awsElasticBlockStore: undefined,
    iscsi: undefined,
    rbd: undefined,
    azureDisk: undefined,
    cinder: undefined,
    other: '',
  };
}

describe('Q9: pods kept out by anti-affinity', () => {
  test('a pod with two anti-affinity terms is not woken by a deletion that concerns one of them', () => {
    const both = antiAffinity('x');
    const second = antiAffinity('y').affinity.podAntiAffinity!.required[0]!;
    const spec = {
      affinity: {
        ...both.affinity,
        podAntiAffinity: { ...both.affinity.podAntiAffinity!, required: [...both.affinity.podAntiAffinity!.required, second] },
      },
    };
    const world = new SmallWorld().start(
      testNode({ name: 'node-1' }),
      testPod({ name: 'x', labels: { app: 'x' }, nodeName: 'node-1', priority: 5 }),
      testPod({ name: 'picky', spec }),
    );
    world.run(20 * S);
    world.remove('Pod', 'default/x');
    world.run(60 * S);
    expect([world.attempts.length, world.nodeOf('picky')]).toEqual([1, '']);
    world.run(300 * S);
    expect(world.nodeOf('picky')).toBe('node-1');
  });

  test('a pod kept out by the terms of placed pods alone is woken neither by their end nor by a new node', () => {
    const world = new SmallWorld().start(
      testNode({ name: 'node-1' }),
      testPod({ name: 'jealous', nodeName: 'node-1', priority: 5, spec: antiAffinity('x') }),
      testPod({ name: 'x', labels: { app: 'x' } }),
    );
    world.run(20 * S);
    world.create(testNode({ name: 'node-2' }));
    world.remove('Pod', 'default/jealous');
    world.run(60 * S);
    expect([world.attempts.length, world.nodeOf('x')]).toEqual([1, '']);
    touch(world, 'node-2');
    world.run(5 * S);
    expect(world.nodeOf('x')).not.toBe('');
  });
});
