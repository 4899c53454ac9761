/**
 * IncrementalEvaluator: the same answers as PlainEvaluator, from what is remembered per pod shape.
 *
 * HOT       once per attempt
 * Order     nodes, feasible list, ties and draws are exactly those of the plain evaluator
 * Oracle    PlainEvaluator; held together by incremental-evaluator.property.test.ts
 * Cost      pods whose filters and scores look at one node at a time: O(log nodes), plus O(log nodes) per node changed since such
 *           a pod was last tried. Pods that spread or have affinity, and shapes between whose attempts much changes: O(visited
 *           nodes) with a small constant. Plugins that look at the whole cluster and offer no program cost what they cost in
 *           the plain evaluator
 * Memory    see ShapeTables and DomainTables
 *
 * PreFilter is run only when somebody needs what it writes: a plugin without a program, a node with nominated pods, or
 * preemption after a failure. What is not remembered is left to the plain evaluator: detailed requests, pods with a
 * nomination, a node name or volumes of their own, PreFilters that reject or narrow, and internal errors.
 *
 * How the tree answers: places stand in the scheduler's node order, so the nodes that an attempt may choose from are a stretch that
 * begins at the start index and ends before the fit number `wanted` + 1, or the whole ring. Counts of fits find its
 * end, and with it how many nodes were looked at; the best total and the number of ties come from the sums over the stretch; and
 * the drawn tie is found by walking down to it.
 */
import type { SchedulerCache } from './cache.ts';
import type { ClusterFilter } from './column-programs.ts';
import { type Diagnosis, newDiagnosis } from './diagnosis.ts';
import { DomainTables } from './domain-tables.ts';
import type { Evaluation, EvaluationRequest, Evaluator, NominatedPods } from './framework.ts';
import { NodeColumns } from './node-columns.ts';
import type { NodeInfo } from './node-info.ts';
import { nodesToFind } from './node-sampling.ts';
import type { NodeVerdicts } from './node-verdicts.ts';
import { NO_FIT, type PlaceTree } from './place-tree.ts';
import { EvaluationBuilder, noteRejector, PlainEvaluator } from './plain-evaluator.ts';
import type { PreFilterOutcome } from './profile.ts';
import { type FoundNodes, ScheduledEvaluation } from './scheduled-evaluation.ts';
import { addConstant, addWeighted, gather } from './score-columns.ts';
import type { ShapeTable, WeightedProgram, WeightedScore } from './shape-table.ts';
import { ShapeTables, TABLE_LIMITS, type TableLimits } from './shape-tables.ts';
import { isRejected, isSuccess, type Status, SUCCESS } from './status.ts';

export interface IncrementalEvaluatorOptions {
  /** The scheduler's percentageOfNodesToScore, for profiles without one; 0 adapts to the cluster size. */
  readonly percentageOfNodesToScore: number;
  /** Whether trees are used wherever they can be, not only where they save time. Default false. */
  readonly prefersTrees?: boolean;
  /** How much is remembered. Default: TABLE_LIMITS. */
  readonly limits?: TableLimits;
}

/** How often attempts went which way. */
export interface PathCounts {
  /** Chosen by a tree. */
  tree: number;
  /** Found by a tree, scored one by one. */
  treeAndScan: number;
  /** Found one by one, in the leaves of a tree. */
  leafScan: number;
  /** Found one by one. */
  scan: number;
  /** Likewise, with filters that have no program, or nominated pods. */
  fullScan: number;
  /** Trees with nodes that nominated pods fill. */
  promisedTree: number;
  /** Left to the plain evaluator. */
  plain: number;
  /** No node fitted: told from what is remembered, and told by asking every node. */
  refusedFromMemory: number;
  refused: number;
}

/** Nodes that pass the remembered filters are given to the other filters so many at a time. */
const CHUNK_MIN = 64;
const NO_NODES: readonly NodeInfo[] = Object.freeze([]);
const NO_FILTERS: readonly ClusterFilter[] = Object.freeze([]);
const NO_PROGRAMS: readonly WeightedProgram[] = Object.freeze([]);
const PASSED: PreFilterOutcome = Object.freeze({ status: SUCCESS, nodeNames: undefined, narrowers: Object.freeze([]) });

