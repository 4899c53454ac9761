import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { MILLISECOND_US, SECOND_US } from '../../src/engine/units.ts';
import { definePlugin } from '../../src/scheduler/framework.ts';
import { unschedulable } from '../../src/scheduler/status.ts';
import { check } from '../support/seeded.ts';
import { testNode, testPod } from './builders.ts';
import { SmallWorld } from './small-world.ts';

const MS = MILLISECOND_US;
const S = SECOND_US;

const anyStep = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('create' as const),
      cpu: fc.integer({ min: 1, max: 3 }),
      priority: fc.nat(2),
      isAlone: fc.boolean(),
      isNever: fc.boolean(),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('remove' as const, 'run' as const, 'relabel' as const), which: fc.nat(40) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('taint' as const, 'grow' as const, 'node' as const), which: fc.nat(5) }) },
);

test('a scheduler that remembers failures runs event for event like one that does not', () => {
  check(
    fc.property(fc.array(fc.tuple(anyStep, fc.constantFrom(0, MS, 50 * MS, 2 * S)), { maxLength: 50, size: 'max' }), (steps) => {
      const runWith = (remembersFailures: boolean): string => {
        const world = new SmallWorld({
          remembersFailures,
          tieBreak: 'random',
          cycleCost: { kind: 'per-node', fixedUs: 2 * MS, perNodeUs: 50 },
        });
        world.start(...[0, 1, 2].map((i) => testNode({ name: `n${i}`, cpu: '3' })));
        let created = 0;
        for (const [step, pauseUs] of steps) {
          const placed = world.store.list('Pod').filter((pod) => pod.spec.nodeName !== '');
          const terminating = placed.filter((pod) => pod.metadata.deletionTimestamp !== undefined);
          switch (step.do) {
            case 'create': {
              const labels = { app: step.isAlone ? 'alone' : 'any' };
              const term = {
                labelSelector: { matchLabels: labels, matchExpressions: [] },
                namespaces: [],
                namespaceSelector: undefined,
                topologyKey: 'kubernetes.io/hostname',
                matchLabelKeys: [],
                mismatchLabelKeys: [],
              };
              const podAntiAffinity = { required: [term], preferred: [] };
              world.create(
                testPod({
                  name: `p${created++}`,
                  labels,
                  cpu: String(step.cpu),
                  priority: step.priority,
                  spec: {
                    preemptionPolicy: step.isNever ? 'Never' : 'PreemptLowerPriority',
                    affinity: step.isAlone ? { nodeAffinity: undefined, podAffinity: undefined, podAntiAffinity } : undefined,
                  },
                }),
              );
              break;
            }
            case 'remove': {
              const pod = terminating[0] ?? placed[step.which % Math.max(1, placed.length)];
              if (pod !== undefined) world.remove('Pod', `default/${pod.metadata.name}`);
              break;
            }
            case 'run':
            case 'relabel': {
              const pod = placed[step.which % Math.max(1, placed.length)];
              if (pod === undefined) break;
              const key = `default/${pod.metadata.name}`;
              if (step.do === 'run') {
                world.change(
                  'Pod',
                  key,
                  (old) => ({ ...old, status: { ...old.status, phase: 'Running', startTime: step.which * S } }),
                  'status',
                );
              } else {
                world.change('Pod', key, (old) => ({ ...old, metadata: { ...old.metadata, labels: { app: `other-${step.which}` } } }));
              }
              break;
            }
            case 'taint': {
              const taint = {
                key: 't',
                value: '',
                effect: step.which % 2 === 0 ? 'NoSchedule' : 'PreferNoSchedule',
                timeAdded: undefined,
              } as const;
              world.change('Node', `n${step.which % 3}`, (old) => ({
                ...old,
                spec: { ...old.spec, taints: old.spec.taints.length === 0 ? [taint] : [] },
              }));
              break;
            }
            case 'grow':
              world.change(
                'Node',
                `n${step.which % 3}`,
                (old) => ({ ...old, status: { ...old.status, allocatable: { ...old.status.allocatable, cpu: String(3 + step.which) } } }),
                'status',
              );
              break;
            case 'node':
              world.create(testNode({ name: `extra${created++}`, cpu: '1' }));
              break;
          }
          world.run(pauseUs);
        }
        world.run(20 * S);
        const rows = world.attempts.map(({ podKey, timeUs, result, nodeName, message, victims }) => [
          podKey,
          timeUs,
          result,
          nodeName,
          message,
          victims,
        ]);
        return `${world.engine.digest.toString()}\n${rows.map((row) => JSON.stringify(row)).join('\n')}\n${world.events.join('\n')}`;
      };
      expect(runWith(true)).toBe(runWith(false));
    }),
    40,
  );
});

