/**
 * NodeResourcesFit: keeps pods off nodes without room for their requests, and scores how full a node would be.
 *
 * Models    kubernetes v1.34 pkg/scheduler/framework/plugins/noderesources/{fit,least_allocated,most_allocated,
 *           requested_to_capacity_ratio}.go
 * Units     cpu in millicores, all else in whole units; scores are integers
 * Order     reasons: pods, cpu, memory, ephemeral-storage, then other resources by name (upstream: at random)
 */
import type { ProblemList } from '../../base/input-error.ts';
import { isRawObject } from '../../objects/decode-reader.ts';
import { isExtendedResource } from '../../objects/names.ts';
import type { Node } from '../../objects/node.ts';
import type { Pod } from '../../objects/pod.ts';
import { CPU_AND_MEMORY, namesArgument, type ResourceWeight, readResourceWeights } from '../arguments.ts';
import { ACTION, clusterEvent } from '../cluster-event.ts';
import type { ColumnFilter, ColumnScore } from '../column-programs.ts';
import type { CycleData, CycleState } from '../cycle-state.ts';
import { isPlaced } from '../event-hints.ts';
import { definePlugin, type Plugin, type PluginHandle, type PreFilterResult, SCORE_MAX } from '../framework.ts';
import { NodeInfo } from '../node-info.ts';
import type { PodInfo } from '../pod-info.ts';
import { allocatableOf, type ScoredResource, scoredResources, takenWith } from '../resource-scoring.ts';
import { type Amount, type Amounts, amountNamed, percentOf, subtractAmounts } from '../resources.ts';
import { newStatus, type Status, SUCCESS } from '../status.ts';

const NAME = 'NodeResourcesFit';
const PASSED: PreFilterResult = { status: SUCCESS };

export type StrategyType = 'LeastAllocated' | 'MostAllocated' | 'RequestedToCapacityRatio';
const STRATEGIES: readonly StrategyType[] = ['LeastAllocated', 'MostAllocated', 'RequestedToCapacityRatio'];

interface ShapePoint {
  /** Percent, 0..100. */
  readonly utilization: number;
  /** 0..10. */
  readonly score: number;
}

interface ScoringStrategy {
  readonly type: StrategyType;
  readonly resources: readonly ResourceWeight[];
  /** With RequestedToCapacityRatio. */
  readonly requestedToCapacityRatio: { readonly shape: readonly ShapePoint[] } | undefined;
}

interface FitArgs {
  readonly ignoredResources: readonly string[];
  readonly ignoredResourceGroups: readonly string[];
  readonly scoringStrategy: ScoringStrategy;
}

const DEFAULT_STRATEGY: ScoringStrategy = { type: 'LeastAllocated', resources: CPU_AND_MEMORY, requestedToCapacityRatio: undefined };

export const nodeResourcesFit = definePlugin<FitArgs>({
  name: NAME,
  points: ['preFilter', 'filter', 'preScore', 'score'],
  defaultWeight: 1,
  args: [
    namesArgument('ignoredResources'),
    namesArgument('ignoredResourceGroups', (group) =>
      group.includes('/') ? `resource group name can't contain '/', found ${group}` : undefined,
    ),
    {
      name: 'scoringStrategy',
      expects: `type (${STRATEGIES.join(', ')}), resources, requestedToCapacityRatio`,
      default: DEFAULT_STRATEGY,
      read: readStrategy,
    },
  ],
  create: createFit,
});

class PreScoreState implements CycleData {
  readonly resources: readonly ScoredResource[];

  constructor(resources: readonly ScoredResource[]) {
    this.resources = resources;
  }

  clone(): CycleData {
    return this;
  }
}

