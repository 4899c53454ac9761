/**
 * history-limits: in the end no Deployment keeps more old ReplicaSets than its revisionHistoryLimit, no StatefulSet more old
 * revisions, nor two of one template, and finished Jobs go when their time to live is over.
 *
 * Part of I15 of the oracles: history that is never cleaned up fills etcd (kubernetes/kubernetes#85690), and of two revisions of one
 * template pods are moved from one to the other (kubernetes/kubernetes#55159, #80698).
 *
 * Allowed   a Deployment that is not rolled out completely cleans nothing up, upstream and here; a revision that some pod still
 *           has is no history; of revisions that were made while the controller manager could not see, it may have heard after the last
 *           look at their set, and nothing wakes a set for its revisions (v1.34 pkg/controller/statefulset/stateful_set.go)
 * Cost      one look at every ReplicaSet and revision, when goals are looked at
 */
import { LABEL_REVISION, templateOf } from '../../controllers/controller-revision.ts';
import { SECOND_US } from '../../engine/units.ts';
import type { CustomObject } from '../../objects/cluster.ts';
import { finishedCondition } from '../../objects/job.ts';
import { controllerOf, keyOf } from '../../objects/meta.ts';
import type { Deployment } from '../../objects/workloads.ts';
import { blinding, blindnessUs, FaultWindow } from '../fault-window.ts';
import { defineInvariant, type StoreView } from './invariant.ts';

const SHOWN_MAX = 5;
/** The TTL controller works its queue off within moments. */
const TTL_SLACK_US = 30 * SECOND_US;

export const historyLimits = defineInvariant({
  name: 'history-limits',
  id: 'I15',
  summary: 'old ReplicaSets, revisions and finished Jobs are cleaned up as asked',
  create: (probe) => {
    const window = new FaultWindow(probe, { opens: blinding(probe, /controller-manager/), graceUs: blindnessUs });
    /** Revisions made while the controller manager could not see, by uid. */
    const unseen = new Set<string>();
    probe.onCommit('ControllerRevision', (type, old, revision) => {
      if (type === 'ADDED' && window.isOpen) unseen.add(revision!.metadata.uid);
      else if (revision === undefined) unseen.delete(old!.metadata.uid);
    });
    return {
      unsettled: () => {
        const { store } = probe;
        return [...deploymentLines(store), ...statefulSetLines(store, unseen), ...jobLines(store, probe.nowUs())].slice(0, SHOWN_MAX);
      },
    };
  },
});

function deploymentLines(store: StoreView): string[] {
  const lines: string[] = [];
  for (const deployment of store.list('Deployment')) {
    const old = isRolledOut(deployment) ? oldSets(store, deployment) : 0;
    const limit = deployment.spec.revisionHistoryLimit;
    if (old > limit) lines.push(`deployment/${keyOf(deployment)} keeps ${old} old ReplicaSets, ${limit} are allowed`);
  }
  return lines;
}

/** `unseen` revisions, by uid, do not count as old. */
function statefulSetLines(store: StoreView, unseen: ReadonlySet<string>): string[] {
  const lines: string[] = [];
  for (const set of store.list('StatefulSet')) {
    const limit = set.spec.revisionHistoryLimit;
    const { currentRevision, updateRevision } = set.status;
    const inUse = new Set([currentRevision, updateRevision]);
    for (const pod of store.list('Pod', set.metadata.namespace)) {
      if (controllerOf(pod)?.uid === set.metadata.uid) inUse.add(pod.metadata.labels[LABEL_REVISION] ?? '');
    }
    const own = store
      .list('ControllerRevision', set.metadata.namespace)
      .filter((revision) => controllerOf(revision)?.uid === set.metadata.uid);
    const old = own.filter(({ metadata }) => !inUse.has(metadata.name) && !unseen.has(metadata.uid)).length;
    const templates = new Set(own.map((revision) => JSON.stringify(templateOf(revision as CustomObject))));
    if (templates.size < own.length) lines.push(`statefulset/${keyOf(set)} has ${own.length} revisions of ${templates.size} templates`);
    if (old > limit) lines.push(`statefulset/${keyOf(set)} keeps ${old} old revisions, ${limit} are allowed`);
  }
  return lines;
}

function jobLines(store: StoreView, nowUs: number): string[] {
  const lines: string[] = [];
  for (const job of store.list('Job')) {
    const { ttlSecondsAfterFinished } = job.spec;
    const finished = finishedCondition(job);
    if (ttlSecondsAfterFinished === undefined || finished === undefined) continue;
    const overdueUs = nowUs - finished.lastTransitionTime - ttlSecondsAfterFinished * SECOND_US;
    if (overdueUs > TTL_SLACK_US) lines.push(`job/${keyOf(job)} should have gone ${Math.floor(overdueUs / SECOND_US)} s ago`);
  }
  return lines;
}

function isRolledOut({ metadata, spec, status }: Deployment): boolean {
  const { observedGeneration, replicas, updatedReplicas, availableReplicas } = status;
  return (
    observedGeneration >= metadata.generation &&
    !spec.paused &&
    replicas === spec.replicas &&
    updatedReplicas === spec.replicas &&
    availableReplicas === spec.replicas
  );
}

function oldSets(store: StoreView, { metadata }: Deployment): number {
  const own = store.list('ReplicaSet', metadata.namespace).filter((set) => controllerOf(set)?.uid === metadata.uid);
  const idle = own.filter(({ spec, status }) => spec.replicas === 0 && status.replicas === 0);
  // The newest may be idle too, of a Deployment scaled to nothing.
  return idle.length === own.length ? Math.max(0, idle.length - 1) : idle.length;
}
