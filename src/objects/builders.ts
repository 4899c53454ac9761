/**
 * Builders: typed objects from the few fields that matter, with the API server's defaults for the rest.
 */
import type { ObjectMeta, ResourceList, StringMap } from './meta.ts';
import { newMeta } from './meta.ts';
import type { Node, NodeSpec, NodeStatus } from './node.ts';
import type { Container, Pod, PodSpec } from './pod.ts';
import { DEFAULT_SCHEDULER_NAME } from './pod.ts';
import { defaultPullPolicy, defaultRequests } from './pod-defaults.ts';
import { qosClassOf } from './pod-requests.ts';

const NOTHING: StringMap = Object.freeze({});

/** A container; requests default to limits. */
export function newContainer(
  fields: Partial<Container> & { readonly requests?: ResourceList; readonly limits?: ResourceList } = {},
): Container {
  const image = fields.image ?? '';
  const limits = fields.limits ?? fields.resources?.limits ?? NOTHING;
  const requests = fields.requests ?? fields.resources?.requests ?? NOTHING;
  return {
    name: fields.name ?? 'main',
    image,
    imagePullPolicy: fields.imagePullPolicy ?? defaultPullPolicy(image),
    resources: { requests: defaultRequests(requests, limits), limits },
    ports: fields.ports ?? [],
    restartPolicy: fields.restartPolicy,
    readinessProbe: fields.readinessProbe,
    livenessProbe: fields.livenessProbe,
    startupProbe: fields.startupProbe,
    preStopSleepSeconds: fields.preStopSleepSeconds,
  };
}

export function newPodSpec(fields: Partial<PodSpec> = {}): PodSpec {
  return {
    nodeName: fields.nodeName ?? '',
    schedulerName: fields.schedulerName ?? DEFAULT_SCHEDULER_NAME,
    containers: fields.containers ?? [newContainer()],
    initContainers: fields.initContainers ?? [],
    restartPolicy: fields.restartPolicy ?? 'Always',
    terminationGracePeriodSeconds: fields.terminationGracePeriodSeconds ?? 30,
    activeDeadlineSeconds: fields.activeDeadlineSeconds,
    nodeSelector: fields.nodeSelector,
    affinity: fields.affinity,
    tolerations: fields.tolerations ?? [],
    topologySpreadConstraints: fields.topologySpreadConstraints ?? [],
    priorityClassName: fields.priorityClassName ?? '',
    priority: fields.priority,
    preemptionPolicy: fields.preemptionPolicy ?? 'PreemptLowerPriority',
    overhead: fields.overhead ?? NOTHING,
    resources: fields.resources,
    schedulingGates: fields.schedulingGates ?? [],
    volumes: fields.volumes ?? [],
    hostNetwork: fields.hostNetwork ?? false,
    serviceAccountName: fields.serviceAccountName ?? '',
    hostname: fields.hostname ?? '',
    subdomain: fields.subdomain ?? '',
    readinessGates: fields.readinessGates ?? [],
    resourceClaims: fields.resourceClaims ?? [],
  };
}

/** A pod that is about to be created: Pending, with the quality of service its resources give it. */
export function newPod(meta: Parameters<typeof newMeta>[0], spec: PodSpec): Pod {
  return {
    kind: 'Pod',
    apiVersion: 'v1',
    metadata: newMeta({ namespace: 'default', ...meta }),
    spec,
    status: {
      phase: 'Pending',
      conditions: [],
      reason: '',
      message: '',
      startTime: undefined,
      nominatedNodeName: '',
      podIP: '',
      qosClass: qosClassOf(spec),
      containerStatuses: [],
      initContainerStatuses: [],
      observedGeneration: 0,
    },
  };
}

/** A node; allocatable defaults to the capacity. */
export function newNode(
  name: string,
  fields: {
    readonly labels?: StringMap;
    readonly annotations?: StringMap;
    readonly spec?: Partial<NodeSpec>;
    readonly status?: Partial<NodeStatus>;
  } = {},
): Node {
  const capacity = fields.status?.capacity ?? NOTHING;
  const metadata: ObjectMeta = newMeta({ name, labels: fields.labels ?? NOTHING, annotations: fields.annotations ?? NOTHING });
  return {
    kind: 'Node',
    apiVersion: 'v1',
    metadata,
    spec: {
      unschedulable: fields.spec?.unschedulable ?? false,
      taints: fields.spec?.taints ?? [],
      providerID: fields.spec?.providerID ?? '',
    },
    status: {
      capacity,
      allocatable: fields.status?.allocatable ?? capacity,
      conditions: fields.status?.conditions ?? [],
      images: fields.status?.images ?? [],
      volumesAttached: fields.status?.volumesAttached ?? [],
    },
  };
}
