/**
 * InterPodAffinity: required and preferred affinity and anti-affinity between pods, in both directions.
 *
 * Models    kubernetes v1.34 pkg/scheduler/framework/plugins/interpodaffinity/{plugin,filtering,scoring}.go
 * Order     filter: the pod's affinity, its anti-affinity, then the anti-affinity of pods already there
 * Cost      PreFilter and PreScore look at every pod of every node considered; the programs keep counts instead
 */

import type { StringMap } from '../../objects/meta.ts';
import type { Node } from '../../objects/node.ts';
import type { Pod } from '../../objects/pod.ts';
import { labelOf } from '../../objects/selectors.ts';
import { AffinityFilter, AffinityScore } from '../affinity-programs.ts';
import { matchesAll, NO_LABELS, namespaceLabels, resolveTerms, resolveWeighted } from '../affinity-terms.ts';
import { booleanArgument, integerArgument } from '../arguments.ts';
import { ACTION, clusterEvent } from '../cluster-event.ts';
import { NEVER_SCORES } from '../column-programs.ts';
import type { CycleData, CycleState } from '../cycle-state.ts';
import { nodeLabel } from '../event-hints.ts';
import { definePlugin, type Plugin, type PluginHandle, type PreFilterResult, SCORE_MAX } from '../framework.ts';
import type { NodeInfo } from '../node-info.ts';
import type { PodInfo } from '../pod-info.ts';
import { type AffinityTerm, type PodShape, termMatches } from '../pod-shape.ts';
import { SKIP, type Status, SUCCESS, unresolvable, unschedulable } from '../status.ts';
import { TopologyCounts } from '../topology-counts.ts';

const NAME = 'InterPodAffinity';
const AFFINITY_FAILED = unresolvable(NAME, "node(s) didn't match pod affinity rules");
const ANTI_AFFINITY_FAILED = unschedulable(NAME, "node(s) didn't match pod anti-affinity rules");
const EXISTING_FAILED = unschedulable(NAME, "node(s) didn't satisfy existing pods anti-affinity rules");
const PASSED: PreFilterResult = { status: SUCCESS };
const SKIPPED: PreFilterResult = { status: SKIP };

interface InterPodAffinityArgs {
  readonly hardPodAffinityWeight: number;
  readonly ignorePreferredTermsOfExistingPods: boolean;
}

export const interPodAffinity = definePlugin<InterPodAffinityArgs>({
  name: NAME,
  points: ['preFilter', 'filter', 'preScore', 'score'],
  defaultWeight: 2,
  args: [integerArgument('hardPodAffinityWeight', 1, 0, 100), booleanArgument('ignorePreferredTermsOfExistingPods', false)],
  create: createInterPodAffinity,
});

function createInterPodAffinity(args: InterPodAffinityArgs, handle: PluginHandle): Plugin {
  /** Whether the pod is not scored, whatever pods there are. */
  function isIgnored(shape: PodShape): boolean {
    return args.ignorePreferredTermsOfExistingPods && shape.preferredAffinity.length === 0 && shape.preferredAntiAffinity.length === 0;
  }

  return {
    name: NAME,
    preFilter: (state, pod) => preFilter(state, pod, handle),
    preFilterExtensions: {
      addPod: (state, _pod, added, node) => updateState(state, added, node, 1),
      removePod: (state, _pod, removed, node) => updateState(state, removed, node, -1),
    },
    filter,
    filterReach: 'cluster',
    clusterFilter: (pod, tables) => new AffinityFilter(pod, tables, handle),
    preScore: (state, pod) => preScore(state, pod, args, handle),
    score,
    scoreReach: 'cluster',
    clusterScore: (pod, tables) =>
      isIgnored(pod.shape) ? NEVER_SCORES : new AffinityScore(pod, tables, handle, args.hardPodAffinityWeight),
    normalize,
    events: [
      {
        event: clusterEvent('Pod', ACTION.ADD | ACTION.DELETE | ACTION.UPDATE_POD_LABEL),
        hint: (pod, before, after) => podHelps(pod, before, after, handle),
      },
      { event: clusterEvent('Node', ACTION.ADD | ACTION.UPDATE_NODE_LABEL), hint: nodeHelps },
    ],
  };
}

// Filter ----------------------------------------------------------------------------------------------

class PreFilterState implements CycleData {
  readonly pod: PodShape;
  /** Of the incoming pod's namespace. */
  readonly namespaceLabels: StringMap;
  readonly affinity: readonly AffinityTerm[];
  readonly antiAffinity: readonly AffinityTerm[];
  /** Domains with pods whose required anti-affinity selects the incoming pod. */
  readonly existing: TopologyCounts;
  /** Domains with pods that every required affinity term selects. */
  readonly wanted: TopologyCounts;
  /** Domains with pods that required anti-affinity terms select. */
  readonly unwanted: TopologyCounts;

