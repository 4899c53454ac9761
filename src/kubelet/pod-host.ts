/**
 * PodHost: what a pod worker needs of the kubelet process and the machine it works for.
 */
import type { Engine } from '../engine/engine.ts';
import type { Pod } from '../objects/pod.ts';
import type { NodeImages } from './images.ts';
import type { Machine } from './machine.ts';
import type { NodeServices } from './node-services.ts';
import type { PodWorker } from './pod-worker.ts';
import type { KubeletProfile, KubeletTimes } from './profiles.ts';
import type { PodStage } from './topics.ts';

export interface PodHost {
  readonly engine: Engine;
  readonly services: NodeServices;
  readonly profile: KubeletProfile;
  readonly machine: Machine;
  readonly images: NodeImages;
  readonly nowUs: number;
  /** When the kubelet process started. */
  readonly startedUs: number;
  /** False once the process has died: its timers must do nothing. */
  readonly isAlive: boolean;
  readonly isFrozen: boolean;
  /** Stopping a sandbox takes no time. */
  readonly stopsAtOnce: boolean;
  /** Pods whose sandbox and first containers are being made. */
  startingCount: number;
  /** One sample of a profile's time in whole microseconds, from the node's own stream. */
  sample(time: keyof KubeletTimes): number;
  /** U[0, 1) from the node's own stream. */
  readonly uniform: () => number;
  hasImage(image: string): boolean;
  /** The images on the node changed. */
  noteImage(): void;
  /** Runs `run` now, or when the frozen process goes on; never when it is dead. */
  whenThawed(run: () => void): void;
  /** The next look at the containers will find this pod changed. */
  noteChange(worker: PodWorker): void;
  enqueueStatus(worker: PodWorker): void;
  /** The pod's requests are free again. */
  release(worker: PodWorker): void;
  /** Containers, volumes and cgroups of the pod are gone. */
  handleFinished(worker: PodWorker): void;
  announce(pod: Pod, stage: PodStage, detail: string): void;
  emitEvent(pod: Pod, type: 'Normal' | 'Warning', reason: string, message: string): void;
}
