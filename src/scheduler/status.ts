/**
 * Status: the answer of a plugin, as a shared frozen value.
 *
 * Models    kubernetes v1.34 staging/src/k8s.io/kube-scheduler/framework/interface.go (Code, Status)
 * Differs   a status knows its plugin from birth, so that one object serves every node it is given for
 */

export type StatusCode =
  | 'Success'
  /** Internal failure: ends the cycle, the pod is retried after the error backoff. */
  | 'Error'
  /** Rejected; preemption on this node may help. */
  | 'Unschedulable'
  /** Rejected; no preemption on this node can help. */
  | 'UnschedulableAndUnresolvable'
  /** Permit only: the pod waits. */
  | 'Wait'
  /** PreFilter, PreScore: leave the plugin out of this cycle. Bind: try the next binder. */
  | 'Skip'
  /** Rejected; the retry ignores backoff. */
  | 'Pending';

export interface Status {
  readonly code: StatusCode;
  /** Name of the plugin that answered; empty when nobody in particular did. */
  readonly plugin: string;
  readonly reasons: readonly string[];
}

const NO_REASONS: readonly string[] = Object.freeze([]);

export const SUCCESS: Status = Object.freeze({ code: 'Success', plugin: '', reasons: NO_REASONS });
export const SKIP: Status = Object.freeze({ code: 'Skip', plugin: '', reasons: NO_REASONS });

export function newStatus(code: StatusCode, plugin: string, ...reasons: readonly string[]): Status {
  return Object.freeze({ code, plugin, reasons: Object.freeze(reasons) });
}

export function unschedulable(plugin: string, ...reasons: readonly string[]): Status {
  return newStatus('Unschedulable', plugin, ...reasons);
}

export function unresolvable(plugin: string, ...reasons: readonly string[]): Status {
  return newStatus('UnschedulableAndUnresolvable', plugin, ...reasons);
}

export function errorStatus(plugin: string, message: string): Status {
  return newStatus('Error', plugin, message);
}

export function isSuccess(status: Status): boolean {
  return status.code === 'Success';
}

/** Unschedulable, UnschedulableAndUnresolvable or Pending. */
export function isRejected(status: Status): boolean {
  return status.code === 'Unschedulable' || status.code === 'UnschedulableAndUnresolvable' || status.code === 'Pending';
}

/** The reasons, joined as upstream does. */
export function messageOf(status: Status): string {
  return status.reasons.join(', ');
}
