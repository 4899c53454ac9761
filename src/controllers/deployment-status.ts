/**
 * Deployment status: counters, conditions and whether the rollout makes progress. Pure.
 *
 * Models    kubernetes v1.34 pkg/controller/deployment/progress.go, sync.go calculateStatus
 */
import { SECOND_US } from '../engine/units.ts';
import type { ConditionStatus, TimeUs } from '../objects/meta.ts';
import type { Deployment, DeploymentCondition, DeploymentStatus, ReplicaSet } from '../objects/workloads.ts';
import { conditionOf, setCondition, withoutCondition } from './conditions.ts';
import { maxUnavailableOf, sumOfSpec, sumOfStatus } from './deployment-plan.ts';

/** progressDeadlineSeconds that means none: MaxInt32. */
export const NO_PROGRESS_DEADLINE = 2147483647;

export const REASON = Object.freeze({
  REPLICA_SET_UPDATED: 'ReplicaSetUpdated',
  REPLICA_SET_CREATE_ERROR: 'ReplicaSetCreateError',
  NEW_REPLICA_SET: 'NewReplicaSetCreated',
  FOUND_NEW_REPLICA_SET: 'FoundNewReplicaSet',
  NEW_REPLICA_SET_AVAILABLE: 'NewReplicaSetAvailable',
  TIMED_OUT: 'ProgressDeadlineExceeded',
  PAUSED: 'DeploymentPaused',
  RESUMED: 'DeploymentResumed',
  MINIMUM_AVAILABLE: 'MinimumReplicasAvailable',
  MINIMUM_UNAVAILABLE: 'MinimumReplicasUnavailable',
});

export function hasProgressDeadline(deployment: Deployment): boolean {
  return deployment.spec.progressDeadlineSeconds !== NO_PROGRESS_DEADLINE;
}

export function newCondition(type: string, status: ConditionStatus, reason: string, message: string, nowUs: TimeUs): DeploymentCondition {
  return { type, status, reason, message, lastUpdateTime: nowUs, lastTransitionTime: nowUs };
}

/** Counters of all sets and the Available condition; other conditions are those the Deployment has. */
export function computeDeploymentStatus(
  deployment: Deployment,
  all: readonly ReplicaSet[],
  newSet: ReplicaSet | undefined,
  nowUs: TimeUs,
): DeploymentStatus {
  const available = sumOfStatus(all, 'availableReplicas');
  const isAvailable = available >= deployment.spec.replicas - maxUnavailableOf(deployment);
  const condition = isAvailable
    ? newCondition('Available', 'True', REASON.MINIMUM_AVAILABLE, 'Deployment has minimum availability.', nowUs)
    : newCondition('Available', 'False', REASON.MINIMUM_UNAVAILABLE, 'Deployment does not have minimum availability.', nowUs);
  return {
    observedGeneration: deployment.metadata.generation,
    replicas: sumOfStatus(all, 'replicas'),
    updatedReplicas: sumOfStatus([newSet], 'replicas'),
    readyReplicas: sumOfStatus(all, 'readyReplicas'),
    availableReplicas: available,
    unavailableReplicas: Math.max(0, sumOfSpec(all) - available),
    collisionCount: deployment.status.collisionCount,
    conditions: setCondition(deployment.status.conditions, condition),
  };
}

export function isDeploymentComplete(deployment: Deployment, status: DeploymentStatus): boolean {
  const desired = deployment.spec.replicas;
  return (
    status.updatedReplicas === desired &&
    status.replicas === desired &&
    status.availableReplicas === desired &&
    status.observedGeneration >= deployment.metadata.generation
  );
}

/** Whether `next` is nearer to the goal than the status the Deployment has. */
export function isDeploymentProgressing(deployment: Deployment, next: DeploymentStatus): boolean {
  const old = deployment.status;
  return (
    next.updatedReplicas > old.updatedReplicas ||
    next.replicas - next.updatedReplicas < old.replicas - old.updatedReplicas ||
    next.readyReplicas > old.readyReplicas ||
    next.availableReplicas > old.availableReplicas
  );
}

export function isDeploymentTimedOut(deployment: Deployment, next: DeploymentStatus, nowUs: TimeUs): boolean {
  const condition = conditionOf(next.conditions, 'Progressing');
  if (!hasProgressDeadline(deployment) || condition === undefined) return false;
  if (condition.reason === REASON.NEW_REPLICA_SET_AVAILABLE) return false;
  if (condition.reason === REASON.TIMED_OUT) return true;
  return condition.lastUpdateTime + deployment.spec.progressDeadlineSeconds * SECOND_US < nowUs;
}

