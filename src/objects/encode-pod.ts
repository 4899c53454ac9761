/**
 * Encoding of pods and pod templates.
 *
 * Differs   what decoding dropped is written as the least that `kubectl` accepts: a probe gets a handler that always
 *           succeeds, a volume source of no interest gets placeholder fields
 */
import {
  encodeMeta,
  encodeNodeSelector,
  encodeNodeTerm,
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
import type {
  Affinity,
  Container,
  ContainerState,
  ContainerStatus,
  Pod,
  PodAffinitySpec,
  PodAffinityTerm,
  PodSpec,
  PodStatus,
  Probe,
  ResourceRequirements,
  Volume,
} from './pod.ts';
import { formatRfc3339 } from './rfc3339.ts';
import type { PodTemplate } from './workloads.ts';

export function encodePod(pod: Pod): JsonObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: encodeMeta(pod.metadata),
    spec: encodePodSpec(pod.spec),
    status: encodePodStatus(pod.status),
  };
}

export function encodePodTemplate(template: PodTemplate): JsonObject {
  const { labels, annotations, finalizers } = template.metadata;
  return {
    metadata: fields({ labels: map(labels), annotations: map(annotations), finalizers: names(finalizers) }),
    spec: encodePodSpec(template.spec),
  };
}

export function encodePodSpec(spec: PodSpec): JsonObject {
  return fields({
    nodeName: text(spec.nodeName),
    schedulerName: spec.schedulerName,
    initContainers: list(spec.initContainers, encodeContainer),
    containers: spec.containers.map(encodeContainer),
    restartPolicy: spec.restartPolicy,
    terminationGracePeriodSeconds: spec.terminationGracePeriodSeconds,
    activeDeadlineSeconds: spec.activeDeadlineSeconds,
    nodeSelector: spec.nodeSelector,
    affinity: optional(spec.affinity, encodeAffinity),
    tolerations: list(spec.tolerations, (toleration) =>
      fields({
        key: text(toleration.key),
        operator: text(toleration.operator),
        value: text(toleration.value),
        effect: text(toleration.effect),
        tolerationSeconds: toleration.tolerationSeconds,
      }),
    ),
    topologySpreadConstraints: list(spec.topologySpreadConstraints, (constraint) =>
      fields({
        maxSkew: constraint.maxSkew,
        topologyKey: constraint.topologyKey,
        whenUnsatisfiable: constraint.whenUnsatisfiable,
        labelSelector: optional(constraint.labelSelector, encodeSelector),
        minDomains: constraint.minDomains,
        nodeAffinityPolicy: constraint.nodeAffinityPolicy,
        nodeTaintsPolicy: constraint.nodeTaintsPolicy,
        matchLabelKeys: names(constraint.matchLabelKeys),
      }),
    ),
    priorityClassName: text(spec.priorityClassName),
    priority: spec.priority,
    preemptionPolicy: spec.preemptionPolicy,
    overhead: map(spec.overhead),
    resources: optional(spec.resources, encodeResources),
    schedulingGates: list(spec.schedulingGates, (gate) => ({ name: gate.name })),
    volumes: list(spec.volumes, encodeVolume),
    hostNetwork: when(spec.hostNetwork),
    serviceAccountName: text(spec.serviceAccountName),
    hostname: text(spec.hostname),
    subdomain: text(spec.subdomain),
    readinessGates: list(spec.readinessGates, (gate) => ({ conditionType: gate.conditionType })),
    resourceClaims: list(spec.resourceClaims, (claim) =>
      fields({
        name: claim.name,
        resourceClaimName: text(claim.resourceClaimName),
        resourceClaimTemplateName: text(claim.resourceClaimTemplateName),
      }),
    ),
  });
}

function encodeContainer(container: Container): JsonObject {
  return fields({
    name: container.name,
    image: text(container.image),
    imagePullPolicy: container.imagePullPolicy,
    resources: nonEmpty(encodeResources(container.resources)),
    ports: list(container.ports, (port) =>
      fields({
        name: text(port.name),
        containerPort: port.containerPort,
        hostPort: port.hostPort === 0 ? undefined : port.hostPort,
        protocol: port.protocol,
        hostIP: text(port.hostIP),
      }),
    ),
    restartPolicy: container.restartPolicy,
    readinessProbe: optional(container.readinessProbe, encodeProbe),
    livenessProbe: optional(container.livenessProbe, encodeProbe),
    startupProbe: optional(container.startupProbe, encodeProbe),
    lifecycle: optional(container.preStopSleepSeconds, (seconds) => ({ preStop: { sleep: { seconds } } })),
  });
}

function encodeResources(resources: ResourceRequirements): JsonObject {
  return fields({ limits: map(resources.limits), requests: map(resources.requests) });
}

function encodeProbe(probe: Probe): JsonObject {
  return fields({
    exec: { command: ['true'] },
    initialDelaySeconds: probe.initialDelaySeconds,
    timeoutSeconds: probe.timeoutSeconds,
    periodSeconds: probe.periodSeconds,
    successThreshold: probe.successThreshold,
    failureThreshold: probe.failureThreshold,
    terminationGracePeriodSeconds: probe.terminationGracePeriodSeconds,
  });
}

