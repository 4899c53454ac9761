/**
 * encode: from a typed object to the plain JSON that Kubernetes and `kubectl` read.
 *
 * decodeObject(encodeObject(x)) gives x again, for every object that decoding or the API server can produce.
 *
 * Differs   see encode-pod.ts; a PersistentVolume of a source that is not modelled is written as a hostPath volume
 */
import type { KubeEvent, Lease, Namespace, PodDisruptionBudget, PriorityClass, Service } from './cluster.ts';
import { isBuiltInKind } from './decode.ts';
import {
  encodeCondition,
  encodeMeta,
  encodeNodeSelector,
  encodeSelector,
  fields,
  type Json,
  type JsonObject,
  list,
  map,
  names,
  nonEmpty,
  optional,
  text,
  time,
  when,
} from './encode-parts.ts';
import { encodePod, encodePodTemplate } from './encode-pod.ts';
import type { Job } from './job.ts';
import type { AnyObject, BuiltInKind, KindMap } from './kinds.ts';
import type { TimeUs } from './meta.ts';
import type { Node } from './node.ts';
import { formatRfc3339 } from './rfc3339.ts';
import type {
  CsiDriver,
  CsiNode,
  CsiStorageCapacity,
  PersistentVolume,
  PersistentVolumeClaim,
  StorageClass,
  VolumeAttachment,
} from './storage.ts';
import type { Deployment, ReplicaSet, ReplicationController, StatefulSet } from './workloads.ts';

export type { Json, JsonObject } from './encode-parts.ts';

type Encoders = { readonly [K in BuiltInKind]: (object: KindMap[K]) => JsonObject };

export function encodeObject(object: AnyObject): JsonObject {
  const { kind } = object;
  if (!isBuiltInKind(kind)) {
    const custom = object as { readonly spec: JsonObject; readonly status: JsonObject };
    return { ...header(object), ...fields({ spec: nonEmpty(custom.spec), status: nonEmpty(custom.status) }) };
  }
  return (ENCODERS[kind] as (object: AnyObject) => JsonObject)(object);
}

/** Several objects as one `v1 List`, as `kubectl get -o json` writes them. */
export function encodeList(objects: readonly AnyObject[]): JsonObject {
  return { apiVersion: 'v1', kind: 'List', items: objects.map(encodeObject) };
}

const ENCODERS: Encoders = {
  Pod: encodePod,
  Node: encodeNode,
  Namespace: (object: Namespace) => ({ ...header(object), status: { phase: object.status.phase } }),
  Service: encodeService,
  ReplicaSet: encodeReplicaSet,
  Deployment: encodeDeployment,
  StatefulSet: encodeStatefulSet,
  Job: encodeJob,
  ReplicationController: (object: ReplicationController) => ({
    ...header(object),
    spec: fields({ replicas: object.spec.replicas, selector: object.spec.selector }),
  }),
  Lease: encodeLease,
  PriorityClass: (object: PriorityClass) => ({
    ...header(object),
    ...fields({ value: object.value, globalDefault: when(object.globalDefault), preemptionPolicy: object.preemptionPolicy }),
  }),
  PodDisruptionBudget: encodePodDisruptionBudget,
  PersistentVolume: encodePersistentVolume,
  PersistentVolumeClaim: encodePersistentVolumeClaim,
  StorageClass: encodeStorageClass,
  CSINode: encodeCsiNode,
  CSIDriver: (object: CsiDriver) => ({ ...header(object), spec: { storageCapacity: object.storageCapacity } }),
  CSIStorageCapacity: (object: CsiStorageCapacity) => ({
    ...header(object),
    ...fields({
      storageClassName: object.storageClassName,
      nodeTopology: optional(object.nodeTopology, encodeSelector),
      capacity: object.capacity,
      maximumVolumeSize: object.maximumVolumeSize,
    }),
  }),
  VolumeAttachment: (object: VolumeAttachment) => ({
    ...header(object),
    spec: {
      attacher: object.attacher,
      nodeName: object.nodeName,
      source: fields({ persistentVolumeName: text(object.persistentVolumeName) }),
    },
    status: { attached: object.attached },
  }),
  Event: encodeEvent,
};

