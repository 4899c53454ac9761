/**
 * ContainerRun: one container of one pod as the runtime of its node has it.
 *
 *   states:  NEVER -> RUNNING -> EXITED -> RUNNING -> ...
 *
 * Layout    the containers of a pod are numbered through, init containers first
 */
import { type EventHandle, NO_EVENT } from '../engine/engine.ts';
import type { Container, ContainerState, Pod } from '../objects/pod.ts';

export const NEVER = 0;
export const RUNNING = 1;
export const EXITED = 2;

export class ContainerRun {
  state: number;
  startedUs: number;
  finishedUs: number;
  exitCode: number;
  reason: string;
  /** Starts so far. */
  starts: number;
  /** How the run before the present one ended. */
  last: ContainerState | undefined;
  exitHandle: EventHandle;
  /** How the present run will end, and when; Infinity for never. */
  endUs: number;
  endCode: number;
  endReason: string;

  constructor() {
    this.state = NEVER;
    this.startedUs = 0;
    this.finishedUs = 0;
    this.exitCode = 0;
    this.reason = '';
    this.starts = 0;
    this.last = undefined;
    this.exitHandle = NO_EVENT;
    this.endUs = Infinity;
    this.endCode = 0;
    this.endReason = '';
  }
}

export function initCount(pod: Pod): number {
  return pod.spec.initContainers.length;
}

export function containerCount(pod: Pod): number {
  return pod.spec.initContainers.length + pod.spec.containers.length;
}

export function containerAt(pod: Pod, index: number): Container {
  const inits = pod.spec.initContainers.length;
  return index < inits ? pod.spec.initContainers[index]! : pod.spec.containers[index - inits]!;
}

/** An init container that keeps running beside the regular ones. */
export function isSidecar(container: Container): boolean {
  return container.restartPolicy === 'Always';
}
