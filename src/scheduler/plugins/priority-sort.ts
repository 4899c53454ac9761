/**
 * PrioritySort: higher priority first, then the pod that has waited longer.
 *
 * Models    kubernetes v1.34 pkg/scheduler/framework/plugins/queuesort/priority_sort.go
 * Differs   equal times are told apart by their sequence number
 */
import { definePlugin, type QueueItem } from '../framework.ts';

const NAME = 'PrioritySort';

export const prioritySort = definePlugin({
  name: NAME,
  points: ['queueSort'],
  defaultWeight: 0,
  args: [],
  create: () => ({ name: NAME, less }),
});

function less(a: QueueItem, b: QueueItem): boolean {
  if (a.priority !== b.priority) return a.priority > b.priority;
  if (a.timestampUs !== b.timestampUs) return a.timestampUs < b.timestampUs;
  return a.sequence < b.sequence;
}
