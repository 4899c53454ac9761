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
 * `gridUs` is any time on the probe's period grid, `startedUs` the container's start. Infinity when it never changes.
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
  const earliestUs = Math.max(fromUs, startedUs + probe.initialDelaySeconds * SECOND_US);
  const needed = Math.max(1, isSuccess ? probe.failureThreshold : probe.successThreshold);
  const spanUs = (needed - 1) * periodUs;
  let lookUs = alignUp(earliestUs, gridUs, periodUs);
  for (;;) {
    // A run of `needed` looks with the opposite outcome, the first of them at lookUs.
    if (isSuccess) {
      const span = failing.find((s) => s.untilUs > lookUs);
      if (span === undefined || span.fromUs === Infinity) return Infinity;
      if (span.fromUs > lookUs) lookUs = alignUp(span.fromUs, gridUs, periodUs);
      if (lookUs + spanUs < span.untilUs) return lookUs + spanUs;
      lookUs = alignUp(Math.max(span.untilUs, lookUs + 1), gridUs, periodUs);
    } else {
      const span = failing.find((s) => s.untilUs > lookUs);
      if (span === undefined || span.fromUs > lookUs + spanUs) return lookUs + spanUs;
      if (span.untilUs === Infinity) return Infinity;
      lookUs = alignUp(span.untilUs, gridUs, periodUs);
    }
  }
}

/** First time of the grid `gridUs + k * periodUs` that is not before `timeUs`. */
export function alignUp(timeUs: number, gridUs: number, periodUs: number): number {
  const steps = Math.ceil((timeUs - gridUs) / periodUs);
  return gridUs + steps * periodUs;
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
