/** What every plugin promises, held for all of them: a new registry line is tested here without new test code. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ProblemList } from '../../../src/base/input-error.ts';
import type { RawObject } from '../../../src/objects/decode-reader.ts';
import { defaultArguments } from '../../../src/scheduler/configuration.ts';
import { CycleState } from '../../../src/scheduler/cycle-state.ts';
import { type ExtensionPoint, type Plugin, SCORE_MAX } from '../../../src/scheduler/framework.ts';
import { schedulerPlugins } from '../../../src/scheduler/plugins/registry.ts';
import { check } from '../../support/seeded.ts';
import { benchOf, decodedPod } from '../decisions.ts';
import { anySituation } from '../situations.ts';

const METHODS: Readonly<Record<ExtensionPoint, keyof Plugin>> = {
  preEnqueue: 'preEnqueue',
  queueSort: 'less',
  preFilter: 'preFilter',
  filter: 'filter',
  postFilter: 'postFilter',
  preScore: 'preScore',
  score: 'score',
  reserve: 'reserve',
  permit: 'permit',
  preBind: 'preBind',
  bind: 'bind',
  postBind: 'postBind',
};

test('plugin names are unique', () => {
  const names = schedulerPlugins.map((plugin) => plugin.name);
  expect(new Set(names).size).toBe(names.length);
});

describe.each(schedulerPlugins.map((plugin) => [plugin.name, plugin] as const))('%s', (name, definition) => {
  const bench = benchOf({});
  const handle = bench.cluster.handleOf(bench.profile);
  const instance = definition.create(defaultArguments(definition), handle);

  test('is frozen, and its instances carry its name', () => {
    expect(Object.isFrozen(definition)).toBe(true);
    expect(instance.name).toBe(name);
  });

  test('implements exactly the extension points it names', () => {
    for (const point of Object.keys(METHODS) as ExtensionPoint[]) {
      expect([point, instance[METHODS[point]] !== undefined]).toEqual([point, definition.points.includes(point)]);
    }
  });

  test('weighs something by default if it scores and something if it is in the default profile', () => {
    if (!definition.points.includes('score')) expect(definition.defaultWeight).toBe(0);
  });

  test('accepts its own defaults and refuses nonsense', () => {
    for (const argument of definition.args) {
      const problems = new ProblemList();
      if (argument.default !== undefined) expect(argument.read(argument.default, argument.name, problems)).toEqual(argument.default);
      expect(problems.problems).toEqual([]);
      argument.read(12.5, argument.name, problems);
      expect(problems.problems.length).toBeGreaterThan(0);
      expect(argument.expects).not.toBe('');
    }
  });

  test('says for which events it wants to be asked again if it can reject', () => {
    const canReject = definition.points.some((point) => point === 'filter' || point === 'preFilter' || point === 'preEnqueue');
    expect(instance.events !== undefined).toBe(canReject);
  });
});

describe('on any cluster', () => {
  test('filters answer the same twice and leave pod, node and state alone', () => {
    check(
      fc.property(anySituation, (situation) => {
        const bench = benchOf(situation);
        const pod = bench.cluster.podInfos.of(decodedPod(situation.pod as RawObject));
        const state = new CycleState();
        if (bench.profile.runPreFilter(state, pod).status.code !== 'Success') return;
        const nodes = bench.cluster.cache.snapshot.nodes;
        const before = JSON.stringify(nodes.map((node) => [node.node, node.pods.map((other) => other.key)]));
        const answers = () => nodes.map((node) => state.filters!.map((plugin) => plugin.filter!(state, pod, node)));
        const first = answers();
        expect(answers()).toEqual(first);
        const backwards = nodes.toReversed().map((node) => state.filters!.map((plugin) => plugin.filter!(state, pod, node)));
        expect(backwards.toReversed()).toEqual(first);
        expect(JSON.stringify(nodes.map((node) => [node.node, node.pods.map((other) => other.key)]))).toBe(before);
      }),
      40,
    );
  });

  test('scores lie in 0..100 after normalizing and belong to the node, not to its place in the list', () => {
    check(
      fc.property(anySituation, (situation) => {
        const bench = benchOf(situation);
        const pod = bench.cluster.podInfos.of(decodedPod(situation.pod as RawObject));
        const { nodes } = bench.cluster.cache.snapshot;
        const scoresOf = (candidates: typeof nodes) => {
          const state = new CycleState();
          expect(bench.profile.runPreScore(state, pod, candidates).code).toBe('Success');
          const scores = bench.profile.runScores(state, pod, candidates);
          if (!Array.isArray(scores)) throw new Error(JSON.stringify(scores));
          return scores.map(({ plugin, raw, normalized }) => [
            plugin,
            Object.fromEntries(candidates.map((node, i) => [node.name, [raw[i], normalized[i]]])),
          ]);
        };
        const forward = scoresOf(nodes);
        expect(scoresOf(nodes.toReversed())).toEqual(forward);
        for (const [, byNode] of forward) {
          for (const [, normalized] of Object.values(byNode as Record<string, [number, number]>)) {
            expect(Number.isInteger(normalized) && normalized >= 0 && normalized <= SCORE_MAX).toBe(true);
          }
        }
      }),
      40,
    );
  });

  test('adding a pod in thought and removing it again changes no verdict', () => {
    check(
      fc.property(anySituation, (situation) => {
        const bench = benchOf(situation);
        const pod = bench.cluster.podInfos.of(decodedPod(situation.pod as RawObject));
        const state = new CycleState();
        if (bench.profile.runPreFilter(state, pod).status.code !== 'Success') return;
        for (const node of bench.cluster.cache.snapshot.nodes) {
          const before = bench.profile.runFilters(state, pod, node);
          for (const other of node.pods) {
            const copy = node.clone();
            const trial = state.clone();
            copy.removePod(other.uid);
            bench.profile.runRemovePod(trial, pod, other, copy);
            copy.addPod(other);
            bench.profile.runAddPod(trial, pod, other, copy);
            expect(bench.profile.runFilters(trial, pod, copy)).toEqual(before);
          }
          expect(bench.profile.runFilters(state, pod, node)).toEqual(before);
        }
      }),
      40,
    );
  });
});
