/**
 * IncrementalEvaluator: the same answers as PlainEvaluator, from what is remembered per pod shape.
 *
 * HOT       once per attempt; per visited node it reads a few bytes
 * Order     nodes, feasible list, ties and draws are exactly those of the plain evaluator
 * Oracle    PlainEvaluator; held together by incremental-evaluator.property.test.ts
 * Cost      O(visited nodes) with a small constant, plus O(nodes changed since the shape was last tried); plugins that look at
 *           the whole cluster and offer no program cost what they cost in the plain evaluator
 * Memory    tables of at most ENTRIES_MAX (shape, node) pairs; the least recently used go first
 *
 * PreFilter is run only when somebody needs what it writes: a plugin without a program, a node with nominated pods, or
 * preemption after a failure. What is not remembered is left to the plain evaluator: detailed requests, pods with a
 * nomination, a node name or volumes of their own, PreFilters that reject or narrow, and internal errors.
 */
import type { SchedulerCache } from './cache.ts';
import type { ClusterFilter } from './column-programs.ts';
import { type Diagnosis, newDiagnosis } from './diagnosis.ts';
import { DomainTables } from './domain-tables.ts';
import type { Evaluation, EvaluationRequest, Evaluator, NominatedPods, PluginScores } from './framework.ts';
import { NodeColumns } from './node-columns.ts';
import type { NodeInfo } from './node-info.ts';
import { nodesToFind } from './node-sampling.ts';
import { EvaluationBuilder, noteRejector, PlainEvaluator } from './plain-evaluator.ts';
import type { PodInfo } from './pod-info.ts';
import type { PreFilterOutcome, Profile } from './profile.ts';
import { createShapeTable, type ShapeTable, type WeightedScore } from './shape-table.ts';
import { isRejected, isSuccess, type Status, SUCCESS } from './status.ts';

export interface IncrementalEvaluatorOptions {
  /** The scheduler's percentageOfNodesToScore, for profiles without one; 0 adapts to the cluster size. */
  readonly percentageOfNodesToScore: number;
}

/** (shape, node) pairs remembered, about 25 MB. */
const ENTRIES_MAX = 1_500_000;
/** Shapes known to be for the plain evaluator; past this number they are found out again. */
const PLAIN_SHAPES_MAX = 50_000;
const NO_NODES: readonly NodeInfo[] = Object.freeze([]);
const NO_SCORES: readonly PluginScores[] = Object.freeze([]);
const NO_FILTERS: readonly ClusterFilter[] = Object.freeze([]);
const PASSED: PreFilterOutcome = Object.freeze({ status: SUCCESS, nodeNames: undefined, narrowers: Object.freeze([]) });

/** The tables of one profile. */
interface ProfileTables {
  /** By shape; insertion order is order of last use. */
  readonly byShape: Map<number, ShapeTable>;
  readonly plainShapes: Set<number>;
}

export class IncrementalEvaluator implements Evaluator {
  readonly name = 'incremental';
  private readonly percentage: number;
  private readonly plain: PlainEvaluator;
  private readonly nominated: NominatedPods;
  private readonly columns: NodeColumns;
  private readonly domains: DomainTables;
  private readonly tables: Map<Profile, ProfileTables>;
  private listing: number;
  private latest: ShapeTable | undefined;

  // Of the running attempt ----------------------------------------------------------------------------
  /** Places of the feasible nodes, in the order they were found. */
  private places: Int32Array;
  private totals: Float64Array;
  private scores: Float64Array;
  private hasNominated: Uint8Array;
  private foundCount: number;
  private failureCount: number;
  private visitedCount: number;
  private isPreFiltered: boolean;
  /** No verdict depends on anything but the shape and the node. */
  private isAllRemembered: boolean;