/** The status at the end of a rollout sync: computeDeploymentStatus with the conditions Progressing and ReplicaFailure. */
export function computeRolloutStatus(
  deployment: Deployment,
  all: readonly ReplicaSet[],
  newSet: ReplicaSet | undefined,
  nowUs: TimeUs,
): DeploymentStatus {
  const base = computeDeploymentStatus(deployment, all, newSet, nowUs);
  const progressed = withProgress(deployment, base, newSet, nowUs);
  const failure = [newSet, ...all]
    .map((set) => set && conditionOf(set.status.conditions, 'ReplicaFailure'))
    .find((found) => found !== undefined);
  const conditions =
    failure === undefined
      ? withoutCondition(progressed, 'ReplicaFailure')
      : setCondition(progressed, { ...failure, lastUpdateTime: failure.lastTransitionTime });
  return { ...base, conditions };
}

function withProgress(
  deployment: Deployment,
  next: DeploymentStatus,
  newSet: ReplicaSet | undefined,
  nowUs: TimeUs,
): readonly DeploymentCondition[] {
  const { conditions } = next;
  if (!hasProgressDeadline(deployment)) return withoutCondition(conditions, 'Progressing');
  const current = conditionOf(deployment.status.conditions, 'Progressing');
  if (next.replicas === next.updatedReplicas && current?.reason === REASON.NEW_REPLICA_SET_AVAILABLE) return conditions;
  const who = newSet === undefined ? `Deployment "${deployment.metadata.name}"` : `ReplicaSet "${newSet.metadata.name}"`;
  if (isDeploymentComplete(deployment, next)) {
    const text = `${who} has successfully progressed.`;
    return setCondition(conditions, newCondition('Progressing', 'True', REASON.NEW_REPLICA_SET_AVAILABLE, text, nowUs));
  }
  if (isDeploymentProgressing(deployment, next)) {
    const fresh = newCondition('Progressing', 'True', REASON.REPLICA_SET_UPDATED, `${who} is progressing.`, nowUs);
    // Replaced even when status and reason stay: lastUpdateTime must say when progress was last seen.
    const kept = current?.status === 'True' ? { ...fresh, lastTransitionTime: current.lastTransitionTime } : fresh;
    return setCondition(withoutCondition(conditions, 'Progressing'), kept);
  }
  if (isDeploymentTimedOut(deployment, next, nowUs)) {
    const text = `${who} has timed out progressing.`;
    return setCondition(conditions, newCondition('Progressing', 'False', REASON.TIMED_OUT, text, nowUs));
  }
  return conditions;
}

/**
 * When to look again at a rollout whose status did not change, so that its deadline is noticed:
 * a delay in us, `soon` when less than a second is left, undefined when there is nothing to wait for.
 */
export function nextProgressCheck(deployment: Deployment, next: DeploymentStatus, nowUs: TimeUs): number | 'soon' | undefined {
  const current = conditionOf(deployment.status.conditions, 'Progressing');
  if (!hasProgressDeadline(deployment) || current === undefined) return undefined;
  if (isDeploymentComplete(deployment, next) || current.reason === REASON.TIMED_OUT) return undefined;
  const leftUs = current.lastUpdateTime + deployment.spec.progressDeadlineSeconds * SECOND_US - nowUs;
  return leftUs < SECOND_US ? 'soon' : leftUs + SECOND_US;
}

/** The Progressing condition a pause or its end asks for; undefined when it is there already or must not be overwritten. */
export function pauseCondition(deployment: Deployment, nowUs: TimeUs): DeploymentCondition | undefined {
  if (!hasProgressDeadline(deployment)) return undefined;
  const reason = conditionOf(deployment.status.conditions, 'Progressing')?.reason;
  // A deadline that was missed stays on record.
  if (reason === REASON.TIMED_OUT) return undefined;
  const wasPaused = reason === REASON.PAUSED;
  if (deployment.spec.paused === wasPaused) return undefined;
  return deployment.spec.paused
    ? newCondition('Progressing', 'Unknown', REASON.PAUSED, 'Deployment is paused', nowUs)
    : newCondition('Progressing', 'Unknown', REASON.RESUMED, 'Deployment is resumed', nowUs);
}

/** Conditions are compared by identity: the functions here keep those that did not change. */
export function isSameDeploymentStatus(a: DeploymentStatus, b: DeploymentStatus): boolean {
  return (
    a.observedGeneration === b.observedGeneration &&
    a.replicas === b.replicas &&
    a.updatedReplicas === b.updatedReplicas &&
    a.readyReplicas === b.readyReplicas &&
    a.availableReplicas === b.availableReplicas &&
    a.unavailableReplicas === b.unavailableReplicas &&
    a.collisionCount === b.collisionCount &&
    a.conditions.length === b.conditions.length &&
    a.conditions.every((condition, index) => condition === b.conditions[index])
  );
}
