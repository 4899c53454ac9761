/**
 * NodeInfo: one node with the pods on it, and the sums that filters and scores read.
 *
 * Models    kubernetes v1.34 pkg/scheduler/framework/types.go (NodeInfo)
 * Order     pods in order of arrival; removing one moves the last into its place
 * Cost      adding or removing a pod is O(its own parts), removal also O(pods on the node), without looking into them
 */
import { fail } from '../base/invariant.ts';
import type { StringMap } from '../objects/meta.ts';
import type { Node, Taint } from '../objects/node.ts';
import { HostPorts } from './host-ports.ts';
import type { PodInfo } from './pod-info.ts';
import { type Amount, type Amounts, addAmounts, amountsOfList, NO_AMOUNTS, NO_SCALARS, subtractAmounts, valueAmount } from './resources.ts';

/** An image as ImageLocality sees it. */
export interface ImageState {
  readonly sizeBytes: number;
  /** Nodes that had the image when this node last changed: may be out of date, as upstream. */
  readonly nodeCount: number;
}

export const NO_IMAGES: ReadonlyMap<string, ImageState> = new Map();

/** Sums of what pods take. */
export class Tally {
  cpuMilli: Amount;
  memBytes: Amount;
  ephemeralBytes: Amount;
  /** Made when the first pod brings one. */
  private own: Map<string, Amount> | undefined;

  constructor() {
    this.cpuMilli = 0;
    this.memBytes = 0;
    this.ephemeralBytes = 0;
    this.own = undefined;
  }

  get scalars(): ReadonlyMap<string, Amount> {
    return this.own ?? NO_SCALARS;
  }

  add(amounts: Amounts): void {
    this.cpuMilli = addAmounts(this.cpuMilli, amounts.cpuMilli);
    this.memBytes = addAmounts(this.memBytes, amounts.memBytes);
    this.ephemeralBytes = addAmounts(this.ephemeralBytes, amounts.ephemeralBytes);
    if (amounts.scalars.size > 0) {
      this.own ??= new Map();
      for (const [name, amount] of amounts.scalars) this.own.set(name, addAmounts(this.own.get(name) ?? 0, amount));
    }
  }

  subtract(amounts: Amounts): void {
    this.cpuMilli = subtractAmounts(this.cpuMilli, amounts.cpuMilli);
    this.memBytes = subtractAmounts(this.memBytes, amounts.memBytes);
    this.ephemeralBytes = subtractAmounts(this.ephemeralBytes, amounts.ephemeralBytes);
    if (this.own === undefined) return;
    for (const [name, amount] of amounts.scalars) this.own.set(name, subtractAmounts(this.own.get(name) ?? 0, amount));
  }

  clone(): Tally {
    const copy = new Tally();
    copy.cpuMilli = this.cpuMilli;
    copy.memBytes = this.memBytes;
    copy.ephemeralBytes = this.ephemeralBytes;
    copy.own = this.own === undefined ? undefined : new Map(this.own);
    return copy;
  }
}

export class NodeInfo {
  readonly name: string;
  /** undefined for a node that is unknown or gone but still has pods. */
  private nodeObject: Node | undefined;
  readonly pods: PodInfo[];
  /** With any pod affinity or anti-affinity stanza. */
  readonly podsWithAffinity: PodInfo[];
  readonly podsWithRequiredAntiAffinity: PodInfo[];
  readonly requested: Tally;
  nonZeroCpuMilli: Amount;
  nonZeroMemBytes: Amount;
  allocatable: Amounts;
  allowedPodCount: Amount;
  /** Of the least important pod; Infinity without pods. */
  leastPriority: number;
  /** How many pods have it. */
  private leastPriorityCount: number;
  readonly usedPorts: HostPorts;
  /** Pods per `namespace/claim`; PersistentVolumeClaim volumes only. */
  readonly claimCounts: Map<string, number>;
  images: ReadonlyMap<string, ImageState>;
  /** State of the cluster's image table when `images` was taken. Kept by the cache. */
  imagesGeneration: number;
  /** Grows with every change, over all nodes of one cache. */
  generation: number;
  /** Place in the snapshot's node list; -1 outside. Kept by the cache. */
  position: number;
  /** Whether it changed since the last refresh. Kept by the cache. */
  isTouched: boolean;
  /** Whether observers have not heard why. Kept by the cache. */
  isQuiet: boolean;
  /** In which of the snapshot's side lists the node stood at its last refresh. */
  isListedWithAffinity: boolean;
  isListedWithAntiAffinity: boolean;

