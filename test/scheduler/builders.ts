/** Pods and nodes for scheduler tests: everything that matters is said, everything else is plain. */
import { newMeta, type StringMap } from '../../src/objects/meta.ts';
import type { Node, Taint } from '../../src/objects/node.ts';
import type { Container, Pod, PodSpec, PodStatus } from '../../src/objects/pod.ts';

export interface PodFields {
  readonly name?: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly labels?: StringMap;
  readonly cpu?: string;
  readonly memory?: string;
  readonly priority?: number;
  readonly nodeName?: string;
  readonly schedulerName?: string;
  readonly gates?: readonly string[];
  readonly nominated?: string;
  readonly spec?: Partial<PodSpec>;
  readonly status?: Partial<PodStatus>;
}

export function testContainer(requests: StringMap): Container {
  return {
    name: 'main',
    image: 'app:1',
    imagePullPolicy: 'IfNotPresent',
    resources: { requests, limits: {} },
    ports: [],
    restartPolicy: undefined,
    readinessProbe: undefined,
    livenessProbe: undefined,
    startupProbe: undefined,
    preStopSleepSeconds: undefined,
  };
}

export function testPod(fields: PodFields = {}): Pod {
  const name = fields.name ?? 'pod-1';
  const namespace = fields.namespace ?? 'default';
  const requests: Record<string, string> = {};
  if (fields.cpu !== undefined) requests['cpu'] = fields.cpu;
  if (fields.memory !== undefined) requests['memory'] = fields.memory;
  return {
    kind: 'Pod',
    apiVersion: 'v1',
    metadata: { ...newMeta({ name, namespace, labels: fields.labels ?? {} }), uid: fields.uid ?? `uid-${name}`, resourceVersion: 1 },
    spec: {
      nodeName: fields.nodeName ?? '',
      schedulerName: fields.schedulerName ?? 'default-scheduler',
      containers: [testContainer(requests)],
      initContainers: [],
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: 30,
      activeDeadlineSeconds: undefined,
      nodeSelector: undefined,
      affinity: undefined,
      tolerations: [],
      topologySpreadConstraints: [],
      priorityClassName: '',
      priority: fields.priority ?? 0,
      preemptionPolicy: 'PreemptLowerPriority',
      overhead: {},
      resources: undefined,
      schedulingGates: (fields.gates ?? []).map((gate) => ({ name: gate })),
      volumes: [],
      hostNetwork: false,
      serviceAccountName: '',
      hostname: '',
      subdomain: '',
      readinessGates: [],
      resourceClaims: [],
      ...fields.spec,
    },
    status: {
      phase: 'Pending',
      conditions: [],
      reason: '',
      message: '',
      startTime: undefined,
      nominatedNodeName: fields.nominated ?? '',
      podIP: '',
      qosClass: 'Burstable',
      containerStatuses: [],
      initContainerStatuses: [],
      observedGeneration: 0,
      ...fields.status,
    },
  };
}

export interface NodeFields {
  readonly name?: string;
  readonly labels?: StringMap;
  readonly cpu?: string;
  readonly memory?: string;
  readonly pods?: string;
  readonly taints?: readonly Taint[];
  readonly unschedulable?: boolean;
}

export function testNode(fields: NodeFields = {}): Node {
  const name = fields.name ?? 'node-1';
  const allocatable = { cpu: fields.cpu ?? '4', memory: fields.memory ?? '16Gi', pods: fields.pods ?? '110' };
  return {
    kind: 'Node',
    apiVersion: 'v1',
    metadata: {
      ...newMeta({ name, labels: { 'kubernetes.io/hostname': name, ...fields.labels } }),
      uid: `uid-${name}`,
      resourceVersion: 1,
    },
    spec: { unschedulable: fields.unschedulable ?? false, taints: fields.taints ?? [], providerID: '' },
    status: {
      capacity: allocatable,
      allocatable,
      conditions: [],
      images: [],
      volumesAttached: [],
    },
  };
}
