/**
 * Conformance: runs a recorded case through an evaluator and compares everything the real scheduler said about it.
 *
 * Models    the vector format of the reference decisions (decision, preemption, sequence)
 * Order     reasons and names are compared sorted, as recorded; victims in their order
 */
import { compareCodeUnits } from '../base/compare.ts';
import { ProblemList } from '../base/input-error.ts';
import type { RawObject } from '../objects/decode-reader.ts';
import { keyOf } from '../objects/meta.ts';
import { readConfiguration } from './configuration.ts';
import type { CaseKind, ConformanceCase } from './conformance-case.ts';
import { ConformanceCluster, decodeRaw } from './conformance-cluster.ts';
import { Comparison, type Mismatch, mappingAt, type PluginAgreement } from './conformance-compare.ts';
import { SequenceRunner } from './conformance-sequence.ts';
import { CycleState } from './cycle-state.ts';
import type { EvaluatorFactory } from './evaluators.ts';
import type { Evaluation, Evaluator, PluginDef, PreemptionCandidate } from './framework.ts';
import type { PodInfo } from './pod-info.ts';
import { type CandidateLimits, type PreemptionPlan, planPreemption } from './preemption-plan.ts';
import { Profile } from './profile.ts';
import type { Status } from './status.ts';
import { behaviourOf, type KubernetesVersion } from './versions.ts';

export interface ConformanceOptions {
  readonly kubernetesVersion: KubernetesVersion;
  /** Every plugin a profile may name. */
  readonly definitions: readonly PluginDef[];
  readonly createEvaluator: EvaluatorFactory;
}

export interface CaseResult {
  readonly id: string;
  readonly kind: CaseKind;
  readonly theme: string;
  readonly mismatches: readonly Mismatch[];
  readonly plugins: ReadonlyMap<string, PluginAgreement>;
}

/** Runs one case. Throws InputError when its objects or its profile cannot be read. */
export function runCase(source: ConformanceCase, options: ConformanceOptions): CaseResult {
  const problems = new ProblemList();
  const bench = new CaseBench(source, options, problems);
  const comparison = new Comparison();
  if (source.kind === 'sequence') {
    problems.throwIfAny();
    new SequenceRunner(bench, comparison).run(source);
  } else {
    const pod = decodeRaw('Pod', source.pod ?? {}, 'pod', problems);
    problems.throwIfAny();
    bench.cluster.putIncoming(pod!);
    compareAttempt(bench, bench.cluster.podInfos.of(pod!), source, comparison);
  }
  return { id: source.id, kind: source.kind, theme: source.theme, mismatches: comparison.mismatches, plugins: comparison.plugins };
}

/** The scheduler of one case. */
export class CaseBench {
  readonly cluster: ConformanceCluster;
  readonly profile: Profile;
  readonly evaluator: Evaluator;
  readonly limits: CandidateLimits;

  constructor(source: ConformanceCase, options: ConformanceOptions, problems: ProblemList) {
    const { kubernetesVersion, definitions } = options;
    const config = readConfiguration(source.profile, definitions, kubernetesVersion, problems, 'profile');
    this.cluster = new ConformanceCluster(behaviourOf(kubernetesVersion));
    this.cluster.load(source, problems);
    problems.throwIfAny();
    const resolved = config.profiles[0]!;
    this.profile = new Profile(resolved, definitions, this.cluster.context);
    this.evaluator = options.createEvaluator(config, this.cluster.cache, this.cluster.context);
    const preemption = resolved.plugins.find((plugin) => plugin.name === 'DefaultPreemption');
    this.limits = (preemption?.args ?? { minCandidateNodesPercentage: 10, minCandidateNodesAbsolute: 100 }) as unknown as CandidateLimits;
  }

  evaluate(pod: PodInfo, state: CycleState, nextStartNodeIndex: number, isDetailed: boolean): Evaluation {
    const { profile } = this;
    const snapshot = this.cluster.cache.refresh();
    return this.evaluator.schedulePod({ profile, pod, state, snapshot, nextStartNodeIndex, tieBreak: () => 0, isDetailed });
  }
}

// Decisions and preemptions ---------------------------------------------------------------------------

