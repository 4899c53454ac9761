/**
 * Selectors: label selectors and node selectors, compiled into matchers.
 *
 * Models    kubernetes v1.34 apimachinery/pkg/labels/selector.go, component-helpers/scheduling/corev1/nodeaffinity
 * Differs   parse errors carry our own wording
 * Order     requirements are tested as written, matchLabels first
 * Cost      a matcher is built once per selector; a match is one property look-up per requirement
 *
 * An absent label selector (undefined) matches nothing and is not empty; `{}` matches everything and is empty.
 */

import type { LabelSelector, StringMap } from './meta.ts';
import { checkLabelValue, checkQualifiedName } from './names.ts';
import type { NodeSelector, NodeSelectorRequirement, NodeSelectorTerm } from './pod.ts';

export type RequirementOperator = 'In' | 'NotIn' | 'Exists' | 'DoesNotExist' | 'Gt' | 'Lt';

/** One parsed condition on one label. */
export interface Requirement {
  readonly key: string;
  readonly operator: RequirementOperator;
  /** As written; empty for Exists and DoesNotExist. */
  readonly values: readonly string[];
  /** The bound of Gt and Lt; 0n otherwise. */
  readonly bound: bigint;
}

/** Why a requirement or term cannot be parsed. */
export class SelectorError {
  readonly message: string;

  constructor(message: string) {
    this.message = message;
  }
}

export function parseRequirement(key: string, operator: string, values: readonly string[]): Requirement | SelectorError {
  const badKey = checkQualifiedName(key);
  if (badKey !== undefined) return new SelectorError(`label key "${key}" ${badKey}`);
  switch (operator) {
    case 'In':
    case 'NotIn':
      if (values.length === 0) return new SelectorError(`operator ${operator} needs at least one value`);
      break;
    case 'Exists':
    case 'DoesNotExist':
      if (values.length > 0) return new SelectorError(`operator ${operator} takes no values`);
      break;
    case 'Gt':
    case 'Lt':
      if (values.length !== 1 || parseInt64(values[0]!) === undefined) {
        return new SelectorError(`operator ${operator} needs exactly one integer`);
      }
      break;
    default:
      return new SelectorError(`unknown operator "${operator}", expected one of In, NotIn, Exists, DoesNotExist, Gt, Lt`);
  }
  for (const value of values) {
    const badValue = checkLabelValue(value);
    if (badValue !== undefined) return new SelectorError(`value "${value}" ${badValue}`);
  }
  const bound = operator === 'Gt' || operator === 'Lt' ? parseInt64(values[0]!)! : 0n;
  return { key, operator, values, bound };
}

export function requirementMatches(requirement: Requirement, labels: StringMap): boolean {
  const value = labelOf(labels, requirement.key);
  switch (requirement.operator) {
    case 'In':
      return value !== undefined && requirement.values.includes(value);
    case 'NotIn':
      return value === undefined || !requirement.values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    default: {
      const number = value === undefined ? undefined : parseInt64(value);
      if (number === undefined) return false;
      return requirement.operator === 'Gt' ? number > requirement.bound : number < requirement.bound;
    }
  }
}

/** The value of label `key`; undefined when absent. Safe for keys such as `constructor` that every object inherits. */
export function labelOf(labels: StringMap, key: string): string | undefined {
  const value = labels[key] as unknown;
  return typeof value === 'string' ? value : undefined;
}

/** A decimal int64 as Go's strconv.ParseInt reads it. */
function parseInt64(text: string): bigint | undefined {
  if (!/^[+-]?[0-9]+$/.test(text)) return undefined;
  const number = BigInt(text.startsWith('+') ? text.slice(1) : text);
  return BigInt.asIntN(64, number) === number ? number : undefined;
}

// Label selectors -----------------------------------------------------------------------------------

/** A label selector ready for use. */
export class LabelMatcher {
  readonly requirements: readonly Requirement[];
  /** True for a selector that matches nothing: absent, or with a parse error. */
  readonly matchesNothing: boolean;
  /** What is wrong with the selector; undefined when it parsed. */
  readonly error: SelectorError | undefined;

  constructor(requirements: readonly Requirement[], matchesNothing: boolean, error: SelectorError | undefined) {
    this.requirements = requirements;
    this.matchesNothing = matchesNothing;
    this.error = error;
  }

  /** True only for the selector that matches everything; an absent selector is not empty. */
  get isEmpty(): boolean {
    return !this.matchesNothing && this.requirements.length === 0;
  }

  matches(labels: StringMap): boolean {
    if (this.matchesNothing) return false;
    const { requirements } = this;
    for (let i = 0; i < requirements.length; i++) if (!requirementMatches(requirements[i]!, labels)) return false;
    return true;
  }
}

export const MATCH_NOTHING = new LabelMatcher([], true, undefined);
export const MATCH_EVERYTHING = new LabelMatcher([], false, undefined);

