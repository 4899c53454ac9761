/**
 * Diagnosis, FitError: why a pod fits nowhere, in data and in the sentence users see.
 *
 * Models    kubernetes v1.34 pkg/scheduler/framework/types.go (Diagnosis, NodeToStatus, FitError)
 */
import { compareCodeUnits } from '../base/compare.ts';
import { type Status, unresolvable } from './status.ts';

const NO_STATUS: Status = unresolvable('');

/** The status of every node: those that were looked at have their own, all others share one. */
export class NodeToStatus {
  private readonly explicit: Map<string, Status>;
  absent: Status;

  constructor(absent: Status = NO_STATUS) {
    this.explicit = new Map();
    this.absent = absent;
  }

  get explicitCount(): number {
    return this.explicit.size;
  }

  get(nodeName: string): Status {
    return this.explicit.get(nodeName) ?? this.absent;
  }

  has(nodeName: string): boolean {
    return this.explicit.has(nodeName);
  }

  set(nodeName: string, status: Status): void {
    this.explicit.set(nodeName, status);
  }

  /** In order of first evaluation. */
  entries(): Iterable<readonly [string, Status]> {
    return this.explicit;
  }
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
  for (const [, status] of statuses.entries()) {
    for (const reason of status.reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }
  const absentCount = nodeCount - statuses.explicitCount;
  if (absentCount > 0) {
    for (const reason of statuses.absent.reasons) counts.set(reason, (counts.get(reason) ?? 0) + absentCount);
  }
  return counts;
}
