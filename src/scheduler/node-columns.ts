/**
 * NodeColumns: what fast evaluators read of the nodes, one typed array per amount, indexed by a node's place in
 * the snapshot.
 *
 * HOT       read for every (pod, node); written once per changed node and attempt
 * Layout    parallel Float64Arrays; `stamp[i]` grows whenever anything of node i changed, `nodeStamp[i]` only
 *           when its node object did, so that a reader knows by one comparison whether what it remembers still holds
 * Oracle    the NodeInfo of the same place; held together by incremental-evaluator.property.test.ts
 */
import type { CacheObserver, SchedulerCache } from './cache.ts';
import type { NodeInfo } from './node-info.ts';
import type { Amount } from './resources.ts';

/** Below this, 100 times an amount is a safe integer, and columns compute as BigInt would. */
const AMOUNT_MAX = 90_071_992_547_409;

export class NodeColumns implements CacheObserver {
  nodes: readonly NodeInfo[];
  cpuTotal: Float64Array;
  memTotal: Float64Array;
  ephemeralTotal: Float64Array;
  cpuTaken: Float64Array;
  memTaken: Float64Array;
  ephemeralTaken: Float64Array;
  /** With defaults for containers that request nothing. */
  cpuFilled: Float64Array;
  memFilled: Float64Array;
  podCount: Float64Array;
  podCapacity: Float64Array;
  /** 1 where every amount is an ordinary number; 0 where a reader must ask the NodeInfo itself. */
  isOrdinary: Uint8Array;
  stamp: Float64Array;
  nodeStamp: Float64Array;
  /** Grows when the list of nodes is rebuilt: positions mean something else then. */
  listing: number;

  private clock: number;
  private readonly dirty: Set<NodeInfo>;
  private readonly dirtyNodes: Set<NodeInfo>;

  constructor(cache: SchedulerCache) {
    this.nodes = [];
    this.cpuTotal = this.memTotal = this.ephemeralTotal = new Float64Array(0);
    this.cpuTaken = this.memTaken = this.ephemeralTaken = new Float64Array(0);
    this.cpuFilled = this.memFilled = this.podCount = this.podCapacity = new Float64Array(0);
    this.stamp = this.nodeStamp = new Float64Array(0);
    this.isOrdinary = new Uint8Array(0);
    this.listing = 0;
    this.clock = 0;
    this.dirty = new Set();
    this.dirtyNodes = new Set();
    cache.addObserver(this);
    this.nodesListed(cache.snapshot.nodes);
  }

  podAdded(node: NodeInfo): void {
    this.dirty.add(node);
  }

  podRemoved(node: NodeInfo): void {
    this.dirty.add(node);
  }

  nodeChanged(node: NodeInfo): void {
    this.dirty.add(node);
    this.dirtyNodes.add(node);
  }

  nodesListed(nodes: readonly NodeInfo[]): void {
    const count = nodes.length;
    this.nodes = nodes;
    this.cpuTotal = new Float64Array(count);
    this.memTotal = new Float64Array(count);
    this.ephemeralTotal = new Float64Array(count);
    this.cpuTaken = new Float64Array(count);
    this.memTaken = new Float64Array(count);
    this.ephemeralTaken = new Float64Array(count);
    this.cpuFilled = new Float64Array(count);
    this.memFilled = new Float64Array(count);
    this.podCount = new Float64Array(count);
    this.podCapacity = new Float64Array(count);
    this.isOrdinary = new Uint8Array(count);
    this.stamp = new Float64Array(count);
    this.nodeStamp = new Float64Array(count);
    this.listing++;
    for (const node of nodes) this.write(node, true);
    this.dirty.clear();
    this.dirtyNodes.clear();
  }

  /** Takes in what changed since the last call; after the snapshot was refreshed, before anything is read. */
  refresh(): void {
    for (const node of this.dirty) {
      // Ghosts and nodes that have gone again have no place.
      if (node.position >= 0 && this.nodes[node.position] === node) this.write(node, this.dirtyNodes.has(node));
    }
    this.dirty.clear();
    this.dirtyNodes.clear();
  }

  private write(node: NodeInfo, isNodeChange: boolean): void {
    const i = node.position;
    const { allocatable, requested } = node;
    const isOrdinary =
      this.put(this.cpuTotal, i, allocatable.cpuMilli) &&
      this.put(this.memTotal, i, allocatable.memBytes) &&
      this.put(this.ephemeralTotal, i, allocatable.ephemeralBytes) &&
      this.put(this.cpuTaken, i, requested.cpuMilli) &&
      this.put(this.memTaken, i, requested.memBytes) &&
      this.put(this.ephemeralTaken, i, requested.ephemeralBytes) &&
      this.put(this.cpuFilled, i, node.nonZeroCpuMilli) &&
      this.put(this.memFilled, i, node.nonZeroMemBytes) &&
      this.put(this.podCapacity, i, node.allowedPodCount);
    this.podCount[i] = node.pods.length;
    this.isOrdinary[i] = isOrdinary ? 1 : 0;
    this.stamp[i] = ++this.clock;
    if (isNodeChange) this.nodeStamp[i] = this.clock;
  }

  /** False when the amount is too large to compute with in doubles. */
  private put(column: Float64Array, index: number, amount: Amount): boolean {
    if (typeof amount !== 'number' || amount > AMOUNT_MAX) return false;
    column[index] = amount;
    return true;
  }
}
