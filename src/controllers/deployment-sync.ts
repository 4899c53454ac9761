/**
 * DeploymentSync: one pass over one Deployment, from what the caches showed when it began.
 *
 * The pass works on its own copy of the Deployment: revision annotation and conditions set on the way
 * are seen by its later steps, as upstream's deep copy is. Every step that fails ends the pass.
 *
 * Models    kubernetes v1.34 pkg/controller/deployment/sync.go, rolling.go, recreate.go, rollback.go
 */
import type { WorkQueue } from '../client/work-queue.ts';
import type { Op } from '../engine/process.ts';
import { isApiStatus, type Result } from '../objects/api-status.ts';
import { controllerOf, keyOf, newMeta, withEntries } from '../objects/meta.ts';
import type { Deployment, DeploymentCondition, DeploymentStatus, ReplicaSet } from '../objects/workloads.ts';
import { conditionOf, setCondition } from './conditions.ts';
import type { ControllerHost, ReconcileError, ReconcileResult } from './controller.ts';
import {
  ANNOTATION_REVISION,
  annotationsForNewSet,
  findNewReplicaSet,
  lastRevision,
  maxRevision,
  planHistoryCleanup,
  revisionOf,
  rollbackTarget,
  withoutRollback,
  withSizeAnnotations,
  withTemplate,
} from './deployment-history.ts';
import {
  activeSets,
  findActiveOrLatest,
  isRollingUpdate,
  isSaturated,
  isScalingEvent,
  maxScaleDown,
  newReplicaSetSize,
  planOldScaleDown,
  planUnhealthyCleanup,
  proportionalScale,
  type Resize,
  sumOfSpec,
  sumOfStatus,
} from './deployment-plan.ts';
import {
  computeDeploymentStatus,
  computeRolloutStatus,
  hasProgressDeadline,
  isDeploymentComplete,
  isSameDeploymentStatus,
  newCondition,
  nextProgressCheck,
  pauseCondition,
  REASON,
} from './deployment-status.ts';
import { isNamespaceTerminating } from './pod-control.ts';
import { controllerReference } from './pod-template.ts';
import { LABEL_TEMPLATE_HASH, type TemplateTexts, withHashLabel, withoutHashLabel } from './template-hash.ts';

/** The ReplicaSets of a Deployment, told apart. */
interface SetList {
  newSet: ReplicaSet | undefined;
  readonly oldSets: ReplicaSet[];
}

/** Longest name of an object: upstream cuts ReplicaSet names there. */
const NAME_LENGTH_MAX = 253;

export class DeploymentSync {
  /** Claimed ReplicaSets; set by the caller before anything but `refuseEmptySelector`. */
  sets: readonly ReplicaSet[];
  private readonly host: ControllerHost;
  private readonly queue: WorkQueue;
  private readonly texts: TemplateTexts;
  private readonly cachedSet: (name: string) => ReplicaSet | undefined;
  private deployment: Deployment;

  constructor(
    host: ControllerHost,
    queue: WorkQueue,
    texts: TemplateTexts,
    deployment: Deployment,
    cachedSet: (name: string) => ReplicaSet | undefined,
  ) {
    this.sets = [];
    this.host = host;
    this.queue = queue;
    this.texts = texts;
    this.cachedSet = cachedSet;
    this.deployment = deployment;
  }

  private get nowUs(): number {
    return this.host.ctx.engine.nowUs;
  }

  private get desired(): number {
    return this.deployment.spec.replicas;
  }

  // Cases that make no progress of their own

  /** A selector that matches every pod of the namespace cannot be meant. */
  *refuseEmptySelector(): Op<ReconcileResult> {
    this.emit('Warning', 'SelectingAll', 'This deployment is selecting all pods. A non-empty selector is required.');
    const { status, metadata } = this.deployment;
    if (status.observedGeneration >= metadata.generation) return undefined;
    return yield* this.writeStatus({ ...status, observedGeneration: metadata.generation });
  }

  *syncStatusOnly(): Op<ReconcileResult> {
    const list = yield* this.splitSets(false);
    if (isError(list)) return list;
    return yield* this.writeStatusIfChanged(list);
  }

