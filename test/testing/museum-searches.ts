/**
 * Searches of the museum: storms in which the kit finds the known failures by itself. Bounds are those of the situation a
 * failure needs, not its script: kinds of workloads, a handful of faults, and what users may do.
 */
import * as fc from 'fast-check';
import type { Manifest, StormAction, StormOptions, StormSetting } from '../../src/testing/index.ts';
import { largePods, manager, may, ms, podOf, type Search, SMALL, setting } from './museum-search.ts';
import { SCHEDULER_SEARCHES } from './museum-searches-scheduler.ts';

const lostWakeup = setting(
  {
    quirks: ['scheduler-loses-wakeups'],
    scheduler: { cycleCost: '1s' },
    invariants: ['pods-placed'],
    withinSeconds: 120,
    quietSeconds: 60,
  },
  { quirks: [] },
);

const expiredExpectations = setting(
  { invariants: ['replicas-within-surge'] },
  { controllers: { replicaset: { staleControllerMitigation: true } } },
);

const outlivedExpectations = setting(
  { quirks: ['replicaset-expectations-outlive-owner'], invariants: ['workloads-ready'], withinSeconds: 120, quietSeconds: 60 },
  { quirks: [] },
);

const crashWhileMarking = setting(
  { invariants: ['ready-pods-on-ready-nodes'] },
  { controllers: { 'node-lifecycle': { levelTriggered: true } } },
);

const massNotReady = setting(
  { invariants: ['healthy-pods-stay-ready'] },
  { controllers: { 'node-lifecycle': { monitorGracePeriod: '10m' } } },
);

const byName = setting({ invariants: ['taint-eviction-in-time'] }, { controllers: { 'taint-eviction': { byUid: true } } });

const givenUp = setting(
  { invariants: ['taint-eviction-in-time'] },
  { controllers: { 'taint-eviction': { deleteTries: 1000, deletePause: '500ms' } } },
);

const pingPong: Partial<StormSetting> = { invariants: ['no-pod-churn'] };

const coordinates = setting({ quirks: ['gc-absent-owner-by-uid'], invariants: ['gc-spares-owned'] }, { quirks: [] });

const twice: Partial<StormSetting> = { kubernetesVersion: 'v1.32', invariants: ['no-double-preemption'] };
const stuck: Partial<StormSetting> = { invariants: ['nominations-end'] };

const forgotten = setting(
  { scheduler: { cycleCost: '1s' }, invariants: ['pods-placed'], withinSeconds: 120, quietSeconds: 60 },
  { kubernetesVersion: 'v1.32' },
);

const collision = setting({ quirks: ['deployment-weak-template-hash'], invariants: ['workloads-ready'] }, { quirks: [] });

/** Tolerates the taint that storms give to nodes for some time. */
const patientPods = fc.integer({ min: 5, max: 20 }).map((tolerationSeconds) => {
  const tolerations = [{ key: 'maintenance', operator: 'Exists', effect: 'NoExecute', tolerationSeconds }];
  return ['db-0', 'db-1'].map((name) => podOf(name, { tolerations }));
});

/** A Shop, and pods that name it as their owner, each under one of two kinds. */
const shopAndPods = fc.array(fc.constantFrom('Shop', 'Store'), { minLength: 1, maxLength: 4 }).map((kinds) => {
  const apiVersion = 'example.com/v1';
  const owner = (kind: string): Manifest => ({ ownerReferences: [{ apiVersion, kind, name: 'corner', uid: '0000-corner' }] });
  return [
    { apiVersion, kind: 'Shop', metadata: { name: 'corner', uid: '0000-corner' }, spec: {} },
    ...kinds.map((kind, index) => podOf(`pod-${index}`, {}, owner(kind))),
  ];
});

