/**
 * Conditions as the workload controllers write them.
 *
 * Models    kubernetes v1.34 SetDeploymentCondition, replicaset SetCondition: a condition of the same status and
 *           reason is left alone, message included; otherwise the new one goes to the end of the list
 */
import type { Condition } from '../objects/meta.ts';

export function conditionOf<C extends Condition>(conditions: readonly C[], type: string): C | undefined {
  return conditions.find((condition) => condition.type === type);
}

/** `conditions` with `next`; the same array when status and reason did not change. lastTransitionTime follows the status. */
export function setCondition<C extends Condition>(conditions: readonly C[], next: C): readonly C[] {
  const old = conditionOf(conditions, next.type);
  if (old !== undefined && old.status === next.status && old.reason === next.reason) return conditions;
  const kept = old !== undefined && old.status === next.status ? { ...next, lastTransitionTime: old.lastTransitionTime } : next;
  return [...withoutCondition(conditions, next.type), kept];
}

/** The same array when there is nothing to remove. */
export function withoutCondition<C extends Condition>(conditions: readonly C[], type: string): readonly C[] {
  return conditionOf(conditions, type) === undefined ? conditions : conditions.filter((condition) => condition.type !== type);
}
