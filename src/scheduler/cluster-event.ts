/**
 * ClusterEvent: what can happen in the cluster that might make an unschedulable pod schedulable.
 *
 * Models    kubernetes v1.34 pkg/scheduler/framework/types.go, events.go (ClusterEvent, ActionType, Match)
 * Differs   labels of events, which upstream prints in its metrics, are made from resource and action
 *
 * A plugin registers events (with a hint) and the queue matches them against those that come in.
 * The bits are upstream's own numbers: the match rule compares them as integers.
 */

export const ACTION = {
  ADD: 1,
  DELETE: 2,
  UPDATE_NODE_ALLOCATABLE: 4,
  UPDATE_NODE_LABEL: 8,
  UPDATE_NODE_TAINT: 16,
  UPDATE_NODE_CONDITION: 32,
  UPDATE_NODE_ANNOTATION: 64,
  UPDATE_POD_LABEL: 128,
  UPDATE_POD_SCALE_DOWN: 256,
  UPDATE_POD_TOLERATION: 512,
  UPDATE_POD_SCHEDULING_GATES_ELIMINATED: 1024,
  UPDATE_POD_GENERATED_RESOURCE_CLAIM: 2048,
  /** All update bits: a change of a kind that has no finer bits, or one that fits none of them. */
  UPDATE: 4092,
  ALL: 4095,
} as const;

/**
 * `Pod` is only ever registered; incoming events say `AssignedPod` or `UnschedulablePod`. `*` is every resource.
 */
export type EventResource =
  | 'Pod'
  | 'AssignedPod'
  | 'UnschedulablePod'
  | 'Node'
  | 'PersistentVolume'
  | 'PersistentVolumeClaim'
  | 'StorageClass'
  | 'CSINode'
  | 'CSIDriver'
  | 'CSIStorageCapacity'
  | 'VolumeAttachment'
  | 'ResourceClaim'
  | 'ResourceSlice'
  | 'DeviceClass'
  | '*'
  | (string & {});

export interface ClusterEvent {
  readonly resource: EventResource;
  /** One or more ACTION bits. */
  readonly action: number;
  /** Shown in attempt records and stories. */
  readonly label: string;
}

export function clusterEvent(resource: EventResource, action: number, label = `${resource}/${actionLabel(action)}`): ClusterEvent {
  return Object.freeze({ resource, action, label });
}

/** The events the queue and the event handlers use; shared so that match results can be kept per event object. */
export const EVENT = Object.freeze({
  ASSIGNED_POD_ADD: clusterEvent('AssignedPod', ACTION.ADD),
  ASSIGNED_POD_UPDATE: clusterEvent('AssignedPod', ACTION.UPDATE),
  ASSIGNED_POD_DELETE: clusterEvent('AssignedPod', ACTION.DELETE),
  UNSCHEDULABLE_POD_ADD: clusterEvent('UnschedulablePod', ACTION.ADD),
  UNSCHEDULABLE_POD_UPDATE: clusterEvent('UnschedulablePod', ACTION.UPDATE),
  NODE_ADD: clusterEvent('Node', ACTION.ADD),
  NODE_DELETE: clusterEvent('Node', ACTION.DELETE),
  NODE_ALLOCATABLE: clusterEvent('Node', ACTION.UPDATE_NODE_ALLOCATABLE),
  NODE_LABEL: clusterEvent('Node', ACTION.UPDATE_NODE_LABEL),
  NODE_TAINT: clusterEvent('Node', ACTION.UPDATE_NODE_TAINT),
  NODE_CONDITION: clusterEvent('Node', ACTION.UPDATE_NODE_CONDITION),
  NODE_ANNOTATION: clusterEvent('Node', ACTION.UPDATE_NODE_ANNOTATION),
  /** Pods left in the unschedulable pool for too long. */
  UNSCHEDULABLE_TIMEOUT: clusterEvent('*', ACTION.ALL, 'UnschedulableTimeout'),
  BACKOFF_COMPLETE: clusterEvent('*', ACTION.ALL, 'BackoffComplete'),
  SCHEDULE_ATTEMPT_FAILURE: clusterEvent('*', ACTION.ALL, 'ScheduleAttemptFailure'),
  FORCE_ACTIVATE: clusterEvent('*', ACTION.ALL, 'ForceActivate'),
});

/** Whether the event matches only wildcard registrations. */
export function isWildcard(event: ClusterEvent): boolean {
  return event.resource === '*' && event.action === ACTION.ALL;
}

/** Whether `incoming` is one of the events that `registered` asks for. */
export function matchesEvent(registered: ClusterEvent, incoming: ClusterEvent): boolean {
  if (isWildcard(registered)) return true;
  return matchesResource(registered.resource, incoming.resource) && matchesAction(registered.action, incoming.action);
}

function matchesResource(registered: EventResource, incoming: EventResource): boolean {
  if (registered === incoming || registered === '*') return true;
  return registered === 'Pod' && (incoming === 'AssignedPod' || incoming === 'UnschedulablePod');
}

/** Upstream compares the numbers too: a generic Update (all update bits) does not match a registration of one bit. */
function matchesAction(registered: number, incoming: number): boolean {
  return (registered & incoming) !== 0 && incoming <= registered;
}

function actionLabel(action: number): string {
  switch (action) {
    case ACTION.ADD:
      return 'Add';
    case ACTION.DELETE:
      return 'Delete';
    case ACTION.UPDATE:
      return 'Update';
    case ACTION.ALL:
      return 'All';
    default:
      break;
  }
  const names: string[] = [];
  if ((action & ACTION.ADD) !== 0) names.push('Add');
  if ((action & ACTION.DELETE) !== 0) names.push('Delete');
  if ((action & ACTION.UPDATE_NODE_ALLOCATABLE) !== 0) names.push('NodeAllocatable');
  if ((action & ACTION.UPDATE_NODE_LABEL) !== 0) names.push('NodeLabel');
  if ((action & ACTION.UPDATE_NODE_TAINT) !== 0) names.push('NodeTaint');
  if ((action & ACTION.UPDATE_NODE_CONDITION) !== 0) names.push('NodeCondition');
  if ((action & ACTION.UPDATE_NODE_ANNOTATION) !== 0) names.push('NodeAnnotation');
  if ((action & ACTION.UPDATE_POD_LABEL) !== 0) names.push('PodLabel');
  if ((action & ACTION.UPDATE_POD_SCALE_DOWN) !== 0) names.push('PodScaleDown');
  if ((action & ACTION.UPDATE_POD_TOLERATION) !== 0) names.push('PodToleration');
  if ((action & ACTION.UPDATE_POD_SCHEDULING_GATES_ELIMINATED) !== 0) names.push('PodGatesEliminated');
  if ((action & ACTION.UPDATE_POD_GENERATED_RESOURCE_CLAIM) !== 0) names.push('PodGeneratedResourceClaim');
  return names.join('|');
}