  constructor(options: IncrementalEvaluatorOptions, cache: SchedulerCache, nominated: NominatedPods) {
    this.percentage = options.percentageOfNodesToScore;
    this.plain = new PlainEvaluator(options);
    this.nominated = nominated;
    this.columns = new NodeColumns(cache);
    this.domains = new DomainTables(this.columns);
    this.tables = new Map();
    this.listing = -1;
    this.latest = undefined;
    this.places = new Int32Array(0);
    this.totals = this.scores = new Float64Array(0);
    this.hasNominated = new Uint8Array(0);
    this.foundCount = 0;
    this.failureCount = 0;
    this.visitedCount = 0;
    this.isPreFiltered = false;
    this.isAllRemembered = false;
  }

  schedulePod(request: EvaluationRequest): Evaluation {
    const { profile, pod, state, snapshot } = request;
    this.columns.refresh();
    if (snapshot.nodes.length === 0 || !isOrdinaryRequest(request)) return this.plain.schedulePod(request);
    const table = this.tableOf(profile, pod);
    if (table === undefined) return this.plain.schedulePod(request);
    table.begin();
    this.isPreFiltered = false;
    if (table.needsPreFilter) {
      const preFilter = profile.runPreFilter(state, pod);
      this.isPreFiltered = true;
      if (!isSuccess(preFilter.status) || preFilter.nodeNames !== undefined) return this.plain.continueAfterPreFilter(request, preFilter);
    }
    const error = this.findFeasible(request, table);
    if (table.hasError) return this.leaveToPlain(request);
    if (error !== undefined || this.foundCount === 0) return this.refuse(request, table, error);
    if (this.foundCount === 1) return this.chosen(request, 0, 0, 1);
    if (profile.scorePlugins.length === 0) {
      this.totals.fill(1, 0, this.foundCount);
    } else if (!this.score(request, table) || table.hasError) {
      return this.leaveToPlain(request);
    }
    return this.chooseBest(request);
  }

  /** Some plugin fails; the plain evaluator knows what to say. */
  private leaveToPlain(request: EvaluationRequest): Evaluation {
    return this.isPreFiltered ? this.plain.continueAfterPreFilter(request, PASSED) : this.plain.schedulePod(request);
  }

  /** Sees to it that the state of the attempt is what PreFilter writes. */
  private preFilter({ profile, state, pod }: EvaluationRequest): void {
    if (this.isPreFiltered) return;
    this.isPreFiltered = true;
    profile.runPreFilter(state, pod);
  }

  // Filter --------------------------------------------------------------------------------------------

  /** Fills `places` and the counts; a status when a filter of the whole cluster fails. */
  private findFeasible(request: EvaluationRequest, table: ShapeTable): Status | undefined {
    const { profile, snapshot } = request;
    const count = snapshot.nodes.length;
    const wanted = profile.scorePlugins.length === 0 ? 1 : nodesToFind(count, profile.percentageOfNodesToScore ?? this.percentage);
    if (this.places.length < count) {
      this.places = new Int32Array(count);
      this.totals = new Float64Array(count);
      this.scores = new Float64Array(count);
      this.hasNominated = new Uint8Array(count);
    }
    const filters = activeFilters(table.clusterFilters);
    this.isAllRemembered = filters.length === 0 && table.lateFilters.length === 0 && this.nominated.isEmpty;
    if (table.lateFilters.length > 0 || !this.nominated.isEmpty) return this.visitAll(request, table, filters, wanted);
    this.visitRemembered(request, table, filters, wanted);
    return undefined;
  }

  /** Every verdict is remembered or has a program. */
  private visitRemembered(request: EvaluationRequest, table: ShapeTable, filters: readonly ClusterFilter[], wanted: number): void {
    const { pod, nextStartNodeIndex } = request;
    const { places } = this;
    const count = request.snapshot.nodes.length;
    let found = 0;
    let failures = 0;
    let visited = 0;
    for (let place = nextStartNodeIndex % count; visited < count; place = place + 1 === count ? 0 : place + 1) {
      visited++;
      if (!table.fits(place, pod) || !passesAll(filters, place)) {
        failures++;
        continue;
      }
      if (found === wanted) break;
      places[found++] = place;
    }
    this.foundCount = found;
    this.failureCount = failures;
    this.visitedCount = visited;
  }

