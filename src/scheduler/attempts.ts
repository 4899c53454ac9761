/**
 * Attempts: what the scheduler announces about every scheduling attempt and every binding.
 *
 * Compact on purpose: enough for latency and queueing measures and to say why pods stayed pending. The
 * full story of one attempt (each node's verdict and score) is recomputed on demand, by replaying the run with that
 * attempt picked.
 * Units     microseconds
 */
import { defineTopic, type Topic } from '../engine/observers.ts';
import type { ObjectKey, TimeUs } from '../objects/meta.ts';
import type { Evaluation, PreemptionCandidate } from './framework.ts';

export type AttemptResult = 'scheduled' | 'unschedulable' | 'error';

export interface AttemptRecord {
  /** Name of the scheduler process. */
  readonly component: string;
  /** The profile that handled the pod. */
  readonly schedulerName: string;
  /** Counts the attempts of this process since it started, from 1. */
  readonly attempt: number;
  /** Which attempt of this pod it is, from 1; starts anew when the scheduler does. */
  readonly podAttempt: number;
  readonly podKey: ObjectKey;
  readonly podUid: string;
  readonly priority: number;
  /** When the pod was taken from the queue; the decision takes effect `durationUs` later. */
  readonly timeUs: TimeUs;
  readonly durationUs: number;
  /** Since the pod was added, or since its previous attempt failed. */
  readonly queueWaitUs: number;
  /** Since the pod was first added to the queue. */
  readonly sinceAddedUs: number;
  readonly result: AttemptResult;
  /** Empty unless scheduled. */
  readonly nodeName: string;
  readonly nodeCount: number;
  readonly evaluatedCount: number;
  readonly feasibleCount: number;
  /** Nodes that shared the best score. */
  readonly tieCount: number;
  /** The text of the FailedScheduling event; empty when scheduled. */
  readonly message: string;
  readonly unschedulablePlugins: readonly string[];
  /** The node that preemption chose; empty when it chose none. */
  readonly nominatedNodeName: string;
  /** Keys of the pods that are evicted for this one, most important first. */
  readonly victims: readonly ObjectKey[];
}

/** Announced when the decision takes effect. */
export const schedulingAttemptTopic: Topic<AttemptRecord> = defineTopic('scheduler.attempt');

/** One attempt in full: what every node said, and every score. */
export interface EvaluationRecord {
  readonly component: string;
  readonly schedulerName: string;
  readonly attempt: number;
  readonly podAttempt: number;
  readonly podKey: ObjectKey;
  readonly podUid: string;
  readonly timeUs: TimeUs;
  /** In the scheduler's order. */
  readonly nodeNames: readonly string[];
  readonly evaluation: Evaluation;
  /** With preemption: the node and the victims it chose. */
  readonly candidate: PreemptionCandidate | undefined;
}

/** Announced at the beginning of the attempts that `SchedulerOptions.explains` picks. To be read at once: parts of it change later. */
export const evaluationTopic: Topic<EvaluationRecord> = defineTopic('scheduler.evaluation');

export interface BindingRecord {
  readonly component: string;
  readonly podKey: ObjectKey;
  readonly podUid: string;
  readonly nodeName: string;
  readonly isBound: boolean;
  /** Why it failed; empty when bound. */
  readonly message: string;
  /** Attempts it took, this one included. */
  readonly podAttempt: number;
  /** From the decision to the answer of the API server. */
  readonly durationUs: number;
  /** Since the pod was first added to the queue: the whole scheduling latency. */
  readonly sinceAddedUs: number;
}

/** Announced when a binding cycle ends, well or not. */
export const bindingTopic: Topic<BindingRecord> = defineTopic('scheduler.binding');
