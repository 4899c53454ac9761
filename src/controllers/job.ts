/**
 * Job: runs pods to completion, a wanted number of times.
 *
 * Models    kubernetes v1.34 pkg/controller/job/job_controller.go, tracking_utils.go
 * Differs   no podFailurePolicy, successPolicy, backoffLimitPerIndex or managedBy; pods are the Job's by owner
 *           reference alone, orphans are not adopted; the API server does not make up a selector, the labels that
 *           name the Job (job-name and controller-uid, with and without prefix) are put on pods all the same
 * Order     pods in cache order; victims as rankPodsForDeletion without cost and co-location
 *
 * How a pod is counted exactly once: (1) its uid goes into status.uncountedTerminatedPods, (2) its finalizer
 * is removed, (3) its uid moves into the counters. A crash between two steps loses nothing: the finalizer
 * keeps the pod until it is counted.
 */
import { Expectations } from '../client/expectations.ts';
import type { Informer } from '../client/informer.ts';
import { itemExponentialLimiter } from '../client/rate-limiters.ts';
import { WorkQueue } from '../client/work-queue.ts';
import { all, type Op } from '../engine/process.ts';
import { MINUTE_US, SECOND_US } from '../engine/units.ts';
import { isApiStatus } from '../objects/api-status.ts';
import { finishedCondition, type Job } from '../objects/job.ts';
import { type Condition, controllerOf, isDeleting, keyOf, type ObjectKey } from '../objects/meta.ts';
import { isActive, type Pod, withCondition } from '../objects/pod.ts';
import {
  type ControllerHost,
  defineController,
  duration,
  integer,
  type ReconcileError,
  type ReconcileResult,
  type RunningController,
  UNLIMITED_RETRIES,
} from './controller.ts';
import { compareActivePods } from './deletion-ranking.ts';
import { indexCounts, isSameCounts, jobPod, withoutTracking, withStatus } from './job-objects.ts';
import {
  type BackoffRecord,
  completionIndexOf,
  countReady,
  deadlineInUs,
  findFailure,
  firstFreeIndexes,
  hasTrackingFinalizer,
  isComplete,
  isPodFailed,
  isTerminating,
  NO_BACKOFF,
  newlyFinished,
  nextBackoff,
  parseIndexes,
  remainingBackoffUs,
  wantedActive,
} from './job-plan.ts';
import { INDEX_BY_CONTROLLER, indexByController, resolveController } from './ownership.ts';
import { isNamespaceTerminating, PodControl, slowStart } from './pod-control.ts';

export const job = defineController({
  name: 'job',
  summary: 'runs pods to completion, a wanted number of times',
  workers: 5, // --concurrent-job-syncs, v1.34
  parameters: [
    duration('batchPeriod', SECOND_US, 'pod events of a Job are looked at together after this time (v1.34: 1 s)', 0),
    integer('maxPodsPerSync', 500, 1, 1e6, 'pods created or deleted in one sync (v1.34: 500)'),
    integer('maxUncountedPods', 500, 1, 1e6, 'finished pods taken into the status in one sync (v1.34: 500)'),
  ],
  create: (host) => new JobController(host).run(),
});

/** What one sync works with and changes. */
interface JobSync {
  readonly key: ObjectKey;
  job: Job;
  readonly pods: readonly Pod[];
  /** Uids of pods that `pods` may still show with the finalizer although it is gone: as of when they were listed. */
  readonly removed: ReadonlySet<string>;
  readonly succeeded: number;
  readonly backoff: BackoffRecord;
  /** The terminal condition to come: it ends the Job once every pod is counted. */
  end: Condition | undefined;
}

class JobController {
  private readonly host: ControllerHost;
  private readonly jobs: Informer<Job>;
  private readonly pods: Informer<Pod>;
  private readonly queue: WorkQueue;
  private readonly orphans: WorkQueue;
  private readonly expectations: Expectations;
  /** By Job key: uids of pods whose finalizer was removed, but which the cache still shows with it. */
  private readonly removals: Map<ObjectKey, Set<string>>;
  private readonly backoffs: Map<ObjectKey, BackoffRecord>;
  private readonly podControl: PodControl;