/** Counts how often a filter that refuses every pod is asked. */
function countingWorld(filterReach: 'node' | undefined): { world: SmallWorld; counts: { filter: number } } {
  const counts = { filter: 0 };
  const plugin = definePlugin({
    name: 'Counting',
    points: ['filter'],
    defaultWeight: 0,
    args: [],
    create: () => ({
      name: 'Counting',
      filter: () => {
        counts.filter++;
        return unschedulable('Counting', 'never');
      },
      ...(filterReach === undefined ? {} : { filterReach }),
      events: [],
    }),
  });
  return { world: new SmallWorld({ plugins: [plugin], evaluator: 'plain' }), counts };
}

test('like pods share one evaluation, until something changes', () => {
  const { world, counts } = countingWorld('node');
  const spec = testPod().spec;
  world.start(testNode(), ...Array.from({ length: 20 }, (_, i) => ({ ...testPod({ name: `p${i}` }), spec })));
  world.run(S);
  expect([world.attempts.length, counts.filter]).toEqual([20, 1]);
  world.create(testNode({ name: 'node-2' }));
  world.create({ ...testPod({ name: 'later' }), spec });
  world.run(S);
  expect([world.attempts.length, counts.filter]).toEqual([21, 3]);
});

test('a plugin that does not say how far its verdicts reach is always asked', () => {
  const { world, counts } = countingWorld(undefined);
  world.start(testNode(), ...Array.from({ length: 5 }, (_, i) => testPod({ name: `p${i}` })));
  world.run(S);
  expect(counts.filter).toBe(5);
});

test('pods of other priority or preemption policy are evaluated on their own', () => {
  const { world, counts } = countingWorld('node');
  world.start(
    testNode(),
    testPod({ name: 'a' }),
    testPod({ name: 'b', priority: 1 }),
    testPod({ name: 'c', spec: { preemptionPolicy: 'Never' } }),
  );
  world.run(S);
  expect(counts.filter).toBe(3);
});

test('a placed pod that changes its labels ends the memory', () => {
  const term = {
    labelSelector: { matchLabels: { app: 'alone' }, matchExpressions: [] },
    namespaces: [],
    namespaceSelector: undefined,
    topologyKey: 'kubernetes.io/hostname',
    matchLabelKeys: [],
    mismatchLabelKeys: [],
  };
  const affinity = { nodeAffinity: undefined, podAffinity: undefined, podAntiAffinity: { required: [term], preferred: [] } };
  const alone = { labels: { app: 'alone' }, spec: { affinity } };
  const world = new SmallWorld().start(
    testNode(),
    testPod({ name: 'a', labels: { app: 'alone' }, nodeName: 'node-1' }),
    testPod({ name: 'b', ...alone }),
  );
  world.run(S);
  expect(world.nodeOf('b')).toBe('');
  world.change('Pod', 'default/a', (pod) => ({ ...pod, metadata: { ...pod.metadata, labels: { app: 'sociable' } } }));
  world.run(S);
  expect(world.nodeOf('b')).toBe('node-1');
});

test('a placed pod that begins to terminate ends the memory', () => {
  const constraint = {
    maxSkew: 1,
    topologyKey: 'kubernetes.io/hostname',
    whenUnsatisfiable: 'DoNotSchedule',
    labelSelector: { matchLabels: { app: 'x' }, matchExpressions: [] },
    minDomains: undefined,
    nodeAffinityPolicy: 'Honor',
    nodeTaintsPolicy: 'Ignore',
    matchLabelKeys: [],
  } as const;
  const spread = { labels: { app: 'x' }, cpu: '1', spec: { topologySpreadConstraints: [constraint] } };
  const world = new SmallWorld().start(
    testNode({ name: 'n1' }),
    testNode({ name: 'n2', cpu: '500m' }),
    testPod({ name: 'a', labels: { app: 'x' }, nodeName: 'n1' }),
    testPod({ name: 'b', ...spread }),
  );
  world.run(S);
  expect(world.nodeOf('b')).toBe('');
  // No longer counted, but its end is no event that wakes anybody.
  world.server.execute({ verb: 'delete', kind: 'Pod', key: 'default/a' });
  world.create(testPod({ name: 'c', ...spread }));
  world.run(S);
  expect([world.nodeOf('b'), world.nodeOf('c')]).toEqual(['', 'n1']);
});