function createFit(args: FitArgs, handle: PluginHandle): Plugin {
  const ignored = new Set(args.ignoredResources);
  const ignoredGroups = new Set(args.ignoredResourceGroups);
  const { scoringStrategy: strategy } = args;
  const scorer = scorerOf(strategy);
  const hasUnresolvable = handle.behaviour.isOversizedRequestUnresolvable;
  /** Statuses by their reasons: there are few kinds, and many nodes. */
  const statuses = new Map<string, Status>();
  const usual: (Status | undefined)[] = new Array(32).fill(undefined);

  function isIgnored(name: string): boolean {
    if (ignored.size === 0 && ignoredGroups.size === 0) return false;
    return isExtendedResource(name) && (ignored.has(name) || ignoredGroups.has(name.slice(0, name.indexOf('/'))));
  }

  function filter(_state: CycleState, pod: PodInfo, node: NodeInfo): Status {
    const request = pod.shape.amounts.fit;
    return findShortage(request, node) ? explain(request, node) : SUCCESS;
  }

  /** Whether anything is missing; the frequent answer is no, so nothing is built here. */
  function findShortage(request: Amounts, node: NodeInfo): boolean {
    if (node.pods.length + 1 > node.allowedPodCount) return true;
    const { allocatable, requested } = node;
    if (request.cpuMilli > 0 && request.cpuMilli > subtractAmounts(allocatable.cpuMilli, requested.cpuMilli)) return true;
    if (request.memBytes > 0 && request.memBytes > subtractAmounts(allocatable.memBytes, requested.memBytes)) return true;
    if (request.ephemeralBytes > 0 && request.ephemeralBytes > subtractAmounts(allocatable.ephemeralBytes, requested.ephemeralBytes)) {
      return true;
    }
    if (request.scalars.size === 0) return false;
    for (const [name, amount] of request.scalars) {
      if (amount !== 0 && !isIgnored(name) && amount > freeScalar(node, name)) return true;
    }
    return false;
  }

  function explain(request: Amounts, node: NodeInfo): Status {
    return (request.scalars.size === 0 ? explainUsual(request, node) : undefined) ?? explainAll(request, node);
  }

  /** The status of a request without scalars, found by the set of what is short: the same few for thousands of nodes. */
  function explainUsual(request: Amounts, node: NodeInfo): Status | undefined {
    const { allocatable, requested } = node;
    let shortages = node.pods.length + 1 > node.allowedPodCount ? 1 : 0;
    if (request.cpuMilli > 0 && request.cpuMilli > subtractAmounts(allocatable.cpuMilli, requested.cpuMilli)) {
      shortages |= request.cpuMilli > allocatable.cpuMilli ? 2 | OVERSIZED : 2;
    }
    if (request.memBytes > 0 && request.memBytes > subtractAmounts(allocatable.memBytes, requested.memBytes)) {
      shortages |= request.memBytes > allocatable.memBytes ? 4 | OVERSIZED : 4;
    }
    if (request.ephemeralBytes > 0 && request.ephemeralBytes > subtractAmounts(allocatable.ephemeralBytes, requested.ephemeralBytes)) {
      shortages |= request.ephemeralBytes > allocatable.ephemeralBytes ? 8 | OVERSIZED : 8;
    }
    usual[shortages] ??= explainAll(request, node);
    return usual[shortages];
  }

  function explainAll(request: Amounts, node: NodeInfo): Status {
    const reasons: string[] = [];
    let isUnresolvable = false;
    const check = (name: string, amount: Amount, allocatable: Amount, taken: Amount): void => {
      if (amount <= subtractAmounts(allocatable, taken)) return;
      reasons.push(`Insufficient ${name}`);
      if (hasUnresolvable && amount > allocatable) isUnresolvable = true;
    };
    const { allocatable, requested } = node;
    if (node.pods.length + 1 > node.allowedPodCount) reasons.push('Too many pods');
    if (request.cpuMilli > 0) check('cpu', request.cpuMilli, allocatable.cpuMilli, requested.cpuMilli);
    if (request.memBytes > 0) check('memory', request.memBytes, allocatable.memBytes, requested.memBytes);
    if (request.ephemeralBytes > 0) {
      check('ephemeral-storage', request.ephemeralBytes, allocatable.ephemeralBytes, requested.ephemeralBytes);
    }
    for (const [name, amount] of request.scalars) {
      if (amount === 0 || isIgnored(name)) continue;
      check(name, amount, allocatable.scalars.get(name) ?? 0, requested.scalars.get(name) ?? 0);
    }
    const key = `${isUnresolvable}/${reasons.join('/')}`;
    let status = statuses.get(key);
    if (status === undefined) {
      status = newStatus(isUnresolvable ? 'UnschedulableAndUnresolvable' : 'Unschedulable', NAME, ...reasons);
      if (statuses.size < STATUSES_MAX) statuses.set(key, status);
    }
    return status;
  }

  function preScore(state: CycleState, pod: PodInfo): Status {
    state.write(NAME, new PreScoreState(scoredResources(strategy.resources, pod.shape.amounts.score)));
    return SUCCESS;
  }

  function score(state: CycleState, _pod: PodInfo, nodes: readonly NodeInfo[], scores: Float64Array): Status {
    const { resources } = state.read<PreScoreState>(NAME)!;
    for (let i = 0; i < nodes.length; i++) scores[i] = scorer(nodes[i]!, resources);
    return SUCCESS;
  }

  function columnFilter(pod: PodInfo): ColumnFilter | undefined {
    const { cpuMilli: cpu, memBytes: mem, ephemeralBytes: ephemeral, scalars } = pod.shape.amounts.fit;
    if (typeof cpu !== 'number' || typeof mem !== 'number' || typeof ephemeral !== 'number') return undefined;
    const wanted = [...scalars].filter(([name, amount]) => amount !== 0 && !isIgnored(name));
    return (columns, i) => {
      if (columns.podCount[i]! + 1 > columns.podCapacity[i]!) return false;
      if (cpu > 0 && cpu > columns.cpuTotal[i]! - columns.cpuTaken[i]!) return false;
      if (mem > 0 && mem > columns.memTotal[i]! - columns.memTaken[i]!) return false;
      if (ephemeral > 0 && ephemeral > columns.ephemeralTotal[i]! - columns.ephemeralTaken[i]!) return false;
      for (let k = 0; k < wanted.length; k++) {
        const [name, amount] = wanted[k]!;
        if (amount > freeScalar(columns.nodes[i]!, name)) return false;
      }
      return true;
    };
  }

  function nodeHelps(pod: PodInfo, before: unknown, after: unknown): boolean {
    const empty = new NodeInfo('');
    empty.setNode(after as Node);
    const request = pod.shape.amounts.fit;
    if (findShortage(request, empty)) return false;
    if (before === undefined) return true;
    const old = new NodeInfo('');
    old.setNode(before as Node);
    return empty.allowedPodCount > old.allowedPodCount || grewFor(request, old.allocatable, empty.allocatable);
  }

  function podHelps(pod: PodInfo, before: unknown, after: unknown): boolean {
    if (after === undefined) return isPlaced(before as Pod);
    const changed = after as Pod;
    if (changed.metadata.uid === pod.uid) return true;
    if (changed.spec.nodeName === '') return false;
    const now = handle.podInfos.of(changed).accounted;
    return grewFor(pod.shape.amounts.fit, now, handle.podInfos.of(before as Pod).accounted);
  }

  return {
    name: NAME,
    preFilter: () => PASSED,
    ignoresLabels: true,
    preFilterReach: 'shape',
    filter,
    filterReach: 'node',
    columnFilter,
    preScore,
    preScoreReach: 'shape',
    score,
    scoreReach: 'node',
    columnScore: (pod) =>
      strategy.type === 'LeastAllocated' ? leastAllocatedColumns(strategy.resources, pod.shape.amounts.score) : undefined,
    events: [
      { event: clusterEvent('Node', ACTION.ADD | ACTION.UPDATE_NODE_ALLOCATABLE), hint: nodeHelps },
      { event: clusterEvent('Pod', ACTION.DELETE | ACTION.UPDATE_POD_SCALE_DOWN), hint: podHelps },
    ],
  };
}