function compareAttempt(bench: CaseBench, pod: PodInfo, source: ConformanceCase, comparison: Comparison): void {
  const { expect } = source;
  const state = new CycleState();
  const evaluation = bench.evaluate(pod, state, 0, true);
  comparison.compare(
    'nodeOrder',
    expect['nodeOrder'],
    bench.cluster.cache.snapshot.nodes.map((node) => node.name),
  );
  if (evaluation.outcome === 'error') {
    comparison.compare('outcome', 'a decision', `Error: ${evaluation.error!.reasons.join(', ')}`, evaluation.error!.plugin);
    return;
  }
  comparePreFilter(evaluation, state, mappingAt(expect, 'preFilter'), comparison);
  compareFilter(bench, evaluation, mappingAt(expect, 'filter'), comparison);
  if (expect['filterAll'] !== undefined) compareFilterAll(bench, pod, state, mappingAt(expect, 'filterAll'), comparison);
  comparison.compare('feasible', expect['feasible'], sortedNames(evaluation.feasible));
  if (source.kind === 'preemption') comparePostFilter(bench, pod, state, evaluation, mappingAt(expect, 'postFilter'), comparison);
  comparison.compare('message', expect['message'], evaluation.fitError?.message);
  if (evaluation.fitError !== undefined) {
    comparison.compare('unschedulablePlugins', expect['unschedulablePlugins'], sorted(evaluation.diagnosis.unschedulablePlugins));
  }
  if (expect['scores'] !== undefined || evaluation.scores.length > 0) compareScores(bench, evaluation, state, expect, comparison);
  for (const key of Object.keys(expect)) {
    if (!EXPECTED_KEYS.includes(key)) comparison.compare(key, expect[key], undefined);
  }
}

/** What is compared; anything else in `expect` counts as a mismatch, so that nothing is passed over in silence. */
const EXPECTED_KEYS: readonly string[] = [
  'best',
  'feasible',
  'filter',
  'filterAll',
  'message',
  'nodeOrder',
  'postFilter',
  'preFilter',
  'scoreSkipped',
  'scores',
  'total',
  'unschedulablePlugins',
  'weights',
];

function comparePreFilter(evaluation: Evaluation, state: CycleState, expected: RawObject, comparison: Comparison): void {
  const { preFilterStatus: status, preFilterNodes } = evaluation;
  if (status.code !== 'Success') {
    comparison.compareVerdict(status.plugin, 'preFilter', expected, describe(status));
    return;
  }
  const actual: Record<string, unknown> = { code: 'Success', skip: sorted(state.skipFilter) };
  if (preFilterNodes !== undefined) actual['nodeNames'] = sorted(preFilterNodes);
  comparison.compare('preFilter', expected, actual);
}

/** The first rejection of every node, or that PreFilter left it out. */
function compareFilter(bench: CaseBench, evaluation: Evaluation, expected: RawObject, comparison: Comparison): void {
  const { nodeToStatus } = evaluation.diagnosis;
  const { preFilterNodes } = evaluation;
  const isRejectedEarly = evaluation.preFilterStatus.code !== 'Success';
  for (const { name } of isRejectedEarly ? [] : bench.cluster.cache.snapshot.nodes) {
    let actual: RawObject | undefined;
    if (nodeToStatus.has(name)) {
      actual = describe(nodeToStatus.get(name));
    } else if (preFilterNodes !== undefined && !preFilterNodes.has(name) && nodeToStatus.absent.reasons.length > 0) {
      actual = { ...describe(nodeToStatus.absent), excludedByPreFilterResult: true };
    }
    comparison.compare(`filter[${JSON.stringify(name)}]`, expected[name], actual, String(actual?.['plugin'] ?? ''));
  }
  if (isRejectedEarly) comparison.compare('filter', expected, {});
  else compareNames(bench, 'filter', expected, comparison);
}

/** Nothing may be expected of nodes that are not there. */
function compareNames(bench: CaseBench, path: string, expected: RawObject, comparison: Comparison): void {
  const { snapshot } = bench.cluster.cache;
  for (const name of Object.keys(expected)) {
    if (snapshot.get(name) === undefined) comparison.compare(`${path}[${JSON.stringify(name)}]`, expected[name], undefined);
  }
}