  constructor(
    pod: PodShape,
    labels: StringMap,
    affinity: readonly AffinityTerm[],
    antiAffinity: readonly AffinityTerm[],
    existing = new TopologyCounts(),
    wanted = new TopologyCounts(),
    unwanted = new TopologyCounts(),
  ) {
    this.pod = pod;
    this.namespaceLabels = labels;
    this.affinity = affinity;
    this.antiAffinity = antiAffinity;
    this.existing = existing;
    this.wanted = wanted;
    this.unwanted = unwanted;
  }

  clone(): PreFilterState {
    return new PreFilterState(
      this.pod,
      this.namespaceLabels,
      this.affinity,
      this.antiAffinity,
      this.existing.clone(),
      this.wanted.clone(),
      this.unwanted.clone(),
    );
  }

  /** What a pod on `node` does to the incoming pod by its own anti-affinity. */
  countExisting(other: PodInfo, node: NodeInfo, delta: number): void {
    for (const term of other.shape.requiredAntiAffinity) {
      if (termMatches(term, this.pod, this.namespaceLabels)) this.existing.add(node, term.topologyKey, delta);
    }
  }

  /** What a pod on `node` means to the incoming pod's terms. */
  countOwn(other: PodInfo, node: NodeInfo, delta: number): void {
    if (matchesAll(this.affinity, other.shape)) {
      for (const term of this.affinity) this.wanted.add(node, term.topologyKey, delta);
    }
    for (const term of this.antiAffinity) {
      if (termMatches(term, other.shape, NO_LABELS)) this.unwanted.add(node, term.topologyKey, delta);
    }
  }
}

function preFilter(state: CycleState, pod: PodInfo, handle: PluginHandle): PreFilterResult {
  const { shape } = pod;
  const { snapshot } = handle;
  const isPlain = shape.requiredAffinity.length === 0 && shape.requiredAntiAffinity.length === 0;
  if (isPlain && snapshot.nodesWithRequiredAntiAffinity.length === 0) return SKIPPED;
  const counts = new PreFilterState(
    shape,
    namespaceLabels(shape, handle.lister),
    resolveTerms(shape.requiredAffinity, handle),
    resolveTerms(shape.requiredAntiAffinity, handle),
  );
  for (const node of snapshot.nodesWithRequiredAntiAffinity) {
    for (const other of node.podsWithRequiredAntiAffinity) counts.countExisting(other, node, 1);
  }
  if (isPlain && counts.existing.isEmpty) return SKIPPED;
  if (!isPlain) {
    for (const node of snapshot.nodes) for (const other of node.pods) counts.countOwn(other, node, 1);
  }
  state.write(NAME, counts);
  return PASSED;
}

function updateState(state: CycleState, changed: PodInfo, node: NodeInfo, delta: number): Status {
  const counts = state.read<PreFilterState>(NAME)!;
  counts.countExisting(changed, node, delta);
  counts.countOwn(changed, node, delta);
  return SUCCESS;
}

function filter(state: CycleState, _pod: PodInfo, node: NodeInfo): Status {
  const counts = state.read<PreFilterState>(NAME)!;
  if (!satisfiesAffinity(counts, node)) return AFFINITY_FAILED;
  for (const { topologyKey } of counts.antiAffinity) {
    const value = labelOf(node.labels, topologyKey);
    if (value !== undefined && counts.unwanted.get(topologyKey, value) > 0) return ANTI_AFFINITY_FAILED;
  }
  return counts.existing.hasAnyOf(node) ? EXISTING_FAILED : SUCCESS;
}

function satisfiesAffinity(counts: PreFilterState, node: NodeInfo): boolean {
  let isPresent = true;
  for (const { topologyKey } of counts.affinity) {
    const value = labelOf(node.labels, topologyKey);
    if (value === undefined) return false;
    if (counts.wanted.get(topologyKey, value) <= 0) isPresent = false;
  }
  // The first pod of a group that wants its own company may start anywhere.
  return isPresent || (counts.wanted.isEmpty && matchesAll(counts.affinity, counts.pod));
}

// Score -----------------------------------------------------------------------------------------------

class ScoreState implements CycleData {
  /** Sum of weights per label key and value. */
  readonly sums: Map<string, Map<string, number>>;

  constructor() {
    this.sums = new Map();
  }

  clone(): CycleData {
    return this;
  }

  add(node: NodeInfo, key: string, weight: number): void {
    const value = labelOf(node.labels, key);
    if (value === undefined) return;
    const sums = this.sums.get(key);
    if (sums === undefined) this.sums.set(key, new Map([[value, weight]]));
    else sums.set(value, (sums.get(value) ?? 0) + weight);
  }
}

