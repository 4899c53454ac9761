/**
 * statuses-true: in the end the statuses of workloads, budgets and nodes say what the pods and nodes of the store show.
 *
 * A status that stays wrong when nothing changes any more is a lost update or a lost wake-up (kubernetes/kubernetes#125638 for
 * endpoints, #82149 for budgets).
 *
 * A failed pod of a StatefulSet is one of its revision until it is being deleted (computeReplicaStatus of
 * pkg/controller/statefulset/stateful_set_control.go, v1.34).
 *
 * Allowed   the available pods of a StatefulSet with minReadySeconds that waits to scale down: nothing makes its controller look again
 *           (kubernetes/kubernetes#123918, #119352)
 * Differs   counted anew from the store, apart from the controllers' own arithmetic; conditions are not compared, nor are
 *           counters of what is past (succeeded and failed pods of a Job)
 * Cost      one look at every pod and workload, when goals are looked at
 */

import { SECOND_US } from '../../engine/units.ts';
import type { Job } from '../../objects/job.ts';
import { finishedCondition } from '../../objects/job.ts';
import { controllerOf, isDeleting, keyOf } from '../../objects/meta.ts';
import { isNodeReady, type Node, nodeCondition, TAINT_NOT_READY, TAINT_UNREACHABLE, TAINT_UNSCHEDULABLE } from '../../objects/node.ts';
import { isActive, isPodReady, type Pod, podCondition } from '../../objects/pod.ts';
import type { Deployment, ReplicaSet, StatefulSet } from '../../objects/workloads.ts';
import { budgetTruth } from '../budget-truth.ts';
import { isOverlooked } from '../overlooked-sets.ts';
import { defineInvariant, type Probe } from './invariant.ts';

const SHOWN_MAX = 5;
/** Label that StatefulSet pods carry their revision in. */
const LABEL_REVISION = 'controller-revision-hash';
const ANNOTATION_REVISION = 'deployment.kubernetes.io/revision';

export const statusesTrue = defineInvariant({
  name: 'statuses-true',
  id: '',
  summary: 'statuses of workloads, budgets and nodes say what is the case',
  create: (probe) => ({
    unsettled: () => {
      const owned = podsByOwner(probe);
      const { store } = probe;
      const nowUs = probe.nowUs();
      const sets = store.list('ReplicaSet');
      const lines = [
        ...store.list('Deployment').map((deployment) => differences(deployment, deploymentFacts(deployment, sets, owned, nowUs))),
        ...sets.map((set) => differences(set, replicaSetFacts(set, owned, nowUs))),
        ...store
          .list('StatefulSet')
          .map((set) => differences(set, statefulSetFacts(set, owned, nowUs, !probe.isStrict && isOverlooked(set)))),
        ...store.list('Job').map((job) => differences(job, jobFacts(job, owned))),
        ...store.list('PodDisruptionBudget').map((budget) => {
          const truth = budgetTruth(store, budget);
          if (truth === undefined || Object.keys(budget.status.disruptedPods).length > 0) return '';
          const { healthyCount, desiredCount, expectedCount } = truth;
          return differences(budget, {
            currentHealthy: healthyCount,
            desiredHealthy: desiredCount,
            expectedPods: expectedCount,
            disruptionsAllowed: expectedCount > 0 ? Math.max(0, healthyCount - desiredCount) : 0,
          });
        }),
        ...store.list('Node').map(nodeGap),
      ];
      return lines.filter((line) => line !== '').slice(0, SHOWN_MAX);
    },
  }),
});

type Facts = Readonly<Record<string, number>>;
type Owned = ReadonlyMap<string, readonly Pod[]>;

const NO_PODS: readonly Pod[] = [];

function podsByOwner({ store }: Probe): Owned {
  const owned = new Map<string, Pod[]>();
  for (const pod of store.list('Pod')) {
    const owner = controllerOf(pod);
    if (owner === undefined) continue;
    const list = owned.get(owner.uid);
    if (list === undefined) owned.set(owner.uid, [pod]);
    else list.push(pod);
  }
  return owned;
}

/** What the status says otherwise than the facts; empty when nothing. */
function differences(
  object: Deployment | ReplicaSet | StatefulSet | Job | { kind: string; metadata: Pod['metadata']; status: object },
  facts: Facts,
): string {
  const status = object.status as unknown as Facts;
  const wrong = Object.entries(facts).filter(([name, value]) => (status[name] ?? 0) !== value);
  if (wrong.length === 0) return '';
  const says = wrong.map(([name, value]) => `${name} ${status[name] ?? 0} instead of ${value}`).join(', ');
  return `the status of ${object.kind.toLowerCase()}/${keyOf(object)} says ${says}`;
}

