/**
 * KubernetesVersion: which release of the scheduler is played, and every decision that differs between them.
 *
 * Models    kube-scheduler v1.34.1 and v1.32.2 with their default feature gates
 *
 * This is the only switch: code asks for a named behaviour, never for a version.
 */

export type KubernetesVersion = '1.34' | '1.32';

export const KUBERNETES_VERSIONS: readonly KubernetesVersion[] = ['1.34', '1.32'];
export const DEFAULT_KUBERNETES_VERSION: KubernetesVersion = '1.34';

/** The release that `text` names: `1.34`, `v1.34`, or a patch release of it; undefined when it is none that is played. */
export function readKubernetesVersion(text: string): KubernetesVersion | undefined {
  const plain = /^v?(\d+\.\d+)(\.\d+)?$/.exec(text.trim())?.[1];
  return KUBERNETES_VERSIONS.find((known) => known === plain);
}

export interface Behaviour {
  readonly version: KubernetesVersion;
  /** DynamicResources is in the default plugin set; it skips ordinary pods but shows in messages. */
  readonly hasDynamicResources: boolean;
  /** NodeResourcesFit answers UnschedulableAndUnresolvable when a request exceeds the node's whole allocatable. */
  readonly isOversizedRequestUnresolvable: boolean;
  /** NodeResourcesBalancedAllocation skips pods that request none of its resources. */
  readonly balancedSkipsBestEffort: boolean;
  /** Host ports of sidecar init containers count. */
  readonly countsSidecarHostPorts: boolean;
  /** A pod's own term keeps its namespaceSelector after resolving it, so negative-only selectors match every namespace. */
  readonly keepsResolvedNamespaceSelector: boolean;
  /** `spec.resources` of a pod overrides the sum of its containers. */
  readonly hasPodLevelResources: boolean;
  /** Container statuses (in-place resize) count in node accounting. */
  readonly usesStatusResources: boolean;
  /** PV, PVC and their VolumeAttributesClass have to agree. */
  readonly matchesVolumeAttributesClass: boolean;
  readonly volumeNodeAffinityReason: string;
  readonly readWriteOncePodReason: string;
  /** Victims are evicted after the cycle, the preemptor waits gated meanwhile. */
  readonly hasAsyncPreemption: boolean;
  /** Pop takes from the backoff queue while the active queue is empty. */
  readonly popsFromBackoffQueue: boolean;
  /** PreEnqueue runs when a pod enters the backoff queue (else when it leaves it). */
  readonly runsPreEnqueueBeforeBackoff: boolean;
  /** Backoff ends on whole seconds, and errors have their own backoff queue and counter. */
  readonly alignsBackoffToSeconds: boolean;
  readonly hasErrorBackoffQueue: boolean;
  /** The API server merges matchLabelKeys of spread constraints into their selectors; the scheduler does so in any case. */
  readonly mergesSpreadLabelKeys: boolean;
  /** A nomination that changes or goes away wakes pods of lower or equal priority. */
  readonly wakesOnNominationChange: boolean;
  /** Bindings and status patches wait in one queue, at most one per pod (SchedulerAsyncAPICalls; off again from v1.34.2 on). */
  readonly queuesApiCalls: boolean;
}

const V1_34: Behaviour = Object.freeze({
  version: '1.34',
  hasDynamicResources: true,
  isOversizedRequestUnresolvable: true,
  balancedSkipsBestEffort: true,
  countsSidecarHostPorts: true,
  keepsResolvedNamespaceSelector: true,
  hasPodLevelResources: true,
  usesStatusResources: true,
  matchesVolumeAttributesClass: true,
  volumeNodeAffinityReason: "node(s) didn't match PersistentVolume's node affinity",
  readWriteOncePodReason:
    'node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod',
  hasAsyncPreemption: true,
  popsFromBackoffQueue: true,
  runsPreEnqueueBeforeBackoff: true,
  alignsBackoffToSeconds: true,
  hasErrorBackoffQueue: true,
  mergesSpreadLabelKeys: true,
  wakesOnNominationChange: true,
  queuesApiCalls: true,
});

const V1_32: Behaviour = Object.freeze({
  version: '1.32',
  hasDynamicResources: false,
  isOversizedRequestUnresolvable: false,
  balancedSkipsBestEffort: false,
  countsSidecarHostPorts: false,
  keepsResolvedNamespaceSelector: false,
  hasPodLevelResources: false,
  usesStatusResources: false,
  matchesVolumeAttributesClass: false,
  volumeNodeAffinityReason: 'node(s) had volume node affinity conflict',
  readWriteOncePodReason: 'node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode',
  hasAsyncPreemption: false,
  popsFromBackoffQueue: false,
  runsPreEnqueueBeforeBackoff: false,
  alignsBackoffToSeconds: false,
  hasErrorBackoffQueue: false,
  mergesSpreadLabelKeys: false,
  wakesOnNominationChange: false,
  queuesApiCalls: false,
});

export function behaviourOf(version: KubernetesVersion): Behaviour {
  return version === '1.34' ? V1_34 : V1_32;
}
