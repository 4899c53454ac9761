/**
 * Taints and tolerations.
 *
 * Models    kubernetes v1.34 core/v1 Toleration.ToleratesTaint
 * Order     the first untolerated taint in node order is the one reported
 */
import type { Taint, TaintEffect } from './node.ts';
import type { Toleration } from './pod.ts';

/** An empty effect or key matches any; an unknown operator never matches. */
export function toleratesTaint(toleration: Toleration, taint: Taint): boolean {
  if (toleration.effect !== '' && toleration.effect !== taint.effect) return false;
  if (toleration.key !== '' && toleration.key !== taint.key) return false;
  if (toleration.operator === 'Exists') return true;
  return (toleration.operator === '' || toleration.operator === 'Equal') && toleration.value === taint.value;
}

export function isTolerated(taint: Taint, tolerations: readonly Toleration[]): boolean {
  for (let i = 0; i < tolerations.length; i++) if (toleratesTaint(tolerations[i]!, taint)) return true;
  return false;
}

/** The first of `taints` with an effect for which `counts` holds that no toleration matches; undefined when all are tolerated. */
export function findUntolerated(
  taints: readonly Taint[],
  tolerations: readonly Toleration[],
  counts: (effect: TaintEffect) => boolean,
): Taint | undefined {
  for (let i = 0; i < taints.length; i++) {
    const taint = taints[i]!;
    if (counts(taint.effect) && !isTolerated(taint, tolerations)) return taint;
  }
  return undefined;
}

/** The effects that keep a pod off a node. */
export function isHardEffect(effect: TaintEffect): boolean {
  return effect === 'NoSchedule' || effect === 'NoExecute';
}

/** Two taints are the same when key and effect are; the value does not matter. */
export function isSameTaint(a: Taint, b: Taint): boolean {
  return a.key === b.key && a.effect === b.effect;
}
