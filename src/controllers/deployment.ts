/**
 * Deployment: rolls its pods from one template to the next by sizing one ReplicaSet per template.
 *
 * Models    kubernetes v1.34 pkg/controller/deployment/deployment_controller.go, sync.go, rolling.go, recreate.go, rollback.go
 * Differs   there is no periodic resync; names carry our own template hash (template-hash.ts)
 * Order     one resize per sync of a rolling update: every step starts from what the cache shows of the last
 * Note      a status written early in a sync makes a later status write of the same sync a Conflict, and the
 *           sync is tried again; upstream does the same
 */
import type { Informer } from '../client/informer.ts';
import { WorkQueue } from '../client/work-queue.ts';
import type { Op } from '../engine/process.ts';
import { isApiStatus } from '../objects/api-status.ts';
import { controllerOf, isDeleting, keyOf, objectKey } from '../objects/meta.ts';
import { isTerminal, type Pod } from '../objects/pod.ts';
import type { Deployment, ReplicaSet } from '../objects/workloads.ts';
import { type ControllerHost, defineController, integer, type ReconcileResult, type RunningController } from './controller.ts';
import { findNewReplicaSet } from './deployment-history.ts';
import { DeploymentSync } from './deployment-sync.ts';
import { claimObjects, INDEX_BY_CONTROLLER, indexByController, isSameReference, ownedAndOrphans, resolveController } from './ownership.ts';
import { isNamespaceTerminating } from './pod-control.ts';
import { SelectorCache } from './selector-cache.ts';
import { TemplateTexts } from './template-hash.ts';

export const deployment = defineController({
  name: 'deployment',
  summary: 'rolls pods from one template to the next by sizing one ReplicaSet per template',
  workers: 5, // --concurrent-deployment-syncs, v1.34
  parameters: [integer('maxRetries', 15, 0, 1e6, 'failed syncs in a row before a Deployment waits for its next event (v1.34: 15)')],
  create: (host) => new DeploymentController(host).run(),
});

class DeploymentController {
  private readonly host: ControllerHost;
  private readonly deployments: Informer<Deployment>;
  private readonly sets: Informer<ReplicaSet>;
  private readonly pods: Informer<Pod>;
  private readonly queue: WorkQueue;
  private readonly selectors: SelectorCache;
  private readonly texts: TemplateTexts;

  constructor(host: ControllerHost) {
    const { informers, scope } = host.ctx;
    this.host = host;
    this.deployments = informers.of('Deployment');
    this.sets = informers.of('ReplicaSet');
    this.pods = informers.of('Pod');
    this.queue = new WorkQueue(scope, 'deployment');
    this.selectors = new SelectorCache();
    this.texts = new TemplateTexts(host.quirks.has('deployment-weak-template-hash'));
  }

  // Watched kinds

  run(): RunningController {
    indexByController(this.sets);
    indexByController(this.pods);
    this.deployments.addHandlers({
      onAdd: (deployment) => this.enqueue(deployment),
      onUpdate: (_old, next) => this.enqueue(next),
      onDelete: (deployment) => this.enqueue(deployment),
    });
    this.sets.addHandlers({
      onAdd: (set) => this.handleSetAdd(set),
      onUpdate: (old, next) => this.handleSetUpdate(old, next),
      onDelete: (set) => this.enqueueOwner(set),
    });
    this.pods.addHandlers({ onDelete: (pod) => this.handlePodDelete(pod) });
    const { params } = this.host;
    const maxRetries = params.number('maxRetries');
    return {
      queues: [{ queue: this.queue, workers: params.number('workers'), maxRetries, reconcile: (key) => this.reconcileUnlessEnding(key) }],
    };
  }

  private enqueue(deployment: Deployment): void {
    this.queue.add(keyOf(deployment));
  }

  private ownerOf(set: ReplicaSet): Deployment | undefined {
    return resolveController(this.deployments, 'Deployment', set.metadata.namespace, controllerOf(set));
  }

  private enqueueOwner(set: ReplicaSet): void {
    const owner = this.ownerOf(set);
    if (owner !== undefined) this.enqueue(owner);
  }

  private handleSetAdd(set: ReplicaSet): void {
    if (isDeleting(set) || controllerOf(set) !== undefined) this.enqueueOwner(set);
    else this.enqueueMatching(set);
  }