/** One important pod and some others, each of which fills a node; they tolerate dead nodes. */
const urgentAndOthers = fc.integer({ min: 1, max: 3 }).map((others) => {
  const spec = {
    tolerations: [{ operator: 'Exists' }],
    containers: [{ name: 'main', image: 'app:1', resources: { requests: { cpu: 3 } } }],
  };
  return [
    { apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', metadata: { name: 'high' }, value: 1000 },
    podOf('urgent', { ...spec, priorityClassName: 'high' }),
    ...Array.from({ length: others }, (_, index) => podOf(`other-${index}`, spec)),
  ];
});

/** Pods that end by themselves after some seconds. */
const fleetingPods = fc.array(fc.integer({ min: 1, max: 8 }), { minLength: 1, maxLength: 2 }).map((seconds) => {
  const containers = [{ name: 'main', image: 'app:1', resources: { requests: { cpu: 3 } } }];
  return [
    { apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', metadata: { name: 'high' }, value: 1000 },
    ...seconds.map((second, index) => {
      const annotations = { 'seatrial.dev/run-duration': `${second}s` };
      return podOf(`brief-${index}`, { containers, restartPolicy: 'Never' }, { annotations });
    }),
  ];
});

/** An important pod that comes in between. */
const urgentLater: fc.Arbitrary<readonly StormAction[]> = fc.integer({ min: 0, max: 15_000 }).map((atMs) => {
  const containers = [{ name: 'main', image: 'app:1', resources: { requests: { cpu: 3 } } }];
  return [{ atMs, does: { apply: podOf('urgent', { containers, priorityClassName: 'high' }) } }];
});

/** One important pod, and others that take their time to end, some of which share a budget. */
const urgentAndBudget = fc.array(fc.constantFrom('shop', 'other', 'other', 'other'), { minLength: 4, maxLength: 6 }).map((apps) => {
  const needing = (cpu: string): Manifest => ({ containers: [{ name: 'main', image: 'app:1', resources: { requests: { cpu } } }] });
  const annotations = { 'seatrial.dev/stop-duration': '60s' };
  return [
    { apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', metadata: { name: 'high' }, value: 1000 },
    podOf('urgent', { ...needing('3'), priorityClassName: 'high' }),
    ...apps.map((app, index) => {
      return podOf(`${app}-${index}`, { ...needing('1500m'), terminationGracePeriodSeconds: 90 }, { labels: { app }, annotations });
    }),
    {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name: 'shop' },
      spec: { maxUnavailable: 1, selector: { matchLabels: { app: 'shop' } } },
    },
  ];
});

/** A pod is deleted by force and comes back under its name on another node, once the first node has been tainted for good. */
const movesAway: fc.Arbitrary<readonly StormAction[]> = fc
  .record({
    taintMs: fc.integer({ min: 5000, max: 15_000 }),
    deleteMs: fc.integer({ min: 5000, max: 25_000 }),
    forMs: fc.integer({ min: 1, max: 1000 }),
  })
  .map(({ taintMs, deleteMs, forMs }) => [
    {
      atMs: taintMs,
      does: {
        apply: {
          apiVersion: 'v1',
          kind: 'Node',
          metadata: { name: 'a-1-1' },
          spec: { taints: [{ key: 'maintenance', effect: 'NoExecute' }] },
        },
      },
    },
    { atMs: deleteMs, does: { delete: 'pod/db-0', gracePeriod: '0s' } },
    { atMs: deleteMs + forMs, does: { apply: patientPodOn('a-1-2') } },
  ]);

function patientPodOn(node: string): Manifest {
  return podOf('db-0', {
    nodeSelector: { 'kubernetes.io/hostname': node },
    tolerations: [{ key: 'maintenance', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 20 }],
  });
}

/** A StatefulSet of two pods; of a broken template its pods never become ready. */
function statefulSetOf(podManagementPolicy: string, image: string, isBroken: boolean): Manifest {
  const annotations = isBroken ? { 'seatrial.dev/unready-after': '0s' } : {};
  const probe = isBroken ? { readinessProbe: { httpGet: { port: 80 } } } : {};
  const containers = [{ name: 'main', image, resources: { requests: { cpu: '500m' } }, ...probe }];
  const template = { metadata: { labels: { app: 'db' }, annotations }, spec: { containers } };
  const selector = { matchLabels: { app: 'db' } };
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: 'db' },
    spec: { replicas: 2, serviceName: 'db', podManagementPolicy, selector, template },
  };
}

