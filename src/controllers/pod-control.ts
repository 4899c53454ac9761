/**
 * PodControl: creates and deletes pods for a controller and tells the owner's event stream about it.
 *
 * Models    kubernetes v1.34 pkg/controller/controller_utils.go RealPodControl, slowStartBatch
 */
import type { Client } from '../client/client.ts';
import type { EventRecorder } from '../client/component-context.ts';
import { all, type Op } from '../engine/process.ts';
import { type ApiStatus, isApiStatus, type Result } from '../objects/api-status.ts';
import type { AnyObject } from '../objects/kinds.ts';
import { keyOf } from '../objects/meta.ts';
import type { Pod } from '../objects/pod.ts';

/** Cause of a refusal because the namespace is going away: no fault of the controller. */
export const CAUSE_NAMESPACE_TERMINATING = 'NamespaceTerminating';

export function isNamespaceTerminating(status: ApiStatus): boolean {
  return status.cause === CAUSE_NAMESPACE_TERMINATING;
}

export class PodControl {
  private readonly client: Client;
  private readonly events: EventRecorder;

  constructor(client: Client, events: EventRecorder) {
    this.client = client;
    this.events = events;
  }

  /** Emits SuccessfulCreate or FailedCreate on `owner`. */
  *create(pod: Pod, owner: AnyObject): Op<Result<Pod>> {
    const created = yield* this.client.create(pod);
    if (isApiStatus(created)) {
      if (!isNamespaceTerminating(created)) this.events.emit(owner, 'Warning', 'FailedCreate', `Error creating: ${created.message}`);
      return created;
    }
    this.events.emit(owner, 'Normal', 'SuccessfulCreate', `Created pod: ${created.metadata.name}`);
    return created;
  }

  /** Emits SuccessfulDelete or FailedDelete on `owner`; says nothing when the pod is gone already. */
  *delete(pod: Pod, owner: AnyObject): Op<Result<Pod>> {
    const deleted = yield* this.client.delete('Pod', keyOf(pod));
    if (isApiStatus(deleted)) {
      if (!deleted.isNotFound) this.events.emit(owner, 'Warning', 'FailedDelete', `Error deleting: ${deleted.message}`);
      return deleted;
    }
    this.events.emit(owner, 'Normal', 'SuccessfulDelete', `Deleted pod: ${pod.metadata.name}`);
    return deleted;
  }
}

export interface BatchOutcome {
  readonly successes: number;
  /** The first error of the batch that failed, in the order of the items. */
  readonly error: ApiStatus | undefined;
}

/**
 * Runs `step(0..count-1)` in batches of 1, 2, 4, 8, ... side by side, and stops after the first batch
 * with an error: a cause that fails every call (quota, webhook) then costs one call, not hundreds.
 * `step` gives an ApiStatus to fail, anything else to succeed; where `isDone` says so, it need not run to succeed.
 */
export function* slowStart(
  count: number,
  step: (index: number) => Op<unknown>,
  isDone: (index: number) => boolean = () => false,
): Op<BatchOutcome> {
  let successes = 0;
  let next = 0;
  for (let size = Math.min(count, 1); size > 0; size = Math.min(2 * size, count - next)) {
    const batch: Op<unknown>[] = [];
    for (let index = next; index < next + size; index++) {
      if (isDone(index)) successes++;
      else batch.push(step(index));
    }
    next += size;
    const results = yield* all(batch);
    let error: ApiStatus | undefined;
    for (const result of results) {
      if (!isApiStatus(result)) successes++;
      else error ??= result;
    }
    if (error !== undefined) return { successes, error };
  }
  return { successes, error: undefined };
}
