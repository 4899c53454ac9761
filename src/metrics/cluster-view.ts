/**
 * ClusterView: the commits of the store, decoded once for all measures.
 *
 * HOT       one call per commit, six to eight per pod life. A commit that changes nothing a measure could want
 *           costs one Map look-up and a few identity comparisons (objects share what did not change).
 * Memory    O(live objects) plus one small record per workload and node name, workloads capped at MAX_WORKLOADS
 * Order     records are kept in order of first sight, which is commit order
 *
 * Times are those of the commit, so latencies are what a watcher without lag would see; the one exception is
 * `startedUs`, which the kubelet reports.
 */
import type { Topology } from '../datacenter/topology.ts';
import type { PodDisruptionBudget } from '../objects/cluster.ts';
import type { AnyObject } from '../objects/kinds.ts';
import { keyOf, type TimeUs } from '../objects/meta.ts';
import { LABEL_INSTANCE_TYPE, type Node, TAINT_NOT_READY, TAINT_OUT_OF_SERVICE, TAINT_UNREACHABLE } from '../objects/node.ts';
import { isTerminal, type Pod } from '../objects/pod.ts';
import { podRequests, type Resources, reduceResourceList } from '../objects/pod-requests.ts';
import type { Deployment, ReplicaSet, StatefulSet } from '../objects/workloads.ts';
import {
  CPU,
  EPHEMERAL,
  LEVELS,
  MEMORY,
  NODE,
  type NodeRecord,
  POD,
  PODS,
  type PodRecord,
  type RequestShape,
  type WorkloadRecord,
} from './cluster-records.ts';
import type { CommitType, UsageModel } from './measure.ts';
import type { SampleClock } from './sample-clock.ts';
import { type RevisionListener, WorkloadIndex, type WorkloadListener } from './workload-index.ts';

/** Distinct request vectors that are remembered; pods beyond it have a vector of their own. */
const MAX_SHAPES = 4096;

export type PodListener = (pod: PodRecord, change: number, timeUs: TimeUs) => void;
export type NodeListener = (node: NodeRecord, change: number, timeUs: TimeUs) => void;

export class ClusterView {
  /** In order of first sight; removed nodes stay with `node` undefined. */
  readonly nodes: NodeRecord[];
  /** Live pods by uid. */
  readonly pods: Map<string, PodRecord>;
  readonly workloads: readonly WorkloadRecord[];
  readonly budgets: Map<string, PodDisruptionBudget>;
  podsCreated: number;
  /** Names by resource index: cpu (milli), memory (bytes), pods, ephemeral-storage (bytes), then others in whole units. */
  readonly resources: string[];

  private readonly topology: Topology;
  private readonly clock: SampleClock;
  private readonly usage: UsageModel;
  private readonly nodeByName: Map<string, NodeRecord>;
  private readonly owners: WorkloadIndex;
  private readonly resourceIndexByName: Map<string, number>;
  private readonly shapeByRequests: WeakMap<Resources, RequestShape>;
  private readonly shapeByKey: Map<string, RequestShape>;
  private readonly podListeners: PodListener[];
  private readonly podMasks: number[];
  private readonly nodeListeners: NodeListener[];

  constructor(topology: Topology, clock: SampleClock, usage: UsageModel) {
    this.topology = topology;
    this.clock = clock;
    this.usage = usage;
    this.nodes = [];
    this.pods = new Map();
    this.owners = new WorkloadIndex();
    this.workloads = this.owners.workloads;
    this.budgets = new Map();
    this.resources = ['cpu', 'memory', 'pods', 'ephemeral-storage'];
    this.nodeByName = new Map();
    this.resourceIndexByName = new Map(this.resources.map((name, index) => [name, index]));
    this.shapeByRequests = new WeakMap();
    this.shapeByKey = new Map();
    this.podsCreated = 0;
    this.podListeners = [];
    this.podMasks = [];
    this.nodeListeners = [];
  }

  /** Calls `listener` for changes that have any of the bits of `mask`. */
  onPod(mask: number, listener: PodListener): void {
    this.podMasks.push(mask);
    this.podListeners.push(listener);
  }

  onNode(listener: NodeListener): void {
    this.nodeListeners.push(listener);
  }

