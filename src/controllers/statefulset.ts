/**
 * StatefulSet: keeps pods with fixed names, made, removed and updated in order of their ordinals.
 *
 * Models    kubernetes v1.34 pkg/controller/statefulset/stateful_set.go, stateful_set_control.go
 * Differs   a pod whose volumes are not those of its claims is left as it is; maxUnavailable (alpha, off) is not read;
 *           revisions are kept as in controller-revision.ts; there is no periodic resync
 * Order     ordinals ascending to create, descending to remove and update
 *
 * As upstream, a set in OrderedReady whose pods are broken does not move on to a mended template until the
 * broken pod is deleted by hand (kubernetes/kubernetes#67250), and a pod on a lost node keeps its ordinal.
 */
import type { Informer } from '../client/informer.ts';
import { WorkQueue } from '../client/work-queue.ts';
import { type Op, sleep } from '../engine/process.ts';
import type { Rng } from '../engine/rng.ts';
import { MILLISECOND_US, SECOND_US } from '../engine/units.ts';
import { type ApiStatus, isApiStatus, type Result } from '../objects/api-status.ts';
import type { CustomObject } from '../objects/cluster.ts';
import { controllerOf, isDeleting, keyOf, objectKey } from '../objects/meta.ts';
import { isTerminal, type Pod } from '../objects/pod.ts';
import type { LabelMatcher } from '../objects/selectors.ts';
import type { PersistentVolumeClaim } from '../objects/storage.ts';
import type { StatefulSet, StatefulSetStatus } from '../objects/workloads.ts';
import {
  type ControllerHost,
  defineController,
  flag,
  type ReconcileError,
  type ReconcileResult,
  type RunningController,
  UNLIMITED_RETRIES,
} from './controller.ts';
import {
  compareRevisions,
  KIND_CONTROLLER_REVISION,
  newRevision,
  numberOf,
  planRevisionCleanup,
  templateOf,
  withNumber,
} from './controller-revision.ts';
import { claimObjects, indexByController, isSameReference, ownedAndOrphans, resolveController } from './ownership.ts';
import { slowStart } from './pod-control.ts';
import { becameReady } from './pod-state.ts';
import { SelectorCache } from './selector-cache.ts';
import { claimNameOf, draftClaims, isGoing, withRetention } from './statefulset-claims.ts';
import {
  completeUpdate,
  computeStatefulSetStatus,
  firstUnavailable,
  hasIdentity,
  isRunningAndReady,
  isSameStatefulSetStatus,
  isUnavailable,
  ordinalOf,
  partitionPods,
  type Replica,
  type ReplicaLists,
  type Revisions,
  revisionLabelOf,
  withIdentity,
} from './statefulset-plan.ts';
import { TemplateTexts } from './template-hash.ts';
import { WriteMemory } from './write-memory.ts';

export const statefulset = defineController({
  name: 'statefulset',
  summary: 'keeps pods with fixed names, made and updated in order',
  workers: 5, // --concurrent-statefulset-syncs, v1.34
  parameters: [
    flag('staleControllerMitigation', false, 'wait until the cache has seen the own writes for a StatefulSet (KEP-5647; not in v1.34)'),
  ],
  create: (host) => new StatefulSetController(host).run(),
});

/** What the revisions of a set are in one sync. */
interface RevisionState extends Revisions {
  /** In order, the update revision included. */
  readonly all: readonly CustomObject[];
  readonly collisionCount: number | undefined;
}

// client-go util/retry DefaultRetry: five tries, 10 ms and up to a tenth more between them.
const STATUS_TRIES_MAX = 5;
const STATUS_RETRY_US = 10 * MILLISECOND_US;
const STATUS_RETRY_JITTER_US = MILLISECOND_US;

class StatefulSetController {
  private readonly host: ControllerHost;
  private readonly sets: Informer<StatefulSet>;
  private readonly pods: Informer<Pod>;
  private readonly claims: Informer<PersistentVolumeClaim>;
  private readonly retryRng: Rng;
  private readonly revisions: Informer<CustomObject>;
  private readonly queue: WorkQueue;
  private readonly selectors: SelectorCache;
  private readonly texts: TemplateTexts;
  private readonly writes: WriteMemory;