  constructor(host: ControllerHost) {
    const { ctx } = host;
    this.host = host;
    this.jobs = ctx.informers.of('Job');
    this.pods = ctx.informers.of('Pod');
    // DefaultJobApiBackOff 1 s and MaxJobApiBackOff 1 min, v1.34.
    this.queue = new WorkQueue(ctx.scope, 'job', { limiter: itemExponentialLimiter(SECOND_US, MINUTE_US) });
    this.orphans = new WorkQueue(ctx.scope, 'job/orphan-pods', { limiter: itemExponentialLimiter(SECOND_US, MINUTE_US) });
    this.expectations = new Expectations(ctx.engine);
    this.removals = new Map();
    this.backoffs = new Map();
    this.podControl = new PodControl(host.client, ctx.events);
  }

  private get nowUs(): number {
    return this.host.ctx.engine.nowUs;
  }

  // Watched kinds

  run(): RunningController {
    indexByController(this.pods);
    this.jobs.addHandlers({
      onAdd: (added) => this.queue.add(keyOf(added)),
      onUpdate: (old, next) => this.handleJobUpdate(old, next),
      onDelete: (deleted) => {
        this.queue.add(keyOf(deleted));
        this.releasePodsOf(deleted);
      },
    });
    this.pods.addHandlers({
      onAdd: (pod) => this.handlePodAdd(pod),
      onUpdate: (old, pod) => this.handlePodUpdate(old, pod),
      onDelete: (pod) => this.handlePodDelete(pod, true),
    });
    const workers = this.host.params.number('workers');
    return {
      queues: [
        { queue: this.queue, workers, maxRetries: UNLIMITED_RETRIES, reconcile: (key) => this.reconcile(key) },
        { queue: this.orphans, workers: 1, maxRetries: UNLIMITED_RETRIES, reconcile: (key) => this.releasePod(key) },
      ],
    };
  }

  private handleJobUpdate(old: Job, next: Job): void {
    // A status update is this controller's own echo: looked at with the pod events to come.
    if (old.metadata.generation === next.metadata.generation) this.enqueueBatched(next);
    else this.queue.add(keyOf(next));
    if (finishedCondition(next) !== undefined) this.releasePodsOf(next);
    const leftUs = deadlineInUs(next, this.nowUs);
    const isMoved = old.spec.activeDeadlineSeconds !== next.spec.activeDeadlineSeconds || old.status.startTime !== next.status.startTime;
    if (isMoved && leftUs !== undefined) this.queue.addAfter(keyOf(next), leftUs, { background: true });
  }

  private enqueueBatched(owner: Job): void {
    this.queue.addAfter(keyOf(owner), this.host.params.number('batchPeriod'));
  }

  private ownerOf(pod: Pod): Job | undefined {
    return resolveController(this.jobs, 'Job', pod.metadata.namespace, controllerOf(pod));
  }

  private handlePodAdd(pod: Pod): void {
    if (isDeleting(pod)) {
      this.handlePodDelete(pod, false);
      return;
    }
    const owner = this.ownerOf(pod);
    if (owner === undefined) {
      if (hasTrackingFinalizer(pod)) this.orphans.add(keyOf(pod));
      return;
    }
    this.expectations.creationObserved(keyOf(owner));
    this.enqueueBatched(owner);
  }

  private handlePodUpdate(old: Pod, pod: Pod): void {
    if (old.metadata.resourceVersion === pod.metadata.resourceVersion) return;
    if (isDeleting(pod)) {
      this.handlePodDelete(pod, false);
      return;
    }
    const owner = this.ownerOf(pod);
    if (owner === undefined) {
      if (hasTrackingFinalizer(pod)) this.orphans.add(keyOf(pod));
      return;
    }
    if (!hasTrackingFinalizer(pod)) this.noteFinalizerGone(keyOf(owner), pod);
    this.enqueueBatched(owner);
  }

  private handlePodDelete(pod: Pod, isFinal: boolean): void {
    const owner = this.ownerOf(pod);
    const isTracked = hasTrackingFinalizer(pod);
    if (owner === undefined || finishedCondition(owner) !== undefined) {
      if (isTracked && !isFinal) this.orphans.add(keyOf(pod));
      return;
    }
    const key = keyOf(owner);
    this.expectations.deletionObserved(key, keyOf(pod));
    if (isFinal || !isTracked) this.noteFinalizerGone(key, pod);
    this.enqueueBatched(owner);
  }

  private noteFinalizerGone(key: ObjectKey, pod: Pod): void {
    this.removals.get(key)?.delete(pod.metadata.uid);
  }

