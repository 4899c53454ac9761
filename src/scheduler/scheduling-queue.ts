/**
 * SchedulingQueue: every pending pod of the scheduler, and the rules by which it comes up for its next attempt.
 *
 * Models    kubernetes v1.34 pkg/scheduler/backend/queue/scheduling_queue.go with queueing hints; v1.32 by `behaviour`
 * Differs   one thread: Pop does not block, `onReady` says that it would succeed; flushes are called by the
 *           owner at the times given by `nextReleaseUs` and every 30 s
 * Order     by the profile's QueueSort, ties by the sequence number of the queue time
 * Cost      O(log n) per pod and move; an event costs O(1) unless a pod in the pool was rejected by a plugin that registered it
 *
 *        Add                     pop                      attempt failed
 *     ---------> active queue ----------> in flight -----------------------------+
 *                  ^      ^                                                      |
 *        gate lifted|      | backoff over, or nothing else to do (v1.34)         | replay of missed events
 *                  |      +------------ backoff queues <-------------------------+
 *                  |                         ^  event, hint says Queue           |
 *              unschedulable pool -----------+ <---------------------------------+
 */
import type { ObjectKey } from '../objects/meta.ts';
import { keyOf } from '../objects/meta.ts';
import { type Pod, priorityOf } from '../objects/pod.ts';
import type { Quirks } from '../objects/quirks.ts';
import { type BackoffLimits, BackoffRule } from './backoff.ts';
import { type ClusterEvent, EVENT, isWildcard, matchesEvent } from './cluster-event.ts';
import type { QueueItem } from './framework.ts';
import type { HintMap } from './hint-map.ts';
import { InFlight } from './in-flight.ts';
import { AS_IN_STATUS, type Nominator } from './nominator.ts';
import { podChangeEvents } from './object-changes.ts';
import { PodHeap } from './pod-heap.ts';
import type { PodInfo } from './pod-info.ts';
import { NOT_COMPUTED, PLACE, QueuedPod } from './queued-pod.ts';
import { isSuccess, type Status } from './status.ts';
import { UnschedulablePool } from './unschedulable-pool.ts';
import type { Behaviour } from './versions.ts';

export interface SchedulingQueueOptions {
  readonly nowUs: () => number;
  readonly behaviour: Behaviour;
  readonly backoff: BackoffLimits;
  /** A pod this long in the unschedulable pool is tried again without any event. */
  readonly maxUnschedulableUs: number;
  /** The profiles' QueueSort plugin. */
  readonly less: (a: QueueItem, b: QueueItem) => boolean;
  readonly hints: HintMap;
  /** PreEnqueue of the pod's profile, asking the plugin called `first` first; the refusal names its plugin. */
  readonly preEnqueue: (pod: PodInfo, first: string) => Status;
  /** Parses a pod, or finds what was parsed of its template. */
  readonly infoOf: (pod: Pod) => PodInfo;
  /** Has to resolve pods through `get` of this queue. */
  readonly nominator: Nominator;
  readonly quirks: Quirks;
  /** Called when a pod enters the active queue or a backoff queue. */
  readonly onReady: () => void;
}

/** What an event does for one unschedulable pod. */
type Strategy = 'skip' | 'afterBackoff' | 'immediately';

export class SchedulingQueue {
  readonly nominator: Nominator;

  private readonly options: SchedulingQueueOptions;
  private readonly backoffRule: BackoffRule;
  private readonly active: PodHeap;
  private readonly backoff: PodHeap;
  /** Pods whose attempts failed without a rejecting plugin. */
  private readonly errorBackoff: PodHeap;
  private readonly pool: UnschedulablePool;
  private readonly inFlight: InFlight;
  /** All records of the four stores above, by key. */
  private readonly records: Map<ObjectKey, QueuedPod>;
  private lastSequence: number;

  constructor(options: SchedulingQueueOptions) {
    this.options = options;
    const rule = new BackoffRule(options.backoff, {
      isAligned: options.behaviour.alignsBackoffToSeconds,
      countsAttempts: !options.behaviour.hasErrorBackoffQueue,
    });
    this.backoffRule = rule;
    const { less } = options;
    this.active = new PodHeap(less);
    this.backoff = new PodHeap((a, b) => {
      const endA = rule.expirationUs(a);
      const endB = rule.expirationUs(b);
      return endA < endB || (endA === endB && less(a, b));
    });
    this.errorBackoff = new PodHeap((a, b) => {
      const endA = rule.expirationUs(a);
      const endB = rule.expirationUs(b);
      return endA < endB || (endA === endB && a.sequence < b.sequence);
    });
    this.pool = new UnschedulablePool();
    this.inFlight = new InFlight();
    this.records = new Map();
    this.lastSequence = 0;
    this.nominator = options.nominator;
  }

