/**
 * What ClusterView keeps of nodes, pods and workloads: flat records, one per live object, that measures read
 * and nobody else writes.
 */
import type { VertexId } from '../datacenter/topology.ts';
import type { TimeUs } from '../objects/meta.ts';
import type { Node } from '../objects/node.ts';
import type { Pod } from '../objects/pod.ts';

/** Levels of the failure tree, smallest first; the index of a level in NodeRecord.domains. */
export const LEVELS = ['node', 'rack', 'power', 'zone', 'region'] as const;
export type Level = (typeof LEVELS)[number];

/** Positions in every resource vector; further resources follow in order of first sight. */
export const CPU = 0;
export const MEMORY = 1;
export const PODS = 2;
export const EPHEMERAL = 3;

/** What happened to a pod; a set of bits. */
export const POD = {
  CREATED: 1,
  /** Bound to a node. */
  BOUND: 2,
  /** Took its requests from the node: bound and not finished. */
  CLAIMED: 4,
  /** First container started, as the API server knows it. */
  STARTED: 8,
  READY: 16,
  UNREADY: 32,
  /** A deletionTimestamp was set. */
  TERMINATING: 64,
  /** Reached phase Succeeded or Failed. */
  FINISHED: 128,
  /** Gave its requests back: finished or gone. */
  RELEASED: 256,
  DELETED: 512,
  /** Condition DisruptionTarget became True: preempted, evicted or its node lost. */
  DISRUPTED: 1024,
  RESTARTED: 2048,
  /** Its processes stopped or started while the API server may still say otherwise. */
  WENT_DOWN: 4096,
  CAME_UP: 8192,
  /** Its containers began or ceased to use the node: started, no container down, not finished. */
  USE_BEGAN: 16384,
  USE_ENDED: 32768,
  /** Began or ceased to stand on a node: bound, unfinished, not being deleted. */
  STOOD_UP: 65536,
  FELL: 131072,
  /** READY for the first time. */
  FIRST_READY: 262144,
} as const;

export const NODE = {
  ADDED: 1,
  REMOVED: 2,
  READY: 4,
  NOT_READY: 8,
  CAPACITY: 16,
  SCHEDULABLE: 32,
  UNSCHEDULABLE: 64,
  TAINTED: 128,
} as const;

export interface NodeRecord {
  readonly name: string;
  /** Dense, in order of first sight; reused when a node of the same name comes back. */
  readonly index: number;
  /** By LEVELS; -1 where the topology does not know the node. */
  readonly domains: readonly VertexId[];
  readonly machine: string;
  /** The object as last stored; undefined while it does not exist. */
  node: Node | undefined;
  isReady: boolean;
  /** Not cordoned. */
  isSchedulable: boolean;
  /** Zeros while the Node object does not exist. */
  allocatable: Float64Array;
  /** Sum of the requests of `pods`. */
  requested: Float64Array;
  /** Pods bound here that have not finished, in no order. */
  readonly pods: PodRecord[];
  registeredUs: TimeUs;
}

export interface WorkloadRecord {
  /** `deployment/web`, `deployment/shop/web` outside the namespace default. */
  readonly name: string;
  readonly kind: string;
  readonly namespace: string;
  /** Dense, in order of first sight. */
  readonly index: number;
  /** Wanted replicas; -1 when nobody says how many there should be (bare pods). */
  desired: number;
  /** Pods that are Ready, not being deleted and not known to be down. */
  ready: number;
  /** Whether the owning object exists. */
  exists: boolean;
}

/** What all pods with the same requests share. */
export interface RequestShape {
  /** By resource index. */
  readonly requests: Float64Array;
  /** Pods created with these requests. */
  count: number;
}

/** One template generation of a workload: a ReplicaSet, or a workload that owns its pods directly. */
export interface OwnerRecord {
  readonly workload: WorkloadRecord;
  /** Of the ReplicaSet; empty for owners that are known by name only. */
  readonly uid: string;
  /** Of `deployment.kubernetes.io/revision`; 0 when there is none. */
  revision: number;
  /** As WorkloadRecord.ready. */
  ready: number;
  livePods: number;
  /** The ReplicaSet was deleted; the record goes with its last pod. */
  isGone: boolean;
}

export interface PodRecord {
  /** In order of creation. */
  readonly index: number;
  readonly key: string;
  readonly uid: string;
  readonly workload: WorkloadRecord;
  readonly owner: OwnerRecord;
  /** The object as last stored. */
  pod: Pod;
  /** Where it is bound; undefined before. */
  node: NodeRecord | undefined;
  /** Position in node.pods; -1 when it holds nothing there. */
  slot: number;
  /** By resource index; shared by all pods of a template. */
  requests: Float64Array;
  /** What its containers use while they run; the requests unless the usage model says otherwise. */
  usage: Float64Array;
  /** Between USE_BEGAN and USE_ENDED. */
  isUsing: boolean;
  /** Between STOOD_UP and FELL. */
  isStanding: boolean;
  /** Ready condition is True. */
  isReady: boolean;
  /** Containers whose process has stopped and not started again, as the machines know it. */
  downContainers: number;
  /** isReady, no container down, not terminating: what its workload counts as ready. */
  isServing: boolean;
  isTerminating: boolean;
  isFinished: boolean;
  readonly createdUs: TimeUs;
  /** -1 until it happens; so are the next ones. */
  boundUs: TimeUs;
  /** As the kubelet reports it in the container's state. */
  startedUs: TimeUs;
  /** Became Ready for the first time. */
  readyUs: TimeUs;
  terminatingUs: TimeUs;
  finishedUs: TimeUs;
  /** Container restarts so far, and how many of them the change RESTARTED brought. */
  restarts: number;
  newRestarts: number;
  /** Reason of the DisruptionTarget condition; empty when there is none. */
  disruption: string;
}
