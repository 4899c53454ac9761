/**
 * Scheduler: one kube-scheduler process.
 *
 * Models    kubernetes v1.34 pkg/scheduler/scheduler.go, schedule_one.go
 * Differs   a decision is computed at the instant its cycle begins and takes effect when the modelled cycle time
 *           has passed; upstream reads its snapshot at the beginning, too, and takes as long
 * Order     cycles are serial; binding cycles run beside them and start in the order of the decisions
 *
 *     queue --pop--> cycle: snapshot, filter, score, choose --(cycle time)--> assume, reserve, permit --> binding cycle
 *                      |                                                        |                           |
 *                      +--- no node fits: preemption --> failure handler <------+---------------------------+
 *
 * Everything here belongs to one life of the process: a restart builds it anew from the informers.
 */
import { fnv1a32 } from '../base/hash.ts';
import { fail } from '../base/invariant.ts';
import type { ComponentContext } from '../client/component.ts';
import type { EventKind } from '../engine/engine.ts';
import { SECOND_US } from '../engine/units.ts';
import type { ObjectKey } from '../objects/meta.ts';
import { NO_QUIRKS, type Quirks } from '../objects/quirks.ts';
import { type ApiCalls, ApiDispatcher, DirectCalls } from './api-calls.ts';
import { AttemptReports } from './attempt-reports.ts';
import { assumedPod, BindingCycle, rejectionOnNode } from './binding-cycle.ts';
import { SchedulerCache } from './cache.ts';
import { ApiWriter, InformerLister } from './cluster-access.ts';
import type { SchedulerConfiguration } from './configuration.ts';
import { type CycleCost, cycleDurationUs, DEFAULT_CYCLE_COST } from './cycle-cost.ts';
import { CycleState } from './cycle-state.ts';
import type { FitError } from './diagnosis.ts';
import { SchedulerEventHandlers } from './event-handlers.ts';
import { FailureHandler } from './failure-handler.ts';
import { FailureMemo, type RememberedFailure } from './failure-memo.ts';
import type { Evaluator, NominatingInfo, PluginDef, PreemptionCandidate, SchedulerContext, Snapshot, TieBreak } from './framework.ts';
import { HintMap } from './hint-map.ts';
import { Nominator } from './nominator.ts';
import { PodInfos } from './pod-info.ts';
import { PreemptionExecutor } from './preemption-executor.ts';
import { NO_NOMINATION, Profile } from './profile.ts';
import { QueueFlushes } from './queue-flushes.ts';
import type { QueuedPod } from './queued-pod.ts';
import { type Attempt, activateRequested, CLEAR_NOMINATION, type Decision, type SchedulerParts, visiblePod } from './scheduler-parts.ts';
import { SchedulingQueue } from './scheduling-queue.ts';
import { errorStatus, isRejected, isSuccess, messageOf, type Status, SUCCESS, unresolvable, unschedulable } from './status.ts';
import { behaviourOf, DEFAULT_KUBERNETES_VERSION, type KubernetesVersion } from './versions.ts';
import { WaitingPods } from './waiting-pods.ts';

export interface SchedulerOptions {
  readonly config: SchedulerConfiguration;
  /** Every plugin the configuration may name. */
  readonly definitions: readonly PluginDef[];
  /** Makes what decides; called once per life of the process. */
  readonly createEvaluator: (context: SchedulerContext, cache: SchedulerCache) => Evaluator;
  /** Default: 1.34. */
  readonly kubernetesVersion?: KubernetesVersion;
  /** Among equally good nodes: any, from the stream `tie-break`, or always the first found. Default: random. */
  readonly tieBreak?: 'random' | 'first';
  /** Default: DEFAULT_CYCLE_COST. */
  readonly cycleCost?: CycleCost;
  /** Whether like pods that fail against the same cluster share one evaluation; the run is the same. Default true. */
  readonly remembersFailures?: boolean;
  /** Known bugs of older releases to show. Default: none. */
  readonly quirks?: Quirks;
  /** Picks the attempts that are announced in full on `evaluationTopic`; must be pure. Default: none. */
  readonly explains?: (podKey: ObjectKey, podAttempt: number) => boolean;
  /** How long a pod waits without any event. Default 5 min (--pod-max-in-unschedulable-pods-duration, v1.34). */
  readonly maxUnschedulableUs?: number;
}

