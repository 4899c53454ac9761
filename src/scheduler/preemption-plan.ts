/**
 * planPreemption: which pods would have to go, and from which node, so that a pod fits.
 *
 * Models    kubernetes v1.34 pkg/scheduler/framework/preemption/preemption.go (findCandidates, DryRunPreemption,
 *           pickOneNodeForPreemption), plugins/defaultpreemption/default_preemption.go (SelectVictimsOnNode)
 * Differs   nodes are tried one after the other in node order; upstream tries them in parallel
 * Units     start times in microseconds; a pod without one counts as started now
 * Order     equally important victims keep the node's pod order; equally good nodes the order of the dry run, those
 *           without budget violations first
 * Cost      O(lower pods x filters) per node tried; see DryRuns for those that need not be
 */

import type { PodDisruptionBudget } from '../objects/cluster.ts';
import type { TimeUs } from '../objects/meta.ts';
import { podCondition } from '../objects/pod.ts';
import { compileLabelSelector, type LabelMatcher } from '../objects/selectors.ts';
import type { CycleState } from './cycle-state.ts';
import { type Diagnosis, FitError, NodeToStatus, newDiagnosis, type PlacedStatuses } from './diagnosis.ts';
import { DryRuns } from './dry-runs.ts';
import type { FilterRunner, PluginHandle, PreemptionCandidate } from './framework.ts';
import type { NodeInfo } from './node-info.ts';
import type { PodInfo } from './pod-info.ts';
import { errorStatus, isSuccess, type Status, unresolvable } from './status.ts';

const NAME = 'DefaultPreemption';
const NO_VICTIMS = unresolvable(NAME, 'No preemption victims found for incoming pod');
const NOT_HELPFUL = unresolvable(NAME, 'Preemption is not helpful for scheduling');
const NO_CANDIDATES: readonly PreemptionCandidate[] = Object.freeze([]);
const NO_ERRORS: readonly Status[] = Object.freeze([]);
const TEXTS_MAX = 1000;
const PREEMPTED_REASON = 'PreemptionByScheduler';

export interface CandidateLimits {
  readonly minCandidateNodesPercentage: number;
  readonly minCandidateNodesAbsolute: number;
}

export interface PreemptionPlan {
  /** Why the pod may not preempt; empty when it may. */
  readonly ineligibleReason: string;
  readonly potentialNodes: readonly NodeInfo[];
  /** How many they are when no node has anybody to free it of, which makes the plan; otherwise -1. */
  readonly hopelessCount: number;
  /** Without budget violations first, each group in the order of the dry run. */
  readonly candidates: readonly PreemptionCandidate[];
  /** Of the nodes that are no candidates. */
  readonly statuses: NodeToStatus;
  /** Candidates that are equally good by every rule. */
  readonly best: readonly PreemptionCandidate[];
  /** Dry runs that failed with an error. */
  readonly errors: readonly Status[];
}

/** `dryRuns` remembers what earlier plans of the same handle found out. */
export function planPreemption(
  state: CycleState,
  pod: PodInfo,
  diagnosis: Diagnosis,
  limits: CandidateLimits,
  handle: PluginHandle,
  dryRuns = new DryRuns(),
): PreemptionPlan {
  const ineligibleReason = findIneligibility(pod, diagnosis, handle);
  if (ineligibleReason === '' && handle.snapshot.leastPriority >= pod.priority) return new HopelessPlan(diagnosis.nodeToStatus, handle);
  const statuses = new NodeToStatus(NOT_HELPFUL);
  const potentialNodes = handle.snapshot.nodes.filter((node) => diagnosis.nodeToStatus.of(node).code === 'Unschedulable');
  if (ineligibleReason !== '' || potentialNodes.length === 0) {
    return {
      ineligibleReason,
      potentialNodes: ineligibleReason === '' ? potentialNodes : [],
      hopelessCount: -1,
      candidates: [],
      statuses,
      best: [],
      errors: [],
    };
  }
  const found: (Status | undefined)[] = new Array(handle.snapshot.nodes.length).fill(undefined);
  statuses.list(handle.snapshot.nodes, found, 0);
  const offset = handle.preemptionOffset(potentialNodes.length);
  const wanted = candidateCount(potentialNodes.length, limits);
  const listed = handle.lister.list('PodDisruptionBudget');
  const budgets = listed.map(openBudget);
  const dryRun = dryRuns.of(state, pod, listed, handle.nominated, handle.nowUs(), (node) =>
    selectVictims(state.clone(), pod, node.clone(), budgets, handle),
  );
  const clean: PreemptionCandidate[] = [];
  const violating: PreemptionCandidate[] = [];
  const errors: Status[] = [];
  for (let i = 0; i < potentialNodes.length; i++) {
    const node = potentialNodes[(offset + i) % potentialNodes.length]!;
    // Most nodes of a full cluster have nobody less important: no need to copy them.
    const answer = node.leastPriority < pod.priority ? dryRun(node) : NO_VICTIMS;
    if (!isCandidate(answer)) {
      found[node.position] = answer;
      if (answer.code === 'Error') errors.push(answer);
      continue;
    }
    const list = answer.pdbViolationCount === 0 ? clean : violating;
    if (list.length < wanted) list.push(answer);
    if (clean.length > 0 && clean.length + violating.length >= wanted) break;
  }
  const candidates = [...clean, ...violating];
  return { ineligibleReason, potentialNodes, hopelessCount: -1, candidates, statuses, best: pickBest(candidates, handle.nowUs()), errors };
}

