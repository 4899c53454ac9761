/** Plugins that users write, in a scheduler that runs. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SECOND_US } from '../../src/engine/units.ts';
import { integerArgument } from '../../src/scheduler/arguments.ts';
import { EXTENSION_POINTS, type PluginDef, type Reach } from '../../src/scheduler/framework.ts';
import { definePlugin, type OwnPlugin } from '../../src/scheduler/own-plugin.ts';
import { PluginFailure } from '../../src/scheduler/plugin-guard.ts';
import { newStatus, SKIP, unschedulable } from '../../src/scheduler/status.ts';
import { check } from '../support/seeded.ts';
import { testNode, testPod } from './builders.ts';
import { SmallWorld } from './small-world.ts';

const S = SECOND_US;

function placementsOf(plugins: readonly PluginDef[], options: object = {}): Readonly<Record<string, string>> {
  const pods = Array.from({ length: 6 }, (_, i) => testPod({ name: `p${i}`, cpu: '500m' }));
  const nodes = Array.from({ length: 4 }, (_, i) => testNode({ name: `n${i}`, cpu: '2' }));
  const world = new SmallWorld({ plugins, ...options }).start(...nodes, ...pods);
  world.run(30 * S);
  return world.placements();
}

describe('a plugin of a user', () => {
  test('is asked at every extension point, in the order of a scheduling attempt', () => {
    const asked: string[] = [];
    const note = <T>(what: string, answer?: T): T => {
      asked.push(what);
      return answer as T;
    };
    const everywhere = definePlugin({
      name: 'Everywhere',
      points: EXTENSION_POINTS,
      create: (_args, handle) => ({
        preEnqueue: () => note('preEnqueue'),
        less: (a, b) => a.sequence < b.sequence,
        preFilter: () => note('preFilter'),
        filter: (_state, _pod, node) => note(`filter ${node.name}`),
        postFilter: () => note('postFilter'),
        preScore: () => note('preScore'),
        scoreNode: (_pod, node) => note(`score ${node.name}`, node.name === 'n1' ? 7 : 3),
        normalize: (_state, _pod, nodes) => note(`normalize ${nodes.length}`),
        reserve: (_state, _pod, name) => note(`reserve ${name}`),
        unreserve: () => note('unreserve'),
        permit: () => note('permit', { status: newStatus('Wait', 'Everywhere'), timeoutUs: 5 * S }),
        *preBind() {
          yield* handle.writer!.sleep(2 * S);
          note(`preBind ${handle.nowUs() / S}`);
        },
        *bind(_state, pod, nodeName) {
          return note('bind', yield* handle.writer!.bindPod(pod, nodeName));
        },
        postBind: () => note('postBind'),
        events: [],
      }),
    });
    const letGo = definePlugin({
      name: 'LetGo',
      points: ['permit', 'preFilter'],
      create: (_args, handle) => ({
        preFilter(_state, pod) {
          if (pod.pod.metadata.name === 'second')
            for (const other of handle.waiters!.pods()) handle.waiters!.allow(other.uid, 'Everywhere');
        },
        permit() {},
      }),
    });
    const world = new SmallWorld({ plugins: [everywhere, letGo] }).start(
      testNode({ name: 'n1' }),
      testNode({ name: 'n2' }),
      testPod({ name: 'first' }),
    );
    world.run(S);
    expect(asked).toEqual([
      ...['preEnqueue', 'preFilter', 'filter n1', 'filter n2', 'preScore', 'score n1', 'score n2', 'normalize 2', 'reserve n1', 'permit'],
    ]);
    asked.length = 0;
    world.create(testPod({ name: 'second', cpu: '1000' }));
    world.run(20 * S);
    expect(asked.filter((what) => !what.startsWith('filter'))).toEqual([
      'preEnqueue',
      'preFilter',
      'postFilter',
      'preBind 3',
      'bind',
      'postBind',
    ]);
    expect(world.placements()).toEqual({ first: 'n1' });
  });

  test('gets its arguments, checked, and its weight', () => {
    const made: unknown[] = [];
    const plugin = definePlugin<{ readonly size: number }>({
      name: 'Sized',
      points: ['score'],
      weight: 3,
      args: [integerArgument('size', 4, 0, 9)],
      create: (args) => {
        made.push(args);
        return { scoreNode: () => 1 };
      },
    });
    const config = (size: unknown) => ({ profiles: [{ pluginConfig: [{ name: 'Sized', args: { size } }] }] });
    placementsOf([plugin]);
    placementsOf([plugin], { config: config(9) });
    expect(made).toEqual([{ size: 4 }, { size: 9 }]);
    expect(plugin.defaultWeight).toBe(3);
    expect(() => placementsOf([plugin], { config: config(10) })).toThrow('expected a whole number, 0..9, found 10');
  });

  test('is left out of profiles when it says so, until one names it', () => {
    const shy = definePlugin({
      name: 'Shy',
      points: ['filter'],
      isEnabledByDefault: false,
      create: () => ({ filter: () => unschedulable('Shy', 'no') }),
    });
    expect(Object.keys(placementsOf([shy]))).toHaveLength(6);
    expect(placementsOf([shy], { config: { profiles: [{ plugins: { multiPoint: { enabled: [{ name: 'Shy' }] } } }] } })).toEqual({});
  });

  test('that sorts the queue takes the place of PrioritySort', () => {
    const lastFirst = definePlugin({
      name: 'LastFirst',
      points: ['queueSort'],
      create: () => ({ less: (a, b) => a.sequence > b.sequence }),
    });
    const world = new SmallWorld({ plugins: [lastFirst] }).start(
      testNode({ cpu: '1' }),
      testPod({ name: 'a', cpu: '1' }),
      testPod({ name: 'b', cpu: '1' }),
    );
    world.run(S);
    expect(world.placements()).toEqual({ b: 'node-1' });
  });

  test('that binds is asked before DefaultBinder, which takes what it leaves', () => {
    const asked: string[] = [];
    const picky = definePlugin({
      name: 'Picky',
      points: ['bind'],
      create: () => ({
        bind(_state, pod) {
          asked.push(pod.pod.metadata.name);
          return SKIP;
        },
      }),
    });
    expect(Object.keys(placementsOf([picky]))).toEqual(asked);
  });

  test('draws from streams of its own, which change nobody else’s', () => {
    const draws: number[] = [];
    const drawing = definePlugin({
      name: 'Drawing',
      points: ['reserve'],
      create: (_args, handle) => ({
        reserve(_state, pod) {
          draws.push(handle.rng.fork(pod.key).nextInt(1000));
        },
      }),
    });
    const options = { tieBreak: 'random' };
    const without = placementsOf([], options);
    expect(placementsOf([drawing], options)).toEqual(without);
    const first = draws.splice(0);
    placementsOf([drawing], options);
    expect(draws).toEqual(first);
    expect(new Set(first).size).toBeGreaterThan(3);
  });

  test('that fails names itself, whatever it was asked', () => {
    const fail = () => {
      throw new TypeError('oops');
    };
    const methods: Readonly<Record<string, OwnPlugin>> = {
      preEnqueue: { preEnqueue: fail },
      preFilter: { preFilter: fail },
      filter: { filter: fail },
      score: { score: fail },
      reserve: { reserve: fail },
      permit: { permit: fail },
      preBind: { preBind: fail },
      bind: { bind: fail },
      postBind: { postBind: fail },
    };
    for (const [point, own] of Object.entries(methods)) {
      const failing = definePlugin({ name: 'Failing', points: [point as 'bind'], create: () => own });
      let error: unknown;
      try {
        placementsOf([failing]);
      } catch (thrown) {
        error = thrown;
        while (error instanceof Error && !(error instanceof PluginFailure)) error = error.cause;
      }
      expect(String(error)).toContain(`plugin Failing: ${point} failed: TypeError: oops`);
    }
  });

  test('does not prepare scores that are switched off', () => {
    let count = 0;
    const plugin = definePlugin({
      name: 'P',
      points: ['preScore', 'score'],
      create: () => ({ preScore: () => void count++, scoreNode: () => 0 }),
    });
    for (const evaluator of ['plain', 'incremental']) {
      placementsOf([plugin], { evaluator, config: { profiles: [{ plugins: { score: { disabled: [{ name: 'P' }] } } }] } });
      expect(count).toBe(0);
    }
    placementsOf([plugin]);
    expect(count).toBe(6);
    expect(() => definePlugin({ name: 'P', points: ['preScore'], create: () => ({ preScore() {} }) })).toThrow('preScore prepares score');
  });

  test.each<[string, OwnPlugin, string]>([
    ['filter', { filter: () => 'no' as never }, 'filter gave "no", expected nothing or a status'],
    ['permit', { permit: () => newStatus('Wait', 'Bad') }, 'permit gave Wait without a time'],
    ['permit', { permit: () => ({ status: newStatus('Wait', 'Bad'), timeoutUs: 0.5 }) }, 'permit gave timeoutUs 0.5'],
    [
      'preFilter',
      { preFilter: () => ({ status: newStatus('Success', ''), nodeNames: ['n1'] }) as never },
      'expected a Set of names of nodes',
    ],
    [
      'score',
      { score: (_state, _pod, _nodes, scores) => void scores.fill(Number.NaN) },
      'score gave NaN for node n0, expected a whole number',
    ],
    ['score', { scoreNode: () => 5, normalize: (_s, _p, _n, scores) => void scores.fill(0.1) }, 'normalize gave 0.1 for node n0'],
  ])('that answers %s wrongly is told so', (point, own, message) => {
    const bad = definePlugin({ name: 'Bad', points: [point as 'filter'], create: () => own });
    expect(() => placementsOf([bad])).toThrow(message);
  });
});

describe('decisions with plugins of users are the same under both evaluators', () => {
  /** Anything a plugin might look at, made from small numbers. */
  const behaviour = fc.record({
    filterReach: fc.constantFrom<Reach | undefined>(undefined, 'static', 'node', 'cluster'),
    scoreReach: fc.constantFrom<Reach | undefined>(undefined, 'static', 'node', 'cluster'),
    salt: fc.nat(50),
    normalizes: fc.boolean(),
    skips: fc.boolean(),
    percentage: fc.constantFrom(0, 40, 100),
  });

  function plugin({
    filterReach,
    scoreReach,
    salt,
    normalizes,
    skips,
  }: {
    filterReach: Reach | undefined;
    scoreReach: Reach | undefined;
    salt: number;
    normalizes: boolean;
    skips: boolean;
  }): PluginDef {
    const mix = (...numbers: number[]): number => numbers.reduce((hash, n) => Math.imul(hash ^ n, 0x01000193) >>> 0, salt);
    return definePlugin({
      name: 'Any',
      points: ['preFilter', 'filter', 'preScore', 'score'],
      create: (_args, handle) => {
        // As much as each promise allows to be looked at.
        const look = (reach: Reach | undefined, node: { name: string; pods: readonly unknown[] }): number => {
          const name = node.name.charCodeAt(1);
          if (reach === 'static') return mix(name);
          if (reach === 'node') return mix(name, node.pods.length);
          return mix(
            name,
            node.pods.length,
            handle.snapshot.nodes.reduce((sum, other) => sum + other.pods.length * other.pods.length, 0),
          );
        };
        return {
          preFilter: (_state, pod) => (skips && pod.pod.metadata.name.endsWith('3') ? SKIP : undefined),
          filter: (_state, _pod, node) => (look(filterReach, node) % 5 === 0 ? unschedulable('Any', 'a matter of taste') : undefined),
          preScore: (_state, pod) => (skips && pod.pod.metadata.name.endsWith('1') ? SKIP : undefined),
          scoreNode: (_pod, node) => look(scoreReach, node) % (normalizes ? 1000 : 101),
          ...(normalizes
            ? {
                normalize: (_state: unknown, _pod: unknown, _nodes: unknown, scores: Float64Array) => {
                  for (let i = 0; i < scores.length; i++) scores[i] = scores[i]! % 101;
                },
              }
            : {}),
          ...(filterReach === undefined ? {} : { filterReach }),
          ...(scoreReach === undefined ? {} : { scoreReach }),
        };
      },
    });
  }

  test('on random plugins', () => {
    check(
      fc.property(behaviour, (made) => {
        const digests = (['plain', 'incremental'] as const).map((evaluator) => {
          const config = { percentageOfNodesToScore: made.percentage };
          const nodes = Array.from({ length: 12 }, (_, i) => testNode({ name: `n${String.fromCharCode(97 + i)}`, cpu: '2' }));
          const pods = Array.from({ length: 30 }, (_, i) =>
            testPod({ name: `p${i}`, cpu: i % 3 === 0 ? '500m' : '250m', priority: i % 2 }),
          );
          const world = new SmallWorld({ plugins: [plugin(made)], evaluator, config, tieBreak: 'random' }).start(...nodes, ...pods);
          world.run(20 * S);
          world.remove('Pod', 'default/p2');
          world.run(20 * S);
          return `${world.engine.digest.toString()} ${JSON.stringify(world.placements())}`;
        });
        expect(digests[1]).toBe(digests[0]);
      }),
      40,
    );
  });
});
