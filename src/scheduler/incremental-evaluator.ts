/**
 * IncrementalEvaluator: the same answers as PlainEvaluator, from what is remembered per pod shape.
 *
 * HOT       once per attempt; per visited node it reads a few typed arrays
 * Order     nodes, feasible list, ties and draws are exactly those of the plain evaluator
 * Oracle    PlainEvaluator; held together by incremental-evaluator.property.test.ts
 * Cost      O(visited nodes) with a small constant, plus O(nodes changed since the shape was last tried); filters and scores
 *           that look at the whole cluster cost what they cost in the plain evaluator
 * Memory    tables of at most ENTRIES_MAX (shape, node) pairs; the least recently used go first
 *
 * What it does not remember it leaves to the plain evaluator: detailed requests, pods with a nomination, a node name or
 * volumes of their own, PreFilters that reject or narrow, and plugins that answer with internal errors.
 */
import type { SchedulerCache } from './cache.ts';
import type { CycleState } from './cycle-state.ts';
import { type Diagnosis, newDiagnosis } from './diagnosis.ts';
import type { Evaluation, EvaluationRequest, Evaluator, NominatedPods, Plugin } from './framework.ts';
import { NodeColumns } from './node-columns.ts';
import type { NodeInfo } from './node-info.ts';
import { nodesToFind } from './node-sampling.ts';
import { chooseBest, EvaluationBuilder, noteFailure, PlainEvaluator } from './plain-evaluator.ts';
import type { PodInfo } from './pod-info.ts';
import type { Profile } from './profile.ts';
import { ShapeTable } from './shape-table.ts';
import { isRejected, isSuccess, type Status, SUCCESS } from './status.ts';

export interface IncrementalEvaluatorOptions {
  /** The scheduler's percentageOfNodesToScore, for profiles without one; 0 adapts to the cluster size. */
  readonly percentageOfNodesToScore: number;
}

/** (shape, node) pairs remembered, about 60 MB. */
const ENTRIES_MAX = 1_500_000;
/** Filters a profile may have: their skips are kept as bits of one integer. */
const FILTERS_MAX = 20;
const MASK_SPACE = 1_048_576; // 2^20

export class IncrementalEvaluator implements Evaluator {
  readonly name = 'incremental';
  private readonly percentage: number;
  private readonly plain: PlainEvaluator;
  private readonly nominated: NominatedPods;
  private readonly columns: NodeColumns;
  /** By profile, then by shape and skipped filters; insertion order is order of last use. */
  private readonly tables: Map<Profile, Map<number, ShapeTable>>;
  private listing: number;
  /** Places of the feasible nodes of the running attempt. */
  private places: Int32Array;
  private failureCount: number;

  constructor(options: IncrementalEvaluatorOptions, cache: SchedulerCache, nominated: NominatedPods) {
    this.percentage = options.percentageOfNodesToScore;
    this.plain = new PlainEvaluator(options);
    this.nominated = nominated;
    this.columns = new NodeColumns(cache);
    this.tables = new Map();
    this.listing = -1;
    this.places = new Int32Array(0);
    this.failureCount = 0;
  }

  schedulePod(request: EvaluationRequest): Evaluation {
    const { profile, pod, state, snapshot } = request;
    this.columns.refresh();
    if (snapshot.nodes.length === 0 || !isOrdinaryRequest(request)) return this.plain.schedulePod(request);
    const preFilter = profile.runPreFilter(state, pod);
    if (!isSuccess(preFilter.status) || preFilter.nodeNames !== undefined) return this.plain.continueAfterPreFilter(request, preFilter);

    const table = this.tableOf(profile, pod, state);
    const diagnosis = newDiagnosis();
    const result = new EvaluationBuilder(request, diagnosis);
    result.preFilter = preFilter;
    const error = this.findFeasible(request, table, result);
    if (table.hasError) return this.plain.continueAfterPreFilter(request, preFilter);
    if (error !== undefined) return result.failed(error);
    if (result.feasible.length === 0) {
      this.explain(request, diagnosis);
      return result.unschedulable();
    }
    if (result.feasible.length === 1) return result.chosen(0);
    return this.score(request, table, result) ?? this.plain.continueAfterPreFilter(request, preFilter);
  }

