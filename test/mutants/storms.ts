/**
 * The storms mutants have to survive: the default ones, and others that lean on one part of the control plane each. Short
 * storms bring actions and faults close together.
 */
import * as fc from 'fast-check';
import type { ActionKind, StormOptions } from '../../src/testing/arbitraries.ts';
import { type MenuEntry, STORM_MENU, writeFaults } from '../../src/testing/menu.ts';
import type { Manifest } from '../../src/testing/storm.ts';

export interface StormProfile {
  readonly name: string;
  readonly options: StormOptions;
}

const MINUTE_MS = 60_000;

const only = (...faults: readonly string[]) => STORM_MENU.filter(({ fault }) => faults.includes(fault));
/** As `only`, aimed at processes of the control plane, or at kubelets. */
const onProcesses = (...faults: readonly string[]) => only(...faults).filter(({ aim }) => aim === 'component');
const onKubelets = (...faults: readonly string[]) => only(...faults).filter(({ aim }) => aim === 'node');
const REQUESTS = onProcesses('request-refusal', 'lost-reply', 'lost-request', 'slow-requests');
const WATCHES = only('watch-lag', 'watch-drop', 'reconnect', 'watch-compaction', 'api-server-restart', 'stale-api-server').filter(
  ({ aim }) => aim !== 'node',
);
/** Processes and kubelets that hear late of pods, and in the end see many changes as one. */
const podKind = fc.constantFrom('', 'Pod');
const relists = (aim: 'component' | 'node'): MenuEntry => {
  return { fault: 'watch-drop', aim, weight: 2, lasts: true, params: fc.record({ kind: podKind, relist: fc.constant(true) }) };
};
const lateProcesses: MenuEntry = {
  fault: 'watch-lag',
  aim: 'component',
  weight: 2,
  lasts: true,
  params: fc.record({ kind: podKind, lag: fc.integer({ min: 100, max: 20_000 }).map((value) => `${value}ms`) }),
};
const CRASHES = only('component-crash', 'crash-at-write', 'crash-at-yield', 'component-freeze');
const NODES = [
  ...only('node-crash', 'node-reboot', 'rack-outage', 'kubelet-crash', 'kubelet-freeze', 'partition', 'slow-cleanup'),
  ...onKubelets('request-refusal', 'lost-request', 'watch-lag'),
];

/** Less than the 5 min after which schedulers and controllers look again by themselves: whoever needs that has slept. */
const SOON: StormOptions = { setting: { withinSeconds: 270 }, workloadKinds: ['Deployment', 'ReplicaSet'] };
/** No cordons: when a node's taints are refused, they are looked at again only after 5 min. */
const TO_WORKLOADS: readonly ActionKind[] = ['scale', 'image', 'restart', 'delete', 'recreate', 'delete-pod'];
/** Who writes for these; the scheduler has no clients by name. */
const OF_WORKLOADS: readonly string[] = ['replicaset', 'deployment', 'job', 'garbage-collector', 'disruption', ''];
const refusalsAlone = (clients: readonly string[]) => writeFaults(clients).filter(({ fault }) => fault === 'request-refusal');

