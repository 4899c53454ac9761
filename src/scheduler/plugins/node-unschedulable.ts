/**
 * NodeUnschedulable: keeps pods off cordoned nodes, unless they tolerate the taint that cordoning brings.
 *
 * Models    kubernetes v1.34 pkg/scheduler/framework/plugins/nodeunschedulable/node_unschedulable.go
 */
import type { Node, Taint } from '../../objects/node.ts';
import { TAINT_UNSCHEDULABLE } from '../../objects/node.ts';
import { isTolerated } from '../../objects/taints.ts';
import { ACTION, clusterEvent } from '../cluster-event.ts';
import type { CycleState } from '../cycle-state.ts';
import { isOwn } from '../event-hints.ts';
import { definePlugin } from '../framework.ts';
import type { NodeInfo } from '../node-info.ts';
import type { PodInfo } from '../pod-info.ts';
import { type Status, SUCCESS, unresolvable } from '../status.ts';

const NAME = 'NodeUnschedulable';
const TAINT: Taint = { key: TAINT_UNSCHEDULABLE, value: '', effect: 'NoSchedule', timeAdded: undefined };
const REJECTED = unresolvable(NAME, 'node(s) were unschedulable');

export const nodeUnschedulable = definePlugin({
  name: NAME,
  points: ['filter'],
  defaultWeight: 0,
  args: [],
  create: () => ({
    name: NAME,
    filter,
    ignoresLabels: true,
    filterReach: 'static',
    events: [
      { event: clusterEvent('Node', ACTION.ADD | ACTION.UPDATE_NODE_TAINT), hint: becameSchedulable },
      {
        event: clusterEvent('Pod', ACTION.UPDATE_POD_TOLERATION),
        hint: (pod, _before, after) => isOwn(pod, after) && isTolerated(TAINT, (after as PodInfo['pod']).spec.tolerations),
      },
    ],
  }),
});

function filter(_state: CycleState, pod: PodInfo, node: NodeInfo): Status {
  if (!node.node.spec.unschedulable || isTolerated(TAINT, pod.shape.tolerations)) return SUCCESS;
  return REJECTED;
}

function becameSchedulable(_pod: PodInfo, before: unknown, after: unknown): boolean {
  if ((after as Node).spec.unschedulable) return false;
  return before === undefined || (before as Node).spec.unschedulable;
}
