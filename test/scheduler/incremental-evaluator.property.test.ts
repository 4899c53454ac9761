/** The incremental evaluator, in several tempers, against the plain one. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { KubernetesVersion } from '../../src/scheduler/versions.ts';
import { check } from '../support/seeded.ts';
import { Duel } from './duel.ts';
import {
  anyNodeKind,
  anyStep,
  anyTemplate,
  anyTerm,
  focused,
  index,
  type NodeKind,
  otherStep,
  schedule,
  type Template,
} from './duel-arbitraries.ts';

const anyVersion = fc.constantFrom<KubernetesVersion>('1.34', '1.34', '1.32');

test('both evaluators say the same in small clusters where everything changes', () => {
  const outcomes = new Map<string, number>();
  const paths = new Map<string, number>();
  check(
    fc.property(
      fc.array(anyNodeKind, { minLength: 1, maxLength: 9, size: 'max' }),
      fc.array(anyTemplate, { minLength: 1, maxLength: 4, size: 'max' }),
      fc.array(anyStep, { maxLength: 50, size: 'max' }),
      anyVersion,
      (nodes, templates, steps, version) => {
        const duel = new Duel(nodes, templates, version);
        for (const step of steps) duel.step(step);
        for (const [outcome, count] of duel.outcomes) outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + count);
        duel.countPaths(paths);
      },
    ),
    120,
  );
  expect([...outcomes.keys()].sort()).toEqual(['error', 'scheduled', 'unschedulable']);
  // Nothing is agreed on because it never came up.
  expect([...paths].filter(([, count]) => count === 0)).toEqual([]);
});

test('both evaluators search the same part of a large cluster', () => {
  check(
    fc.property(
      fc.array(anyNodeKind, { minLength: 5, maxLength: 12, size: 'max' }),
      fc.integer({ min: 100, max: 170 }),
      fc.array(anyTemplate, { minLength: 1, maxLength: 3, size: 'max' }),
      fc.array(anyStep, { minLength: 10, maxLength: 30, size: 'max' }),
      (kinds, count, templates, steps) => {
        const duel = new Duel(
          Array.from({ length: count }, (_, i) => kinds[(i * 7) % kinds.length]!),
          templates,
          '1.34',
        );
        for (const step of steps) duel.step(step);
      },
    ),
    15,
  );
});

test('both evaluators normalize over the nodes they found, not over all', () => {
  const usual = anyNodeKind.map((kind) => ({ ...kind, size: {}, rack: undefined, taint: undefined, isCordoned: false, image: undefined }));
  const unusual = fc.tuple(usual, fc.constantFrom(undefined, '1'), fc.constantFrom(undefined, 'PreferNoSchedule'));
  const template = fc
    .tuple(anyTemplate, fc.boolean())
    .map(
      ([fields, isSpread]) =>
        ({ ...focused(fields, 'node'), claim: undefined, isTolerant: false, spread: isSpread ? fields.spread : [] }) as Template,
    );
  const paths = new Map<string, number>();
  check(
    fc.property(
      usual,
      fc.array(unusual, { minLength: 1, maxLength: 6, size: 'max' }),
      fc.integer({ min: 150, max: 200 }),
      fc.array(template, { minLength: 1, maxLength: 2, size: 'max' }),
      fc.array(fc.oneof({ weight: 5, arbitrary: schedule }, { weight: 1, arbitrary: otherStep }), {
        minLength: 10,
        maxLength: 30,
        size: 'max',
      }),
      (kind, others, count, templates, steps) => {
        const nodes = Array.from({ length: count }, () => kind as NodeKind);
        for (const [i, [fields, rack, taint]] of others.entries()) nodes[(i * 29) % count] = { ...fields, rack, taint } as NodeKind;
        // The highest raw score is that of one node, which many samples are without.
        nodes[count - 1] = { ...kind, taint: 'two soft ones' } as NodeKind;
        const duel = new Duel(nodes, templates, '1.34');
        for (const step of steps) duel.step(step);
        duel.countPaths(paths);
      },
    ),
    15,
  );
  expect(paths.get('tree')).toBeGreaterThan(100);
});

test('preemption finds the same with what earlier attempts found out', () => {
  const size = { cpu: '2', memory: '4Gi', pods: '4' };
  const kind = anyNodeKind.map((fields) => ({ ...fields, size, taint: undefined, isCordoned: false }));
  const template = anyTemplate.map((fields) => ({ ...focused(fields, 'plain'), requests: { cpu: '1' } }) as Template);
  const paths = new Map<string, number>();
  const lowPods = fc.array(
    fc.record({ do: fc.constant('place' as const), template: fc.constant(0), node: index, hasStarted: fc.boolean() }),
    {
      minLength: 10,
      maxLength: 20,
      size: 'max',
    },
  );
  const attempt = fc.record({
    do: fc.constant('schedule' as const),
    template: fc.constant(1),
    profile: index,
    keeps: fc.constant(false),
    isNominated: fc.constant(false),
  });
  check(
    fc.property(
      fc.array(kind, { minLength: 2, maxLength: 6, size: 'max' }),
      fc.tuple(template, template),
      lowPods,
      fc.array(fc.oneof({ weight: 3, arbitrary: attempt }, { weight: 2, arbitrary: otherStep }), { maxLength: 25, size: 'max' }),
      (nodes, [low, high], fill, steps) => {
        const duel = new Duel(nodes, [{ ...low, priority: 0 } as Template, { ...high, priority: 5 } as Template], '1.34');
        for (const step of [...fill, ...steps]) duel.step(step);
        duel.countPaths(paths);
      },
    ),
    50,
  );
  expect(paths.get('recalled dry run')).toBeGreaterThan(100);
});

test('both evaluators follow the labels of namespaces', () => {
  const teamTerm = anyTerm.map((term) => ({ ...term, namespaces: [], namespaceSelector: { matchLabels: { team: 'x' } } }));
  const teamAffinity = fc.constantFrom('required', 'preferred').chain((strength) =>
    teamTerm.map((term) => ({
      requiredDuringSchedulingIgnoredDuringExecution: strength === 'required' ? [term] : [],
      preferredDuringSchedulingIgnoredDuringExecution: strength === 'required' ? [] : [{ weight: 10, podAffinityTerm: term }],
    })),
  );
  const teamTemplate = fc
    .tuple(anyTemplate, fc.constantFrom('podAffinity', 'podAntiAffinity', 'neither'), teamAffinity, fc.constantFrom('default', 'other'))
    .map(
      ([template, side, affinity, namespace]) =>
        ({ ...focused(template, 'plain'), app: 'a' as const, namespace, [side]: affinity }) as Template,
    );
  const anyNews = fc.oneof(
    { weight: 2, arbitrary: schedule },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('namespace' as const), team: fc.constantFrom(undefined, 'x') }) },
  );
  check(
    fc.property(
      fc.array(anyNodeKind, { minLength: 3, maxLength: 6, size: 'max' }),
      fc.array(teamTemplate, { minLength: 3, maxLength: 4, size: 'max' }),
      fc.array(anyNews, { maxLength: 30, size: 'max' }),
      (nodes, templates, steps) => {
        const duel = new Duel(nodes, templates, '1.34');
        for (const step of steps) duel.step(step);
      },
    ),
    60,
  );
});
