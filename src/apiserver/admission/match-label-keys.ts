/**
 * MatchLabelKeys: writes the pod's own label values into the selectors of its affinity terms and
 * spread constraints, so that schedulers need not know about matchLabelKeys.
 *
 * Models    kubernetes v1.34 pkg/registry/core/pod/strategy.go applyMatchLabelKeysAndMismatchLabelKeys and
 *           applySchedulingGatedCondition's neighbours (MatchLabelKeysInPodAffinity is GA,
 *           MatchLabelKeysInPodTopologySpreadSelectorMerge is on by default)
 */
import type { LabelSelector, LabelSelectorRequirement, StringMap } from '../../objects/meta.ts';
import type { Affinity, Pod, PodAffinitySpec, PodAffinityTerm, PodSpec, TopologySpreadConstraint } from '../../objects/pod.ts';
import type { AdmissionStepDef } from './admission.ts';

export const matchLabelKeys: AdmissionStepDef = {
  name: 'MatchLabelKeys',
  summary: 'merges matchLabelKeys and mismatchLabelKeys into label selectors',
  operations: ['create'],
  kinds: ['Pod'],
  create: () => ({ admit: (object) => merge(object as Pod, true) }),
};

/** As before v1.34: spread constraints are left to the scheduler. */
export const matchLabelKeysOfAffinity: AdmissionStepDef = {
  ...matchLabelKeys,
  summary: 'merges matchLabelKeys and mismatchLabelKeys of pod affinity into label selectors',
  create: () => ({ admit: (object) => merge(object as Pod, false) }),
};

function merge(pod: Pod, mergesSpread: boolean): Pod {
  if (!usesLabelKeys(pod.spec)) return pod;
  const { labels } = pod.metadata;
  const { affinity, topologySpreadConstraints } = pod.spec;
  const spec: PodSpec = {
    ...pod.spec,
    affinity: affinity === undefined ? undefined : mergeAffinity(affinity, labels),
    topologySpreadConstraints: mergesSpread
      ? topologySpreadConstraints.map((constraint) => mergeSpread(constraint, labels))
      : topologySpreadConstraints,
  };
  return { ...pod, spec };
}

function usesLabelKeys(spec: PodSpec): boolean {
  for (const constraint of spec.topologySpreadConstraints) if (constraint.matchLabelKeys.length > 0) return true;
  if (spec.affinity === undefined) return false;
  return hasKeys(spec.affinity.podAffinity) || hasKeys(spec.affinity.podAntiAffinity);
}

function hasKeys(affinity: PodAffinitySpec | undefined): boolean {
  if (affinity === undefined) return false;
  return affinity.required.some(termHasKeys) || affinity.preferred.some((weighted) => termHasKeys(weighted.podAffinityTerm));
}

function termHasKeys(term: PodAffinityTerm): boolean {
  return term.matchLabelKeys.length > 0 || term.mismatchLabelKeys.length > 0;
}

function mergeAffinity(affinity: Affinity, labels: StringMap): Affinity {
  return {
    ...affinity,
    podAffinity: mergePodAffinity(affinity.podAffinity, labels),
    podAntiAffinity: mergePodAffinity(affinity.podAntiAffinity, labels),
  };
}

function mergePodAffinity(affinity: PodAffinitySpec | undefined, labels: StringMap): PodAffinitySpec | undefined {
  if (affinity === undefined || !hasKeys(affinity)) return affinity;
  return {
    required: affinity.required.map((term) => mergeTerm(term, labels)),
    preferred: affinity.preferred.map((weighted) => ({ ...weighted, podAffinityTerm: mergeTerm(weighted.podAffinityTerm, labels) })),
  };
}

function mergeTerm(term: PodAffinityTerm, labels: StringMap): PodAffinityTerm {
  // An absent selector matches nothing, and stays that way.
  if (!termHasKeys(term) || term.labelSelector === undefined) return term;
  const added = [...requirements('In', term.matchLabelKeys, labels), ...requirements('NotIn', term.mismatchLabelKeys, labels)];
  return { ...term, labelSelector: extend(term.labelSelector, added) };
}

function mergeSpread(constraint: TopologySpreadConstraint, labels: StringMap): TopologySpreadConstraint {
  if (constraint.matchLabelKeys.length === 0 || constraint.labelSelector === undefined) return constraint;
  return { ...constraint, labelSelector: extend(constraint.labelSelector, requirements('In', constraint.matchLabelKeys, labels)) };
}

/** Keys that the pod has no label for are left out. */
function requirements(operator: 'In' | 'NotIn', keys: readonly string[], labels: StringMap): LabelSelectorRequirement[] {
  const found: LabelSelectorRequirement[] = [];
  for (const key of keys) {
    if (!Object.hasOwn(labels, key)) continue;
    found.push({ key, operator, values: [labels[key] as string] });
  }
  return found;
}

function extend(selector: LabelSelector, added: readonly LabelSelectorRequirement[]): LabelSelector {
  if (added.length === 0) return selector;
  return { ...selector, matchExpressions: [...selector.matchExpressions, ...added] };
}
