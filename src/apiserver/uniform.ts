/**
 * Specs and statuses as the store keeps them: those of one kind are all of one hidden class, whoever wrote them, so that code which reads
 * stored objects stays compiled for them (see objects/copies.ts).
 *
 * HOT       once per write of the kinds written most; the others are kept as they come
 */
import {
  copyDeploymentSpec,
  copyDeploymentStatus,
  copyNodeSpec,
  copyNodeStatus,
  copyPodSpec,
  copyPodStatus,
  copyReplicaSetSpec,
  copyReplicaSetStatus,
} from '../objects/copies.ts';
import type { Node } from '../objects/node.ts';
import type { Pod } from '../objects/pod.ts';
import type { Deployment, ReplicaSet } from '../objects/workloads.ts';

export function uniformSpec(kind: string, spec: unknown): unknown {
  switch (kind) {
    case 'Pod':
      return copyPodSpec(spec as Pod['spec']);
    case 'Node':
      return copyNodeSpec(spec as Node['spec']);
    case 'ReplicaSet':
      return copyReplicaSetSpec(spec as ReplicaSet['spec']);
    case 'Deployment':
      return copyDeploymentSpec(spec as Deployment['spec']);
    default:
      return spec;
  }
}

export function uniformStatus(kind: string, status: unknown): unknown {
  switch (kind) {
    case 'Pod':
      return copyPodStatus(status as Pod['status']);
    case 'Node':
      return copyNodeStatus(status as Node['status']);
    case 'ReplicaSet':
      return copyReplicaSetStatus(status as ReplicaSet['status']);
    case 'Deployment':
      return copyDeploymentStatus(status as Deployment['status']);
    default:
      return status;
  }
}