/** Numbers of pods by where they are. */
export interface QueueCounts {
  readonly active: number;
  readonly backoff: number;
  readonly unschedulable: number;
  readonly gated: number;
  readonly inFlight: number;
  readonly waitingOnPermit: number;
  readonly binding: number;
}

// 5 min: scheduling_queue.go (DefaultPodMaxInUnschedulablePodsDuration), v1.34.
const UNSCHEDULABLE_MAX_US = 300 * SECOND_US;

const NO_NODE_FITS = unschedulable('');
// ErrNoNodesAvailable, v1.34.
const NO_NODES = unresolvable('', 'no nodes available to schedule pods');

export class Scheduler {
  readonly parts: SchedulerParts;

  private readonly ctx: ComponentContext;
  private readonly evaluator: Evaluator;
  private readonly tieBreak: TieBreak;
  /** Where a preemption dry run starts: a random number below the given bound. */
  private readonly drawOffset: (count: number) => number;
  /** Bounds of the offsets drawn by the running attempt. */
  private readonly offsetBounds: number[];
  private readonly memo: FailureMemo | undefined;
  private readonly cycleCost: CycleCost;
  private readonly reports: AttemptReports;
  private readonly flushes: QueueFlushes;
  private readonly handlers: SchedulerEventHandlers;
  private readonly failures: FailureHandler;
  private readonly bindings: BindingCycle;
  private readonly executor: PreemptionExecutor;
  private readonly cycleKind: EventKind<Scheduler>;
  private readonly decisionKind: EventKind<readonly [Scheduler, Decision]>;
  private readonly eventTarget: number;
  private readonly costRng: ComponentContext['rng'];
  private nextStartNodeIndex: number;
  private attemptCount: number;
  private isStarted: boolean;
  /** Between the beginning of a cycle and the effect of its decision. */
  private isBusy: boolean;
  private isCyclePending: boolean;