  /** Fills `result.feasible` and `places`; a status when a filter of the whole cluster fails. */
  private findFeasible(request: EvaluationRequest, table: ShapeTable, result: EvaluationBuilder): Status | undefined {
    const { profile, snapshot } = request;
    const count = snapshot.nodes.length;
    const wanted = profile.scorePlugins.length === 0 ? 1 : nodesToFind(count, profile.percentageOfNodesToScore ?? this.percentage);
    if (this.places.length < count) this.places = new Int32Array(count);
    this.failureCount = 0;
    const isSimple = table.lateFilters.length === 0 && this.nominated.isEmpty;
    const error = isSimple ? this.visitRemembered(request, table, result, wanted) : this.visitAll(request, table, result, wanted);
    result.nextStartNodeIndex = (request.nextStartNodeIndex + result.feasible.length + this.failureCount) % count;
    return error;
  }

  /** Every verdict is remembered. */
  private visitRemembered(request: EvaluationRequest, table: ShapeTable, result: EvaluationBuilder, wanted: number): undefined {
    const { pod, state, snapshot, nextStartNodeIndex } = request;
    const { nodes } = snapshot;
    const { places } = this;
    const count = nodes.length;
    let found = 0;
    let failures = 0;
    let visited = 0;
    for (let place = nextStartNodeIndex % count; visited < count; place = place + 1 === count ? 0 : place + 1) {
      visited++;
      if (!table.fits(place, state, pod)) {
        failures++;
        continue;
      }
      if (found === wanted) break;
      places[found++] = place;
    }
    const feasible = new Array<NodeInfo>(found);
    for (let i = 0; i < found; i++) feasible[i] = nodes[places[i]!]!;
    result.feasible = feasible;
    result.evaluatedCount = visited;
    this.failureCount = failures;
    return undefined;
  }

  /** Some nodes have nominated pods, or some filters look at the whole cluster. */
  private visitAll(request: EvaluationRequest, table: ShapeTable, result: EvaluationBuilder, wanted: number): Status | undefined {
    const { profile, pod, state, snapshot, nextStartNodeIndex } = request;
    const { nodes } = snapshot;
    const { lateFilters } = table;
    const { nominated, places } = this;
    const count = nodes.length;
    const feasible: NodeInfo[] = [];
    result.feasible = feasible;
    for (let i = 0; i < count; i++) {
      const place = (nextStartNodeIndex + i) % count;
      const node = nodes[place]!;
      result.evaluatedCount++;
      let status = SUCCESS;
      if (!nominated.isEmpty && nominated.onNode(node.name).length > 0) status = profile.runFiltersWithNominated(state, pod, node);
      else if (!table.fits(place, state, pod)) {
        this.failureCount++;
        continue;
      } else if (lateFilters.length > 0) status = runLate(lateFilters, state, pod, node);
      if (isSuccess(status)) {
        if (feasible.length === wanted) return undefined;
        places[feasible.length] = place;
        feasible.push(node);
      } else if (isRejected(status)) {
        this.failureCount++;
      } else {
        return profile.runFiltersWithNominated(state, pod, node);
      }
    }
    return undefined;
  }

  /** Why every node failed; only needed when all of them did. */
  private explain(request: EvaluationRequest, diagnosis: Diagnosis): void {
    const { profile, pod, state, snapshot, nextStartNodeIndex } = request;
    const { nodes } = snapshot;
    for (let i = 0; i < nodes.length; i++) {
      const node = nodes[(nextStartNodeIndex + i) % nodes.length]!;
      noteFailure(diagnosis, node, profile.runFiltersWithNominated(state, pod, node));
    }
  }

