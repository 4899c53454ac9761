/**
 * Probes: when a probe's result changes, found by arithmetic instead of by probing.
 *
 * A healthy container is never probed in the simulation: the application answers or not in known spans of time, the probe looks on a
 * known grid, so the next change of its result follows.
 *
 * Models    kubernetes v1.34 pkg/kubelet/prober/worker.go: period grid, initial delay, success and failure thresholds
 * Differs   a probe takes no time, and its outcome is exact: failing means longer than the timeout or an error
 * Units     microseconds; Infinity for never
 * Cost      O(spans that lie ahead), without a step per period
 */
import { SECOND_US } from '../engine/units.ts';
import type { Probe } from '../objects/pod.ts';

/** From when to when an application does not answer; sorted, not touching, [fromUs, untilUs). */
export interface FailingSpan {
  readonly fromUs: number;
  readonly untilUs: number;
}

/**
 * The next time at or after `fromUs` at which the result changes to success (if it is failure now) or failure (if it is success now).
 * `gridUs` is the probe's first look, with others every period, `startedUs` the container's start. Infinity when it never changes.
 */
export function nextResultChangeUs(
  probe: Probe,
  isSuccess: boolean,
  gridUs: number,
  startedUs: number,
  fromUs: number,
  failing: readonly FailingSpan[],
): number {
  const periodUs = Math.max(1, probe.periodSeconds) * SECOND_US;
  const earliestUs = Math.max(fromUs, gridUs, startedUs + probe.initialDelaySeconds * SECOND_US);
  const needed = Math.max(1, isSuccess ? probe.failureThreshold : probe.successThreshold);
  // From here on in looks, numbered along the grid: times between two looks do not matter.
  let look = lookAfter(earliestUs, gridUs, periodUs);
  let untilLook = -Infinity;
  for (const span of failing) {
    // Failing looks of this span; they continue the last span's when no look lies between.
    const first = Math.max(look, untilLook, lookAfter(span.fromUs, gridUs, periodUs));
    const end = lookAfter(span.untilUs, gridUs, periodUs);
    if (end <= first) continue;
    if (isSuccess) {
      if (first > untilLook) look = first;
      if (end - look >= needed) return gridUs + (look + needed - 1) * periodUs;
    } else {
      if (first - look >= needed) break;
      if (end === Infinity) return Infinity;
      look = end;
    }
    untilLook = end;
  }
  return isSuccess ? Infinity : gridUs + (look + needed - 1) * periodUs;
}

/** Number of the first look at or after `timeUs`; negative before the grid begins. */
function lookAfter(timeUs: number, gridUs: number, periodUs: number): number {
  return Math.ceil((timeUs - gridUs) / periodUs);
}

/** Merges overlapping and touching spans; drops empty ones. */
export function mergeSpans(spans: readonly FailingSpan[]): readonly FailingSpan[] {
  const sorted = spans.filter((span) => span.fromUs < span.untilUs).sort((a, b) => a.fromUs - b.fromUs || a.untilUs - b.untilUs);
  const merged: FailingSpan[] = [];
  for (const span of sorted) {
    const last = merged[merged.length - 1];
    if (last !== undefined && span.fromUs <= last.untilUs)
      merged[merged.length - 1] = { fromUs: last.fromUs, untilUs: Math.max(last.untilUs, span.untilUs) };
    else merged.push(span);
  }
  return merged;
}