  constructor(ctx: ComponentContext, options: SchedulerOptions) {
    const behaviour = behaviourOf(options.kubernetesVersion ?? DEFAULT_KUBERNETES_VERSION);
    const quirks = options.quirks ?? NO_QUIRKS;
    const podInfos = new PodInfos(behaviour);
    const nowUs = (): number => ctx.engine.nowUs;
    const calls: ApiCalls = behaviour.queuesApiCalls
      ? new ApiDispatcher(ctx.client, options.config.parallelism, nowUs)
      : new DirectCalls(ctx.client, nowUs);
    // Plugins of a user's may look at anything that pods on a node say.
    const cache = new SchedulerCache(
      podInfos,
      options.definitions.some(({ origin }) => origin !== undefined),
    );
    const pods = ctx.informers.of('Pod');
    const preempting = new Set<string>();
    const rng = ctx.incarnation === 1 ? ctx.rng : ctx.rng.fork(`life-${ctx.incarnation}`);
    const offsetRng = rng.fork('preemption-offset');
    const tieRng = rng.fork('tie-break');
    const isFirst = options.tieBreak === 'first';
    const nominator: Nominator = new Nominator(
      (key) => visiblePod(pods, key),
      (key) => this.parts.queue.get(key)?.info,
      (pod) => podInfos.of(pod),
      quirks,
    );
    const waiting = new WaitingPods(ctx.scope);
    const context: SchedulerContext = {
      behaviour,
      lister: new InformerLister(ctx.informers),
      snapshot: cache.snapshot,
      podInfos,
      nominated: nominator,
      writer: new ApiWriter(ctx.client, calls),
      waiters: waiting,
      pluginRng: rng.fork('plugins'),
      nowUs,
      isPreempting: (podUid) => preempting.has(podUid),
      preemptionOffset: (count) => {
        this.offsetBounds.push(count);
        return this.drawOffset(count);
      },
    };
    const profiles = new Map<string, Profile>();
    for (const profile of options.config.profiles) {
      profiles.set(profile.schedulerName, new Profile(profile, options.definitions, context));
    }
    const firstProfile = [...profiles.values()][0]!;
    const hints = new HintMap(new Map([...profiles].map(([name, profile]) => [name, profile.hints] as const)));
    const queue = new SchedulingQueue({
      nowUs: context.nowUs,
      behaviour,
      backoff: {
        initialUs: options.config.podInitialBackoffSeconds * SECOND_US,
        maxUs: options.config.podMaxBackoffSeconds * SECOND_US,
      },
      maxUnschedulableUs: options.maxUnschedulableUs ?? UNSCHEDULABLE_MAX_US,
      less: (a, b) => firstProfile.less(a, b),
      hints,
      preEnqueue: (pod, first) => profiles.get(pod.pod.spec.schedulerName)?.runPreEnqueue(pod, first) ?? SUCCESS,
      infoOf: (pod) => podInfos.of(pod),
      nominator,
      quirks,
      onReady: () => this.onReady(),
    });
    this.parts = { ctx, calls, behaviour, podInfos, pods, cache, queue, hints, profiles, waiting, quirks };
    this.ctx = ctx;
    this.evaluator = options.createEvaluator(context, cache);
    this.drawOffset = isFirst ? () => 0 : (count) => offsetRng.nextInt(count);
    this.offsetBounds = [];
    this.memo = (options.remembersFailures ?? true) ? new FailureMemo(cache, ctx.informers, nominator) : undefined;
    this.tieBreak = isFirst ? () => 0 : (count) => tieRng.nextInt(count);
    this.cycleCost = options.cycleCost ?? DEFAULT_CYCLE_COST;
    this.reports = new AttemptReports(ctx, options.explains);
    this.flushes = new QueueFlushes(ctx, queue, behaviour);
    this.handlers = new SchedulerEventHandlers(this.parts);
    this.failures = new FailureHandler(this.parts);
    this.bindings = new BindingCycle(this.parts, this.failures);
    this.executor = new PreemptionExecutor(this.parts, preempting);
    this.cycleKind = ctx.engine.kindNamed<Scheduler>('scheduler.cycle', runCycle);
    this.decisionKind = ctx.engine.kindNamed<readonly [Scheduler, Decision]>('scheduler.decision', runDecision);
    this.eventTarget = fnv1a32(ctx.name) | 0;
    this.costRng = rng.fork('cycle-cost');
    this.nextStartNodeIndex = 0;
    this.attemptCount = 0;
    this.isStarted = false;
    this.isBusy = false;
    this.isCyclePending = false;
    ctx.informers.whenSynced(() => this.start());
  }

  get queueCounts(): QueueCounts {
    const { queue, waiting } = this.parts;
    return {
      active: queue.activeCount,
      backoff: queue.backoffCount,
      unschedulable: queue.unschedulableCount,
      gated: queue.gatedCount,
      inFlight: queue.inFlightCount,
      waitingOnPermit: waiting.size,
      binding: this.bindings.openCount,
    };
  }

  /** Whether the informers have synced and pods are being scheduled. */
  get isRunning(): boolean {
    return this.isStarted;
  }

  private start(): void {
    this.handlers.start();
    this.isStarted = true;
    this.flushes.start();
    this.onReady();
  }

  // Timing --------------------------------------------------------------------------------------------

  /** A pod entered the active queue or a backoff queue. */
  private onReady(): void {
    if (!this.isStarted) return;
    const { queue } = this.parts;
    if (!this.isBusy && !this.isCyclePending && queue.isReady) {
      this.isCyclePending = true;
      this.ctx.engine.schedule(this.cycleKind, 0, this.eventTarget, this);
    }
    this.flushes.arm();
  }

  // The scheduling cycle --------------------------------------------------------------------------------

  /** Called by the cycle event. */
  beginCycle(): void {
    this.isCyclePending = false;
    const { queue, profiles } = this.parts;
    for (;;) {
      const record = queue.pop();
      if (record === undefined) return;
      const profile = profiles.get(record.pod.spec.schedulerName);
      if (profile !== undefined && !this.isToBeSkipped(record)) {
        this.decide(record, profile);
        return;
      }
      queue.done(record.uid);
    }
  }

