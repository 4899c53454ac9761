/**
 * Job arithmetic: which pods count, how many to start, when to wait, when it is over. Pure.
 *
 * Models    kubernetes v1.34 pkg/controller/job/job_controller.go, backoff_utils.go, indexed_job_utils.go
 * Differs   no podFailurePolicy, successPolicy or backoffLimitPerIndex
 * Units     microseconds
 */
import { MINUTE_US, SECOND_US } from '../engine/units.ts';
import type { Job } from '../objects/job.ts';
import { isDeleting, type TimeUs } from '../objects/meta.ts';
import { isPodReady, isTerminal, type Pod, podCondition } from '../objects/pod.ts';

export const FINALIZER_JOB_TRACKING = 'batch.kubernetes.io/job-tracking';
export const ANNOTATION_COMPLETION_INDEX = 'batch.kubernetes.io/job-completion-index';

/** DefaultJobPodFailureBackOff and MaxJobPodFailureBackOff, v1.34. */
export const FAILURE_BACKOFF_US = 10 * SECOND_US;
export const FAILURE_BACKOFF_US_MAX = 10 * MINUTE_US;

export function hasTrackingFinalizer(pod: Pod): boolean {
  return pod.metadata.finalizers.includes(FINALIZER_JOB_TRACKING);
}

/** Deleting, but still running. */
export function isTerminating(pod: Pod): boolean {
  return isDeleting(pod) && !isTerminal(pod);
}

/** Whether the pod counts as failed: a pod on its way out does, unless the Job waits for its end. */
export function isPodFailed(pod: Pod, job: Job): boolean {
  if (pod.status.phase === 'Failed') return true;
  return job.spec.podReplacementPolicy === 'TerminatingOrFailed' && isDeleting(pod) && pod.status.phase !== 'Succeeded';
}

/** The index of an Indexed Job's pod; -1 when it has none that is valid. */
export function completionIndexOf(pod: Pod, job: Job): number {
  const text = pod.metadata.annotations[ANNOTATION_COMPLETION_INDEX];
  if (text === undefined || !/^[0-9]+$/.test(text)) return -1;
  const index = Number(text);
  return index < (job.spec.completions ?? 0) ? index : -1;
}

export interface FinishedPods {
  readonly succeeded: readonly Pod[];
  readonly failed: readonly Pod[];
}

/** Finished pods that neither the counters nor the uncounted lists know yet. `removed`: uids whose finalizer is known to be gone. */
export function newlyFinished(job: Job, pods: readonly Pod[], removed: ReadonlySet<string>): FinishedPods {
  const { uncountedTerminatedPods } = job.status;
  const succeeded: Pod[] = [];
  const failed: Pod[] = [];
  for (const pod of pods) {
    const { uid } = pod.metadata;
    if (!hasTrackingFinalizer(pod) || removed.has(uid)) continue;
    if (job.spec.completionMode === 'Indexed' && completionIndexOf(pod, job) < 0) continue;
    if (pod.status.phase === 'Succeeded') {
      if (!uncountedTerminatedPods.succeeded.includes(uid)) succeeded.push(pod);
    } else if (isPodFailed(pod, job) && !uncountedTerminatedPods.failed.includes(uid)) {
      failed.push(pod);
    }
  }
  return { succeeded, failed };
}

// Back-off ---------------------------------------------------------------------------------------------------------------

export interface BackoffRecord {
  readonly failuresAfterLastSuccess: number;
  /** undefined without failures. */
  readonly lastFailureUs: TimeUs | undefined;
}

export const NO_BACKOFF: BackoffRecord = Object.freeze({ failuresAfterLastSuccess: 0, lastFailureUs: undefined });

/** The record after these pods: a success starts the count over, failures after it count. */
export function nextBackoff(record: BackoffRecord, finished: FinishedPods, nowUs: TimeUs): BackoffRecord {
  const { succeeded, failed } = finished;
  if (succeeded.length === 0 && failed.length === 0) return record;
  if (failed.length === 0) return NO_BACKOFF;
  const failedAt = failed.map((pod) => finishTimeOf(pod, nowUs));
  const lastFailureUs = Math.max(...failedAt, record.lastFailureUs ?? -Infinity);
  if (succeeded.length === 0) return { failuresAfterLastSuccess: record.failuresAfterLastSuccess + failed.length, lastFailureUs };
  const lastSuccessUs = Math.max(...succeeded.map((pod) => finishTimeOf(pod, nowUs)));
  const later = failedAt.filter((timeUs) => timeUs > lastSuccessUs).length;
  return later === 0 ? NO_BACKOFF : { failuresAfterLastSuccess: later, lastFailureUs };
}

/** 10 s after the first failure, doubling, at most 10 min; 0 or less when it is over. */
export function remainingBackoffUs(record: BackoffRecord, nowUs: TimeUs): number {
  if (record.failuresAfterLastSuccess === 0 || record.lastFailureUs === undefined) return 0;
  let backoffUs = FAILURE_BACKOFF_US;
  for (let i = 1; i < record.failuresAfterLastSuccess && backoffUs < FAILURE_BACKOFF_US_MAX; i++) backoffUs *= 2;
  return Math.min(backoffUs, FAILURE_BACKOFF_US_MAX) - (nowUs - record.lastFailureUs);
}

