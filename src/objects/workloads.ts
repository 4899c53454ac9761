/**
 * The apps/v1 kinds whose controllers keep pods alive: ReplicaSet, Deployment, StatefulSet, and the old
 * core/v1 ReplicationController (read by default spreading only).
 *
 * Models    kubernetes v1.34 apps/v1, core/v1
 */
import type { Condition, IntOrString, LabelSelector, ObjectMeta, StringMap, TimeUs } from './meta.ts';
import type { PodSpec } from './pod.ts';
import type { PersistentVolumeClaim } from './storage.ts';

export interface PodTemplate {
  readonly metadata: { readonly labels: StringMap; readonly annotations: StringMap; readonly finalizers: readonly string[] };
  readonly spec: PodSpec;
}

export interface ReplicaSet {
  readonly kind: 'ReplicaSet';
  readonly apiVersion: 'apps/v1';
  readonly metadata: ObjectMeta;
  readonly spec: {
    readonly replicas: number;
    readonly minReadySeconds: number;
    readonly selector: LabelSelector;
    readonly template: PodTemplate;
  };
  readonly status: ReplicaSetStatus;
}

export interface ReplicaSetStatus {
  readonly replicas: number;
  readonly fullyLabeledReplicas: number;
  readonly readyReplicas: number;
  readonly availableReplicas: number;
  readonly observedGeneration: number;
  readonly conditions: readonly Condition[];
}

export interface Deployment {
  readonly kind: 'Deployment';
  readonly apiVersion: 'apps/v1';
  readonly metadata: ObjectMeta;
  readonly spec: DeploymentSpec;
  readonly status: DeploymentStatus;
}

export interface DeploymentSpec {
  readonly replicas: number;
  readonly selector: LabelSelector;
  readonly template: PodTemplate;
  readonly strategy: DeploymentStrategy;
  readonly minReadySeconds: number;
  readonly revisionHistoryLimit: number;
  readonly paused: boolean;
  /** 2147483647 switches the deadline off. */
  readonly progressDeadlineSeconds: number;
}

export interface DeploymentStrategy {
  readonly type: 'RollingUpdate' | 'Recreate';
  /** Default 25 %, rounded up. */
  readonly maxSurge: IntOrString;
  /** Default 25 %, rounded down. */
  readonly maxUnavailable: IntOrString;
}

export interface DeploymentCondition extends Condition {
  readonly lastUpdateTime: TimeUs;
}

export interface DeploymentStatus {
  readonly observedGeneration: number;
  readonly replicas: number;
  readonly updatedReplicas: number;
  readonly readyReplicas: number;
  readonly availableReplicas: number;
  readonly unavailableReplicas: number;
  readonly collisionCount: number | undefined;
  readonly conditions: readonly DeploymentCondition[];
}

export interface StatefulSet {
  readonly kind: 'StatefulSet';
  readonly apiVersion: 'apps/v1';
  readonly metadata: ObjectMeta;
  readonly spec: {
    readonly replicas: number;
    readonly selector: LabelSelector;
    readonly template: PodTemplate;
    readonly serviceName: string;
    readonly podManagementPolicy: 'OrderedReady' | 'Parallel';
    readonly updateStrategy: StatefulSetUpdateStrategy;
    readonly minReadySeconds: number;
    readonly revisionHistoryLimit: number;
    /** spec.ordinals.start: the ordinal of the first pod. */
    readonly firstOrdinal: number;
    /** Claims every pod gets of its own. */
    readonly volumeClaimTemplates: readonly VolumeClaimTemplate[];
    /** Whether claims go with the set, and with pods that are scaled away. */
    readonly claimRetention: { readonly whenDeleted: 'Retain' | 'Delete'; readonly whenScaled: 'Retain' | 'Delete' };
  };
  readonly status: StatefulSetStatus;
}

export interface VolumeClaimTemplate {
  readonly name: string;
  readonly labels: StringMap;
  readonly annotations: StringMap;
  readonly spec: PersistentVolumeClaim['spec'];
}

export interface StatefulSetUpdateStrategy {
  readonly type: 'RollingUpdate' | 'OnDelete';
  /** Pods with a lower ordinal keep the old revision. */
  readonly partition: number;
}

export interface StatefulSetStatus {
  readonly replicas: number;
  readonly readyReplicas: number;
  readonly availableReplicas: number;
  readonly currentReplicas: number;
  readonly updatedReplicas: number;
  /** Name of the revision most pods have; empty before the first sync. */
  readonly currentRevision: string;
  /** Name of the revision of the present template; empty before the first sync. */
  readonly updateRevision: string;
  readonly collisionCount: number | undefined;
  readonly observedGeneration: number;
}

export interface ReplicationController {
  readonly kind: 'ReplicationController';
  readonly apiVersion: 'v1';
  readonly metadata: ObjectMeta;
  readonly spec: {
    readonly replicas: number;
    /** undefined when absent. */
    readonly selector: StringMap | undefined;
  };
}
