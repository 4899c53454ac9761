/**
 * ServiceModel: how long an API server works on a request, and how many at once.
 *
 * A request takes a seat for its service time; when all seats are taken it queues; after a quarter of
 * the request time-out it is refused with 429 and Retry-After 1.
 *
 * Models    the first-order view of kubernetes v1.34 API Priority and Fairness: one pool of 600 seats
 *           (400 read-only + 200 mutating in flight), queue wait at most 15 s
 * Differs   no priority levels, no shuffle sharding, no borrowing; a list takes one seat, for longer
 * Units     microseconds
 */
import type { Distribution } from '../engine/distributions.ts';
import { MILLISECOND_US, SECOND_US } from '../engine/units.ts';

export interface ServiceProfile {
  /** Quorum and cached GETs, and the fixed part of a LIST. */
  readonly read: Distribution;
  /** Every kind of write, etcd included. */
  readonly write: Distribution;
  /** On top of `read`, for each object of a LIST: encode, send, decode. */
  readonly listPerObjectUs: number;
  /** Requests served at the same time. */
  readonly seats: number;
  readonly queueWaitUsMax: number;
}

/**
 * A healthy server on SSDs.
 * read: median 0.6 ms, p99 1.9 ms. The scalability SLO asks for p99 below 1 s per single-object call; served from the
 *   watch cache, unloaded servers measure about a millisecond.
 * write: median 5 ms, p99 16 ms. etcd's own guidance is a p99 of 10 ms for the WAL fsync and 25 ms for the backend
 *   commit; a write waits for one fsync on a majority.
 * listPerObjectUs: 15 us, so that 150,000 pods take about 2 s, well within the 30 s SLO for cluster-wide lists.
 */
export const DEFAULT_SERVICE: ServiceProfile = {
  read: { kind: 'lognormal', median: 0.6 * MILLISECOND_US, sigma: 0.5 },
  write: { kind: 'lognormal', median: 5 * MILLISECOND_US, sigma: 0.5 },
  listPerObjectUs: 15,
  // --max-requests-inflight 400 + --max-mutating-requests-inflight 200
  seats: 600,
  queueWaitUsMax: 15 * SECOND_US,
};

/** Requests take no time on the server: for studies of scheduling alone. */
export const INSTANT_SERVICE: ServiceProfile = {
  read: { kind: 'constant', value: 0 },
  write: { kind: 'constant', value: 0 },
  listPerObjectUs: 0,
  seats: 600,
  queueWaitUsMax: 15 * SECOND_US,
};

/** The same constant time for every request. */
export function constantService(serviceUs: number, seats = 600): ServiceProfile {
  const time: Distribution = { kind: 'constant', value: serviceUs };
  return { read: time, write: time, listPerObjectUs: 0, seats, queueWaitUsMax: 15 * SECOND_US };
}