/** Compiles `selector`; one with a parse error matches nothing and says why. */
export function compileLabelSelector(selector: LabelSelector | undefined): LabelMatcher {
  if (selector === undefined) return MATCH_NOTHING;
  const requirements = equalities(selector.matchLabels);
  for (const expression of selector.matchExpressions) {
    const operator: string = expression.operator;
    const parsed =
      operator === 'Gt' || operator === 'Lt'
        ? new SelectorError(`unknown operator "${operator}", expected one of In, NotIn, Exists, DoesNotExist`)
        : parseRequirement(expression.key, operator, expression.values);
    if (parsed instanceof SelectorError) return new LabelMatcher([], true, parsed);
    requirements.push(parsed);
  }
  return requirements.length === 0 ? MATCH_EVERYTHING : new LabelMatcher(requirements, false, undefined);
}

/** The selector of Services and ReplicationControllers: undefined or empty matches nothing. */
export function compileLabelMap(selector: StringMap | undefined): LabelMatcher {
  if (selector === undefined) return MATCH_NOTHING;
  const requirements = equalities(selector);
  return requirements.length === 0 ? MATCH_NOTHING : new LabelMatcher(requirements, false, undefined);
}

/** One match of an object against a selector that is used only once. */
export function selectorMatches(selector: LabelSelector | undefined, labels: StringMap): boolean {
  return compileLabelSelector(selector).matches(labels);
}

/** Whether every entry of `selector` is in `labels`; an empty selector matches everything. */
export function labelsContain(labels: StringMap, selector: StringMap): boolean {
  for (const key of Object.keys(selector)) if (labelOf(labels, key) !== selector[key]) return false;
  return true;
}

function equalities(labels: StringMap): Requirement[] {
  return Object.keys(labels).map((key) => ({ key, operator: 'In', values: [labels[key]!], bound: 0n }));
}

// Node selectors ------------------------------------------------------------------------------------

/** One term of a node selector, ready for use. */
export class NodeTermMatcher {
  readonly requirements: readonly Requirement[];
  /** Conditions on the node's name: the only field there is. Conditions on any other field read it as empty. */
  readonly fields: readonly FieldRequirement[];
  /** Neither expressions nor fields: matches nothing. */
  readonly isEmpty: boolean;
  /** A term that does not parse matches nothing. */
  readonly error: SelectorError | undefined;

  constructor(term: NodeSelectorTerm) {
    const requirements: Requirement[] = [];
    const fields: FieldRequirement[] = [];
    let error: SelectorError | undefined;
    for (const { key, operator, values } of term.matchExpressions) {
      const parsed = parseRequirement(key, operator, values);
      if (parsed instanceof SelectorError) error ??= parsed;
      else requirements.push(parsed);
    }
    for (const expression of term.matchFields) {
      const parsed = parseField(expression);
      if (parsed instanceof SelectorError) error ??= parsed;
      else fields.push(parsed);
    }
    this.requirements = requirements;
    this.fields = fields;
    this.isEmpty = term.matchExpressions.length === 0 && term.matchFields.length === 0;
    this.error = error;
  }

  matches(labels: StringMap, nodeName: string): boolean {
    if (this.isEmpty || this.error !== undefined) return false;
    for (const requirement of this.requirements) if (!requirementMatches(requirement, labels)) return false;
    for (const { key, isNegated, value } of this.fields) {
      const actual = key === 'metadata.name' ? nodeName : '';
      if ((actual === value) === isNegated) return false;
    }
    return true;
  }
}

export interface FieldRequirement {
  readonly key: string;
  /** NotIn. */
  readonly isNegated: boolean;
  readonly value: string;
}

function parseField(expression: NodeSelectorRequirement): FieldRequirement | SelectorError {
  const { key, operator, values } = expression;
  if (operator !== 'In' && operator !== 'NotIn') {
    return new SelectorError(`operator "${operator}" is not valid for a field, expected In or NotIn`);
  }
  if (values.length !== 1) return new SelectorError(`field "${key}" needs exactly one value`);
  return { key, isNegated: operator === 'NotIn', value: values[0]! };
}

/** A node selector ready for use: its terms are alternatives; without terms it matches nothing. */
export class NodeMatcher {
  readonly terms: readonly NodeTermMatcher[];

  constructor(selector: NodeSelector) {
    this.terms = selector.nodeSelectorTerms.map((term) => new NodeTermMatcher(term));
  }

  matches(labels: StringMap, nodeName: string): boolean {
    for (const term of this.terms) if (term.matches(labels, nodeName)) return true;
    return false;
  }

  /** The first parse error of any term; such a selector may still match by another term. */
  get error(): SelectorError | undefined {
    for (const term of this.terms) if (term.error !== undefined) return term.error;
    return undefined;
  }
}

export function compileNodeSelector(selector: NodeSelector): NodeMatcher {
  return new NodeMatcher(selector);
}

export function compileNodeTerm(term: NodeSelectorTerm): NodeTermMatcher {
  return new NodeTermMatcher(term);
}