/** Added to a set of shortages when the node could never hold the request. */
const OVERSIZED = 16;
/** Combinations of reasons kept; more than a cluster shows, but never without bound. */
const STATUSES_MAX = 1000;

function freeScalar(node: NodeInfo, name: string): Amount {
  return subtractAmounts(node.allocatable.scalars.get(name) ?? 0, node.requested.scalars.get(name) ?? 0);
}

/** Whether `large` has more than `small` of a resource that is asked for. */
function grewFor(request: Amounts, small: Amounts, large: Amounts): boolean {
  if (request.cpuMilli !== 0 && large.cpuMilli > small.cpuMilli) return true;
  if (request.memBytes !== 0 && large.memBytes > small.memBytes) return true;
  if (request.ephemeralBytes !== 0 && large.ephemeralBytes > small.ephemeralBytes) return true;
  for (const [name, amount] of request.scalars) {
    if (amount !== 0 && amountNamed(large, name) > amountNamed(small, name)) return true;
  }
  return false;
}

// Scores ----------------------------------------------------------------------------------------------

type Scorer = (node: NodeInfo, resources: readonly ScoredResource[]) => number;

function scorerOf(strategy: ScoringStrategy): Scorer {
  switch (strategy.type) {
    case 'LeastAllocated':
      return leastAllocated;
    case 'MostAllocated':
      return mostAllocated;
    case 'RequestedToCapacityRatio': {
      const shape = strategy.requestedToCapacityRatio?.shape ?? [];
      return (node, resources) => requestedToCapacityRatio(node, resources, shape);
    }
  }
}

