/**
 * OverlookedSets: StatefulSets at which their controller has no reason to look again, although pods are to become available.
 *
 * With minReadySeconds the controller looks again after that time while not as many pods are available as are wanted. While it
 * scales down, surplus pods count too, and may make up for one below them that is ready and not available yet. The look that was planned
 * when that pod became ready is lost when an earlier one was planned already: a queue keeps one time for each key.
 *
 * Source    v1.34 pkg/controller/statefulset/stateful_set.go (syncStatefulSet, updatePod), client-go util/workqueue/delaying_queue.go;
 *           kubernetes/kubernetes#123918, #119352
 */
import type { StatefulSet } from '../objects/workloads.ts';

export function isOverlooked({ spec, status }: StatefulSet): boolean {
  return spec.minReadySeconds > 0 && status.replicas > spec.replicas && status.availableReplicas === spec.replicas;
}