  constructor(host: ControllerHost) {
    const { informers, scope } = host.ctx;
    this.host = host;
    this.sets = informers.of('StatefulSet');
    this.pods = informers.of('Pod');
    this.claims = informers.of('PersistentVolumeClaim');
    this.retryRng = host.ctx.rng.fork('statefulset/status-retry');
    this.revisions = informers.of(KIND_CONTROLLER_REVISION) as Informer<CustomObject>;
    this.queue = new WorkQueue(scope, 'statefulset');
    this.selectors = new SelectorCache();
    this.texts = new TemplateTexts();
    this.writes = new WriteMemory(host.params.boolean('staleControllerMitigation'), informers);
  }

  private get nowUs(): number {
    return this.host.ctx.engine.nowUs;
  }

  // Watched kinds

  run(): RunningController {
    indexByController(this.pods);
    indexByController(this.revisions);
    this.sets.addHandlers({
      onAdd: (set) => this.queue.add(keyOf(set)),
      onUpdate: (_old, set) => this.queue.add(keyOf(set)),
      onDelete: (set) => {
        this.writes.forget(keyOf(set));
        this.queue.add(keyOf(set));
      },
    });
    this.pods.addHandlers({
      onAdd: (pod) => this.handlePod(pod),
      onUpdate: (old, pod) => this.handlePodUpdate(old, pod),
      onDelete: (pod) => this.enqueueOwner(pod),
    });
    const workers = this.host.params.number('workers');
    return { queues: [{ queue: this.queue, workers, maxRetries: UNLIMITED_RETRIES, reconcile: (key) => this.reconcile(key) }] };
  }

  private enqueueOwner(pod: Pod): StatefulSet | undefined {
    const set = resolveController(this.sets, 'StatefulSet', pod.metadata.namespace, controllerOf(pod));
    if (set !== undefined) this.queue.add(keyOf(set));
    return set;
  }

  private handlePod(pod: Pod): void {
    if (isDeleting(pod) || controllerOf(pod) !== undefined) this.enqueueOwner(pod);
    else this.enqueueMatching(pod);
  }

  private handlePodUpdate(old: Pod, pod: Pod): void {
    if (old.metadata.resourceVersion === pod.metadata.resourceVersion) return;
    const isReowned = !isSameReference(controllerOf(old), controllerOf(pod));
    if (isReowned) this.enqueueOwner(old);
    if (controllerOf(pod) === undefined) {
      if (isReowned || old.metadata.labels !== pod.metadata.labels) this.enqueueMatching(pod);
      return;
    }
    const set = this.enqueueOwner(pod);
    if (set === undefined || set.spec.minReadySeconds === 0 || !becameReady(old, pod)) return;
    this.queue.addAfter(keyOf(set), (set.spec.minReadySeconds + 1) * SECOND_US);
  }

  private enqueueMatching(pod: Pod): void {
    for (const set of this.sets.inNamespace(pod.metadata.namespace)) {
      const selector = this.selectors.of(set.spec.selector);
      if (!selector.isEmpty && selector.matches(pod.metadata.labels)) this.queue.add(keyOf(set));
    }
  }

  // Reconcile

  private *reconcile(key: string): Op<ReconcileResult> {
    const set = this.sets.get(key);
    if (set === undefined) return undefined;
    const stale = this.writes.staleness(key);
    if (stale !== undefined) return stale;
    const selector = this.selectors.of(set.spec.selector);

    // 1. What belongs to the set.
    const revisions = yield* this.claimRevisions(set, selector);
    if (isError(revisions)) return revisions;
    const candidates = ownedAndOrphans(this.pods, set).filter((pod) => ordinalOf(set, pod) >= 0);
    const claim = yield* claimObjects(this.host.client, 'Pod', set, selector, candidates);
    if (claim.error !== undefined) return claim.error;

    // 2. The revision of the present template, then pods, then status.
    const state = yield* this.findRevisions(set, revisions);
    if (isError(state)) return state;
    const lists = partitionPods(set, claim.claimed, state);
    const error = isDeleting(set) ? undefined : yield* this.updatePods(key, set, lists, state);
    const status = completeUpdate(set, computeStatefulSetStatus(set, claim.claimed, state, state.collisionCount, this.nowUs));
    const statusError = yield* this.writeStatus(key, set, status);
    const historyError = yield* this.cleanUpHistory(set, claim.claimed, state);
    const failure = error ?? statusError ?? historyError;
    if (failure !== undefined) return failure;
    if (set.spec.minReadySeconds > 0 && status.availableReplicas !== set.spec.replicas) {
      // Background: while nothing else happens this only looks again.
      this.queue.addAfter(key, set.spec.minReadySeconds * SECOND_US, { background: true });
    }
    return undefined;
  }

