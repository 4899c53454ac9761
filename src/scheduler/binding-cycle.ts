/**
 * BindingCycle: from an assumed pod to a bound one, beside the scheduling of the next pods.
 *
 * Models    kubernetes v1.34 pkg/scheduler/schedule_one.go (bindingCycle, handleBindingCycleError), default_binder.go
 * Differs   with the default binder and nothing to wait for, a binding is one request with a callback and no
 *           process; the requests and their times are the same
 * Order     WaitOnPermit, Done, PreBind, Bind, PostBind
 */

import type { Op, Wait } from '../engine/process.ts';
import { SECOND_US } from '../engine/units.ts';
import { copyPod, copyPodSpec } from '../objects/copies.ts';
import type { Pod } from '../objects/pod.ts';
import { type BindingRecord, bindingTopic } from './attempts.ts';
import { EVENT } from './cluster-event.ts';
import { FitError, newDiagnosis } from './diagnosis.ts';
import type { FailureHandler } from './failure-handler.ts';
import type { PodInfo } from './pod-info.ts';
import type { PermitOutcome } from './profile.ts';
import { type Attempt, activateRequested, CLEAR_NOMINATION, type SchedulerParts } from './scheduler-parts.ts';
import { errorStatus, isRejected, isSuccess, messageOf, type Status, SUCCESS } from './status.ts';

const DEFAULT_BINDER = 'DefaultBinder';
// 30 s after the binding: durationToExpireAssumedPod, v1.22.
const ASSUMPTION_TTL_US = 30 * SECOND_US;

/** A pod with a node, between the decision and the answer of the API server. */
interface Binding {
  readonly attempt: Attempt;
  readonly assumed: PodInfo;
  readonly nodeName: string;
  readonly startUs: number;
}

export class BindingCycle {
  private readonly parts: SchedulerParts;
  private readonly failures: FailureHandler;
  private open: number;

  constructor(parts: SchedulerParts, failures: FailureHandler) {
    this.parts = parts;
    this.failures = failures;
    this.open = 0;
  }

  /** Binding cycles that have not ended. */
  get openCount(): number {
    return this.open;
  }

  start(attempt: Attempt, assumed: PodInfo, permit: PermitOutcome): void {
    const binding: Binding = { attempt, assumed, nodeName: assumed.pod.spec.nodeName, startUs: this.parts.ctx.scope.nowUs };
    this.open++;
    if (permit.waiting.length === 0) {
      this.prepare(binding);
      return;
    }
    this.parts.waiting.add(assumed, permit.waiting, (status) => {
      if (isSuccess(status)) this.prepare(binding);
      else this.fail(binding, status);
    });
  }

  /** The pod can no longer be rejected: events need not be kept for it. */
  private prepare(binding: Binding): void {
    const { attempt, assumed, nodeName } = binding;
    this.parts.queue.done(attempt.record.uid);
    const { profile, state } = attempt;
    const hasDefaultBinder = profile.bindPlugins.length === 1 && profile.bindPlugins[0]!.name === DEFAULT_BINDER;
    if (hasDefaultBinder && !profile.needsPreBind(state, nodeName)) {
      this.bindByDefault(binding);
      return;
    }
    const op = profile.runPreBind(state, assumed, nodeName);
    const first = op.next();
    if (first.done !== true || !hasDefaultBinder) {
      this.parts.ctx.scope.spawn(`bind/${assumed.key}`, this.prepareAndBind(binding, op, first));
    } else if (isSuccess(first.value)) {
      this.bindByDefault(binding);
    } else {
      this.fail(binding, first.value);
    }
  }

  private *prepareAndBind(binding: Binding, op: Op<Status>, first: IteratorResult<Wait, Status>): Op<void> {
    let step = first;
    while (step.done !== true) step = op.next(yield step.value);
    const { profile, state } = binding.attempt;
    let status = step.value;
    if (isSuccess(status)) status = yield* profile.runBind(state, binding.assumed, binding.nodeName);
    this.finish(binding, status);
  }

