/**
 * CrashLoop: how long a container that ended waits before it is started again.
 *
 * Models    kubernetes v1.34 pkg/kubelet/kuberuntime doBackOff over client-go util/flowcontrol.Backoff, for one key (one container of one pod)
 * Differs   the key has no spec hash: an image changed in place does not reset the wait
 * Units     microseconds
 */
import { MINUTE_US, SECOND_US } from '../engine/units.ts';

// kubelet v1.34: initial 10 s, maximum 300 s; an entry not touched for twice the maximum is forgotten.
const CRASH_BACKOFF_INITIAL_US = 10 * SECOND_US;
const CRASH_BACKOFF_MAX_US = 5 * MINUTE_US;

export class CrashLoop {
  private backoffUs: number;
  private updatedUs: number;

  constructor() {
    // 0: no entry yet.
    this.backoffUs = 0;
    this.updatedUs = 0;
  }

  /** Earliest time a container that finished at `finishedUs` may start again. */
  readyUs(finishedUs: number): number {
    if (this.backoffUs === 0 || this.isExpired(finishedUs)) return finishedUs;
    return finishedUs + this.backoffUs;
  }

  /** Notes a start at `nowUs` of a container whose last run finished at `finishedUs`. */
  noteStart(finishedUs: number, nowUs: number): void {
    this.backoffUs =
      this.backoffUs === 0 || this.isExpired(finishedUs) ? CRASH_BACKOFF_INITIAL_US : Math.min(2 * this.backoffUs, CRASH_BACKOFF_MAX_US);
    this.updatedUs = nowUs;
  }

  private isExpired(finishedUs: number): boolean {
    return finishedUs - this.updatedUs > 2 * CRASH_BACKOFF_MAX_US;
  }
}

/**
 * First time at or after `readyUs` at which a pod worker looks again, when each look at a container in back-off puts the pod on a retry
 * of `periodUs` (1 + U[0, 0.5)). `uniform` gives U[0, 1). Counts from a look at `nowUs`.
 */
export function nextLookUs(nowUs: number, readyUs: number, periodUs: number, uniform: () => number): number {
  let lookUs = nowUs;
  do lookUs += Math.round(periodUs * (1 + 0.5 * uniform()));
  while (lookUs < readyUs);
  return lookUs;
}