function preScore(state: CycleState, pod: PodInfo, args: InterPodAffinityArgs, handle: PluginHandle): Status {
  const { shape } = pod;
  const { snapshot } = handle;
  const hasOwn = shape.preferredAffinity.length > 0 || shape.preferredAntiAffinity.length > 0;
  if (args.ignorePreferredTermsOfExistingPods && !hasOwn) return SKIP;
  const nodes = hasOwn ? snapshot.nodes : snapshot.nodesWithAffinity;
  if (nodes.length === 0) return SKIP;
  const scores = new ScoreState();
  const labels = namespaceLabels(shape, handle.lister);
  const affinity = resolveWeighted(shape.preferredAffinity, handle);
  const antiAffinity = resolveWeighted(shape.preferredAntiAffinity, handle);
  const hardWeight = args.hardPodAffinityWeight;
  for (const node of nodes) {
    for (const other of hasOwn ? node.pods : node.podsWithAffinity) {
      const otherShape = other.shape;
      for (const { weight, term } of affinity) if (termMatches(term, otherShape, NO_LABELS)) scores.add(node, term.topologyKey, weight);
      for (const { weight, term } of antiAffinity)
        if (termMatches(term, otherShape, NO_LABELS)) scores.add(node, term.topologyKey, -weight);
      if (!otherShape.hasAffinity) continue;
      if (hardWeight > 0) {
        for (const term of otherShape.requiredAffinity)
          if (termMatches(term, shape, labels)) scores.add(node, term.topologyKey, hardWeight);
      }
      for (const { weight, term } of otherShape.preferredAffinity) {
        if (termMatches(term, shape, labels)) scores.add(node, term.topologyKey, weight);
      }
      for (const { weight, term } of otherShape.preferredAntiAffinity) {
        if (termMatches(term, shape, labels)) scores.add(node, term.topologyKey, -weight);
      }
    }
  }
  if (scores.sums.size === 0) return SKIP;
  state.write(SCORE_KEY, scores);
  return SUCCESS;
}

const SCORE_KEY = `${NAME}/score`;

function score(state: CycleState, _pod: PodInfo, nodes: readonly NodeInfo[], scores: Float64Array): Status {
  const { sums } = state.read<ScoreState>(SCORE_KEY)!;
  for (let i = 0; i < nodes.length; i++) {
    let sum = 0;
    for (const [key, values] of sums) {
      const value = labelOf(nodes[i]!.labels, key);
      if (value !== undefined) sum += values.get(value) ?? 0;
    }
    scores[i] = sum;
  }
  return SUCCESS;
}

/** In proportion between least and most; all 0 when they are equal. Divides before it multiplies, as upstream. */
function normalize(_state: CycleState, _pod: PodInfo, _nodes: readonly NodeInfo[], scores: Float64Array): Status {
  let min = Infinity;
  let max = -Infinity;
  for (let i = 0; i < scores.length; i++) {
    if (scores[i]! < min) min = scores[i]!;
    if (scores[i]! > max) max = scores[i]!;
  }
  const range = max - min;
  for (let i = 0; i < scores.length; i++) {
    scores[i] = range > 0 ? Math.trunc(SCORE_MAX * ((scores[i]! - min) / range)) : 0;
  }
  return SUCCESS;
}

// Hints -----------------------------------------------------------------------------------------------

/** Terms are taken as written, with namespace selectors asked about a namespace without labels. */
function podHelps(pod: PodInfo, before: unknown, after: unknown, handle: PluginHandle): boolean {
  const { requiredAffinity, requiredAntiAffinity } = pod.shape;
  if (!isAssigned(before) || !isAssigned(after)) return false;
  const old = before === undefined ? undefined : handle.podInfos.of(before as Pod).shape;
  const now = after === undefined ? undefined : handle.podInfos.of(after as Pod).shape;
  const affinity = resolveTerms(requiredAffinity, handle);
  const antiAffinity = resolveTerms(requiredAntiAffinity, handle);
  if (old === undefined) return now !== undefined && matchesAll(affinity, now);
  if (now === undefined) return matchesAll(antiAffinity, old);
  const startsToMatch = !matchesAll(affinity, old) && matchesAll(affinity, now);
  const stopsMatching = matchesAll(antiAffinity, old) && !matchesAll(antiAffinity, now);
  return startsToMatch || stopsMatching;
}

/** Absent counts as assigned: only the pods of the event matter. */
function isAssigned(pod: unknown): boolean {
  return pod === undefined || (pod as Pod).spec.nodeName !== '';
}

function nodeHelps(pod: PodInfo, before: unknown, after: unknown): boolean {
  const isNew = before === undefined;
  for (const { topologyKey } of pod.shape.requiredAffinity) {
    const old = nodeLabel(before, topologyKey);
    const now = nodeLabel(after, topologyKey);
    if (now !== undefined && (isNew || old !== now)) return true;
  }
  for (const { topologyKey } of pod.shape.requiredAntiAffinity) {
    const old = nodeLabel(before, topologyKey);
    const now = nodeLabel(after as Node, topologyKey);
    if (isNew || (old !== now && old !== undefined)) return true;
  }
  return false;
}