  private isToBeSkipped(record: QueuedPod): boolean {
    const { pod } = record;
    if (pod.metadata.deletionTimestamp !== undefined) {
      this.ctx.events.emit(pod, 'Warning', 'FailedScheduling', `skip schedule deleting pod: ${record.key}`);
      return true;
    }
    return this.parts.cache.isAssumed(pod);
  }

  /** Everything up to the choice of a node, or of a node to free, as of this instant. */
  private decide(record: QueuedPod, profile: Profile): void {
    const state = new CycleState();
    const attempt: Attempt = {
      number: ++this.attemptCount,
      record,
      profile,
      info: record.info,
      state,
      startUs: this.ctx.engine.nowUs,
      queueWaitUs: record.poppedUs - record.timestampUs,
    };
    const snapshot = this.parts.cache.refresh();
    const isExplained = this.reports.isExplained(record.key, record.attempts);
    const known = isExplained ? undefined : this.memo?.find(profile, record.info);
    const decision = known === undefined ? this.evaluate(attempt, snapshot, isExplained) : this.recall(attempt, known);
    if (isExplained) this.reports.explain(decision, snapshot);
    const durationUs = cycleDurationUs(this.cycleCost, decision.evaluation.evaluatedCount, this.costRng);
    this.isBusy = true;
    if (durationUs === 0) this.conclude(decision);
    else this.ctx.engine.schedule(this.decisionKind, durationUs, this.eventTarget, [this, decision] as const);
  }

  private evaluate(attempt: Attempt, snapshot: Snapshot, isDetailed: boolean): Decision {
    const { profile, info, state } = attempt;
    const nodeCount = snapshot.nodes.length;
    this.offsetBounds.length = 0;
    const evaluation = this.evaluator.schedulePod({
      profile,
      pod: info,
      state,
      snapshot,
      nextStartNodeIndex: this.nextStartNodeIndex,
      tieBreak: this.tieBreak,
      isDetailed,
    });
    this.nextStartNodeIndex = evaluation.nextStartNodeIndex;
    const { fitError } = evaluation;
    if (fitError === undefined) return { attempt, evaluation, nodeCount, nominating: CLEAR_NOMINATION, candidate: undefined, message: '' };
    let nominating = NO_NOMINATION;
    if (profile.postFilterPlugins.length > 0) {
      const result = profile.runPostFilter(state, info, fitError.diagnosis);
      fitError.diagnosis.postFilterMessage = messageOf(result.status);
      nominating = result.nominating;
      const candidate = isSuccess(result.status) ? result.candidate : undefined;
      if (candidate !== undefined) return { attempt, evaluation, nodeCount, nominating, candidate, message: '' };
    }
    const { message } = fitError;
    const searchedCount = isSuccess(evaluation.preFilterStatus) ? fitError.diagnosis.nodeToStatus.explicitCount : -1;
    this.memo?.keep(profile, info, { evaluation, nominating, message, nodeCount, searchedCount, offsetBounds: [...this.offsetBounds] });
    return { attempt, evaluation, nodeCount, nominating, candidate: undefined, message };
  }

  /** The same failure as the last pod of this shape: nothing has changed since. */
  private recall(attempt: Attempt, known: RememberedFailure): Decision {
    const { evaluation, nodeCount, nominating, message } = known;
    if (known.searchedCount >= 0) this.nextStartNodeIndex = (this.nextStartNodeIndex + known.searchedCount) % nodeCount;
    for (const bound of known.offsetBounds) this.drawOffset(bound);
    return { attempt, evaluation, nodeCount, nominating, candidate: undefined, message };
  }

  /** The cycle time has passed. Called by the decision event, or at once when decisions take no time. */
  conclude(decision: Decision): void {
    const { evaluation } = decision;
    if (evaluation.outcome === 'scheduled') this.place(decision);
    else if (decision.candidate !== undefined && !this.parts.behaviour.hasAsyncPreemption) {
      this.preemptWithinCycle(decision, decision.candidate);
      return;
    } else this.reject(decision, evaluation.fitError, evaluation.error);
    this.endCycle();
  }

