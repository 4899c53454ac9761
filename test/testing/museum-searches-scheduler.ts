/**
 * Searches of the museum for what schedulers and kubelets get wrong, S-02 to S-08.
 */
import * as fc from 'fast-check';
import type { Manifest, StormAction } from '../../src/testing/index.ts';
import { largePods, may, ms, podOf, type Search, SMALL, scheduler, setting } from './museum-search.ts';

const ghostNode = { invariants: ['no-binding-to-absent-node'] } as const;

/** A node is taken out of the cluster, its machine with it. */
const nodeGoes: fc.Arbitrary<readonly StormAction[]> = fc.integer({ min: 0, max: 60_000 }).map((atMs) => {
  return [{ atMs, does: { delete: 'node/a-1-1' } }];
});

const quick = { withinSeconds: 120, quietSeconds: 60 };
const nominatedGhost = setting(
  { quirks: ['scheduler-nominates-deleted-pods'], scheduler: { cycleCost: '500ms' }, invariants: ['pods-placed'], ...quick },
  { quirks: [] },
);
const phantomUsage = setting({ quirks: ['scheduler-ignores-tombstones'], invariants: ['pods-placed'], ...quick }, { quirks: [] });
const recreatedNode = setting({ quirks: ['scheduler-forgets-pods-of-deleted-nodes'], invariants: ['no-overcommit'] }, { quirks: [] });
const expires = setting({ quirks: ['scheduler-assumptions-expire'], invariants: ['no-overcommit'] }, { quirks: [] });

function priorityClass(value: number): Manifest {
  return { apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', metadata: { name: 'high' }, value };
}

const FILLS = { containers: [{ name: 'main', image: 'app:1', resources: { requests: { cpu: 3 } } }] };

/** Pods that each fill a node, made and unmade while the scheduler works. */
const comeAndGo: fc.Arbitrary<readonly StormAction[]> = fc
  .array(
    fc.record({
      atMs: fc.integer({ min: 1000, max: 4000 }),
      forMs: fc.integer({ min: 100, max: 3000 }),
      isUrgent: fc.boolean(),
      isDeleted: fc.boolean(),
    }),
    { minLength: 1, maxLength: 4 },
  )
  .map((visits) =>
    visits.flatMap(({ atMs, forMs, isUrgent, isDeleted }, index) => {
      const name = `visitor-${index}`;
      const pod = podOf(name, { ...FILLS, ...(isUrgent ? { priorityClassName: 'high' } : {}) });
      return [{ atMs, does: { apply: pod } }, ...(isDeleted ? [{ atMs: atMs + forMs, does: { delete: `pod/${name}` } }] : [])];
    }),
  );

/** A Node is deleted and made again under its name; pods come before and after. */
const nodeAgain: fc.Arbitrary<readonly StormAction[]> = fc
  .record({
    atMs: fc.integer({ min: 40_000, max: 60_000 }),
    forMs: fc.integer({ min: 100, max: 20_000 }),
    laterMs: fc.integer({ min: 60_000, max: 90_000 }),
  })
  .map(({ atMs, forMs, laterMs }) => [
    { atMs, does: { delete: 'node/a-1-1' } },
    { atMs: atMs + forMs, does: { apply: { apiVersion: 'v1', kind: 'Node', metadata: { name: 'a-1-1' } } } },
    { atMs: laterMs, does: { apply: podOf('later', FILLS) } },
  ]);

/** Pods of two schedulers that come at the same time. */
function podsOfTwo(second: string): fc.Arbitrary<readonly Manifest[]> {
  return fc.array(fc.boolean(), { minLength: 2, maxLength: 4 }).map((kinds) => {
    return kinds.map((isSecond, index) => podOf(`pod-${index}`, { ...FILLS, ...(isSecond ? { schedulerName: second } : {}) }));
  });
}

/** Pods that each fill a node, one after the other. */
function arrivals(withinMs: number): fc.Arbitrary<readonly StormAction[]> {
  const visit = fc.record({ atMs: fc.integer({ min: 1000, max: withinMs }), isUrgent: fc.boolean() });
  return fc.array(visit, { minLength: 2, maxLength: 4 }).map((visits) => {
    return visits.map(({ atMs, isUrgent }, index) => {
      return { atMs, does: { apply: podOf(`visitor-${index}`, { ...FILLS, ...(isUrgent ? { priorityClassName: 'high' } : {}) }) } };
    });
  });
}

const LEADERS = fc.record({ target: fc.constantFrom('component/kube-scheduler-0', 'component/kube-scheduler-1') });

const TWO_SCHEDULERS: readonly Manifest[] = [
  {
    name: 'one',
    // Patient, so that the other one is always first.
    config: { apiVersion: 'kubescheduler.config.k8s.io/v1', kind: 'KubeSchedulerConfiguration', podInitialBackoffSeconds: 5 },
  },
  {
    name: 'two',
    config: {
      apiVersion: 'kubescheduler.config.k8s.io/v1',
      kind: 'KubeSchedulerConfiguration',
      profiles: [{ schedulerName: 'other-scheduler' }],
    },
  },
];

/** A ReplicaSet of one pod, of whichever scheduler. */
function humbleSet(schedulerName: string): Manifest {
  const labels = { app: 'humble' };
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: { name: 'humble' },
    spec: { replicas: 1, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { ...FILLS, schedulerName } } },
  };
}

