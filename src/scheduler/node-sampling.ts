/**
 * nodesToFind: how many feasible nodes are enough to choose from.
 *
 * Models    kubernetes v1.34 pkg/scheduler/schedule_one.go (numFeasibleNodesToFind)
 */

// minFeasibleNodesToFind and minFeasibleNodesPercentageToFind, v1.34.
const NODES_MIN = 100;
const PERCENTAGE_MIN = 5;

/** `percentage` is 0..100; 0 adapts to the size of the cluster. */
export function nodesToFind(nodeCount: number, percentage: number): number {
  if (nodeCount < NODES_MIN) return nodeCount;
  const share = percentage === 0 ? Math.max(PERCENTAGE_MIN, 50 - Math.trunc(nodeCount / 125)) : percentage;
  return Math.max(Math.trunc((nodeCount * share) / 100), NODES_MIN);
}
