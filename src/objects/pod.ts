/**
 * Pod: the core/v1 Pod, typed as it is after the API server's defaulting.
 *
 * Models    kubernetes v1.34 core/v1 Pod: the fields that scheduling, kubelets and controllers read
 * Differs   fields without influence on the model (env, commands, security contexts ...) are not kept
 */
import type { ConditionStatus, IntOrString, LabelSelector, ObjectMeta, QuantityString, ResourceList, StringMap, TimeUs } from './meta.ts';

export interface Pod {
  readonly kind: 'Pod';
  readonly apiVersion: 'v1';
  readonly metadata: ObjectMeta;
  readonly spec: PodSpec;
  readonly status: PodStatus;
}

export type PodPhase = 'Pending' | 'Running' | 'Succeeded' | 'Failed' | 'Unknown';
export type RestartPolicy = 'Always' | 'OnFailure' | 'Never';
export type PullPolicy = 'Always' | 'IfNotPresent' | 'Never';
export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort';

export interface PodSpec {
  /** Empty while unscheduled. */
  readonly nodeName: string;
  readonly schedulerName: string;
  readonly containers: readonly Container[];
  readonly initContainers: readonly Container[];
  readonly restartPolicy: RestartPolicy;
  readonly terminationGracePeriodSeconds: number;
  readonly activeDeadlineSeconds: number | undefined;
  /** undefined when absent: NodeAffinity tells an absent selector from an empty one. */
  readonly nodeSelector: StringMap | undefined;
  readonly affinity: Affinity | undefined;
  readonly tolerations: readonly Toleration[];
  readonly topologySpreadConstraints: readonly TopologySpreadConstraint[];
  readonly priorityClassName: string;
  /** Resolved by admission; undefined counts as 0. */
  readonly priority: number | undefined;
  readonly preemptionPolicy: 'PreemptLowerPriority' | 'Never';
  readonly overhead: ResourceList;
  /** Pod-level resources; undefined when absent. */
  readonly resources: ResourceRequirements | undefined;
  readonly schedulingGates: readonly { readonly name: string }[];
  readonly volumes: readonly Volume[];
  readonly hostNetwork: boolean;
  readonly serviceAccountName: string;
  readonly hostname: string;
  readonly subdomain: string;
  readonly readinessGates: readonly { readonly conditionType: string }[];
  readonly resourceClaims: readonly {
    readonly name: string;
    readonly resourceClaimName: string;
    readonly resourceClaimTemplateName: string;
  }[];
}

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly imagePullPolicy: PullPolicy;
  readonly resources: ResourceRequirements;
  readonly ports: readonly ContainerPort[];
  /** Only on init containers: `Always` makes a sidecar. */
  readonly restartPolicy: 'Always' | undefined;
  readonly readinessProbe: Probe | undefined;
  readonly livenessProbe: Probe | undefined;
  readonly startupProbe: Probe | undefined;
  /** Whether a preStop hook exists, and how long it takes when it is a `sleep` hook. */
  readonly preStopSleepSeconds: number | undefined;
}

export interface ResourceRequirements {
  readonly requests: ResourceList;
  readonly limits: ResourceList;
}

export interface ContainerPort {
  readonly name: string;
  readonly containerPort: number;
  /** 0 when absent. */
  readonly hostPort: number;
  readonly protocol: string;
  readonly hostIP: string;
}

export interface Probe {
  readonly initialDelaySeconds: number;
  readonly timeoutSeconds: number;
  readonly periodSeconds: number;
  readonly successThreshold: number;
  readonly failureThreshold: number;
  readonly terminationGracePeriodSeconds: number | undefined;
}

export interface Toleration {
  readonly key: string;
  /** Empty means Equal. */
  readonly operator: string;
  readonly value: string;
  /** Empty matches every effect. */
  readonly effect: string;
  readonly tolerationSeconds: number | undefined;
}

export interface NodeSelectorRequirement {
  readonly key: string;
  /** In, NotIn, Exists, DoesNotExist, Gt, Lt; kept as written because unknown operators are a parse error at use. */
  readonly operator: string;
  readonly values: readonly string[];
}

export interface NodeSelectorTerm {
  readonly matchExpressions: readonly NodeSelectorRequirement[];
  readonly matchFields: readonly NodeSelectorRequirement[];
}

export interface NodeSelector {
  readonly nodeSelectorTerms: readonly NodeSelectorTerm[];
}

export interface PreferredSchedulingTerm {
  readonly weight: number;
  readonly preference: NodeSelectorTerm;
}

export interface NodeAffinitySpec {
  readonly required: NodeSelector | undefined;
  /** undefined when absent: PreScore tells an absent list from an empty one. */
  readonly preferred: readonly PreferredSchedulingTerm[] | undefined;
}

export interface PodAffinityTerm {
  readonly labelSelector: LabelSelector | undefined;
  readonly namespaces: readonly string[];
  readonly namespaceSelector: LabelSelector | undefined;
  readonly topologyKey: string;
  readonly matchLabelKeys: readonly string[];
  readonly mismatchLabelKeys: readonly string[];
}

export interface WeightedPodAffinityTerm {
  readonly weight: number;
  readonly podAffinityTerm: PodAffinityTerm;
}

export interface PodAffinitySpec {
  readonly required: readonly PodAffinityTerm[];
  readonly preferred: readonly WeightedPodAffinityTerm[];
}

