/**
 * Node: the core/v1 Node, and the well-known labels and taints.
 *
 * Models    kubernetes v1.34 core/v1 Node, as far as scheduling and node life cycle read it
 */
import type { ConditionStatus, ObjectMeta, ResourceList, TimeUs } from './meta.ts';

export interface Node {
  readonly kind: 'Node';
  readonly apiVersion: 'v1';
  readonly metadata: ObjectMeta;
  readonly spec: NodeSpec;
  readonly status: NodeStatus;
}

export type TaintEffect = 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute';

export interface Taint {
  readonly key: string;
  readonly value: string;
  readonly effect: TaintEffect;
  readonly timeAdded: TimeUs | undefined;
}

export interface NodeSpec {
  readonly unschedulable: boolean;
  readonly taints: readonly Taint[];
  readonly providerID: string;
}

export interface NodeCondition {
  readonly type: string;
  readonly status: ConditionStatus;
  readonly reason: string;
  readonly message: string;
  readonly lastHeartbeatTime: TimeUs;
  readonly lastTransitionTime: TimeUs;
}

export interface ContainerImage {
  readonly names: readonly string[];
  readonly sizeBytes: number;
}

export interface NodeStatus {
  readonly capacity: ResourceList;
  readonly allocatable: ResourceList;
  readonly conditions: readonly NodeCondition[];
  readonly images: readonly ContainerImage[];
  readonly volumesAttached: readonly { readonly name: string }[];
}

export const LABEL_HOSTNAME = 'kubernetes.io/hostname';
export const LABEL_ZONE = 'topology.kubernetes.io/zone';
export const LABEL_REGION = 'topology.kubernetes.io/region';
export const LABEL_INSTANCE_TYPE = 'node.kubernetes.io/instance-type';
/** Ours: the rack and the power feed of the simulated machine, so that workloads can spread over them. */
export const LABEL_RACK = 'topology.seatrial.dev/rack';
export const LABEL_POWER = 'topology.seatrial.dev/power-feed';

export const TAINT_NOT_READY = 'node.kubernetes.io/not-ready';
export const TAINT_UNREACHABLE = 'node.kubernetes.io/unreachable';
export const TAINT_UNSCHEDULABLE = 'node.kubernetes.io/unschedulable';
export const TAINT_MEMORY_PRESSURE = 'node.kubernetes.io/memory-pressure';
export const TAINT_DISK_PRESSURE = 'node.kubernetes.io/disk-pressure';
export const TAINT_PID_PRESSURE = 'node.kubernetes.io/pid-pressure';
export const TAINT_NETWORK_UNAVAILABLE = 'node.kubernetes.io/network-unavailable';
export const TAINT_OUT_OF_SERVICE = 'node.kubernetes.io/out-of-service';

export function nodeCondition(node: Node, type: string): NodeCondition | undefined {
  for (const condition of node.status.conditions) if (condition.type === type) return condition;
  return undefined;
}

export function isNodeReady(node: Node): boolean {
  return nodeCondition(node, 'Ready')?.status === 'True';
}
