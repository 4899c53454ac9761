/**
 * ImageLocality: prefers nodes that already have the pod's images, the more so the larger and the more widely
 * spread they are.
 *
 * Models    kubernetes v1.34 pkg/scheduler/framework/plugins/imagelocality/image_locality.go
 * Units     image sizes in bytes
 */
import { definePlugin, type PluginHandle, SCORE_MAX } from '../framework.ts';
import type { NodeInfo } from '../node-info.ts';
import type { PodInfo } from '../pod-info.ts';
import { type Status, SUCCESS } from '../status.ts';

const NAME = 'ImageLocality';
const MIB = 1_048_576;
// 23 MiB in total, and 1000 MiB per container: minThreshold and maxContainerThreshold, v1.34.
const SUM_MIN = 23 * MIB;
const SUM_MAX_PER_CONTAINER = 1000 * MIB;

export const imageLocality = definePlugin({
  name: NAME,
  points: ['score'],
  defaultWeight: 1,
  args: [],
  create: (_args, handle) => ({
    name: NAME,
    score: (_state, pod, nodes, scores) => score(pod, nodes, scores, handle),
    // Counts of images are taken when the node changes, so they change with the node; the number of nodes does not.
    ignoresLabels: true,
    scoreReach: 'cluster',
    columnScore: (pod) => (columns, i) => scoreOf(pod.shape.images, columns.nodes[i]!, columns.nodes.length),
  }),
});

function score(pod: PodInfo, nodes: readonly NodeInfo[], scores: Float64Array, handle: PluginHandle): Status {
  const nodeCount = handle.snapshot.nodes.length;
  for (let i = 0; i < nodes.length; i++) scores[i] = scoreOf(pod.shape.images, nodes[i]!, nodeCount);
  return SUCCESS;
}

function scoreOf(images: readonly string[], node: NodeInfo, nodeCount: number): number {
  const present = node.images;
  if (present.size === 0) return 0;
  const sumMax = SUM_MAX_PER_CONTAINER * images.length;
  let sum = 0;
  for (const image of images) {
    const state = present.get(image);
    if (state !== undefined) sum += Math.trunc(state.sizeBytes * (state.nodeCount / nodeCount));
  }
  const clamped = sum < SUM_MIN ? SUM_MIN : sum > sumMax ? sumMax : sum;
  return Math.trunc((SCORE_MAX * (clamped - SUM_MIN)) / (sumMax - SUM_MIN));
}