  // Reconcile

  private *reconcile(key: ObjectKey): Op<ReconcileResult> {
    const cached = this.jobs.get(key);
    if (cached === undefined) {
      this.expectations.forget(key);
      this.removals.delete(key);
      this.backoffs.delete(key);
      return undefined;
    }
    if (finishedCondition(cached) !== undefined) {
      this.backoffs.delete(key);
      return undefined;
    }
    const mayManage = this.expectations.isSatisfied(key);
    const sync = this.beginSync(key, cached);
    const active = sync.pods.filter(isActive);
    const terminating = sync.pods.filter(isTerminating).length;
    const counted = { active: active.length, ready: countReady(active), terminating };

    // 1. Is it over already, or has it failed just now?
    let manageError: ReconcileError | undefined;
    sync.end = this.findEnd(sync);
    if (sync.end !== undefined) {
      const removed = yield* this.deleteAll(key, sync.job, active);
      manageError = removed.error;
      counted.active -= removed.count;
      counted.terminating += removed.count;
      counted.ready = 0;
      // Not over while a pod may be left that the cache does not show.
      if (removed.count !== active.length || !mayManage) sync.end = undefined;
    } else {
      // 2. Else more or fewer pods.
      let isManaged = false;
      if (mayManage && !isDeleting(sync.job)) {
        isManaged = true;
        const managed = yield* this.manage(sync, active, terminating);
        manageError = managed.error;
        counted.active = managed.active;
      }
      if (isComplete(sync.job, sync.succeeded, counted.active)) {
        sync.end = this.condition('SuccessCriteriaMet', 'CompletionsReached', 'Reached expected number of succeeded pods');
      } else if (isManaged) {
        this.noteSuspension(sync);
      }
    }

    // 3. Counting.
    sync.job = withStatus(sync.job, counted);
    const trackError = yield* this.track(sync, !isSameCounts(cached.status, sync.job.status));
    if (trackError !== undefined) return trackError;
    this.backoffs.set(key, sync.backoff);
    return manageError;
  }

  private beginSync(key: ObjectKey, cached: Job): JobSync {
    const { nowUs } = this;
    // A copy, as upstream's: what the cache shows later on says nothing about the pods listed here.
    const removed = new Set(this.removals.get(key));
    const pods = this.pods.byIndex(INDEX_BY_CONTROLLER, cached.metadata.uid).slice();
    const { status } = cached;
    const startTime = status.startTime ?? (cached.spec.suspend ? undefined : nowUs);
    const owner = startTime === status.startTime ? cached : withStatus(cached, { startTime });
    const finished = newlyFinished(owner, pods, removed);
    const succeeded =
      owner.spec.completionMode === 'Indexed'
        ? this.doneIndexes(owner, finished.succeeded).size
        : status.succeeded + finished.succeeded.length + status.uncountedTerminatedPods.succeeded.length;
    const backoff = nextBackoff(this.backoffs.get(key) ?? NO_BACKOFF, finished, nowUs);
    return { key, job: owner, pods, removed, succeeded, backoff, end: undefined };
  }

  private doneIndexes(owner: Job, succeeded: readonly Pod[]): Set<number> {
    const done = new Set(parseIndexes(owner.status.completedIndexes));
    for (const pod of succeeded) done.add(completionIndexOf(pod, owner));
    return done;
  }

  /** A condition of an earlier sync, or a failure found now; undefined while the Job goes on. */
  private findEnd(sync: JobSync): Condition | undefined {
    const { conditions, failed, uncountedTerminatedPods } = sync.job.status;
    const decided = conditions.find(({ type, status }) => (type === 'SuccessCriteriaMet' || type === 'FailureTarget') && status === 'True');
    if (decided !== undefined) return decided;
    const fresh = newlyFinished(sync.job, sync.pods, sync.removed).failed.length;
    const failure = findFailure(sync.job, sync.pods, failed + fresh + uncountedTerminatedPods.failed.length, this.nowUs);
    if (failure !== undefined) return this.condition('FailureTarget', failure.reason, failure.message);
    const leftUs = deadlineInUs(sync.job, this.nowUs);
    if (leftUs !== undefined) this.queue.addAfter(sync.key, leftUs, { background: true });
    return undefined;
  }

