/** How a profile runs its plugins: with plugins made for the test. */
import { describe, expect, test } from 'vitest';
import { ProblemList } from '../../src/base/input-error.ts';
import { readConfiguration } from '../../src/scheduler/configuration.ts';
import { CycleState } from '../../src/scheduler/cycle-state.ts';
import { newDiagnosis } from '../../src/scheduler/diagnosis.ts';
import { definePlugin, type ExtensionPoint, NO_NOMINATION, type Plugin, type PluginDef } from '../../src/scheduler/framework.ts';
import { schedulerPlugins } from '../../src/scheduler/plugins/registry.ts';
import { Profile } from '../../src/scheduler/profile.ts';
import { errorStatus, newStatus, SKIP, type Status, SUCCESS, unresolvable, unschedulable } from '../../src/scheduler/status.ts';
import { benchOf, decodedPod, rawNode, rawPod } from './decisions.ts';

const METHOD: Partial<Record<ExtensionPoint, string>> = { queueSort: 'less' };

/** A plugin that implements the points its methods are named after. */
function plugin(name: string, methods: Partial<Plugin>): PluginDef {
  const points = Object.keys(methods).filter(
    (method) => method !== 'normalize' && method !== 'unreserve' && method !== 'events',
  ) as ExtensionPoint[];
  for (const point of points) if (METHOD[point] !== undefined) throw new Error('not needed');
  return definePlugin({ name, points, defaultWeight: 0, args: [], create: () => ({ name, ...methods }) });
}

/** A profile with these plugins and, beside them, only what every profile needs. */
function profileOf(...plugins: readonly PluginDef[]) {
  const bench = benchOf({ nodes: [rawNode('a'), rawNode('b'), rawNode('c')] });
  const definitions = [...schedulerPlugins.filter(({ name }) => name === 'PrioritySort' || name === 'DefaultBinder'), ...plugins];
  const problems = new ProblemList();
  const config = readConfiguration(null, definitions, '1.34', problems);
  problems.throwIfAny();
  const profile = new Profile(config.profiles[0]!, definitions, bench.cluster.context);
  const pod = bench.cluster.podInfos.of(decodedPod(rawPod('p')));
  return { profile, pod, nodes: bench.cluster.cache.snapshot.nodes, state: new CycleState() };
}

/** `result`, after something was done. */
function doing<T>(_done: unknown, result: T): T {
  return result;
}

const preFilter = (name: string, status: Status, nodeNames?: readonly string[]) =>
  plugin(name, {
    preFilter: () => (nodeNames === undefined ? { status } : { status, nodeNames: new Set(nodeNames) }),
    filter: () => SUCCESS,
  });

describe('PreFilter', () => {
  test('intersects the nodes that plugins leave', () => {
    const { profile, pod, state } = profileOf(
      preFilter('A', SUCCESS, ['a', 'b']),
      preFilter('B', SUCCESS),
      preFilter('C', SUCCESS, ['b', 'c']),
    );
    const found = profile.runPreFilter(state, pod);
    expect([...found.nodeNames!]).toEqual(['b']);
    expect(found.narrowers).toEqual(['A', 'C']);
  });

  test.each([
    [['B', 'A'], [['a'], ['b']], "node(s) didn't satisfy plugin(s) [A B] simultaneously"],
    [['B'], [[]], "node(s) didn't satisfy plugin B"],
  ])('rejects when %j leave nothing', (names, sets, reason) => {
    const { profile, pod, state } = profileOf(...names.map((name, i) => preFilter(name, SUCCESS, sets[i]!)));
    expect(profile.runPreFilter(state, pod).status).toEqual({ code: 'UnschedulableAndUnresolvable', plugin: '', reasons: [reason] });
  });

  test('goes on after Unschedulable, so that preemption finds every state, and stops at Unresolvable', () => {
    const ran: string[] = [];
    const noting = (name: string, status: Status) =>
      plugin(name, { preFilter: () => doing(ran.push(name), { status }), filter: () => SUCCESS });
    const soft = profileOf(noting('A', unschedulable('A', 'no')), noting('B', SUCCESS));
    expect(soft.profile.runPreFilter(soft.state, soft.pod).status.code).toBe('Unschedulable');
    const hard = profileOf(noting('C', unresolvable('C', 'never')), noting('D', SUCCESS));
    expect(hard.profile.runPreFilter(hard.state, hard.pod).status.code).toBe('UnschedulableAndUnresolvable');
    expect(ran).toEqual(['A', 'B', 'C']);
  });

  test('a plugin that skips takes no part in Filter', () => {
    const { profile, pod, state, nodes } = profileOf(
      plugin('A', { preFilter: () => ({ status: SKIP }), filter: () => unschedulable('A', 'no') }),
    );
    profile.runPreFilter(state, pod);
    expect(profile.runFilters(state, pod, nodes[0]!).code).toBe('Success');
  });

  test('anything else ends the attempt with an error', () => {
    const { profile, pod, state } = profileOf(preFilter('A', errorStatus('A', 'broken')));
    expect(profile.runPreFilter(state, pod).status).toEqual({
      code: 'Error',
      plugin: 'A',
      reasons: ['running PreFilter plugin "A": broken'],
    });
  });
});