/** Nobody anywhere is less important: what is said of each node follows from why it failed, and nothing need be tried. */
class HopelessPlan implements PreemptionPlan, PlacedStatuses {
  readonly ineligibleReason = '';
  readonly hopelessCount: number;
  readonly candidates: readonly PreemptionCandidate[];
  readonly best: readonly PreemptionCandidate[];
  readonly errors: readonly Status[];
  readonly nodes: readonly NodeInfo[];
  private readonly failures: NodeToStatus;

  constructor(failures: NodeToStatus, handle: PluginHandle) {
    this.failures = failures;
    this.nodes = handle.snapshot.nodes;
    this.hopelessCount = failures.countOf('Unschedulable', this.nodes.length);
    this.candidates = this.best = NO_CANDIDATES;
    this.errors = NO_ERRORS;
    if (this.hopelessCount > 0) handle.preemptionOffset(this.hopelessCount);
  }

  get potentialNodes(): readonly NodeInfo[] {
    return this.nodes.filter((node) => this.isPotential(node));
  }

  get statuses(): NodeToStatus {
    const statuses = new NodeToStatus(NOT_HELPFUL);
    if (this.hopelessCount > 0) statuses.place(this, 0);
    return statuses;
  }

  at(place: number): Status | undefined {
    return this.isPotential(this.nodes[place]!) ? NO_VICTIMS : undefined;
  }

  forEachCount(visit: (status: Status, nodeCount: number) => void): void {
    visit(NO_VICTIMS, this.hopelessCount);
  }

  private isPotential(node: NodeInfo): boolean {
    return this.failures.of(node).code === 'Unschedulable';
  }
}

/** What users read when no node can be freed; texts that depend on numbers of nodes alone are remembered. */
export class PreemptionFailures {
  /** By number of potential nodes. */
  private readonly hopeless: Map<number, string>;
  private nodeCount: number;

  constructor() {
    this.hopeless = new Map();
    this.nodeCount = 0;
  }

  textOf(plan: PreemptionPlan, nodeCount: number): string {
    if (nodeCount !== this.nodeCount || this.hopeless.size > TEXTS_MAX) {
      this.hopeless.clear();
      this.nodeCount = nodeCount;
    }
    let text = this.hopeless.get(plan.hopelessCount);
    if (text === undefined) {
      text = new FitError(nodeCount, { ...newDiagnosis(), nodeToStatus: plan.statuses }).message;
      if (plan.hopelessCount >= 0) this.hopeless.set(plan.hopelessCount, text);
    }
    return text;
  }
}

function findIneligibility(pod: PodInfo, diagnosis: Diagnosis, handle: PluginHandle): string {
  if (pod.pod.spec.preemptionPolicy === 'Never') return 'not eligible due to preemptionPolicy=Never.';
  const nominated = pod.pod.status.nominatedNodeName;
  if (nominated === '' || diagnosis.nodeToStatus.get(nominated).code === 'UnschedulableAndUnresolvable') return '';
  const isFreed = handle.snapshot.get(nominated)?.pods.some((other) => other.priority < pod.priority && isBeingPreempted(other));
  return isFreed === true ? 'not eligible due to a terminating pod on the nominated node.' : '';
}

function isBeingPreempted(pod: PodInfo): boolean {
  if (!pod.isTerminating) return false;
  const condition = podCondition(pod.pod, 'DisruptionTarget');
  return condition !== undefined && condition.status === 'True' && condition.reason === PREEMPTED_REASON;
}

function candidateCount(nodeCount: number, limits: CandidateLimits): number {
  const share = Math.trunc((nodeCount * limits.minCandidateNodesPercentage) / 100);
  return Math.min(Math.max(share, limits.minCandidateNodesAbsolute), nodeCount);
}

// Victims of one node ---------------------------------------------------------------------------------

interface Budget {
  readonly budget: PodDisruptionBudget;
  readonly matcher: LabelMatcher;
}

function openBudget(budget: PodDisruptionBudget): Budget {
  return { budget, matcher: compileLabelSelector(budget.spec.selector) };
}

function isCandidate(found: PreemptionCandidate | Status): found is PreemptionCandidate {
  return 'victims' in found;
}