  /** Some nodes have nominated pods, or some filters have no program. */
  private visitAll(request: EvaluationRequest, table: ShapeTable, filters: readonly ClusterFilter[], wanted: number): Status | undefined {
    const { profile, pod, state, snapshot, nextStartNodeIndex } = request;
    const { nodes } = snapshot;
    const { places, hasNominated } = this;
    const late = table.lateFilters.filter((plugin) => !state.skipFilter.has(plugin.name));
    const count = nodes.length;
    this.foundCount = this.failureCount = this.visitedCount = 0;
    this.markNominated(request);
    for (let i = 0; i < count; i++) {
      const place = (nextStartNodeIndex + i) % count;
      const node = nodes[place]!;
      this.visitedCount++;
      let status = SUCCESS;
      if (hasNominated[place] === 1 && this.isPromised(node, pod)) {
        this.preFilter(request);
        status = profile.runFiltersWithNominated(state, pod, node);
      } else if (!table.fits(place, pod) || !passesAll(filters, place)) {
        this.failureCount++;
        continue;
      } else {
        for (let k = 0; k < late.length && isSuccess(status); k++) status = late[k]!.filter!(state, pod, node);
        // Said again with the name of who failed.
        if (!isSuccess(status) && !isRejected(status)) {
          this.preFilter(request);
          status = profile.runFiltersWithNominated(state, pod, node);
        }
      }
      if (isSuccess(status)) {
        if (this.foundCount === wanted) return undefined;
        places[this.foundCount++] = place;
      } else if (isRejected(status)) {
        this.failureCount++;
      } else {
        return status;
      }
    }
    return undefined;
  }

  private markNominated({ snapshot }: EvaluationRequest): void {
    this.hasNominated.fill(0);
    if (this.nominated.isEmpty) return;
    for (const name of this.nominated.nodeNames()) {
      const node = snapshot.get(name);
      if (node !== undefined) this.hasNominated[node.position] = 1;
    }
  }

  /** Whether the node has nominated pods that come before `pod`. */
  private isPromised(node: NodeInfo, pod: PodInfo): boolean {
    return this.nominated.onNode(node.name).some((other) => other.priority >= pod.priority && other.uid !== pod.uid);
  }

  /** No node fits, or a filter failed. Says why of every node, and leaves the state good for preemption. */
  private refuse(request: EvaluationRequest, table: ShapeTable, error: Status | undefined): Evaluation {
    const diagnosis = newDiagnosis();
    const result = new EvaluationBuilder(request, diagnosis);
    result.evaluatedCount = this.visitedCount;
    result.nextStartNodeIndex = this.nextStartOf(request);
    result.feasible = Array.from(this.places.subarray(0, this.foundCount), (place) => request.snapshot.nodes[place]!);
    if (error !== undefined) return result.failed(error);
    this.preFilter(request);
    explain(request, this.isAllRemembered ? table : undefined, diagnosis);
    return result.unschedulable();
  }

  private nextStartOf({ nextStartNodeIndex, snapshot }: EvaluationRequest): number {
    return (nextStartNodeIndex + this.foundCount + this.failureCount) % snapshot.nodes.length;
  }

  // Score ---------------------------------------------------------------------------------------------

  /** Fills `totals`; false when a plugin fails. */
  private score(request: EvaluationRequest, table: ShapeTable): boolean {
    if (!table.canScore) return false;
    const { pod } = request;
    const { places, totals, scores } = this;
    const count = this.foundCount;
    // 1. Remembered scores that need no normalization
    const { base } = table;
    for (let i = 0; i < count; i++) {
      const place = places[i]!;
      table.rate(place, pod);
      totals[i] = base[place]!;
    }
    // 2. Remembered raw scores that are normalized over the feasible nodes
    for (const { plugin, weight, raw } of table.softScores) {
      const isZero = gather(raw, places, count, scores);
      if (isZero && plugin.normalizedZero !== undefined) {
        addConstant(totals, count, plugin.normalizedZero * weight);
        continue;
      }
      const found = scores.subarray(0, count);
      const nodes = plugin.normalizedZero === undefined ? this.feasibleNodes(request) : NO_NODES;
      if (!isSuccess(plugin.normalize!(request.state, pod, nodes, found)) || !addWeighted(totals, found, weight)) return false;
    }
    // 3. Scores of the whole cluster
    for (const { program, weight } of table.clusterScores) {
      if (!program.score(places, count, scores)) continue;
      if (!addWeighted(totals, scores.subarray(0, count), weight)) return false;
    }
    return table.wideScores.length === 0 || this.scoreWide(request, table.wideScores);
  }