/** Every filter that takes part, alone, on every node. */
function compareFilterAll(bench: CaseBench, pod: PodInfo, state: CycleState, expected: RawObject, comparison: Comparison): void {
  compareNames(bench, 'filterAll', expected, comparison);
  for (const node of bench.cluster.cache.snapshot.nodes) {
    const ofNode = mappingAt(expected, node.name);
    for (const plugin of state.filters ?? []) {
      const status = plugin.filter!(state, pod, node);
      const actual = status.code === 'Success' ? undefined : { code: status.code, reasons: sorted(status.reasons) };
      comparison.compareVerdict(plugin.name, `filterAll[${JSON.stringify(node.name)}].${plugin.name}`, ofNode[plugin.name], actual);
    }
    for (const name of Object.keys(ofNode)) {
      if (state.filters?.some((plugin) => plugin.name === name) === true) continue;
      comparison.compareVerdict(name, `filterAll[${JSON.stringify(node.name)}].${name}`, ofNode[name], undefined);
    }
  }
}

function compareScores(bench: CaseBench, evaluation: Evaluation, state: CycleState, expect: RawObject, comparison: Comparison): void {
  const { feasible, scores, totals } = evaluation;
  const expected = mappingAt(expect, 'scores');
  for (const { plugin, raw, normalized } of scores) {
    const ofPlugin = mappingAt(expected, plugin);
    for (let i = 0; i < feasible.length; i++) {
      const { name } = feasible[i]!;
      const actual = { raw: raw[i], normalized: normalized[i] };
      comparison.compareScore(plugin, `scores.${plugin}[${JSON.stringify(name)}]`, ofPlugin[name], actual);
    }
    comparison.compare(`scores.${plugin}`, sorted(Object.keys(ofPlugin)), sortedNames(feasible), plugin);
  }
  for (const plugin of Object.keys(expected)) {
    if (!scores.some((entry) => entry.plugin === plugin)) comparison.compareScore(plugin, `scores.${plugin}`, expected[plugin], undefined);
  }
  const skipped = bench.profile.scorePlugins.filter(({ plugin }) => state.skipScore.has(plugin.name));
  comparison.compare('scoreSkipped', expect['scoreSkipped'], sorted(skipped.map(({ plugin }) => plugin.name)));
  const weights = Object.fromEntries(bench.profile.scorePlugins.map(({ plugin, weight }) => [plugin.name, weight]));
  comparison.compare('weights', expect['weights'], weights);
  comparison.compare('total', expect['total'], Object.fromEntries(feasible.map((node, i) => [node.name, totals[i]])));
  comparison.compare('best', expect['best'], bestNames(evaluation));
}

function comparePostFilter(
  bench: CaseBench,
  pod: PodInfo,
  state: CycleState,
  evaluation: Evaluation,
  expected: RawObject,
  comparison: Comparison,
): void {
  const { diagnosis } = evaluation;
  const plan = planPreemption(state.clone(), pod, diagnosis, bench.limits, bench.cluster.handleOf(bench.profile));
  const { status } = bench.profile.runPostFilter(state, pod, diagnosis);
  diagnosis.postFilterMessage = status.reasons.join(', ');
  const actual = describePlan(plan, status);
  for (const key of new Set([...Object.keys(expected), ...Object.keys(actual)])) {
    comparison.compareVerdict('DefaultPreemption', `postFilter.${key}`, expected[key], actual[key]);
  }
}

function describePlan(plan: PreemptionPlan, status: Status): RawObject {
  const answer = status.code === 'Success' ? { code: 'Success' } : { ...describe(status), reasons: status.reasons };
  const { ineligibleReason, potentialNodes, candidates } = plan;
  if (ineligibleReason !== '') return { status: answer, eligible: false, ineligibleReason };
  const result: Record<string, unknown> = { status: answer, eligible: true, potentialNodes: sortedNames(potentialNodes) };
  if (potentialNodes.length === 0) return result;
  result['candidates'] = describeCandidates(candidates);
  result['notHelpful'] = Object.fromEntries(
    [...plan.statuses.entries()].map(([name, found]) => {
      const { plugin, ...rest } = describe(found);
      // Upstream's own answers about victims carry no plugin name, those of filters do.
      return [name, plugin === 'DefaultPreemption' ? rest : { plugin, ...rest }];
    }),
  );
  if (plan.best.length === 0) return result;
  const best = sorted(plan.best.map((candidate) => candidate.nodeName));
  return { ...result, best, chosen: best[0] };
}

// In the words of the vectors -------------------------------------------------------------------------

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

function sortedNames(nodes: readonly { readonly name: string }[]): string[] {
  return sorted(nodes.map((node) => node.name));
}

export function sorted(names: Iterable<string>): string[] {
  return [...names].sort(compareCodeUnits);
}