/** The mean free share, both truncated. */
function leastAllocated(node: NodeInfo, resources: readonly ScoredResource[]): number {
  let sum = 0;
  let weightSum = 0;
  for (let i = 0; i < resources.length; i++) {
    const resource = resources[i]!;
    const total = allocatableOf(node, resource.name);
    if (total === 0) continue;
    const taken = takenWith(node, resource, true);
    if (taken <= total) sum += percentOf(subtractAmounts(total, taken), total) * resource.weight;
    weightSum += resource.weight;
  }
  return weightSum === 0 ? 0 : Math.trunc(sum / weightSum);
}

/** The same over columns, for the usual two resources. */
function leastAllocatedColumns(configured: readonly ResourceWeight[], amounts: Amounts): ColumnScore | undefined {
  const cpuWeight = weightOf(configured, 'cpu');
  const memWeight = weightOf(configured, 'memory');
  const { cpuMilli: cpu, memBytes: mem } = amounts;
  if (configured.length !== 2 || cpuWeight === 0 || memWeight === 0 || typeof cpu !== 'number' || typeof mem !== 'number') return undefined;
  return (columns, i) => {
    let sum = 0;
    let weightSum = 0;
    const cpuTotal = columns.cpuTotal[i]!;
    if (cpuTotal !== 0) {
      const free = cpuTotal - columns.cpuFilled[i]! - cpu;
      if (free >= 0) sum += Math.trunc((free * SCORE_MAX) / cpuTotal) * cpuWeight;
      weightSum += cpuWeight;
    }
    const memTotal = columns.memTotal[i]!;
    if (memTotal !== 0) {
      const free = memTotal - columns.memFilled[i]! - mem;
      if (free >= 0) sum += Math.trunc((free * SCORE_MAX) / memTotal) * memWeight;
      weightSum += memWeight;
    }
    return weightSum === 0 ? 0 : Math.trunc(sum / weightSum);
  };
}

/** Of a resource that is named once; 0 otherwise. */
function weightOf(configured: readonly ResourceWeight[], name: string): number {
  const found = configured.filter((resource) => resource.name === name);
  return found.length === 1 ? found[0]!.weight : 0;
}

function mostAllocated(node: NodeInfo, resources: readonly ScoredResource[]): number {
  let sum = 0;
  let weightSum = 0;
  for (let i = 0; i < resources.length; i++) {
    const resource = resources[i]!;
    const total = allocatableOf(node, resource.name);
    if (total === 0) continue;
    const taken = takenWith(node, resource, true);
    sum += (taken > total ? SCORE_MAX : percentOf(taken, total)) * resource.weight;
    weightSum += resource.weight;
  }
  return weightSum === 0 ? 0 : Math.trunc(sum / weightSum);
}

