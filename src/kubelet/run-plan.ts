/**
 * planRun: how long a container will run and how it will end, if nobody stops it.
 *
 * Order     an init container's own length comes from the node's stream when nobody said it; everything else is no draw
 */
import type { Pod } from '../objects/pod.ts';
import type { PodBehaviour } from './behaviour.ts';
import { containerAt, initCount, isSidecar } from './container-state.ts';
import type { PodHost } from './pod-host.ts';

export interface RunPlan {
  /** Microseconds; Infinity: until stopped. */
  readonly lifeUs: number;
  readonly exitCode: number;
}

const UNTIL_STOPPED: RunPlan = { lifeUs: Infinity, exitCode: 0 };

/** The next run of container `index`, which has been started `starts` times before. */
export function planRun(pod: Pod, index: number, starts: number, behaviour: PodBehaviour, host: PodHost): RunPlan {
  if (index < initCount(pod)) {
    if (isSidecar(containerAt(pod, index))) return UNTIL_STOPPED;
    const lifeUs = behaviour.initUs >= 0 ? behaviour.initUs : host.sample('initRun');
    return { lifeUs, exitCode: starts < behaviour.initFailures ? 1 : 0 };
  }
  const lifeUs = behaviour.runUs >= 0 ? behaviour.runUs : (host.services.runDurationUs?.(pod) ?? Infinity);
  if (behaviour.crashAfterUs < lifeUs) return { lifeUs: behaviour.crashAfterUs, exitCode: behaviour.crashExitCode };
  return { lifeUs, exitCode: behaviour.exitCode };
}
