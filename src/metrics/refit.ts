/**
 * Refit: would the pods of a lost failure domain fit on what is left?
 *
 * Pods go, most important first and then largest first, to the first node in order of registration that has room for them,
 * is ready, uncordoned, tolerated and selected. Nothing is moved; the answer is a count.
 *
 * Differs   first fit by requests, taints, node selector and required node affinity; inter-pod affinity, spreading, host
 *           ports, volumes and preemption are not looked at, so the real scheduler may place fewer (constraints) or more (preemption)
 * Cost      O(nodes + pods) per distinct pod template and domain: free room only shrinks, so the search for a template
 *           goes on where it last found room
 */
import { type Pod, priorityOf } from '../objects/pod.ts';
import { compileNodeSelector, labelsContain, type NodeMatcher } from '../objects/selectors.ts';
import { findUntolerated, isHardEffect } from '../objects/taints.ts';
import { CPU, MEMORY, type NodeRecord, type PodRecord } from './cluster-records.ts';

export class Refit {
  /** Free amounts per candidate node as the cluster stands; never changed. */
  private readonly candidates: readonly NodeRecord[];
  private readonly free: readonly Float64Array[];
  private readonly matchers: Map<unknown, NodeMatcher>;
  private readonly keys: Map<PodRecord, string>;

  constructor(nodes: readonly NodeRecord[]) {
    this.candidates = nodes.filter((node) => node.node !== undefined && node.isReady && node.isSchedulable);
    this.free = this.candidates.map((node) => node.allocatable.map((amount, i) => amount - (node.requested[i] ?? 0)));
    this.matchers = new Map();
    this.keys = new Map();
  }

  /** The pods among `lost`, given in the order of `inOrderOfPlacement`, that find room on candidates for which `isLeft` holds. */
  place(lost: readonly PodRecord[], isLeft: (node: NodeRecord) => boolean): Set<PodRecord> {
    const placed = new Set<PodRecord>();
    /** Free amounts of candidates that have taken a pod in. */
    const shrunk = new Map<number, Float64Array>();
    const cursors = new Map<string, number>();
    for (const pod of lost) {
      let key = this.keys.get(pod);
      if (key === undefined) {
        key = templateKey(pod);
        this.keys.set(pod, key);
      }
      let at = cursors.get(key) ?? 0;
      for (; at < this.candidates.length; at++) {
        const node = this.candidates[at]!;
        if (!isLeft(node) || !fits(pod, shrunk.get(at) ?? this.free[at]!) || !this.accepts(node, pod.pod)) continue;
        let left = shrunk.get(at);
        if (left === undefined) {
          left = this.free[at]!.slice();
          shrunk.set(at, left);
        }
        for (let i = 0; i < pod.requests.length && i < left.length; i++) left[i]! -= pod.requests[i]!;
        placed.add(pod);
        break;
      }
      cursors.set(key, at);
    }
    return placed;
  }

  private accepts(record: NodeRecord, pod: Pod): boolean {
    const node = record.node!;
    if (node.spec.taints.length > 0 && findUntolerated(node.spec.taints, pod.spec.tolerations, isHardEffect) !== undefined) return false;
    if (pod.spec.nodeSelector !== undefined && !labelsContain(node.metadata.labels, pod.spec.nodeSelector)) return false;
    const required = pod.spec.affinity?.nodeAffinity?.required;
    if (required === undefined) return true;
    let matcher = this.matchers.get(required);
    if (matcher === undefined) {
      matcher = compileNodeSelector(required);
      this.matchers.set(required, matcher);
    }
    return matcher.matches(node.metadata.labels, record.name);
  }
}

/** Most important first, then largest first; a total order. */
export function inOrderOfPlacement(pods: readonly PodRecord[]): PodRecord[] {
  return [...pods].sort(
    (a, b) =>
      priorityOf(b.pod) - priorityOf(a.pod) ||
      b.requests[CPU]! - a.requests[CPU]! ||
      b.requests[MEMORY]! - a.requests[MEMORY]! ||
      a.index - b.index,
  );
}

/** Pods with the same key are refused by the same nodes. */
function templateKey(pod: PodRecord): string {
  const { tolerations, nodeSelector, affinity } = pod.pod.spec;
  const constraints = [tolerations, nodeSelector ?? null, affinity?.nodeAffinity?.required ?? null];
  return `${pod.requests.join(' ')} ${JSON.stringify(constraints)}`;
}

function fits(pod: PodRecord, free: Float64Array): boolean {
  const { requests } = pod;
  for (let i = 0; i < requests.length; i++) {
    const request = requests[i]!;
    if (request > 0 && request > (free[i] ?? 0)) return false;
  }
  return true;
}