/** `state` and `node` are copies to try on. */
function selectVictims(
  state: CycleState,
  pod: PodInfo,
  node: NodeInfo,
  budgets: readonly Budget[],
  handle: PluginHandle,
): PreemptionCandidate | Status {
  const { filters } = handle;
  const lower = node.pods.filter((other) => other.priority < pod.priority);
  for (const other of lower) {
    const status = removePod(filters, state, pod, other, node);
    if (!isSuccess(status)) return status;
  }
  const withoutAll = filters.runFiltersWithNominated(state, pod, node);
  if (!isSuccess(withoutAll)) return withoutAll;
  const nowUs = handle.nowUs();
  const { violating, others } = splitByBudget(byImportance(lower, nowUs), budgets);
  const victims: PodInfo[] = [];
  let pdbViolationCount = 0;
  for (const group of [violating, others]) {
    for (const other of group) {
      // Each is put back; whoever makes the pod not fit again has to go.
      const added = addPod(filters, state, pod, other, node);
      if (!isSuccess(added)) return added;
      if (isSuccess(filters.runFiltersWithNominated(state, pod, node))) continue;
      const removed = removePod(filters, state, pod, other, node);
      if (!isSuccess(removed)) return removed;
      victims.push(other);
      if (group === violating) pdbViolationCount++;
    }
  }
  if (victims.length === 0) return errorStatus(NAME, `expected at least one victim pod on node "${node.name}"`);
  return { nodeName: node.name, victims: byImportance(victims, nowUs), pdbViolationCount };
}

function addPod(filters: FilterRunner, state: CycleState, pod: PodInfo, other: PodInfo, node: NodeInfo): Status {
  node.addPod(other);
  return filters.runAddPod(state, pod, other, node);
}

function removePod(filters: FilterRunner, state: CycleState, pod: PodInfo, other: PodInfo, node: NodeInfo): Status {
  node.removePod(other.uid);
  return filters.runRemovePod(state, pod, other, node);
}

/** Higher priority first, then the longer running; stable. */
function byImportance(pods: readonly PodInfo[], nowUs: TimeUs): PodInfo[] {
  return pods.slice().sort((a, b) => b.priority - a.priority || startOf(a, nowUs) - startOf(b, nowUs));
}

function startOf(pod: PodInfo, nowUs: TimeUs): TimeUs {
  return pod.pod.status.startTime ?? nowUs;
}

/** Takes the pods off their budgets in the order given; those that find one empty are violating. */
function splitByBudget(pods: readonly PodInfo[], budgets: readonly Budget[]): { violating: PodInfo[]; others: PodInfo[] } {
  const violating: PodInfo[] = [];
  const others: PodInfo[] = [];
  const allowed = budgets.map(({ budget }) => budget.status.disruptionsAllowed);
  for (const pod of pods) {
    let isViolating = false;
    if (Object.keys(pod.labels).length > 0) {
      for (let i = 0; i < budgets.length; i++) {
        const { budget, matcher } = budgets[i]!;
        if (budget.metadata.namespace !== pod.namespace || matcher.isEmpty || !matcher.matches(pod.labels)) continue;
        // Its eviction was already accepted.
        if (Object.hasOwn(budget.status.disruptedPods, pod.pod.metadata.name)) continue;
        allowed[i] = allowed[i]! - 1;
        if (allowed[i]! < 0) isViolating = true;
      }
    }
    (isViolating ? violating : others).push(pod);
  }
  return { violating, others };
}

// The best node ---------------------------------------------------------------------------------------

/** The candidates left after each rule has kept its best. */
function pickBest(candidates: readonly PreemptionCandidate[], nowUs: TimeUs): readonly PreemptionCandidate[] {
  let best = candidates;
  for (const cost of COSTS) {
    if (best.length <= 1) return best;
    const costs = best.map((candidate) => cost(candidate, nowUs));
    const least = costs.reduce((a, b) => Math.min(a, b));
    best = best.filter((_, i) => costs[i] === least);
  }
  return best;
}

/** In order of weight; less is better. All values are integers below 2^53. */
const COSTS: readonly ((candidate: PreemptionCandidate, nowUs: TimeUs) => number)[] = [
  (candidate) => candidate.pdbViolationCount,
  (candidate) => candidate.victims[0]!.priority,
  // The constant, upstream's MaxInt32 + 1, makes every term positive, so that fewer victims win.
  (candidate) => candidate.victims.reduce((sum, victim) => sum + victim.priority + 2_147_483_648, 0),
  (candidate) => candidate.victims.length,
  // The node whose longest running victim of the highest priority started last.
  (candidate, nowUs) => -earliestStart(candidate, nowUs),
];

function earliestStart({ victims }: PreemptionCandidate, nowUs: TimeUs): TimeUs {
  const highest = victims[0]!.priority;
  let earliest = Infinity;
  for (const victim of victims) if (victim.priority === highest) earliest = Math.min(earliest, startOf(victim, nowUs));
  return earliest;
}