  private bindByDefault(binding: Binding): void {
    this.parts.calls.bind(binding.assumed, binding.nodeName, (error) => {
      this.finish(
        binding,
        error === undefined ? SUCCESS : errorStatus(DEFAULT_BINDER, `running Bind plugin "${DEFAULT_BINDER}": ${error.message}`),
      );
    });
  }

  private finish(binding: Binding, status: Status): void {
    if (!isSuccess(status)) {
      this.fail(binding, status);
      return;
    }
    const { attempt, assumed, nodeName } = binding;
    const { metadata } = assumed.pod;
    this.open--;
    if (this.parts.quirks.has('scheduler-assumptions-expire')) this.expireLater(assumed.pod);
    this.parts.ctx.events.emit(
      assumed.pod,
      'Normal',
      'Scheduled',
      `Successfully assigned ${metadata.namespace}/${metadata.name} to ${nodeName}`,
    );
    attempt.profile.runPostBind(attempt.state, assumed, nodeName);
    activateRequested(this.parts, attempt.state);
    this.announce(binding, '');
  }

  /** The behaviour of releases before v1.23. */
  private expireLater(pod: Pod): void {
    this.parts.ctx.scope.timer('scheduler.assumption-expiry', ASSUMPTION_TTL_US, () => this.parts.cache.forgetPod(pod), {
      background: true,
    });
  }

  /** Takes the assumption back, wakes who can use the room, and hands the pod to the failure handler. */
  private fail(binding: Binding, status: Status): void {
    const { attempt, assumed, nodeName } = binding;
    const { cache, queue } = this.parts;
    const { pod } = assumed;
    this.open--;
    attempt.profile.runUnreserve(attempt.state, assumed, nodeName);
    const wasAssumed = cache.isAssumed(pod);
    if (wasAssumed) cache.forgetPod(pod);
    const fitError = isRejected(status) ? rejectionOnNode(nodeName, status) : undefined;
    const message = fitError?.message ?? messageOf(status);
    const failure = { status, fitError, nominating: CLEAR_NOMINATION, message };
    if (isRejected(status)) {
      this.failures.handle(attempt, failure);
      // After the handler, or the event of its own room would send the pod straight back.
      if (wasAssumed) queue.move(EVENT.ASSIGNED_POD_DELETE, pod, undefined, (other) => other.metadata.uid !== pod.metadata.uid);
    } else {
      if (wasAssumed) queue.move(EVENT.ASSIGNED_POD_DELETE, pod, undefined);
      this.failures.handle(attempt, failure);
    }
    this.announce(binding, message);
  }

  private announce(binding: Binding, message: string): void {
    const { ctx } = this.parts;
    const { observers, nowUs } = ctx.engine;
    if (!observers.has(bindingTopic)) return;
    const { record } = binding.attempt;
    const announced: BindingRecord = {
      component: ctx.name,
      podKey: record.key,
      podUid: record.uid,
      nodeName: binding.nodeName,
      isBound: message === '',
      message,
      podAttempt: record.attempts,
      durationUs: nowUs - binding.startUs,
      sinceAddedUs: nowUs - record.addedUs,
    };
    observers.emit(bindingTopic, announced, nowUs);
  }
}

/** The FitError of a rejection after a node was chosen (Reserve, Permit): one node, one plugin. */
export function rejectionOnNode(nodeName: string, status: Status): FitError {
  const diagnosis = newDiagnosis();
  diagnosis.nodeToStatus.set(nodeName, status);
  (status.code === 'Pending' ? diagnosis.pendingPlugins : diagnosis.unschedulablePlugins).add(status.plugin);
  return new FitError(1, diagnosis);
}

/** The pod as it will be once bound. */
export function assumedPod(pod: Pod, nodeName: string): Pod {
  const assumed = copyPod(pod);
  const spec = copyPodSpec(pod.spec);
  spec.nodeName = nodeName;
  assumed.spec = spec;
  return assumed;
}