  private scoreWide(request: EvaluationRequest, wide: readonly WeightedScore[]): boolean {
    const { state, pod, profile } = request;
    const nodes = this.feasibleNodes(request);
    const names = new Set(wide.map(({ plugin }) => plugin.name));
    for (const plugin of profile.preScorePlugins) {
      if (!names.has(plugin.name)) continue;
      const status = plugin.preScore!(state, pod, nodes);
      if (status.code === 'Skip') state.skipScore.add(plugin.name);
      else if (!isSuccess(status)) return false;
    }
    for (const { plugin, weight } of wide) {
      if (state.skipScore.has(plugin.name)) continue;
      const scores = new Float64Array(nodes.length);
      if (!isSuccess(plugin.score!(state, pod, nodes, scores))) return false;
      if (plugin.normalize !== undefined && !isSuccess(plugin.normalize(state, pod, nodes, scores))) return false;
      if (!addWeighted(this.totals, scores, weight)) return false;
    }
    return true;
  }

  private feasibleNodes({ snapshot }: EvaluationRequest): NodeInfo[] {
    return Array.from(this.places.subarray(0, this.foundCount), (place) => snapshot.nodes[place]!);
  }

  /** Any of the nodes with the highest total, each as likely as the other. */
  private chooseBest(request: EvaluationRequest): Evaluation {
    const { totals } = this;
    const count = this.foundCount;
    let best = totals[0]!;
    let tieCount = 1;
    let first = 0;
    for (let i = 1; i < count; i++) {
      const total = totals[i]!;
      if (total > best) {
        best = total;
        tieCount = 1;
        first = i;
      } else if (total === best) {
        tieCount++;
      }
    }
    let chosen = first;
    for (let rank = tieCount > 1 ? request.tieBreak(tieCount) : 0; rank > 0; rank--) {
      chosen++;
      while (totals[chosen] !== best) chosen++;
    }
    return this.chosen(request, chosen, count, tieCount);
  }

  private chosen(request: EvaluationRequest, index: number, totalCount: number, tieCount: number): Evaluation {
    const nodeName = request.snapshot.nodes[this.places[index]!]!.name;
    return new Scheduled(request, nodeName, this.places.slice(0, this.foundCount), this.totals.slice(0, totalCount), {
      evaluatedCount: this.visitedCount,
      tieCount,
      nextStartNodeIndex: this.nextStartOf(request),
    });
  }

  // Tables --------------------------------------------------------------------------------------------

  /** undefined for shapes that are for the plain evaluator. */
  private tableOf(profile: Profile, pod: PodInfo): ShapeTable | undefined {
    const { columns } = this;
    if (this.listing !== columns.listing) {
      this.tables.clear();
      this.domains.clear();
      this.latest = undefined;
      this.listing = columns.listing;
    }
    let tables = this.tables.get(profile);
    if (tables === undefined) {
      tables = { byShape: new Map(), plainShapes: new Set() };
      this.tables.set(profile, tables);
    }
    const { byShape, plainShapes } = tables;
    const { id } = pod.shape;
    let table = byShape.get(id);
    if (table !== undefined) {
      if (table !== this.latest) {
        byShape.delete(id);
        byShape.set(id, table);
      }
    } else {
      if (plainShapes.has(id)) return undefined;
      table = createShapeTable(columns, this.domains, profile, pod);
      if (table === undefined) {
        if (plainShapes.size >= PLAIN_SHAPES_MAX) plainShapes.clear();
        plainShapes.add(id);
        return undefined;
      }
      byShape.set(id, table);
      const most = Math.max(2, Math.floor(ENTRIES_MAX / columns.nodes.length));
      if (byShape.size > most) byShape.delete(byShape.keys().next().value!);
    }
    this.latest = table;
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
    profile.filterPlugins.length > 0
  );
}

