/**
 * What topology spreading counts, and where: shared by the plugin and its fast form.
 *
 * Models    kubernetes v1.34 pkg/scheduler/framework/plugins/podtopologyspread/common.go
 */
import { type LabelMatcher, labelOf } from '../objects/selectors.ts';
import { findUntolerated, isHardEffect } from '../objects/taints.ts';
import type { NodeInfo } from './node-info.ts';
import { matchesRequired, type PodShape, type SpreadConstraint } from './pod-shape.ts';

export function hasAllKeys(node: NodeInfo, constraints: readonly SpreadConstraint[]): boolean {
  for (const { topologyKey } of constraints) if (labelOf(node.labels, topologyKey) === undefined) return false;
  return true;
}

/** Whether pods on the node count for the constraint. */
export function isEligible(node: NodeInfo, constraint: SpreadConstraint, pod: PodShape): boolean {
  if (constraint.honorsNodeAffinity && !matchesRequired(pod.requiredNodeAffinity, node.labels, node.name)) return false;
  if (!constraint.honorsNodeTaints) return true;
  return findUntolerated(node.taints, pod.tolerations, isHardEffect) === undefined;
}

/** Pods of the namespace that match and are not on their way out; none for a selector that matches everything. */
export function countMatching(node: NodeInfo, selector: LabelMatcher, namespace: string): number {
  if (selector.isEmpty) return 0;
  let count = 0;
  for (const pod of node.pods) {
    if (pod.namespace === namespace && !pod.isTerminating && selector.matches(pod.labels)) count++;
  }
  return count;
}
