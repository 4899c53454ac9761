/**
 * Backoff: how long a pod that failed has to wait before its next attempt.
 *
 * Models    kubernetes v1.34 pkg/scheduler/backend/queue/backoff_queue.go; v1.32 scheduling_queue.go for
 *           `unaligned`
 * Units     microseconds; doubling is done in nanoseconds, as upstream does, because halving the
 *           maximum truncates
 *
 * v1.34 works in windows of whole seconds: a backoff that ends within a second is over when that second
 * is, so that all pods of one window are released together. v1.32 releases each pod at its own instant
 * (seen at the next flush).
 */
import { SECOND_US } from '../engine/units.ts';
import { NOT_COMPUTED, type QueuedPod } from './queued-pod.ts';

export interface BackoffLimits {
  readonly initialUs: number;
  /** 0 turns backoff off. */
  readonly maxUs: number;
}

export class BackoffRule {
  private readonly limits: BackoffLimits;
  private readonly isAligned: boolean;
  /** v1.32 counts attempts; v1.34 counts rejections and errors separately. */
  private readonly countsAttempts: boolean;

  constructor(limits: BackoffLimits, options: { isAligned: boolean; countsAttempts: boolean }) {
    this.limits = limits;
    this.isAligned = options.isAligned;
    this.countsAttempts = options.countsAttempts;
  }

  /** When the backoff of `record` ends, rounded down to a whole second where aligned; its queue time when it has none. */
  expirationUs(record: QueuedPod): number {
    if (record.backoffExpirationUs === NOT_COMPUTED) {
      const endUs = record.timestampUs + backoffDurationUs(this.countOf(record), this.limits);
      record.backoffExpirationUs = this.isAligned ? floorToSecond(endUs) : endUs;
    }
    return record.backoffExpirationUs;
  }

  isBackingOff(record: QueuedPod, nowUs: number): boolean {
    if (this.limits.maxUs === 0 || this.countOf(record) === 0) return false;
    const endUs = this.expirationUs(record);
    return this.isAligned ? endUs >= floorToSecond(nowUs) : endUs > nowUs;
  }

  /** The first instant at which `isBackingOff` is false. */
  releaseUs(record: QueuedPod): number {
    const endUs = this.expirationUs(record);
    return this.isAligned ? endUs + SECOND_US : endUs;
  }

  private countOf(record: QueuedPod): number {
    if (this.countsAttempts) return record.attempts;
    return record.consecutiveErrorsCount > 0 ? record.consecutiveErrorsCount : record.unschedulableCount;
  }
}

/** The wait after `count` failures: initial, doubled each time, at most max; 0 for a count of 0 or a maximum of 0. */
export function backoffDurationUs(count: number, limits: BackoffLimits): number {
  if (limits.maxUs === 0 || count === 0) return 0;
  const initialNs = limits.initialUs * 1000;
  let boundNs = limits.maxUs * 1000;
  let durationNs = initialNs;
  // An int64 shifted by 63 or more is 0, below any initial backoff.
  for (let shift = 1; shift < count && shift < 64; shift++) {
    boundNs = Math.floor(boundNs / 2);
    if (initialNs > boundNs) return limits.maxUs;
    durationNs *= 2;
  }
  return initialNs > limits.maxUs * 1000 ? limits.maxUs : Math.min(durationNs / 1000, limits.maxUs);
}

export function floorToSecond(timeUs: number): number {
  return Math.floor(timeUs / SECOND_US) * SECOND_US;
}