  get activeCount(): number {
    return this.active.size;
  }

  get backoffCount(): number {
    return this.backoff.size + this.errorBackoff.size;
  }

  /** Pods in the unschedulable pool, without the gated ones. */
  get unschedulableCount(): number {
    return this.pool.size - this.pool.gatedCount;
  }

  get gatedCount(): number {
    return this.pool.gatedCount;
  }

  get inFlightCount(): number {
    return this.inFlight.podCount;
  }

  /** Whether `pop` would return a pod (or discard one). */
  get isReady(): boolean {
    return this.active.size > 0 || (this.options.behaviour.popsFromBackoffQueue && this.backoff.size > 0);
  }

  /** When the next backoff ends; Infinity when nobody backs off. Call `flushBackoff` then. */
  get nextReleaseUs(): number {
    const first = this.backoff.peek();
    const firstError = this.errorBackoff.peek();
    return Math.min(
      first === undefined ? Infinity : this.backoffRule.releaseUs(first),
      firstError === undefined ? Infinity : this.backoffRule.releaseUs(firstError),
    );
  }

  /** The record of a pod that is in some queue. */
  get(key: ObjectKey): QueuedPod | undefined {
    return this.records.get(key);
  }

  /** Every pod in some queue, in order of entry. */
  values(): IterableIterator<QueuedPod> {
    return this.records.values();
  }

  isInFlight(uid: string): boolean {
    return this.inFlight.has(uid);
  }

  add(pod: Pod): void {
    const record = this.newRecord(pod);
    const present = this.records.get(record.key);
    if (present !== undefined) this.detach(present);
    this.moveToActive(record, EVENT.UNSCHEDULABLE_POD_ADD);
  }

  /** A pending pod changed. */
  update(old: Pod, next: Pod): void {
    const events = podChangeEvents(old, next);
    if (this.inFlight.has(next.metadata.uid)) {
      // The failed attempt will read the newest version; what it missed is replayed then.
      for (const event of events) this.inFlight.addEvent(event, old, next);
      return;
    }
    const record = this.records.get(keyOf(next));
    if (record === undefined) {
      this.moveToActive(this.newRecord(next), EVENT.UNSCHEDULABLE_POD_UPDATE);
      return;
    }
    record.refresh(this.options.infoOf(next));
    this.nominator.update(old, next);
    if (record.place === PLACE.ACTIVE) this.active.fix(record);
    else if (record.place === PLACE.BACKOFF) this.backoff.fix(record);
    else if (record.place === PLACE.ERROR_BACKOFF) this.errorBackoff.fix(record);
    else {
      for (const event of events) {
        const strategy = this.worth(record, event, old, next);
        if (strategy === 'skip') continue;
        this.detach(record);
        if (this.requeue(record, strategy, event)) return;
      }
    }
  }

  delete(pod: Pod): void {
    this.nominator.remove(pod.metadata.uid);
    const record = this.records.get(keyOf(pod));
    if (record !== undefined) this.detach(record);
  }

  /**
   * The pod to schedule next, now in flight; undefined when there is none. Its record keeps the history,
   * the outcome of the previous attempt is cleared.
   */
  pop(): QueuedPod | undefined {
    for (;;) {
      const record = this.active.peek() ?? (this.options.behaviour.popsFromBackoffQueue ? this.backoff.peek() : undefined);
      if (record === undefined) return undefined;
      this.detach(record);
      record.attempts++;
      // The same pod may have been added again while its attempt is still running; one attempt is enough.
      if (this.inFlight.has(record.uid)) continue;
      this.inFlight.addPod(record.uid);
      record.poppedUs = this.options.nowUs();
      record.clearOutcome();
      return record;
    }
  }

  /** The attempt of the pod is over, or past the point where it can be rejected. */
  done(uid: string): void {
    this.inFlight.removePod(uid);
  }