function encodeAffinity(affinity: Affinity): JsonObject {
  return fields({
    nodeAffinity: optional(affinity.nodeAffinity, (node) =>
      fields({
        requiredDuringSchedulingIgnoredDuringExecution: optional(node.required, encodeNodeSelector),
        preferredDuringSchedulingIgnoredDuringExecution: optional(node.preferred, (terms) =>
          terms.map((term) => ({ weight: term.weight, preference: encodeNodeTerm(term.preference) })),
        ),
      }),
    ),
    podAffinity: optional(affinity.podAffinity, encodePodAffinity),
    podAntiAffinity: optional(affinity.podAntiAffinity, encodePodAffinity),
  });
}

function encodePodAffinity(affinity: PodAffinitySpec): JsonObject {
  return fields({
    requiredDuringSchedulingIgnoredDuringExecution: list(affinity.required, encodePodTerm),
    preferredDuringSchedulingIgnoredDuringExecution: list(affinity.preferred, (term) => ({
      weight: term.weight,
      podAffinityTerm: encodePodTerm(term.podAffinityTerm),
    })),
  });
}

function encodePodTerm(term: PodAffinityTerm): JsonObject {
  return fields({
    labelSelector: optional(term.labelSelector, encodeSelector),
    namespaces: names(term.namespaces),
    namespaceSelector: optional(term.namespaceSelector, encodeSelector),
    topologyKey: term.topologyKey,
    matchLabelKeys: names(term.matchLabelKeys),
    mismatchLabelKeys: names(term.mismatchLabelKeys),
  });
}

function encodeVolume(volume: Volume): JsonObject {
  const { csi, azureDisk } = volume;
  return fields({
    name: volume.name,
    persistentVolumeClaim: optional(volume.persistentVolumeClaim, (claim) => withReadOnly({ claimName: claim.claimName }, claim)),
    ephemeral: optional(volume.ephemeral, encodeEphemeral),
    csi: csi === undefined ? undefined : { driver: csi.driver },
    gcePersistentDisk: optional(volume.gcePersistentDisk, (disk) => withReadOnly({ pdName: disk.pdName }, disk)),
    awsElasticBlockStore: optional(volume.awsElasticBlockStore, (disk) => withReadOnly({ volumeID: disk.volumeID }, disk)),
    iscsi: optional(volume.iscsi, (disk) => withReadOnly({ targetPortal: '127.0.0.1:3260', iqn: disk.iqn, lun: 0 }, disk)),
    rbd: optional(volume.rbd, (disk) => withReadOnly({ monitors: disk.monitors, pool: disk.pool, image: disk.image }, disk)),
    azureDisk: azureDisk === undefined ? undefined : { diskName: azureDisk.diskName, diskURI: azureDisk.diskName },
    cinder: optional(volume.cinder, (disk) => ({ volumeID: disk.volumeID })),
    ...(volume.other === '' ? undefined : { [volume.other]: placeholderSource(volume.other, volume.name) }),
  });
}

function withReadOnly(source: JsonObject, volume: { readonly readOnly: boolean }): JsonObject {
  return volume.readOnly ? { ...source, readOnly: true } : source;
}

function encodeEphemeral(ephemeral: NonNullable<Volume['ephemeral']>): JsonObject {
  return {
    volumeClaimTemplate: {
      spec: fields({
        accessModes: names(ephemeral.accessModes),
        storageClassName: ephemeral.storageClassName,
        resources: { requests: { storage: ephemeral.request } },
      }),
    },
  };
}

/** The least fields the API server wants of a source whose content does not matter to the model. */
function placeholderSource(source: string, volumeName: string): Json {
  switch (source) {
    case 'configMap':
      return { name: volumeName, optional: true };
    case 'secret':
      return { secretName: volumeName, optional: true };
    case 'hostPath':
      return { path: '/var/empty' };
    case 'nfs':
      return { server: 'nfs.invalid', path: '/' };
    case 'projected':
      return { sources: [] };
    default:
      return {};
  }
}

// Status --------------------------------------------------------------------------------------------

export function encodePodStatus(status: PodStatus): JsonObject {
  return fields({
    phase: status.phase,
    conditions: list(status.conditions, (condition) =>
      fields({
        type: condition.type,
        status: condition.status,
        lastProbeTime: null,
        lastTransitionTime: formatRfc3339(condition.lastTransitionTime),
        reason: text(condition.reason),
        message: text(condition.message),
      }),
    ),
    reason: text(status.reason),
    message: text(status.message),
    startTime: time(status.startTime),
    nominatedNodeName: text(status.nominatedNodeName),
    podIP: text(status.podIP),
    qosClass: status.qosClass,
    initContainerStatuses: list(status.initContainerStatuses, encodeContainerStatus),
    containerStatuses: list(status.containerStatuses, encodeContainerStatus),
    observedGeneration: status.observedGeneration === 0 ? undefined : status.observedGeneration,
  });
}

function encodeContainerStatus(status: ContainerStatus): JsonObject {
  return fields({
    name: status.name,
    ready: status.ready,
    started: status.started,
    restartCount: status.restartCount,
    image: status.image,
    imageID: '',
    state: encodeState(status.current),
    lastState: optional(status.last, encodeState),
    resources: optional(status.resources, encodeResources),
    allocatedResources: status.allocatedResources,
  });
}

function encodeState(state: ContainerState): JsonObject {
  switch (state.state) {
    case 'waiting':
      return { waiting: fields({ reason: text(state.reason), message: text(state.message) }) };
    case 'running':
      return { running: { startedAt: formatRfc3339(state.startedAt) } };
    case 'terminated':
      return {
        terminated: fields({
          exitCode: state.exitCode,
          reason: text(state.reason),
          startedAt: formatRfc3339(state.startedAt),
          finishedAt: formatRfc3339(state.finishedAt),
        }),
      };
  }
}
