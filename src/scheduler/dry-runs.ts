/**
 * DryRuns: what came of trying to free each node for pods of one shape and priority, remembered until the node changes.
 *
 * HOT       once per node that a preemption looks at
 * Holds     while the node and its pods, the disruption budgets and, for pods that have not started, the time are the same; nodes
 *           with nominated pods are tried anew
 * Leaves out  pods with volumes or a node of their own, and attempts in which a filter looks at the whole cluster
 * Oracle    a plan without it; held together by dry-runs.test.ts
 * Memory    2 * KINDS_MAX kinds of preemptors, 8 bytes per node and about 150 for each node that was tried
 */
import { RecentMap } from '../base/recent-map.ts';
import type { PodDisruptionBudget } from '../objects/cluster.ts';
import type { CycleState } from './cycle-state.ts';
import type { NominatedPods, PreemptionCandidate } from './framework.ts';
import type { NodeInfo } from './node-info.ts';
import { isRememberedFilter } from './node-verdicts.ts';
import type { PodInfo } from './pod-info.ts';
import type { Status } from './status.ts';

export type DryRun = PreemptionCandidate | Status;

const KINDS_MAX = 8;

interface KnownRun {
  readonly node: NodeInfo;
  readonly generation: number;
  /** When it was tried, if that matters; otherwise undefined. */
  readonly timeUs: number | undefined;
  readonly answer: DryRun;
}

export class DryRuns {
  /** By shape and priority: by place. */
  private readonly byKind: RecentMap<string, (KnownRun | undefined)[]>;
  private budgets: readonly PodDisruptionBudget[];
  /** Answers that were remembered, and those that had to be found out. */
  recalledCount: number;
  triedCount: number;

  constructor() {
    this.byKind = new RecentMap(KINDS_MAX);
    this.budgets = [];
    this.recalledCount = 0;
    this.triedCount = 0;
  }

  /** Kinds of preemptors kept. */
  get size(): number {
    return this.byKind.size;
  }

  /** The answer for nodes in one attempt; `tryOn` finds out. */
  of(
    state: CycleState,
    pod: PodInfo,
    budgets: readonly PodDisruptionBudget[],
    nominated: NominatedPods,
    nowUs: number,
    tryOn: (node: NodeInfo) => DryRun,
  ): (node: NodeInfo) => DryRun {
    if (!isDecidedByNode(state, pod)) return tryOn;
    this.takeBudgets(budgets);
    const kind = `${pod.shape.id}/${pod.priority}`;
    let known = this.byKind.get(kind);
    if (known === undefined) {
      known = [];
      this.byKind.set(kind, known);
    }
    const runs = known;
    return (node) => {
      if (!nominated.isEmpty && nominated.onNode(node.name).length > 0) return tryOn(node);
      const run = runs[node.position];
      if (run !== undefined && run.node === node && run.generation === node.generation && (run.timeUs ?? nowUs) === nowUs) {
        this.recalledCount++;
        return run.answer;
      }
      this.triedCount++;
      const answer = tryOn(node);
      const timeUs = haveStarted(node, pod.priority) ? undefined : nowUs;
      while (runs.length <= node.position) runs.push(undefined);
      runs[node.position] = { node, generation: node.generation, timeUs, answer };
      return answer;
    };
  }

  private takeBudgets(budgets: readonly PodDisruptionBudget[]): void {
    let isSame = budgets.length === this.budgets.length;
    for (let i = 0; isSame && i < budgets.length; i++) isSame = budgets[i] === this.budgets[i];
    if (isSame) return;
    this.budgets = budgets.slice();
    this.byKind.clear();
  }
}

/** Whether nothing but the node decides, for all pods of this shape and priority. */
function isDecidedByNode({ filters }: CycleState, { pod, shape, accounted }: PodInfo): boolean {
  return (
    filters?.every(isRememberedFilter) === true && !shape.hasVolumes && pod.spec.nodeName === '' && accounted === shape.amounts.accounted
  );
}

/** Pods without a start time count as started now. */
function haveStarted(node: NodeInfo, priority: number): boolean {
  return node.pods.every((pod) => pod.priority >= priority || pod.pod.status.startTime !== undefined);
}
