/**
 * PodTopologySpread: keeps the numbers of matching pods in topology domains close to each other.
 *
 * Models    kubernetes v1.34 pkg/scheduler/framework/plugins/podtopologyspread/{plugin,common,filtering,scoring}.go
 * Differs   the least count is found by looking at all domains; upstream keeps the two least, which comes to the same
 * Units     scores are doubles until rounded; ln is the portable one
 * Order     constraints as written; sums in that order
 * Cost      PreFilter and PreScore look at every pod of every node; the programs keep counts instead
 */
import type { ProblemList } from '../../base/input-error.ts';
import { ln } from '../../engine/portable-math.ts';
import { decodeSpreadConstraint } from '../../objects/decode-affinity.ts';
import { DecodeReader } from '../../objects/decode-reader.ts';
import type { Node } from '../../objects/node.ts';
import { LABEL_HOSTNAME, LABEL_ZONE } from '../../objects/node.ts';
import type { Pod, TopologySpreadConstraint } from '../../objects/pod.ts';
import { type LabelMatcher, labelOf } from '../../objects/selectors.ts';
import { NO_LABELS } from '../affinity-terms.ts';
import { choiceArgument } from '../arguments.ts';
import { ACTION, clusterEvent } from '../cluster-event.ts';
import { NEVER_FILTERS, NEVER_SCORES } from '../column-programs.ts';
import type { CycleData, CycleState } from '../cycle-state.ts';
import { DefaultSelectors } from '../default-selector.ts';
import { isOwn } from '../event-hints.ts';
import { definePlugin, type Plugin, type PluginHandle, type PreFilterResult, SCORE_MAX } from '../framework.ts';
import type { NodeInfo } from '../node-info.ts';
import type { PodInfo } from '../pod-info.ts';
import { compileSpread, type PodShape, type SpreadConstraint } from '../pod-shape.ts';
import { countMatching, hasAllKeys, isEligible } from '../spread-counting.ts';
import { SpreadFilter, SpreadScore } from '../spread-programs.ts';
import { SKIP, type Status, SUCCESS, unresolvable, unschedulable } from '../status.ts';

const NAME = 'PodTopologySpread';
const SKEWED = unschedulable(NAME, "node(s) didn't match pod topology spread constraints");
const NO_LABEL = unresolvable(NAME, "node(s) didn't match pod topology spread constraints (missing required label)");
const PASSED: PreFilterResult = { status: SUCCESS };
const SKIPPED: PreFilterResult = { status: SKIP };

type WhenUnsatisfiable = TopologySpreadConstraint['whenUnsatisfiable'];

interface SpreadArgs {
  readonly defaultConstraints: readonly TopologySpreadConstraint[];
  readonly defaultingType: 'System' | 'List';
}

export const podTopologySpread = definePlugin<SpreadArgs>({
  name: NAME,
  points: ['preFilter', 'filter', 'preScore', 'score'],
  defaultWeight: 2,
  args: [
    {
      name: 'defaultConstraints',
      expects: 'a list of maxSkew, topologyKey, whenUnsatisfiable',
      default: [],
      read: readConstraints,
    },
    choiceArgument('defaultingType', 'System', ['System', 'List']),
  ],
  validate(args, path, problems) {
    if (args.defaultingType === 'System' && args.defaultConstraints.length > 0) {
      problems.add(`${path}.defaultConstraints`, 'when .defaultingType is System, must be empty');
    }
  },
  create: createSpread,
});

// 3 over hosts and 5 over zones: podtopologyspread systemDefaultConstraints, v1.34.
const SYSTEM_DEFAULTS: readonly TopologySpreadConstraint[] = [softDefault(LABEL_HOSTNAME, 3), softDefault(LABEL_ZONE, 5)];

function softDefault(topologyKey: string, maxSkew: number): TopologySpreadConstraint {
  return {
    maxSkew,
    topologyKey,
    whenUnsatisfiable: 'ScheduleAnyway',
    labelSelector: undefined,
    minDomains: undefined,
    nodeAffinityPolicy: 'Honor',
    nodeTaintsPolicy: 'Ignore',
    matchLabelKeys: [],
  };
}