  /** Scaling goes before updating. Each part ends the sync where it has to wait for something. */
  private *updatePods(key: string, set: StatefulSet, lists: ReplicaLists, revisions: Revisions): Op<ReconcileResult> {
    const isOrdered = set.spec.podManagementPolicy === 'OrderedReady';
    const first = firstUnavailable(lists, set.spec.minReadySeconds, this.nowUs);
    const made = yield* forAll(lists.replicas, isOrdered, isAtRest(set), (replica) => this.keepReplica(key, set, replica, isOrdered));
    if (made !== 'go on') return made.error;
    const removed = yield* forAll(lists.condemned, isOrdered, NEVER, (replica) =>
      this.removeCondemned(key, set, replica, first, isOrdered),
    );
    if (removed !== 'go on') return removed.error;
    if (set.spec.updateStrategy.type === 'OnDelete') return undefined;
    return yield* this.updateOne(key, set, lists.replicas, revisions);
  }

  private *keepReplica(key: string, set: StatefulSet, replica: Replica, isOrdered: boolean): Op<Step> {
    const { pod } = replica;
    if (replica.isCreated && isTerminal(pod)) {
      // Its successor is made once it is gone: two pods cannot have one name.
      if (isDeleting(pod)) return STOP;
      return stopWith(yield* this.deletePod(key, set, pod));
    }
    if (!replica.isCreated) {
      const error = (yield* this.createClaims(set, pod, true)) ?? (yield* this.createPod(key, set, pod));
      if (error !== undefined) return stopWith(error);
      return isOrdered ? STOP : 'go on';
    }
    if (pod.status.phase === 'Pending') {
      const missing = yield* this.createClaims(set, pod, false);
      if (missing !== undefined) return stopWith(missing);
    }
    const retention = yield* this.keepClaims(set, pod, undefined);
    if (retention !== undefined) return stopWith(retention);
    if (isOrdered && (isDeleting(pod) || !isRunningAndReady(pod) || isUnavailable(replica, set.spec.minReadySeconds, this.nowUs)))
      return STOP;
    if (hasIdentity(set, pod)) return 'go on';
    const updated = yield* this.host.client.update(withIdentity(set, pod));
    return isApiStatus(updated) ? stopWith(updated) : 'go on';
  }

  private *removeCondemned(key: string, set: StatefulSet, replica: Replica, first: Replica | undefined, isOrdered: boolean): Op<Step> {
    if (isDeleting(replica.pod)) return isOrdered ? STOP : 'go on';
    const retention = yield* this.keepClaims(set, replica.pod, replica.pod);
    if (retention !== undefined) return stopWith(retention);
    // An unavailable pod is only removed when it is not itself waiting for a lower one.
    if (isOrdered && replica !== first && isUnavailable(replica, set.spec.minReadySeconds, this.nowUs)) return STOP;
    return stopWith(yield* this.deletePod(key, set, replica.pod));
  }

  /** Deletes the highest pod of an old revision, unless one above it is still unavailable. */
  private *updateOne(key: string, set: StatefulSet, replicas: readonly Replica[], revisions: Revisions): Op<ReconcileResult> {
    const { partition } = set.spec.updateStrategy;
    for (let index = replicas.length - 1; index >= partition; index--) {
      const replica = replicas[index]!;
      if (revisionLabelOf(replica.pod) !== revisions.updateName && !isDeleting(replica.pod)) {
        return yield* this.deletePod(key, set, replica.pod);
      }
      if (isUnavailable(replica, set.spec.minReadySeconds, this.nowUs)) return undefined;
    }
    return undefined;
  }

  // Revisions

  private *claimRevisions(set: StatefulSet, selector: LabelMatcher): Op<readonly CustomObject[] | ReconcileError> {
    const candidates = ownedAndOrphans(this.revisions, set);
    const claim = yield* claimObjects(this.host.client, KIND_CONTROLLER_REVISION, set, selector, candidates);
    return claim.error ?? claim.claimed.toSorted(compareRevisions);
  }

