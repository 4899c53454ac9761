/**
 * Job: pods that run to completion.
 *
 * Models    kubernetes v1.34 batch/v1 Job
 * Differs   podFailurePolicy, successPolicy, backoffLimitPerIndex and managedBy are not kept
 */
import type { Condition, LabelSelector, ObjectMeta, TimeUs } from './meta.ts';
import type { PodTemplate } from './workloads.ts';

export interface Job {
  readonly kind: 'Job';
  readonly apiVersion: 'batch/v1';
  readonly metadata: ObjectMeta;
  readonly spec: JobSpec;
  readonly status: JobStatus;
}

export interface JobSpec {
  readonly parallelism: number;
  /** undefined: the first success is enough, further pods are not started then. */
  readonly completions: number | undefined;
  readonly backoffLimit: number;
  readonly activeDeadlineSeconds: number | undefined;
  readonly ttlSecondsAfterFinished: number | undefined;
  readonly suspend: boolean;
  readonly completionMode: 'NonIndexed' | 'Indexed';
  /** When a pod that is on its way out is replaced: at once, or when it has ended. */
  readonly podReplacementPolicy: 'TerminatingOrFailed' | 'Failed';
  /** undefined: the pods are those the Job's controller made. */
  readonly selector: LabelSelector | undefined;
  readonly template: PodTemplate;
}

export interface JobStatus {
  readonly active: number;
  readonly ready: number;
  readonly terminating: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly startTime: TimeUs | undefined;
  readonly completionTime: TimeUs | undefined;
  /** Indexes done, as `0-3,7`; empty for none. */
  readonly completedIndexes: string;
  /** Uids of finished pods that are not yet in the counters. */
  readonly uncountedTerminatedPods: { readonly succeeded: readonly string[]; readonly failed: readonly string[] };
  readonly conditions: readonly Condition[];
}

/** The condition Complete or Failed, whichever is true; undefined while the Job is not finished. */
export function finishedCondition(job: Job): Condition | undefined {
  return job.status.conditions.find(({ type, status }) => (type === 'Complete' || type === 'Failed') && status === 'True');
}