export const PROFILES: readonly StormProfile[] = [
  { name: 'any', options: {} },
  {
    name: 'updates',
    options: {
      ...SOON,
      workloadKinds: ['Deployment'],
      maxActions: 8,
      maxNodes: 6,
      stormMs: MINUTE_MS,
      menu: [...CRASHES, ...WATCHES, ...REQUESTS],
    },
  },
  {
    name: 'jobs',
    options: {
      workloadKinds: ['Job'],
      maxNodes: 2,
      maxZones: 1,
      maxReplicas: 8,
      stormMs: MINUTE_MS,
      menu: [...REQUESTS, ...CRASHES, ...WATCHES],
    },
  },
  {
    name: 'sets',
    options: { workloadKinds: ['StatefulSet', 'ReplicaSet'], maxNodes: 6, maxActions: 8, stormMs: MINUTE_MS },
  },
  {
    name: 'crowded',
    options: { ...SOON, maxNodes: 3, maxWorkloads: 6, maxReplicas: 9, maxActions: 8, stormMs: MINUTE_MS, menu: [...CRASHES, ...WATCHES] },
  },
  {
    name: 'nodes',
    options: {
      // Less than the 5 min after which nodes report again by themselves. Jobs may wait longer than that after failures.
      setting: { withinSeconds: 170 },
      workloadKinds: ['Deployment', 'StatefulSet', 'ReplicaSet'],
      maxNodes: 5,
      maxFaults: 8,
      stormMs: 2 * MINUTE_MS,
      menu: NODES,
      actions: ['taint', 'drain', 'cordon', 'scale', 'recreate'],
    },
  },
  {
    name: 'watches',
    options: {
      maxNodes: 4,
      maxActions: 8,
      maxFaults: 12,
      stormMs: MINUTE_MS / 2,
      menu: [...onProcesses('watch-drop', 'reconnect'), ...only('watch-compaction')],
    },
  },
  {
    name: 'requests',
    options: {
      ...SOON,
      actions: TO_WORKLOADS,
      maxNodes: 4,
      maxActions: 8,
      maxFaults: 8,
      stormMs: MINUTE_MS,
      menu: [...REQUESTS, ...writeFaults()],
    },
  },
  {
    name: 'namesakes',
    options: {
      maxNodes: 2,
      maxZones: 2,
      maxWorkloads: 1,
      workloadKinds: ['StatefulSet', 'Deployment'],
      maxActions: 10,
      stormMs: MINUTE_MS / 2,
      objects: fc.constant(['a', 'b', 'c'].map(lonePod)),
      actions: ['replace', 'recreate', 'delete-pod'],
      // A collector that remembers one absent owner has to look for the others.
      setting: { controllers: { 'garbage-collector': { absentOwnerCacheSize: 1 } } },
      maxFaults: 12,
      menu: [
        ...only('partition', 'kubelet-freeze', 'kubelet-crash', 'slow-cleanup', 'watch-compaction'),
        ...onKubelets('watch-lag', 'slow-requests'),
        relists('node'),
        relists('component'),
      ],
    },
  },
  {
    name: 'elections',
    options: {
      maxNodes: 4,
      minControlPlane: 2,
      maxActions: 8,
      maxFaults: 8,
      stormMs: 4 * MINUTE_MS,
      menu: [...CRASHES, ...only('stale-api-server', 'slow-requests', 'lost-reply', 'watch-lag')],
    },
  },
  {
    name: 'refusals',
    options: {
      ...SOON,
      workloadKinds: ['Deployment', 'ReplicaSet', 'Job'],
      actions: TO_WORKLOADS,
      maxNodes: 3,
      maxActions: 10,
      maxFaults: 12,
      stormMs: MINUTE_MS / 2,
      menu: [...onProcesses('request-refusal'), ...only('api-server-restart'), ...refusalsAlone(OF_WORKLOADS)],
    },
  },
  {
    name: 'job-requests',
    options: {
      workloadKinds: ['Job'],
      // Pods that end all the time, so that there is always one to be counted.
      shape: { workSeconds: 5 },
      maxNodes: 2,
      maxZones: 1,
      maxWorkloads: 2,
      maxFaults: 12,
      stormMs: MINUTE_MS / 2,
      menu: [...refusalsAlone(['job']), ...onProcesses('lost-reply', 'crash-at-write'), lateProcesses],
    },
  },
  // A scheduler that takes its time: the cluster changes while it decides.
  {
    name: 'slow-decisions',
    options: {
      setting: { withinSeconds: 150, scheduler: { cycleCost: '1s' } },
      workloadKinds: ['Deployment', 'ReplicaSet'],
      // What it says of neighbours and spreading may be out of date by then.
      shape: { placement: 'anywhere' },
      maxNodes: 2,
      maxWorkloads: 4,
      maxReplicas: 6,
      maxActions: 10,
      maxFaults: 2,
      stormMs: MINUTE_MS / 2,
      menu: WATCHES,
    },
  },
  // So many small pods that a node runs out of places before it runs out of anything else.
  {
    name: 'packed',
    options: { ...SOON, maxNodes: 1, maxZones: 1, maxWorkloads: 2, maxReplicas: 40, maxFaults: 3, stormMs: MINUTE_MS / 2, menu: CRASHES },
  },
];

/** A pod that users delete by force and make again under its name. */
function lonePod(name: string): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default', labels: { app: name } },
    spec: { containers: [{ name: 'main', image: `${name}:1`, resources: { requests: { cpu: '2', memory: '64Mi' } } }] },
  };
}

/** Case `index` of a round through the profiles. */
export function placeOf(index: number): { readonly profile: number; readonly number: number } {
  return { profile: index % PROFILES.length, number: Math.floor(index / PROFILES.length) };
}