  onWorkload(listener: WorkloadListener): void {
    this.owners.workloadListeners.push(listener);
  }

  onRevision(listener: RevisionListener): void {
    this.owners.revisionListeners.push(listener);
  }

  /** The record of a node that exists or once did; undefined when the name was never seen. */
  findNode(name: string): NodeRecord | undefined {
    return this.nodeByName.get(name);
  }

  /** `deployment/web`; `deployment/default/web` means the same. */
  findWorkload(name: string): WorkloadRecord | undefined {
    return this.owners.find(name);
  }

  /** Name of a failure domain: `rack/b-2`, or `unknown` for nodes outside the topology. */
  domainName(vertexId: number): string {
    return vertexId < 0 ? 'unknown' : this.topology.vertex(vertexId).name;
  }

  /** Takes in one write to the store. */
  commit(kind: string, type: CommitType, old: AnyObject | undefined, next: AnyObject | undefined, timeUs: TimeUs): void {
    this.clock.advance(timeUs);
    switch (kind) {
      case 'Pod':
        this.commitPod(type, (next ?? old) as Pod, timeUs);
        break;
      case 'Node':
        this.commitNode(type, (next ?? old) as Node, timeUs);
        break;
      case 'ReplicaSet':
        this.owners.commitReplicaSet(type, (next ?? old) as ReplicaSet, timeUs);
        break;
      case 'Deployment':
      case 'StatefulSet':
        this.owners.commitWorkload(type, (next ?? old) as Deployment | StatefulSet, timeUs);
        break;
      case 'PodDisruptionBudget':
        if (type === 'DELETED') this.budgets.delete(keyOf((next ?? old)!));
        else this.budgets.set(keyOf(next!), next as PodDisruptionBudget);
        break;
    }
  }

  /** A container's process stopped or started, whatever the API server believes. Init containers and sidecars do not count. */
  setContainer(podUid: string, container: string, isStarted: boolean, timeUs: TimeUs): void {
    const record = this.pods.get(podUid);
    if (record === undefined || (isStarted && record.downContainers === 0)) return;
    if (!record.pod.spec.containers.some((entry) => entry.name === container)) return;
    this.clock.advance(timeUs);
    record.downContainers += isStarted ? -1 : 1;
    if (record.downContainers !== (isStarted ? 0 : 1)) return;
    this.updateServing(record);
    this.notifyPod(record, (isStarted ? POD.CAME_UP : POD.WENT_DOWN) | updateUse(record), timeUs);
  }

  // Pods ----------------------------------------------------------------------------------------------

  private commitPod(type: CommitType, pod: Pod, timeUs: TimeUs): void {
    const uid = pod.metadata.uid;
    if (type === 'DELETED') {
      const record = this.pods.get(uid);
      if (record !== undefined) this.removePod(record, pod, timeUs);
      return;
    }
    const known = this.pods.get(uid);
    if (known === undefined) this.addPod(pod, timeUs);
    else this.updatePod(known, pod, timeUs);
  }

  private addPod(pod: Pod, timeUs: TimeUs): void {
    const owner = this.owners.ownerOf(pod);
    const { workload } = owner;
    const shape = this.shapeOf(podRequests(pod));
    shape.count++;
    const record: PodRecord = {
      index: this.podsCreated++,
      key: keyOf(pod),
      uid: pod.metadata.uid,
      workload,
      owner,
      pod: EMPTY_POD,
      node: undefined,
      slot: -1,
      requests: shape.requests,
      usage: NO_USAGE,
      isUsing: false,
      isStanding: false,
      isReady: false,
      downContainers: 0,
      isServing: false,
      isTerminating: false,
      isFinished: false,
      createdUs: timeUs,
      boundUs: -1,
      startedUs: -1,
      readyUs: -1,
      terminatingUs: -1,
      finishedUs: -1,
      restarts: 0,
      newRestarts: 0,
      disruption: '',
    };
    this.pods.set(record.uid, record);
    owner.livePods++;
    const change = POD.CREATED | this.takeIn(record, pod, timeUs);
    this.notifyPod(record, change, timeUs);
  }