  /** The revision of the present template (found, brought back or made) and the one the status calls current. */
  private *findRevisions(set: StatefulSet, known: readonly CustomObject[]): Op<RevisionState | ReconcileError> {
    const { template } = set.spec;
    const newest = known[known.length - 1];
    const next = newest === undefined ? 1 : numberOf(newest) + 1;
    const equal = known.findLast((revision) => this.texts.isSame(templateOf(revision), template));
    let { collisionCount } = set.status;
    let update: Result<CustomObject>;
    if (equal !== undefined && equal === newest) {
      update = equal;
    } else if (equal !== undefined) {
      update = yield* this.host.client.update(withNumber(equal, next));
    } else {
      const made = yield* this.createRevision(set, next);
      update = made.revision;
      collisionCount = made.collisionCount;
    }
    if (isApiStatus(update)) return update;
    this.writes.note(keyOf(set), update);
    const name = update.metadata.name;
    const all = [...known.filter((revision) => revision.metadata.name !== name), update];
    const current = known.find((revision) => revision.metadata.name === set.status.currentRevision) ?? update;
    return {
      currentName: current.metadata.name,
      currentTemplate: templateOf(current),
      updateName: name,
      updateTemplate: templateOf(update),
      all,
      collisionCount,
    };
  }

  private *createRevision(
    set: StatefulSet,
    number: number,
  ): Op<{ readonly revision: Result<CustomObject>; readonly collisionCount: number | undefined }> {
    let { collisionCount } = set.status;
    for (;;) {
      const draft = newRevision(set, set.spec.template, this.texts.hashOf(set.spec.template, collisionCount), number);
      const created = yield* this.host.client.create(draft);
      if (!isApiStatus(created) || !created.isAlreadyExists) return { revision: created, collisionCount };
      if (this.host.quirks.has('statefulset-duplicate-revisions')) {
        collisionCount = (collisionCount ?? 0) + 1;
        continue;
      }
      const existing = yield* this.host.client.get(KIND_CONTROLLER_REVISION, objectKey(set.metadata.namespace, draft.metadata.name));
      if (isApiStatus(existing) || this.texts.isSame(templateOf(existing), set.spec.template))
        return { revision: existing, collisionCount };
      collisionCount = (collisionCount ?? 0) + 1;
    }
  }

  private *cleanUpHistory(set: StatefulSet, pods: readonly Pod[], state: RevisionState): Op<ReconcileResult> {
    const inUse = new Set([state.currentName, state.updateName, ...pods.map(revisionLabelOf)]);
    for (const revision of planRevisionCleanup(state.all, inUse, set.spec.revisionHistoryLimit)) {
      const deleted = yield* this.host.client.delete(KIND_CONTROLLER_REVISION, keyOf(revision));
      if (isApiStatus(deleted) && !deleted.isNotFound) return deleted;
    }
    return undefined;
  }

  // Claims

  /** Makes the claims of a pod that are missing. A new pod has to wait for claims that go with its predecessor. */
  private *createClaims(set: StatefulSet, pod: Pod, isNew: boolean): Op<ReconcileResult> {
    if (set.spec.volumeClaimTemplates.length === 0) return undefined;
    for (const draft of draftClaims(set, ordinalOf(set, pod))) {
      const { name } = draft.metadata;
      const existing = this.claims.get(keyOf(draft));
      if (existing !== undefined) {
        if (isNew && isGoing(existing)) return { message: `claim ${name} goes with an earlier pod` };
        continue;
      }
      const created = yield* this.host.client.create(draft);
      const subject = `create Claim ${name} Pod ${pod.metadata.name} in StatefulSet ${set.metadata.name}`;
      if (isApiStatus(created)) {
        if (created.isAlreadyExists) continue;
        this.emit(set, 'Warning', 'FailedCreate', `${subject} failed error: ${created.message}`);
        return created;
      }
      this.emit(set, 'Normal', 'SuccessfulCreate', `${subject} success`);
    }
    return undefined;
  }

  /** Sees to it that the pod's claims belong to whom the retention policy says. */
  private *keepClaims(set: StatefulSet, pod: Pod, condemned: Pod | undefined): Op<ReconcileResult> {
    for (const { name } of set.spec.volumeClaimTemplates) {
      const claim = this.claims.get(objectKey(set.metadata.namespace, claimNameOf(set, name, ordinalOf(set, pod))));
      if (claim === undefined || isDeleting(claim)) continue;
      const wanted = withRetention(set, claim, condemned);
      if (wanted === undefined) {
        this.emit(set, 'Warning', 'ConflictingController', `claim ${claim.metadata.name} is owned by another controller`);
      } else if (wanted !== claim) {
        const written = yield* this.host.client.update(wanted);
        if (isApiStatus(written)) return written;
      }
    }
    return undefined;
  }

