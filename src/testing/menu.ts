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
    params: fc.record({ ...requests, code: fc.constantFrom(409, 429, 500, 503, 504) }),
  },
  { fault: 'lost-reply', aim: 'component', weight: 3, lasts: true, params: fc.record(requests) },
  { fault: 'lost-request', aim: 'component', weight: 2, lasts: true, params: fc.record(requests) },
  { fault: 'slow-requests', aim: 'component', weight: 2, lasts: true, params: fc.record({ ...requests, delay: ms(10, 20_000) }) },
  { fault: 'etcd-leader-loss', aim: 'cluster', weight: 1, lasts: true, longestMs: 30_000, params: NO_PARAMS },
  { fault: 'slow-cleanup', aim: 'node', weight: 1, lasts: true, params: fc.record({ factor: fc.integer({ min: 2, max: 20 }) }) },
];