export class IncrementalEvaluator implements Evaluator, FoundNodes {
  readonly name = 'incremental';
  readonly tables: ShapeTables;
  readonly domains: DomainTables;
  readonly paths: PathCounts;
  attemptCount: number;
  private readonly percentage: number;
  private readonly prefersTrees: boolean;
  private readonly plain: PlainEvaluator;
  private readonly nominated: NominatedPods;
  private readonly columns: NodeColumns;

  // Of the running attempt ----------------------------------------------------------------------------
  /** Places of the feasible nodes, in the order they were found; true when `tree` is undefined. */
  private places: Int32Array;
  private totals: Float64Array;
  private scores: Float64Array;
  /** 1 for places with nominated pods that come before the pod. */
  private readonly promised: Set<number>;
  /** Totals in the tree that were set aside for nodes filled by nominated pods. */
  private readonly setAside: Map<number, number>;
  private setAsideOf: PlaceTree | undefined;
  /** Where the nodes were found; they are those that fit in `start..end-1`, around the end when `end` is not above `start`. */
  private tree: PlaceTree | undefined;
  private start: number;
  private end: number;
  /** A tree whose leaves are true, whether it found the nodes or not. */
  private leaves: PlaceTree | undefined;
  private readonly one: Int32Array;
  private foundCount: number;
  private failureCount: number;
  private visitedCount: number;
  private isPreFiltered: boolean;
  /** No verdict depends on anything but the shape and the node. */
  private isAllRemembered: boolean;

  constructor(options: IncrementalEvaluatorOptions, cache: SchedulerCache, nominated: NominatedPods) {
    this.percentage = options.percentageOfNodesToScore;
    this.prefersTrees = options.prefersTrees ?? false;
    this.plain = new PlainEvaluator(options);
    this.nominated = nominated;
    this.columns = new NodeColumns(cache);
    this.domains = new DomainTables(this.columns);
    this.tables = new ShapeTables(this.columns, this.domains, options.limits ?? TABLE_LIMITS);
    this.paths = {
      tree: 0,
      treeAndScan: 0,
      leafScan: 0,
      scan: 0,
      fullScan: 0,
      promisedTree: 0,
      plain: 0,
      refusedFromMemory: 0,
      refused: 0,
    };
    this.attemptCount = 0;
    this.places = new Int32Array(0);
    this.totals = this.scores = new Float64Array(0);
    this.promised = new Set();
    this.setAside = new Map();
    this.setAsideOf = undefined;
    this.tree = undefined;
    this.start = 0;
    this.end = 0;
    this.leaves = undefined;
    this.one = new Int32Array(1);
    this.foundCount = 0;
    this.failureCount = 0;
    this.visitedCount = 0;
    this.isPreFiltered = false;
    this.isAllRemembered = false;
  }

  schedulePod(request: EvaluationRequest): Evaluation {
    const { profile, pod, state, snapshot } = request;
    this.attemptCount++;
    this.columns.refresh();
    this.isPreFiltered = false;
    if (snapshot.nodes.length === 0 || !isOrdinaryRequest(request)) return this.leaveToPlain(request);
    const table = this.tables.of(profile, pod);
    if (table === undefined) return this.leaveToPlain(request);
    table.verdicts.begin();
    if (table.needsPreFilter) {
      const preFilter = profile.runPreFilter(state, pod);
      this.isPreFiltered = true;
      if (!isSuccess(preFilter.status) || preFilter.nodeNames !== undefined) return this.plain.continueAfterPreFilter(request, preFilter);
    }
    const error = this.findFeasible(request, table);
    const answer = this.answer(request, table, error);
    if (this.setAside.size > 0) {
      // Before the tree is as it was: somebody may ask for what was found.
      if (this.tree !== undefined) this.listTotals(this.tree);
      this.putBack();
    }
    return answer;
  }

