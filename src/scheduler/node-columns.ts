/**
 * NodeColumns: what fast evaluators read of the nodes, one typed array per amount, indexed by a node's place in
 * the snapshot.
 *
 * HOT       read for every (pod, node); written once per changed node and attempt
 * Layout    parallel Float64Arrays, and journals: rings of what changed, so that a reader who remembers something takes up
 *           where it stopped reading, without looking at the other nodes
 *
 *               journal      [ 4  4  17  9 | 2  4 ]      entry = 2 * place, plus 1 when the node object changed
 *                                           ^ written next; entry number n stands at n mod the length
 *               nodeJournal  [ 8  | 3  1 ]               places where the node object changed
 *               podPlaces    [ 2  2  4 | 1 ]             places where a pod came (podChanges 1, on its way out 2)
 *               podShapes    [ a  b  b | a ]             or went (-1, -2), with its shape
 *
 * Oracle    the NodeInfo of the same place; held together by incremental-evaluator.property.test.ts
 * Memory    about 180 bytes per node
 */
import type { CacheObserver, SchedulerCache } from './cache.ts';
import type { NodeInfo } from './node-info.ts';
import type { PodInfo } from './pod-info.ts';
import type { PodShape } from './pod-shape.ts';
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
  nodeJournal: Int32Array;
  nodeJournalEnd: number;
  podPlaces: Int32Array;
  podShapes: PodShape[];
  podChanges: Int8Array;
  podJournalEnd: number;
  /** Grows when the list of nodes is rebuilt: positions mean something else then. */
  listing: number;

  /** For readers that want to see each place once: the last pass that met it. */
  private marks: Int32Array;
  private markCount: number;
  /** What changed since the last refresh, in any order, perhaps more than once. */
  private readonly dirty: NodeInfo[];
  /** The pods of `dirty`, and what became of them; forgotten when there are too many. */
  private readonly changedPods: PodInfo[];
  private readonly changes: number[];
  private hasLostChanges: boolean;
  private readonly dirtyNodes: NodeInfo[];
  private readonly recounted: NodeInfo[];
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
    this.nodeJournal = this.podPlaces = new Int32Array(0);
    this.podShapes = [];
    this.podChanges = new Int8Array(0);
    this.nodeJournalEnd = 0;
    this.podJournalEnd = 0;
    this.dirty = [];
    this.changedPods = [];
    this.changes = [];
    this.hasLostChanges = false;
    this.dirtyNodes = [];
    this.recounted = [];
    this.dirtyMax = DIRTY_MIN;
    cache.addObserver(this);
    this.nodesListed(cache.snapshot.nodes);
  }

  podAdded(node: NodeInfo, pod: PodInfo): void {
    this.notePod(node, pod, pod.isTerminating ? 2 : 1);
  }

  podRemoved(node: NodeInfo, pod: PodInfo): void {
    this.notePod(node, pod, pod.isTerminating ? -2 : -1);
  }

  nodeChanged(node: NodeInfo): void {
    this.dirtyNodes.push(node);
    if (this.dirtyNodes.length > this.dirtyMax) this.shorten(this.dirtyNodes);
  }

  imagesCounted(node: NodeInfo): void {
    this.recounted.push(node);
    if (this.recounted.length > this.dirtyMax) this.shorten(this.recounted);
  }

  private notePod(node: NodeInfo, pod: PodInfo, change: number): void {
    this.dirty.push(node);
    if (!this.hasLostChanges) {
      this.changedPods.push(pod);
      this.changes.push(change);
    }
    if (this.dirty.length <= this.dirtyMax) return;
    // Nobody has looked for long.
    this.shorten(this.dirty);
    this.changedPods.length = 0;
    this.changes.length = 0;
    this.hasLostChanges = true;
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
    this.nodeJournal = new Int32Array(Math.max(JOURNAL_MIN, count));
    this.nodeJournalEnd = 0;
    this.podPlaces = new Int32Array(this.journal.length);
    this.podShapes = [];
    this.podChanges = new Int8Array(this.journal.length);
    this.podJournalEnd = 0;
    this.marks = new Int32Array(count);
    this.markCount = 0;
    this.listing++;
    for (const node of nodes) this.write(node);
    this.clearDirty();
  }

  /** Takes in what changed since the last call; after the snapshot was refreshed, before anything is read. */
  refresh(): void {
    const { dirty, dirtyNodes, recounted } = this;
    if (dirty.length === 0 && dirtyNodes.length === 0 && recounted.length === 0) return;
    const pass = ++this.markCount;
    for (let i = 0; i < dirtyNodes.length; i++) {
      const place = this.enter(dirtyNodes[i]!, pass, 1);
      if (place >= 0) this.nodeJournal[this.nodeJournalEnd++ % this.nodeJournal.length] = place;
    }
    for (let i = 0; i < dirty.length; i++) this.enter(dirty[i]!, pass, 0);
    for (let i = 0; i < recounted.length; i++) this.enter(recounted[i]!, pass, 0);
    if (this.hasLostChanges) this.podJournalEnd += this.podPlaces.length + 1;
    else for (let i = 0; i < dirty.length; i++) this.enterPod(dirty[i]!, this.changedPods[i]!.shape, this.changes[i]!);
    this.clearDirty();
  }

  private clearDirty(): void {
    this.dirty.length = 0;
    this.dirtyNodes.length = 0;
    this.recounted.length = 0;
    this.changedPods.length = 0;
    this.changes.length = 0;
    this.hasLostChanges = false;
  }

  private enterPod(node: NodeInfo, shape: PodShape, change: number): void {
    const place = node.position;
    // A node that came back is in the journal of nodes.
    if (place < 0 || this.nodes[place] !== node) return;
    const entry = this.podJournalEnd++ % this.podPlaces.length;
    this.podPlaces[entry] = place;
    this.podShapes[entry] = shape;
    this.podChanges[entry] = change;
  }

  /** The place; -1 when there is none or it was entered already. */
  private enter(node: NodeInfo, pass: number, flag: number): number {
    const place = node.position;
    // Ghosts and nodes that have gone again have no place.
    if (place < 0 || this.nodes[place] !== node || this.marks[place] === pass) return -1;
    this.marks[place] = pass;
    this.write(node);
    this.journal[this.journalEnd++ % this.journal.length] = place * 2 + flag;
    return place;
  }

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
