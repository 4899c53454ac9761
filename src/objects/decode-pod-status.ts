/**
 * Decoding of pod status: what a dump of a live cluster says about its pods.
 */
import { decodeConditionStatus } from './decode-meta.ts';
import type { DecodeReader, RawObject } from './decode-reader.ts';
import { childPath } from './document-path.ts';
import type { ContainerState, ContainerStatus, PodCondition, PodPhase, PodSpec, PodStatus, QosClass } from './pod.ts';
import { qosClassOf } from './pod-requests.ts';

const PHASES: readonly PodPhase[] = ['Pending', 'Running', 'Succeeded', 'Failed', 'Unknown'];
const QOS_CLASSES: readonly QosClass[] = ['Guaranteed', 'Burstable', 'BestEffort'];

/** Without a status the pod is new: Pending, with the quality of service its resources give it. */
export function decodePodStatus(reader: DecodeReader, pod: RawObject, path: string, spec: PodSpec): PodStatus {
  const raw = reader.object(pod, 'status', path);
  // New pods of one spec are alike.
  return raw === undefined
    ? reader.once('new pod status', spec, () => decodeStatus(reader, {}, path, spec))
    : decodeStatus(reader, raw, path, spec);
}

function decodeStatus(reader: DecodeReader, raw: RawObject, path: string, spec: PodSpec): PodStatus {
  const at = childPath(path, 'status');
  reader.knownFields(raw, at, STATUS_FIELDS);
  const hasQos = typeof raw['qosClass'] === 'string' && raw['qosClass'] !== '';
  return {
    phase: reader.oneOf(raw, 'phase', at, PHASES, 'Pending'),
    conditions: reader.items(raw, 'conditions', at, (item, itemAt) => decodePodCondition(reader, item, itemAt)),
    reason: reader.string(raw, 'reason', at),
    message: reader.string(raw, 'message', at),
    startTime: reader.optionalTime(raw, 'startTime', at),
    nominatedNodeName: reader.string(raw, 'nominatedNodeName', at),
    podIP: reader.string(raw, 'podIP', at),
    qosClass: hasQos ? reader.oneOf(raw, 'qosClass', at, QOS_CLASSES, 'BestEffort') : qosClassOf(spec),
    containerStatuses: reader.items(raw, 'containerStatuses', at, (item, itemAt) => decodeContainerStatus(reader, item, itemAt)),
    initContainerStatuses: reader.items(raw, 'initContainerStatuses', at, (item, itemAt) => decodeContainerStatus(reader, item, itemAt)),
    observedGeneration: reader.integer(raw, 'observedGeneration', at, 0),
  };
}

function decodePodCondition(reader: DecodeReader, raw: RawObject, path: string): PodCondition {
  reader.knownFields(raw, path, ['type', 'status', 'reason', 'message', 'lastTransitionTime', 'lastProbeTime', 'observedGeneration']);
  return {
    type: reader.requiredString(raw, 'type', path),
    status: decodeConditionStatus(reader, raw, path),
    reason: reader.string(raw, 'reason', path),
    message: reader.string(raw, 'message', path),
    lastTransitionTime: reader.time(raw, 'lastTransitionTime', path),
  };
}

function decodeContainerStatus(reader: DecodeReader, raw: RawObject, path: string): ContainerStatus {
  reader.knownFields(raw, path, CONTAINER_STATUS_FIELDS);
  const resources = reader.object(raw, 'resources', path);
  const resourcesAt = childPath(path, 'resources');
  return {
    name: reader.requiredString(raw, 'name', path),
    ready: reader.boolean(raw, 'ready', path),
    started: reader.boolean(raw, 'started', path),
    restartCount: reader.integer(raw, 'restartCount', path, 0, 0),
    image: reader.string(raw, 'image', path),
    current: decodeState(reader, raw, 'state', path) ?? WAITING,
    last: decodeState(reader, raw, 'lastState', path),
    resources:
      resources === undefined
        ? undefined
        : {
            requests: reader.resources(resources, 'requests', resourcesAt),
            limits: reader.resources(resources, 'limits', resourcesAt),
          },
    allocatedResources:
      reader.object(raw, 'allocatedResources', path) === undefined ? undefined : reader.resources(raw, 'allocatedResources', path),
  };
}

const WAITING: ContainerState = Object.freeze({ state: 'waiting', reason: '', message: '' });

function decodeState(reader: DecodeReader, from: RawObject, key: string, path: string): ContainerState | undefined {
  const raw = reader.object(from, key, path);
  if (raw === undefined) return undefined;
  const at = childPath(path, key);
  reader.knownFields(raw, at, ['waiting', 'running', 'terminated']);
  const running = reader.object(raw, 'running', at);
  if (running !== undefined) return { state: 'running', startedAt: reader.time(running, 'startedAt', childPath(at, 'running')) };
  const terminated = reader.object(raw, 'terminated', at);
  if (terminated !== undefined) {
    const stateAt = childPath(at, 'terminated');
    return {
      state: 'terminated',
      exitCode: reader.integer(terminated, 'exitCode', stateAt, 0),
      reason: reader.string(terminated, 'reason', stateAt),
      startedAt: reader.time(terminated, 'startedAt', stateAt),
      finishedAt: reader.time(terminated, 'finishedAt', stateAt),
    };
  }
  const waiting = reader.object(raw, 'waiting', at);
  if (waiting === undefined) return undefined;
  const stateAt = childPath(at, 'waiting');
  return { state: 'waiting', reason: reader.string(waiting, 'reason', stateAt), message: reader.string(waiting, 'message', stateAt) };
}

const STATUS_FIELDS: readonly string[] = [
  'conditions',
  'containerStatuses',
  'ephemeralContainerStatuses',
  'extendedResourceClaimStatus',
  'hostIP',
  'hostIPs',
  'initContainerStatuses',
  'message',
  'nominatedNodeName',
  'observedGeneration',
  'phase',
  'podIP',
  'podIPs',
  'qosClass',
  'reason',
  'resize',
  'resourceClaimStatuses',
  'startTime',
];

const CONTAINER_STATUS_FIELDS: readonly string[] = [
  'allocatedResources',
  'allocatedResourcesStatus',
  'containerID',
  'image',
  'imageID',
  'lastState',
  'name',
  'ready',
  'resources',
  'restartCount',
  'started',
  'state',
  'stopSignal',
  'user',
  'volumeMounts',
];
