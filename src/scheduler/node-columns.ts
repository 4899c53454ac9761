/**
 * NodeColumns: what fast evaluators read of the nodes, one typed array per amount, indexed by a node's place in
 * the snapshot.
 *
 * HOT       read for every (pod, node); written once per changed node and attempt
 * Layout    parallel Float64Arrays, and a journal: a ring of the places that changed, so that a reader who
 *           remembers something per node takes up where it stopped reading, without looking at the other nodes
 *
 *               journal  [ 4  4  17  9 | 2  4 ]      entry = 2 * place, plus 1 when the node object changed
 *                                       ^ written next; entry number n stands at n mod the length
 *
 * Oracle    the NodeInfo of the same place; held together by incremental-evaluator.property.test.ts
 */
import type { CacheObserver, SchedulerCache } from './cache.ts';
import type { NodeInfo } from './node-info.ts';
import type { Amount } from './resources.ts';

/** Below this, 100 times an amount is a safe integer, and columns compute as BigInt would. */
const AMOUNT_MAX = 90_071_992_547_409;
/** Past some changes per node, looking at every node costs a reader no more than reading on. */
const JOURNAL_PER_NODE = 4;
const JOURNAL_MIN = 256;
const DIRTY_MIN = 1024;

export class NodeColumns implements CacheObserver {
  readonly cache: SchedulerCache;
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
  journal: Int32Array;
  /** Entries ever written; a reader that is further behind than the ring is long has to look at every node. */
  journalEnd: number;
  /** Grows when the list of nodes is rebuilt: positions mean something else then. */
  listing: number;

  /** For readers that want to see each place once: the last pass that met it. */
  private marks: Int32Array;
  private markCount: number;
  /** What changed since the last refresh, in any order, perhaps more than once. */
  private readonly dirty: NodeInfo[];
  private readonly dirtyNodes: NodeInfo[];
  private dirtyMax: number;

  constructor(cache: SchedulerCache) {
    this.cache = cache;
    this.nodes = [];
    this.cpuTotal = this.memTotal = this.ephemeralTotal = new Float64Array(0);
    this.cpuTaken = this.memTaken = this.ephemeralTaken = new Float64Array(0);
    this.cpuFilled = this.memFilled = this.podCount = this.podCapacity = new Float64Array(0);
    this.isOrdinary = new Uint8Array(0);
    this.journal = this.marks = new Int32Array(0);
    this.journalEnd = 0;
    this.markCount = 0;
    this.listing = 0;
    this.dirty = [];
    this.dirtyNodes = [];
    this.dirtyMax = DIRTY_MIN;
    cache.addObserver(this);
    this.nodesListed(cache.snapshot.nodes);
  }

  podAdded(node: NodeInfo): void {
    this.note(node, this.dirty);
  }

  podRemoved(node: NodeInfo): void {
    this.note(node, this.dirty);
  }

  nodeChanged(node: NodeInfo): void {
    this.note(node, this.dirtyNodes);
  }

  private note(node: NodeInfo, list: NodeInfo[]): void {
    list.push(node);
    if (list.length > this.dirtyMax) this.shorten(list);
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
    this.journal = new Int32Array(Math.max(JOURNAL_MIN, count * JOURNAL_PER_NODE));
    this.journalEnd = 0;
    this.marks = new Int32Array(count);
    this.markCount = 0;
    this.listing++;
    for (const node of nodes) this.write(node);
    this.dirty.length = 0;
    this.dirtyNodes.length = 0;
  }

  /** Takes in what changed since the last call; after the snapshot was refreshed, before anything is read. */
  refresh(): void {
    const { dirty, dirtyNodes } = this;
    if (dirty.length === 0 && dirtyNodes.length === 0) return;
    const pass = ++this.markCount;
    for (let i = 0; i < dirtyNodes.length; i++) this.enter(dirtyNodes[i]!, pass, 1);
    for (let i = 0; i < dirty.length; i++) this.enter(dirty[i]!, pass, 0);
    dirty.length = 0;
    dirtyNodes.length = 0;
  }

  private enter(node: NodeInfo, pass: number, flag: number): void {
    const place = node.position;
    // Ghosts and nodes that have gone again have no place.
    if (place < 0 || this.nodes[place] !== node || this.marks[place] === pass) return;
    this.marks[place] = pass;
    this.write(node);
    this.journal[this.journalEnd++ % this.journal.length] = place * 2 + flag;
  }

  /** Nobody has looked for long. */
  private shorten(list: NodeInfo[]): void {
    const once = [...new Set(list)];
    list.length = 0;
    for (const node of once) list.push(node);
    this.dirtyMax = Math.max(DIRTY_MIN, 2 * once.length);
  }

  /** Whether the ring no longer has everything from entry `cursor` on. */
  isTooFarBehind(cursor: number): boolean {
    return this.journalEnd - cursor > this.journal.length;
  }

  /** Calls `take` once for every place that changed since entry `cursor`, or for all when that is too long ago. */
  forEachChange(cursor: number, take: (place: number) => void): void {
    const { journal, marks } = this;
    if (this.isTooFarBehind(cursor)) {
      for (let place = 0; place < marks.length; place++) take(place);
      return;
    }
    const pass = ++this.markCount;
    for (let n = cursor; n < this.journalEnd; n++) {
      const place = journal[n % journal.length]! >> 1;
      if (marks[place] === pass) continue;
      marks[place] = pass;
      take(place);
    }
  }

  private write(node: NodeInfo): void {
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
  }

  /** False when the amount is too large to compute with in doubles. */
  private put(column: Float64Array, index: number, amount: Amount): boolean {
    if (typeof amount !== 'number' || amount > AMOUNT_MAX) return false;
    column[index] = amount;
    return true;
  }
}
