/**
 * Searches of the museum: storms in which the kit finds the known failures by itself. Bounds are those of the situation a
 * failure needs, not its script: kinds of workloads, a handful of faults, and what users may do.
 */
import * as fc from 'fast-check';
import type { Manifest, MenuEntry, StormOptions, StormSetting } from '../../src/testing/index.ts';

export interface Search {
  /** File of scenarios/museum that shows the same. */
  readonly file: string;
  /** Name of the invariant that breaks, `convergence` for a cluster that does not settle. */
  readonly invariant: string;
  readonly storms: StormOptions;
  /** It is found within so many cases of seed 1; the cure passes all of them. */
  readonly cases: number;
  /** What switches the mechanism off. */
  readonly cure: Partial<StormOptions>;
  /** What the smallest storm has at most. */
  readonly parts: { readonly objects: number; readonly actions: number; readonly faults: number };
}

const MANAGER = 'component/kube-controller-manager';
const ms = (min: number, max: number) => fc.integer({ min, max }).map((value) => `${value}ms`);

/** A fault of the menu, aimed as it says there, with these parameters. */
function may(
  fault: string,
  aim: MenuEntry['aim'],
  params: MenuEntry['params'] = fc.constant({}),
  more: Partial<MenuEntry> = {},
): MenuEntry {
  return { fault, aim, weight: 1, lasts: true, params, ...more };
}

/** As above, but it strikes the controller manager always. */
function manager(fault: string, params: Readonly<Record<string, fc.Arbitrary<unknown>>> = {}, more: Partial<MenuEntry> = {}): MenuEntry {
  return may(fault, 'component', fc.record({ ...params, target: fc.constant(MANAGER) }), more);
}

const SMALL: StormOptions = { maxNodes: 2, maxZones: 1, maxControlPlane: 1 };

function setting(
  base: Partial<StormSetting>,
  cure: Partial<StormSetting>,
): { setting: Partial<StormSetting>; cure: Partial<StormOptions> } {
  return { setting: base, cure: { setting: { ...base, ...cure } } };
}

function podOf(name: string, spec: Manifest, metadata: Manifest = {}): Manifest {
  const containers = [{ name: 'main', image: 'app:1', resources: { requests: { cpu: '500m' } } }];
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, ...metadata }, spec: { containers, ...spec } };
}

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

const collision = setting({ quirks: ['deployment-weak-template-hash'], invariants: ['workloads-ready'] }, { quirks: [] });

/** Each fills a node. */
const largePods = fc.integer({ min: 2, max: 4 }).map((count) => {
  const containers = [{ name: 'main', image: 'app:1', resources: { requests: { cpu: 3 } } }];
  return Array.from({ length: count }, (_, index) => podOf(`pod-${index}`, { containers }));
});

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

export const SEARCHES: readonly Search[] = [
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
];
