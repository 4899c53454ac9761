/**
 * NodePorts: keeps a pod off nodes where a host port it wants is taken.
 *
 * Models    kubernetes v1.34 pkg/scheduler/framework/plugins/nodeports/node_ports.go
 */
import type { Pod } from '../../objects/pod.ts';
import { ACTION, clusterEvent } from '../cluster-event.ts';
import type { CycleState } from '../cycle-state.ts';
import { isPlaced } from '../event-hints.ts';
import { definePlugin, type PluginHandle, type PreFilterResult } from '../framework.ts';
import { HostPorts } from '../host-ports.ts';
import type { NodeInfo } from '../node-info.ts';
import type { PodInfo } from '../pod-info.ts';
import { SKIP, type Status, SUCCESS, unschedulable } from '../status.ts';

const NAME = 'NodePorts';
const REJECTED = unschedulable(NAME, "node(s) didn't have free ports for the requested pod ports");
const PASSED: PreFilterResult = { status: SUCCESS };
const SKIPPED: PreFilterResult = { status: SKIP };

export const nodePorts = definePlugin({
  name: NAME,
  points: ['preFilter', 'filter'],
  defaultWeight: 0,
  args: [],
  create: (_args, handle) => ({
    name: NAME,
    preFilter: (_state, pod) => (pod.shape.hostPorts.length === 0 ? SKIPPED : PASSED),
    ignoresLabels: true,
    preFilterReach: 'shape',
    filter,
    filterReach: 'node',
    events: [
      { event: clusterEvent('Node', ACTION.ADD) },
      { event: clusterEvent('Pod', ACTION.DELETE), hint: (pod, before) => freesPort(pod, before as Pod, handle) },
    ],
  }),
});

function filter(_state: CycleState, pod: PodInfo, node: NodeInfo): Status {
  for (const port of pod.shape.hostPorts) if (node.usedPorts.conflictsWith(port)) return REJECTED;
  return SUCCESS;
}

function freesPort(pod: PodInfo, deleted: Pod, handle: PluginHandle): boolean {
  if (!isPlaced(deleted)) return false;
  const freed = new HostPorts();
  for (const port of handle.podInfos.of(deleted).shape.hostPorts) freed.add(port);
  return pod.shape.hostPorts.some((port) => freed.conflictsWith(port));
}
