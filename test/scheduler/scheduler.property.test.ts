import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { addRule } from '../../src/apiserver/controls.ts';
import { setWatchLag } from '../../src/client/controls.ts';
import { constant } from '../../src/engine/distributions.ts';
import { MILLISECOND_US, SECOND_US } from '../../src/engine/units.ts';
import { internalError } from '../../src/objects/api-status.ts';
import { quantityMilli } from '../../src/objects/quantity.ts';
import type { EvaluatorName } from '../../src/scheduler/evaluators.ts';
import { check } from '../support/seeded.ts';
import { testNode, testPod } from './builders.ts';
import { SmallWorld } from './small-world.ts';

const MS = MILLISECOND_US;
const S = SECOND_US;

type Step =
  | { readonly do: 'create'; readonly cpu: number; readonly priority: number }
  | { readonly do: 'delete' | 'finish'; readonly which: number }
  | { readonly do: 'add-node' | 'grow-node'; readonly cpu: number }
  | { readonly do: 'remove-node'; readonly which: number }
  | { readonly do: 'refuse-bind' | 'lose-reply' | 'lag' | 'restart' };

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('create' as const), cpu: fc.integer({ min: 1, max: 4 }), priority: fc.nat(1) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('delete' as const, 'finish' as const), which: fc.nat(20) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constantFrom('add-node' as const, 'grow-node' as const), cpu: fc.integer({ min: 1, max: 5 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('remove-node' as const), which: fc.nat(5) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constantFrom('refuse-bind' as const, 'lose-reply' as const, 'lag' as const, 'restart' as const) }),
  },
);

/** Free milli-CPU per node, by what the store holds. */
function freeByNode(world: SmallWorld): Map<string, number> {
  const free = new Map<string, number>();
  for (const node of world.store.list('Node')) free.set(node.metadata.name, quantityMilli(node.status.allocatable['cpu']!));
  for (const pod of world.store.list('Pod')) {
    const left = free.get(pod.spec.nodeName);
    if (left === undefined || pod.status.phase === 'Succeeded') continue;
    free.set(pod.spec.nodeName, left - quantityMilli(pod.spec.containers[0]!.resources.requests['cpu']!));
  }
  return free;
}

test('whatever happens, no node is overbooked, and once it is quiet every pod that fits is placed', () => {
  check(
    fc.property(
      fc.array(fc.tuple(anyStep, fc.constantFrom(0, 3 * MS, 40 * MS, 700 * MS, 3 * S)), { maxLength: 40, size: 'max' }),
      fc.constantFrom(0, 5 * MS, 60 * MS),
      (steps, cycleUs) => {
        const world = new SmallWorld({
          cycleCost: { kind: 'per-node', fixedUs: cycleUs, perNodeUs: 0 },
          // Preemption would need kubelets to end the victims.
          config: { profiles: [{ plugins: { postFilter: { disabled: [{ name: 'DefaultPreemption' }] } } }] },
        });
        world.store.onCommit((kind, _type, _old, next) => {
          if (kind !== 'Pod' || next === undefined) return;
          for (const [node, free] of freeByNode(world)) expect([node, free >= 0]).toEqual([node, true]);
        });
        let created = 0;
        world.start(testNode({ name: 'n0', cpu: '4' }), testNode({ name: 'n1', cpu: '4' }));
        for (const [step, pauseUs] of steps) {
          const pods = world.store.list('Pod').filter((pod) => pod.spec.nodeName !== '');
          const nodes = world.store.list('Node');
          switch (step.do) {
            case 'create':
              world.create(testPod({ name: `p${created++}`, cpu: String(step.cpu), priority: step.priority }));
              break;
            case 'delete':
            case 'finish': {
              const pod = pods[step.which % Math.max(1, pods.length)];
              if (pod === undefined) break;
              const key = `default/${pod.metadata.name}`;
              if (step.do === 'delete') world.remove('Pod', key);
              else world.change('Pod', key, (old) => ({ ...old, status: { ...old.status, phase: 'Succeeded' } }), 'status');
              break;
            }
            case 'add-node':
              world.create(testNode({ name: `extra${created++}`, cpu: String(step.cpu) }));
              break;
            case 'grow-node': {
              const node = nodes[0];
              if (node === undefined) break;
              const cpu = quantityMilli(node.status.allocatable['cpu']!) + step.cpu * 1000;
              world.change(
                'Node',
                node.metadata.name,
                (old) => ({ ...old, status: { ...old.status, allocatable: { ...old.status.allocatable, cpu: `${cpu}m` } } }),
                'status',
              );
              break;
            }
            case 'remove-node': {
              const node = nodes[step.which % Math.max(1, nodes.length)];
              if (node !== undefined && nodes.length > 1) world.remove('Node', node.metadata.name);
              break;
            }
            case 'refuse-bind':
              addRule([world.server], {
                matches: (request) => request.verb === 'bind',
                effect: { what: 'refuse', status: internalError('no') },
                times: 1,
              });
              break;
            case 'lose-reply':
              addRule([world.server], { matches: (request) => request.verb === 'bind', effect: { what: 'lose-reply' }, times: 1 });
              break;
            case 'lag':
              setWatchLag(world.access, 'kube-scheduler', 'Pod', constant(2 * S));
              break;
            case 'restart':
              world.component.restart(500 * MS);
              break;
          }
          world.run(pauseUs);
        }
        setWatchLag(world.access, 'kube-scheduler', 'Pod', undefined);
        // Long enough for a lost answer (60 s) and the longest backoff after it, too short for the 5-minute flush.
        world.run(150 * S);
        const free = [...freeByNode(world).values()];
        for (const pod of world.store.list('Pod')) {
          if (pod.spec.nodeName !== '') continue;
          const cpu = quantityMilli(pod.spec.containers[0]!.resources.requests['cpu']!);
          expect([pod.metadata.name, free.some((left) => left >= cpu)]).toEqual([pod.metadata.name, false]);
        }
        expect(world.scheduler.queueCounts).toMatchObject({ active: 0, backoff: 0, inFlight: 0, binding: 0 });
      },
    ),
    40,
  );
});

