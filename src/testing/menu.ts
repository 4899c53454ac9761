/**
 * StormMenu: what may break in a storm, and how hard: for each kind of fault its weight, its targets and its parameters.
 *
 * A new kind of fault joins storms by one line here. Faults that no real client can meet any more (lost events) stay out.
 *
 * Source    the capabilities C1-C12 of docs/fidelity.md: Sieve (OSDI'22) for stale, unobserved and intermediate states
 */
import * as fc from 'fast-check';

/** What a fault is aimed at; resolved against the cluster of the storm. */
export type Aim =
  | 'node'
  | 'rack'
  | 'zone'
  /** A process of the control plane. */
  | 'component'
  | 'api-server'
  /** Between a node, rack or zone and the control plane. */
  | 'link'
  /** The cluster as such. */
  | 'cluster';

export interface MenuEntry {
  readonly fault: string;
  readonly aim: Aim;
  readonly weight: number;
  /** False: it happens in an instant and has no duration. */
  readonly lasts: boolean;
  /** Longest duration, in ms. */
  readonly longestMs?: number;
  /** Parameters as scenarios write them. */
  readonly params: fc.Arbitrary<Readonly<Record<string, unknown>>>;
}

const NO_PARAMS = fc.constant({});
const ms = (min: number, max: number) => fc.integer({ min, max }).map((value) => `${value}ms`);
const anyKind = fc.constantFrom('', 'Pod', 'Node', 'ReplicaSet', 'Deployment', 'StatefulSet', 'Job', 'PodDisruptionBudget');
const writeVerb = fc.constantFrom('', 'create', 'update', 'patch', 'delete', 'bind');
const crash = { nth: fc.integer({ min: 1, max: 12 }), restartAfter: ms(100, 30_000) };
/** Which requests, and how many of them. */
const requests = { verb: writeVerb, skip: fc.nat(6), count: fc.integer({ min: 1, max: 8 }) };
const refusalCode = fc.constantFrom(409, 429, 500, 503, 504);

const MANAGER = 'component/kube-controller-manager';
const SCHEDULER = 'component/kube-scheduler';

/**
 * Writes on which somebody has to come back when they fail: who writes what. A storm of refusals spread over all requests hardly
 * ever meets one of them twice in a row; a fault aimed at one walks its way of trying again.
 */
const WRITE_PATHS: readonly (readonly [target: string, client: string, verb: string, kind: string])[] = [
  [MANAGER, 'replicaset', 'create', 'Pod'],
  [MANAGER, 'replicaset', 'delete', 'Pod'],
  [MANAGER, 'replicaset', 'update', 'ReplicaSet'],
  [MANAGER, 'deployment', 'create', 'ReplicaSet'],
  [MANAGER, 'deployment', 'update', 'ReplicaSet'],
  [MANAGER, 'deployment', 'update', 'Deployment'],
  [MANAGER, 'statefulset', 'create', 'Pod'],
  [MANAGER, 'statefulset', 'delete', 'Pod'],
  [MANAGER, 'statefulset', 'update', 'StatefulSet'],
  [MANAGER, 'job', 'create', 'Pod'],
  [MANAGER, 'job', 'delete', 'Pod'],
  [MANAGER, 'job', 'patch', 'Pod'],
  [MANAGER, 'job', 'update', 'Job'],
  [MANAGER, 'garbage-collector', 'delete', ''],
  [MANAGER, 'disruption', 'update', 'PodDisruptionBudget'],
  [MANAGER, 'node-lifecycle', 'patch', 'Node'],
  [MANAGER, 'node-lifecycle', 'update', 'Node'],
  [MANAGER, 'node-lifecycle', 'update', 'Pod'],
  [MANAGER, 'taint-eviction', 'delete', 'Pod'],
  [SCHEDULER, '', 'bind', 'Pod'],
  [SCHEDULER, '', 'patch', 'Pod'],
  [SCHEDULER, '', 'delete', 'Pod'],
];

/** Faults that strike some requests on one of these ways, one after another; replicas of a process alike. `clients`: only these. */
export function writeFaults(clients?: readonly string[]): readonly MenuEntry[] {
  const paths = WRITE_PATHS.filter(([, client]) => clients === undefined || clients.includes(client));
  const entry = (fault: string, weight: number, more: Readonly<Record<string, fc.Arbitrary<unknown>>> = {}): MenuEntry => {
    const path = fc.constantFrom(...paths).map(([target, client, verb, kind]) => ({ target, client, verb, kind }));
    const counts = fc.record({ skip: fc.nat(3), count: fc.integer({ min: 1, max: 8 }), ...more });
    const params = fc.record({ path, counts }).map((drawn) => ({ ...drawn.path, ...drawn.counts }));
    return { fault, aim: 'cluster', weight, lasts: true, params };
  };
  return [
    entry('request-refusal', 3, { code: refusalCode }),
    entry('lost-reply', 2),
    entry('lost-request', 1),
    entry('slow-requests', 2, { delay: ms(10, 20_000) }),
  ];
}