  private answer(request: EvaluationRequest, table: ShapeTable, error: Status | undefined): Evaluation {
    const { verdicts } = table;
    if (verdicts.hasError) return this.leaveToPlain(request);
    if (error !== undefined || this.foundCount === 0) return this.refuse(request, table, error);
    if (this.foundCount === 1) return this.chosen(request, this.placeOfFirst(), 1);
    const programs = activePrograms(table.clusterScores);
    const { tree } = this;
    if (tree !== undefined) {
      if (programs.length === 0 && table.wideScores.length === 0) {
        if (verdicts.isTrueBetween(this.start, this.end)) return this.chooseFromTree(request, tree);
        verdicts.abandonTree();
      }
      this.paths.treeAndScan++;
      this.listPlaces(tree);
    }
    if (!this.score(request, table, programs) || verdicts.hasError) return this.leaveToPlain(request);
    return this.chooseBest(request);
  }

  /** Some plugin fails, or it is not an ordinary pod; the plain evaluator knows what to say. */
  private leaveToPlain(request: EvaluationRequest): Evaluation {
    this.paths.plain++;
    return this.isPreFiltered ? this.plain.continueAfterPreFilter(request, PASSED) : this.plain.schedulePod(request);
  }

  /** Sees to it that the state of the attempt is what PreFilter writes. */
  private preFilter({ profile, state, pod }: EvaluationRequest): void {
    if (this.isPreFiltered) return;
    this.isPreFiltered = true;
    profile.runPreFilter(state, pod);
  }

  // Filter --------------------------------------------------------------------------------------------

  /** Finds the feasible nodes and counts the others; a status when a filter of the whole cluster fails. */
  private findFeasible(request: EvaluationRequest, table: ShapeTable): Status | undefined {
    const { profile, pod, snapshot, nextStartNodeIndex } = request;
    const count = snapshot.nodes.length;
    const wanted = profile.scorePlugins.length === 0 ? 1 : nodesToFind(count, profile.percentageOfNodesToScore ?? this.percentage);
    if (this.places.length < count) this.makeRoom(count);
    this.start = nextStartNodeIndex % count;
    this.tree = undefined;
    const filters = activeFilters(table.clusterFilters);
    const isAlone = filters.length === 0 && table.lateFilters.length === 0;
    if (this.promised.size > 0) this.promised.clear();
    if (!this.nominated.isEmpty) this.findPromised(request);
    this.isAllRemembered = isAlone && this.promised.size === 0;
    const tree = table.lateFilters.length > 0 ? undefined : table.verdicts.treeFor(pod, this.prefersTrees);
    this.leaves = tree;
    if (isAlone && tree !== undefined && this.searchTree(request, tree, wanted)) {
      table.verdicts.noteScan(this.visitedCount);
      return undefined;
    }
    if (this.setAside.size > 0) this.putBack();
    if (table.lateFilters.length > 0 || this.promised.size > 0) {
      this.paths.fullScan++;
      return this.visitAll(request, table, filters, wanted);
    }
    if (tree === undefined) this.paths.scan++;
    else this.paths.leafScan++;
    this.visitRemembered(request, table, filters, wanted, tree);
    table.verdicts.noteScan(this.visitedCount);
    return undefined;
  }

  private makeRoom(count: number): void {
    this.places = new Int32Array(count);
    this.totals = new Float64Array(count);
    this.scores = new Float64Array(count);
  }