  private condition(type: string, reason: string, message: string, status: 'True' | 'False' = 'True'): Condition {
    return { type, status, reason, message, lastTransitionTime: this.nowUs };
  }

  private noteSuspension(sync: JobSync): void {
    const { conditions } = sync.job.status;
    const isNoted = conditions.some(({ type, status }) => type === 'Suspended' && status === 'True');
    if (sync.job.spec.suspend === isNoted) return;
    const { events } = this.host.ctx;
    if (sync.job.spec.suspend) {
      const suspended = this.condition('Suspended', 'JobSuspended', 'Job suspended');
      sync.job = withStatus(sync.job, { conditions: withCondition(conditions, suspended) });
      events.emit(sync.job, 'Normal', 'Suspended', 'Job suspended');
    } else {
      const resumed = this.condition('Suspended', 'JobResumed', 'Job resumed', 'False');
      // Time spent suspended does not count against the deadline.
      sync.job = withStatus(sync.job, { conditions: withCondition(conditions, resumed), startTime: this.nowUs });
      events.emit(sync.job, 'Normal', 'Resumed', 'Job resumed');
    }
  }

  // Pods

  private *manage(
    sync: JobSync,
    active: readonly Pod[],
    terminating: number,
  ): Op<{ readonly active: number; readonly error: ReconcileError | undefined }> {
    const { key, job: owner } = sync;
    if (owner.spec.suspend) {
      const removed = yield* this.deleteAll(key, owner, active);
      return { active: active.length - removed.count, error: removed.error };
    }
    const wanted = wantedActive(owner, active.length, sync.succeeded);
    const maxPods = this.host.params.number('maxPodsPerSync');
    if (active.length > wanted) {
      const victims = this.pickVictims(sync, active, Math.min(active.length - wanted, maxPods));
      const removed = yield* this.deleteAll(key, owner, victims);
      return { active: active.length - removed.count, error: removed.error };
    }
    const missing = wanted - active.length - (owner.spec.podReplacementPolicy === 'Failed' ? terminating : 0);
    if (missing <= 0) return { active: active.length, error: undefined };
    const waitUs = remainingBackoffUs(sync.backoff, this.nowUs);
    if (waitUs > 0) {
      this.queue.addAfter(key, Math.max(waitUs, SECOND_US));
      return { active: active.length, error: undefined };
    }
    const created = yield* this.createPods(sync, active, Math.min(missing, maxPods));
    return { active: active.length + created.count, error: created.error };
  }

  /** Surplus pods of an index first, then as a ReplicaSet would. */
  private pickVictims(sync: JobSync, active: readonly Pod[], count: number): Pod[] {
    const { job: owner } = sync;
    const { nowUs } = this;
    const ranked = active.toSorted((a, b) => compareActivePods(a, b, nowUs));
    if (owner.spec.completionMode !== 'Indexed') return ranked.slice(0, count);
    const kept = new Set<number>();
    const surplus = new Set<Pod>();
    for (const pod of ranked.toReversed()) {
      const index = completionIndexOf(pod, owner);
      if (index < 0 || kept.has(index)) surplus.add(pod);
      else kept.add(index);
    }
    return [...ranked.filter((pod) => surplus.has(pod)), ...ranked.filter((pod) => !surplus.has(pod))].slice(0, count);
  }

  private *createPods(
    sync: JobSync,
    active: readonly Pod[],
    count: number,
  ): Op<{ readonly count: number; readonly error: ReconcileError | undefined }> {
    const { key, job: owner } = sync;
    const indexes = owner.spec.completionMode === 'Indexed' ? this.freeIndexes(sync, active, count) : undefined;
    const total = indexes?.length ?? count;
    if (total === 0) return { count: 0, error: undefined };
    this.expectations.expectCreations(key, total);
    const outcome = yield* slowStart(total, (i) => this.createPod(owner, indexes?.[i]));
    if (outcome.successes < total) this.expectations.lowerCreations(key, total - outcome.successes);
    return { count: outcome.successes, error: outcome.error };
  }

  private *createPod(owner: Job, index: number | undefined): Op<unknown> {
    const created = yield* this.podControl.create(jobPod(owner, index), owner);
    return isApiStatus(created) && isNamespaceTerminating(created) ? undefined : created;
  }

