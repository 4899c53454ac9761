/**
 * LabelMatcher: a label selector, compiled once and matched often.
 *
 * Models    kubernetes v1.34 staging/src/k8s.io/apimachinery/pkg/labels/selector.go, metav1.LabelSelectorAsSelector
 *
 * An absent selector matches nothing; one without requirements matches everything and is "empty".
 */
import type { LabelSelector, StringMap } from '../objects/meta.ts';

export type MatchOperator = 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';

export interface Requirement {
  readonly key: string;
  readonly operator: MatchOperator;
  readonly values: readonly string[];
}

export class LabelMatcher {
  /** Sorted by key as upstream does; undefined matches nothing. */
  readonly requirements: readonly Requirement[] | undefined;

  constructor(requirements: readonly Requirement[] | undefined) {
    this.requirements = requirements;
  }

  /** Whether everything matches; a matcher of nothing is not empty. */
  get isEmpty(): boolean {
    return this.requirements !== undefined && this.requirements.length === 0;
  }

  matches(labels: StringMap): boolean {
    const { requirements } = this;
    if (requirements === undefined) return false;
    for (let i = 0; i < requirements.length; i++) if (!matchesRequirement(requirements[i]!, labels)) return false;
    return true;
  }

  /** This and all of `more`. Nothing stays nothing. */
  and(more: readonly Requirement[]): LabelMatcher {
    if (this.requirements === undefined || more.length === 0) return this;
    return new LabelMatcher([...this.requirements, ...more]);
  }
}

export const MATCH_NOTHING = new LabelMatcher(undefined);
export const MATCH_EVERYTHING = new LabelMatcher([]);

/** undefined gives a matcher of nothing, `{}` one of everything. */
export function compileSelector(selector: LabelSelector | undefined): LabelMatcher {
  if (selector === undefined) return MATCH_NOTHING;
  const requirements: Requirement[] = requirementsOf(selector.matchLabels);
  for (const { key, operator, values } of selector.matchExpressions) requirements.push({ key, operator, values });
  return requirements.length === 0 ? MATCH_EVERYTHING : new LabelMatcher(requirements);
}

/** `key = value` for every label. */
export function requirementsOf(labels: StringMap): Requirement[] {
  return Object.keys(labels).map((key) => ({ key, operator: 'In', values: [labels[key]!] }));
}

export function compileLabels(labels: StringMap): LabelMatcher {
  return new LabelMatcher(requirementsOf(labels));
}

function matchesRequirement(requirement: Requirement, labels: StringMap): boolean {
  const value = labels[requirement.key];
  switch (requirement.operator) {
    case 'In':
      return value !== undefined && requirement.values.includes(value);
    case 'NotIn':
      return value === undefined || !requirement.values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    default:
      return false;
  }
}
