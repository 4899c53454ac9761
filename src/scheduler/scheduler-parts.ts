/**
 * SchedulerParts: what the pieces of one scheduler process share, and the record of one attempt.
 */
import type { ComponentContext } from '../client/component.ts';
import type { Informer } from '../client/informer.ts';
import type { ObjectKey, TimeUs } from '../objects/meta.ts';
import { isTerminal, type Pod } from '../objects/pod.ts';
import type { Quirks } from '../objects/quirks.ts';
import type { ApiCalls } from './api-calls.ts';
import type { SchedulerCache } from './cache.ts';
import type { CycleState } from './cycle-state.ts';
import type { Evaluation, NominatingInfo, PreemptionCandidate } from './framework.ts';
import type { HintMap } from './hint-map.ts';
import type { PodInfo, PodInfos } from './pod-info.ts';
import type { Profile } from './profile.ts';
import type { QueuedPod } from './queued-pod.ts';
import type { SchedulingQueue } from './scheduling-queue.ts';
import type { Behaviour } from './versions.ts';
import type { WaitingPods } from './waiting-pods.ts';

export interface SchedulerParts {
  readonly ctx: ComponentContext;
  readonly calls: ApiCalls;
  readonly behaviour: Behaviour;
  readonly podInfos: PodInfos;
  readonly pods: Informer<Pod>;
  readonly cache: SchedulerCache;
  readonly queue: SchedulingQueue;
  readonly hints: HintMap;
  /** By scheduler name. */
  readonly profiles: ReadonlyMap<string, Profile>;
  readonly waiting: WaitingPods;
  readonly quirks: Quirks;
}

/** One attempt to schedule one pod, from Pop to the end of its binding cycle. */
export interface Attempt {
  readonly number: number;
  readonly record: QueuedPod;
  readonly profile: Profile;
  /** The pod as it was popped. */
  readonly info: PodInfo;
  readonly state: CycleState;
  readonly startUs: TimeUs;
  /** Since the queue time the pod had when it was popped. */
  readonly queueWaitUs: number;
}

/** What an attempt came to, before its cycle time has passed. */
export interface Decision {
  readonly attempt: Attempt;
  readonly evaluation: Evaluation;
  /** Nodes in the snapshot. */
  readonly nodeCount: number;
  /** Of PostFilter, or of the failure. */
  readonly nominating: NominatingInfo;
  readonly candidate: PreemptionCandidate | undefined;
  /** Text of the FitError when it has been written out already; otherwise empty. */
  readonly message: string;
}

/** The nomination is cleared. */
export const CLEAR_NOMINATION: NominatingInfo = Object.freeze({ mode: 'override', nodeName: '' });

/** The pod as the scheduler's informer shows it: its watch leaves finished pods out. */
export function visiblePod(pods: Informer<Pod>, key: ObjectKey): Pod | undefined {
  const pod = pods.get(key);
  return pod === undefined || isTerminal(pod) ? undefined : pod;
}

/** Puts the pods that plugins asked for up for scheduling, and forgets the request. */
export function activateRequested(parts: SchedulerParts, state: CycleState): void {
  if (!state.hasPodsToActivate) return;
  const requested = state.podsToActivate;
  parts.queue.activate([...requested.values()] as Pod[]);
  requested.clear();
}