  /** Every verdict is remembered. False when a filter fails. */
  private searchTree(request: EvaluationRequest, tree: PlaceTree, wanted: number): boolean {
    this.tree = tree;
    this.boundStretch(tree, wanted);
    if (this.promised.size === 0) return true;
    // Nodes that nominated pods fill are no fits, which makes the stretch longer, with more such nodes in it.
    this.paths.promisedTree++;
    const { profile, pod, state, snapshot } = request;
    const left = new Set(this.promised);
    for (let isLonger = true; isLonger; ) {
      isLonger = false;
      for (const place of left) {
        if (!this.isLookedAt(place)) continue;
        left.delete(place);
        this.preFilter(request);
        const status = profile.runFiltersWithNominated(state, pod, snapshot.nodes[place]!);
        if (isSuccess(status)) continue;
        if (!isRejected(status)) {
          this.tree = undefined;
          return false;
        }
        const total = tree.totals[place]!;
        if (total === NO_FIT) continue;
        this.setAside.set(place, total);
        this.setAsideOf = tree;
        tree.set(place, NO_FIT);
        isLonger = true;
      }
      if (isLonger) this.boundStretch(tree, wanted);
    }
    return true;
  }

  /** Finds the end of the stretch and the counts. */
  private boundStretch(tree: PlaceTree, wanted: number): void {
    const count = this.columns.nodes.length;
    const { fitCount } = tree;
    if (fitCount <= wanted) {
      this.end = this.start;
      this.foundCount = fitCount;
      this.failureCount = count - fitCount;
      this.visitedCount = count;
      return;
    }
    const end = tree.placeOfFit((tree.fitsBefore(this.start) + wanted) % fitCount);
    const length = end > this.start ? end - this.start : end - this.start + count;
    this.end = end;
    this.foundCount = wanted;
    this.failureCount = length - wanted;
    this.visitedCount = length + 1;
  }

  /** Whether the plain evaluator comes to the place: the fit that ends the stretch is looked at, too. */
  private isLookedAt(place: number): boolean {
    const distance = place >= this.start ? place - this.start : place - this.start + this.columns.nodes.length;
    return distance < this.visitedCount;
  }

  /** Every verdict is remembered or has a program. Looks a few nodes too far, which nobody sees. */
  private visitRemembered(
    request: EvaluationRequest,
    { verdicts }: ShapeTable,
    filters: readonly ClusterFilter[],
    wanted: number,
    tree: PlaceTree | undefined,
  ): void {
    const { pod } = request;
    const { places } = this;
    const count = request.snapshot.nodes.length;
    let found = 0;
    let seen = 0;
    let place = this.start;
    while (seen < count && found <= wanted) {
      const most = found + Math.max(CHUNK_MIN, wanted + 1 - found);
      let end = found;
      if (tree === undefined) {
        for (; seen < count && end < most; seen++) {
          if (verdicts.fits(place, pod)) places[end++] = place;
          if (++place === count) place = 0;
        }
      } else {
        const { totals } = tree;
        for (; seen < count && end < most; seen++) {
          if (totals[place]! >= 0) places[end++] = place;
          if (++place === count) place = 0;
        }
      }
      for (let k = 0; k < filters.length; k++) end = filters[k]!.keep(places, found, end);
      found = end;
    }
    this.foundCount = Math.min(found, wanted);
    if (found > wanted) {
      const length = (places[wanted]! - this.start + count) % count;
      this.visitedCount = length + 1;
      this.failureCount = length - wanted;
    } else {
      this.visitedCount = count;
      this.failureCount = count - found;
    }
  }

