/**
 * expireEvents: removes Event objects an hour after their last write.
 *
 * Models    kubernetes v1.34 kube-apiserver --event-ttl 1h (an etcd lease)
 * Differs   looked at once a minute
 */
import type { Scope } from '../engine/process.ts';
import { HOUR_US, MINUTE_US } from '../engine/units.ts';
import { keyOf } from '../objects/meta.ts';
import type { Store } from './store.ts';

export const EVENT_TTL_US = HOUR_US;

/** Starts the sweep; it lives as long as `scope`. */
export function expireEvents(store: Store, scope: Scope, ttlUs: number = EVENT_TTL_US): void {
  scope.every('apiserver.event-ttl', MINUTE_US, () => {
    const oldestUs = store.engine.nowUs - ttlUs;
    for (const event of store.list('Event')) if (event.lastTimestamp <= oldestUs) store.delete('Event', keyOf(event));
  });
}