function createSpread(args: SpreadArgs, handle: PluginHandle): Plugin {
  const isSystem = args.defaultingType === 'System';
  const written = isSystem ? SYSTEM_DEFAULTS : args.defaultConstraints;
  const selectors = new DefaultSelectors(handle.lister);
  const hardDefaults = new DefaultConstraints(written, 'DoNotSchedule', selectors);
  const softDefaults = new DefaultConstraints(written, 'ScheduleAnyway', selectors);

  /** The pod's own constraints of one kind, or the defaults when it has no constraint at all. */
  function constraintsOf(pod: PodShape, kind: WhenUnsatisfiable): readonly SpreadConstraint[] {
    if (kind === 'DoNotSchedule') return pod.hasSpreadConstraints ? pod.hardSpread : hardDefaults.of(pod);
    return pod.hasSpreadConstraints ? pod.softSpread : softDefaults.of(pod);
  }

  /** Whether pods of the shape have no constraints of this kind, whatever the cluster has. */
  function isFree(pod: PodShape, kind: WhenUnsatisfiable): boolean {
    if (pod.hasSpreadConstraints) return constraintsOf(pod, kind).length === 0;
    return (kind === 'DoNotSchedule' ? hardDefaults : softDefaults).isEmpty;
  }

  return {
    name: NAME,
    preFilter(state, pod) {
      const constraints = constraintsOf(pod.shape, 'DoNotSchedule');
      if (constraints.length === 0) return SKIPPED;
      state.write(NAME, countDomains(pod.shape, constraints, handle.snapshot.nodes));
      return PASSED;
    },
    preFilterExtensions: {
      addPod: (state, pod, added, node) => updateState(state, pod, added, node, 1),
      removePod: (state, pod, removed, node) => updateState(state, pod, removed, node, -1),
    },
    filter,
    filterReach: 'cluster',
    clusterFilter: (pod, tables) =>
      isFree(pod.shape, 'DoNotSchedule')
        ? NEVER_FILTERS
        : new SpreadFilter(pod, tables, handle.lister, () => constraintsOf(pod.shape, 'DoNotSchedule')),
    preScore(state, pod, nodes) {
      const constraints = constraintsOf(pod.shape, 'ScheduleAnyway');
      if (constraints.length === 0) return SKIP;
      const needsAllKeys = pod.shape.hasSpreadConstraints || !isSystem;
      state.write(SCORE_KEY, prepareScore(pod.shape, constraints, nodes, handle.snapshot.nodes, needsAllKeys));
      return SUCCESS;
    },
    score,
    scoreReach: 'cluster',
    clusterScore: (pod, tables) =>
      isFree(pod.shape, 'ScheduleAnyway')
        ? NEVER_SCORES
        : new SpreadScore(
            pod,
            tables,
            handle.lister,
            () => constraintsOf(pod.shape, 'ScheduleAnyway'),
            pod.shape.hasSpreadConstraints || !isSystem,
          ),
    normalize,
    events: [
      {
        event: clusterEvent('Pod', ACTION.ADD | ACTION.UPDATE_POD_LABEL | ACTION.UPDATE_POD_TOLERATION | ACTION.DELETE),
        hint: (pod, before, after) => podHelps(pod, constraintsOf(pod.shape, 'DoNotSchedule'), before, after),
      },
      {
        event: clusterEvent('Node', ACTION.ADD | ACTION.DELETE | ACTION.UPDATE_NODE_LABEL | ACTION.UPDATE_NODE_TAINT),
        hint: (pod, before, after) => nodeHelps(constraintsOf(pod.shape, 'DoNotSchedule'), before, after),
      },
    ],
  };
}

/** Default constraints of one kind, with the selectors of pods. */
class DefaultConstraints {
  /** Without selectors. */
  private readonly compiled: readonly SpreadConstraint[];
  private readonly selectors: DefaultSelectors;
  private readonly bySelector: WeakMap<LabelMatcher, readonly SpreadConstraint[]>;