describe('Filter', () => {
  test('the first refusal counts, under its plugin name', () => {
    const { profile, pod, state, nodes } = profileOf(
      plugin('A', { filter: () => SUCCESS }),
      plugin('B', { filter: () => newStatus('Unschedulable', '', 'no') }),
      plugin('C', { filter: () => unschedulable('C', 'never asked') }),
    );
    expect(profile.runFilters(state, pod, nodes[0]!)).toEqual({ code: 'Unschedulable', plugin: 'B', reasons: ['no'] });
  });

  test('a status that is no verdict becomes an error', () => {
    const { profile, pod, state, nodes } = profileOf(plugin('A', { filter: () => SKIP }));
    expect(profile.runFilters(state, pod, nodes[0]!)).toMatchObject({ code: 'Error', reasons: ['running "A" filter plugin: '] });
  });
});

describe('PostFilter', () => {
  const answer = (name: string, status: Status, nodeName?: string) =>
    plugin(name, { postFilter: () => ({ status, nominating: nodeName === undefined ? NO_NOMINATION : { mode: 'override', nodeName } }) });
  const run = (...plugins: readonly PluginDef[]) => {
    const { profile, pod, state } = profileOf(...plugins);
    return profile.runPostFilter(state, pod, newDiagnosis());
  };

  test('the first success decides', () => {
    const found = run(answer('A', unschedulable('A', 'one')), answer('B', SUCCESS, 'n'), answer('C', unschedulable('C', 'two')));
    expect(found).toMatchObject({ status: { code: 'Success' }, nominating: { nodeName: 'n' } });
  });

  test('reasons of refusals add up, and the last nomination that says something stays', () => {
    const found = run(answer('A', unschedulable('A', 'one'), ''), answer('B', unschedulable('B', 'two')));
    expect(found).toEqual({
      status: { code: 'Unschedulable', plugin: 'A', reasons: ['one', 'two'] },
      nominating: { mode: 'override', nodeName: '' },
    });
  });

  test('Unresolvable and errors end it', () => {
    expect(run(answer('A', unresolvable('A', 'never'), 'x'), answer('B', SUCCESS, 'n'))).toMatchObject({
      status: { plugin: 'A' },
      nominating: { nodeName: 'x' },
    });
    expect(run(answer('A', errorStatus('A', 'broken'), 'x'), answer('B', SUCCESS, 'n')).nominating).toEqual({ mode: 'noop' });
  });
});

