/**
 * ReplicaSet: keeps the wanted number of pods of one template alive.
 *
 * Models    kubernetes v1.34 pkg/controller/replicaset/replica_set.go
 * Differs   status.terminatingReplicas is not kept (alpha, off); there is no periodic resync
 * Order     pods are looked at in cache order; victims by the deletion ranking
 * Cost      O(1) per sync while all pods of the set carry the same labels, none has to be deleted and the namespace has no
 *           orphans; else O(pods of the set + orphans)
 */
import { Expectations } from '../client/expectations.ts';
import type { Informer } from '../client/informer.ts';
import { WorkQueue } from '../client/work-queue.ts';
import { all, type Op } from '../engine/process.ts';
import { SECOND_US } from '../engine/units.ts';
import { isApiStatus, type Result } from '../objects/api-status.ts';
import { controllerOf, isDeleting, keyOf } from '../objects/meta.ts';
import { isActive, type Pod } from '../objects/pod.ts';
import { type LabelMatcher, labelsContain } from '../objects/selectors.ts';
import type { ReplicaSet, ReplicaSetStatus } from '../objects/workloads.ts';
import {
  type ControllerHost,
  defineController,
  flag,
  integer,
  type ReconcileResult,
  type RunningController,
  UNLIMITED_RETRIES,
} from './controller.ts';
import {
  claimObjects,
  INDEX_BY_CONTROLLER,
  indexByController,
  isSameReference,
  orphansOf,
  ownedAndOrphans,
  resolveController,
} from './ownership.ts';
import { isNamespaceTerminating, PodControl, slowStart } from './pod-control.ts';
import { becameReady, nextAvailabilityUs } from './pod-state.ts';
import { PodTally } from './pod-tally.ts';
import { podFromTemplate } from './pod-template.ts';
import {
  BURST_REPLICAS,
  computeReplicaSetStatus,
  hasCounts,
  isSameReplicaSetStatus,
  planReplicaSet,
  type ReplicaCounts,
  statusOfCounts,
} from './replicaset-plan.ts';
import { SelectorCache } from './selector-cache.ts';
import { WriteMemory } from './write-memory.ts';

export const replicaset = defineController({
  name: 'replicaset',
  summary: 'keeps the wanted number of pods of one template alive',
  workers: 5, // --concurrent-replicaset-syncs, v1.34
  parameters: [
    integer('burstReplicas', BURST_REPLICAS, 1, 1e6, 'pods created or deleted in one sync (v1.34: 500)'),
    flag('staleControllerMitigation', false, 'wait until the cache has seen the own writes for a ReplicaSet (KEP-5647; not in v1.34)'),
  ],
  create: (host) => new ReplicaSetController(host).run(),
});

class ReplicaSetController {
  private readonly host: ControllerHost;
  private readonly sets: Informer<ReplicaSet>;
  private readonly pods: Informer<Pod>;
  private readonly queue: WorkQueue;
  private readonly selectors: SelectorCache;
  private readonly expectations: Expectations;
  private readonly podControl: PodControl;
  private readonly writes: WriteMemory;
  private readonly tally: PodTally;

  constructor(host: ControllerHost) {
    const { ctx } = host;
    this.host = host;
    this.sets = ctx.informers.of('ReplicaSet');
    this.pods = ctx.informers.of('Pod');
    this.queue = new WorkQueue(ctx.scope, 'replicaset');
    this.selectors = new SelectorCache();
    this.expectations = new Expectations(ctx.engine);
    this.podControl = new PodControl(host.client, ctx.events);
    this.writes = new WriteMemory(host.params.boolean('staleControllerMitigation'), ctx.informers);
    this.tally = new PodTally();
  }

  // Watched kinds

  run(): RunningController {
    indexByController(this.sets);
    indexByController(this.pods);
    this.sets.addHandlers({
      onAdd: (set) => this.enqueue(set),
      onUpdate: (old, next) => {
        if (old.metadata.uid !== next.metadata.uid) this.handleSetDelete(old);
        this.enqueue(next);
      },
      onDelete: (set) => this.handleSetDelete(set),
    });
    this.pods.addHandlers({
      onAdd: (pod) => {
        this.tally.change(undefined, pod);
        this.handlePodAdd(pod);
      },
      onUpdate: (old, next) => {
        this.tally.change(old, next);
        this.handlePodUpdate(old, next);
      },
      onDelete: (pod, _isTombstone, known) => {
        this.tally.change(known, undefined);
        this.handlePodDelete(pod);
      },
    });
    const workers = this.host.params.number('workers');
    return { queues: [{ queue: this.queue, workers, maxRetries: UNLIMITED_RETRIES, reconcile: (key) => this.reconcile(key) }] };
  }