/** Resources that score 0 are left out of the weights too, and the mean is rounded, both as upstream. */
function requestedToCapacityRatio(node: NodeInfo, resources: readonly ScoredResource[], shape: readonly ShapePoint[]): number {
  let sum = 0;
  let weightSum = 0;
  for (let i = 0; i < resources.length; i++) {
    const resource = resources[i]!;
    const total = allocatableOf(node, resource.name);
    if (total === 0) continue;
    const taken = takenWith(node, resource, true);
    const score = interpolate(shape, taken > total ? 100 : percentOf(taken, total));
    if (score <= 0) continue;
    sum += score * resource.weight;
    weightSum += resource.weight;
  }
  return weightSum === 0 ? 0 : Math.round(sum / weightSum);
}

/** The piecewise linear shape at `utilization`, with scores brought to 0..100; divisions truncate. */
export function interpolate(shape: readonly ShapePoint[], utilization: number): number {
  for (let i = 0; i < shape.length; i++) {
    const point = shape[i]!;
    if (utilization > point.utilization) continue;
    if (i === 0) return point.score * 10;
    const before = shape[i - 1]!;
    const rise = (point.score - before.score) * 10;
    return before.score * 10 + Math.trunc((rise * (utilization - before.utilization)) / (point.utilization - before.utilization));
  }
  return shape.length === 0 ? 0 : shape[shape.length - 1]!.score * 10;
}

// Arguments -------------------------------------------------------------------------------------------

function readStrategy(raw: unknown, path: string, problems: ProblemList): ScoringStrategy {
  if (!isRawObject(raw)) {
    problems.add(path, `expected a scoring strategy, found ${JSON.stringify(raw)}`);
    return DEFAULT_STRATEGY;
  }
  for (const key of Object.keys(raw)) {
    if (!STRATEGY_FIELDS.includes(key)) problems.addUnknown(`${path}.${key}`, 'field', key, STRATEGY_FIELDS);
  }
  const type = raw['type'] ?? 'LeastAllocated';
  if (!STRATEGIES.includes(type as StrategyType)) problems.addUnknown(`${path}.type`, 'strategy', String(type), STRATEGIES);
  const ratio = raw['requestedToCapacityRatio'] ?? undefined;
  return {
    type: STRATEGIES.includes(type as StrategyType) ? (type as StrategyType) : 'LeastAllocated',
    resources: readResourceWeights(raw['resources'] ?? [], `${path}.resources`, 100, problems),
    requestedToCapacityRatio:
      type === 'RequestedToCapacityRatio'
        ? { shape: readShape(isRawObject(ratio) ? ratio['shape'] : undefined, `${path}.requestedToCapacityRatio.shape`, problems) }
        : undefined,
  };
}

const STRATEGY_FIELDS = ['type', 'resources', 'requestedToCapacityRatio'];

function readShape(raw: unknown, path: string, problems: ProblemList): readonly ShapePoint[] {
  if (!Array.isArray(raw) || raw.length === 0) {
    problems.add(path, 'at least one point must be specified');
    return [];
  }
  let last = -1;
  return raw.map((item: unknown, index) => {
    const at = `${path}[${index}]`;
    const fields = isRawObject(item) ? item : {};
    const utilization = fields['utilization'] ?? 0;
    const score = fields['score'] ?? 0;
    if (!isIntegerIn(utilization, 0, 100))
      problems.add(`${at}.utilization`, `must be a whole number 0..100, found ${JSON.stringify(utilization)}`);
    else if (utilization <= last) problems.add(`${at}.utilization`, 'utilization values must be sorted in increasing order');
    else last = utilization;
    if (!isIntegerIn(score, 0, 10)) problems.add(`${at}.score`, `must be a whole number 0..10, found ${JSON.stringify(score)}`);
    return { utilization: Number(utilization), score: Number(score) };
  });
}

function isIntegerIn(value: unknown, min: number, max: number): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max;
}
