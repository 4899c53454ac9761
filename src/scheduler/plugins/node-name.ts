/**
 * NodeName: a pod that names its node fits only there.
 *
 * Models    kubernetes v1.34 pkg/scheduler/framework/plugins/nodename/node_name.go
 */
import { ACTION, clusterEvent } from '../cluster-event.ts';
import type { CycleState } from '../cycle-state.ts';
import { definePlugin } from '../framework.ts';
import type { NodeInfo } from '../node-info.ts';
import type { PodInfo } from '../pod-info.ts';
import { type Status, SUCCESS, unresolvable } from '../status.ts';

const NAME = 'NodeName';
const REJECTED = unresolvable(NAME, "node(s) didn't match the requested node name");

export const nodeName = definePlugin({
  name: NAME,
  points: ['filter'],
  defaultWeight: 0,
  args: [],
  create: () => ({ name: NAME, filter, filterReach: 'static', ignoresLabels: true, events: [{ event: clusterEvent('Node', ACTION.ADD) }] }),
});

function filter(_state: CycleState, pod: PodInfo, node: NodeInfo): Status {
  const wanted = pod.pod.spec.nodeName;
  return wanted === '' || wanted === node.name ? SUCCESS : REJECTED;
}