  /**
   * Takes back a pod whose attempt failed, with its rejecting plugins set on the record, and ends its
   * flight. Events it missed while in flight decide where it goes. False when some queue holds the pod already.
   */
  addUnschedulableIfNotPresent(record: QueuedPod): boolean {
    if (this.records.has(record.key)) {
      this.done(record.uid);
      return false;
    }
    if (record.hasRejectors) {
      record.unschedulableCount++;
      record.consecutiveErrorsCount = 0;
    } else {
      record.consecutiveErrorsCount++;
    }
    record.timestampUs = this.options.nowUs();
    record.sequence = ++this.lastSequence;
    record.backoffExpirationUs = NOT_COMPUTED;
    this.requeue(record, this.strategyAfterAttempt(record), EVENT.SCHEDULE_ATTEMPT_FAILURE);
    this.done(record.uid);
    return true;
  }

  /** Moves the pods that `event` may help, and records it for the pods in flight. `preCheck` limits who is looked at. */
  move(event: ClusterEvent, old: unknown, next: unknown, preCheck?: (pod: Pod) => boolean): void {
    if (!this.options.hints.isRegistered(event)) return;
    if (this.pool.size > 0) {
      for (const record of this.pool.movableBy(this.options.hints.pluginsFor(event))) {
        if (preCheck === undefined || preCheck(record.pod)) this.moveOne(record, event, old, next);
      }
    }
    this.inFlight.addEvent(event, old, next);
  }

  /** Whether any event could have an effect now; lets handlers skip finding out what changed. */
  get hasListeners(): boolean {
    return this.pool.size > 0 || this.inFlight.podCount > 0;
  }

  /** Puts pods up for scheduling at once, backoff or not; pods in flight are retried when their attempt fails. */
  activate(pods: Iterable<Pod>): void {
    for (const pod of pods) {
      const record = this.records.get(keyOf(pod));
      if (record !== undefined) {
        if (record.place === PLACE.ACTIVE) continue;
        this.detach(record);
        this.moveToActive(record, EVENT.FORCE_ACTIVATE);
      } else if (this.inFlight.has(pod.metadata.uid)) {
        this.inFlight.addEvent(EVENT.FORCE_ACTIVATE, undefined, pod);
      }
    }
  }

  /** Releases the pods whose backoff is over. */
  flushBackoff(): void {
    this.flushHeap(this.backoff);
    this.flushHeap(this.errorBackoff);
  }

  /** Gives pods that no event has helped for too long another chance. Gated pods stay. */
  flushUnschedulable(): void {
    const beforeUs = this.options.nowUs() - this.options.maxUnschedulableUs;
    const overdue: QueuedPod[] = [];
    for (const record of this.pool.values()) if (record.timestampUs < beforeUs) overdue.push(record);
    if (overdue.length === 0) return;
    for (const record of overdue) this.moveOne(record, EVENT.UNSCHEDULABLE_TIMEOUT, undefined, undefined);
    this.inFlight.addEvent(EVENT.UNSCHEDULABLE_TIMEOUT, undefined, undefined);
  }

  private newRecord(pod: Pod): QueuedPod {
    return new QueuedPod(this.options.infoOf(pod), this.options.nowUs(), ++this.lastSequence);
  }

  private flushHeap(heap: PodHeap): void {
    const nowUs = this.options.nowUs();
    for (;;) {
      const record = heap.peek();
      if (record === undefined || this.backoffRule.isBackingOff(record, nowUs)) return;
      this.detach(record);
      this.moveToActive(record, EVENT.BACKOFF_COMPLETE);
    }
  }

  private moveOne(record: QueuedPod, event: ClusterEvent, old: unknown, next: unknown): void {
    if (record.isGated && !record.gatingEvents.some((registered) => matchesEvent(registered, event))) return;
    const strategy = this.worth(record, event, old, next);
    if (strategy === 'skip') return;
    this.detach(record);
    this.requeue(record, strategy, event);
  }

  private strategyAfterAttempt(record: QueuedPod): Strategy {
    if (!record.hasRejectors || !this.inFlight.has(record.uid)) return 'afterBackoff';
    let result: Strategy = 'skip';
    if (this.options.quirks.has('scheduler-loses-wakeups')) return result;
    this.inFlight.forEachMissed(record.uid, (missed) => {
      const strategy = this.worth(record, missed.event, missed.old, missed.next);
      if (strategy === 'skip') return true;
      result = strategy;
      return strategy === 'afterBackoff' && record.pendingPlugins.length > 0;
    });
    return result;
  }