  private handleSetUpdate(old: ReplicaSet, set: ReplicaSet): void {
    if (old.metadata.resourceVersion === set.metadata.resourceVersion) return;
    const isReowned = !isSameReference(controllerOf(old), controllerOf(set));
    if (isReowned) this.enqueueOwner(old);
    if (controllerOf(set) !== undefined) this.enqueueOwner(set);
    else if (isReowned || old.metadata.labels !== set.metadata.labels) this.enqueueMatching(set);
  }

  /** An orphan may be adopted by any Deployment that selects it. */
  private enqueueMatching(set: ReplicaSet): void {
    for (const deployment of this.deployments.inNamespace(set.metadata.namespace)) {
      const selector = this.selectors.of(deployment.spec.selector);
      if (!selector.isEmpty && selector.matches(set.metadata.labels)) this.enqueue(deployment);
    }
  }

  /** Recreate waits for the last old pod to be gone; no ReplicaSet event tells of that. */
  private handlePodDelete(pod: Pod): void {
    const set = resolveController(this.sets, 'ReplicaSet', pod.metadata.namespace, controllerOf(pod));
    const deployment = set === undefined ? undefined : this.ownerOf(set);
    if (deployment === undefined || deployment.spec.strategy.type !== 'Recreate') return;
    this.host.ctx.scope.spawn('deployment.pod-delete', this.enqueueWhenEmpty(deployment));
  }

  private *enqueueWhenEmpty(deployment: Deployment): Op<void> {
    const { uid, namespace } = deployment.metadata;
    const listed = yield* this.host.client.list('ReplicaSet', { namespace, select: (set) => controllerOf(set)?.uid === uid });
    if (isApiStatus(listed)) return;
    if (listed.items.every((set) => this.pods.byIndex(INDEX_BY_CONTROLLER, set.metadata.uid).length === 0)) this.enqueue(deployment);
  }

  // Reconcile

  /** A namespace that goes away refuses new ReplicaSets: no reason to try again. */
  private *reconcileUnlessEnding(key: string): Op<ReconcileResult> {
    const error = yield* this.reconcile(key);
    return isApiStatus(error) && isNamespaceTerminating(error) ? undefined : error;
  }

  private *reconcile(key: string): Op<ReconcileResult> {
    const deployment = this.deployments.get(key);
    if (deployment === undefined) return undefined;
    const selector = this.selectors.of(deployment.spec.selector);
    const sync = new DeploymentSync(this.host, this.queue, this.texts, deployment, (name) =>
      this.sets.get(objectKey(deployment.metadata.namespace, name)),
    );
    if (selector.isEmpty) return yield* sync.refuseEmptySelector();

    // 1. Which ReplicaSets are ours.
    const claim = yield* claimObjects(this.host.client, 'ReplicaSet', deployment, selector, ownedAndOrphans(this.sets, deployment));
    if (claim.error !== undefined) return claim.error;
    sync.sets = claim.claimed;

    // 2. Cases that make no progress of their own.
    if (isDeleting(deployment)) return yield* sync.syncStatusOnly();
    const pauseError = yield* sync.notePause();
    if (pauseError !== undefined) return pauseError;
    if (deployment.spec.paused) return yield* sync.syncSize();
    if (sync.wantsRollback) return yield* sync.rollback();
    const scaling = yield* sync.isScaling();
    if (typeof scaling !== 'boolean') return scaling;
    if (scaling) return yield* sync.syncSize();

    // 3. The rollout.
    if (deployment.spec.strategy.type === 'RollingUpdate') return yield* sync.rollingUpdate();
    return yield* sync.recreate(this.isOldPodLeft(deployment, claim.claimed));
  }

  // Helpers

  /** Any pod of an old ReplicaSet that may still run, terminating ones included. */
  private isOldPodLeft(deployment: Deployment, sets: readonly ReplicaSet[]): boolean {
    const newSet = findNewReplicaSet(deployment, sets, this.texts);
    return sets.some((set) => set !== newSet && this.pods.byIndex(INDEX_BY_CONTROLLER, set.metadata.uid).some((pod) => !isTerminal(pod)));
  }
}