  *notePause(): Op<ReconcileResult> {
    const condition = pauseCondition(this.deployment, this.nowUs);
    if (condition === undefined) return undefined;
    this.setCondition(condition);
    return yield* this.writeStatus(this.deployment.status);
  }

  *isScaling(): Op<boolean | ReconcileError> {
    const list = yield* this.splitSets(false);
    if (isError(list)) return list;
    return isScalingEvent(this.deployment, [...list.oldSets, list.newSet]);
  }

  /** Paused, or scaled since the last sync: size the ReplicaSets without moving the rollout on. */
  *syncSize(): Op<ReconcileResult> {
    const list = yield* this.splitSets(false);
    if (isError(list)) return list;
    const scaleError = yield* this.scale(list);
    if (scaleError !== undefined) return scaleError;
    if (this.deployment.spec.paused && !this.wantsRollback) {
      const cleanupError = yield* this.cleanUpHistory(list.oldSets);
      if (cleanupError !== undefined) return cleanupError;
    }
    return yield* this.writeStatusIfChanged(list);
  }

  private *scale(list: SetList): Op<ReconcileResult> {
    const single = findActiveOrLatest(list.newSet, list.oldSets);
    if (single !== undefined) {
      const resized = yield* this.resizeIfNeeded(single, this.desired);
      return isApiStatus(resized) ? resized : undefined;
    }
    if (isSaturated(this.deployment, list.newSet)) {
      for (const old of activeSets(list.oldSets)) {
        const resized = yield* this.resizeIfNeeded(old, 0);
        if (isApiStatus(resized)) return resized;
      }
      return undefined;
    }
    if (!isRollingUpdate(this.deployment)) return undefined;
    for (const { set, size } of proportionalScale(this.deployment, activeSets([...list.oldSets, list.newSet]))) {
      const resized = yield* this.resize(set, size);
      if (isApiStatus(resized)) return resized;
    }
    return undefined;
  }

  // Rollback

  get wantsRollback(): boolean {
    return rollbackTarget(this.deployment) !== undefined;
  }

  /** Copies the template of an older revision into the Deployment; the next sync then rolls out as usual. */
  *rollback(): Op<ReconcileResult> {
    const list = yield* this.splitSets(true);
    if (isError(list)) return list;
    const all = allOf(list);
    const wanted = rollbackTarget(this.deployment) || lastRevision(all);
    const target = wanted === 0 ? undefined : all.find((set) => revisionOf(set) === wanted);
    if (target === undefined) {
      const message = wanted === 0 ? 'Unable to find last revision.' : 'Unable to find the revision to rollback to.';
      this.emit('Warning', 'DeploymentRollbackRevisionNotFound', message);
      return yield* this.update(withoutRollback(this.deployment));
    }
    if (this.texts.isSame(this.deployment.spec.template, target.spec.template)) {
      const message = `The rollback revision contains the same template as current deployment "${this.deployment.metadata.name}"`;
      this.emit('Warning', 'DeploymentRollbackTemplateUnchanged', message);
      return yield* this.update(withoutRollback(this.deployment));
    }
    const error = yield* this.update(withoutRollback(withTemplate(this.deployment, withoutHashLabel(target.spec.template), target)));
    if (error !== undefined) return error;
    this.emit('Normal', 'DeploymentRollback', `Rolled back deployment "${this.deployment.metadata.name}" to revision ${wanted}`);
    return undefined;
  }

  private *update(next: Deployment): Op<ReconcileResult> {
    const updated = yield* this.host.client.update(next);
    return isApiStatus(updated) ? updated : undefined;
  }

  // Rollouts

  /** One step of a rolling update: grow the new set, or else shrink the old ones. */
  *rollingUpdate(): Op<ReconcileResult> {
    const list = yield* this.splitSets(true);
    if (isError(list)) return list;
    const grown = yield* this.growNewSet(list);
    if (isError(grown)) return grown;
    if (grown) return yield* this.writeRolloutStatus(list);
    if (yield* this.shrinkOldSets(list)) return yield* this.writeRolloutStatus(list);
    return yield* this.finishRollout(list);
  }

