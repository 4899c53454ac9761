/**
 * PodShape: everything about a pod that plugins look at again and again, parsed and compiled once for all
 * pods that are alike.
 *
 * Models    kubernetes v1.34 pkg/scheduler/framework/types.go (PodInfo, AffinityTerm) and what plugins
 *           compute in PreFilter and PreScore from the pod alone
 *
 * Two pods of one shape get the same verdict from every plugin on every node, except where a plugin reads what is
 * the pod's own: its name and uid, spec.nodeName, priority, nomination, generic ephemeral claims.
 */
import { controllerOf, type OwnerReference, type StringMap } from '../objects/meta.ts';
import type {
  Container,
  NodeAffinitySpec,
  Pod,
  PodAffinityTerm,
  PodSpec,
  PreferredSchedulingTerm,
  Toleration,
  TopologySpreadConstraint,
  WeightedPodAffinityTerm,
} from '../objects/pod.ts';
import {
  compileLabelSelector,
  LabelMatcher,
  labelOf,
  labelsContain,
  NodeMatcher,
  NodeTermMatcher,
  type Requirement,
} from '../objects/selectors.ts';
import { isMigratable } from './csi-migration.ts';
import { type PodAmounts, podAmounts } from './pod-requests.ts';
import type { Behaviour } from './versions.ts';

/** One term of pod (anti-)affinity. */
export interface AffinityTerm {
  /** Written namespaces, or the pod's own when the term names neither namespaces nor a selector. */
  readonly namespaces: ReadonlySet<string>;
  /** Matches nothing when absent. */
  readonly namespaceSelector: LabelMatcher;
  readonly selector: LabelMatcher;
  readonly topologyKey: string;
}

export interface WeightedAffinityTerm {
  readonly weight: number;
  readonly term: AffinityTerm;
}

/** Node selector and required node affinity together. */
export interface RequiredNodeAffinity {
  /** undefined when absent. */
  readonly nodeSelector: StringMap | undefined;
  readonly affinity: NodeMatcher | undefined;
}

export interface PreferredNodeAffinity {
  readonly terms: readonly { readonly weight: number; readonly matcher: NodeTermMatcher }[];
  /** What does not parse; empty when everything does. */
  readonly error: string;
}

export interface SpreadConstraint {
  readonly maxSkew: number;
  readonly topologyKey: string;
  readonly selector: LabelMatcher;
  readonly minDomains: number;
  readonly honorsNodeAffinity: boolean;
  readonly honorsNodeTaints: boolean;
}

export interface HostPort {
  readonly ip: string;
  /** Protocol and port. */
  readonly key: string;
}

export interface PodShape {
  /** Grows with every new shape of one scheduler. */
  readonly id: number;
  /**
   * The same for shapes with the same containers, overhead, resources, node selector, node affinity, tolerations and volumes,
   * whatever their namespace, labels, owner, pod affinity and spread constraints.
   */
  readonly partsId: number;
  readonly namespace: string;
  readonly labels: StringMap;
  readonly controller: OwnerReference | undefined;
  readonly amounts: PodAmounts;
  readonly hostPorts: readonly HostPort[];
  readonly tolerations: readonly Toleration[];
  readonly requiredNodeAffinity: RequiredNodeAffinity;
  /** undefined when the pod has no list of preferences. */
  readonly preferredNodeAffinity: PreferredNodeAffinity | undefined;
  /** Whether the pod has a pod affinity or anti-affinity stanza, even an empty one. */
  readonly hasAffinity: boolean;
  readonly requiredAffinity: readonly AffinityTerm[];
  readonly requiredAntiAffinity: readonly AffinityTerm[];
  readonly preferredAffinity: readonly WeightedAffinityTerm[];
  readonly preferredAntiAffinity: readonly WeightedAffinityTerm[];
  readonly hasSpreadConstraints: boolean;
  /** The pod's own constraints; DoNotSchedule and ScheduleAnyway. */
  readonly hardSpread: readonly SpreadConstraint[];
  readonly softSpread: readonly SpreadConstraint[];
  /** Of init containers, then containers, with `:latest` where no tag is given. */
  readonly images: readonly string[];
  /** `namespace/claim` of PersistentVolumeClaim volumes (generic ephemeral volumes are not among them). */
  readonly claimKeys: readonly string[];
  /** Whether any volume plugin has something to look at. */
  readonly hasVolumes: boolean;
}

