/**
 * Encoding of what all kinds share, and the small vocabulary of encoders.
 *
 * Fields that are empty (an empty string, list or mapping) are left out where an absent field reads back the same.
 */
import type { Condition, LabelSelector, ObjectMeta, OwnerReference, StringMap, TimeUs } from './meta.ts';
import type { NodeSelector, NodeSelectorTerm } from './pod.ts';
import { formatRfc3339 } from './rfc3339.ts';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };
type Field = Json | undefined;

/** The fields that are not undefined, in the given order. */
export function fields(values: Readonly<Record<string, Field>>): JsonObject {
  const result: Record<string, Json> = {};
  for (const key of Object.keys(values)) {
    const value = values[key];
    if (value !== undefined) result[key] = value;
  }
  return result;
}

/** Undefined for an empty string. */
export function text(value: string): string | undefined {
  return value === '' ? undefined : value;
}

/** Undefined for an empty mapping. */
export function map(value: StringMap): JsonObject | undefined {
  return Object.keys(value).length === 0 ? undefined : value;
}

/** Undefined for an empty list. */
export function list<T>(values: readonly T[], encode: (value: T) => Json): readonly Json[] | undefined {
  return values.length === 0 ? undefined : values.map(encode);
}

export function names(values: readonly string[]): readonly Json[] | undefined {
  return values.length === 0 ? undefined : values;
}

/** Undefined for a mapping without fields. */
export function nonEmpty(value: JsonObject): JsonObject | undefined {
  return Object.keys(value).length === 0 ? undefined : value;
}

export function when(flag: boolean): true | undefined {
  return flag ? true : undefined;
}

export function optional<T>(value: T | undefined, encode: (value: T) => Json): Json | undefined {
  return value === undefined ? undefined : encode(value);
}

export function time(value: TimeUs | undefined): string | undefined {
  return value === undefined ? undefined : formatRfc3339(value);
}

export function encodeMeta(meta: ObjectMeta): JsonObject {
  return fields({
    name: text(meta.name),
    generateName: text(meta.generateName),
    namespace: text(meta.namespace),
    uid: text(meta.uid),
    resourceVersion: meta.resourceVersion === 0 ? undefined : String(meta.resourceVersion),
    generation: meta.generation === 0 ? undefined : meta.generation,
    // A manifest that was never accepted has no creation time.
    creationTimestamp: meta.uid === '' && meta.creationTimestamp === 0 ? undefined : formatRfc3339(meta.creationTimestamp),
    deletionTimestamp: time(meta.deletionTimestamp),
    deletionGracePeriodSeconds: meta.deletionGracePeriodSeconds,
    labels: map(meta.labels),
    annotations: map(meta.annotations),
    ownerReferences: list(meta.ownerReferences, encodeOwner),
    finalizers: names(meta.finalizers),
  });
}

function encodeOwner(owner: OwnerReference): Json {
  return fields({
    apiVersion: owner.apiVersion,
    kind: owner.kind,
    name: owner.name,
    uid: text(owner.uid),
    controller: when(owner.controller),
    blockOwnerDeletion: when(owner.blockOwnerDeletion),
  });
}

export function encodeSelector(selector: LabelSelector): JsonObject {
  return fields({
    matchLabels: map(selector.matchLabels),
    matchExpressions: list(selector.matchExpressions, (expression) =>
      fields({ key: expression.key, operator: expression.operator, values: names(expression.values) }),
    ),
  });
}

export function encodeNodeSelector(selector: NodeSelector): JsonObject {
  return { nodeSelectorTerms: selector.nodeSelectorTerms.map(encodeNodeTerm) };
}

export function encodeNodeTerm(term: NodeSelectorTerm): JsonObject {
  const requirements = (expressions: NodeSelectorTerm['matchExpressions']) =>
    list(expressions, (expression) => fields({ key: expression.key, operator: expression.operator, values: names(expression.values) }));
  return fields({ matchExpressions: requirements(term.matchExpressions), matchFields: requirements(term.matchFields) });
}

export function encodeCondition(condition: Condition): JsonObject {
  return fields({
    type: condition.type,
    status: condition.status,
    lastTransitionTime: formatRfc3339(condition.lastTransitionTime),
    reason: text(condition.reason),
    message: text(condition.message),
  });
}