  constructor(written: readonly TopologySpreadConstraint[], kind: WhenUnsatisfiable, selectors: DefaultSelectors) {
    // They have no selectors of their own, so the labels of pods do not matter.
    this.compiled = compileSpread(written, kind, NO_LABELS);
    this.selectors = selectors;
    this.bySelector = new WeakMap();
  }

  get isEmpty(): boolean {
    return this.compiled.length === 0;
  }

  /** The same list for as long as the pod's default selector is the same. */
  of(pod: PodShape): readonly SpreadConstraint[] {
    if (this.compiled.length === 0) return this.compiled;
    const selector = this.selectors.of(pod);
    let constraints = this.bySelector.get(selector);
    if (constraints === undefined) {
      constraints = selector.isEmpty ? [] : this.compiled.map((constraint) => ({ ...constraint, selector }));
      this.bySelector.set(selector, constraints);
    }
    return constraints;
  }
}

// Filter ----------------------------------------------------------------------------------------------

class PreFilterState implements CycleData {
  readonly constraints: readonly SpreadConstraint[];
  /** Per constraint: matching pods by value of its topology key. */
  readonly counts: readonly Map<string, number>[];
  /** Per constraint: the least count, or -1 when it has to be found again. */
  private readonly least: number[];

  constructor(constraints: readonly SpreadConstraint[], counts: readonly Map<string, number>[]) {
    this.constraints = constraints;
    this.counts = counts;
    this.least = constraints.map(() => -1);
  }

  clone(): PreFilterState {
    return new PreFilterState(
      this.constraints,
      this.counts.map((counts) => new Map(counts)),
    );
  }

  add(index: number, value: string, delta: number): void {
    const counts = this.counts[index]!;
    counts.set(value, (counts.get(value) ?? 0) + delta);
    this.least[index] = -1;
  }

  /** 0 while there are fewer domains than asked for. */
  leastOf(index: number): number {
    let least = this.least[index]!;
    if (least >= 0) return least;
    const counts = this.counts[index]!;
    least = 0;
    if (counts.size >= this.constraints[index]!.minDomains && counts.size > 0) {
      least = Infinity;
      for (const count of counts.values()) if (count < least) least = count;
    }
    this.least[index] = least;
    return least;
  }
}

function countDomains(pod: PodShape, constraints: readonly SpreadConstraint[], nodes: readonly NodeInfo[]): PreFilterState {
  const counts = constraints.map(() => new Map<string, number>());
  for (const node of nodes) {
    if (!hasAllKeys(node, constraints)) continue;
    for (let i = 0; i < constraints.length; i++) {
      const constraint = constraints[i]!;
      if (!isEligible(node, constraint, pod)) continue;
      const value = labelOf(node.labels, constraint.topologyKey)!;
      counts[i]!.set(value, (counts[i]!.get(value) ?? 0) + countMatching(node, constraint.selector, pod.namespace));
    }
  }
  return new PreFilterState(constraints, counts);
}

/** Unlike the first count, this one takes terminating pods and selectors that match everything as they are. */
function updateState(state: CycleState, pod: PodInfo, changed: PodInfo, node: NodeInfo, delta: number): Status {
  const counted = state.read<PreFilterState>(NAME)!;
  const { constraints } = counted;
  if (changed.namespace !== pod.namespace || !hasAllKeys(node, constraints)) return SUCCESS;
  for (let i = 0; i < constraints.length; i++) {
    const constraint = constraints[i]!;
    if (!constraint.selector.matches(changed.labels) || !isEligible(node, constraint, pod.shape)) continue;
    counted.add(i, labelOf(node.labels, constraint.topologyKey)!, delta);
  }
  return SUCCESS;
}