const urgentComes: fc.Arbitrary<readonly StormAction[]> = fc.integer({ min: 5000, max: 30_000 }).map((atMs) => {
  return [{ atMs, does: { apply: podOf('urgent', { ...FILLS, priorityClassName: 'high' }) } }];
});

/** A label comes or goes, and with it a pod that asks for it. */
function labelAndPod(isTaken: boolean): fc.Arbitrary<readonly StormAction[]> {
  const picky = podOf('picky', { nodeSelector: { disk: 'fast' } });
  return fc
    .record({ atMs: fc.integer({ min: 1000, max: 20_000 }), afterMs: fc.integer({ min: 0, max: 10_000 }) })
    .map(({ atMs, afterMs }) => [
      { atMs, does: { label: 'node/a-1-1', labels: { disk: 'fast' } } },
      { atMs: atMs + afterMs, does: { apply: picky } },
      ...(isTaken ? [{ atMs: atMs + afterMs + 10_000, does: { label: 'node/a-1-1', labels: { disk: null } } }] : []),
    ]);
}

export const SCHEDULER_SEARCHES: readonly Search[] = [
  {
    file: 's-02-ghost-node',
    invariant: 'no-binding-to-absent-node',
    storms: {
      ...SMALL,
      workloadKinds: ['Deployment', 'ReplicaSet'],
      actions: ['scale'],
      moreActions: nodeGoes,
      menu: [scheduler('lose-events', { kind: fc.constantFrom('Node', 'Pod'), type: fc.constantFrom('any', 'DELETED') })],
      setting: ghostNode,
    },
    cases: 10,
    // What is lost with its connection is told by the list that follows.
    cure: { menu: [scheduler('watch-drop', { kind: fc.constantFrom('Pod') })] },
    parts: { objects: 1, actions: 2, faults: 1 },
  },
  {
    file: 's-03-nominated-ghost',
    invariant: 'convergence',
    storms: {
      ...SMALL,
      maxNodes: 1,
      maxWorkloads: 0,
      maxFaults: 0,
      maxActions: 0,
      objects: fc.constant([priorityClass(1000), podOf('victim', FILLS)]),
      moreActions: comeAndGo,
      setting: nominatedGhost.setting,
    },
    cases: 40,
    cure: nominatedGhost.cure,
    parts: { objects: 2, actions: 5, faults: 0 },
  },
  {
    file: 's-03-phantom-usage',
    invariant: 'convergence',
    storms: {
      ...SMALL,
      maxNodes: 1,
      maxWorkloads: 0,
      objects: largePods,
      actions: ['delete', 'replace'],
      menu: [scheduler('watch-drop', { kind: fc.constant('Pod') }, { longestMs: 10_000 })],
      stormMs: 20_000,
      setting: phantomUsage.setting,
    },
    cases: 12,
    cure: phantomUsage.cure,
    parts: { objects: 2, actions: 2, faults: 1 },
  },
  {
    file: 's-04-recreated-node',
    invariant: 'no-overcommit',
    storms: {
      ...SMALL,
      maxNodes: 1,
      maxWorkloads: 0,
      maxFaults: 0,
      maxActions: 0,
      objects: largePods,
      moreActions: nodeAgain,
      setting: recreatedNode.setting,
    },
    cases: 5,
    cure: recreatedNode.cure,
    parts: { objects: 2, actions: 3, faults: 0 },
  },
  {
    file: 's-05-assumption-expires',
    invariant: 'no-overcommit',
    storms: {
      ...SMALL,
      maxNodes: 1,
      maxWorkloads: 0,
      maxActions: 0,
      objects: fc.constant([priorityClass(0)]),
      moreActions: arrivals(180_000),
      menu: [scheduler('watch-lag', { kind: fc.constant('Pod'), lag: ms(20_000, 60_000) }, { longestMs: 300_000 })],
      setting: expires.setting,
    },
    cases: 25,
    cure: expires.cure,
    parts: { objects: 2, actions: 2, faults: 1 },
  },
  {
    file: 's-06-preemption-loop',
    invariant: 'nominations-end',
    storms: {
      ...SMALL,
      maxNodes: 1,
      maxWorkloads: 0,
      maxFaults: 0,
      maxActions: 0,
      objects: fc.constant([priorityClass(1000), humbleSet('other-scheduler')]),
      moreActions: urgentComes,
      setting: { kubernetesVersion: 'v1.32', schedulers: TWO_SCHEDULERS, invariants: ['nominations-end'] },
    },
    cases: 3,
    // A scheduler knows of its own promises.
    cure: { objects: fc.constant([priorityClass(1000), humbleSet('default-scheduler')]) },
    parts: { objects: 2, actions: 1, faults: 0 },
  },
  {
    file: 's-06-two-leaders',
    invariant: 'no-overcommit',
    storms: {
      ...SMALL,
      maxNodes: 1,
      maxWorkloads: 0,
      maxControlPlane: 2,
      minControlPlane: 2,
      maxActions: 0,
      moreActions: arrivals(10_000),
      objects: fc.constant([{ ...priorityClass(1000), preemptionPolicy: 'Never' }]),
      menu: [may('component-freeze', 'component', LEADERS, { longestMs: 60_000 })],
      stormMs: 10_000,
      setting: { scheduler: { cycleCost: '2s' }, invariants: ['no-overcommit'] },
    },
    cases: 50,
    // Shorter than the lease.
    cure: { menu: [may('component-freeze', 'component', LEADERS, { longestMs: 5000 })] },
    parts: { objects: 1, actions: 3, faults: 1 },
  },
  {
    file: 's-06-two-schedulers',
    invariant: 'no-overcommit',
    storms: {
      ...SMALL,
      maxNodes: 1,
      maxWorkloads: 0,
      maxFaults: 0,
      maxActions: 0,
      objects: podsOfTwo('other-scheduler'),
      setting: { schedulers: TWO_SCHEDULERS, invariants: ['no-overcommit'] },
    },
    cases: 5,
    cure: { objects: podsOfTwo('default-scheduler') },
    parts: { objects: 2, actions: 0, faults: 0 },
  },
  {
    file: 's-07-out-of-cpu',
    invariant: 'no-overcommit',
    storms: {
      ...SMALL,
      workloadKinds: ['Job'],
      shape: { cpuMilli: 1000, placement: 'anywhere', priority: 0, minAvailable: 0 },
      maxReplicas: 20,
      maxActions: 0,
      menu: [may('slow-cleanup', 'node', fc.record({ hold: ms(500, 5000) }))],
      setting: { invariants: ['no-overcommit'] },
    },
    cases: 10,
    // Room enough for what has ended and what follows.
    cure: { shape: { cpuMilli: 100, placement: 'anywhere', priority: 0, minAvailable: 0 }, maxWorkloads: 1 },
    parts: { objects: 2, actions: 0, faults: 1 },
  },
  {
    file: 's-08-stale-node-view',
    invariant: 'refusals-justified',
    storms: {
      ...SMALL,
      maxNodes: 1,
      maxWorkloads: 0,
      maxActions: 0,
      moreActions: labelAndPod(false),
      objects: fc.constant([]),
      menu: [may('watch-lag', 'node', fc.record({ kind: fc.constantFrom('Node', 'Pod'), lag: ms(500, 5000) }))],
      stormMs: 20_000,
      setting: { invariants: ['refusals-justified'] },
    },
    cases: 15,
    cure: { maxFaults: 0 },
    parts: { objects: 0, actions: 2, faults: 1 },
  },
  {
    file: 's-08-restart-readmission',
    invariant: 'refusals-justified',
    storms: {
      ...SMALL,
      maxNodes: 1,
      maxWorkloads: 0,
      maxActions: 0,
      moreActions: labelAndPod(true),
      objects: fc.constant([]),
      menu: [may('kubelet-crash', 'node', fc.constant({}), { longestMs: 10_000 })],
      stormMs: 60_000,
      setting: { invariants: ['refusals-justified'] },
    },
    cases: 8,
    cure: { moreActions: labelAndPod(false) },
    parts: { objects: 0, actions: 3, faults: 1 },
  },
];