function header(object: AnyObject): JsonObject {
  return { apiVersion: object.apiVersion, kind: object.kind, metadata: encodeMeta(object.metadata) };
}

function encodeNode(node: Node): JsonObject {
  const { spec, status } = node;
  return {
    ...header(node),
    spec: fields({
      providerID: text(spec.providerID),
      unschedulable: when(spec.unschedulable),
      taints: list(spec.taints, (taint) =>
        fields({ key: taint.key, value: text(taint.value), effect: taint.effect, timeAdded: time(taint.timeAdded) }),
      ),
    }),
    status: fields({
      capacity: map(status.capacity),
      // Written even when empty: an absent list reads back as the capacity.
      allocatable: status.allocatable,
      conditions: list(status.conditions, (condition) =>
        fields({
          type: condition.type,
          status: condition.status,
          lastHeartbeatTime: formatRfc3339(condition.lastHeartbeatTime),
          lastTransitionTime: formatRfc3339(condition.lastTransitionTime),
          reason: text(condition.reason),
          message: text(condition.message),
        }),
      ),
      images: list(status.images, (image) => fields({ names: names(image.names), sizeBytes: image.sizeBytes })),
      volumesAttached: list(status.volumesAttached, (volume) => ({ name: volume.name, devicePath: '' })),
    }),
  };
}

function encodeService(service: Service): JsonObject {
  const { spec } = service;
  return {
    ...header(service),
    spec: fields({
      type: spec.type,
      selector: spec.selector,
      ports: list(spec.ports, (port) =>
        fields({ name: text(port.name), port: port.port, targetPort: port.targetPort, protocol: port.protocol }),
      ),
    }),
  };
}

function encodeReplicaSet(set: ReplicaSet): JsonObject {
  const { spec, status } = set;
  return {
    ...header(set),
    spec: {
      replicas: spec.replicas,
      minReadySeconds: spec.minReadySeconds,
      selector: encodeSelector(spec.selector),
      template: encodePodTemplate(spec.template),
    },
    status: fields({
      replicas: status.replicas,
      fullyLabeledReplicas: status.fullyLabeledReplicas,
      readyReplicas: status.readyReplicas,
      availableReplicas: status.availableReplicas,
      observedGeneration: status.observedGeneration,
      conditions: list(status.conditions, encodeCondition),
    }),
  };
}

function encodeDeployment(deployment: Deployment): JsonObject {
  const { spec, status } = deployment;
  const { type, maxSurge, maxUnavailable } = spec.strategy;
  return {
    ...header(deployment),
    spec: fields({
      replicas: spec.replicas,
      selector: encodeSelector(spec.selector),
      template: encodePodTemplate(spec.template),
      strategy: type === 'Recreate' ? { type } : { type, rollingUpdate: { maxSurge, maxUnavailable } },
      minReadySeconds: spec.minReadySeconds,
      revisionHistoryLimit: spec.revisionHistoryLimit,
      paused: when(spec.paused),
      progressDeadlineSeconds: spec.progressDeadlineSeconds,
    }),
    status: fields({
      observedGeneration: status.observedGeneration,
      replicas: status.replicas,
      updatedReplicas: status.updatedReplicas,
      readyReplicas: status.readyReplicas,
      availableReplicas: status.availableReplicas,
      unavailableReplicas: status.unavailableReplicas,
      collisionCount: status.collisionCount,
      conditions: list(status.conditions, (condition) => ({
        ...encodeCondition(condition),
        lastUpdateTime: formatRfc3339(condition.lastUpdateTime),
      })),
    }),
  };
}

