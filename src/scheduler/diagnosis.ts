/**
 * Diagnosis, FitError: why a pod fits nowhere, in data and in the sentence users see.
 *
 * Models    kubernetes v1.34 pkg/scheduler/framework/types.go (Diagnosis, NodeToStatus, FitError)
 */
import { compareCodeUnits } from '../base/compare.ts';
import type { NodeInfo } from './node-info.ts';
import { type Status, unresolvable } from './status.ts';

const NO_STATUS: Status = unresolvable('');

/** Statuses of the nodes of a snapshot by place, kept by whoever found them. True until the snapshot is refreshed. */
export interface PlacedStatuses {
  readonly nodes: readonly NodeInfo[];
  /** undefined for nodes without a status of their own. */
  at(place: number): Status | undefined;
  /** How many nodes have each status; one status may come more than once. */
  forEachCount(visit: (status: Status, nodeCount: number) => void): void;
}

/** The status of every node: those that were looked at have their own, all others share one. */
export class NodeToStatus {
  private readonly named: Map<string, Status>;
  /** Statuses by place in a list of nodes, until somebody asks by name. */
  private placed: PlacedStatuses | undefined;
  /** The place that was looked at first. */
  private start: number;
  absent: Status;

  constructor(absent: Status = NO_STATUS) {
    this.named = new Map();
    this.placed = undefined;
    this.start = 0;
    this.absent = absent;
  }

  get explicitCount(): number {
    if (this.placed === undefined) return this.named.size;
    let count = 0;
    this.placed.forEachCount((_status, nodeCount) => {
      count += nodeCount;
    });
    return count;
  }

  get(nodeName: string): Status {
    return this.explicit().get(nodeName) ?? this.absent;
  }

  /** The same for a node of the snapshot, without a look-up by name where statuses were given by place. */
  of(node: NodeInfo): Status {
    const { placed } = this;
    if (placed === undefined || placed.nodes[node.position] !== node) return this.get(node.name);
    return placed.at(node.position) ?? this.absent;
  }

  has(nodeName: string): boolean {
    return this.explicit().has(nodeName);
  }

  set(nodeName: string, status: Status): void {
    this.explicit().set(nodeName, status);
  }

  /**
   * Takes statuses by place in the snapshot, undefined for nodes that were not looked at; `start` is the place that was
   * looked at first. Nothing may have been set before. `statuses` may still be filled until it is first read.
   */
  list(nodes: readonly NodeInfo[], statuses: readonly (Status | undefined)[], start: number): void {
    this.place(new ListedStatuses(nodes, statuses), start);
  }

  /** The same with statuses that somebody keeps. */
  place(placed: PlacedStatuses, start: number): void {
    this.placed = placed;
    this.start = start;
  }

  /** In order of first evaluation. */
  entries(): Iterable<readonly [string, Status]> {
    return this.explicit();
  }

  /** Adds to `counts` how many nodes with a status of their own give each reason; returns how many such nodes there are. */
  countReasons(counts: Map<string, number>): number {
    if (this.placed === undefined) {
      for (const status of this.named.values()) addReasons(counts, status, 1);
      return this.named.size;
    }
    let nodeCount = 0;
    this.placed.forEachCount((status, count) => {
      nodeCount += count;
      addReasons(counts, status, count);
    });
    return nodeCount;
  }

  /** How many of `nodeCount` nodes have a status of this code. */
  countOf(code: Status['code'], nodeCount: number): number {
    let count = 0;
    let explicit = 0;
    const add = (status: Status, nodes: number): void => {
      explicit += nodes;
      if (status.code === code) count += nodes;
    };
    if (this.placed === undefined) for (const status of this.named.values()) add(status, 1);
    else this.placed.forEachCount(add);
    return this.absent.code === code ? count + nodeCount - explicit : count;
  }

  private explicit(): Map<string, Status> {
    const { placed, named } = this;
    if (placed !== undefined) {
      const { nodes } = placed;
      for (let i = 0; i < nodes.length; i++) {
        const place = (this.start + i) % nodes.length;
        const status = placed.at(place);
        if (status !== undefined) named.set(nodes[place]!.name, status);
      }
      this.placed = undefined;
    }
    return named;
  }
}

class ListedStatuses implements PlacedStatuses {
  readonly nodes: readonly NodeInfo[];
  private readonly statuses: readonly (Status | undefined)[];

  constructor(nodes: readonly NodeInfo[], statuses: readonly (Status | undefined)[]) {
    this.nodes = nodes;
    this.statuses = statuses;
  }

  at(place: number): Status | undefined {
    return this.statuses[place];
  }

  forEachCount(visit: (status: Status, nodeCount: number) => void): void {
    // Neighbours often fail alike.
    let last: Status | undefined;
    let run = 0;
    for (const status of this.statuses) {
      if (status === last) {
        run++;
        continue;
      }
      if (last !== undefined) visit(last, run);
      last = status;
      run = 1;
    }
    if (last !== undefined) visit(last, run);
  }
}

function addReasons(counts: Map<string, number>, status: Status, nodeCount: number): void {
  for (const reason of status.reasons) counts.set(reason, (counts.get(reason) ?? 0) + nodeCount);
}

export interface Diagnosis {
  readonly nodeToStatus: NodeToStatus;
  /** Plugins that rejected the pod somewhere, or narrowed the node set. */
  readonly unschedulablePlugins: Set<string>;
  /** Plugins that answered Pending. */
  readonly pendingPlugins: Set<string>;
  preFilterMessage: string;
  postFilterMessage: string;
}

export function newDiagnosis(): Diagnosis {
  return {
    nodeToStatus: new NodeToStatus(),
    unschedulablePlugins: new Set(),
    pendingPlugins: new Set(),
    preFilterMessage: '',
    postFilterMessage: '',
  };
}

/** An expected outcome, not an exception: no node fits. */
export class FitError {
  /** Nodes in the snapshot (1 for a rejection at Reserve or Permit). */
  readonly nodeCount: number;
  readonly diagnosis: Diagnosis;

  constructor(nodeCount: number, diagnosis: Diagnosis) {
    this.nodeCount = nodeCount;
    this.diagnosis = diagnosis;
  }

  /** `0/3 nodes are available: 1 Insufficient cpu, 2 node(s) ...`; the text of the FailedScheduling event. */
  get message(): string {
    const { diagnosis } = this;
    let text = `0/${this.nodeCount} nodes are available:`;
    if (diagnosis.preFilterMessage !== '') {
      text += ` ${diagnosis.preFilterMessage}.`;
    } else {
      const counts = reasonCounts(this.nodeCount, diagnosis.nodeToStatus);
      const parts = [...counts].map(([reason, count]) => `${count} ${reason}`).sort(compareCodeUnits);
      if (parts.length > 0) text += ` ${parts.join(', ')}.`;
    }
    return diagnosis.postFilterMessage === '' ? text : `${text} ${diagnosis.postFilterMessage}`;
  }
}

/** How many nodes give each reason. */
export function reasonCounts(nodeCount: number, statuses: NodeToStatus): Map<string, number> {
  const counts = new Map<string, number>();
  const absentCount = nodeCount - statuses.countReasons(counts);
  if (absentCount > 0) addReasons(counts, statuses.absent, absentCount);
  return counts;
}