  /** undefined: a plugin failed, or left itself out where it did not before; the plain evaluator knows what to say. */
  private score(request: EvaluationRequest, table: ShapeTable, result: EvaluationBuilder): Evaluation | undefined {
    const { profile, pod, state } = request;
    const { feasible } = result;
    const { places } = this;
    const count = feasible.length;
    const totals = new Float64Array(count);
    result.totals = totals;
    if (profile.scorePlugins.length === 0) {
      totals.fill(1);
      return chooseBest(request, result);
    }
    if (!isSuccess(profile.runPreScore(state, pod, feasible)) || !table.prepareScores(state, pod)) return undefined;
    // 1. Remembered scores that need no normalization
    for (let i = 0; i < count; i++) totals[i] = table.rated(places[i]!, state, pod);
    // 2. Remembered raw scores that are normalized over the feasible nodes
    for (const soft of table.softScores) {
      const scores = new Float64Array(count);
      for (let i = 0; i < count; i++) scores[i] = table.softRaw(soft, places[i]!, state, pod);
      if (!addNormalized(soft.plugin, soft.weight, request, feasible, scores, totals)) return undefined;
    }
    // 3. Scores of the whole cluster
    for (const { plugin, weight } of table.wideScores) {
      if (state.skipScore.has(plugin.name)) continue;
      const scores = new Float64Array(count);
      if (!isSuccess(plugin.score!(state, pod, feasible, scores))) return undefined;
      if (!addNormalized(plugin, weight, request, feasible, scores, totals)) return undefined;
    }
    return table.hasError ? undefined : chooseBest(request, result);
  }

  private tableOf(profile: Profile, pod: PodInfo, state: CycleState): ShapeTable {
    const { columns } = this;
    if (this.listing !== columns.listing) {
      this.tables.clear();
      this.listing = columns.listing;
    }
    let tables = this.tables.get(profile);
    if (tables === undefined) {
      tables = new Map();
      this.tables.set(profile, tables);
    }
    let mask = 0;
    const filters = profile.filterPlugins;
    for (let i = 0; i < filters.length; i++) if (state.skipFilter.has(filters[i]!.name)) mask |= 1 << i;
    const key = pod.shape.id * MASK_SPACE + mask;
    const known = tables.get(key);
    if (known !== undefined) {
      known.hasError = false;
      tables.delete(key);
      tables.set(key, known);
      return known;
    }
    const table = new ShapeTable(columns, profile, state.filters ?? filters, pod);
    tables.set(key, table);
    const most = Math.max(2, Math.floor(ENTRIES_MAX / columns.nodes.length));
    if (tables.size > most) tables.delete(tables.keys().next().value!);
    return table;
  }
}

/** Whether everything about the pod that plugins read is in its shape. */
function isOrdinaryRequest({ pod, profile, isDetailed }: EvaluationRequest): boolean {
  const { spec, status } = pod.pod;
  return (
    !isDetailed &&
    status.nominatedNodeName === '' &&
    spec.nodeName === '' &&
    !pod.shape.hasVolumes &&
    pod.accounted === pod.shape.amounts.accounted &&
    profile.filterPlugins.length > 0 &&
    profile.filterPlugins.length <= FILTERS_MAX
  );
}

function runLate(filters: readonly Plugin[], state: CycleState, pod: PodInfo, node: NodeInfo): Status {
  for (let i = 0; i < filters.length; i++) {
    const status = filters[i]!.filter!(state, pod, node);
    if (status.code !== 'Success') return status;
  }
  return SUCCESS;
}

/** Normalizes `scores` in place and adds them, weighted; false when the plugin fails or leaves 0..100. */
function addNormalized(
  plugin: Plugin,
  weight: number,
  { state, pod }: EvaluationRequest,
  feasible: readonly NodeInfo[],
  scores: Float64Array,
  totals: Float64Array,
): boolean {
  if (plugin.normalize !== undefined && !isSuccess(plugin.normalize(state, pod, feasible, scores))) return false;
  for (let i = 0; i < scores.length; i++) {
    const score = scores[i]!;
    if (!(score >= 0 && score <= 100)) return false;
    totals[i]! += score * weight;
  }
  return true;
}
