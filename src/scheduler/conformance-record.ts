/**
 * Recording: what our scheduler decides about a case, in the words of the vectors' `expect`.
 *
 * Order     reasons and names are sorted, victims are in their order, most important first
 */
import { compareCodeUnits } from '../base/compare.ts';
import type { RawObject } from '../objects/decode-reader.ts';
import { keyOf } from '../objects/meta.ts';
import type { CaseBench } from './conformance.ts';
import { CycleState } from './cycle-state.ts';
import type { Evaluation, PreemptionCandidate } from './framework.ts';
import type { PodInfo } from './pod-info.ts';
import { type PreemptionPlan, planPreemption } from './preemption-plan.ts';
import type { Status } from './status.ts';

/** The decision about one pod, and about whom it would preempt when `withPreemption`. */
export function recordAttempt(bench: CaseBench, pod: PodInfo, withPreemption: boolean): RawObject {
  const state = new CycleState();
  const evaluation = bench.evaluate(pod, state, 0, true);
  const { nodes } = bench.cluster.cache.snapshot;
  const record: Record<string, unknown> = { nodeOrder: nodes.map((node) => node.name) };
  if (evaluation.outcome === 'error') return { ...record, error: evaluation.error!.reasons.join(', ') };
  record['preFilter'] = describePreFilter(evaluation, state);
  record['filter'] = describeFilter(bench, evaluation);
  if (evaluation.preFilterStatus.code === 'Success' && bench.cluster.context.nominated.isEmpty) {
    record['filterAll'] = describeEveryFilter(bench, pod, state);
  }
  record['feasible'] = sortedNames(evaluation.feasible);
  if (evaluation.fitError === undefined) return { ...record, ...describeScores(bench, evaluation, state) };
  if (withPreemption) record['postFilter'] = describePostFilter(bench, pod, state, evaluation);
  record['message'] = evaluation.fitError.message;
  record['unschedulablePlugins'] = sorted(evaluation.diagnosis.unschedulablePlugins);
  return record;
}

function describePreFilter(evaluation: Evaluation, state: CycleState): RawObject {
  const { preFilterStatus: status, preFilterNodes } = evaluation;
  if (status.code !== 'Success') return describe(status);
  const found = { code: 'Success', skip: sorted(state.skipFilter) };
  return preFilterNodes === undefined ? found : { ...found, nodeNames: sorted(preFilterNodes) };
}

/** The first rejection of every node, or that PreFilter left it out. */
function describeFilter(bench: CaseBench, { diagnosis, preFilterNodes, preFilterStatus }: Evaluation): RawObject {
  const { nodeToStatus } = diagnosis;
  const found: Record<string, RawObject> = {};
  if (preFilterStatus.code !== 'Success') return found;
  for (const { name } of bench.cluster.cache.snapshot.nodes) {
    if (nodeToStatus.has(name)) found[name] = describe(nodeToStatus.get(name));
    else if (preFilterNodes !== undefined && !preFilterNodes.has(name) && nodeToStatus.absent.reasons.length > 0) {
      found[name] = { ...describe(nodeToStatus.absent), excludedByPreFilterResult: true };
    }
  }
  return found;
}

/** Every filter that takes part, alone, on every node: its rejections. */
function describeEveryFilter(bench: CaseBench, pod: PodInfo, state: CycleState): RawObject {
  const found: Record<string, RawObject> = {};
  for (const node of bench.cluster.cache.snapshot.nodes) {
    const ofNode: Record<string, RawObject> = {};
    for (const plugin of state.filters ?? []) {
      const status = plugin.filter!(state, pod, node);
      if (status.code !== 'Success') ofNode[plugin.name] = { code: status.code, reasons: sorted(status.reasons) };
    }
    if (Object.keys(ofNode).length > 0) found[node.name] = ofNode;
  }
  return found;
}

function describeScores(bench: CaseBench, evaluation: Evaluation, state: CycleState): RawObject {
  const { feasible, scores, totals } = evaluation;
  const { scorePlugins } = bench.profile;
  const byNode = (value: (index: number) => unknown): RawObject => Object.fromEntries(feasible.map((node, i) => [node.name, value(i)]));
  return {
    scores: Object.fromEntries(
      scores.map(({ plugin, raw, normalized }) => [plugin, byNode((i) => ({ raw: raw[i], normalized: normalized[i] }))]),
    ),
    scoreSkipped: sorted(scorePlugins.map(({ plugin }) => plugin.name).filter((name) => state.skipScore.has(name))),
    weights: Object.fromEntries(scorePlugins.map(({ plugin, weight }) => [plugin.name, weight])),
    total: byNode((i) => totals[i]),
    best: bestNames(evaluation),
  };
}

/** Runs PostFilter for its answer, which also completes the message, and the plan beside it for its details. */
function describePostFilter(bench: CaseBench, pod: PodInfo, state: CycleState, { diagnosis }: Evaluation): RawObject {
  const plan = planPreemption(state.clone(), pod, diagnosis, bench.limits, bench.cluster.handleOf(bench.profile));
  const { status } = bench.profile.runPostFilter(state, pod, diagnosis);
  diagnosis.postFilterMessage = status.reasons.join(', ');
  const answer = status.code === 'Success' ? { code: 'Success' } : { ...describe(status), reasons: status.reasons };
  return { status: answer, ...describePlan(plan) };
}

function describePlan(plan: PreemptionPlan): RawObject {
  const { ineligibleReason, potentialNodes, candidates } = plan;
  if (ineligibleReason !== '') return { eligible: false, ineligibleReason };
  const found = { eligible: true, potentialNodes: sortedNames(potentialNodes) };
  if (potentialNodes.length === 0) return found;
  const details = { ...found, candidates: describeCandidates(candidates), notHelpful: describeOthers(plan) };
  if (plan.best.length === 0) return details;
  const best = sorted(plan.best.map((candidate) => candidate.nodeName));
  return { ...details, best, chosen: best[0] };
}

function describeOthers(plan: PreemptionPlan): RawObject {
  const found: Record<string, RawObject> = {};
  for (const [name, status] of plan.statuses.entries()) {
    const { plugin, ...rest } = describe(status);
    // Upstream's own answers about victims carry no plugin name, those of filters do.
    found[name] = plugin === 'DefaultPreemption' ? rest : { plugin, ...rest };
  }
  return found;
}

export function describeCandidates(candidates: readonly PreemptionCandidate[]): RawObject {
  return Object.fromEntries(
    candidates.map(({ nodeName, victims, pdbViolationCount }) => [
      nodeName,
      { victims: victims.map((victim) => keyOf(victim.pod)), numPDBViolations: pdbViolationCount },
    ]),
  );
}

function describe(status: Status): RawObject {
  const { code, plugin } = status;
  const reasons = sorted(status.reasons);
  return plugin === '' ? { code, reasons } : { code, plugin, reasons };
}

/** Names of the nodes that share the highest total; all feasible ones when there are no totals. */
export function bestNames({ feasible, totals }: Evaluation): string[] {
  if (totals.length === 0) return sortedNames(feasible);
  const best = totals.reduce((a, b) => Math.max(a, b));
  return sortedNames(feasible.filter((_, i) => totals[i] === best));
}

export function sorted(names: Iterable<string>): string[] {
  return [...names].sort(compareCodeUnits);
}

function sortedNames(nodes: readonly { readonly name: string }[]): string[] {
  return sorted(nodes.map((node) => node.name));
}