/** Requests of a kubelet: of its pods, or of its node. */
const kubeletRequests = {
  verb: fc.constantFrom('', 'patch', 'delete'),
  kind: fc.constantFrom('', 'Pod', 'Node'),
  skip: fc.nat(3),
  count: fc.integer({ min: 1, max: 8 }),
};
const kubeletKind = fc.constantFrom('', 'Pod', 'Node');

/** In the order lists show them; storms draw a subset of it first. */
export const STORM_MENU: readonly MenuEntry[] = [
  { fault: 'node-crash', aim: 'node', weight: 3, lasts: true, params: NO_PARAMS },
  { fault: 'node-reboot', aim: 'node', weight: 2, lasts: false, params: NO_PARAMS },
  { fault: 'rack-outage', aim: 'rack', weight: 1, lasts: true, params: NO_PARAMS },
  { fault: 'kubelet-crash', aim: 'node', weight: 3, lasts: true, params: NO_PARAMS },
  { fault: 'kubelet-freeze', aim: 'node', weight: 2, lasts: true, params: NO_PARAMS },
  { fault: 'disk-slowdown', aim: 'node', weight: 1, lasts: true, params: fc.record({ factor: fc.integer({ min: 2, max: 20 }) }) },
  { fault: 'image-registry-outage', aim: 'cluster', weight: 1, lasts: true, params: NO_PARAMS },
  { fault: 'partition', aim: 'link', weight: 3, lasts: true, params: fc.record({ direction: fc.constantFrom('both', 'to', 'from') }) },
  { fault: 'component-crash', aim: 'component', weight: 4, lasts: true, longestMs: 30_000, params: NO_PARAMS },
  { fault: 'component-freeze', aim: 'component', weight: 3, lasts: true, longestMs: 60_000, params: NO_PARAMS },
  {
    fault: 'watch-lag',
    aim: 'component',
    weight: 4,
    lasts: true,
    params: fc.record({ kind: anyKind, lag: ms(10, 20_000), stall: fc.boolean() }),
  },
  { fault: 'api-server-restart', aim: 'api-server', weight: 2, lasts: true, longestMs: 20_000, params: NO_PARAMS },
  { fault: 'stale-api-server', aim: 'api-server', weight: 2, lasts: true, params: fc.record({ kind: anyKind }) },
  {
    fault: 'crash-at-write',
    aim: 'component',
    weight: 4,
    lasts: true,
    params: fc.record({ ...crash, when: fc.constantFrom('before', 'after'), verb: writeVerb }),
  },
  { fault: 'crash-at-yield', aim: 'component', weight: 4, lasts: true, params: fc.record(crash) },
  {
    fault: 'watch-drop',
    aim: 'component',
    weight: 3,
    lasts: true,
    params: fc.record({ kind: anyKind, relist: fc.boolean() }),
  },
  {
    fault: 'reconnect',
    aim: 'component',
    weight: 2,
    lasts: true,
    params: fc.record({ server: fc.constant(0), kind: anyKind }),
  },
  { fault: 'watch-compaction', aim: 'cluster', weight: 1, lasts: false, params: NO_PARAMS },
  {
    fault: 'request-refusal',
    aim: 'component',
    weight: 3,
    lasts: true,
    params: fc.record({ ...requests, code: refusalCode }),
  },
  { fault: 'lost-reply', aim: 'component', weight: 3, lasts: true, params: fc.record(requests) },
  { fault: 'lost-request', aim: 'component', weight: 2, lasts: true, params: fc.record(requests) },
  { fault: 'slow-requests', aim: 'component', weight: 2, lasts: true, params: fc.record({ ...requests, delay: ms(10, 20_000) }) },
  { fault: 'etcd-leader-loss', aim: 'cluster', weight: 1, lasts: true, longestMs: 30_000, params: NO_PARAMS },
  { fault: 'slow-cleanup', aim: 'node', weight: 1, lasts: true, params: fc.record({ factor: fc.integer({ min: 2, max: 20 }) }) },
  // Kubelets are clients like all others.
  {
    fault: 'watch-lag',
    aim: 'node',
    weight: 2,
    lasts: true,
    params: fc.record({ kind: kubeletKind, lag: ms(10, 20_000), stall: fc.boolean() }),
  },
  { fault: 'watch-drop', aim: 'node', weight: 2, lasts: true, params: fc.record({ kind: kubeletKind, relist: fc.boolean() }) },
  { fault: 'request-refusal', aim: 'node', weight: 2, lasts: true, params: fc.record({ ...kubeletRequests, code: refusalCode }) },
  { fault: 'lost-reply', aim: 'node', weight: 1, lasts: true, params: fc.record(kubeletRequests) },
  { fault: 'lost-request', aim: 'node', weight: 1, lasts: true, params: fc.record(kubeletRequests) },
  { fault: 'slow-requests', aim: 'node', weight: 1, lasts: true, params: fc.record({ ...kubeletRequests, delay: ms(10, 20_000) }) },
  // One way of writing at a time.
  ...writeFaults(),
];