  /** Some nodes have nominated pods, or some filters have no program. */
  private visitAll(request: EvaluationRequest, table: ShapeTable, filters: readonly ClusterFilter[], wanted: number): Status | undefined {
    const { profile, pod, state, snapshot } = request;
    const { nodes } = snapshot;
    const { places, promised } = this;
    const late = table.lateFilters.filter((plugin) => !state.skipFilter.has(plugin.name));
    const count = nodes.length;
    this.foundCount = this.failureCount = this.visitedCount = 0;
    for (let i = 0; i < count; i++) {
      const place = (this.start + i) % count;
      const node = nodes[place]!;
      this.visitedCount++;
      let status = SUCCESS;
      if (promised.size > 0 && promised.has(place)) {
        this.preFilter(request);
        status = profile.runFiltersWithNominated(state, pod, node);
      } else if (!table.verdicts.fits(place, pod) || !this.passesAll(filters, place)) {
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

  /** Finds the nodes with nominated pods that come before the pod. */
  private findPromised({ snapshot, pod }: EvaluationRequest): void {
    for (const name of this.nominated.nodeNames()) {
      const node = snapshot.get(name);
      if (node === undefined || this.promised.has(node.position)) continue;
      if (this.nominated.onNode(name).some((other) => other.priority >= pod.priority && other.uid !== pod.uid))
        this.promised.add(node.position);
    }
  }

  private passesAll(filters: readonly ClusterFilter[], place: number): boolean {
    this.one[0] = place;
    for (let k = 0; k < filters.length; k++) if (filters[k]!.keep(this.one, 0, 1) === 0) return false;
    return true;
  }

  private putBack(): void {
    for (const [place, total] of this.setAside) this.setAsideOf!.set(place, total);
    this.setAside.clear();
  }

  /** No node fits, or a filter failed. Says why of every node, and leaves the state good for preemption. */
  private refuse(request: EvaluationRequest, table: ShapeTable, error: Status | undefined): Evaluation {
    const diagnosis = newDiagnosis();
    const result = new EvaluationBuilder(request, diagnosis);
    result.evaluatedCount = this.visitedCount;
    result.nextStartNodeIndex = this.nextStartOf(request);
    if (error !== undefined) {
      result.feasible = Array.from(this.places.subarray(0, this.foundCount), (place) => request.snapshot.nodes[place]!);
      return result.failed(error);
    }
    if (this.isAllRemembered) {
      this.paths.refusedFromMemory++;
      // For preemption, if it has somebody to try on.
      if (!this.isPreFiltered)
        request.state.deferPreFilter(table.verdicts.state, () => request.profile.runPreFilter(request.state, request.pod));
      const statuses = table.verdicts.whyNot(request.profile, request.pod);
      for (const status of statuses.inOrderFrom(this.start)) noteRejector(diagnosis, status);
      diagnosis.nodeToStatus.place(statuses, this.start);
    } else {
      this.paths.refused++;
      this.preFilter(request);
      explain(request, diagnosis);
    }
    return result.unschedulable();
  }

  private nextStartOf({ nextStartNodeIndex, snapshot }: EvaluationRequest): number {
    return (nextStartNodeIndex + this.foundCount + this.failureCount) % snapshot.nodes.length;
  }

  // Score ---------------------------------------------------------------------------------------------

  /** Fills `totals`; false when a plugin fails. */
  private score(request: EvaluationRequest, { verdicts, wideScores }: ShapeTable, programs: readonly WeightedProgram[]): boolean {
    if (!verdicts.canScore) return false;
    const { places, totals, scores, leaves } = this;
    const count = this.foundCount;
    // 1. Remembered scores, from the leaves of a tree or one by one
    if (leaves !== undefined && verdicts.isTrueAt(places, count)) {
      for (let i = 0; i < count; i++) totals[i] = leaves.totals[places[i]!]!;
    } else if (!this.scoreNodes(request, verdicts)) return false;
    // 2. Scores of the whole cluster
    for (const { program, weight } of programs) if (!program.addTo(totals, weight, places, count, scores)) return false;
    return wideScores.length === 0 || this.scoreWide(request, wideScores);
  }

  private scoreNodes(request: EvaluationRequest, verdicts: NodeVerdicts): boolean {
    const { pod, state } = request;
    const { places, totals, scores } = this;
    const count = this.foundCount;
    // Those that need no normalization are summed up already.
    const { base } = verdicts;
    for (let i = 0; i < count; i++) {
      const place = places[i]!;
      verdicts.rate(place, pod);
      totals[i] = base[place]!;
    }
    for (const { plugin, weight, raw, highest } of verdicts.softScores) {
      const isZero = highest === 0 || gather(raw, places, count, scores);
      if (isZero && plugin.normalizedZero !== undefined) {
        addConstant(totals, count, plugin.normalizedZero * weight);
        continue;
      }
      if (highest === 0) scores.fill(0, 0, count);
      const nodes = plugin.normalizedZero === undefined ? this.feasibleNodes() : NO_NODES;
      if (!isSuccess(plugin.normalize!(state, pod, nodes, scores.subarray(0, count)))) return false;
      if (!addWeighted(totals, scores, count, weight)) return false;
    }
    return true;
  }

  private scoreWide(request: EvaluationRequest, wide: readonly WeightedScore[]): boolean {
    const { state, pod, profile } = request;
    const nodes = this.feasibleNodes();
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
      if (!addWeighted(this.totals, scores, nodes.length, weight)) return false;
    }
    return true;
  }

  // Choose --------------------------------------------------------------------------------------------

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
    return this.chosen(request, this.places[chosen]!, tieCount);
  }

  private chooseFromTree(request: EvaluationRequest, tree: PlaceTree): Evaluation {
    const { start, end } = this;
    const count = this.columns.nodes.length;
    this.paths.tree++;
    tree.clearFound();
    tree.search(start, end > start ? end : count);
    if (end <= start) tree.search(0, end);
    const { foundTies } = tree;
    tree.passOver(foundTies > 1 ? request.tieBreak(foundTies) : 0);
    let place = tree.findTie(start, end > start ? end : count);
    if (place < 0) place = tree.findTie(0, end);
    return this.chosen(request, place, foundTies);
  }

  private chosen(request: EvaluationRequest, place: number, tieCount: number): Evaluation {
    const { name } = request.snapshot.nodes[place]!;
    return new ScheduledEvaluation(this, name, this.foundCount, this.visitedCount, tieCount, this.nextStartOf(request));
  }

  private placeOfFirst(): number {
    const { tree } = this;
    return tree === undefined ? this.places[0]! : tree.placeOfFit(tree.fitsBefore(this.start) % tree.fitCount);
  }

  /** Writes down the places that the tree found. */
  private listPlaces({ totals }: PlaceTree): void {
    const { places } = this;
    const count = this.columns.nodes.length;
    let found = 0;
    for (let place = this.start; found < this.foundCount; place = place + 1 === count ? 0 : place + 1) {
      if (totals[place]! >= 0) places[found++] = place;
    }
    this.tree = undefined;
  }

  // For those who ask ---------------------------------------------------------------------------------

  feasibleNodes(): NodeInfo[] {
    if (this.tree !== undefined) this.listTotals(this.tree);
    const { nodes } = this.columns;
    return Array.from(this.places.subarray(0, this.foundCount), (place) => nodes[place]!);
  }

  feasibleTotals(): Float64Array {
    if (this.tree !== undefined) this.listTotals(this.tree);
    return this.totals.slice(0, this.foundCount);
  }

  /** Writes down what the tree found. */
  private listTotals(tree: PlaceTree): void {
    this.listPlaces(tree);
    for (let i = 0; i < this.foundCount; i++) this.totals[i] = tree.totals[this.places[i]!]!;
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

/** Those of the scores that take part in this attempt. */
function activePrograms(programs: readonly WeightedProgram[]): readonly WeightedProgram[] {
  let active: WeightedProgram[] | undefined;
  for (let k = 0; k < programs.length; k++) {
    if (!programs[k]!.program.prepare()) continue;
    active ??= [];
    active.push(programs[k]!);
  }
  return active ?? NO_PROGRAMS;
}

/** Why every node failed; only needed when all of them did. */
function explain(request: EvaluationRequest, diagnosis: Diagnosis): void {
  const { profile, pod, state, snapshot, nextStartNodeIndex } = request;
  const { nodes } = snapshot;
  const count = nodes.length;
  const start = nextStartNodeIndex % count;
  const statuses: (Status | undefined)[] = new Array(count).fill(undefined);
  let last: Status | undefined;
  for (let i = 0; i < count; i++) {
    const place = start + i < count ? start + i : start + i - count;
    const status = profile.runFiltersWithNominated(state, pod, nodes[place]!);
    statuses[place] = status;
    if (status !== last) noteRejector(diagnosis, status);
    last = status;
  }
  diagnosis.nodeToStatus.list(nodes, statuses, start);
}
