/**
 * PreemptionExecutor: makes room on the node that preemption chose.
 *
 * Models    kubernetes v1.34 pkg/scheduler/framework/preemption/executor (prepareCandidateAsync, prepareCandidate, preemptPod)
 * Differs   the background work starts right after the failure handler of the attempt, at the same instant
 * Order     lower nominations cleared (v1.34 does not wait for that), then all victims but the last in list order, then the last
 *
 * While the work runs the preemptor is gated (`isPreempting`); the gate opens before the last victim is
 * deleted, so that the deletion's event finds it open.
 */

import { type ApiStatus, isApiStatus, type Result } from '../objects/api-status.ts';
import { copyPod, copyPodStatus, withPodConditions } from '../objects/copies.ts';
import { type Pod, type PodCondition, podCondition, withCondition } from '../objects/pod.ts';
import type { PreemptionCandidate } from './framework.ts';
import type { PodInfo } from './pod-info.ts';
import { CLEAR_NOMINATION, type SchedulerParts } from './scheduler-parts.ts';

const PLUGIN = 'DefaultPreemption';

/** Evictions that are about to be carried out. */
export interface Preemption {
  readonly preemptor: PodInfo;
  readonly nodeName: string;
  /** Victims still to be deleted; never empty. */
  readonly victims: readonly PodInfo[];
}

type EvictionResult = 'evicted' | 'gone' | ApiStatus;

export class PreemptionExecutor {
  private readonly parts: SchedulerParts;
  private readonly preempting: Set<string>;

  constructor(parts: SchedulerParts, preempting: Set<string>) {
    this.parts = parts;
    this.preempting = preempting;
  }

  /**
   * Gates the preemptor and says what is to be done; undefined when every victim is being deleted already, and
   * nothing is left to do.
   */
  prepare(preemptor: PodInfo, candidate: PreemptionCandidate): Preemption | undefined {
    const victims = candidate.victims.filter((victim) => !victim.isTerminating);
    if (victims.length === 0) return undefined;
    this.preempting.add(preemptor.uid);
    return { preemptor, nodeName: candidate.nodeName, victims };
  }

  /** Carries out what `prepare` returned; ends by itself. */
  run(preemption: Preemption): void {
    const { preemptor, nodeName, victims } = preemption;
    let hasFailed = false;
    let goneCount = 0;
    const count = (result: EvictionResult): void => {
      if (result === 'gone') goneCount++;
      else if (result !== 'evicted') hasFailed = true;
    };
    const last = victims.length - 1;
    this.clearLowerNominations(preemptor, nodeName, (error) => {
      if (error !== undefined) hasFailed = true;
      this.evictEach(preemptor, nodeName, victims.slice(0, last), count, () => {
        this.preempting.delete(preemptor.uid);
        this.evict(preemptor, nodeName, victims[last]!, (result) => {
          count(result);
          // No deletion event may come in these cases, so nothing else would wake the preemptor.
          if (hasFailed || goneCount === victims.length) this.parts.queue.activate([preemptor.pod]);
        });
      });
    });
  }

  /** v1.32: evicts within the scheduling cycle, all victims at once; `done` gets the first error. */
  runWithinCycle(preemptor: PodInfo, candidate: PreemptionCandidate, done: (error: ApiStatus | undefined) => void): void {
    let failure: ApiStatus | undefined;
    const count = (result: EvictionResult): void => {
      if (isApiStatus(result)) failure ??= result;
    };
    this.evictEach(preemptor, candidate.nodeName, candidate.victims, count, () => {
      if (failure !== undefined) done(failure);
      else this.clearLowerNominations(preemptor, candidate.nodeName, () => done(undefined));
    });
  }

  /** Pods of lower priority that were promised this node may no longer fit; they look for another. */
  private clearLowerNominations(preemptor: PodInfo, nodeName: string, done: (error: ApiStatus | undefined) => void): void {
    const lower = this.parts.queue.nominator
      .onNode(nodeName)
      .filter((pod) => pod.priority < preemptor.priority && pod.pod.status.nominatedNodeName !== '');
    let open = lower.length;
    let failure: ApiStatus | undefined;
    if (open === 0) {
      done(undefined);
      return;
    }
    if (this.parts.behaviour.queuesApiCalls) {
      for (const pod of lower) this.parts.calls.patchStatus(pod.pod, { condition: undefined, nominating: CLEAR_NOMINATION });
      done(undefined);
      return;
    }
    for (const pod of lower) {
      this.patchStatus(pod, withoutNomination, (result) => {
        if (isApiStatus(result)) failure ??= result;
        if (--open === 0) done(failure);
      });
    }
  }

  private evictEach(
    preemptor: PodInfo,
    nodeName: string,
    victims: readonly PodInfo[],
    each: (result: EvictionResult) => void,
    done: () => void,
  ): void {
    let open = victims.length;
    if (open === 0) {
      done();
      return;
    }
    for (const victim of victims) {
      this.evict(preemptor, nodeName, victim, (result) => {
        each(result);
        if (--open === 0) done();
      });
    }
  }

  /** A pod that waits on Permit is refused; any other is marked and deleted with its own grace period. */
  private evict(preemptor: PodInfo, nodeName: string, victim: PodInfo, done: (result: EvictionResult) => void): void {
    const { waiting, ctx } = this.parts;
    if (waiting.reject(victim.uid, PLUGIN, 'preempted')) {
      this.announce(preemptor, nodeName, victim);
      done('evicted');
      return;
    }
    const condition: PodCondition = {
      type: 'DisruptionTarget',
      status: 'True',
      reason: 'PreemptionByScheduler',
      message: `${preemptor.pod.spec.schedulerName}: preempting to accommodate a higher priority pod`,
      lastTransitionTime: ctx.scope.nowUs,
    };
    const remove = (): void => {
      ctx.client.send({ verb: 'delete', kind: 'Pod', key: victim.key }, (result) => {
        if (isApiStatus(result)) {
          done(result.isNotFound ? 'gone' : result);
          return;
        }
        this.announce(preemptor, nodeName, victim);
        done('evicted');
      });
    };
    const known = podCondition(victim.pod, condition.type);
    if (known?.status === 'True' && known.reason === condition.reason && known.message === condition.message) {
      remove();
      return;
    }
    this.patchStatus(
      victim,
      (current) => withPodConditions(current, withCondition(current.status.conditions, condition)),
      (result) => {
        if (!isApiStatus(result)) remove();
        else done(result.isNotFound ? 'gone' : result);
      },
    );
  }

  private patchStatus(pod: PodInfo, mutate: (current: Pod) => Pod, done: (result: Result<Pod>) => void): void {
    this.parts.ctx.client.send({ verb: 'patch', kind: 'Pod', key: pod.key, subresource: 'status', mutate }, done);
  }

  private announce(preemptor: PodInfo, nodeName: string, victim: PodInfo): void {
    this.parts.ctx.events.emit(victim.pod, 'Normal', 'Preempted', `Preempted by pod ${preemptor.uid} on node ${nodeName}`);
  }
}

function withoutNomination(pod: Pod): Pod {
  if (pod.status.nominatedNodeName === '') return pod;
  const next = copyPod(pod);
  const status = copyPodStatus(pod.status);
  status.nominatedNodeName = '';
  next.status = status;
  return next;
}
