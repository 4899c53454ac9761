/**
 * StatefulSet arithmetic: pods by ordinal, their identity, and the status. Pure.
 *
 * Models    kubernetes v1.34 pkg/controller/statefulset/stateful_set_utils.go, stateful_set_control.go
 */
import { copyPodSpec } from '../objects/copies.ts';
import { isDeleting, type TimeUs, withEntries } from '../objects/meta.ts';
import { isPodReady, type Pod } from '../objects/pod.ts';
import type { PodTemplate, StatefulSet, StatefulSetStatus } from '../objects/workloads.ts';
import { LABEL_REVISION } from './controller-revision.ts';
import { isPodAvailable } from './pod-state.ts';
import { podFromTemplate } from './pod-template.ts';
import { volumesWithClaims } from './statefulset-claims.ts';

export const LABEL_POD_NAME = 'statefulset.kubernetes.io/pod-name';
export const LABEL_POD_INDEX = 'apps.kubernetes.io/pod-index';

/** One place of the set: the pod that has it, or a draft of the pod it should get. */
export interface Replica {
  readonly pod: Pod;
  /** False for a draft. */
  readonly isCreated: boolean;
}

const DASH = 45;

/** The ordinal at the end of the pod's name, if the rest is the set's name; -1 otherwise. */
export function ordinalOf(set: StatefulSet, pod: Pod): number {
  const { name } = pod.metadata;
  const prefix = set.metadata.name;
  const dash = prefix.length;
  if (name.length <= dash + 1 || name.charCodeAt(dash) !== DASH || !name.startsWith(prefix)) return -1;
  let ordinal = 0;
  for (let i = dash + 1; i < name.length; i++) {
    const digit = name.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) return -1;
    ordinal = 10 * ordinal + digit;
  }
  return ordinal;
}

export function revisionLabelOf(pod: Pod): string {
  return pod.metadata.labels[LABEL_REVISION] ?? '';
}

/** The pod of `ordinal` with the template of `revision`. */
export function draftPod(set: StatefulSet, template: PodTemplate, revision: string, ordinal: number): Pod {
  const name = `${set.metadata.name}-${ordinal}`;
  const labels = withEntries(template.metadata.labels, {
    [LABEL_POD_NAME]: name,
    [LABEL_POD_INDEX]: String(ordinal),
    [LABEL_REVISION]: revision,
  });
  const spec = copyPodSpec(template.spec);
  spec.hostname = name;
  spec.subdomain = set.spec.serviceName;
  spec.volumes = volumesWithClaims(set, template.spec.volumes, ordinal);
  return podFromTemplate(template, set, { meta: { name, labels }, spec });
}

/** Whether the labels that name the pod are as they should be. */
export function hasIdentity(set: StatefulSet, pod: Pod): boolean {
  const { labels, name } = pod.metadata;
  return labels[LABEL_POD_NAME] === name && labels[LABEL_POD_INDEX] === String(ordinalOf(set, pod));
}

export function withIdentity(set: StatefulSet, pod: Pod): Pod {
  const { metadata } = pod;
  const labels = withEntries(metadata.labels, { [LABEL_POD_NAME]: metadata.name, [LABEL_POD_INDEX]: String(ordinalOf(set, pod)) });
  return { ...pod, metadata: { ...metadata, labels } };
}

export function isRunningAndReady(pod: Pod): boolean {
  return pod.status.phase === 'Running' && isPodReady(pod);
}

/** Not running, not ready for long enough, or on its way out. */
export function isUnavailable(replica: Replica, minReadySeconds: number, nowUs: TimeUs): boolean {
  const { pod } = replica;
  return !replica.isCreated || isDeleting(pod) || !isRunningAndReady(pod) || !isPodAvailable(pod, minReadySeconds, nowUs);
}

export interface Revisions {
  readonly currentName: string;
  readonly currentTemplate: PodTemplate;
  readonly updateName: string;
  readonly updateTemplate: PodTemplate;
}

export interface ReplicaLists {
  /** One per ordinal the set should have, ascending. */
  readonly replicas: Replica[];
  /** Pods with other ordinals, descending. */
  readonly condemned: Replica[];
}