export function buildPodShape(pod: Pod, id: number, partsId: number, behaviour: Behaviour): PodShape {
  const { spec } = pod;
  const { namespace, labels } = pod.metadata;
  const { nodeAffinity, podAffinity, podAntiAffinity } = spec.affinity ?? NO_AFFINITY;
  const constraints = spec.topologySpreadConstraints;
  const claimKeys: string[] = [];
  for (const volume of spec.volumes) {
    if (volume.persistentVolumeClaim !== undefined) claimKeys.push(`${namespace}/${volume.persistentVolumeClaim.claimName}`);
  }
  return {
    id,
    partsId,
    namespace,
    labels,
    controller: controllerOf(pod),
    amounts: podAmounts(pod, behaviour, false),
    hostPorts: hostPortsOf(spec, behaviour.countsSidecarHostPorts),
    tolerations: spec.tolerations,
    requiredNodeAffinity: compileRequired(spec.nodeSelector, nodeAffinity),
    preferredNodeAffinity: nodeAffinity?.preferred === undefined ? undefined : compilePreferred(nodeAffinity.preferred),
    hasAffinity: podAffinity !== undefined || podAntiAffinity !== undefined,
    requiredAffinity: (podAffinity?.required ?? []).map((term) => compileAffinityTerm(term, namespace)),
    requiredAntiAffinity: (podAntiAffinity?.required ?? []).map((term) => compileAffinityTerm(term, namespace)),
    preferredAffinity: compileWeighted(podAffinity?.preferred ?? [], namespace),
    preferredAntiAffinity: compileWeighted(podAntiAffinity?.preferred ?? [], namespace),
    hasSpreadConstraints: constraints.length > 0,
    hardSpread: compileSpread(constraints, 'DoNotSchedule', labels),
    softSpread: compileSpread(constraints, 'ScheduleAnyway', labels),
    images: [...spec.initContainers, ...spec.containers].map((container) => normalizedImageName(container.image)),
    claimKeys,
    hasVolumes: spec.volumes.some((volume) => volume.other === '' || isMigratable(volume)),
  };
}

/** The shape of a pod that differs from those of `first` in its labels only. */
export function relabelled(first: PodShape, pod: Pod, id: number): PodShape {
  const { labels } = pod.metadata;
  const constraints = pod.spec.topologySpreadConstraints;
  const readsLabels = constraints.some(({ matchLabelKeys }) => matchLabelKeys.length > 0);
  return {
    id,
    partsId: first.partsId,
    namespace: first.namespace,
    labels,
    controller: first.controller,
    amounts: first.amounts,
    hostPorts: first.hostPorts,
    tolerations: first.tolerations,
    requiredNodeAffinity: first.requiredNodeAffinity,
    preferredNodeAffinity: first.preferredNodeAffinity,
    hasAffinity: first.hasAffinity,
    requiredAffinity: first.requiredAffinity,
    requiredAntiAffinity: first.requiredAntiAffinity,
    preferredAffinity: first.preferredAffinity,
    preferredAntiAffinity: first.preferredAntiAffinity,
    hasSpreadConstraints: first.hasSpreadConstraints,
    hardSpread: readsLabels ? compileSpread(constraints, 'DoNotSchedule', labels) : first.hardSpread,
    softSpread: readsLabels ? compileSpread(constraints, 'ScheduleAnyway', labels) : first.softSpread,
    images: first.images,
    claimKeys: first.claimKeys,
    hasVolumes: first.hasVolumes,
  };
}

const NO_AFFINITY = { nodeAffinity: undefined, podAffinity: undefined, podAntiAffinity: undefined };

// Node affinity ---------------------------------------------------------------------------------------

export function compileRequired(nodeSelector: StringMap | undefined, affinity: NodeAffinitySpec | undefined): RequiredNodeAffinity {
  const required = affinity?.required;
  return { nodeSelector, affinity: required === undefined ? undefined : new NodeMatcher(required) };
}

/** Terms of weight 0 and empty terms never count, not even for parse errors. */
export function compilePreferred(terms: readonly PreferredSchedulingTerm[]): PreferredNodeAffinity {
  const compiled: { weight: number; matcher: NodeTermMatcher }[] = [];
  const errors: string[] = [];
  for (const { weight, preference } of terms) {
    const matcher = new NodeTermMatcher(preference);
    if (weight === 0 || matcher.isEmpty) continue;
    if (matcher.error !== undefined) errors.push(matcher.error.message);
    compiled.push({ weight, matcher });
  }
  return { terms: compiled, error: errors.join(', ') };
}

