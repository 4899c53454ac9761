/**
 * Sandbox and ContainerRun: a pod and its containers as the runtime of a node has them.
 *
 *   states of a container:  NEVER -> RUNNING -> EXITED -> RUNNING -> ...
 *
 * Layout    the containers of a pod are numbered through, init containers first
 */
import { type EventHandle, NO_EVENT } from '../engine/engine.ts';
import type { Container, ContainerState, Pod } from '../objects/pod.ts';
import type { Machine } from './machine.ts';

export const NEVER = 0;
export const RUNNING = 1;
export const EXITED = 2;

export class ContainerRun {
  readonly sandbox: Sandbox | undefined;
  readonly index: number;
  state: number;
  startedUs: number;
  finishedUs: number;
  exitCode: number;
  reason: string;
  /** Starts so far, those in earlier sandboxes of the pod included. */
  starts: number;
  /** Starts in earlier sandboxes. */
  startsBefore: number;
  /** How the run before the present one ended. */
  last: ContainerState | undefined;
  /** The event that will end the present run. */
  endHandle: EventHandle;
  /** How the present run will end, and when; Infinity for never. */
  endUs: number;
  endCode: number;
  endReason: string;

  constructor(sandbox: Sandbox | undefined, index: number) {
    this.sandbox = sandbox;
    this.index = index;
    this.state = NEVER;
    this.startedUs = 0;
    this.finishedUs = 0;
    this.exitCode = 0;
    this.reason = '';
    this.starts = 0;
    this.startsBefore = 0;
    this.last = undefined;
    this.endHandle = NO_EVENT;
    this.endUs = Infinity;
    this.endCode = 0;
    this.endReason = '';
  }
}

/** Who is told when a container ends. */
export interface SandboxOwner {
  handleContainerEnd(index: number): void;
}

/** A pod's place on a machine. It survives a crash of the kubelet, and as a dead shell a crash of the machine. */
export class Sandbox {
  readonly machine: Machine;
  /** As it was when the sandbox was made. */
  readonly pod: Pod;
  readonly uid: string;
  /** Target of its events. */
  readonly id: number;
  readonly runs: ContainerRun[];
  podIP: string;
  /** False once it was stopped or its machine died. */
  isReady: boolean;
  runningCount: number;
  owner: SandboxOwner | undefined;

  constructor(machine: Machine, pod: Pod, id: number) {
    this.machine = machine;
    this.pod = pod;
    this.uid = pod.metadata.uid;
    this.id = id;
    const count = containerCount(pod);
    this.runs = new Array(count);
    for (let i = 0; i < count; i++) this.runs[i] = new ContainerRun(this, i);
    this.podIP = '';
    this.isReady = true;
    this.runningCount = 0;
    this.owner = undefined;
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