function filter(state: CycleState, pod: PodInfo, node: NodeInfo): Status {
  const counted = state.read<PreFilterState>(NAME)!;
  const { constraints } = counted;
  for (let i = 0; i < constraints.length; i++) {
    const constraint = constraints[i]!;
    const value = labelOf(node.labels, constraint.topologyKey);
    if (value === undefined) return NO_LABEL;
    const self = constraint.selector.matches(pod.labels) ? 1 : 0;
    const skew = (counted.counts[i]!.get(value) ?? 0) + self - counted.leastOf(i);
    if (skew > constraint.maxSkew) return SKEWED;
  }
  return SUCCESS;
}

// Score -----------------------------------------------------------------------------------------------

const SCORE_KEY = `${NAME}/score`;

class ScoreState implements CycleData {
  readonly constraints: readonly SpreadConstraint[];
  /** Per constraint: matching pods by value, for values that some candidate has; unused for hostnames. */
  readonly counts: readonly Map<string, number>[];
  readonly weights: readonly number[];
  /** Candidates that lack a topology key. */
  readonly ignored: ReadonlySet<string>;

  constructor(
    constraints: readonly SpreadConstraint[],
    counts: readonly Map<string, number>[],
    weights: readonly number[],
    ignored: ReadonlySet<string>,
  ) {
    this.constraints = constraints;
    this.counts = counts;
    this.weights = weights;
    this.ignored = ignored;
  }

  clone(): CycleData {
    return this;
  }
}

function prepareScore(
  pod: PodShape,
  constraints: readonly SpreadConstraint[],
  candidates: readonly NodeInfo[],
  nodes: readonly NodeInfo[],
  needsAllKeys: boolean,
): ScoreState {
  const ignored = new Set<string>();
  const counts = constraints.map(() => new Map<string, number>());
  for (const node of candidates) {
    if (needsAllKeys && !hasAllKeys(node, constraints)) {
      ignored.add(node.name);
      continue;
    }
    for (let i = 0; i < constraints.length; i++) {
      const { topologyKey } = constraints[i]!;
      if (topologyKey !== LABEL_HOSTNAME) counts[i]!.set(labelOf(node.labels, topologyKey) ?? '', 0);
    }
  }
  const weights = constraints.map(({ topologyKey }, i) => {
    const size = topologyKey === LABEL_HOSTNAME ? candidates.length - ignored.size : counts[i]!.size;
    return ln(size + 2);
  });
  for (const node of nodes) {
    if (needsAllKeys && !hasAllKeys(node, constraints)) continue;
    for (let i = 0; i < constraints.length; i++) {
      const constraint = constraints[i]!;
      if (constraint.topologyKey === LABEL_HOSTNAME || !isEligible(node, constraint, pod)) continue;
      const value = labelOf(node.labels, constraint.topologyKey) ?? '';
      const count = counts[i]!.get(value);
      if (count !== undefined) counts[i]!.set(value, count + countMatching(node, constraint.selector, pod.namespace));
    }
  }
  return new ScoreState(constraints, counts, weights, ignored);
}

function score(state: CycleState, pod: PodInfo, nodes: readonly NodeInfo[], scores: Float64Array): Status {
  const { constraints, counts, weights, ignored } = state.read<ScoreState>(SCORE_KEY)!;
  for (let n = 0; n < nodes.length; n++) {
    const node = nodes[n]!;
    let sum = 0;
    if (!ignored.has(node.name)) {
      for (let i = 0; i < constraints.length; i++) {
        const { topologyKey, selector, maxSkew } = constraints[i]!;
        const value = labelOf(node.labels, topologyKey);
        if (value === undefined) continue;
        const count = topologyKey === LABEL_HOSTNAME ? countMatching(node, selector, pod.namespace) : (counts[i]!.get(value) ?? 0);
        sum += count * weights[i]! + (maxSkew - 1);
      }
    }
    scores[n] = Math.round(sum);
  }
  return SUCCESS;
}

