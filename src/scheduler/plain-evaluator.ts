/**
 * PlainEvaluator: the obviously correct one: every plugin over every node, every time.
 *
 * Models    kubernetes v1.34 pkg/scheduler/schedule_one.go (schedulePod, findNodesThatFitPod, prioritizeNodes,
 *           selectHost) with parallelism 1
 * Differs   the tie among best nodes is broken by the caller's stream, uniformly over the feasible order
 * Order     nodes from nextStartNodeIndex on, around the snapshot's list
 * Cost      O(nodes x plugins) per attempt
 */

import { compareCodeUnits } from '../base/compare.ts';
import { type Diagnosis, FitError, newDiagnosis } from './diagnosis.ts';
import type { Evaluation, EvaluationRequest, Evaluator, PluginScores, Snapshot } from './framework.ts';
import type { NodeInfo } from './node-info.ts';
import { nodesToFind } from './node-sampling.ts';
import type { PreFilterOutcome } from './profile.ts';
import { errorStatus, isRejected, isSuccess, messageOf, type Status, SUCCESS, unresolvable } from './status.ts';

const NO_NODES_FOUND: readonly NodeInfo[] = Object.freeze([]);
const NO_TOTALS = new Float64Array(0);
const NO_SCORES: readonly PluginScores[] = Object.freeze([]);
// ErrNoNodesAvailable, v1.34.
const NO_NODES = errorStatus('', 'no nodes available to schedule pods');

export interface PlainEvaluatorOptions {
  /** The scheduler's percentageOfNodesToScore, for profiles without one; 0 adapts to the cluster size. */
  readonly percentageOfNodesToScore: number;
}

export class PlainEvaluator implements Evaluator {
  readonly name = 'plain';
  private readonly percentage: number;

  constructor(options: PlainEvaluatorOptions) {
    this.percentage = options.percentageOfNodesToScore;
  }

  schedulePod(request: EvaluationRequest): Evaluation {
    const { profile, pod, state, snapshot } = request;
    if (snapshot.nodes.length === 0) return new EvaluationBuilder(request, newDiagnosis()).failed(NO_NODES);

    // 1. PreFilter
    return this.continueAfterPreFilter(request, profile.runPreFilter(state, pod));
  }

  /** The rest of the attempt; for evaluators that have run PreFilter and leave the rest to this one. */
  continueAfterPreFilter(request: EvaluationRequest, preFilter: PreFilterOutcome): Evaluation {
    const diagnosis = newDiagnosis();
    const result = new EvaluationBuilder(request, diagnosis);
    result.preFilter = preFilter;
    for (const name of preFilter.narrowers) diagnosis.unschedulablePlugins.add(name);
    if (!isSuccess(preFilter.status)) {
      if (!isRejected(preFilter.status)) return result.failed(preFilter.status);
      diagnosis.nodeToStatus.absent = preFilter.status;
      diagnosis.preFilterMessage = messageOf(preFilter.status);
      noteRejector(diagnosis, preFilter.status);
      return result.unschedulable();
    }

    // 2. Filter
    const failure = this.findFeasible(request, diagnosis, preFilter, result);
    if (failure !== undefined) return result.failed(failure);
    if (result.feasible.length === 0) return result.unschedulable();

    // 3. Score and choose
    if (result.feasible.length > 1) return score(request, result);
    if (!request.isDetailed) return result.chosen(0);
    // Nobody would have scored the only node: what goes wrong with its scores decides nothing.
    const scored = score(request, result);
    return scored.outcome === 'error' ? result.chosen(0) : scored;
  }

  /** Fills `result.feasible`; a status when a filter fails. */
  private findFeasible(
    request: EvaluationRequest,
    diagnosis: Diagnosis,
    preFilter: PreFilterOutcome,
    result: EvaluationBuilder,
  ): Status | undefined {
    const { profile, pod, state, snapshot } = request;
    const nominated = snapshot.get(pod.pod.status.nominatedNodeName);
    if (nominated !== undefined) {
      const status = profile.runFiltersWithNominated(state, pod, nominated);
      result.evaluatedCount++;
      if (isSuccess(status)) {
        result.feasible = [nominated];
        return undefined;
      }
      // An error here is not the attempt's: the node will be looked at again below.
      if (isRejected(status)) noteFailure(diagnosis, nominated, status);
    }
    const nodes = candidateNodes(snapshot, preFilter.nodeNames);
    if (preFilter.nodeNames !== undefined) {
      // Upstream adds the rejector of a nominated node to the same set before it prints it.
      const names = [...diagnosis.unschedulablePlugins].sort(compareCodeUnits).join(' ');
      diagnosis.nodeToStatus.absent = unresolvable('', `node(s) didn't satisfy plugin(s) [${names}]`);
    }
    const wanted = profile.scorePlugins.length === 0 ? 1 : nodesToFind(nodes.length, profile.percentageOfNodesToScore ?? this.percentage);
    const error = this.visit(request, diagnosis, nodes, wanted, result);
    // Upstream counts nodes with an entry, also those that were not reached again in this search.
    const processed = result.feasible.length + diagnosis.nodeToStatus.explicitCount;
    result.nextStartNodeIndex = (request.nextStartNodeIndex + processed) % snapshot.nodes.length;
    return error;
  }

