/**
 * The objects a Job's controller writes: its own with another status, and its pods.
 *
 * Models    kubernetes v1.34 pkg/controller/job/job_controller.go, indexed_job_utils.go
 */
import { copyMeta, copyPod, copyPodSpec } from '../objects/copies.ts';
import type { Job, JobStatus } from '../objects/job.ts';
import { withEntries } from '../objects/meta.ts';
import type { Pod } from '../objects/pod.ts';
import { ANNOTATION_COMPLETION_INDEX, FINALIZER_JOB_TRACKING, formatIndexes } from './job-plan.ts';
import { podFromTemplate } from './pod-template.ts';

export function withStatus(owner: Job, changes: Partial<JobStatus>): Job {
  return { ...owner, status: { ...owner.status, ...changes } };
}

export function indexCounts(done: ReadonlySet<number>): Partial<JobStatus> {
  const ordered = [...done].sort((a, b) => a - b);
  return { completedIndexes: formatIndexes(ordered), succeeded: ordered.length };
}

export function isSameCounts(a: JobStatus, b: JobStatus): boolean {
  return (
    a.active === b.active &&
    a.ready === b.ready &&
    a.terminating === b.terminating &&
    a.conditions === b.conditions &&
    a.startTime === b.startTime
  );
}

export function withoutTracking(pod: Pod): Pod {
  const finalizers = pod.metadata.finalizers.filter((name) => name !== FINALIZER_JOB_TRACKING);
  if (finalizers.length === pod.metadata.finalizers.length) return pod;
  const next = copyPod(pod);
  const metadata = copyMeta(pod.metadata);
  metadata.finalizers = finalizers;
  next.metadata = metadata;
  return next;
}

/** `<job>-xxxxx`, or `<job>-<index>-xxxxx` with its index as annotation, label and host name. */
export function jobPod(owner: Job, index: number | undefined): Pod {
  const { name, uid } = owner.metadata;
  const { template } = owner.spec;
  const labels = withEntries(template.metadata.labels, {
    'job-name': name,
    'controller-uid': uid,
    'batch.kubernetes.io/job-name': name,
    'batch.kubernetes.io/controller-uid': uid,
  });
  const finalizers = [...template.metadata.finalizers.filter((other) => other !== FINALIZER_JOB_TRACKING), FINALIZER_JOB_TRACKING];
  if (index === undefined) return podFromTemplate(template, owner, { meta: { labels, finalizers } });
  labels[ANNOTATION_COMPLETION_INDEX] = String(index);
  const annotations = withEntries(template.metadata.annotations, { [ANNOTATION_COMPLETION_INDEX]: String(index) });
  const hostname = `${name}-${index}`;
  const spec = copyPodSpec(template.spec);
  spec.hostname = hostname;
  return podFromTemplate(template, owner, {
    meta: { labels, finalizers, annotations, generateName: `${hostname}-` },
    spec,
  });
}