  private endCycle(): void {
    this.isBusy = false;
    this.onReady();
  }

  /** Assume, Reserve, Permit; then the binding cycle takes over. */
  private place(decision: Decision): void {
    const { attempt, evaluation } = decision;
    const { cache, queue, podInfos } = this.parts;
    const { info, profile, state } = attempt;
    const { nodeName } = evaluation;
    if (cache.hasPod(info.pod)) {
      // Somebody else placed it while this cycle ran.
      const error = errorStatus('', `pod ${info.uid}(${info.key}) is in the cache, so can't be assumed`);
      this.fail(decision, error, undefined, CLEAR_NOMINATION);
      return;
    }
    const assumed = podInfos.of(assumedPod(info.pod, nodeName));
    cache.assumePod(assumed.pod, assumed);
    queue.nominator.remove(info.uid);
    let status = profile.runReserve(state, assumed, nodeName);
    const permit = isSuccess(status) ? profile.runPermit(state, assumed, nodeName) : undefined;
    if (permit !== undefined && permit.waiting.length === 0) status = permit.status;
    if (permit === undefined || !isSuccess(status)) {
      profile.runUnreserve(state, assumed, nodeName);
      cache.forgetPod(assumed.pod);
      this.fail(decision, status, isRejected(status) ? rejectionOnNode(nodeName, status) : undefined, CLEAR_NOMINATION);
      return;
    }
    this.reports.announce(decision, 'scheduled', '', NO_NOMINATION);
    activateRequested(this.parts, state);
    this.bindings.start(attempt, assumed, permit);
  }

  /** No node fits, or the attempt broke. Evictions start after the failure handler, at the same instant. */
  private reject(decision: Decision, fitError: FitError | undefined, error: Status | undefined): void {
    const { attempt, candidate, nominating } = decision;
    const preemption = candidate === undefined ? undefined : this.executor.prepare(attempt.info, candidate);
    // A cluster without nodes rejects the pod, but no plugin is to blame: it waits out the error backoff.
    const status = decision.nodeCount === 0 ? NO_NODES : fitError === undefined ? (error ?? fail('no answer')) : NO_NODE_FITS;
    this.fail(decision, status, fitError, nominating);
    if (preemption !== undefined) this.executor.run(preemption);
  }

  /** v1.32: the cycle lasts until the victims' deletions have been answered. */
  private preemptWithinCycle(decision: Decision, candidate: PreemptionCandidate): void {
    this.executor.runWithinCycle(decision.attempt.info, candidate, (error) => {
      const { fitError } = decision.evaluation;
      if (error !== undefined) fitError!.diagnosis.postFilterMessage = `preemption: ${error.message}`;
      this.fail(decision, NO_NODE_FITS, fitError, error === undefined ? decision.nominating : NO_NOMINATION);
      this.endCycle();
    });
  }

  /** `fitError` tells the message when there is one; it is written out once, since it goes over all nodes. */
  private fail(decision: Decision, status: Status, fitError: FitError | undefined, nominating: NominatingInfo): void {
    const message = decision.message !== '' ? decision.message : (fitError?.message ?? messageOf(status));
    this.failures.handle(decision.attempt, { status, fitError, nominating, message });
    this.reports.announce(decision, isRejected(status) ? 'unschedulable' : 'error', message, nominating);
  }

  /** Runs `step` now, or when a frozen process continues; never in a dead one. Called by the engine's events. */
  whenAwake(step: () => void): void {
    const { scope } = this.ctx;
    if (scope.isFrozen || !scope.isAlive) scope.whenThawed(step);
    else step();
  }

  get isAwake(): boolean {
    const { scope } = this.ctx;
    return scope.isAlive && !scope.isFrozen;
  }
}

function runCycle(_target: number, scheduler: Scheduler): void {
  if (scheduler.isAwake) scheduler.beginCycle();
  else scheduler.whenAwake(() => scheduler.beginCycle());
}

function runDecision(_target: number, [scheduler, decision]: readonly [Scheduler, Decision]): void {
  if (scheduler.isAwake) scheduler.conclude(decision);
  else scheduler.whenAwake(() => scheduler.conclude(decision));
}
