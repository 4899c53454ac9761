/**
 * What nodes announce to observers: the truth about processes and machines, whether or not the API server has been told.
 */
import { defineTopic, type Topic } from '../engine/observers.ts';

/** A container's process started or ended. */
export interface ContainerRecord {
  readonly phase: 'started' | 'stopped';
  readonly nodeName: string;
  readonly podUid: string;
  readonly namespace: string;
  readonly podName: string;
  readonly container: string;
  /** 0 for the first run. */
  readonly restartCount: number;
  /** Of a stopped container; 0 for a started one. */
  readonly exitCode: number;
  /** Completed, Error, OOMKilled, NodeLost (the machine died) ...; empty for a started container. */
  readonly reason: string;
}

export const containerTopic: Topic<ContainerRecord> = defineTopic('kubelet.container');

/** Where a pod's start has got to. `ready` is when its containers are ready on the node, before the API server knows. */
export type PodStage =
  | 'seen'
  | 'refused'
  | 'sandbox-ready'
  | 'pull-started'
  | 'pull-finished'
  | 'pull-failed'
  | 'containers-started'
  | 'ready'
  | 'terminating'
  | 'stopped';

export interface PodStageRecord {
  readonly stage: PodStage;
  readonly nodeName: string;
  readonly podUid: string;
  readonly namespace: string;
  readonly podName: string;
  /** Refusal reason, image of a pull; empty otherwise. */
  readonly detail: string;
}

export const podStartTopic: Topic<PodStageRecord> = defineTopic('kubelet.pod-stage');

/** A machine or its kubelet changed state. */
export interface NodeRecord {
  readonly nodeName: string;
  readonly state:
    | 'machine-down'
    | 'machine-up'
    | 'kubelet-down'
    | 'kubelet-up'
    | 'kubelet-frozen'
    | 'kubelet-thawed'
    | 'disconnected'
    | 'connected';
}

export const nodeTopic: Topic<NodeRecord> = defineTopic('kubelet.node');
