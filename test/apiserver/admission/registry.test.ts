import { describe, expect, test } from 'vitest';
import { admissionSteps } from '../../../src/apiserver/admission/registry.ts';
import type { ApiServerOptions } from '../../../src/apiserver/api-server.ts';
import { isApiStatus, type Result } from '../../../src/objects/api-status.ts';
import { newContainer, newNode } from '../../../src/objects/builders.ts';
import type { AnyObject } from '../../../src/objects/kinds.ts';
import { newMeta } from '../../../src/objects/meta.ts';
import type { Node } from '../../../src/objects/node.ts';
import type { Affinity, Pod, PodAffinityTerm, PodSpec } from '../../../src/objects/pod.ts';
import { ApiWorld, priorityClass, testPod } from '../../support/api-world.ts';

function create(object: AnyObject, world = new ApiWorld()): Result<AnyObject> {
  return world.server.execute({ verb: 'create', object }) as Result<AnyObject>;
}

function createPod(fields: Partial<PodSpec>, labels: Record<string, string> = {}, world = new ApiWorld()): Pod {
  const made = create(testPod('a', fields, { labels }), world);
  if (isApiStatus(made)) throw new Error(made.toString());
  return made as Pod;
}

function word(result: Result<unknown>): string {
  return isApiStatus(result) ? `${result.reason} ${result.cause}`.trim() : 'ok';
}

test('step names are unique', () => {
  const names = admissionSteps.map((step) => step.name);
  expect(new Set(names).size).toBe(names.length);
});

test('every step leaves its input alone and does nothing the second time', () => {
  const world = new ApiWorld();
  const frozen = deepFreeze(testPod('a', { priorityClassName: 'system-node-critical' }, { labels: { app: 'x' } }));
  const once = create(frozen, world) as Pod;
  const again = create({ ...once, metadata: newMeta({ name: 'b', namespace: 'default' }) }, world) as Pod;
  expect(again.spec).toEqual(once.spec);
});

test('pods of one template share one completed spec and one status', () => {
  const world = new ApiWorld();
  const template = testPod('a');
  const [first, second] = ['a', 'b'].map((name) => create({ ...template, metadata: { ...template.metadata, name } }, world) as Pod);
  expect(first?.spec).not.toBe(template.spec);
  expect(second?.spec).toBe(first?.spec);
  expect(second?.status).toBe(first?.status);
});

describe('NamespaceLifecycle', () => {
  const strict: Partial<ApiServerOptions> = { strictNamespaces: true };

  test('makes a missing namespace, unless it is strict', () => {
    const world = new ApiWorld();
    expect(word(create(testPod('a', {}, { namespace: 'shop' }), world))).toBe('ok');
    expect(world.store.get('Namespace', 'shop')?.metadata.labels).toEqual({ 'kubernetes.io/metadata.name': 'shop' });
    expect(word(create(testPod('a', {}, { namespace: 'shop' }), new ApiWorld({ server: strict })))).toBe('NotFound');
  });

  test('refuses new content in a terminating namespace and says why', () => {
    const world = new ApiWorld();
    create(testPod('a', {}, { namespace: 'shop' }), world);
    world.store.delete('Namespace', 'shop');
    expect(word(create(testPod('b', {}, { namespace: 'shop' }), world))).toBe('Forbidden NamespaceTerminating');
  });

  test('leaves cluster-scoped kinds alone', () => {
    const world = new ApiWorld({ server: strict });
    expect(word(create(newNode('n'), world))).toBe('ok');
  });
});

describe('TaintNodesByCondition', () => {
  test('gives a new node the not-ready taint once', () => {
    const node = create(newNode('n')) as Node;
    expect(node.spec.taints).toEqual([{ key: 'node.kubernetes.io/not-ready', value: '', effect: 'NoSchedule', timeAdded: undefined }]);
    expect((create(newNode('m', { spec: { taints: node.spec.taints } })) as Node).spec.taints).toEqual(node.spec.taints);
  });
});

describe('Priority', () => {
  function classes(): ApiWorld {
    const world = new ApiWorld();
    world.store.create(priorityClass('high', 1000));
    world.store.create(priorityClass('polite', 500, { preemptionPolicy: 'Never' }));
    return world;
  }

  test('resolves a class, a built-in class and no class', () => {
    const resolve = (priorityClassName: string) => {
      const { spec } = createPod({ priorityClassName }, {}, classes());
      return [spec.priority, spec.preemptionPolicy];
    };
    expect(resolve('high')).toEqual([1000, 'PreemptLowerPriority']);
    expect(resolve('polite')).toEqual([500, 'Never']);
    expect(resolve('system-cluster-critical')).toEqual([2_000_000_000, 'PreemptLowerPriority']);
    expect(resolve('system-node-critical')).toEqual([2_000_001_000, 'PreemptLowerPriority']);
    expect(resolve('')).toEqual([0, 'PreemptLowerPriority']);
  });

  test('refuses an unknown class and a number that disagrees', () => {
    expect(word(create(testPod('a', { priorityClassName: 'nope' }), classes()))).toBe('Forbidden');
    expect(word(create(testPod('a', { priorityClassName: 'high', priority: 7 }), classes()))).toBe('Forbidden');
    expect(word(create(testPod('a', { priorityClassName: 'high', priority: 1000 }), classes()))).toBe('ok');
    expect(word(create(testPod('a', { priority: 3 }), classes()))).toBe('Forbidden');
    expect(word(create(testPod('a', { preemptionPolicy: 'Never' }), classes()))).toBe('Forbidden');
    expect(word(create(testPod('a', { priorityClassName: 'polite', preemptionPolicy: 'Never' }), classes()))).toBe('ok');
  });

  test('takes the lowest global default, and notices classes made later', () => {
    const world = classes();
    const template = testPod('a');
    const priorityOf = (name: string) => (create({ ...template, metadata: { ...template.metadata, name } }, world) as Pod).spec.priority;
    expect(priorityOf('a')).toBe(0);
    world.store.create(priorityClass('default-high', 50, { globalDefault: true }));
    world.store.create(priorityClass('default-low', 20, { globalDefault: true }));
    expect(priorityOf('b')).toBe(20);
  });
});

