/**
 * AttemptReports: tells observers what became of attempts. Builds nothing while nobody listens.
 */
import type { ComponentContext } from '../client/component.ts';
import type { ObjectKey } from '../objects/meta.ts';
import { type AttemptRecord, type AttemptResult, type EvaluationRecord, evaluationTopic, schedulingAttemptTopic } from './attempts.ts';
import type { NominatingInfo, Snapshot } from './framework.ts';
import type { Decision } from './scheduler-parts.ts';

const NO_NAMES: readonly string[] = Object.freeze([]);

export class AttemptReports {
  private readonly ctx: ComponentContext;
  private readonly explains: ((podKey: ObjectKey, podAttempt: number) => boolean) | undefined;

  constructor(ctx: ComponentContext, explains: ((podKey: ObjectKey, podAttempt: number) => boolean) | undefined) {
    this.ctx = ctx;
    this.explains = explains;
  }

  /** Whether the attempt is to be evaluated and announced in full. */
  isExplained(podKey: ObjectKey, podAttempt: number): boolean {
    return this.explains?.(podKey, podAttempt) ?? false;
  }

  explain({ attempt, evaluation, candidate }: Decision, snapshot: Snapshot): void {
    const { record, startUs: timeUs } = attempt;
    const announced: EvaluationRecord = {
      component: this.ctx.name,
      schedulerName: attempt.profile.schedulerName,
      attempt: attempt.number,
      podAttempt: record.attempts,
      podKey: record.key,
      podUid: record.uid,
      timeUs,
      nodeNames: snapshot.nodes.map((node) => node.name),
      evaluation,
      candidate,
    };
    this.ctx.engine.observers.emit(evaluationTopic, announced, timeUs);
  }

  /** `message` is empty when scheduled. */
  announce(decision: Decision, result: AttemptResult, message: string, nominating: NominatingInfo): void {
    const { observers, nowUs } = this.ctx.engine;
    if (!observers.has(schedulingAttemptTopic)) return;
    const { attempt, evaluation, candidate } = decision;
    const { record } = attempt;
    const isScheduled = result === 'scheduled';
    const announced: AttemptRecord = {
      component: this.ctx.name,
      schedulerName: attempt.profile.schedulerName,
      attempt: attempt.number,
      podAttempt: record.attempts,
      podKey: record.key,
      podUid: record.uid,
      priority: record.priority,
      timeUs: attempt.startUs,
      durationUs: nowUs - attempt.startUs,
      queueWaitUs: attempt.queueWaitUs,
      sinceAddedUs: nowUs - record.addedUs,
      result,
      nodeName: isScheduled ? evaluation.nodeName : '',
      nodeCount: decision.nodeCount,
      evaluatedCount: evaluation.evaluatedCount,
      feasibleCount: evaluation.feasibleCount,
      tieCount: evaluation.tieCount,
      message,
      unschedulablePlugins: isScheduled ? NO_NAMES : record.unschedulablePlugins,
      nominatedNodeName: nominating.mode === 'override' ? nominating.nodeName : '',
      victims: candidate === undefined ? NO_NAMES : candidate.victims.map((victim) => victim.key),
    };
    observers.emit(schedulingAttemptTopic, announced, nowUs);
  }
}
