/**
 * NodeHealthTable: what the node-lifecycle controller remembers of every node, in columns.
 *
 * HOT       one row is looked at per node and health pass: 5,000 nodes x 17,280 passes a day
 * Layout    parallel arrays by row; a row keeps its place until its node is gone, then the table closes up
 * Order     rows in the order nodes were first seen
 * Units     microseconds on the controller's clock; -1 stands for no lease
 * Oracle    the naive monitor in node-health-table.test.ts
 */
import type { HeartbeatView } from '../client/informer.ts';
import type { TimeUs } from '../objects/meta.ts';
import type { Node, NodeCondition } from '../objects/node.ts';
import { nodeCondition } from '../objects/node.ts';

/** Where the table reads lease renewals; an informer of Lease is one. */
export interface LeaseReader {
  leaseRenewTimeUs(nodeName: string): TimeUs;
  readonly heartbeats: HeartbeatView;
}

/** Everything but the columns that every pass reads. */
export interface HealthRecord {
  readonly name: string;
  /** As the cache shows it. */
  node: Node;
  zone: string;
  /** Left out when zones are judged. */
  isExcluded: boolean;
  /** The node was announced (`RegisteredNode`) by an earlier pass. */
  isKnown: boolean;
  /** The node is gone from the cache; forgotten at the next pass unless it comes back first. */
  isGone: boolean;
  /** Whether a pass has looked at the node yet. */
  hasHealth: boolean;
  /** The Ready condition as of the last pass; undefined when there was none. */
  savedReady: NodeCondition | undefined;
  /** MarkPodsNotReady failed and has to be tried again. */
  mustRetryPods: boolean;
}

/** Ready as counted for the zone. */
const COUNTS_NOT = 0;
const COUNTS_READY = 1;
const COUNTS_NOT_READY = 2;

export class NodeHealthTable {
  private readonly records: HealthRecord[];
  private readonly rowOf: Map<string, number>;
  private renewUs: Float64Array;
  private probeUs: Float64Array;
  private graceUs: Float64Array;
  /** The node's latest stretch of regular renewals; firstUs is Infinity when it has to be asked for by name. */
  private firstUs: Float64Array;
  private periodUs: Float64Array;
  private endUs: Float64Array;
  /** Version of the heartbeats that the stretches are of. */
  private heartbeatVersion: number;
  /** 1: the pass must look at the whole record. */
  private attention: Uint8Array;
  private counted: Uint8Array;
  private zoneIds: Int32Array;
  private readonly zones: string[];
  private readonly zoneIdOf: Map<string, number>;

  constructor() {
    this.records = [];
    this.rowOf = new Map();
    this.renewUs = new Float64Array(64);
    this.probeUs = new Float64Array(64);
    this.graceUs = new Float64Array(64);
    this.firstUs = new Float64Array(64);
    this.periodUs = new Float64Array(64);
    this.endUs = new Float64Array(64);
    this.heartbeatVersion = -1;
    this.attention = new Uint8Array(64);
    this.counted = new Uint8Array(64);
    this.zoneIds = new Int32Array(64);
    this.zones = [];
    this.zoneIdOf = new Map();
  }

  get size(): number {
    return this.records.length;
  }

  /** The rows in order; not to be kept across `dropGone`. */
  all(): readonly HealthRecord[] {
    return this.records;
  }

  find(name: string): HealthRecord | undefined {
    const row = this.rowOf.get(name);
    return row === undefined ? undefined : this.records[row];
  }

  record(row: number): HealthRecord {
    return this.records[row]!;
  }

  /** The cache shows a new state of this node. */
  set(node: Node, zone: string, isExcluded: boolean): void {
    const { name } = node.metadata;
    let row = this.rowOf.get(name);
    if (row === undefined) {
      row = this.records.length;
      if (row === this.renewUs.length) this.grow();
      this.rowOf.set(name, row);
      const savedReady = undefined;
      this.records.push({
        name,
        node,
        zone,
        isExcluded,
        isKnown: false,
        isGone: false,
        hasHealth: false,
        savedReady,
        mustRetryPods: false,
      });
      this.renewUs[row] = -1;
      this.probeUs[row] = 0;
      this.graceUs[row] = 0;
      this.firstUs[row] = Infinity;
      this.counted[row] = COUNTS_NOT;
    }
    const record = this.records[row]!;
    record.node = node;
    record.zone = zone;
    record.isExcluded = isExcluded;
    record.isGone = false;
    this.zoneIds[row] = this.zoneId(zone);
    this.attention[row] = 1;
  }

