/**
 * SchedulingGates: keeps a pod out of the queue while its spec lists gates.
 *
 * Models    kubernetes v1.34 pkg/scheduler/framework/plugins/schedulinggates/scheduling_gates.go
 */
import { ACTION, clusterEvent } from '../cluster-event.ts';
import { isOwn } from '../event-hints.ts';
import { definePlugin } from '../framework.ts';
import type { PodInfo } from '../pod-info.ts';
import { type Status, SUCCESS, unresolvable } from '../status.ts';

const NAME = 'SchedulingGates';

export const schedulingGates = definePlugin({
  name: NAME,
  points: ['preEnqueue'],
  defaultWeight: 0,
  args: [],
  create: () => ({
    name: NAME,
    preEnqueue,
    events: [
      { event: clusterEvent('Pod', ACTION.UPDATE_POD_SCHEDULING_GATES_ELIMINATED), hint: (pod, _before, after) => isOwn(pod, after) },
    ],
  }),
});

function preEnqueue(pod: PodInfo): Status {
  const { schedulingGates: gates } = pod.pod.spec;
  if (gates.length === 0) return SUCCESS;
  return unresolvable(NAME, `waiting for scheduling gates: [${gates.map((gate) => gate.name).join(' ')}]`);
}