  /** Whether `event` is reason enough to try `record` again. */
  private worth(record: QueuedPod, event: ClusterEvent, old: unknown, next: unknown): Strategy {
    if (!record.hasRejectors) return 'afterBackoff';
    if (isWildcard(event)) {
      // A wildcard that carries a pod is meant for that pod alone.
      return next === undefined || (next as Pod).metadata.uid === record.uid ? 'afterBackoff' : 'skip';
    }
    let result: Strategy = 'skip';
    const entries = this.options.hints.entriesFor(record.pod.spec.schedulerName, event);
    for (let i = 0; i < entries.length; i++) {
      const entry = entries[i]!;
      if (!record.isRejectedBy(entry.plugin)) continue;
      if (entry.hint !== undefined && !entry.hint(record.info, old, next)) continue;
      if (record.pendingPlugins.length === 0) return 'afterBackoff';
      if (record.pendingPlugins.includes(entry.plugin)) return 'immediately';
      result = 'afterBackoff';
    }
    return result;
  }

  /** Puts a detached record where `strategy` says. True when it is up for scheduling (active or backing off). */
  private requeue(record: QueuedPod, strategy: Strategy, event: ClusterEvent): boolean {
    if (strategy === 'skip') {
      this.enterPool(record);
      return false;
    }
    if (strategy === 'afterBackoff' && this.backoffRule.isBackingOff(record, this.options.nowUs())) return this.moveToBackoff(record);
    return this.moveToActive(record, event);
  }

  /** Puts a detached record into the active queue, or into the pool when a gate is closed. */
  private moveToActive(record: QueuedPod, event: ClusterEvent): boolean {
    const isGateChecked = event === EVENT.BACKOFF_COMPLETE && this.options.behaviour.runsPreEnqueueBeforeBackoff;
    if (!isGateChecked) this.runPreEnqueue(record);
    if (record.isGated) {
      this.enterPool(record);
      return false;
    }
    record.place = PLACE.ACTIVE;
    this.records.set(record.key, record);
    this.active.push(record);
    if (event === EVENT.UNSCHEDULABLE_POD_ADD || event === EVENT.UNSCHEDULABLE_POD_UPDATE) this.nominator.add(record.pod, AS_IN_STATUS);
    this.options.onReady();
    return true;
  }

  private moveToBackoff(record: QueuedPod): boolean {
    if (this.options.behaviour.runsPreEnqueueBeforeBackoff) {
      this.runPreEnqueue(record);
      if (record.isGated) {
        this.enterPool(record);
        return false;
      }
    }
    const isError = this.options.behaviour.hasErrorBackoffQueue && !record.hasRejectors;
    record.place = isError ? PLACE.ERROR_BACKOFF : PLACE.BACKOFF;
    this.records.set(record.key, record);
    (isError ? this.errorBackoff : this.backoff).push(record);
    this.options.onReady();
    return true;
  }

  private enterPool(record: QueuedPod): void {
    this.records.set(record.key, record);
    this.pool.add(record);
  }

  /** Asks the PreEnqueue plugins, the one that refused last first; the first refusal settles it. */
  private runPreEnqueue(record: QueuedPod): void {
    const status = this.options.preEnqueue(record.info, record.gatingPlugin);
    if (isSuccess(status)) {
      record.gatingPlugin = '';
      return;
    }
    record.addUnschedulablePlugin(status.plugin);
    record.gatingPlugin = status.plugin;
    record.gatingEvents = this.options.hints.eventsOfPlugin(status.plugin);
  }

  /** Takes the record out of whichever store holds it. */
  private detach(record: QueuedPod): void {
    switch (record.place) {
      case PLACE.ACTIVE:
        this.active.remove(record);
        break;
      case PLACE.BACKOFF:
        this.backoff.remove(record);
        break;
      case PLACE.ERROR_BACKOFF:
        this.errorBackoff.remove(record);
        break;
      case PLACE.UNSCHEDULABLE:
        this.pool.remove(record);
        break;
      default:
        return;
    }
    record.place = PLACE.NONE;
    this.records.delete(record.key);
  }
}

/** Lets only pods of at most the given priority be moved: the room freed is of no use to pods above it. */
export function atMostPriorityOf(pod: Pod): (candidate: Pod) => boolean {
  const limit = priorityOf(pod);
  return (candidate) => priorityOf(candidate) <= limit;
}