function replicaSetFacts({ metadata, spec }: ReplicaSet, owned: Owned, nowUs: number): Facts {
  const pods = (owned.get(metadata.uid) ?? NO_PODS).filter(isActive);
  return {
    replicas: pods.length,
    readyReplicas: pods.filter(isPodReady).length,
    availableReplicas: pods.filter((pod) => isAvailable(pod, spec.minReadySeconds, nowUs)).length,
    observedGeneration: metadata.generation,
  };
}

function deploymentFacts({ metadata, spec }: Deployment, sets: readonly ReplicaSet[], owned: Owned, nowUs: number): Facts {
  const own = sets.filter((set) => controllerOf(set)?.uid === metadata.uid);
  const podsOf = (list: readonly ReplicaSet[]): Pod[] => list.flatMap((set) => (owned.get(set.metadata.uid) ?? NO_PODS).filter(isActive));
  const pods = podsOf(own);
  const availableCount = pods.filter((pod) => isAvailable(pod, spec.minReadySeconds, nowUs)).length;
  const newest = own.filter((set) => own.every((other) => revisionOf(other) <= revisionOf(set)));
  return {
    replicas: pods.length,
    updatedReplicas: podsOf(newest).length,
    readyReplicas: pods.filter(isPodReady).length,
    availableReplicas: availableCount,
    // Of the pods wanted, whether there are any or not: calculateStatus of pkg/controller/deployment/sync.go, v1.34.
    unavailableReplicas: Math.max(0, own.reduce((sum, set) => sum + set.spec.replicas, 0) - availableCount),
    observedGeneration: metadata.generation,
  };
}

function revisionOf(set: ReplicaSet): number {
  return Number(set.metadata.annotations[ANNOTATION_REVISION] ?? 0);
}

function statefulSetFacts({ metadata, spec, status }: StatefulSet, owned: Owned, nowUs: number, isStale: boolean): Facts {
  const pods = owned.get(metadata.uid) ?? NO_PODS;
  const isRunning = (pod: Pod): boolean => pod.status.phase === 'Running' && isPodReady(pod);
  const ofRevision = (name: string): number => {
    // A failed pod counts until it is being deleted.
    return pods.filter((pod) => !isDeleting(pod) && pod.metadata.labels[LABEL_REVISION] === name).length;
  };
  return {
    replicas: pods.length,
    readyReplicas: pods.filter(isRunning).length,
    ...(isStale ? {} : { availableReplicas: pods.filter((pod) => isRunning(pod) && isAvailable(pod, spec.minReadySeconds, nowUs)).length }),
    currentReplicas: ofRevision(status.currentRevision),
    updatedReplicas: ofRevision(status.updateRevision),
    observedGeneration: metadata.generation,
  };
}

function jobFacts(job: Job, owned: Owned): Facts {
  if (finishedCondition(job) !== undefined) return { active: 0 };
  const pods = (owned.get(job.metadata.uid) ?? NO_PODS).filter(isActive);
  return { active: pods.length, ready: pods.filter(isPodReady).length };
}

function isAvailable(pod: Pod, minReadySeconds: number, nowUs: number): boolean {
  if (!isPodReady(pod)) return false;
  return podCondition(pod, 'Ready')!.lastTransitionTime + minReadySeconds * SECOND_US <= nowUs;
}

/** NoSchedule taints of the node life cycle against the conditions they stand for. */
function nodeGap(node: Node): string {
  const ready = nodeCondition(node, 'Ready');
  const wanted: readonly (readonly [string, boolean])[] = [
    [TAINT_NOT_READY, ready !== undefined && ready.status === 'False'],
    [TAINT_UNREACHABLE, ready !== undefined && ready.status === 'Unknown'],
    [TAINT_UNSCHEDULABLE, node.spec.unschedulable],
  ];
  for (const [key, isWanted] of wanted) {
    const has = node.spec.taints.some((taint) => taint.key === key && taint.effect === 'NoSchedule');
    if (has === isWanted) continue;
    const state = `${isNodeReady(node) ? 'Ready' : 'not Ready'}${node.spec.unschedulable ? ' and cordoned' : ''}`;
    return `node/${node.metadata.name} is ${state} and ${has ? 'has' : 'lacks'} the taint ${key}`;
  }
  return '';
}
