/**
 * NodeHealthTable: what the node-lifecycle controller remembers of every node, in columns.
 *
 * HOT       5,000 nodes x 17,280 passes a day: a row whose leases are renewed on time is quiet, and no pass looks at it
 * Layout    parallel arrays by row; a row keeps its place until its node is gone, then the table closes up
 * Quiet     a quiet row's lease and probe time are those of an earlier pass; what the passes since would have noted
 *           follows from its renewals and the times of those passes, and is worked out when somebody asks (`settleQuiet`)
 * Cost      O(rows that are awake) per pass, O(nodes) when any node's renewals have started or stopped, or the cache lags
 * Order     rows in the order nodes were first seen
 * Units     microseconds on the controller's clock; -1 stands for no lease
 * Oracle    the naive monitor in node-health-table.test.ts
 */
import { compareNumbers } from '../base/compare.ts';
import { fail } from '../base/invariant.ts';
import type { HeartbeatView } from '../client/informer.ts';
import type { TimeUs } from '../objects/meta.ts';
import type { Node, NodeCondition } from '../objects/node.ts';
import { nodeCondition } from '../objects/node.ts';
import type { ZoneCount } from './zone-disruption.ts';

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
  private quiet: Uint8Array;
  /** The rows that are not quiet, each once; in order only when `isAwakeSorted`. */
  private awake: number[];
  private isAwakeSorted: boolean;
  private lastPassUs: TimeUs;
  /** Times of the latest passes, oldest first, as far back as the longest period of a quiet row. */
  private passTimes: number[];
  private longestPeriodUs: number;
  private goneCount: number;
  private counted: Uint8Array;
  private zoneIds: Int32Array;
  private readonly zones: string[];
  private readonly zoneIdOf: Map<string, number>;
  /** By zone id: rows counted as ready, and as not ready. */
  private readonly readyOf: number[];
  private readonly notReadyOf: number[];
  /** What `countZones` gives; undefined after a change. */
  private zoneCounts: Map<string, ZoneCount> | undefined;

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
    this.quiet = new Uint8Array(64);
    this.awake = [];
    this.isAwakeSorted = true;
    this.lastPassUs = -1;
    this.passTimes = [];
    this.longestPeriodUs = 0;
    this.goneCount = 0;
    this.counted = new Uint8Array(64);
    this.zoneIds = new Int32Array(64);
    this.zones = [];
    this.zoneIdOf = new Map();
    this.readyOf = [];
    this.notReadyOf = [];
    this.zoneCounts = undefined;
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
      this.zoneIds[row] = this.zoneId(zone);
      this.quiet[row] = 0;
      this.awake.push(row);
    }
    const record = this.records[row]!;
    record.node = node;
    if (record.zone !== zone) {
      record.zone = zone;
      const counted = this.counted[row]!;
      this.count(row, COUNTS_NOT);
      this.zoneIds[row] = this.zoneId(zone);
      this.count(row, counted);
    }
    record.isExcluded = isExcluded;
    if (record.isGone) this.goneCount--;
    record.isGone = false;
    this.attention[row] = 1;
    if (this.quiet[row] !== 0) {
      this.settleQuiet(row);
      this.awake.push(row);
      this.isAwakeSorted = false;
    }
  }

  /** The cache no longer shows this node. */
  markGone(name: string): void {
    const row = this.rowOf.get(name);
    if (row === undefined || this.records[row]!.isGone) return;
    this.records[row]!.isGone = true;
    this.goneCount++;
  }

  /** Forgets the nodes that are gone and gives their records. */
  dropGone(): HealthRecord[] {
    if (this.goneCount === 0) return [];
    const gone = this.records.filter((record) => record.isGone);
    this.goneCount = 0;
    this.wakeAll();
    let to = 0;
    for (let from = 0; from < this.records.length; from++) {
      const record = this.records[from]!;
      if (record.isGone) {
        this.rowOf.delete(record.name);
        this.count(from, COUNTS_NOT);
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
    this.awake = Array.from({ length: to }, (_, row) => row);
    this.isAwakeSorted = true;
    return gone;
  }

  /**
   * Notes renewed leases and gives the rows that need more than that: changed or not ready nodes, and
   * those silent for longer than their grace.
   */
  sweep(nowUs: TimeUs, leases: LeaseReader): number[] {
    const { heartbeats } = leases;
    const { viewUs } = heartbeats;
    const isUpToDate = viewUs === nowUs;
    if (!isUpToDate || heartbeats.version !== this.heartbeatVersion) this.wakeAll();
    if (heartbeats.version !== this.heartbeatVersion) this.readStretches(heartbeats);
    this.notePass(nowUs);
    if (!this.isAwakeSorted) {
      this.awake.sort(compareNumbers);
      this.isAwakeSorted = true;
    }
    const rows: number[] = [];
    const { records, renewUs, probeUs, graceUs, attention, firstUs, periodUs, endUs, awake } = this;
    let kept = 0;
    for (let i = 0; i < awake.length; i++) {
      const row = awake[i]!;
      if (attention[row] !== 0) {
        rows.push(row);
        awake[kept++] = row;
        continue;
      }
      const first = firstUs[row]!;
      const period = periodUs[row]!;
      const isRegular = viewUs >= first;
      const renewed = isRegular
        ? first + Math.floor((Math.min(viewUs, endUs[row]!) - first) / period) * period
        : leases.leaseRenewTimeUs(records[row]!.name);
      if (renewed > renewUs[row]!) {
        renewUs[row] = renewed;
        probeUs[row] = nowUs;
      } else if (nowUs > probeUs[row]! + graceUs[row]!) {
        rows.push(row);
        awake[kept++] = row;
        continue;
      }
      // Two periods within the grace: no pass finds it silent before a renewal stops, and that is a new version.
      const isOnTime = isRegular && endUs[row] === Infinity && renewUs[row] === renewed && nowUs - probeUs[row]! <= period;
      if (isUpToDate && isOnTime && 2 * period <= graceUs[row]!) {
        this.quiet[row] = 1;
        if (period > this.longestPeriodUs) this.longestPeriodUs = period;
      } else {
        awake[kept++] = row;
      }
    }
    awake.length = kept;
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

  /** Takes down a pass. All quiet rows have been quiet in a cache without lag since the oldest time kept. */
  private notePass(nowUs: TimeUs): void {
    const { passTimes } = this;
    let old = 0;
    while (old < passTimes.length && passTimes[old]! <= nowUs - this.longestPeriodUs) old++;
    if (old > 0) passTimes.splice(0, old);
    passTimes.push(nowUs);
    this.lastPassUs = nowUs;
  }

  /** Notes for a quiet row what every pass until the last one would have noted; the row is then awake. */
  private settleQuiet(row: number): void {
    this.quiet[row] = 0;
    const firstUs = this.firstUs[row]!;
    const periodUs = this.periodUs[row]!;
    const renewedUs = firstUs + Math.floor((this.lastPassUs - firstUs) / periodUs) * periodUs;
    if (renewedUs <= this.renewUs[row]!) return;
    this.renewUs[row] = renewedUs;
    this.probeUs[row] = this.passTimes.find((timeUs) => timeUs >= renewedUs) ?? fail('a pass that saw a renewal was forgotten');
  }

  private wakeAll(): void {
    const count = this.records.length;
    if (this.awake.length < count) {
      for (let row = 0; row < count; row++) if (this.quiet[row] !== 0) this.settleQuiet(row);
      this.awake = Array.from({ length: count }, (_, row) => row);
      this.isAwakeSorted = true;
    }
    this.passTimes = [];
    this.longestPeriodUs = 0;
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
    this.count(row, this.records[row]!.isExcluded ? COUNTS_NOT : isReady ? COUNTS_READY : COUNTS_NOT_READY);
    this.attention[row] = needsAttention ? 1 : 0;
  }

  /** The row could not be judged in this pass. */
  leaveOut(row: number): void {
    this.count(row, COUNTS_NOT);
    this.attention[row] = 1;
  }

  /** Every node's silence counts from now. */
  resetProbes(nowUs: TimeUs): void {
    this.wakeAll();
    this.probeUs.fill(nowUs, 0, this.records.length);
  }

  /** Ready and other nodes per zone, of zones that have any. */
  countZones(): ReadonlyMap<string, ZoneCount> {
    if (this.zoneCounts === undefined) {
      const counts = new Map<string, ZoneCount>();
      this.zones.forEach((zone, id) => {
        const ready = this.readyOf[id]!;
        const notReady = this.notReadyOf[id]!;
        if (ready + notReady > 0) counts.set(zone, { ready, notReady });
      });
      this.zoneCounts = counts;
    }
    return this.zoneCounts;
  }

  private count(row: number, as: number): void {
    const before = this.counted[row]!;
    if (before === as) return;
    const zone = this.zoneIds[row]!;
    if (before === COUNTS_READY) this.readyOf[zone]!--;
    else if (before === COUNTS_NOT_READY) this.notReadyOf[zone]!--;
    if (as === COUNTS_READY) this.readyOf[zone]!++;
    else if (as === COUNTS_NOT_READY) this.notReadyOf[zone]!++;
    this.counted[row] = as;
    this.zoneCounts = undefined;
  }

  private zoneId(zone: string): number {
    let id = this.zoneIdOf.get(zone);
    if (id === undefined) {
      id = this.zones.length;
      this.zones.push(zone);
      this.readyOf.push(0);
      this.notReadyOf.push(0);
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
    this.quiet = copyInto(new Uint8Array(size), this.quiet);
    this.counted = copyInto(new Uint8Array(size), this.counted);
    this.zoneIds = copyInto(new Int32Array(size), this.zoneIds);
  }
}

function copyInto<T extends Float64Array | Uint8Array | Int32Array>(target: T, source: T): T {
  target.set(source);
  return target;
}