function encodeStatefulSet(set: StatefulSet): JsonObject {
  const { spec, status } = set;
  return {
    ...header(set),
    spec: fields({
      replicas: spec.replicas,
      selector: encodeSelector(spec.selector),
      template: encodePodTemplate(spec.template),
      serviceName: spec.serviceName,
      podManagementPolicy: spec.podManagementPolicy,
      updateStrategy:
        spec.updateStrategy.type === 'OnDelete'
          ? { type: 'OnDelete' }
          : { type: 'RollingUpdate', rollingUpdate: { partition: spec.updateStrategy.partition } },
      minReadySeconds: spec.minReadySeconds,
      revisionHistoryLimit: spec.revisionHistoryLimit,
      ordinals: spec.firstOrdinal === 0 ? undefined : { start: spec.firstOrdinal },
      volumeClaimTemplates: list(spec.volumeClaimTemplates, ({ name, labels, annotations, spec: claim }) => ({
        metadata: fields({ name, labels: map(labels), annotations: map(annotations) }),
        spec: encodeClaimSpec(claim),
      })),
      persistentVolumeClaimRetentionPolicy: spec.volumeClaimTemplates.length === 0 ? undefined : { ...spec.claimRetention },
    }),
    status: fields({
      ...status,
      currentRevision: text(status.currentRevision),
      updateRevision: text(status.updateRevision),
    }),
  };
}

function encodeJob(job: Job): JsonObject {
  const { spec, status } = job;
  return {
    ...header(job),
    spec: fields({
      parallelism: spec.parallelism,
      completions: spec.completions,
      backoffLimit: spec.backoffLimit,
      activeDeadlineSeconds: spec.activeDeadlineSeconds,
      ttlSecondsAfterFinished: spec.ttlSecondsAfterFinished,
      suspend: when(spec.suspend),
      completionMode: spec.completionMode,
      podReplacementPolicy: spec.podReplacementPolicy,
      selector: optional(spec.selector, encodeSelector),
      template: encodePodTemplate(spec.template),
    }),
    status: fields({
      active: status.active,
      ready: status.ready,
      terminating: status.terminating,
      succeeded: status.succeeded,
      failed: status.failed,
      startTime: time(status.startTime),
      completionTime: time(status.completionTime),
      completedIndexes: text(status.completedIndexes),
      uncountedTerminatedPods: nonEmpty(
        fields({
          succeeded: names(status.uncountedTerminatedPods.succeeded),
          failed: names(status.uncountedTerminatedPods.failed),
        }),
      ),
      conditions: list(status.conditions, encodeCondition),
    }),
  };
}

function encodeLease(lease: Lease): JsonObject {
  const { spec } = lease;
  return {
    ...header(lease),
    spec: fields({
      holderIdentity: text(spec.holderIdentity),
      leaseDurationSeconds: spec.leaseDurationSeconds === 0 ? undefined : spec.leaseDurationSeconds,
      acquireTime: microTime(spec.acquireTime),
      renewTime: microTime(spec.renewTime),
      leaseTransitions: spec.leaseTransitions,
    }),
  };
}

/** Lease times are MicroTime: always six decimals. */
function microTime(value: TimeUs | undefined): string | undefined {
  if (value === undefined) return undefined;
  const written = formatRfc3339(value).slice(0, -1);
  const dot = written.indexOf('.');
  return dot === -1 ? `${written}.000000Z` : `${written.padEnd(dot + 7, '0')}Z`;
}

function encodePodDisruptionBudget(budget: PodDisruptionBudget): JsonObject {
  const { spec, status } = budget;
  const disruptedPods: Record<string, Json> = {};
  for (const name of Object.keys(status.disruptedPods)) disruptedPods[name] = formatRfc3339(status.disruptedPods[name]!);
  return {
    ...header(budget),
    spec: fields({
      minAvailable: spec.minAvailable,
      maxUnavailable: spec.maxUnavailable,
      selector: optional(spec.selector, encodeSelector),
      unhealthyPodEvictionPolicy: spec.unhealthyPodEvictionPolicy,
    }),
    status: fields({
      disruptionsAllowed: status.disruptionsAllowed,
      currentHealthy: status.currentHealthy,
      desiredHealthy: status.desiredHealthy,
      expectedPods: status.expectedPods,
      observedGeneration: status.observedGeneration,
      disruptedPods: nonEmpty(disruptedPods),
      conditions: list(status.conditions, encodeCondition),
    }),
  };
}

