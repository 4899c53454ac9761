/**
 * The storms mutants have to survive: the default ones, and others that lean on one part of the control plane each. Short
 * storms bring actions and faults close together.
 */
import * as fc from 'fast-check';
import type { StormOptions } from '../../src/testing/arbitraries.ts';
import { STORM_MENU } from '../../src/testing/menu.ts';
import type { Manifest } from '../../src/testing/storm.ts';

export interface StormProfile {
  readonly name: string;
  readonly options: StormOptions;
}

const MINUTE_MS = 60_000;

const only = (...faults: readonly string[]) => STORM_MENU.filter(({ fault }) => faults.includes(fault));
const REQUESTS = only('request-refusal', 'lost-reply', 'lost-request', 'slow-requests');
const WATCHES = only('watch-lag', 'watch-drop', 'reconnect', 'watch-compaction', 'api-server-restart', 'stale-api-server');
const CRASHES = only('component-crash', 'crash-at-write', 'crash-at-yield', 'component-freeze');
const NODES = only('node-crash', 'node-reboot', 'rack-outage', 'kubelet-crash', 'kubelet-freeze', 'partition', 'slow-cleanup');

/** Less than the 5 min after which schedulers and controllers look again by themselves: whoever needs that has slept. */
const SOON: StormOptions = { setting: { withinSeconds: 270 }, workloadKinds: ['Deployment', 'ReplicaSet'] };

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
    options: { maxNodes: 5, maxFaults: 8, stormMs: 2 * MINUTE_MS, menu: NODES, actions: ['taint', 'drain', 'cordon', 'scale', 'recreate'] },
  },
  {
    name: 'watches',
    options: {
      maxNodes: 4,
      maxActions: 8,
      maxFaults: 12,
      stormMs: MINUTE_MS / 2,
      menu: only('watch-drop', 'reconnect', 'watch-compaction'),
    },
  },
  { name: 'requests', options: { ...SOON, maxNodes: 4, maxActions: 8, maxFaults: 8, stormMs: MINUTE_MS, menu: REQUESTS } },
  {
    name: 'namesakes',
    options: {
      maxNodes: 3,
      maxWorkloads: 1,
      workloadKinds: ['StatefulSet', 'Deployment'],
      maxActions: 8,
      stormMs: MINUTE_MS / 2,
      objects: fc.constant(['a', 'b', 'c'].map(lonePod)),
      actions: ['replace', 'recreate', 'delete-pod'],
      maxFaults: 8,
      menu: only('partition', 'kubelet-freeze', 'kubelet-crash', 'slow-cleanup', 'watch-lag', 'watch-compaction'),
    },
  },
  {
    name: 'elections',
    options: {
      maxNodes: 4,
      minControlPlane: 2,
      maxActions: 6,
      maxFaults: 8,
      stormMs: MINUTE_MS,
      menu: [...CRASHES, ...only('stale-api-server', 'slow-requests', 'lost-reply', 'watch-lag')],
    },
  },
  {
    name: 'refusals',
    options: {
      ...SOON,
      maxNodes: 3,
      maxActions: 10,
      maxFaults: 12,
      stormMs: MINUTE_MS / 2,
      menu: only('request-refusal', 'api-server-restart'),
    },
  },
  {
    name: 'job-requests',
    options: {
      workloadKinds: ['Job'],
      maxNodes: 3,
      maxFaults: 12,
      stormMs: MINUTE_MS / 2,
      menu: [...REQUESTS, ...only('watch-lag', 'crash-at-write')],
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
    spec: { containers: [{ name: 'main', image: `${name}:1`, resources: { requests: { cpu: '500m', memory: '64Mi' } } }] },
  };
}

/** Case `index` of a round through the profiles. */
export function placeOf(index: number): { readonly profile: number; readonly number: number } {
  return { profile: index % PROFILES.length, number: Math.floor(index / PROFILES.length) };
}