/** `required` stands for requiredDuringSchedulingIgnoredDuringExecution, `preferred` for the other; written out in full. */
export interface Affinity {
  readonly nodeAffinity: NodeAffinitySpec | undefined;
  readonly podAffinity: PodAffinitySpec | undefined;
  readonly podAntiAffinity: PodAffinitySpec | undefined;
}

export interface TopologySpreadConstraint {
  readonly maxSkew: number;
  readonly topologyKey: string;
  readonly whenUnsatisfiable: 'DoNotSchedule' | 'ScheduleAnyway';
  readonly labelSelector: LabelSelector | undefined;
  /** undefined counts as 1. */
  readonly minDomains: number | undefined;
  readonly nodeAffinityPolicy: 'Honor' | 'Ignore';
  readonly nodeTaintsPolicy: 'Honor' | 'Ignore';
  readonly matchLabelKeys: readonly string[];
}

/** One volume of a pod; exactly one source is set, `other` for the sources nothing in the model looks at. */
export interface Volume {
  readonly name: string;
  readonly persistentVolumeClaim: { readonly claimName: string; readonly readOnly: boolean } | undefined;
  /** Generic ephemeral volume: the claim's spec template. */
  readonly ephemeral:
    | { readonly storageClassName: string | undefined; readonly accessModes: readonly string[]; readonly request: QuantityString }
    | undefined;
  readonly csi: { readonly driver: string } | undefined;
  readonly gcePersistentDisk: { readonly pdName: string; readonly readOnly: boolean } | undefined;
  readonly awsElasticBlockStore: { readonly volumeID: string; readonly readOnly: boolean } | undefined;
  readonly iscsi: { readonly iqn: string; readonly readOnly: boolean } | undefined;
  readonly rbd:
    | { readonly monitors: readonly string[]; readonly pool: string; readonly image: string; readonly readOnly: boolean }
    | undefined;
  readonly azureDisk: { readonly diskName: string } | undefined;
  readonly cinder: { readonly volumeID: string } | undefined;
  /** Name of any other source, such as `emptyDir`, `configMap`, `projected`; empty when one of the above is set. */
  readonly other: string;
}

export interface PodStatus {
  readonly phase: PodPhase;
  readonly conditions: readonly PodCondition[];
  readonly reason: string;
  readonly message: string;
  /** When the kubelet first saw the pod. */
  readonly startTime: TimeUs | undefined;
  readonly nominatedNodeName: string;
  readonly podIP: string;
  readonly qosClass: QosClass;
  readonly containerStatuses: readonly ContainerStatus[];
  readonly initContainerStatuses: readonly ContainerStatus[];
  readonly observedGeneration: number;
}

export interface PodCondition {
  readonly type: string;
  readonly status: ConditionStatus;
  readonly reason: string;
  readonly message: string;
  readonly lastTransitionTime: TimeUs;
}

export type ContainerState =
  | { readonly state: 'waiting'; readonly reason: string; readonly message: string }
  | { readonly state: 'running'; readonly startedAt: TimeUs }
  | {
      readonly state: 'terminated';
      readonly exitCode: number;
      readonly reason: string;
      readonly startedAt: TimeUs;
      readonly finishedAt: TimeUs;
    };

export interface ContainerStatus {
  readonly name: string;
  readonly ready: boolean;
  readonly started: boolean;
  readonly restartCount: number;
  readonly image: string;
  readonly current: ContainerState;
  readonly last: ContainerState | undefined;
  /** In-place resize: what the runtime gives; undefined when not reported. */
  readonly resources: ResourceRequirements | undefined;
  readonly allocatedResources: ResourceList | undefined;
}

export type { IntOrString };

export const DEFAULT_SCHEDULER_NAME = 'default-scheduler';

/** True for pods that will never run again. */
export function isTerminal(pod: Pod): boolean {
  return pod.status.phase === 'Succeeded' || pod.status.phase === 'Failed';
}

/** Neither finished nor being deleted: what workload controllers count. */
export function isActive(pod: Pod): boolean {
  return !isTerminal(pod) && pod.metadata.deletionTimestamp === undefined;
}

export function podCondition(pod: Pod, type: string): PodCondition | undefined {
  for (const condition of pod.status.conditions) if (condition.type === type) return condition;
  return undefined;
}

export function isPodReady(pod: Pod): boolean {
  return podCondition(pod, 'Ready')?.status === 'True';
}

/** spec.priority, or 0 when it is not resolved. */
export function priorityOf(pod: Pod): number {
  return pod.spec.priority ?? 0;
}

/**
 * `conditions` with `next` in place of the one of its type, or appended. lastTransitionTime is kept
 * when the status did not change. Returns the same array when nothing changed.
 */
export function withCondition<
  C extends {
    readonly type: string;
    readonly status: ConditionStatus;
    readonly reason: string;
    readonly message: string;
    readonly lastTransitionTime: TimeUs;
  },
>(conditions: readonly C[], next: C): readonly C[] {
  const index = conditions.findIndex((condition) => condition.type === next.type);
  if (index === -1) return [...conditions, next];
  const old = conditions[index] as C;
  if (old.status === next.status && old.reason === next.reason && old.message === next.message) return conditions;
  const copy = conditions.slice();
  copy[index] = old.status === next.status ? { ...next, lastTransitionTime: old.lastTransitionTime } : next;
  return copy;
}
