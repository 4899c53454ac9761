/**
 * WaitingPods: pods that have a node and wait for a Permit plugin to let them go on.
 *
 * Models    kubernetes v1.34 pkg/scheduler/framework/runtime/waiting_pods_map.go
 *
 * A pod waits for every plugin that answered Wait. It goes on when the last of them allows it; one refusal, or the
 * first timeout, ends the wait.
 */
import type { Scope } from '../engine/process.ts';
import { MILLISECOND_US, MINUTE_US, SECOND_US } from '../engine/units.ts';
import type { PermitWaiters } from './framework.ts';
import type { PodInfo } from './pod-info.ts';
import { type Status, SUCCESS, unschedulable } from './status.ts';

interface WaitingPod {
  readonly pod: PodInfo;
  /** Plugin to what cancels its timer. */
  readonly timers: Map<string, () => void>;
  readonly settle: (status: Status) => void;
}

export class WaitingPods implements PermitWaiters {
  private readonly scope: Scope;
  private readonly byUid: Map<string, WaitingPod>;

  constructor(scope: Scope) {
    this.scope = scope;
    this.byUid = new Map();
  }

  get size(): number {
    return this.byUid.size;
  }

  has(uid: string): boolean {
    return this.byUid.has(uid);
  }

  /** In order of arrival. */
  *pods(): IterableIterator<PodInfo> {
    for (const waiting of this.byUid.values()) yield waiting.pod;
  }

  /** `settle` is called once: with success, or with the status of the refusal or timeout. */
  add(pod: PodInfo, waits: readonly { readonly plugin: string; readonly timeoutUs: number }[], settle: (status: Status) => void): void {
    const timers = new Map<string, () => void>();
    this.byUid.set(pod.uid, { pod, timers, settle });
    for (const { plugin, timeoutUs } of waits) {
      const message = `rejected due to timeout after waiting ${formatGoDuration(timeoutUs)} at plugin ${plugin}`;
      timers.set(
        plugin,
        this.scope.timer('scheduler.permit-timeout', timeoutUs, () => this.reject(pod.uid, plugin, message)),
      );
    }
  }

  /** `plugin` lets the pod go on; false when the pod does not wait for it. */
  allow(uid: string, plugin: string): boolean {
    const waiting = this.byUid.get(uid);
    const cancel = waiting?.timers.get(plugin);
    if (waiting === undefined || cancel === undefined) return false;
    cancel();
    waiting.timers.delete(plugin);
    if (waiting.timers.size === 0) this.end(waiting, SUCCESS);
    return true;
  }

  /** Ends the wait with a refusal in the name of `plugin`; false when the pod does not wait. */
  reject(uid: string, plugin: string, message: string): boolean {
    const waiting = this.byUid.get(uid);
    if (waiting === undefined) return false;
    this.end(waiting, unschedulable(plugin, message));
    return true;
  }

  private end(waiting: WaitingPod, status: Status): void {
    for (const cancel of waiting.timers.values()) cancel();
    this.byUid.delete(waiting.pod.uid);
    waiting.settle(status);
  }
}

/** A duration as Go prints it: `1m30s`, `10s`, `1.5s`, `250ms`, `0s`. */
export function formatGoDuration(us: number): string {
  if (us === 0) return '0s';
  if (us < MILLISECOND_US) return `${us}µs`;
  if (us < SECOND_US) return `${us / MILLISECOND_US}ms`;
  const hours = Math.floor(us / (60 * MINUTE_US));
  const minutes = Math.floor(us / MINUTE_US) % 60;
  const seconds = (us % MINUTE_US) / SECOND_US;
  if (hours > 0) return `${hours}h${minutes}m${seconds}s`;
  return minutes > 0 ? `${minutes}m${seconds}s` : `${seconds}s`;
}
