/**
 * Copies of the parts of objects that are written most, to be changed before anyone sees them.
 *
 * Every field is named: V8 gives the result of a spread a hidden class of its own at each place in the code, and a pod that passed three
 * such places is a stranger to code compiled for pods. Copies made here are all of one class, whatever they were made from.
 *
 * HOT       with every write, binding and decision
 */
import type { ObjectMeta } from './meta.ts';
import type { Node, NodeSpec, NodeStatus } from './node.ts';
import type { Pod, PodSpec, PodStatus } from './pod.ts';
import type { Deployment, DeploymentStatus, ReplicaSet, ReplicaSetStatus } from './workloads.ts';

/** `T` with fields that can be set. */
export type Draft<T> = { -readonly [F in keyof T]: T[F] };

export function copyMeta(meta: ObjectMeta): Draft<ObjectMeta> {
  return {
    key: meta.key,
    name: meta.name,
    namespace: meta.namespace,
    generateName: meta.generateName,
    uid: meta.uid,
    resourceVersion: meta.resourceVersion,
    generation: meta.generation,
    creationTimestamp: meta.creationTimestamp,
    deletionTimestamp: meta.deletionTimestamp,
    deletionGracePeriodSeconds: meta.deletionGracePeriodSeconds,
    labels: meta.labels,
    annotations: meta.annotations,
    ownerReferences: meta.ownerReferences,
    finalizers: meta.finalizers,
  };
}

export function copyPod(pod: Pod): Draft<Pod> {
  return { kind: pod.kind, apiVersion: pod.apiVersion, metadata: pod.metadata, spec: pod.spec, status: pod.status };
}

export function copyPodSpec(spec: PodSpec): Draft<PodSpec> {
  return {
    nodeName: spec.nodeName,
    schedulerName: spec.schedulerName,
    containers: spec.containers,
    initContainers: spec.initContainers,
    restartPolicy: spec.restartPolicy,
    terminationGracePeriodSeconds: spec.terminationGracePeriodSeconds,
    activeDeadlineSeconds: spec.activeDeadlineSeconds,
    nodeSelector: spec.nodeSelector,
    affinity: spec.affinity,
    tolerations: spec.tolerations,
    topologySpreadConstraints: spec.topologySpreadConstraints,
    priorityClassName: spec.priorityClassName,
    priority: spec.priority,
    preemptionPolicy: spec.preemptionPolicy,
    overhead: spec.overhead,
    resources: spec.resources,
    schedulingGates: spec.schedulingGates,
    volumes: spec.volumes,
    hostNetwork: spec.hostNetwork,
    serviceAccountName: spec.serviceAccountName,
    hostname: spec.hostname,
    subdomain: spec.subdomain,
    readinessGates: spec.readinessGates,
    resourceClaims: spec.resourceClaims,
  };
}

export function copyPodStatus(status: PodStatus): Draft<PodStatus> {
  return {
    phase: status.phase,
    conditions: status.conditions,
    reason: status.reason,
    message: status.message,
    startTime: status.startTime,
    nominatedNodeName: status.nominatedNodeName,
    podIP: status.podIP,
    qosClass: status.qosClass,
    containerStatuses: status.containerStatuses,
    initContainerStatuses: status.initContainerStatuses,
    observedGeneration: status.observedGeneration,
  };
}

/** The pod with other conditions; the same pod when they are the ones it has. */
export function withPodConditions(pod: Pod, conditions: PodStatus['conditions']): Pod {
  if (conditions === pod.status.conditions) return pod;
  const next = copyPod(pod);
  const status = copyPodStatus(pod.status);
  status.conditions = conditions;
  next.status = status;
  return next;
}

export function copyNode(node: Node): Draft<Node> {
  return { kind: node.kind, apiVersion: node.apiVersion, metadata: node.metadata, spec: node.spec, status: node.status };
}

export function copyNodeSpec(spec: NodeSpec): Draft<NodeSpec> {
  return { unschedulable: spec.unschedulable, taints: spec.taints, providerID: spec.providerID };
}

export function withTaints(node: Node, taints: NodeSpec['taints']): Node {
  const next = copyNode(node);
  const spec = copyNodeSpec(node.spec);
  spec.taints = taints;
  next.spec = spec;
  return next;
}

export function copyNodeStatus(status: NodeStatus): Draft<NodeStatus> {
  return {
    capacity: status.capacity,
    allocatable: status.allocatable,
    conditions: status.conditions,
    images: status.images,
    volumesAttached: status.volumesAttached,
  };
}

export function copyReplicaSetSpec(spec: ReplicaSet['spec']): Draft<ReplicaSet['spec']> {
  return { replicas: spec.replicas, minReadySeconds: spec.minReadySeconds, selector: spec.selector, template: spec.template };
}

export function copyReplicaSetStatus(status: ReplicaSetStatus): Draft<ReplicaSetStatus> {
  return {
    replicas: status.replicas,
    fullyLabeledReplicas: status.fullyLabeledReplicas,
    readyReplicas: status.readyReplicas,
    availableReplicas: status.availableReplicas,
    observedGeneration: status.observedGeneration,
    conditions: status.conditions,
  };
}

export function copyDeploymentSpec(spec: Deployment['spec']): Draft<Deployment['spec']> {
  return {
    replicas: spec.replicas,
    selector: spec.selector,
    template: spec.template,
    strategy: spec.strategy,
    minReadySeconds: spec.minReadySeconds,
    revisionHistoryLimit: spec.revisionHistoryLimit,
    paused: spec.paused,
    progressDeadlineSeconds: spec.progressDeadlineSeconds,
  };
}

export function copyDeploymentStatus(status: DeploymentStatus): Draft<DeploymentStatus> {
  return {
    observedGeneration: status.observedGeneration,
    replicas: status.replicas,
    updatedReplicas: status.updatedReplicas,
    readyReplicas: status.readyReplicas,
    availableReplicas: status.availableReplicas,
    unavailableReplicas: status.unavailableReplicas,
    collisionCount: status.collisionCount,
    conditions: status.conditions,
  };
}
