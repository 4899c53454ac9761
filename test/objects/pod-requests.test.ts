import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { newContainer, newPod, newPodSpec } from '../../src/objects/builders.ts';
import type { ResourceList } from '../../src/objects/meta.ts';
import type { Container, ContainerStatus, Pod } from '../../src/objects/pod.ts';
import { podNonZeroRequests, podRequests, qosClassOf, reduceResourceList } from '../../src/objects/pod-requests.ts';
import { quantityNanos } from '../../src/objects/quantity.ts';
import { check } from '../support/seeded.ts';

const anyList: fc.Arbitrary<ResourceList> = fc.dictionary(
  fc.constantFrom('cpu', 'memory', 'ephemeral-storage', 'nvidia.com/gpu', 'hugepages-2Mi', 'odd'),
  fc.constantFrom('0', '1', '0.5m', '250m', '1500u', '1Gi', '0.1Ki', '1e3', '7'),
  { maxKeys: 4, noNullPrototype: true },
);

const anyContainer = (name: string): fc.Arbitrary<Container> =>
  fc
    .record({ requests: anyList, restartPolicy: fc.constantFrom('Always' as const, undefined) })
    .map(({ requests, restartPolicy }) => newContainer({ name, requests, restartPolicy }));

const anyStatus = (name: string): fc.Arbitrary<ContainerStatus> =>
  fc
    .record({
      resources: fc.option(fc.record({ requests: anyList, limits: fc.constant({}) }), { nil: undefined }),
      allocatedResources: fc.option(anyList, { nil: undefined }),
    })
    .map((fields) => ({
      name,
      ready: true,
      started: true,
      restartCount: 0,
      image: '',
      current: { state: 'running' as const, startedAt: 0 },
      last: undefined,
      ...fields,
    }));

const anyPod: fc.Arbitrary<Pod> = fc
  .record({
    containers: fc.tuple(anyContainer('a'), anyContainer('b')).chain((all) => fc.constantFrom([...all], all.slice(0, 1))),
    initContainers: fc
      .tuple(anyContainer('i'), anyContainer('j'), anyContainer('k'))
      .chain((all) => fc.constantFrom([...all], all.slice(0, 1), [])),
    overhead: fc.oneof(fc.constant({}), anyList),
    resources: fc.option(fc.record({ requests: anyList, limits: fc.constant({}) }), { nil: undefined }),
    statuses: fc.tuple(anyStatus('a'), anyStatus('b')),
    initStatuses: fc.tuple(anyStatus('i'), anyStatus('j'), anyStatus('k')),
    infeasible: fc.boolean(),
  })
  .map(({ containers, initContainers, overhead, resources, statuses, initStatuses, infeasible }) => {
    const pod = newPod({ name: 'p' }, newPodSpec({ containers, initContainers, overhead, resources }));
    const condition = { type: 'PodResizePending', status: 'True' as const, reason: 'Infeasible', message: '', lastTransitionTime: 0 };
    return {
      ...pod,
      status: {
        ...pod.status,
        containerStatuses: statuses,
        initContainerStatuses: initStatuses,
        conditions: infeasible ? [condition] : [],
      },
    };
  });

// The rules written down once more, as plainly as possible: amounts are nano-units in plain objects.
type Amounts = Record<string, bigint>;

function plus(a: Amounts, b: Amounts): Amounts {
  const sum = { ...a };
  for (const [name, amount] of Object.entries(b)) sum[name] = (sum[name] ?? 0n) + amount;
  return sum;
}

function max(a: Amounts, b: Amounts): Amounts {
  const most = { ...a };
  for (const [name, amount] of Object.entries(b)) if (most[name] === undefined || amount > most[name]) most[name] = amount;
  return most;
}

function amounts(list: ResourceList): Amounts {
  return Object.fromEntries(Object.entries(list).map(([name, text]) => [name, quantityNanos(text)]));
}

function naiveRequests(pod: Pod, useStatus: boolean, fill: Amounts): Amounts {
  const infeasible = pod.status.conditions.some((c) => c.type === 'PodResizePending' && c.reason === 'Infeasible');
  const effective = (container: Container, isInit: boolean): Amounts => {
    let own = amounts(container.resources.requests);
    const statuses = isInit ? pod.status.initContainerStatuses : pod.status.containerStatuses;
    const status = statuses.find((entry) => entry.name === container.name);
    if (useStatus && status?.resources !== undefined && (!isInit || container.restartPolicy === 'Always')) {
      const given = max(amounts(status.resources.requests), amounts(status.allocatedResources ?? {}));
      own = infeasible ? given : max(own, given);
    }
    return { ...fill, ...own };
  };
  let total: Amounts = {};
  let side: Amounts = {};
  let init: Amounts = {};
  for (const container of pod.spec.containers) total = plus(total, effective(container, false));
  for (const container of pod.spec.initContainers) {
    const own = effective(container, true);
    if (container.restartPolicy === 'Always') {
      total = plus(total, own);
      side = plus(side, own);
      init = max(init, side);
    } else init = max(init, plus(own, side));
  }
  total = max(total, init);
  for (const [name, amount] of Object.entries(amounts(pod.spec.resources?.requests ?? {}))) {
    if (name === 'cpu' || name === 'memory' || name.startsWith('hugepages-')) total[name] = amount;
  }
  return plus(total, amounts(pod.spec.overhead));
}