/** Those that take part in this attempt. */
function activeFilters(filters: readonly ClusterFilter[]): readonly ClusterFilter[] {
  let active: ClusterFilter[] | undefined;
  for (const filter of filters) {
    if (!filter.prepare()) continue;
    active ??= [];
    active.push(filter);
  }
  return active ?? NO_FILTERS;
}

function passesAll(filters: readonly ClusterFilter[], place: number): boolean {
  for (let i = 0; i < filters.length; i++) if (!filters[i]!.passes(place)) return false;
  return true;
}

/** Why every node failed; only needed when all of them did. `table` when it knows every verdict. */
function explain(request: EvaluationRequest, table: ShapeTable | undefined, diagnosis: Diagnosis): void {
  const { profile, pod, state, snapshot, nextStartNodeIndex } = request;
  const { nodes } = snapshot;
  const count = nodes.length;
  const start = nextStartNodeIndex % count;
  const statuses: (Status | undefined)[] = new Array(count).fill(undefined);
  let last: Status | undefined;
  for (let i = 0; i < count; i++) {
    const place = start + i < count ? start + i : start + i - count;
    const status =
      table === undefined ? profile.runFiltersWithNominated(state, pod, nodes[place]!) : table.statusAt(place, profile, state, pod);
    statuses[place] = status;
    if (status !== last) noteRejector(diagnosis, status);
    last = status;
  }
  diagnosis.nodeToStatus.list(nodes, statuses, start);
}

/** Copies the values at `places`; true when all are 0. */
function gather(raw: Float64Array, places: Int32Array, count: number, scores: Float64Array): boolean {
  let isZero = true;
  for (let i = 0; i < count; i++) {
    const value = raw[places[i]!]!;
    scores[i] = value;
    if (value !== 0) isZero = false;
  }
  return isZero;
}

function addConstant(totals: Float64Array, count: number, amount: number): void {
  if (amount === 0) return;
  for (let i = 0; i < count; i++) totals[i]! += amount;
}

/** False when a score leaves 0..100. */
function addWeighted(totals: Float64Array, scores: Float64Array, weight: number): boolean {
  for (let i = 0; i < scores.length; i++) {
    const score = scores[i]!;
    if (!(score >= 0 && score <= 100)) return false;
    totals[i]! += score * weight;
  }
  return true;
}

/** A pod that found its node; the list of feasible nodes is made when somebody asks. */
class Scheduled implements Evaluation {
  readonly outcome = 'scheduled';
  readonly nodeName: string;
  readonly evaluatedCount: number;
  readonly totals: Float64Array;
  readonly tieCount: number;
  readonly nextStartNodeIndex: number;
  private readonly nodes: readonly NodeInfo[];
  private readonly places: Int32Array;

  constructor(
    request: EvaluationRequest,
    nodeName: string,
    places: Int32Array,
    totals: Float64Array,
    counts: { readonly evaluatedCount: number; readonly tieCount: number; readonly nextStartNodeIndex: number },
  ) {
    this.nodeName = nodeName;
    this.nodes = request.snapshot.nodes;
    this.places = places;
    this.totals = totals;
    this.evaluatedCount = counts.evaluatedCount;
    this.tieCount = counts.tieCount;
    this.nextStartNodeIndex = counts.nextStartNodeIndex;
  }

  get feasible(): readonly NodeInfo[] {
    return Array.from(this.places, (place) => this.nodes[place]!);
  }

  get feasibleCount(): number {
    return this.places.length;
  }

  get scores(): readonly PluginScores[] {
    return NO_SCORES;
  }

  get preFilterStatus(): Status {
    return SUCCESS;
  }

  get preFilterNodes(): undefined {
    return undefined;
  }

  get diagnosis(): Diagnosis {
    return newDiagnosis();
  }

  get fitError(): undefined {
    return undefined;
  }

  get error(): undefined {
    return undefined;
  }
}