  private updatePod(record: PodRecord, pod: Pod, timeUs: TimeUs): void {
    const old = record.pod;
    if (old.spec !== pod.spec && old.spec.containers !== pod.spec.containers && record.slot >= 0) this.resize(record, pod, timeUs);
    const change = this.takeIn(record, pod, timeUs);
    if (change !== 0) this.notifyPod(record, change, timeUs);
  }

  /** Compares the record with the object and brings it up to date; returns what changed. */
  private takeIn(record: PodRecord, pod: Pod, timeUs: TimeUs): number {
    const old = record.pod;
    record.pod = pod;
    let change = 0;
    if (record.node === undefined && pod.spec.nodeName !== '') {
      record.node = this.nodeNamed(pod.spec.nodeName, timeUs);
      record.boundUs = timeUs;
      change |= POD.BOUND;
    }
    if (old.status !== pod.status) change |= this.takeInStatus(record, pod, timeUs);
    if (!record.isTerminating && pod.metadata.deletionTimestamp !== undefined) {
      record.isTerminating = true;
      record.terminatingUs = timeUs;
      change |= POD.TERMINATING;
    }
    if (record.slot < 0 && record.node !== undefined && !record.isFinished) {
      claim(record.node, record);
      change |= POD.CLAIMED;
    } else if (record.slot >= 0 && record.isFinished) {
      release(record.node!, record);
      change |= POD.RELEASED;
    }
    if (change === 0) return 0;
    this.updateServing(record);
    return change | updateUse(record) | updateStanding(record);
  }

  private takeInStatus(record: PodRecord, pod: Pod, timeUs: TimeUs): number {
    const { status } = pod;
    const old = record.isReady;
    let change = 0;
    if (!record.isFinished && isTerminal(pod)) {
      record.isFinished = true;
      record.finishedUs = timeUs;
      change |= POD.FINISHED;
    }
    let isReady = false;
    for (let i = 0; i < status.conditions.length; i++) {
      const condition = status.conditions[i]!;
      if (condition.status !== 'True') continue;
      if (condition.type === 'Ready') {
        isReady = true;
      } else if (condition.type === 'DisruptionTarget' && record.disruption === '') {
        record.disruption = condition.reason === '' ? 'Unknown' : condition.reason;
        change |= POD.DISRUPTED;
      }
    }
    if (isReady !== old) {
      record.isReady = isReady;
      change |= isReady ? POD.READY : POD.UNREADY;
      if (isReady && record.readyUs < 0) {
        record.readyUs = timeUs;
        change |= POD.FIRST_READY;
      }
    }
    const statuses = status.containerStatuses;
    if (statuses.length > 0) {
      let restarts = 0;
      let startedUs = -1;
      for (let i = 0; i < statuses.length; i++) {
        const { current, restartCount } = statuses[i]!;
        restarts += restartCount;
        if (current.state !== 'waiting' && (startedUs < 0 || current.startedAt < startedUs)) startedUs = current.startedAt;
      }
      if (restarts > record.restarts) {
        record.newRestarts = restarts - record.restarts;
        record.restarts = restarts;
        change |= POD.RESTARTED;
      }
      if (record.startedUs < 0 && startedUs >= 0) {
        record.startedUs = startedUs;
        record.usage = this.usageOf(record, pod);
        change |= POD.STARTED;
      }
    }
    return change;
  }

  private removePod(record: PodRecord, last: Pod, timeUs: TimeUs): void {
    let change = POD.DELETED as number;
    if (record.pod !== last) change |= this.takeIn(record, last, timeUs);
    if (record.slot >= 0) {
      release(record.node!, record);
      change |= POD.RELEASED | updateUse(record) | updateStanding(record);
    }
    const { owner, workload } = record;
    if (record.isServing) {
      record.isServing = false;
      workload.ready--;
      owner.ready--;
    }
    this.pods.delete(record.uid);
    owner.livePods--;
    this.owners.forgetIfGone(owner);
    this.notifyPod(record, change, timeUs);
  }

  /** An in-place resize: the old requests go, the new ones come. */
  private resize(record: PodRecord, pod: Pod, timeUs: TimeUs): void {
    const { requests } = this.shapeOf(podRequests(pod));
    if (requests === record.requests) return;
    const node = record.node!;
    release(node, record);
    this.notifyPod(record, POD.RELEASED | updateUse(record), timeUs);
    record.requests = requests;
    if (record.startedUs >= 0) record.usage = this.usageOf(record, pod);
    claim(node, record);
    this.notifyPod(record, POD.CLAIMED | updateUse(record), timeUs);
  }

