/** Objects for controller tests: builders with defaults, and deterministic names. */
import { newContainer, newNode, newPod, newPodSpec } from '../../src/objects/builders.ts';
import type { PodDisruptionBudget } from '../../src/objects/cluster.ts';
import type { Job } from '../../src/objects/job.ts';
import { newMeta, type ObjectMeta, type OwnerReference } from '../../src/objects/meta.ts';
import type { Node, NodeCondition } from '../../src/objects/node.ts';
import type { Pod, PodPhase } from '../../src/objects/pod.ts';
import type { Deployment, DeploymentSpec, PodTemplate, ReplicaSet, StatefulSet } from '../../src/objects/workloads.ts';

export const APP = { app: 'web' };

export function template(image = 'web:v1', labels: Record<string, string> = APP): PodTemplate {
  return { metadata: { labels, annotations: {}, finalizers: [] }, spec: newPodSpec({ containers: [newContainer({ image })] }) };
}

export interface PodFields {
  readonly name?: string;
  readonly uid?: string;
  readonly nodeName?: string;
  readonly phase?: PodPhase;
  /** When the pod became ready; undefined: it is not. */
  readonly readySinceUs?: number | undefined;
  readonly createdUs?: number;
  readonly deletionCost?: string;
  readonly restarts?: number;
  readonly isDeleting?: boolean;
  readonly owner?: OwnerReference;
  readonly labels?: Record<string, string>;
}

export function pod(fields: PodFields = {}): Pod {
  const { name = 'pod-1', readySinceUs, restarts = 0 } = fields;
  const spec = newPodSpec({ nodeName: fields.nodeName ?? 'node-1' });
  const base = newPod({ name, labels: fields.labels ?? APP }, spec);
  const metadata: ObjectMeta = {
    ...base.metadata,
    uid: fields.uid ?? `uid-${name}`,
    creationTimestamp: fields.createdUs ?? 0,
    deletionTimestamp: fields.isDeleting ? 1 : undefined,
    annotations: fields.deletionCost === undefined ? {} : { 'controller.kubernetes.io/pod-deletion-cost': fields.deletionCost },
    ownerReferences: fields.owner === undefined ? [] : [fields.owner],
  };
  const ready = {
    type: 'Ready',
    status: readySinceUs === undefined ? ('False' as const) : ('True' as const),
    reason: '',
    message: '',
    lastTransitionTime: readySinceUs ?? 0,
  };
  const main = {
    name: 'main',
    ready: readySinceUs !== undefined,
    started: true,
    restartCount: restarts,
    image: '',
    current: { state: 'running' as const, startedAt: 0 },
    last: undefined,
    resources: undefined,
    allocatedResources: undefined,
  };
  return {
    ...base,
    metadata,
    status: { ...base.status, phase: fields.phase ?? 'Running', conditions: [ready], containerStatuses: [main] },
  };
}

export function replicaSet(
  name: string,
  fields: Partial<ReplicaSet['spec']> & {
    readonly status?: Partial<ReplicaSet['status']>;
    readonly createdUs?: number;
    readonly annotations?: Record<string, string>;
    readonly owner?: OwnerReference;
    readonly generation?: number;
  } = {},
): ReplicaSet {
  return {
    kind: 'ReplicaSet',
    apiVersion: 'apps/v1',
    metadata: {
      ...newMeta({
        name,
        namespace: 'default',
        labels: APP,
        annotations: fields.annotations ?? {},
        ownerReferences: fields.owner === undefined ? [] : [fields.owner],
      }),
      creationTimestamp: fields.createdUs ?? 0,
      generation: fields.generation ?? 1,
      uid: `uid-${name}`,
    },
    spec: {
      replicas: fields.replicas ?? 1,
      minReadySeconds: fields.minReadySeconds ?? 0,
      selector: fields.selector ?? { matchLabels: APP, matchExpressions: [] },
      template: fields.template ?? template(),
    },
    status: {
      replicas: 0,
      fullyLabeledReplicas: 0,
      readyReplicas: 0,
      availableReplicas: 0,
      observedGeneration: 0,
      conditions: [],
      ...fields.status,
    },
  };
}

/** As a user would apply it: no uid yet. */
export function newReplicaSet(name: string, fields: Partial<ReplicaSet['spec']> = {}): ReplicaSet {
  const set = replicaSet(name, fields);
  return { ...set, metadata: newMeta({ name, namespace: 'default', labels: APP }) };
}