  private *growNewSet(list: SetList): Op<boolean | ReconcileError> {
    const newSet = list.newSet!;
    if (newSet.spec.replicas === this.desired) return false;
    const size = newSet.spec.replicas > this.desired ? this.desired : newReplicaSetSize(this.deployment, allOf(list), newSet);
    const resized = yield* this.resizeIfNeeded(newSet, size);
    if (isApiStatus(resized)) return resized;
    list.newSet = resized;
    return resized !== newSet;
  }

  /** True when some old set got smaller. A refused resize counts as none and is tried again by a later sync. */
  private *shrinkOldSets(list: SetList): Op<boolean> {
    if (sumOfSpec(list.oldSets) === 0) return false;
    const budget = maxScaleDown(this.deployment, allOf(list), list.newSet!);
    if (budget <= 0) return false;
    const cleanup = planUnhealthyCleanup(list.oldSets, budget);
    const cleaned = yield* this.resizeOldSets(list, cleanup.resizes);
    if (cleaned === undefined || cleanup.isCutShort) return false;
    const shrunk = yield* this.resizeOldSets(list, planOldScaleDown(this.deployment, allOf(list), list.oldSets));
    return shrunk === undefined ? false : cleaned + shrunk > 0;
  }

  /** How many sets were resized; undefined when one was refused. */
  private *resizeOldSets(list: SetList, resizes: readonly Resize[]): Op<number | undefined> {
    for (const { set, size } of resizes) {
      const resized = yield* this.resizeIfNeeded(set, size);
      if (isApiStatus(resized)) return undefined;
      list.oldSets[list.oldSets.indexOf(set)] = resized;
    }
    return resizes.length;
  }

  /** Recreate: all old pods have to be gone before the first new one is made. */
  *recreate(isOldPodLeft: boolean): Op<ReconcileResult> {
    let list = yield* this.splitSets(false);
    if (isError(list)) return list;
    let isScaledDown = false;
    for (const old of activeSets(list.oldSets)) {
      const resized = yield* this.resizeIfNeeded(old, 0);
      if (isApiStatus(resized)) return resized;
      list.oldSets[list.oldSets.indexOf(old)] = resized;
      isScaledDown = true;
    }
    if (isScaledDown || sumOfStatus(list.oldSets, 'replicas') > 0 || isOldPodLeft) return yield* this.writeRolloutStatus(list);
    if (list.newSet === undefined) {
      list = yield* this.splitSets(true);
      if (isError(list)) return list;
    }
    const resized = yield* this.resizeIfNeeded(list.newSet!, this.desired);
    if (isApiStatus(resized)) return resized;
    list.newSet = resized;
    return yield* this.finishRollout(list);
  }

  private *finishRollout(list: SetList): Op<ReconcileResult> {
    if (isDeploymentComplete(this.deployment, this.deployment.status)) {
      const error = yield* this.cleanUpHistory(list.oldSets);
      if (error !== undefined) return error;
    }
    return yield* this.writeRolloutStatus(list);
  }

  // ReplicaSets

  /** New and old sets, with the new one's revision and annotations brought up to date; `mayCreate` makes it when missing. */
  private *splitSets(mayCreate: boolean): Op<SetList | ReconcileError> {
    const found = findNewReplicaSet(this.deployment, this.sets, this.texts);
    const oldSets = this.sets.filter((set) => set !== found);
    const revision = maxRevision(oldSets) + 1;
    let newSet: Result<ReplicaSet> | undefined;
    if (found !== undefined) newSet = yield* this.refreshNewSet(found, revision);
    else if (mayCreate) newSet = yield* this.createNewSet(oldSets, revision);
    if (isApiStatus(newSet)) return newSet;
    return { newSet, oldSets };
  }