/** The fewer pods the better: 100 at the least, in proportion to the most; 0 for ignored nodes. */
function normalize(state: CycleState, _pod: PodInfo, nodes: readonly NodeInfo[], scores: Float64Array): Status {
  const { ignored } = state.read<ScoreState>(SCORE_KEY)!;
  let min = Infinity;
  let max = 0;
  for (let i = 0; i < nodes.length; i++) {
    if (ignored.has(nodes[i]!.name)) continue;
    if (scores[i]! < min) min = scores[i]!;
    if (scores[i]! > max) max = scores[i]!;
  }
  for (let i = 0; i < nodes.length; i++) {
    if (ignored.has(nodes[i]!.name)) scores[i] = 0;
    else if (max === 0) scores[i] = SCORE_MAX;
    else scores[i] = Math.trunc((SCORE_MAX * (max + min - scores[i]!)) / max);
  }
  return SUCCESS;
}

// Hints -----------------------------------------------------------------------------------------------

function podHelps(pod: PodInfo, constraints: readonly SpreadConstraint[], before: unknown, after: unknown): boolean {
  if (!isRelevant(pod, before) || !isRelevant(pod, after)) return false;
  const old = before as Pod | undefined;
  const now = after as Pod | undefined;
  if (old === undefined || now === undefined) {
    const labels = (now ?? old)!.metadata.labels;
    return constraints.some(({ selector }) => selector.matches(labels));
  }
  if (isOwn(pod, now) && old.spec.tolerations !== now.spec.tolerations && !isSameTolerations(old, now)) {
    if (constraints.some(({ honorsNodeTaints }) => honorsNodeTaints)) return true;
  }
  return constraints.some(({ selector }) => selector.matches(old.metadata.labels) !== selector.matches(now.metadata.labels));
}

/** The pod itself, or a placed pod of its namespace. */
function isRelevant(pod: PodInfo, other: unknown): boolean {
  if (other === undefined) return true;
  const { metadata, spec } = other as Pod;
  return metadata.uid === pod.uid || (spec.nodeName !== '' && metadata.namespace === pod.namespace);
}

function isSameTolerations(a: Pod, b: Pod): boolean {
  return JSON.stringify(a.spec.tolerations) === JSON.stringify(b.spec.tolerations);
}

function nodeHelps(constraints: readonly SpreadConstraint[], before: unknown, after: unknown): boolean {
  const old = before as Node | undefined;
  const now = after as Node | undefined;
  if (old === undefined || now === undefined) return hasKeys((now ?? old)!, constraints);
  const hadKeys = hasKeys(old, constraints);
  if (hadKeys !== hasKeys(now, constraints)) return true;
  if (!hadKeys) return false;
  if (constraints.some(({ topologyKey }) => old.metadata.labels[topologyKey] !== now.metadata.labels[topologyKey])) return true;
  return JSON.stringify(old.spec.taints) !== JSON.stringify(now.spec.taints);
}

function hasKeys(node: Node, constraints: readonly SpreadConstraint[]): boolean {
  return constraints.every(({ topologyKey }) => labelOf(node.metadata.labels, topologyKey) !== undefined);
}

// Arguments -------------------------------------------------------------------------------------------

function readConstraints(raw: unknown, path: string, problems: ProblemList): readonly TopologySpreadConstraint[] {
  if (!Array.isArray(raw)) {
    problems.add(path, `expected a list of constraints, found ${JSON.stringify(raw)}`);
    return [];
  }
  const reader = new DecodeReader(problems, { strict: true });
  const seen = new Set<string>();
  return raw.map((item: unknown, index) => {
    const at = `${path}[${index}]`;
    const constraint = decodeSpreadConstraint(reader, reader.asObject(item, at), at);
    const { topologyKey, whenUnsatisfiable } = constraint;
    if (constraint.labelSelector !== undefined) {
      problems.add(`${at}.labelSelector`, 'constraint must not define a selector, as they deduced for each pod');
    }
    const key = `${topologyKey}, ${whenUnsatisfiable}`;
    if (seen.has(key)) problems.add(at, `two constraints with {${key}}`);
    seen.add(key);
    return constraint;
  });
}