export function matchesRequired(required: RequiredNodeAffinity, labels: StringMap, nodeName: string): boolean {
  if (required.nodeSelector !== undefined && !labelsContain(labels, required.nodeSelector)) return false;
  return required.affinity === undefined || required.affinity.matches(labels, nodeName);
}

// Pod affinity ----------------------------------------------------------------------------------------

function compileAffinityTerm(term: PodAffinityTerm, ownNamespace: string): AffinityTerm {
  const isOwn = term.namespaces.length === 0 && term.namespaceSelector === undefined;
  return {
    namespaces: new Set(isOwn ? [ownNamespace] : term.namespaces),
    namespaceSelector: compileLabelSelector(term.namespaceSelector),
    selector: compileLabelSelector(term.labelSelector),
    topologyKey: term.topologyKey,
  };
}

function compileWeighted(terms: readonly WeightedPodAffinityTerm[], ownNamespace: string): WeightedAffinityTerm[] {
  return terms.map(({ weight, podAffinityTerm }) => ({ weight, term: compileAffinityTerm(podAffinityTerm, ownNamespace) }));
}

/** Whether the term selects a pod; `namespaceLabels` are those of the pod's namespace. */
export function termMatches(term: AffinityTerm, pod: PodShape, namespaceLabels: StringMap): boolean {
  if (!term.namespaces.has(pod.namespace) && !term.namespaceSelector.matches(namespaceLabels)) return false;
  return term.selector.matches(pod.labels);
}

// Topology spread -------------------------------------------------------------------------------------

export function compileSpread(
  constraints: readonly TopologySpreadConstraint[],
  whenUnsatisfiable: TopologySpreadConstraint['whenUnsatisfiable'],
  labels: StringMap,
): SpreadConstraint[] {
  const compiled: SpreadConstraint[] = [];
  for (const constraint of constraints) {
    if (constraint.whenUnsatisfiable !== whenUnsatisfiable) continue;
    compiled.push({
      maxSkew: constraint.maxSkew,
      topologyKey: constraint.topologyKey,
      selector: withMatchLabelKeys(compileLabelSelector(constraint.labelSelector), constraint.matchLabelKeys, labels),
      minDomains: constraint.minDomains ?? 1,
      honorsNodeAffinity: constraint.nodeAffinityPolicy === 'Honor',
      honorsNodeTaints: constraint.nodeTaintsPolicy === 'Honor',
    });
  }
  return compiled;
}

/** `key = value` for every key the pod has; a selector of nothing stays one. */
function withMatchLabelKeys(selector: LabelMatcher, keys: readonly string[], labels: StringMap): LabelMatcher {
  if (keys.length === 0 || selector.matchesNothing) return selector;
  const more: Requirement[] = [];
  for (const key of keys) {
    const value = labelOf(labels, key);
    if (value !== undefined) more.push({ key, operator: 'In', values: [value], bound: 0n });
  }
  return more.length === 0 ? selector : new LabelMatcher([...selector.requirements, ...more], false, undefined);
}

// Ports and images ------------------------------------------------------------------------------------

function hostPortsOf(spec: PodSpec, countsSidecars: boolean): HostPort[] {
  const ports: HostPort[] = [];
  for (const container of spec.containers) addHostPorts(container, ports);
  if (countsSidecars) {
    for (const container of spec.initContainers) if (container.restartPolicy === 'Always') addHostPorts(container, ports);
  }
  return ports;
}

function addHostPorts(container: Container, ports: HostPort[]): void {
  for (const { hostPort, hostIP, protocol } of container.ports) {
    if (hostPort <= 0) continue;
    ports.push({ ip: hostIP === '' ? ANY_ADDRESS : hostIP, key: `${protocol === '' ? 'TCP' : protocol}/${hostPort}` });
  }
}

/** A port on it is taken on every address. */
export const ANY_ADDRESS = '0.0.0.0';

/** With `:latest` when the last colon is not behind the last slash: a colon before it belongs to a registry's port. */
export function normalizedImageName(image: string): string {
  return image.lastIndexOf(':') <= image.lastIndexOf('/') ? `${image}:latest` : image;
}
