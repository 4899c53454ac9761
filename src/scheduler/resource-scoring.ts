/**
 * How much of a node's resources would be taken with the pod on it: what the resource scores are made of.
 *
 * Models    kubernetes v1.34 pkg/scheduler/framework/plugins/noderesources/resource_allocation.go
 */
import { isScalarResource } from '../objects/names.ts';
import type { ResourceWeight } from './arguments.ts';
import type { NodeInfo } from './node-info.ts';
import { type Amount, type Amounts, addAmounts, amountNamed } from './resources.ts';

/** One configured resource with what the pod asks of it. */
export interface ScoredResource {
  readonly name: string;
  readonly weight: number;
  readonly podAmount: Amount;
}

/** The configured resources that can count for this pod: a scalar resource the pod does not ask for never does. */
export function scoredResources(configured: readonly ResourceWeight[], pod: Amounts): ScoredResource[] {
  const scored: ScoredResource[] = [];
  for (const { name, weight } of configured) {
    const podAmount = amountNamed(pod, name);
    if (podAmount === 0 && isScalarResource(name)) continue;
    scored.push({ name, weight, podAmount });
  }
  return scored;
}

/** What the node has of the resource; 0 leaves the resource out. */
export function allocatableOf(node: NodeInfo, name: string): Amount {
  return amountNamed(node.allocatable, name);
}

/**
 * What would be taken of the resource. `fillsRequests`: for cpu and memory, count the defaults of containers that
 * request nothing.
 */
export function takenWith(node: NodeInfo, resource: ScoredResource, fillsRequests: boolean): Amount {
  switch (resource.name) {
    case 'cpu':
      return addAmounts(fillsRequests ? node.nonZeroCpuMilli : node.requested.cpuMilli, resource.podAmount);
    case 'memory':
      return addAmounts(fillsRequests ? node.nonZeroMemBytes : node.requested.memBytes, resource.podAmount);
    case 'ephemeral-storage':
      return addAmounts(node.requested.ephemeralBytes, resource.podAmount);
    default:
      return addAmounts(node.requested.scalars.get(resource.name) ?? 0, resource.podAmount);
  }
}