  /** Empty, or a copy of `source` to try things on. */
  constructor(name: string, source?: NodeInfo) {
    this.name = name;
    this.nodeObject = source?.nodeObject;
    this.pods = source === undefined ? [] : source.pods.slice();
    this.podsWithAffinity = source === undefined ? [] : source.podsWithAffinity.slice();
    this.podsWithRequiredAntiAffinity = source === undefined ? [] : source.podsWithRequiredAntiAffinity.slice();
    this.requested = source === undefined ? new Tally() : source.requested.clone();
    this.nonZeroCpuMilli = source?.nonZeroCpuMilli ?? 0;
    this.nonZeroMemBytes = source?.nonZeroMemBytes ?? 0;
    this.allocatable = source?.allocatable ?? NO_AMOUNTS;
    this.allowedPodCount = source?.allowedPodCount ?? 0;
    this.leastPriority = source?.leastPriority ?? Infinity;
    this.leastPriorityCount = source?.leastPriorityCount ?? 0;
    this.usedPorts = source === undefined ? new HostPorts() : source.usedPorts.clone();
    this.claimCounts = new Map(source?.claimCounts);
    this.images = source?.images ?? NO_IMAGES;
    this.imagesGeneration = source?.imagesGeneration ?? -1;
    this.generation = source?.generation ?? 0;
    this.position = source?.position ?? -1;
    this.isTouched = false;
    this.isQuiet = false;
    this.isListedWithAffinity = source?.isListedWithAffinity ?? false;
    this.isListedWithAntiAffinity = source?.isListedWithAntiAffinity ?? false;
  }

  get hasNode(): boolean {
    return this.nodeObject !== undefined;
  }

  /** The node object; only for entries of a snapshot, which all have one. */
  get node(): Node {
    return this.nodeObject ?? fail(`node ${this.name} has no object`);
  }

  get labels(): StringMap {
    return this.node.metadata.labels;
  }

  get taints(): readonly Taint[] {
    return this.node.spec.taints;
  }

  setNode(node: Node | undefined): void {
    this.nodeObject = node;
    if (node === undefined) return;
    this.allocatable = amountsOfList(node.status.allocatable);
    const pods = node.status.allocatable['pods'];
    this.allowedPodCount = pods === undefined ? 0 : valueAmount(pods);
  }

  addPod(pod: PodInfo): void {
    const { shape } = pod;
    this.pods.push(pod);
    if (pod.priority < this.leastPriority) {
      this.leastPriority = pod.priority;
      this.leastPriorityCount = 1;
    } else if (pod.priority === this.leastPriority) this.leastPriorityCount++;
    if (shape.hasAffinity) this.podsWithAffinity.push(pod);
    if (shape.requiredAntiAffinity.length > 0) this.podsWithRequiredAntiAffinity.push(pod);
    this.requested.add(pod.accounted);
    this.nonZeroCpuMilli = addAmounts(this.nonZeroCpuMilli, pod.nonZeroCpuMilli);
    this.nonZeroMemBytes = addAmounts(this.nonZeroMemBytes, pod.nonZeroMemBytes);
    for (const port of shape.hostPorts) this.usedPorts.add(port);
    for (const key of shape.claimKeys) this.claimCounts.set(key, (this.claimCounts.get(key) ?? 0) + 1);
  }

  /** Removes the pod with this uid; returns what was there, or undefined. */
  removePod(uid: string): PodInfo | undefined {
    const pod = this.pods.find((other) => other.uid === uid);
    if (pod !== undefined) this.remove(pod);
    return pod;
  }

  /** Removes a pod that is there. */
  remove(pod: PodInfo): void {
    const { shape } = pod;
    swapRemove(this.pods, pod);
    if (pod.priority === this.leastPriority && --this.leastPriorityCount === 0) this.findLeastPriority();
    if (shape.hasAffinity) swapRemove(this.podsWithAffinity, pod);
    if (shape.requiredAntiAffinity.length > 0) swapRemove(this.podsWithRequiredAntiAffinity, pod);
    this.requested.subtract(pod.accounted);
    this.nonZeroCpuMilli = subtractAmounts(this.nonZeroCpuMilli, pod.nonZeroCpuMilli);
    this.nonZeroMemBytes = subtractAmounts(this.nonZeroMemBytes, pod.nonZeroMemBytes);
    for (const port of shape.hostPorts) this.usedPorts.remove(port);
    for (const key of shape.claimKeys) {
      const count = (this.claimCounts.get(key) ?? 0) - 1;
      if (count > 0) this.claimCounts.set(key, count);
      else this.claimCounts.delete(key);
    }
  }

  /** Removes `old` and adds `next`, which takes and asks for exactly the same. */
  replacePod(old: PodInfo, next: PodInfo): void {
    const { shape } = next;
    swapRemove(this.pods, old);
    this.pods.push(next);
    if (shape.hasAffinity) {
      swapRemove(this.podsWithAffinity, old);
      this.podsWithAffinity.push(next);
    }
    if (shape.requiredAntiAffinity.length > 0) {
      swapRemove(this.podsWithRequiredAntiAffinity, old);
      this.podsWithRequiredAntiAffinity.push(next);
    }
  }

  private findLeastPriority(): void {
    this.leastPriority = Infinity;
    this.leastPriorityCount = 0;
    for (const { priority } of this.pods) {
      if (priority < this.leastPriority) {
        this.leastPriority = priority;
        this.leastPriorityCount = 1;
      } else if (priority === this.leastPriority) this.leastPriorityCount++;
    }
  }

  clone(): NodeInfo {
    return new NodeInfo(this.name, this);
  }
}

function swapRemove(pods: PodInfo[], pod: PodInfo): void {
  const index = pods.indexOf(pod);
  if (index === -1) fail(`pod ${pod.key} is not on the node`);
  const last = pods.pop()!;
  if (last !== pod) pods[index] = last;
}