function encodePersistentVolume(volume: PersistentVolume): JsonObject {
  const { spec } = volume;
  const { claimRef, csi, gcePersistentDisk, awsElasticBlockStore } = spec;
  const hasSource = csi !== undefined || gcePersistentDisk !== undefined || awsElasticBlockStore !== undefined;
  return {
    ...header(volume),
    spec: fields({
      capacity: map(spec.capacity),
      accessModes: names(spec.accessModes),
      storageClassName: text(spec.storageClassName),
      volumeMode: spec.volumeMode,
      volumeAttributesClassName: spec.volumeAttributesClassName,
      persistentVolumeReclaimPolicy: spec.persistentVolumeReclaimPolicy,
      claimRef:
        claimRef === undefined
          ? undefined
          : fields({
              apiVersion: 'v1',
              kind: 'PersistentVolumeClaim',
              namespace: text(claimRef.namespace),
              name: text(claimRef.name),
              uid: text(claimRef.uid),
            }),
      nodeAffinity: optional(spec.nodeAffinityRequired, (required) => ({ required: encodeNodeSelector(required) })),
      csi: csi === undefined ? undefined : { driver: csi.driver, volumeHandle: csi.volumeHandle },
      gcePersistentDisk: gcePersistentDisk === undefined ? undefined : { pdName: gcePersistentDisk.pdName },
      awsElasticBlockStore: awsElasticBlockStore === undefined ? undefined : { volumeID: awsElasticBlockStore.volumeID },
      hostPath: hasSource ? undefined : { path: '/var/empty' },
    }),
    status: fields({ phase: text(volume.status.phase) }),
  };
}

function encodePersistentVolumeClaim(claim: PersistentVolumeClaim): JsonObject {
  return {
    ...header(claim),
    spec: encodeClaimSpec(claim.spec),
    status: fields({ phase: text(claim.status.phase) }),
  };
}

function encodeClaimSpec(spec: PersistentVolumeClaim['spec']): JsonObject {
  return fields({
    accessModes: names(spec.accessModes),
    resources: nonEmpty(fields({ requests: map(spec.requests) })),
    storageClassName: spec.storageClassName,
    volumeName: text(spec.volumeName),
    volumeMode: spec.volumeMode,
    volumeAttributesClassName: spec.volumeAttributesClassName,
    selector: optional(spec.selector, encodeSelector),
  });
}

function encodeStorageClass(storageClass: StorageClass): JsonObject {
  return {
    ...header(storageClass),
    ...fields({
      provisioner: storageClass.provisioner,
      reclaimPolicy: storageClass.reclaimPolicy,
      volumeBindingMode: storageClass.volumeBindingMode,
      allowedTopologies: list(storageClass.allowedTopologies, (topology) =>
        fields({
          matchLabelExpressions: list(topology.matchLabelExpressions, (expression) =>
            fields({ key: expression.key, values: names(expression.values) }),
          ),
        }),
      ),
    }),
  };
}

function encodeCsiNode(node: CsiNode): JsonObject {
  return {
    ...header(node),
    spec: {
      drivers: node.drivers.map((driver) =>
        fields({
          name: driver.name,
          nodeID: driver.nodeID,
          topologyKeys: names(driver.topologyKeys),
          allocatable: optional(driver.count, (count) => ({ count })),
        }),
      ),
    },
  };
}

function encodeEvent(event: KubeEvent): JsonObject {
  return {
    ...header(event),
    ...fields({
      type: event.type,
      reason: text(event.reason),
      message: text(event.message),
      count: event.count,
      firstTimestamp: formatRfc3339(event.firstTimestamp),
      lastTimestamp: formatRfc3339(event.lastTimestamp),
      involvedObject: fields({
        kind: text(event.involvedObject.kind),
        namespace: text(event.involvedObject.namespace),
        name: text(event.involvedObject.name),
        uid: text(event.involvedObject.uid),
      }),
      source: fields({ component: text(event.source.component) }),
    }),
  };
}