test('the same seed and history give the same digest, with random tie-breaks and cycle times', () => {
  const digestOf = (): string => {
    const world = new SmallWorld({
      tieBreak: 'random',
      cycleCost: { kind: 'distribution', durationUs: { kind: 'exponential', mean: 2 * MS } },
      qps: 20,
    });
    world.start(...Array.from({ length: 8 }, (_, i) => testNode({ name: `n${i}`, cpu: '4' })));
    for (let i = 0; i < 40; i++) {
      world.create(testPod({ name: `p${i}`, cpu: '1' }));
      world.run(5 * MS);
    }
    world.run(10 * S);
    expect(Object.keys(world.placements()).length).toBe(32);
    return `${world.engine.digest.toString()} ${JSON.stringify(world.placements())}`;
  };
  expect(digestOf()).toBe(digestOf());
});

test('both evaluators lead to the same run, event for event', () => {
  const anyPodShape = fc.record({
    cpu: fc.integer({ min: 1, max: 3 }),
    priority: fc.nat(1),
    app: fc.constantFrom('x', 'y'),
    isSpread: fc.boolean(),
    isAlone: fc.boolean(),
    pauseUs: fc.constantFrom(0, MS, 300 * MS),
    removes: fc.nat(30),
  });
  check(
    fc.property(fc.array(anyPodShape, { maxLength: 30, size: 'max' }), (shapes) => {
      const runWith = (evaluator: EvaluatorName): string => {
        const world = new SmallWorld({ evaluator, tieBreak: 'random', cycleCost: { kind: 'per-node', fixedUs: 300, perNodeUs: 1 } });
        const zones = ['a', 'b', 'c', 'a', 'b'];
        world.start(...zones.map((zone, i) => testNode({ name: `n${i}`, cpu: '6', labels: { 'topology.kubernetes.io/zone': zone } })));
        shapes.forEach((shape, i) => {
          const labels = { app: shape.app };
          const labelSelector = { matchLabels: labels, matchExpressions: [] };
          const spread = {
            maxSkew: 1,
            topologyKey: 'topology.kubernetes.io/zone',
            whenUnsatisfiable: 'DoNotSchedule',
            labelSelector,
            minDomains: undefined,
            nodeAffinityPolicy: 'Honor',
            nodeTaintsPolicy: 'Ignore',
            matchLabelKeys: [],
          } as const;
          const term = {
            labelSelector,
            namespaces: [],
            namespaceSelector: undefined,
            topologyKey: 'kubernetes.io/hostname',
            matchLabelKeys: [],
            mismatchLabelKeys: [],
          };
          const podAntiAffinity = { required: [term], preferred: [] };
          world.create(
            testPod({
              name: `p${i}`,
              labels,
              cpu: String(shape.cpu),
              priority: shape.priority,
              spec: {
                topologySpreadConstraints: shape.isSpread ? [spread] : [],
                affinity: shape.isAlone ? { nodeAffinity: undefined, podAffinity: undefined, podAntiAffinity } : undefined,
              },
            }),
          );
          world.run(shape.pauseUs);
          if (world.nodeOf(`p${shape.removes}`)) world.remove('Pod', `default/p${shape.removes}`);
        });
        world.run(30 * S);
        return `${world.engine.digest.toString()}\n${world.events.join('\n')}`;
      };
      expect(runWith('incremental')).toBe(runWith('plain'));
    }),
    25,
  );
});