  private enqueue(set: ReplicaSet): void {
    this.queue.add(keyOf(set));
  }

  private handleSetDelete(set: ReplicaSet): void {
    const key = keyOf(set);
    if (!this.host.quirks.has('replicaset-expectations-outlive-owner')) this.expectations.forget(key);
    this.writes.forget(key);
    this.queue.add(key);
  }

  private handlePodAdd(pod: Pod): void {
    if (isDeleting(pod)) {
      // After a restart a pod may be seen first when it is already on its way out.
      this.handlePodDelete(pod);
      return;
    }
    const reference = controllerOf(pod);
    if (reference === undefined) {
      this.enqueueMatching(pod);
      return;
    }
    const set = resolveController(this.sets, 'ReplicaSet', pod.metadata.namespace, reference);
    if (set === undefined) return;
    this.expectations.creationObserved(keyOf(set));
    this.enqueue(set);
  }

  private handlePodUpdate(old: Pod, pod: Pod): void {
    if (old.metadata.resourceVersion === pod.metadata.resourceVersion) return;
    const isRelabeled = old.metadata.labels !== pod.metadata.labels && !haveSameLabels(old, pod);
    if (isDeleting(pod)) {
      this.handlePodDelete(pod);
      if (isRelabeled) this.handlePodDelete(old);
      return;
    }
    const reference = controllerOf(pod);
    const oldReference = controllerOf(old);
    const isReowned = !isSameReference(oldReference, reference);
    if (isReowned && oldReference !== undefined) {
      const oldSet = resolveController(this.sets, 'ReplicaSet', old.metadata.namespace, oldReference);
      if (oldSet !== undefined) this.enqueue(oldSet);
    }
    if (reference !== undefined) {
      const set = resolveController(this.sets, 'ReplicaSet', pod.metadata.namespace, reference);
      if (set === undefined) return;
      this.enqueue(set);
      if (set.spec.minReadySeconds > 0 && becameReady(old, pod)) this.queue.addAfter(keyOf(set), set.spec.minReadySeconds * SECOND_US);
      return;
    }
    if (isRelabeled || isReowned) this.enqueueMatching(pod);
  }

  private handlePodDelete(pod: Pod): void {
    const set = resolveController(this.sets, 'ReplicaSet', pod.metadata.namespace, controllerOf(pod));
    if (set === undefined) return;
    const key = keyOf(set);
    this.expectations.deletionObserved(key, keyOf(pod));
    this.queue.add(key);
  }

  /** An orphan may be adopted by any set that selects it. */
  private enqueueMatching(pod: Pod): void {
    for (const set of this.sets.inNamespace(pod.metadata.namespace)) {
      const selector = this.selectors.of(set.spec.selector);
      if (!selector.isEmpty && selector.matches(pod.metadata.labels)) this.enqueue(set);
    }
  }

  // Reconcile

  private *reconcile(key: string): Op<ReconcileResult> {
    const set = this.sets.get(key);
    if (set === undefined) {
      this.expectations.forget(key);
      this.writes.forget(key);
      return undefined;
    }
    const stale = this.writes.staleness(key);
    if (stale !== undefined) return stale;
    const mayManage = this.expectations.isSatisfied(key);
    const selector = this.selectors.of(set.spec.selector);
    const counts = this.countAlike(set, selector, mayManage);
    if (counts !== undefined) return yield* this.reconcileAlike(key, set, counts, mayManage);
    const candidates = ownedAndOrphans(this.pods, set).filter(isActive);
    const claim = yield* claimObjects(this.host.client, 'Pod', set, selector, candidates);
    for (const pod of claim.written) this.writes.note(key, pod);
    if (claim.error !== undefined) return claim.error;
    const manageError = mayManage && !isDeleting(set) ? yield* this.manageReplicas(key, set, claim.claimed) : undefined;
    const nowUs = this.host.ctx.engine.nowUs;
    const updated = yield* this.writeStatus(set, computeReplicaSetStatus(set, claim.claimed, manageError, nowUs));
    if (isApiStatus(updated)) return updated;
    if (manageError !== undefined) return manageError;
    const { minReadySeconds } = updated.spec;
    if (minReadySeconds > 0 && updated.status.readyReplicas !== updated.status.availableReplicas) {
      this.queue.addAfter(key, nextAvailabilityUs(claim.claimed, minReadySeconds, nowUs) ?? minReadySeconds * SECOND_US);
    }
    return undefined;
  }