  private updateServing(record: PodRecord): void {
    const isServing = record.isReady && record.downContainers === 0 && !record.isTerminating && !record.isFinished;
    if (isServing === record.isServing) return;
    record.isServing = isServing;
    const delta = isServing ? 1 : -1;
    record.workload.ready += delta;
    record.owner.ready += delta;
  }

  private notifyPod(record: PodRecord, change: number, timeUs: TimeUs): void {
    const masks = this.podMasks;
    for (let i = 0; i < masks.length; i++) if (masks[i]! & change) this.podListeners[i]!(record, change, timeUs);
  }

  // Nodes ---------------------------------------------------------------------------------------------

  private commitNode(type: CommitType, node: Node, timeUs: TimeUs): void {
    const record = this.nodeNamed(node.metadata.name, timeUs);
    let change = 0;
    if (type === 'DELETED') {
      change = NODE.REMOVED | NODE.CAPACITY | (record.isReady ? NODE.NOT_READY : 0);
      record.node = undefined;
      record.isReady = false;
      record.allocatable = new Float64Array(this.resources.length);
    } else {
      const old = record.node;
      record.node = node;
      if (old === undefined) {
        change |= NODE.ADDED;
        record.registeredUs = timeUs;
      }
      if (old?.status.allocatable !== node.status.allocatable) {
        const allocatable = this.vectorOf(reduceResourceList(node.status.allocatable), -1);
        if (!sameVector(allocatable, record.allocatable)) {
          record.allocatable = allocatable;
          change |= NODE.CAPACITY;
        }
      }
      if (old?.status.conditions !== node.status.conditions) {
        const isReady = readyCondition(node);
        if (isReady !== record.isReady) {
          record.isReady = isReady;
          change |= isReady ? NODE.READY : NODE.NOT_READY;
        }
      }
      if (node.spec.unschedulable === record.isSchedulable) {
        record.isSchedulable = !node.spec.unschedulable;
        change |= record.isSchedulable ? NODE.SCHEDULABLE : NODE.UNSCHEDULABLE;
      }
      if (old !== undefined && old.spec.taints !== node.spec.taints && isLost(node) && !isLost(old)) change |= NODE.TAINTED;
    }
    if (change !== 0) for (const listener of this.nodeListeners) listener(record, change, timeUs);
  }

  private nodeNamed(name: string, timeUs: TimeUs): NodeRecord {
    const known = this.nodeByName.get(name);
    if (known !== undefined) return known;
    const vertexId = this.topology.nodeVertex(name);
    const { topology } = this;
    const domains =
      vertexId < 0
        ? LEVELS.map(() => -1)
        : [vertexId, topology.rackOf(vertexId), topology.powerOf(vertexId), topology.zoneOf(vertexId), topology.regionOf(vertexId)];
    const record: NodeRecord = {
      name,
      index: this.nodes.length,
      domains,
      machine: vertexId < 0 ? '' : topology.vertex(vertexId).machine,
      node: undefined,
      isReady: false,
      isSchedulable: true,
      allocatable: new Float64Array(this.resources.length),
      requested: new Float64Array(this.resources.length),
      pods: [],
      registeredUs: timeUs,
    };
    this.nodes.push(record);
    this.nodeByName.set(name, record);
    return record;
  }

  private usageOf(record: PodRecord, pod: Pod): Float64Array {
    const used = this.usage(pod);
    if (used === undefined) return record.requests;
    const vector = record.requests.slice();
    vector[CPU] = used.cpuMilli;
    vector[MEMORY] = used.memoryBytes;
    return vector;
  }

  // Resources -----------------------------------------------------------------------------------------

  /** Distinct requests of pods and how often they were created, in order of first sight; at most MAX_SHAPES. */
  get shapes(): Iterable<RequestShape> {
    return this.shapeByKey.values();
  }