/** When the pod ended, as well as it can be told: its containers, else its conditions, else its deletion. */
export function finishTimeOf(pod: Pod, nowUs: TimeUs): TimeUs {
  let latest: TimeUs | undefined;
  let isComplete = pod.status.containerStatuses.length > 0;
  for (const { current } of pod.status.containerStatuses) {
    if (current.state === 'terminated') latest = Math.max(latest ?? current.finishedAt, current.finishedAt);
    else isComplete = false;
  }
  if (isComplete && latest !== undefined) return latest;
  const ready = podCondition(pod, 'Ready');
  if (ready?.status === 'False') return ready.lastTransitionTime;
  const { deletionTimestamp, deletionGracePeriodSeconds, creationTimestamp } = pod.metadata;
  if (deletionTimestamp !== undefined) return Math.min(nowUs, deletionTimestamp - (deletionGracePeriodSeconds ?? 0) * SECOND_US);
  return creationTimestamp;
}

// End --------------------------------------------------------------------------------------------------------------------

export interface JobFailure {
  readonly reason: string;
  readonly message: string;
}

/** Why the Job has failed; undefined while it has not. `failed` includes pods not yet in the counters. */
export function findFailure(job: Job, pods: readonly Pod[], failed: number, nowUs: TimeUs): JobFailure | undefined {
  if (failed > job.spec.backoffLimit || isPastRestartLimit(job, pods)) {
    return { reason: 'BackoffLimitExceeded', message: 'Job has reached the specified backoff limit' };
  }
  const leftUs = deadlineInUs(job, nowUs);
  if (leftUs !== undefined && leftUs <= 0) {
    return { reason: 'DeadlineExceeded', message: 'Job was active longer than specified deadline' };
  }
  return undefined;
}

/** Time until activeDeadlineSeconds is over; undefined without a deadline, before the start, while suspended and until resuming was noted. */
export function deadlineInUs(job: Job, nowUs: TimeUs): number | undefined {
  const { activeDeadlineSeconds, suspend } = job.spec;
  const { startTime, conditions } = job.status;
  const isSuspended = suspend || conditions.some(({ type, status }) => type === 'Suspended' && status === 'True');
  if (activeDeadlineSeconds === undefined || startTime === undefined || isSuspended) return undefined;
  return startTime + activeDeadlineSeconds * SECOND_US - nowUs;
}

/** With restartPolicy OnFailure a failing pod is not replaced but restarted: its restarts count. */
function isPastRestartLimit(job: Job, pods: readonly Pod[]): boolean {
  if (job.spec.template.spec.restartPolicy !== 'OnFailure') return false;
  let restarts = 0;
  for (const { status } of pods) {
    if (status.phase !== 'Running' && status.phase !== 'Pending') continue;
    for (const container of [...status.initContainerStatuses, ...status.containerStatuses]) restarts += container.restartCount;
  }
  return job.spec.backoffLimit === 0 ? restarts > 0 : restarts >= job.spec.backoffLimit;
}

export function isComplete(job: Job, succeeded: number, active: number): boolean {
  if (active > 0) return false;
  return job.spec.completions === undefined ? succeeded > 0 : succeeded >= job.spec.completions;
}

/** How many pods should run now. */
export function wantedActive(job: Job, active: number, succeeded: number): number {
  const { completions, parallelism } = job.spec;
  // Without a number of completions the first success is the last start.
  if (completions === undefined) return succeeded > 0 ? active : parallelism;
  return Math.max(0, Math.min(parallelism, completions - succeeded));
}

export function countReady(pods: readonly Pod[]): number {
  let count = 0;
  for (const pod of pods) if (isPodReady(pod)) count++;
  return count;
}

// Indexes ----------------------------------------------------------------------------------------------------------------

/** `0-3,7` as numbers in order. */
export function parseIndexes(text: string): number[] {
  const indexes: number[] = [];
  if (text === '') return indexes;
  for (const part of text.split(',')) {
    const [first, last] = part.split('-').map(Number);
    for (let index = first!; index <= (last ?? first!); index++) indexes.push(index);
  }
  return indexes;
}

/** Ordered numbers as `0-3,7`; a pair is written with a comma. */
export function formatIndexes(indexes: readonly number[]): string {
  const parts: string[] = [];
  for (let i = 0; i < indexes.length; ) {
    let end = i;
    while (end + 1 < indexes.length && indexes[end + 1] === indexes[end]! + 1) end++;
    if (end === i) parts.push(String(indexes[i]));
    else parts.push(end === i + 1 ? `${indexes[i]},${indexes[end]}` : `${indexes[i]}-${indexes[end]}`);
    i = end + 1;
  }
  return parts.join(',');
}

/** The lowest `count` indexes that are neither done nor taken. */
export function firstFreeIndexes(job: Job, done: ReadonlySet<number>, taken: ReadonlySet<number>, count: number): number[] {
  const free: number[] = [];
  for (let index = 0; index < (job.spec.completions ?? 0) && free.length < count; index++) {
    if (!done.has(index) && !taken.has(index)) free.push(index);
  }
  return free;
}