export function deployment(
  name: string,
  fields: Partial<DeploymentSpec> & { readonly status?: Partial<Deployment['status']>; readonly annotations?: Record<string, string> } = {},
): Deployment {
  return {
    kind: 'Deployment',
    apiVersion: 'apps/v1',
    metadata: newMeta({ name, namespace: 'default', annotations: fields.annotations ?? {} }),
    spec: {
      replicas: fields.replicas ?? 3,
      selector: fields.selector ?? { matchLabels: APP, matchExpressions: [] },
      template: fields.template ?? template(),
      strategy: fields.strategy ?? { type: 'RollingUpdate', maxSurge: '25%', maxUnavailable: '25%' },
      minReadySeconds: fields.minReadySeconds ?? 0,
      revisionHistoryLimit: fields.revisionHistoryLimit ?? 10,
      paused: fields.paused ?? false,
      progressDeadlineSeconds: fields.progressDeadlineSeconds ?? 600,
    },
    status: {
      observedGeneration: 0,
      replicas: 0,
      updatedReplicas: 0,
      readyReplicas: 0,
      availableReplicas: 0,
      unavailableReplicas: 0,
      collisionCount: undefined,
      conditions: [],
      ...fields.status,
    },
  };
}

export function statefulSet(name: string, fields: Partial<StatefulSet['spec']> = {}): StatefulSet {
  return {
    kind: 'StatefulSet',
    apiVersion: 'apps/v1',
    metadata: newMeta({ name, namespace: 'default' }),
    spec: {
      replicas: 3,
      selector: { matchLabels: APP, matchExpressions: [] },
      template: template(),
      serviceName: name,
      podManagementPolicy: 'OrderedReady',
      updateStrategy: { type: 'RollingUpdate', partition: 0 },
      minReadySeconds: 0,
      revisionHistoryLimit: 10,
      firstOrdinal: 0,
      volumeClaimTemplates: [],
      claimRetention: { whenDeleted: 'Retain', whenScaled: 'Retain' },
      ...fields,
    },
    status: {
      replicas: 0,
      readyReplicas: 0,
      availableReplicas: 0,
      currentReplicas: 0,
      updatedReplicas: 0,
      currentRevision: '',
      updateRevision: '',
      collisionCount: undefined,
      observedGeneration: 0,
    },
  };
}

export function budget(
  name: string,
  spec: Partial<PodDisruptionBudget['spec']>,
  status: Partial<PodDisruptionBudget['status']> = {},
): PodDisruptionBudget {
  return {
    kind: 'PodDisruptionBudget',
    apiVersion: 'policy/v1',
    metadata: newMeta({ name, namespace: 'default' }),
    spec: {
      minAvailable: undefined,
      maxUnavailable: undefined,
      selector: { matchLabels: APP, matchExpressions: [] },
      unhealthyPodEvictionPolicy: 'IfHealthyBudget',
      ...spec,
    },
    status: {
      disruptionsAllowed: 0,
      currentHealthy: 0,
      desiredHealthy: 0,
      expectedPods: 0,
      observedGeneration: 0,
      disruptedPods: {},
      conditions: [],
      ...status,
    },
  };
}

export function readyCondition(status: 'True' | 'False' | 'Unknown', heartbeatUs = 0): NodeCondition {
  return { type: 'Ready', status, reason: '', message: '', lastHeartbeatTime: heartbeatUs, lastTransitionTime: 0 };
}

export function node(
  name: string,
  fields: { readonly zone?: string; readonly ready?: 'True' | 'False' | 'Unknown'; readonly heartbeatUs?: number } = {},
): Node {
  const labels: Record<string, string> = fields.zone === undefined ? {} : { 'topology.kubernetes.io/zone': fields.zone };
  const conditions = fields.ready === undefined ? [] : [readyCondition(fields.ready, fields.heartbeatUs)];
  return newNode(name, { labels, status: { capacity: { cpu: '8', memory: '32Gi', pods: '110' }, conditions } });
}

export function newJob(name: string, spec: Partial<Job['spec']> = {}): Job {
  const base = template('job:v1', { app: name });
  return {
    kind: 'Job',
    apiVersion: 'batch/v1',
    metadata: newMeta({ name, namespace: 'default' }),
    spec: {
      parallelism: 1,
      completions: 1,
      backoffLimit: 6,
      activeDeadlineSeconds: undefined,
      ttlSecondsAfterFinished: undefined,
      suspend: false,
      completionMode: 'NonIndexed',
      podReplacementPolicy: 'TerminatingOrFailed',
      selector: undefined,
      template: { ...base, spec: { ...base.spec, restartPolicy: 'Never' } },
      ...spec,
    },
    status: {
      active: 0,
      ready: 0,
      terminating: 0,
      succeeded: 0,
      failed: 0,
      startTime: undefined,
      completionTime: undefined,
      completedIndexes: '',
      uncountedTerminatedPods: { succeeded: [], failed: [] },
      conditions: [],
    },
  };
}