  /** Counts of the set's pods when no single one has to be looked at; undefined otherwise. */
  private countAlike(set: ReplicaSet, selector: LabelMatcher, mayManage: boolean): ReplicaCounts | undefined {
    if (set.spec.minReadySeconds > 0) return undefined;
    const tally = this.tally.of(set.metadata.uid);
    if (tally === undefined || tally.isMixed || !selector.matches(tally.labels)) return undefined;
    if (mayManage && tally.active > set.spec.replicas) return undefined;
    if (this.pods.byIndex(INDEX_BY_CONTROLLER, orphansOf(set.metadata.namespace)).length > 0) return undefined;
    const { active, ready } = tally;
    return { active, ready, available: ready, labeled: labelsContain(tally.labels, set.spec.template.metadata.labels) ? active : 0 };
  }

  private *reconcileAlike(key: string, set: ReplicaSet, counts: ReplicaCounts, mayManage: boolean): Op<ReconcileResult> {
    const missing = mayManage && !isDeleting(set) ? set.spec.replicas - counts.active : 0;
    // Most syncs find everything as it was.
    if (missing <= 0 && hasCounts(set, counts)) return undefined;
    const burst = this.host.params.number('burstReplicas');
    const manageError = missing > 0 ? yield* this.createPods(key, set, Math.min(missing, burst)) : undefined;
    const updated = yield* this.writeStatus(set, statusOfCounts(set, counts, manageError, this.host.ctx.engine.nowUs));
    return isApiStatus(updated) ? updated : manageError;
  }

  /** Creates or deletes pods; gives the error to report in status and to retry. */
  private *manageReplicas(key: string, set: ReplicaSet, active: readonly Pod[]): Op<ReconcileResult> {
    const burst = this.host.params.number('burstReplicas');
    const plan = planReplicaSet(active, set.spec.replicas, () => this.relatedPods(set), this.host.ctx.engine.nowUs, burst);
    if (plan.createCount > 0) return yield* this.createPods(key, set, plan.createCount);
    if (plan.deletes.length > 0) return yield* this.deletePods(key, set, plan.deletes);
    return undefined;
  }

  private *createPods(key: string, set: ReplicaSet, count: number): Op<ReconcileResult> {
    this.expectations.expectCreations(key, count);
    const template = podFromTemplate(set.spec.template, set);
    const outcome = yield* slowStart(count, () => this.createPod(key, set, template));
    // What was skipped or failed will never be seen by the informer.
    const missing = count - outcome.successes;
    if (missing > 0) this.expectations.lowerCreations(key, missing);
    return outcome.error;
  }

  private *createPod(key: string, set: ReplicaSet, template: Pod): Op<unknown> {
    const created = yield* this.podControl.create(template, set);
    if (!isApiStatus(created)) this.writes.note(key, created);
    // No pod can be made in a namespace that goes away: trying again would be noise.
    return isApiStatus(created) && isNamespaceTerminating(created) ? undefined : created;
  }

  private *deletePods(key: string, set: ReplicaSet, victims: readonly Pod[]): Op<ReconcileResult> {
    this.expectations.expectDeletions(key, victims.map(keyOf));
    const results = yield* all(victims.map((pod) => this.podControl.delete(pod, set)));
    let error: ReconcileResult;
    results.forEach((result, index) => {
      if (!isApiStatus(result)) {
        this.writes.note(key, result);
        return;
      }
      this.expectations.deletionObserved(key, keyOf(victims[index]!));
      if (!result.isNotFound) error ??= result;
    });
    return error;
  }

  // Helpers

  /** Active pods of all sets with the same controller; none for a set of its own, so that its pods all rank alike. */
  private relatedPods(set: ReplicaSet): readonly Pod[] {
    const reference = controllerOf(set);
    if (reference === undefined) return [];
    const related: Pod[] = [];
    for (const other of this.sets.byIndex(INDEX_BY_CONTROLLER, reference.uid)) {
      for (const pod of this.pods.byIndex(INDEX_BY_CONTROLLER, other.metadata.uid)) if (isActive(pod)) related.push(pod);
    }
    return related;
  }

  /** Writes the status if it changed; after a refusal once more on the object as the server has it. */
  private *writeStatus(set: ReplicaSet, next: ReplicaSetStatus): Op<Result<ReplicaSet>> {
    if (isSameReplicaSetStatus(set, next)) return set;
    const status = { ...next, observedGeneration: set.metadata.generation };
    const first = yield* this.host.client.updateStatus({ ...set, status });
    if (!isApiStatus(first)) return first;
    const fresh = yield* this.host.client.get('ReplicaSet', keyOf(set));
    if (isApiStatus(fresh)) return fresh;
    const second = yield* this.host.client.updateStatus({ ...fresh, status });
    return second;
  }
}

function haveSameLabels(a: Pod, b: Pod): boolean {
  const keys = Object.keys(a.metadata.labels);
  if (keys.length !== Object.keys(b.metadata.labels).length) return false;
  return keys.every((key) => a.metadata.labels[key] === b.metadata.labels[key]);
}
