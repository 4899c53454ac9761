/**
 * DefaultPreemption: when a pod fits nowhere, finds the node where the least important pods can make room.
 *
 * Models    kubernetes v1.34 pkg/scheduler/framework/plugins/defaultpreemption/default_preemption.go
 * Differs   names the victims; evicting them is the scheduler's part, after the attempt
 */
import { integerArgument } from '../arguments.ts';
import { ACTION, clusterEvent } from '../cluster-event.ts';
import type { CycleState } from '../cycle-state.ts';
import type { Diagnosis } from '../diagnosis.ts';
import { DryRuns } from '../dry-runs.ts';
import { definePlugin, NO_NOMINATION, type Plugin, type PluginHandle, type PostFilterResult } from '../framework.ts';
import type { PodInfo } from '../pod-info.ts';
import { type CandidateLimits, PreemptionFailures, planPreemption } from '../preemption-plan.ts';
import { errorStatus, messageOf, SUCCESS, unresolvable, unschedulable } from '../status.ts';

const NAME = 'DefaultPreemption';
const WAITING = unresolvable(NAME, 'waiting for the preemption for this pod to be finished');

export const defaultPreemption = definePlugin<CandidateLimits>({
  name: NAME,
  points: ['preEnqueue', 'postFilter'],
  defaultWeight: 0,
  args: [integerArgument('minCandidateNodesPercentage', 10, 0, 100), integerArgument('minCandidateNodesAbsolute', 100, 0, Infinity)],
  validate(args, path, problems) {
    if (args.minCandidateNodesPercentage === 0 && args.minCandidateNodesAbsolute === 0) {
      problems.add(path, 'minCandidateNodesPercentage and minCandidateNodesAbsolute cannot both be zero');
    }
  },
  create: createDefaultPreemption,
});

function createDefaultPreemption(limits: CandidateLimits, handle: PluginHandle): Plugin {
  const dryRuns = new DryRuns();
  const failures = new PreemptionFailures();

  function postFilter(state: CycleState, pod: PodInfo, diagnosis: Diagnosis): PostFilterResult {
    const current = handle.lister.get('Pod', pod.key);
    if (current === undefined) {
      return { status: errorStatus(NAME, `preemption: pod "${pod.pod.metadata.name}" not found`), nominating: NO_NOMINATION };
    }
    const plan = planPreemption(state, handle.podInfos.of(current), diagnosis, limits, handle, dryRuns);
    if (plan.ineligibleReason !== '') {
      return { status: unschedulable(NAME, `preemption: ${plan.ineligibleReason}`), nominating: NO_NOMINATION };
    }
    const chosen = plan.best[0];
    if (chosen !== undefined) {
      return { status: SUCCESS, nominating: { mode: 'override', nodeName: chosen.nodeName }, candidate: chosen };
    }
    if (plan.errors.length > 0) {
      const text = plan.errors.map(messageOf).join(', ');
      return { status: errorStatus(NAME, `preemption: ${text}`), nominating: NO_NOMINATION };
    }
    const text = failures.textOf(plan, handle.snapshot.nodes.length);
    return { status: unschedulable(NAME, `preemption: ${text}`), nominating: { mode: 'override', nodeName: '' } };
  }

  return {
    name: NAME,
    preEnqueue: (pod) => (handle.isPreempting(pod.uid) ? WAITING : SUCCESS),
    postFilter,
    // Registered so that a waiting preemptor is looked at again when a victim is gone; never a reason by itself.
    events: [{ event: clusterEvent('Pod', ACTION.DELETE), hint: () => false }],
  };
}