  private freeIndexes(sync: JobSync, active: readonly Pod[], count: number): number[] {
    const { job: owner } = sync;
    const finished = newlyFinished(owner, sync.pods, sync.removed);
    const taken = new Set(active.map((pod) => completionIndexOf(pod, owner)));
    if (owner.spec.podReplacementPolicy === 'Failed') {
      for (const pod of sync.pods) if (isTerminating(pod)) taken.add(completionIndexOf(pod, owner));
    }
    return firstFreeIndexes(owner, this.doneIndexes(owner, finished.succeeded), taken, count);
  }

  private *deleteAll(
    key: ObjectKey,
    owner: Job,
    victims: readonly Pod[],
  ): Op<{ readonly count: number; readonly error: ReconcileError | undefined }> {
    if (victims.length === 0) return { count: 0, error: undefined };
    this.expectations.expectDeletions(key, victims.map(keyOf));
    const results = yield* all(victims.map((pod) => this.podControl.delete(pod, owner)));
    let count = 0;
    let error: ReconcileError | undefined;
    results.forEach((result, i) => {
      if (!isApiStatus(result) || result.isNotFound) {
        count++;
        if (!isApiStatus(result)) return;
      } else {
        error ??= result;
      }
      this.expectations.deletionObserved(key, keyOf(victims[i]!));
    });
    return { count, error };
  }

  // Counting

  private *track(sync: JobSync, isChanged: boolean): Op<ReconcileResult> {
    const { key } = sync;
    const withFinalizer = new Set(sync.pods.filter(hasTrackingFinalizer).map((pod) => pod.metadata.uid));
    // Pods whose finalizer an earlier sync removed can be counted.
    let needsWrite = this.countReleased(sync, withFinalizer) || isChanged;
    const taken = this.takeFinished(sync);
    if (taken.isChanged) needsWrite = true;
    if (sync.end !== undefined && !sync.job.status.conditions.some(({ type }) => type === sync.end!.type)) {
      sync.job = withStatus(sync.job, { conditions: [...sync.job.status.conditions, sync.end] });
      needsWrite = true;
    }

    // 1. The uids, before their finalizers go.
    if (needsWrite) {
      const error = yield* this.writeStatus(sync);
      if (error !== undefined) return error;
    }
    // 2. The finalizers.
    const releaseError = yield* this.releaseAll(key, taken.release, withFinalizer);
    // 3. The counters.
    let isAgain = this.countReleased(sync, withFinalizer);
    if (releaseError === undefined && !taken.isPartial && this.tryFinish(sync)) isAgain = true;
    if (isAgain) {
      const error = yield* this.writeStatus(sync);
      if (error !== undefined) return error;
      this.announceEnd(sync);
    }
    return releaseError;
  }

  /** Moves uids of pods without finalizer from the uncounted lists into the counters. */
  private countReleased(sync: JobSync, withFinalizer: ReadonlySet<string>): boolean {
    const { status } = sync.job;
    const { succeeded, failed } = status.uncountedTerminatedPods;
    const left = { succeeded: succeeded.filter((uid) => withFinalizer.has(uid)), failed: failed.filter((uid) => withFinalizer.has(uid)) };
    const newlySucceeded = succeeded.length - left.succeeded.length;
    const newlyFailed = failed.length - left.failed.length;
    if (newlySucceeded === 0 && newlyFailed === 0) return false;
    sync.job = withStatus(sync.job, {
      uncountedTerminatedPods: left,
      succeeded: status.succeeded + newlySucceeded,
      failed: status.failed + newlyFailed,
    });
    return true;
  }