  /** The cache no longer shows this node. */
  markGone(name: string): void {
    const row = this.rowOf.get(name);
    if (row !== undefined) this.records[row]!.isGone = true;
  }

  /** Forgets the nodes that are gone and gives their records. */
  dropGone(): HealthRecord[] {
    const gone = this.records.filter((record) => record.isGone);
    if (gone.length === 0) return gone;
    let to = 0;
    for (let from = 0; from < this.records.length; from++) {
      const record = this.records[from]!;
      if (record.isGone) {
        this.rowOf.delete(record.name);
        continue;
      }
      this.records[to] = record;
      this.rowOf.set(record.name, to);
      this.renewUs[to] = this.renewUs[from]!;
      this.probeUs[to] = this.probeUs[from]!;
      this.graceUs[to] = this.graceUs[from]!;
      this.firstUs[to] = this.firstUs[from]!;
      this.periodUs[to] = this.periodUs[from]!;
      this.endUs[to] = this.endUs[from]!;
      this.attention[to] = this.attention[from]!;
      this.counted[to] = this.counted[from]!;
      this.zoneIds[to] = this.zoneIds[from]!;
      to++;
    }
    this.records.length = to;
    return gone;
  }

  /**
   * Notes renewed leases and gives the rows that need more than that: changed or not ready nodes, and
   * those silent for longer than their grace.
   */
  sweep(nowUs: TimeUs, leases: LeaseReader): number[] {
    const rows: number[] = [];
    const { heartbeats } = leases;
    if (heartbeats.version !== this.heartbeatVersion) this.readStretches(heartbeats);
    const { viewUs } = heartbeats;
    const { records, renewUs, probeUs, graceUs, attention, firstUs, periodUs, endUs } = this;
    const count = records.length;
    for (let row = 0; row < count; row++) {
      if (attention[row] !== 0) {
        rows.push(row);
        continue;
      }
      const first = firstUs[row]!;
      let renewed: number;
      if (viewUs >= first) {
        const period = periodUs[row]!;
        renewed = first + Math.floor((Math.min(viewUs, endUs[row]!) - first) / period) * period;
      } else {
        renewed = leases.leaseRenewTimeUs(records[row]!.name);
      }
      if (renewed > renewUs[row]!) {
        renewUs[row] = renewed;
        probeUs[row] = nowUs;
      } else if (nowUs > probeUs[row]! + graceUs[row]!) {
        rows.push(row);
      }
    }
    return rows;
  }

  /**
   * Brings the health of a row up to date with `node` (the cached one, or a fresh read) and the lease, and says whether
   * it has been silent for longer than its grace. Upstream's rules: a new Ready heartbeat counts as a
   * sign of life and drops the remembered lease, so that the next pass counts the lease as fresh once more.
   */
  probe(row: number, node: Node, nowUs: TimeUs, leases: LeaseReader, graceUs: number, startupGraceUs: number): boolean {
    const record = this.records[row]!;
    const ready = nodeCondition(node, 'Ready');
    const saved = record.savedReady;
    const savedLeaseUs = record.hasHealth ? this.renewUs[row]! : -1;
    if (!record.hasHealth) {
      this.probeUs[row] = ready === undefined ? node.metadata.creationTimestamp : nowUs;
      record.savedReady = ready;
    } else if (ready === undefined) {
      // A node that lost its condition keeps its last sign of life.
      record.savedReady = undefined;
    } else if (saved === undefined || saved.lastHeartbeatTime !== ready.lastHeartbeatTime) {
      this.probeUs[row] = nowUs;
      this.renewUs[row] = -1;
      record.savedReady = ready;
    }
    record.hasHealth = true;
    this.graceUs[row] = ready === undefined ? startupGraceUs : graceUs;
    this.readStretch(row, leases.heartbeats);
    const renewed = leases.leaseRenewTimeUs(record.name);
    if (renewed >= 0 && renewed > savedLeaseUs) {
      this.renewUs[row] = renewed;
      this.probeUs[row] = nowUs;
    }
    return nowUs > this.probeUs[row]! + this.graceUs[row]!;
  }

