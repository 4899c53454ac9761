/**
 * FailureHandler: what happens to a pod whose attempt failed.
 *
 * Models    kubernetes v1.34 pkg/scheduler/schedule_one.go (handleSchedulingFailure, updatePod)
 * Order     back into the queue, nomination, event, status patch
 */
import type { FitError } from './diagnosis.ts';
import type { NominatingInfo } from './framework.ts';
import { type Attempt, type SchedulerParts, visiblePod } from './scheduler-parts.ts';
import { isRejected, type Status } from './status.ts';

export interface Failure {
  /** Rejected, or an error. */
  readonly status: Status;
  /** undefined for errors and for a cluster without nodes: then no plugin is to blame. */
  readonly fitError: FitError | undefined;
  readonly nominating: NominatingInfo;
  /** The full message; the event's text is cut, the condition's is not. */
  readonly message: string;
}

export class FailureHandler {
  private readonly parts: SchedulerParts;

  constructor(parts: SchedulerParts) {
    this.parts = parts;
  }

  handle(attempt: Attempt, failure: Failure): void {
    const { queue, podInfos, pods, ctx, calls } = this.parts;
    const { record } = attempt;
    const { pod } = attempt.info;
    const { fitError, nominating } = failure;
    if (fitError !== undefined) {
      record.unschedulablePlugins = [...fitError.diagnosis.unschedulablePlugins];
      record.pendingPlugins = [...fitError.diagnosis.pendingPlugins];
    }
    const current = visiblePod(pods, record.key);
    // Gone, replaced under its name, or placed after all (a binding whose answer was lost): no retry.
    if (current === undefined || current.metadata.uid !== record.uid || current.spec.nodeName !== '') {
      queue.done(record.uid);
    } else {
      record.refresh(podInfos.of(current));
      queue.addUnschedulableIfNotPresent(record);
    }
    queue.nominator.add(record.pod, nominating);
    ctx.events.emit(pod, 'Warning', 'FailedScheduling', truncate(failure.message));
    const reason = isRejected(failure.status) ? 'Unschedulable' : 'SchedulerError';
    const condition = { type: 'PodScheduled', status: 'False', reason, message: failure.message } as const;
    calls.patchStatus(pod, { condition, nominating });
  }
}

// 1024: the limit on a note of events.k8s.io/v1, v1.34 (schedule_one.go truncateMessage).
const EVENT_NOTE_MAX = 1024;

function truncate(message: string): string {
  return message.length <= EVENT_NOTE_MAX ? message : `${message.slice(0, EVENT_NOTE_MAX - 4)} ...`;
}
