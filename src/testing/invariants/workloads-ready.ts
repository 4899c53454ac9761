/**
 * workloads-ready: in the end every workload has what it asked for: as many pods as wanted, of the newest template, ready,
 * and its status says so; every Job has finished.
 *
 * I15 of the oracles. A workload is let off only when one of its pods waits with good reason (see pods-placed), and that pod's
 * ReplicaSet or StatefulSet with it.
 *
 * Allowed   - workloads whose newest template says that its containers stay unready
 *           - a StatefulSet with minReadySeconds that waits to scale down while surplus pods make up for one that is not available yet:
 *             nothing makes its controller look again (kubernetes/kubernetes#123918, #119352)
 *           - a Job or ReplicaSet whose new pods were on their way out before the manager, whose watch was lost, had seen them: it
 *             waits 5 min for them, and then for something to happen to it (kubernetes/kubernetes#131917)
 *           - a Deployment that was refused the last time it resized an old ReplicaSet: upstream goes on as if there were nothing to shrink,
 *             and looks again only when something else happens (reconcileOldReplicaSets, pkg/controller/deployment/rolling.go, v1.34)
 * Cost      O(1) per write; O(workloads) when asked in the end
 */
import { ANNOTATION_REVISION } from '../../controllers/deployment-history.ts';
import { finishedCondition, type Job } from '../../objects/job.ts';
import { controllerOf, type ObjectKey } from '../../objects/meta.ts';
import type { Deployment, ReplicaSet, StatefulSet } from '../../objects/workloads.ts';
import { isOverlooked } from '../overlooked-sets.ts';
import { PendingPods } from '../pending-pods.ts';
import { UnseenCreations } from '../unseen-creations.ts';
import { defineInvariant, type Probe } from './invariant.ts';

/** See kubelet/behaviour.ts. */
const UNREADY = 'seatrial.dev/unready-after';
const UNREADY_FOR = 'seatrial.dev/unready-for';

export const workloadsReady = defineInvariant({
  name: 'workloads-ready',
  id: 'I15',
  summary: 'every workload ends up with the replicas it asked for, ready and of the newest template',
  create: (probe) => {
    const { store } = probe;
    const pending = new PendingPods(probe);
    const unseen = new UnseenCreations(probe);
    const refused = refusedResizes(probe);
    /** Of the owner itself, or of one that it stands above. */
    const waitsInVain = (uid: string): boolean => {
      return unseen.has(uid) || store.list('ReplicaSet').some((set) => controllerOf(set)?.uid === uid && unseen.has(set.metadata.uid));
    };
    const unsettled = (): readonly string[] => {
      const gaps: readonly (readonly [string, string | undefined])[] = [
        ...store
          .list('Deployment')
          .filter(isMeantToBeReady)
          .map((deployment) => [deployment.metadata.uid, deploymentGap(deployment)] as const),
        ...store
          .list('ReplicaSet')
          .filter(isMeantToBeReady)
          .map((set) => [set.metadata.uid, replicaSetGap(set)] as const),
        ...store
          .list('StatefulSet')
          .filter((set) => isMeantToBeReady(set) && (probe.isStrict || !isOverlooked(set)))
          .map((set) => [set.metadata.uid, statefulSetGap(set)] as const),
        ...store.list('Job').map((job) => [job.metadata.uid, jobGap(job)] as const),
      ];
      if (gaps.every(([, gap]) => gap === undefined)) return [];
      const excused = new Set([...pending.stuckOwners(), ...refused.values()]);
      return gaps.flatMap(([uid, gap]) => (gap === undefined || excused.has(uid) || waitsInVain(uid) ? [] : [gap]));
    };
    return { unsettled };
  },
});

function isMeantToBeReady({ spec }: Deployment | ReplicaSet | StatefulSet): boolean {
  const { annotations } = spec.template.metadata;
  return annotations[UNREADY] === undefined || annotations[UNREADY_FOR] !== undefined;
}

/** Old ReplicaSets whose last resize by their Deployment was refused: key, and the uid of the Deployment. */
function refusedResizes(probe: Probe): ReadonlyMap<ObjectKey, string> {
  const refused = new Map<ObjectKey, string>();
  if (probe.isStrict) return refused;
  probe.onWrite(({ client, verb, kind, key, isDone }) => {
    if (kind !== 'ReplicaSet' || verb !== 'update' || !client.endsWith('/deployment')) return;
    const set = isDone ? undefined : probe.store.get('ReplicaSet', key);
    const owner = set === undefined ? undefined : controllerOf(set);
    if (set === undefined || owner === undefined || isNewest(probe, set, owner.uid)) refused.delete(key);
    else refused.set(key, owner.uid);
  });
  return refused;
}

function isNewest({ store }: Probe, set: ReplicaSet, ownerUid: string): boolean {
  const revision = revisionOf(set);
  return store.list('ReplicaSet', set.metadata.namespace).every((other) => {
    return controllerOf(other)?.uid !== ownerUid || revisionOf(other) <= revision;
  });
}

function revisionOf(set: ReplicaSet): number {
  return Number(set.metadata.annotations[ANNOTATION_REVISION] ?? 0);
}

function jobGap(job: Job): string | undefined {
  if (finishedCondition(job) !== undefined || job.spec.suspend) return undefined;
  return `job/${job.metadata.namespace}/${job.metadata.name} has not finished`;
}

function deploymentGap({ metadata, spec, status }: Deployment): string | undefined {
  const name = `deployment/${metadata.namespace}/${metadata.name}`;
  if (status.observedGeneration < metadata.generation) return `${name} was changed and its controller has not answered`;
  if (spec.paused) return undefined;
  const { replicas, updatedReplicas, readyReplicas, availableReplicas } = status;
  const wanted = spec.replicas;
  if (replicas === wanted && updatedReplicas === wanted && readyReplicas === wanted && availableReplicas === wanted) return undefined;
  return `${name} wants ${wanted} and has ${replicas}: ${updatedReplicas} new, ${readyReplicas} ready, ${availableReplicas} available`;
}

function replicaSetGap({ metadata, spec, status }: ReplicaSet): string | undefined {
  const name = `replicaset/${metadata.namespace}/${metadata.name}`;
  if (status.observedGeneration < metadata.generation) return `${name} was changed and its controller has not answered`;
  if (status.replicas === spec.replicas && status.readyReplicas === spec.replicas) return undefined;
  return `${name} wants ${spec.replicas} and has ${status.replicas}, ${status.readyReplicas} ready`;
}

function statefulSetGap({ metadata, spec, status }: StatefulSet): string | undefined {
  const name = `statefulset/${metadata.namespace}/${metadata.name}`;
  if (status.observedGeneration < metadata.generation) return `${name} was changed and its controller has not answered`;
  const { type, partition } = spec.updateStrategy;
  const isRolledOut = type !== 'RollingUpdate' || partition > 0 || status.updatedReplicas === spec.replicas;
  if (status.replicas === spec.replicas && status.readyReplicas === spec.replicas) {
    return isRolledOut ? undefined : `${name} has ${status.updatedReplicas} of ${spec.replicas} pods of its newest template`;
  }
  return `${name} wants ${spec.replicas} and has ${status.replicas}, ${status.readyReplicas} ready`;
}
