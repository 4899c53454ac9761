/**
 * StopPlan: when each container of a pod ends once the pod is being killed.
 *
 * Models    kubernetes v1.34 pkg/kubelet/kuberuntime killContainersWithSyncResult and kuberuntime_termination_order.go: every container
 *           has the same total grace; preStop counts against it; sidecars wait for the regular containers and for later sidecars;
 *           StopContainer gets at least 2 s
 * Differs   preStop hooks that are not `sleep` take no time
 * Units     microseconds
 * Cost      O(containers)
 */
import { SECOND_US } from '../engine/units.ts';

/** Least time between SIGTERM and SIGKILL: minimumGracePeriodInSeconds, v1.34. */
const STOP_MIN_US = 2 * SECOND_US;
const SIGKILL_EXIT_CODE = 137;

export interface StopInput {
  readonly isSidecar: boolean;
  /** Length of the preStop hook; 0 when there is none. */
  readonly preStopUs: number;
  /** From SIGTERM to the end; Infinity when the process ignores it. */
  readonly stopUs: number;
  /** When the process would end by itself; Infinity for never. */
  readonly ownEndUs: number;
}

export interface StopOutcome {
  readonly endUs: number;
  /** -1: the process ended by itself before the signal did anything. */
  readonly exitCode: number;
  readonly isKilled: boolean;
}

/** How the running containers of a pod end, in the order given (that of the spec: sidecars first). */
export function planStops(containers: readonly StopInput[], graceUs: number, nowUs: number, stopExitCode: number): StopOutcome[] {
  const outcomes = new Array<StopOutcome>(containers.length);
  let regularEndUs = nowUs;
  for (let i = 0; i < containers.length; i++) {
    const container = containers[i]!;
    if (container.isSidecar) continue;
    const outcome = stopOne(container, nowUs, graceUs, nowUs, stopExitCode);
    outcomes[i] = outcome;
    regularEndUs = Math.max(regularEndUs, outcome.endUs);
  }
  // Sidecars in reverse order of declaration, each after everything declared later.
  let turnUs = regularEndUs;
  for (let i = containers.length - 1; i >= 0; i--) {
    const container = containers[i]!;
    if (!container.isSidecar) continue;
    const outcome = stopOne(container, nowUs, graceUs, turnUs, stopExitCode);
    outcomes[i] = outcome;
    turnUs = Math.max(turnUs, outcome.endUs);
  }
  return outcomes;
}

function stopOne(container: StopInput, nowUs: number, graceUs: number, turnUs: number, stopExitCode: number): StopOutcome {
  const preStopUs = graceUs > 0 ? Math.min(container.preStopUs, graceUs) : 0;
  const signalUs = Math.max(nowUs + preStopUs, turnUs);
  const limitUs = Math.max(graceUs - (signalUs - nowUs), STOP_MIN_US);
  const isKilled = container.stopUs > limitUs;
  const endUs = signalUs + (isKilled ? limitUs : container.stopUs);
  if (container.ownEndUs <= endUs) return { endUs: Math.max(nowUs, container.ownEndUs), exitCode: -1, isKilled: false };
  return { endUs, exitCode: isKilled ? SIGKILL_EXIT_CODE : stopExitCode, isKilled };
}