  /** Pods of one template share their Resources object, pods of a trace often only the amounts: both find one shape. */
  private shapeOf(resources: Resources): RequestShape {
    const known = this.shapeByRequests.get(resources);
    if (known !== undefined) return known;
    const requests = this.vectorOf(resources, 1);
    const key = requests.join(' ');
    let shape = this.shapeByKey.get(key);
    if (shape === undefined) {
      shape = { requests, count: 0 };
      if (this.shapeByKey.size < MAX_SHAPES) this.shapeByKey.set(key, shape);
    }
    this.shapeByRequests.set(resources, shape);
    return shape;
  }

  /** The amounts by resource index; a pod counts as `pods` of that resource, a node (-1) says itself how many it allows. */
  private vectorOf(resources: Resources, pods: number): Float64Array {
    for (const name of resources.scalars.keys()) this.resourceIndex(name);
    const vector = new Float64Array(this.resources.length);
    vector[CPU] = resources.milliCpu;
    vector[MEMORY] = resources.memoryBytes;
    vector[PODS] = pods < 0 ? resources.pods : pods;
    vector[EPHEMERAL] = resources.ephemeralBytes;
    for (const [name, amount] of resources.scalars) vector[this.resourceIndex(name)] = amount;
    return vector;
  }

  private resourceIndex(name: string): number {
    const known = this.resourceIndexByName.get(name);
    if (known !== undefined) return known;
    const index = this.resources.length;
    this.resources.push(name);
    this.resourceIndexByName.set(name, index);
    return index;
  }
}

const NO_USAGE = new Float64Array(0);
/** Stands for "nothing taken in yet": every comparison with it finds a difference. */
const EMPTY_POD = { spec: undefined, status: undefined } as unknown as Pod;

function claim(node: NodeRecord, pod: PodRecord): void {
  pod.slot = node.pods.length;
  node.pods.push(pod);
  node.requested = addVector(node.requested, pod.requests, 1);
}

function release(node: NodeRecord, pod: PodRecord): void {
  const last = node.pods.pop()!;
  if (last !== pod) {
    node.pods[pod.slot] = last;
    last.slot = pod.slot;
  }
  pod.slot = -1;
  node.requested = addVector(node.requested, pod.requests, -1);
}

function updateUse(pod: PodRecord): number {
  const isUsing = pod.slot >= 0 && pod.startedUs >= 0 && pod.downContainers === 0;
  if (isUsing === pod.isUsing) return 0;
  pod.isUsing = isUsing;
  return isUsing ? POD.USE_BEGAN : POD.USE_ENDED;
}

function updateStanding(pod: PodRecord): number {
  const isStanding = pod.slot >= 0 && !pod.isTerminating;
  if (isStanding === pod.isStanding) return 0;
  pod.isStanding = isStanding;
  return isStanding ? POD.STOOD_UP : POD.FELL;
}

/** Adds in place; returns a longer copy when `amounts` knows more resources. */
export function addVector(sum: Float64Array, amounts: Float64Array, sign: 1 | -1): Float64Array {
  let target = sum;
  if (amounts.length > sum.length) {
    target = new Float64Array(amounts.length);
    target.set(sum);
  }
  for (let i = 0; i < amounts.length; i++) target[i]! += sign * amounts[i]!;
  return target;
}

function sameVector(a: Float64Array, b: Float64Array): boolean {
  const length = Math.max(a.length, b.length);
  for (let i = 0; i < length; i++) if ((a[i] ?? 0) !== (b[i] ?? 0)) return false;
  return true;
}

function readyCondition(node: Node): boolean {
  for (const condition of node.status.conditions) if (condition.type === 'Ready') return condition.status === 'True';
  return false;
}

/** Whether the control plane has given the node up. */
function isLost(node: Node): boolean {
  for (const taint of node.spec.taints) {
    if (taint.effect !== 'NoExecute') continue;
    if (taint.key === TAINT_NOT_READY || taint.key === TAINT_UNREACHABLE || taint.key === TAINT_OUT_OF_SERVICE) return true;
  }
  return false;
}

/** The machine kind a node says it is; the topology's when it says nothing. */
export function machineOf(record: NodeRecord): string {
  return record.node?.metadata.labels[LABEL_INSTANCE_TYPE] ?? (record.machine === '' ? 'unknown' : record.machine);
}