  // Requests

  private *createPod(key: string, set: StatefulSet, draft: Pod): Op<ReconcileResult> {
    const created = yield* this.host.client.create(draft);
    if (!isApiStatus(created)) {
      this.writes.note(key, created);
      this.emit(set, 'Normal', 'SuccessfulCreate', `create Pod ${draft.metadata.name} in StatefulSet ${set.metadata.name} successful`);
      return undefined;
    }
    if (!created.isAlreadyExists) {
      const message = `create Pod ${draft.metadata.name} in StatefulSet ${set.metadata.name} failed error: ${created.message}`;
      this.emit(set, 'Warning', 'FailedCreate', message);
    }
    return created;
  }

  private *deletePod(key: string, set: StatefulSet, pod: Pod): Op<ReconcileResult> {
    const deleted = yield* this.host.client.delete('Pod', keyOf(pod));
    if (isApiStatus(deleted) && !deleted.isNotFound) {
      const message = `delete Pod ${pod.metadata.name} in StatefulSet ${set.metadata.name} failed error: ${deleted.message}`;
      this.emit(set, 'Warning', 'FailedDelete', message);
      return deleted;
    }
    if (!isApiStatus(deleted)) this.writes.note(key, deleted);
    this.emit(set, 'Normal', 'SuccessfulDelete', `delete Pod ${pod.metadata.name} in StatefulSet ${set.metadata.name} successful`);
    return undefined;
  }

  /** Writes the status if it changed; after a conflict again on what the cache shows, which may be as old as before. */
  private *writeStatus(key: string, set: StatefulSet, status: StatefulSetStatus): Op<ApiStatus | undefined> {
    if (isSameStatefulSetStatus(set.status, status)) return undefined;
    let target = set;
    for (let tries = 1; ; tries++) {
      const written = yield* this.host.client.updateStatus({ ...target, status });
      if (!isApiStatus(written)) return undefined;
      if (!written.isConflict || tries === STATUS_TRIES_MAX) return written;
      const cached = this.sets.get(key);
      // The status of a set does not go to another that has its name by now.
      if (cached !== undefined && cached.metadata.uid !== set.metadata.uid) return written;
      target = cached ?? target;
      yield* sleep(STATUS_RETRY_US + Math.floor(this.retryRng.nextFloat() * STATUS_RETRY_JITTER_US));
    }
  }

  private emit(set: StatefulSet, type: 'Normal' | 'Warning', reason: string, message: string): void {
    this.host.ctx.events.emit(set, type, reason, message);
  }
}

// Helpers

/** What a step over one pod says of the rest of the sync. */
type Step = 'go on' | { readonly error: ReconcileResult };

const STOP: Step = Object.freeze({ error: undefined });

function stopWith(error: ReconcileResult): Step {
  return { error };
}

/** Whether a place of a set without order needs nothing, as most do in most syncs: found out without starting a process for it. */
function isAtRest(set: StatefulSet): (replica: Replica) => boolean {
  const hasClaims = set.spec.volumeClaimTemplates.length > 0;
  return ({ pod, isCreated }) => isCreated && !hasClaims && !isTerminal(pod) && hasIdentity(set, pod);
}

const NEVER = (): boolean => false;

/**
 * In order until one says stop; or, where order does not matter, all of them in growing batches until one fails.
 * What `isDone` says of a place in the latter case must not depend on time: it is asked when its batch begins.
 */
function* forAll(
  replicas: readonly Replica[],
  isOrdered: boolean,
  isDone: (replica: Replica) => boolean,
  step: (replica: Replica) => Op<Step>,
): Op<Step> {
  if (isOrdered) {
    for (const replica of replicas) {
      const result = yield* step(replica);
      if (result !== 'go on') return result;
    }
    return 'go on';
  }
  const outcome = yield* slowStart(
    replicas.length,
    (index) => errorOf(step(replicas[index]!)),
    (index) => isDone(replicas[index]!),
  );
  return outcome.error === undefined ? 'go on' : { error: outcome.error };
}

function* errorOf(step: Op<Step>): Op<unknown> {
  const result = yield* step;
  return result === 'go on' ? undefined : result.error;
}

function isError(value: readonly CustomObject[] | RevisionState | ReconcileError): value is ReconcileError {
  return 'message' in value;
}