function up(nanos: bigint | undefined, unit: bigint): number {
  return Number(((nanos ?? 0n) + unit - 1n) / unit);
}

describe('podRequests', () => {
  test('agrees with a plain transcription of the rules, with and without container statuses', () => {
    check(
      fc.property(anyPod, fc.boolean(), (pod, useStatus) => {
        const expected = naiveRequests(pod, useStatus, {});
        const actual = podRequests(pod, useStatus);
        expect(actual.milliCpu).toBe(up(expected['cpu'], 1_000_000n));
        expect(actual.memoryBytes).toBe(up(expected['memory'], 1_000_000_000n));
        expect(actual.ephemeralBytes).toBe(up(expected['ephemeral-storage'], 1_000_000_000n));
        const scalars = ['hugepages-2Mi', 'nvidia.com/gpu'].filter((name) => expected[name] !== undefined);
        expect([...actual.scalars]).toEqual(scalars.map((name) => [name, up(expected[name], 1_000_000_000n)]));
      }),
      500,
    );
  });

  test('fills in 100m and 200 MiB only where a container names neither', () => {
    check(
      fc.property(anyPod, fc.boolean(), (pod, useStatus) => {
        const fill: Amounts = { cpu: 100n * 1_000_000n, memory: 209_715_200n * 1_000_000_000n };
        // Filled-in amounts never displace what the pod as a whole asks for.
        if (Object.keys(pod.spec.resources?.requests ?? {}).some((name) => /^(cpu|memory|hugepages-.*)$/.test(name))) {
          const plain = naiveRequests(pod, useStatus, {});
          for (const name of Object.keys(fill)) if (plain[name] !== undefined) delete fill[name];
        }
        const expected = naiveRequests(pod, useStatus, fill);
        expect(podNonZeroRequests(pod, useStatus)).toEqual({
          milliCpu: up(expected['cpu'], 1_000_000n),
          memoryBytes: up(expected['memory'], 1_000_000_000n),
        });
      }),
      500,
    );
  });

  test('rounds the exact sum once: two containers of half a milli-CPU take one', () => {
    const half = (name: string) => newContainer({ name, requests: { cpu: '0.5m' } });
    expect(podRequests(newPod({ name: 'p' }, newPodSpec({ containers: [half('a'), half('b')] }))).milliCpu).toBe(1);
  });

  test('a later init container runs beside the sidecars started before it', () => {
    const spec = newPodSpec({
      containers: [newContainer({ requests: { cpu: '100m' } })],
      initContainers: [
        newContainer({ name: 'one', requests: { cpu: '1' } }),
        newContainer({ name: 'side', requests: { cpu: '200m' }, restartPolicy: 'Always' }),
        newContainer({ name: 'two', requests: { cpu: '1' } }),
      ],
    });
    expect(podRequests(newPod({ name: 'p' }, spec)).milliCpu).toBe(1200);
  });

  test('computes a template once: pods that share their containers share the result', () => {
    const spec = newPodSpec({ containers: [newContainer({ requests: { cpu: '1' } })] });
    const first = newPod({ name: 'a' }, spec);
    const bound = newPod({ name: 'b' }, { ...spec, nodeName: 'n' });
    expect(podRequests(bound)).toBe(podRequests(first));
    expect(podRequests(newPod({ name: 'c' }, { ...spec, overhead: { cpu: '1' } })).milliCpu).toBe(2000);
  });
});

test('reduceResourceList keeps what the scheduler accounts for and ignores the rest', () => {
  const list = { pods: '110', cpu: '4', memory: '1Gi', 'nvidia.com/gpu': '8', 'attachable-volumes-aws-ebs': '25', storage: '1Gi' };
  const reduced = reduceResourceList(list);
  expect(reduced).toMatchObject({ milliCpu: 4000, memoryBytes: 2 ** 30, ephemeralBytes: 0, pods: 110 });
  expect([...reduced.scalars]).toEqual([
    ['attachable-volumes-aws-ebs', 25],
    ['nvidia.com/gpu', 8],
  ]);
});

describe('qosClassOf', () => {
  const full = { cpu: '1', memory: '1Gi' };
  test.each([
    ['nothing asked for', [{}], 'BestEffort'],
    ['zero asked for', [{ requests: { cpu: '0' } }], 'BestEffort'],
    ['limits equal requests everywhere', [{ requests: full, limits: { cpu: '1000m', memory: '1024Mi' } }, { limits: full }], 'Guaranteed'],
    ['one container without limits', [{ limits: full }, { requests: full }], 'Burstable'],
    ['only cpu limited', [{ limits: { cpu: '1' } }], 'Burstable'],
    ['requests below limits', [{ requests: { cpu: '500m', memory: '1Gi' }, limits: full }], 'Burstable'],
    ['only an extended resource', [{ limits: { 'nvidia.com/gpu': '1' } }], 'BestEffort'],
  ])('%s', (_, containers, expected) => {
    expect(qosClassOf(newPodSpec({ containers: containers.map((fields) => newContainer(fields)) }))).toBe(expected);
  });
});