/** Missing pods below the partition are drafted from the current revision, others from the update revision. */
export function partitionPods(set: StatefulSet, pods: readonly Pod[], revisions: Revisions): ReplicaLists {
  const { firstOrdinal, replicas: count, updateStrategy } = set.spec;
  const existing: (Pod | undefined)[] = [];
  for (let index = 0; index < count; index++) existing.push(undefined);
  const condemned: Replica[] = [];
  for (const pod of pods) {
    const ordinal = ordinalOf(set, pod);
    if (ordinal >= firstOrdinal && ordinal < firstOrdinal + count) existing[ordinal - firstOrdinal] = pod;
    else if (ordinal >= 0) condemned.push({ pod, isCreated: true });
  }
  const replicas: Replica[] = [];
  for (let index = 0; index < count; index++) {
    const pod = existing[index];
    if (pod !== undefined) {
      replicas.push({ pod, isCreated: true });
      continue;
    }
    const isKept = updateStrategy.type === 'RollingUpdate' && index < updateStrategy.partition;
    const template = isKept ? revisions.currentTemplate : revisions.updateTemplate;
    const name = isKept ? revisions.currentName : revisions.updateName;
    replicas.push({ pod: draftPod(set, template, name, firstOrdinal + index), isCreated: false });
  }
  condemned.sort((a, b) => ordinalOf(set, b.pod) - ordinalOf(set, a.pod));
  return { replicas, condemned };
}

/** The lowest unavailable place, condemned ones last: the only unavailable pod that may be deleted in order. */
export function firstUnavailable(lists: ReplicaLists, minReadySeconds: number, nowUs: TimeUs): Replica | undefined {
  const isOut = (replica: Replica): boolean => isUnavailable(replica, minReadySeconds, nowUs);
  return lists.replicas.find(isOut) ?? lists.condemned.findLast(isOut);
}

export function computeStatefulSetStatus(
  set: StatefulSet,
  pods: readonly Pod[],
  revisions: Revisions,
  collisionCount: number | undefined,
  nowUs: TimeUs,
): StatefulSetStatus {
  let ready = 0;
  let available = 0;
  let current = 0;
  let updated = 0;
  for (const pod of pods) {
    if (isRunningAndReady(pod)) {
      ready++;
      if (isPodAvailable(pod, set.spec.minReadySeconds, nowUs)) available++;
    }
    if (isDeleting(pod)) continue;
    const revision = revisionLabelOf(pod);
    if (revision === revisions.currentName) current++;
    if (revision === revisions.updateName) updated++;
  }
  return {
    replicas: pods.length,
    readyReplicas: ready,
    availableReplicas: available,
    currentReplicas: current,
    updatedReplicas: updated,
    currentRevision: revisions.currentName,
    updateRevision: revisions.updateName,
    collisionCount,
    observedGeneration: set.metadata.generation,
  };
}

/** When every pod has the new revision and is ready, it becomes the current one. */
export function completeUpdate(set: StatefulSet, status: StatefulSetStatus): StatefulSetStatus {
  const { replicas, updateStrategy } = set.spec;
  const isComplete =
    updateStrategy.type === 'RollingUpdate' &&
    status.updatedReplicas === replicas &&
    status.readyReplicas === replicas &&
    status.replicas === replicas;
  return isComplete ? { ...status, currentReplicas: status.updatedReplicas, currentRevision: status.updateRevision } : status;
}

export function isSameStatefulSetStatus(a: StatefulSetStatus, b: StatefulSetStatus): boolean {
  return (
    a.observedGeneration === b.observedGeneration &&
    a.replicas === b.replicas &&
    a.readyReplicas === b.readyReplicas &&
    a.availableReplicas === b.availableReplicas &&
    a.currentReplicas === b.currentReplicas &&
    a.updatedReplicas === b.updatedReplicas &&
    a.currentRevision === b.currentRevision &&
    a.updateRevision === b.updateRevision &&
    (a.collisionCount ?? 0) === (b.collisionCount ?? 0)
  );
}