  private *refreshNewSet(found: ReplicaSet, revision: number): Op<Result<ReplicaSet>> {
    const annotations = annotationsForNewSet(this.deployment, found.metadata.annotations, revision);
    const { minReadySeconds } = this.deployment.spec;
    if (annotations !== found.metadata.annotations || found.spec.minReadySeconds !== minReadySeconds) {
      return yield* this.host.client.update({
        ...found,
        metadata: { ...found.metadata, annotations },
        spec: { ...found.spec, minReadySeconds },
      });
    }
    let isChanged = this.setRevision(found.metadata.annotations[ANNOTATION_REVISION] ?? '');
    if (hasProgressDeadline(this.deployment) && conditionOf(this.deployment.status.conditions, 'Progressing') === undefined) {
      const message = `Found new replica set "${found.metadata.name}"`;
      this.setCondition(newCondition('Progressing', 'True', REASON.FOUND_NEW_REPLICA_SET, message, this.nowUs));
      isChanged = true;
    }
    return (isChanged ? yield* this.flushStatus() : undefined) ?? found;
  }

  private *createNewSet(oldSets: readonly ReplicaSet[], revision: number): Op<Result<ReplicaSet>> {
    const draft = this.draftNewSet(oldSets, revision);
    const { name } = draft.metadata;
    const created = yield* this.host.client.create(draft);
    let newSet = draft;
    let isOurs = false;
    if (!isApiStatus(created)) {
      newSet = created;
    } else if (created.isAlreadyExists) {
      const existing = this.cachedSet(name);
      if (existing === undefined) return created;
      isOurs =
        controllerOf(existing)?.uid === this.deployment.metadata.uid &&
        this.texts.isSame(existing.spec.template, this.deployment.spec.template);
      if (!isOurs) return this.host.quirks.has('deployment-weak-template-hash') ? created : ((yield* this.countCollision()) ?? created);
      newSet = existing;
    } else {
      if (isNamespaceTerminating(created)) return created;
      yield* this.reportCreateFailure(name, created.message);
      return created;
    }
    if (!isOurs && draft.spec.replicas > 0) {
      this.emit('Normal', 'ScalingReplicaSet', `Scaled up replica set ${name} from 0 to ${draft.spec.replicas}`);
    }
    let isChanged = this.setRevision(String(revision));
    if (!isOurs && hasProgressDeadline(this.deployment)) {
      this.setCondition(newCondition('Progressing', 'True', REASON.NEW_REPLICA_SET, `Created new replica set "${name}"`, this.nowUs));
      isChanged = true;
    }
    return (isChanged ? yield* this.flushStatus() : undefined) ?? newSet;
  }

  private draftNewSet(oldSets: readonly ReplicaSet[], revision: number): ReplicaSet {
    const { deployment } = this;
    const { metadata, spec, status } = deployment;
    const hash = this.texts.hashOf(spec.template, status.collisionCount);
    const { annotations: templateAnnotations, finalizers } = spec.template.metadata;
    const labels = withHashLabel(spec.template.metadata.labels, hash);
    const empty: ReplicaSet = {
      kind: 'ReplicaSet',
      apiVersion: 'apps/v1',
      metadata: newMeta({
        name: `${metadata.name}-${hash}`.slice(0, NAME_LENGTH_MAX),
        namespace: metadata.namespace,
        labels,
        annotations: withSizeAnnotations(deployment, annotationsForNewSet(deployment, {}, revision)),
        ownerReferences: [controllerReference(deployment)],
      }),
      spec: {
        replicas: 0,
        minReadySeconds: spec.minReadySeconds,
        selector: { ...spec.selector, matchLabels: withEntries(spec.selector.matchLabels, { [LABEL_TEMPLATE_HASH]: hash }) },
        template: { metadata: { labels, annotations: templateAnnotations, finalizers }, spec: spec.template.spec },
      },
      status: { replicas: 0, fullyLabeledReplicas: 0, readyReplicas: 0, availableReplicas: 0, observedGeneration: 0, conditions: [] },
    };
    const replicas = newReplicaSetSize(deployment, [...oldSets, empty], empty);
    return { ...empty, spec: { ...empty.spec, replicas } };
  }

  /** Another template has the same hash: the next try hashes with a higher count. */
  private *countCollision(): Op<undefined> {
    const { status } = this.deployment;
    yield* this.writeStatus({ ...status, collisionCount: (status.collisionCount ?? 0) + 1 });
    return undefined;
  }

