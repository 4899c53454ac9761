/**
 * Terms of pod affinity as an attempt sees them: shared by the plugin and its fast form.
 *
 * Models    kubernetes v1.34 pkg/scheduler/framework/plugins/interpodaffinity/plugin.go
 */
import type { StringMap } from '../objects/meta.ts';
import { MATCH_NOTHING } from '../objects/selectors.ts';
import type { ClusterLister, SchedulerContext } from './framework.ts';
import { type AffinityTerm, type PodShape, termMatches, type WeightedAffinityTerm } from './pod-shape.ts';

export const NO_LABELS: StringMap = Object.freeze({});

type Context = Pick<SchedulerContext, 'lister' | 'behaviour'>;

/** Whether which pods the term selects depends on the labels of namespaces. */
export function looksAtNamespaces({ namespaceSelector }: AffinityTerm): boolean {
  return !namespaceSelector.isEmpty && !namespaceSelector.matchesNothing;
}

/**
 * The pod's own terms with the namespaces that their selectors select now. From v1.33 on the selector stays
 * in the term, and is later asked about a namespace without labels: one of negative requirements only then matches every
 * namespace.
 */
function resolveTerm(term: AffinityTerm, context: Context): AffinityTerm {
  if (!looksAtNamespaces(term)) return term;
  const { namespaceSelector } = term;
  const namespaces = new Set(term.namespaces);
  for (const namespace of context.lister.list('Namespace')) {
    if (namespaceSelector.matches(namespace.metadata.labels)) namespaces.add(namespace.metadata.name);
  }
  return { ...term, namespaces, namespaceSelector: context.behaviour.keepsResolvedNamespaceSelector ? namespaceSelector : MATCH_NOTHING };
}

export function resolveTerms(terms: readonly AffinityTerm[], context: Context): readonly AffinityTerm[] {
  return terms.length === 0 ? terms : terms.map((term) => resolveTerm(term, context));
}

export function resolveWeighted(terms: readonly WeightedAffinityTerm[], context: Context): readonly WeightedAffinityTerm[] {
  return terms.length === 0 ? terms : terms.map(({ weight, term }) => ({ weight, term: resolveTerm(term, context) }));
}

export function namespaceLabels(pod: PodShape, lister: ClusterLister): StringMap {
  return lister.get('Namespace', pod.namespace)?.metadata.labels ?? NO_LABELS;
}

/** Whether the pod is selected by every term; false without terms. */
export function matchesAll(terms: readonly AffinityTerm[], pod: PodShape): boolean {
  if (terms.length === 0) return false;
  for (const term of terms) if (!termMatches(term, pod, NO_LABELS)) return false;
  return true;
}
