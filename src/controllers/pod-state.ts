/**
 * Pod state as workload controllers see it: ready, available, when next available.
 *
 * Models    kubernetes v1.34 pkg/api/v1/pod/util.go, pkg/controller/controller_utils.go
 */
import { SECOND_US } from '../engine/units.ts';
import type { TimeUs } from '../objects/meta.ts';
import { isPodReady, type Pod, podCondition } from '../objects/pod.ts';

/** Ready for at least `minReadySeconds`. */
export function isPodAvailable(pod: Pod, minReadySeconds: number, nowUs: TimeUs): boolean {
  const ready = podCondition(pod, 'Ready');
  if (ready === undefined || ready.status !== 'True') return false;
  return minReadySeconds === 0 || ready.lastTransitionTime + minReadySeconds * SECOND_US <= nowUs;
}

/** Time until the first of `pods` that is ready but not yet available becomes so; undefined when none is on its way. */
export function nextAvailabilityUs(pods: readonly Pod[], minReadySeconds: number, nowUs: TimeUs): number | undefined {
  let next: number | undefined;
  for (const pod of pods) {
    if (!isPodReady(pod)) continue;
    const leftUs = podCondition(pod, 'Ready')!.lastTransitionTime + minReadySeconds * SECOND_US - nowUs;
    if (leftUs > 0 && (next === undefined || leftUs < next)) next = leftUs;
  }
  return next;
}

/** Both not ready before and ready now. */
export function becameReady(old: Pod, next: Pod): boolean {
  return !isPodReady(old) && isPodReady(next);
}