  private *reportCreateFailure(name: string, why: string): Op<void> {
    const message = `Failed to create new replica set "${name}": ${why}`;
    if (hasProgressDeadline(this.deployment)) {
      this.setCondition(newCondition('Progressing', 'False', REASON.REPLICA_SET_CREATE_ERROR, message, this.nowUs));
      yield* this.writeStatus(this.deployment.status);
    }
    this.emit('Warning', REASON.REPLICA_SET_CREATE_ERROR, message);
  }

  private *resizeIfNeeded(set: ReplicaSet, size: number): Op<Result<ReplicaSet>> {
    return set.spec.replicas === size ? set : yield* this.resize(set, size);
  }

  /** Writes size and size annotations if either changed. */
  private *resize(set: ReplicaSet, size: number): Op<Result<ReplicaSet>> {
    const old = set.spec.replicas;
    const annotations = withSizeAnnotations(this.deployment, set.metadata.annotations);
    if (old === size && annotations === set.metadata.annotations) return set;
    const updated = yield* this.host.client.update({
      ...set,
      metadata: { ...set.metadata, annotations },
      spec: { ...set.spec, replicas: size },
    });
    if (!isApiStatus(updated) && old !== size) {
      this.emit(
        'Normal',
        'ScalingReplicaSet',
        `Scaled ${old < size ? 'up' : 'down'} replica set ${set.metadata.name} from ${old} to ${size}`,
      );
    }
    return updated;
  }

  private *cleanUpHistory(oldSets: readonly ReplicaSet[]): Op<ReconcileResult> {
    for (const set of planHistoryCleanup(this.deployment, oldSets)) {
      const deleted = yield* this.host.client.delete('ReplicaSet', keyOf(set));
      if (isApiStatus(deleted) && !deleted.isNotFound) return deleted;
    }
    return undefined;
  }

  // Status

  private *writeStatusIfChanged(list: SetList): Op<ReconcileResult> {
    const next = computeDeploymentStatus(this.deployment, allOf(list), list.newSet, this.nowUs);
    return isSameDeploymentStatus(this.deployment.status, next) ? undefined : yield* this.writeStatus(next);
  }

  private *writeRolloutStatus(list: SetList): Op<ReconcileResult> {
    const { nowUs } = this;
    const next = computeRolloutStatus(this.deployment, allOf(list), list.newSet, nowUs);
    if (!isSameDeploymentStatus(this.deployment.status, next)) return yield* this.writeStatus(next);
    const check = nextProgressCheck(this.deployment, next, nowUs);
    const key = keyOf(this.deployment);
    if (check === 'soon') this.queue.addRateLimited(key);
    else if (check !== undefined) this.queue.addAfter(key, check, { background: true });
    return undefined;
  }

  private *writeStatus(status: DeploymentStatus): Op<ReconcileResult> {
    const updated = yield* this.host.client.updateStatus({ ...this.deployment, status });
    return isApiStatus(updated) ? updated : undefined;
  }

  /** Writes revision and conditions set so far. The copy keeps its old resourceVersion, see the note in deployment.ts. */
  private *flushStatus() {
    const updated = yield* this.host.client.updateStatus(this.deployment);
    return isApiStatus(updated) ? updated : undefined;
  }

  private setRevision(revision: string): boolean {
    const { metadata } = this.deployment;
    if (metadata.annotations[ANNOTATION_REVISION] === revision) return false;
    const annotations = withEntries(metadata.annotations, { [ANNOTATION_REVISION]: revision });
    this.deployment = { ...this.deployment, metadata: { ...metadata, annotations } };
    return true;
  }

  private setCondition(condition: DeploymentCondition): void {
    const { status } = this.deployment;
    this.deployment = { ...this.deployment, status: { ...status, conditions: setCondition(status.conditions, condition) } };
  }

  private emit(type: 'Normal' | 'Warning', reason: string, message: string): void {
    this.host.ctx.events.emit(this.deployment, type, reason, message);
  }
}

function allOf(list: SetList): ReplicaSet[] {
  return list.newSet === undefined ? list.oldSets : [...list.oldSets, list.newSet];
}

/** Errors have a message; lists of sets and booleans do not. */
function isError(value: SetList | boolean | ReconcileError): value is ReconcileError {
  return typeof value === 'object' && 'message' in value;
}