  /** Notes finished pods in the status, and says whose finalizers can go. */
  private takeFinished(sync: JobSync): { readonly release: Pod[]; readonly isChanged: boolean; readonly isPartial: boolean } {
    const { job: owner, end, removed } = sync;
    const isIndexed = owner.spec.completionMode === 'Indexed';
    const uncounted = {
      succeeded: [...owner.status.uncountedTerminatedPods.succeeded],
      failed: [...owner.status.uncountedTerminatedPods.failed],
    };
    const done = new Set(parseIndexes(owner.status.completedIndexes));
    const release: Pod[] = [];
    let isChanged = false;
    let isPartial = false;
    for (const pod of sync.pods) {
      const { uid } = pod.metadata;
      if (!hasTrackingFinalizer(pod) || removed.has(uid)) continue;
      const isFailed = isPodFailed(pod, owner);
      const isSucceeded = pod.status.phase === 'Succeeded';
      if (!isDeleting(owner) && end === undefined && !isSucceeded && !isFailed) continue;
      release.push(pod);
      const index = isIndexed ? completionIndexOf(pod, owner) : 0;
      if (isSucceeded && !uncounted.failed.includes(uid)) {
        if (isIndexed) {
          if (index >= 0 && !done.has(index)) {
            done.add(index);
            isChanged = true;
          }
        } else if (!uncounted.succeeded.includes(uid)) {
          uncounted.succeeded.push(uid);
          isChanged = true;
        }
      } else if ((isFailed || end?.type === 'FailureTarget') && index >= 0 && !uncounted.failed.includes(uid)) {
        // A Job that has failed takes its unfinished pods for failed too.
        uncounted.failed.push(uid);
        isChanged = true;
      }
      if (uncounted.succeeded.length + uncounted.failed.length >= this.host.params.number('maxUncountedPods')) {
        isPartial = true;
        break;
      }
    }
    if (isChanged) sync.job = withStatus(owner, { uncountedTerminatedPods: uncounted, ...(isIndexed ? indexCounts(done) : {}) });
    return { release, isChanged, isPartial };
  }

  private *releaseAll(key: ObjectKey, pods: readonly Pod[], withFinalizer: Set<string>): Op<ReconcileResult> {
    if (pods.length === 0) return undefined;
    const expected = this.removals.get(key) ?? new Set<string>();
    this.removals.set(key, expected);
    for (const pod of pods) expected.add(pod.metadata.uid);
    const results = yield* all(pods.map((pod) => this.removeFinalizer(pod)));
    let error: ReconcileResult;
    results.forEach((result, i) => {
      const { uid } = pods[i]!.metadata;
      if (result === undefined) {
        withFinalizer.delete(uid);
        return;
      }
      expected.delete(uid);
      error ??= result;
    });
    return error;
  }

  private *removeFinalizer(pod: Pod): Op<ReconcileResult> {
    const patched = yield* this.host.client.patch('Pod', keyOf(pod), withoutTracking, { uid: pod.metadata.uid });
    if (!isApiStatus(patched)) return undefined;
    // A conflict, be it that another pod has the name by now, is looked at again when the cache shows more.
    return patched.isNotFound ? undefined : patched;
  }

  /** Complete or Failed, once every pod is counted and none is left on its way out. */
  private tryFinish(sync: JobSync): boolean {
    const { end } = sync;
    const { status } = sync.job;
    if (end === undefined || status.terminating > 0) return false;
    if (status.uncountedTerminatedPods.succeeded.length + status.uncountedTerminatedPods.failed.length > 0) return false;
    const isSuccess = end.type === 'SuccessCriteriaMet';
    const final = this.condition(isSuccess ? 'Complete' : 'Failed', end.reason, end.message);
    sync.job = withStatus(sync.job, { conditions: [...status.conditions, final], ...(isSuccess ? { completionTime: this.nowUs } : {}) });
    return true;
  }

  private announceEnd(sync: JobSync): void {
    const final = finishedCondition(sync.job);
    if (final === undefined) return;
    if (final.type === 'Complete') this.host.ctx.events.emit(sync.job, 'Normal', 'Completed', 'Job completed');
    else this.host.ctx.events.emit(sync.job, 'Warning', final.reason, final.message);
  }

  /** Writes the status and goes on with the object as it now is. */
  private *writeStatus(sync: JobSync): Op<ReconcileResult> {
    const updated = yield* this.host.client.updateStatus(sync.job);
    if (isApiStatus(updated)) return updated;
    sync.job = updated;
    return undefined;
  }

  // Pods without a Job to count them

  private releasePodsOf(owner: Job): void {
    for (const pod of this.pods.byIndex(INDEX_BY_CONTROLLER, owner.metadata.uid))
      if (hasTrackingFinalizer(pod)) this.orphans.add(keyOf(pod));
  }

  private *releasePod(key: ObjectKey): Op<ReconcileResult> {
    const pod = this.pods.get(key);
    if (pod === undefined || !hasTrackingFinalizer(pod)) return undefined;
    const owner = this.ownerOf(pod);
    if (owner !== undefined && finishedCondition(owner) === undefined) return undefined;
    return yield* this.removeFinalizer(pod);
  }
}
