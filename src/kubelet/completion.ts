/**
 * Completion: whether a pod has run to its end, and which containers start again.
 *
 * Models    kubernetes v1.34 pkg/kubelet/container/helpers.go ShouldContainerBeRestarted, kuberuntime computePodActions
 */
import type { Pod } from '../objects/pod.ts';
import { type ContainerRun, containerAt, EXITED, initCount, isSidecar, NEVER } from './container-state.ts';

/** Whether an exited regular container is to start again. */
export function restartsAfter(pod: Pod, run: ContainerRun): boolean {
  const policy = pod.spec.restartPolicy;
  return policy === 'Always' || (policy === 'OnFailure' && run.exitCode !== 0);
}

/** Whether any regular container has been started in this sandbox: init containers are over then. */
export function hasRegularStarted(pod: Pod, runs: readonly ContainerRun[]): boolean {
  for (let i = initCount(pod); i < runs.length; i++) if (runs[i]!.starts > runs[i]!.startsBefore) return true;
  return false;
}

/** Whether nothing runs or will be started again, or an init container failed for good. False before there is a sandbox. */
export function isComplete(pod: Pod, runs: readonly ContainerRun[] | undefined): boolean {
  if (runs === undefined) return false;
  const inits = initCount(pod);
  for (let i = inits; i < runs.length; i++) {
    const run = runs[i]!;
    if (run.state === EXITED && !restartsAfter(pod, run)) continue;
    return run.state === NEVER && pod.spec.restartPolicy === 'Never' && hasFailedInit(pod, runs, inits);
  }
  return runs.length > inits;
}

function hasFailedInit(pod: Pod, runs: readonly ContainerRun[], inits: number): boolean {
  for (let i = 0; i < inits; i++) {
    const run = runs[i]!;
    if (run.state === EXITED && run.exitCode !== 0 && !isSidecar(containerAt(pod, i))) return true;
  }
  return false;
}