describe('Score', () => {
  const scoring = (name: string, value: number, methods: Partial<Plugin> = {}) =>
    plugin(name, { score: (_state, _pod, _nodes, scores) => doing(scores.fill(value), SUCCESS), ...methods });

  test('a plugin that skips in PreScore adds nothing', () => {
    const { profile, pod, state, nodes } = profileOf(scoring('A', 5, { preScore: () => SKIP }), scoring('B', 7));
    expect(profile.runPreScore(state, pod, nodes).code).toBe('Success');
    const scores = profile.runScores(state, pod, nodes);
    expect(Array.isArray(scores) && scores.map(({ plugin: name }) => name)).toEqual(['B']);
  });

  test('raw scores stay as they were when a plugin normalizes', () => {
    const { profile, pod, state, nodes } = profileOf(
      scoring('A', 500, { normalize: (_s, _p, _n, scores) => doing(scores.fill(50), SUCCESS) }),
    );
    expect(profile.runScores(state, pod, nodes)).toMatchObject([
      { raw: new Float64Array([500, 500, 500]), normalized: new Float64Array([50, 50, 50]) },
    ]);
  });

  test('a score outside 0..100 is an error', () => {
    const { profile, pod, state, nodes } = profileOf(scoring('A', 101));
    expect(profile.runScores(state, pod, nodes)).toMatchObject({
      code: 'Error',
      reasons: ['plugin "A" returns an invalid score 101, it should in the range of [0, 100] after normalizing'],
    });
  });
});

describe('Reserve and Permit', () => {
  test('Unreserve runs for all plugins in reverse order', () => {
    const ran: string[] = [];
    const reserving = (name: string, status: Status) =>
      plugin(name, { reserve: () => doing(ran.push(`+${name}`), status), unreserve: () => void ran.push(`-${name}`) });
    const { profile, pod, state } = profileOf(
      reserving('A', SUCCESS),
      reserving('B', unschedulable('B', 'taken')),
      reserving('C', SUCCESS),
    );
    expect(profile.runReserve(state, pod, 'a')).toMatchObject({ code: 'Unschedulable', plugin: 'B' });
    profile.runUnreserve(state, pod, 'a');
    expect(ran).toEqual(['+A', '+B', '-C', '-B', '-A']);
  });

  test('waits are collected, at most 15 minutes each, and one refusal ends them', () => {
    const waiting = (name: string, timeoutUs: number) => plugin(name, { permit: () => ({ status: newStatus('Wait', name), timeoutUs }) });
    const both = profileOf(waiting('A', 1_000_000), waiting('B', 3_600_000_000));
    expect(both.profile.runPermit(both.state, both.pod, 'a')).toMatchObject({
      status: { code: 'Wait' },
      waiting: [
        { plugin: 'A', timeoutUs: 1_000_000 },
        { plugin: 'B', timeoutUs: 900_000_000 },
      ],
    });
    const refused = profileOf(waiting('A', 1), plugin('B', { permit: () => ({ status: unschedulable('B', 'no'), timeoutUs: 0 }) }));
    expect(refused.profile.runPermit(refused.state, refused.pod, 'a')).toMatchObject({
      status: { code: 'Unschedulable', plugin: 'B' },
      waiting: [],
    });
  });
});

describe('PreEnqueue', () => {
  test('the plugin that gated the pod last is asked first', () => {
    const asked: string[] = [];
    const gate = (name: string, status: Status) => plugin(name, { preEnqueue: () => doing(asked.push(name), status) });
    const { profile, pod } = profileOf(gate('A', SUCCESS), gate('B', unresolvable('B', 'closed')), gate('C', SUCCESS));
    expect(profile.runPreEnqueue(pod, 'B').plugin).toBe('B');
    expect(profile.runPreEnqueue(pod).plugin).toBe('B');
    expect(asked).toEqual(['B', 'A', 'B']);
  });
});

test('a plugin that can reject but names no events is woken by all of them', () => {
  const { profile } = profileOf(plugin('A', { filter: () => SUCCESS }), plugin('B', { score: () => SUCCESS }));
  expect(profile.hints.map(({ plugin: name, event }) => [name, event.resource])).toEqual([['A', '*']]);
});