function brokenRelease(policy: string): Pick<StormOptions, 'objects' | 'moreActions'> {
  const times = fc.record({ brokenMs: fc.integer({ min: 0, max: 60_000 }), forMs: fc.integer({ min: 1, max: 120_000 }) });
  return {
    objects: fc.constant([statefulSetOf(policy, 'db:1', false)]),
    moreActions: times.map(({ brokenMs, forMs }) => [
      { atMs: brokenMs, does: { apply: statefulSetOf(policy, 'db:2', true) } },
      { atMs: brokenMs + forMs, does: { apply: statefulSetOf(policy, 'db:3', false) } },
    ]),
  };
}

const duplicates = setting({ quirks: ['statefulset-duplicate-revisions'], invariants: ['history-limits'] }, { quirks: [] });

const CONTROLLER_SEARCHES: readonly Search[] = [
  {
    file: 's-09-lost-wakeup',
    invariant: 'convergence',
    storms: {
      ...SMALL,
      maxNodes: 1,
      maxFaults: 0,
      maxWorkloads: 0,
      objects: largePods,
      actions: ['delete'],
      stormMs: 5000,
      setting: lostWakeup.setting,
    },
    cases: 15,
    cure: lostWakeup.cure,
    parts: { objects: 2, actions: 2, faults: 0 },
  },
  {
    file: 's-10a-expired-expectations',
    invariant: 'replicas-within-surge',
    storms: {
      ...SMALL,
      workloadKinds: ['ReplicaSet'],
      maxWorkloads: 2,
      actions: ['scale'],
      maxActions: 8,
      menu: [manager('watch-lag', { kind: fc.constantFrom('Pod', 'ReplicaSet'), stall: fc.constant(true) }, { longestMs: 900_000 })],
      stormMs: 900_000,
      setting: expiredExpectations.setting,
    },
    cases: 25,
    cure: expiredExpectations.cure,
    parts: { objects: 1, actions: 3, faults: 2 },
  },
  {
    file: 's-10b-outlived-expectations',
    invariant: 'convergence',
    storms: {
      ...SMALL,
      workloadKinds: ['ReplicaSet'],
      shape: { priority: 0 },
      actions: ['replace'],
      maxActions: 6,
      maxWorkloads: 1,
      maxFaults: 8,
      menu: [
        manager('watch-drop', { kind: fc.constant('ReplicaSet') }, { longestMs: 4000 }),
        manager('watch-lag', { kind: fc.constant('Pod'), lag: ms(2000, 5000) }, { longestMs: 10_000, weight: 2 }),
      ],
      stormMs: 5000,
      setting: outlivedExpectations.setting,
    },
    cases: 20,
    cure: outlivedExpectations.cure,
    parts: { objects: 1, actions: 4, faults: 3 },
  },
  {
    file: 's-10c-restart-behind-own-writes',
    invariant: 'replicas-within-surge',
    storms: {
      ...SMALL,
      workloadKinds: ['Job', 'ReplicaSet'],
      menu: [may('stale-api-server', 'api-server', fc.record({ kind: fc.constantFrom('', 'Pod', 'Job') })), manager('component-crash')],
      stormMs: 60_000,
      setting: { invariants: ['replicas-within-surge'] },
    },
    cases: 20,
    // Nothing of one process helps; without restarts there is nothing to find.
    cure: { menu: [may('stale-api-server', 'api-server', fc.record({ kind: fc.constantFrom('', 'Pod', 'Job') }))] },
    parts: { objects: 1, actions: 2, faults: 2 },
  },
  {
    file: 's-10d-duplicate-revisions',
    invariant: 'convergence',
    storms: {
      ...SMALL,
      workloadKinds: ['StatefulSet'],
      menu: [manager('watch-lag', { kind: fc.constantFrom('ControllerRevision', 'StatefulSet', 'Pod'), lag: ms(100, 5000) })],
      stormMs: 60_000,
      setting: duplicates.setting,
    },
    cases: 20,
    cure: duplicates.cure,
    parts: { objects: 1, actions: 2, faults: 1 },
  },
  {
    file: 's-12-crash-while-marking-pods',
    invariant: 'ready-pods-on-ready-nodes',
    storms: {
      ...SMALL,
      workloadKinds: ['ReplicaSet', 'Deployment'],
      shape: { tolerationSeconds: undefined },
      maxActions: 0,
      menu: [
        may('node-crash', 'node', fc.constant({}), { longestMs: 900_000 }),
        manager(
          'crash-at-write',
          { nth: fc.integer({ min: 2, max: 4 }), verb: fc.constant('update'), client: fc.constant('node-lifecycle') },
          { longestMs: 900_000 },
        ),
      ],
      stormMs: 60_000,
      setting: crashWhileMarking.setting,
    },
    cases: 20,
    cure: crashWhileMarking.cure,
    parts: { objects: 1, actions: 0, faults: 2 },
  },
  {
    file: 's-13-mass-not-ready',
    invariant: 'healthy-pods-stay-ready',
    storms: { ...SMALL, menu: [may('partition', 'link')], setting: massNotReady.setting },
    cases: 10,
    cure: massNotReady.cure,
    parts: { objects: 1, actions: 0, faults: 1 },
  },
  {
    file: 's-13a-stuck-lease-watch',
    invariant: 'healthy-pods-stay-ready',
    storms: {
      ...SMALL,
      menu: [manager('watch-lag', { kind: fc.constantFrom('Lease', 'Node', 'Pod', ''), stall: fc.constant(true) })],
      setting: massNotReady.setting,
    },
    cases: 10,
    cure: massNotReady.cure,
    parts: { objects: 1, actions: 0, faults: 1 },
  },
  {
    file: 's-13b-two-of-three-zones',
    invariant: 'healthy-pods-not-evicted',
    storms: {
      maxNodes: 6,
      maxZones: 3,
      maxControlPlane: 1,
      maxActions: 0,
      workloadKinds: ['Deployment', 'ReplicaSet'],
      shape: { tolerationSeconds: undefined, placement: 'anywhere' },
      menu: [may('partition', 'link', fc.constant({}), { longestMs: 900_000 })],
      setting: { invariants: ['healthy-pods-not-evicted'] },
    },
    cases: 12,
    // When no zone is heard of nobody is evicted.
    cure: { menu: [may('partition', 'link', fc.constant({ between: ['region/region-1', 'control-plane'] }), { longestMs: 900_000 })] },
    parts: { objects: 2, actions: 0, faults: 1 },
  },
  {
    file: 's-14a-never-evicted',
    invariant: 'taint-eviction-in-time',
    storms: {
      ...SMALL,
      maxWorkloads: 0,
      objects: patientPods,
      actions: ['taint', 'taint', 'replace'],
      maxActions: 8,
      maxFaults: 4,
      menu: [manager('watch-drop', { kind: fc.constant('Pod') }, { longestMs: 12_000 })],
      stormMs: 30_000,
      setting: byName.setting,
    },
    cases: 15,
    cure: byName.cure,
    parts: { objects: 1, actions: 4, faults: 1 },
  },
  {
    file: 's-14b-wrong-pod-evicted',
    invariant: 'taint-eviction-in-time',
    storms: {
      ...SMALL,
      maxWorkloads: 0,
      maxActions: 0,
      objects: fc.constant([patientPodOn('a-1-1')]),
      moreActions: movesAway,
      menu: [manager('watch-drop', { kind: fc.constant('Pod') }, { longestMs: 12_000 })],
      stormMs: 30_000,
      setting: byName.setting,
    },
    cases: 20,
    cure: byName.cure,
    parts: { objects: 1, actions: 3, faults: 1 },
  },
  {
    file: 's-14c-eviction-given-up',
    invariant: 'taint-eviction-in-time',
    storms: {
      ...SMALL,
      actions: ['taint'],
      menu: [
        manager('request-refusal', { client: fc.constantFrom('taint-eviction', 'replicaset', 'node-lifecycle') }, { longestMs: 10_000 }),
      ],
      setting: givenUp.setting,
    },
    cases: 45,
    cure: givenUp.cure,
    parts: { objects: 1, actions: 1, faults: 1 },
  },
  {
    file: 's-14d-ping-pong',
    invariant: 'no-pod-churn',
    storms: {
      ...SMALL,
      maxNodes: 3,
      workloadKinds: ['ReplicaSet', 'StatefulSet'],
      shape: { tolerationSeconds: 0, placement: 'apart', isParallel: true },
      menu: [may('kubelet-freeze', 'node'), may('partition', 'link')],
      setting: pingPong,
    },
    cases: 15,
    cure: { shape: { tolerationSeconds: undefined, placement: 'apart', isParallel: true } },
    parts: { objects: 1, actions: 0, faults: 1 },
  },
  {
    file: 's-18-wrong-coordinates',
    invariant: 'gc-spares-owned',
    storms: {
      ...SMALL,
      maxWorkloads: 0,
      maxActions: 0,
      objects: shopAndPods,
      menu: [manager('component-crash')],
      setting: coordinates.setting,
    },
    cases: 15,
    cure: coordinates.cure,
    parts: { objects: 3, actions: 0, faults: 0 },
  },
  {
    file: 's-19a-preempts-twice',
    invariant: 'no-double-preemption',
    storms: {
      ...SMALL,
      maxWorkloads: 0,
      objects: urgentAndBudget,
      actions: ['recreate', 'replace'],
      menu: [
        may(
          'crash-at-write',
          'component',
          fc.record({ target: fc.constant('component/kube-scheduler'), verb: fc.constant('delete'), nth: fc.integer({ min: 1, max: 2 }) }),
          {
            longestMs: 300_000,
          },
        ),
      ],
      stormMs: 60_000,
      setting: twice,
    },
    cases: 45,
    cure: { maxFaults: 0 },
    parts: { objects: 6, actions: 3, faults: 2 },
  },
  {
    file: 's-19c-forgotten-preemptor',
    invariant: 'convergence',
    storms: {
      ...SMALL,
      maxNodes: 1,
      maxWorkloads: 0,
      maxFaults: 0,
      maxActions: 0,
      objects: fleetingPods,
      moreActions: urgentLater,
      stormMs: 15_000,
      setting: forgotten.setting,
    },
    cases: 10,
    cure: forgotten.cure,
    parts: { objects: 3, actions: 1, faults: 0 },
  },
  {
    file: 's-19b-dead-victim',
    invariant: 'nominations-end',
    storms: {
      ...SMALL,
      maxWorkloads: 0,
      objects: urgentAndOthers,
      actions: ['replace'],
      menu: [may('kubelet-crash', 'node', fc.constant({}), { longestMs: 1_200_000 })],
      setting: stuck,
    },
    cases: 15,
    cure: { maxFaults: 0 },
    parts: { objects: 4, actions: 3, faults: 2 },
  },
  {
    file: 's-20a-hash-collision',
    invariant: 'convergence',
    storms: {
      ...SMALL,
      workloadKinds: ['Deployment'],
      actions: ['image'],
      versions: ['0.1.0', '0.2.0', '1.0.1'],
      maxFaults: 0,
      setting: collision.setting,
    },
    cases: 15,
    cure: collision.cure,
    parts: { objects: 1, actions: 2, faults: 0 },
  },
  {
    file: 's-20b-broken-revision',
    invariant: 'convergence',
    storms: {
      ...SMALL,
      maxWorkloads: 0,
      maxActions: 0,
      maxFaults: 0,
      ...brokenRelease('OrderedReady'),
      setting: { invariants: ['workloads-ready'] },
    },
    cases: 5,
    cure: brokenRelease('Parallel'),
    parts: { objects: 1, actions: 2, faults: 0 },
  },
];

export const SEARCHES: readonly Search[] = [...SCHEDULER_SEARCHES, ...CONTROLLER_SEARCHES];