  private readStretches(heartbeats: HeartbeatView): void {
    this.heartbeatVersion = heartbeats.version;
    for (let row = 0; row < this.records.length; row++) this.readStretch(row, heartbeats);
  }

  private readStretch(row: number, heartbeats: HeartbeatView): void {
    const stretch = heartbeats.renewalsOf(this.records[row]!.name);
    // A stretch that was stopped before it began says nothing; an older one may.
    const isUsable = stretch !== undefined && stretch.endUs >= stretch.firstUs;
    this.firstUs[row] = isUsable ? stretch.firstUs : Infinity;
    this.periodUs[row] = isUsable ? stretch.periodUs : 1;
    this.endUs[row] = isUsable ? stretch.endUs : -1;
  }

  /** The controller itself has written this Ready condition. */
  noteWritten(row: number, ready: NodeCondition): void {
    this.records[row]!.savedReady = ready;
  }

  /** Ends the look at a row: how it counts for its zone, and whether the next pass has to look again. */
  settle(row: number, isReady: boolean, needsAttention: boolean): void {
    this.counted[row] = this.records[row]!.isExcluded ? COUNTS_NOT : isReady ? COUNTS_READY : COUNTS_NOT_READY;
    this.attention[row] = needsAttention ? 1 : 0;
  }

  /** The row could not be judged in this pass. */
  leaveOut(row: number): void {
    this.counted[row] = COUNTS_NOT;
    this.attention[row] = 1;
  }

  /** Every node's silence counts from now. */
  resetProbes(nowUs: TimeUs): void {
    this.probeUs.fill(nowUs, 0, this.records.length);
  }

  /** Ready and other nodes per zone, of zones that have any. */
  countZones(): Map<string, { ready: number; notReady: number }> {
    const ready = new Int32Array(this.zones.length);
    const notReady = new Int32Array(this.zones.length);
    const { counted, zoneIds } = this;
    for (let row = 0; row < this.records.length; row++) {
      if (counted[row] === COUNTS_READY) ready[zoneIds[row]!]!++;
      else if (counted[row] === COUNTS_NOT_READY) notReady[zoneIds[row]!]!++;
    }
    const counts = new Map<string, { ready: number; notReady: number }>();
    this.zones.forEach((zone, id) => {
      if (ready[id]! + notReady[id]! > 0) counts.set(zone, { ready: ready[id]!, notReady: notReady[id]! });
    });
    return counts;
  }

  private zoneId(zone: string): number {
    let id = this.zoneIdOf.get(zone);
    if (id === undefined) {
      id = this.zones.length;
      this.zones.push(zone);
      this.zoneIdOf.set(zone, id);
    }
    return id;
  }

  private grow(): void {
    const size = this.renewUs.length * 2;
    this.renewUs = copyInto(new Float64Array(size), this.renewUs);
    this.probeUs = copyInto(new Float64Array(size), this.probeUs);
    this.graceUs = copyInto(new Float64Array(size), this.graceUs);
    this.firstUs = copyInto(new Float64Array(size), this.firstUs);
    this.periodUs = copyInto(new Float64Array(size), this.periodUs);
    this.endUs = copyInto(new Float64Array(size), this.endUs);
    this.attention = copyInto(new Uint8Array(size), this.attention);
    this.counted = copyInto(new Uint8Array(size), this.counted);
    this.zoneIds = copyInto(new Int32Array(size), this.zoneIds);
  }
}

function copyInto<T extends Float64Array | Uint8Array | Int32Array>(target: T, source: T): T {
  target.set(source);
  return target;
}