  /** Looks at nodes until `wanted` are found and one more would be. */
  private visit(
    request: EvaluationRequest,
    diagnosis: Diagnosis,
    nodes: readonly NodeInfo[],
    wanted: number,
    result: EvaluationBuilder,
  ): Status | undefined {
    const { profile, pod, state, nextStartNodeIndex } = request;
    const feasible: NodeInfo[] = [];
    result.feasible = feasible;
    if (profile.filterPlugins.length === 0) {
      for (let i = 0; i < wanted; i++) feasible.push(nodes[(nextStartNodeIndex + i) % nodes.length]!);
      return undefined;
    }
    for (let i = 0; i < nodes.length; i++) {
      const node = nodes[(nextStartNodeIndex + i) % nodes.length]!;
      const status = profile.runFiltersWithNominated(state, pod, node);
      result.evaluatedCount++;
      if (status.code === 'Success') {
        if (feasible.length === wanted) return undefined;
        feasible.push(node);
      } else if (isRejected(status)) {
        noteFailure(diagnosis, node, status);
      } else {
        return status;
      }
    }
    return undefined;
  }
}

/** All nodes, or those of the given names, in snapshot order. */
function candidateNodes(snapshot: Snapshot, names: ReadonlySet<string> | undefined): readonly NodeInfo[] {
  return names === undefined ? snapshot.nodes : snapshot.nodes.filter((node) => names.has(node.name));
}

/** Takes down why a node failed, and who says so. */
function noteFailure(diagnosis: Diagnosis, node: NodeInfo, status: Status): void {
  diagnosis.nodeToStatus.set(node.name, status);
  noteRejector(diagnosis, status);
}

/** Takes down which plugin rejects. */
export function noteRejector(diagnosis: Diagnosis, status: Status): void {
  if (status.plugin === '') return;
  if (status.code === 'Pending') diagnosis.pendingPlugins.add(status.plugin);
  else diagnosis.unschedulablePlugins.add(status.plugin);
}

function score(request: EvaluationRequest, result: EvaluationBuilder): Evaluation {
  const { profile, pod, state, isDetailed } = request;
  const { feasible } = result;
  if (profile.scorePlugins.length === 0) {
    result.totals = new Float64Array(feasible.length).fill(1);
    return chooseBest(request, result);
  }
  const prepared = profile.runPreScore(state, pod, feasible);
  if (!isSuccess(prepared)) return result.failed(prepared);
  const scores = profile.runScores(state, pod, feasible);
  if (!Array.isArray(scores)) return result.failed(scores as Status);
  const totals = new Float64Array(feasible.length);
  for (const { normalized, weight } of scores) {
    for (let i = 0; i < totals.length; i++) totals[i]! += normalized[i]! * weight;
  }
  result.totals = totals;
  if (isDetailed) result.scores = scores;
  return chooseBest(request, result);
}

/** Any of the nodes with the highest total, each as likely as the other. */
export function chooseBest(request: EvaluationRequest, result: EvaluationBuilder): Evaluation {
  const { totals } = result;
  let best = -Infinity;
  let tieCount = 0;
  for (let i = 0; i < totals.length; i++) {
    if (totals[i]! > best) {
      best = totals[i]!;
      tieCount = 1;
    } else if (totals[i] === best) {
      tieCount++;
    }
  }
  let rank = tieCount > 1 ? request.tieBreak(tieCount) : 0;
  for (let i = 0; i < totals.length; i++) {
    if (totals[i] !== best) continue;
    if (rank === 0) {
      result.tieCount = tieCount;
      return result.chosen(i);
    }
    rank--;
  }
  return result.chosen(0);
}

/** Collects what an attempt finds out; every field of the answer is set in one place. */
export class EvaluationBuilder {
  feasible: readonly NodeInfo[];
  totals: Float64Array;
  scores: readonly PluginScores[];
  preFilter: PreFilterOutcome | undefined;
  evaluatedCount: number;
  tieCount: number;
  nextStartNodeIndex: number;
  private readonly diagnosis: Diagnosis;
  private readonly nodeCount: number;

  constructor(request: EvaluationRequest, diagnosis: Diagnosis) {
    this.feasible = NO_NODES_FOUND;
    this.totals = NO_TOTALS;
    this.scores = NO_SCORES;
    this.preFilter = undefined;
    this.evaluatedCount = 0;
    this.tieCount = 1;
    this.nextStartNodeIndex = request.nextStartNodeIndex;
    this.diagnosis = diagnosis;
    this.nodeCount = request.snapshot.nodes.length;
  }

  chosen(index: number): Evaluation {
    return this.build('scheduled', this.feasible[index]!.name, undefined, undefined);
  }

  unschedulable(): Evaluation {
    return this.build('unschedulable', '', new FitError(this.nodeCount, this.diagnosis), undefined);
  }

  failed(error: Status): Evaluation {
    return this.build('error', '', undefined, error);
  }

  private build(outcome: Evaluation['outcome'], nodeName: string, fitError: FitError | undefined, error: Status | undefined): Evaluation {
    return {
      outcome,
      nodeName,
      feasible: this.feasible,
      feasibleCount: this.feasible.length,
      evaluatedCount: this.evaluatedCount,
      totals: this.totals,
      scores: this.scores,
      tieCount: this.tieCount,
      preFilterStatus: this.preFilter?.status ?? SUCCESS,
      preFilterNodes: this.preFilter?.nodeNames,
      diagnosis: this.diagnosis,
      fitError,
      error,
      nextStartNodeIndex: this.nextStartNodeIndex,
    };
  }
}