describe('DefaultTolerationSeconds', () => {
  const keys = (spec: PodSpec) => spec.tolerations.map((entry) => `${entry.key} ${entry.effect} ${entry.tolerationSeconds}`);
  const both = ['node.kubernetes.io/not-ready NoExecute 300', 'node.kubernetes.io/unreachable NoExecute 300'];

  test('adds both tolerations, and none that the pod already has', () => {
    const own = { key: 'node.kubernetes.io/not-ready', operator: 'Exists', value: '', effect: 'NoExecute', tolerationSeconds: 5 };
    expect(keys(createPod({}).spec)).toEqual(both);
    expect(keys(createPod({ tolerations: [own] }).spec)).toEqual(['node.kubernetes.io/not-ready NoExecute 5', both[1]]);
    expect(createPod({ tolerations: [{ ...own, key: '' }] }).spec.tolerations).toHaveLength(1);
    expect(createPod({ tolerations: [{ ...own, effect: 'NoSchedule' }] }).spec.tolerations).toHaveLength(3);
  });

  test('adds them again to an update or a patch that removes them', () => {
    const world = new ApiWorld();
    const pod = createPod({}, {}, world);
    const removed: Pod = { ...pod, spec: { ...pod.spec, tolerations: [] } };
    expect(world.server.execute({ verb: 'update', object: removed })).toBe(pod);
    expect(world.server.execute({ verb: 'patch', kind: 'Pod', key: 'default/a', mutate: () => removed })).toBe(pod);
  });
});

describe('MatchLabelKeys', () => {
  const term = (fields: Partial<PodAffinityTerm>): PodAffinityTerm => ({
    labelSelector: { matchLabels: { app: 'web' }, matchExpressions: [] },
    namespaces: [],
    namespaceSelector: undefined,
    topologyKey: 'zone',
    matchLabelKeys: [],
    mismatchLabelKeys: [],
    ...fields,
  });
  const affinity = (required: PodAffinityTerm): Affinity => ({
    nodeAffinity: undefined,
    podAffinity: { required: [required], preferred: [] },
    podAntiAffinity: { required: [], preferred: [{ weight: 1, podAffinityTerm: required }] },
  });
  const expressions = (pod: Pod) => pod.spec.affinity?.podAffinity?.required[0]?.labelSelector?.matchExpressions;

  test("merges the pod's values of both lists of keys into affinity terms, and skips labels the pod lacks", () => {
    const keyed = term({ matchLabelKeys: ['hash', 'absent'], mismatchLabelKeys: ['tenant'] });
    const pod = createPod({ affinity: affinity(keyed) }, { hash: 'h1', tenant: 't1' });
    const merged = [
      { key: 'hash', operator: 'In', values: ['h1'] },
      { key: 'tenant', operator: 'NotIn', values: ['t1'] },
    ];
    expect(expressions(pod)).toEqual(merged);
    expect(pod.spec.affinity?.podAntiAffinity?.preferred[0]?.podAffinityTerm.labelSelector?.matchExpressions).toEqual(merged);
  });

  test('leaves an absent selector absent', () => {
    const pod = createPod({ affinity: affinity(term({ labelSelector: undefined, matchLabelKeys: ['hash'] })) }, { hash: 'h1' });
    expect(pod.spec.affinity?.podAffinity?.required[0]?.labelSelector).toBe(undefined);
  });

  test('merges into spread constraints', () => {
    const pod = createPod(
      {
        topologySpreadConstraints: [
          {
            maxSkew: 1,
            topologyKey: 'zone',
            whenUnsatisfiable: 'DoNotSchedule',
            labelSelector: { matchLabels: {}, matchExpressions: [] },
            minDomains: undefined,
            nodeAffinityPolicy: 'Honor',
            nodeTaintsPolicy: 'Ignore',
            matchLabelKeys: ['hash'],
          },
        ],
      },
      { hash: 'h1' },
    );
    expect(pod.spec.topologySpreadConstraints[0]?.labelSelector?.matchExpressions).toEqual([
      { key: 'hash', operator: 'In', values: ['h1'] },
    ]);
  });
});

describe('PodStrategy', () => {
  test('starts every pod Pending with its QoS class, whatever status it came with', () => {
    const limits = { cpu: '1', memory: '1Gi' };
    const pod = testPod('a', { containers: [newContainer({ limits })] });
    const made = create({ ...pod, status: { ...pod.status, phase: 'Running', podIP: '1.2.3.4', qosClass: 'BestEffort' } }) as Pod;
    expect([made.status.phase, made.status.podIP, made.status.qosClass, made.status.conditions]).toEqual(['Pending', '', 'Guaranteed', []]);
  });

  test('says that a gated pod is gated', () => {
    const pod = createPod({ schedulingGates: [{ name: 'x' }] });
    expect(pod.status.conditions).toMatchObject([{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' }]);
  });
});

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const part of Object.values(value)) deepFreeze(part);
    Object.freeze(value);
  }
  return value;
}
