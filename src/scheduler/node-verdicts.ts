/**
 * NodeVerdicts: what is remembered about the nodes for pods that are alike to the plugins that look at one node at a time:
 * who passes their filters, and their scores.
 *
 * HOT       one byte and one or two numbers read per (pod, visited node), or a walk through a tree per pod; a node is asked
 *           anew only after it changed
 * Layout    flags, one byte per place:  1 verdict known | 2 fits | 4 static verdict known | 8 passes static | 16 scores known |
 *           32 raw values of static soft scores known
 * Oracle    Profile.runFilters and Profile.runScores; held together by incremental-evaluator.property.test.ts
 * Memory    9 bytes per node, 8 more per soft score (the default profile has one, and a second for pods with preferred node
 *           affinity), 11 more for pods that come often enough for a tree, 4 more for pods that fitted nowhere; 3 kB beside
 *
 * Filters and scores of the whole cluster are not here: see ShapeTable. Scores that are not normalized make one
 * weighted sum; those that are normalized over the feasible nodes (`soft`) keep their raw values. The leaves of the tree are totals
 * under the supposition that the highest raw value of the feasible nodes (`peak`) is among the nodes that an attempt finds;
 * an attempt where it is not is scanned.
 */
import type { ColumnFilter, ColumnScore } from './column-programs.ts';
import type { CycleState } from './cycle-state.ts';
import { type Plugin, SCORE_MAX } from './framework.ts';
import type { NodeColumns } from './node-columns.ts';
import type { NodeInfo } from './node-info.ts';
import { NodeStatuses } from './node-statuses.ts';
import { NO_FIT, PlaceTree } from './place-tree.ts';
import type { PodInfo } from './pod-info.ts';
import type { Profile } from './profile.ts';
import { isRejected, isSuccess, type Status } from './status.ts';

const KNOWN = 1;
const FITS = 2;
const STATIC_KNOWN = 4;
const STATIC_FITS = 8;
const RATED = 16;
const STATIC_RATED = 32;
/** What a node keeps when its pods change. */
const STATIC = STATIC_KNOWN | STATIC_FITS | STATIC_RATED;

/** A changed leaf of a tree costs as much as scanning so many nodes. */
const LEAF_COST = 6;

interface NodeFilter {
  readonly plugin: Plugin;
  readonly column: ColumnFilter | undefined;
}

interface BaseScore {
  readonly plugin: Plugin;
  readonly weight: number;
  readonly column: ColumnScore | undefined;
}

export interface SoftScore {
  readonly plugin: Plugin;
  readonly weight: number;
  /** Whether the node object alone decides the raw value. */
  readonly isStatic: boolean;
  /** By place. */
  raw: Float64Array;
  /** No raw value was ever above it. */
  highest: number;
  /** The highest raw value that the tree reckons with. */
  peak: number;
}

export class NodeVerdicts {
  /** In which table of tables it stands. */
  readonly key: string;
  /** What PreFilter and PreScore wrote for the first of the pods. */
  readonly state: CycleState;
  readonly softScores: readonly SoftScore[];
  /** Weighted sum of the scores that need no normalization; true where `rate` was called. */
  readonly base: Float64Array;
  /** Why nodes fail; made when a pod first fits nowhere. */
  private statuses: NodeStatuses | undefined;
  /** What `statuses` asks, and what of it need be asked where static filters pass. */
  private filters: readonly Plugin[];
  private nonStaticFilters: readonly Plugin[];
  /** A plugin answered with an internal error or an impossible score during this attempt. */
  hasError: boolean;
  /** Whether PreScore lets the pods be scored. */
  readonly canScore: boolean;

  /** Its arrays belong to somebody else now: it must not be used any more. */
  isReleased: boolean;

  private readonly columns: NodeColumns;
  private readonly staticFilters: readonly Plugin[];
  private readonly nodeFilters: readonly NodeFilter[];
  private readonly baseScores: readonly BaseScore[];
  private readonly flags: Uint8Array;
  private readonly one: Float64Array;
  private readonly oneNode: NodeInfo[];
  private cursor: number;
  private tree: PlaceTree | undefined;
  private treeCursor: number;
  private readonly allowsTree: boolean;
  /** What scans have cost since a tree would have been of use. */
  private credit: number;
  /** Changes between two attempts, smoothed. */
  private stride: number;
  /** Nodes that an attempt looks at, smoothed. */
  private scanCost: number;
  private lastEnd: number;

  /** `state` holds what PreFilter wrote; `spare` is one that was released. */
  constructor(key: string, columns: NodeColumns, profile: Profile, pod: PodInfo, state: CycleState, spare: NodeVerdicts | undefined) {
    const count = columns.nodes.length;
    this.key = key;
    this.isReleased = false;
    this.columns = columns;
    this.state = state;
    this.hasError = false;
    this.one = new Float64Array(1);
    this.oneNode = [];
    this.statuses = undefined;
    this.filters = this.nonStaticFilters = [];
    this.flags = spare === undefined ? new Uint8Array(count) : spare.flags.fill(0);
    this.base = spare === undefined ? new Float64Array(count) : spare.base;
    this.cursor = columns.journalEnd;
    this.tree = undefined;
    this.treeCursor = -Infinity;
    this.credit = 0;
    this.stride = 0;
    this.scanCost = count;
    this.lastEnd = columns.journalEnd;

    // 1. Filters
    const staticFilters: Plugin[] = [];
    const nodeFilters: NodeFilter[] = [];
    for (const plugin of profile.filterPlugins) {
      if (state.skipFilter.has(plugin.name) || !isRememberedFilter(plugin)) continue;
      if (plugin.filterReach === 'static') staticFilters.push(plugin);
      else nodeFilters.push({ plugin, column: plugin.columnFilter?.(pod) });
    }
    this.staticFilters = staticFilters;
    this.nodeFilters = nodeFilters;

    // 2. Scores
    const baseScores: BaseScore[] = [];
    const softScores: SoftScore[] = [];
    this.canScore = preparesScores(profile, pod, state);
    for (const { plugin, weight } of profile.scorePlugins) {
      if (state.skipScore.has(plugin.name) || !isRememberedScore(plugin, pod)) continue;
      if (plugin.normalize === undefined) baseScores.push({ plugin, weight, column: plugin.columnScore?.(pod) });
      else {
        softScores.push({ plugin, weight, isStatic: plugin.scoreReach === 'static', raw: new Float64Array(count), highest: 0, peak: 0 });
      }
    }
    this.baseScores = baseScores;
    this.softScores = softScores;
    this.allowsTree = softScores.every(({ plugin }) => plugin.normalizesByMax !== undefined);
  }

  /** Makes its arrays another one's. */
  release(): void {
    this.isReleased = true;
    this.tree = undefined;
    this.statuses = undefined;
    for (const soft of this.softScores) soft.raw = new Float64Array(0);
  }

  /** Begins an attempt: forgets what is remembered of changed nodes. */
  begin(): void {
    const { columns, flags } = this;
    this.hasError = false;
    const { journal, journalEnd } = columns;
    this.stride += (journalEnd - this.lastEnd - this.stride) / 8;
    this.lastEnd = journalEnd;
    if (this.cursor === journalEnd) return;
    if (columns.isTooFarBehind(this.cursor)) flags.fill(0);
    else {
      for (let n = this.cursor; n < journalEnd; n++) {
        const entry = journal[n % journal.length]!;
        if ((entry & 1) === 1) flags[entry >> 1] = 0;
        else flags[entry >> 1]! &= STATIC;
      }
    }
    this.cursor = journalEnd;
  }

  /** Whether the filters pass the node at `place`. */
  fits(place: number, pod: PodInfo): boolean {
    const flags = this.flags[place]!;
    return (flags & KNOWN) === 0 ? this.judge(place, pod) : (flags & FITS) !== 0;
  }

  /** Sees to it that `base` and the raw values of soft scores are true at `place`. */
  rate(place: number, pod: PodInfo): void {
    if ((this.flags[place]! & RATED) === 0) this.computeScores(place, pod);
  }

  /** What the filters say of every node, up to date; only after every node failed. */
  whyNot(profile: Profile, pod: PodInfo): NodeStatuses {
    const { columns, state, flags } = this;
    if (this.statuses === undefined) {
      const all = profile.filterPlugins.filter((plugin) => isRememberedFilter(plugin) && !state.skipFilter.has(plugin.name));
      this.filters = all;
      this.nonStaticFilters = all.filter((plugin) => plugin.filterReach !== 'static');
      this.statuses = new NodeStatuses(columns);
    }
    this.statuses.refresh((place) => {
      state.filters = (flags[place]! & STATIC_FITS) !== 0 ? this.nonStaticFilters : this.filters;
      return profile.runFilters(state, pod, columns.nodes[place]!);
    });
    return this.statuses;
  }

  // Tree ----------------------------------------------------------------------------------------------

  /** An attempt looked at so many nodes, or would have without a tree. */
  noteScan(visitedCount: number): void {
    this.scanCost += (visitedCount - this.scanCost) / 8;
  }

  /** The tree, up to date, when that is cheaper than a scan; or whenever it can be had, if that is `isWanted` in any case. */
  treeFor(pod: PodInfo, isWanted: boolean): PlaceTree | undefined {
    if (!this.allowsTree || !this.canScore) return undefined;
    const { columns, scanCost } = this;
    const backlog = Math.min(columns.journalEnd - this.treeCursor, columns.nodes.length);
    if (!isWanted && backlog > 0) {
      if (this.stride * LEAF_COST > scanCost) return undefined;
      this.credit += scanCost;
      if (backlog * LEAF_COST > this.credit) return undefined;
    }
    this.credit = 0;
    return this.syncTree(pod);
  }

  /** The nodes found are without one that the tree reckons with: it is of no use for a while. */
  abandonTree(): void {
    this.treeCursor = -Infinity;
    this.credit = -LEAF_COST * this.flags.length;
  }

  private syncTree(pod: PodInfo): PlaceTree | undefined {
    const { columns } = this;
    const { journal, journalEnd } = columns;
    let tree = this.tree;
    let isWhole = tree !== undefined && !columns.isTooFarBehind(this.treeCursor);
    if (isWhole) {
      for (let n = this.treeCursor; isWhole && n < journalEnd; n++) {
        const place = journal[n % journal.length]! >> 1;
        const total = this.totalAt(place, pod);
        if (Number.isNaN(total)) isWhole = false;
        else tree!.set(place, total);
      }
    }
    if (!isWhole) tree = this.growTree(pod);
    this.tree = tree;
    if (this.hasError) {
      // Perhaps of a node that no attempt comes across.
      this.hasError = false;
      this.abandonTree();
      return undefined;
    }
    this.treeCursor = journalEnd;
    return tree;
  }

  private growTree(pod: PodInfo): PlaceTree {
    const count = this.flags.length;
    const tree = this.tree ?? new PlaceTree(count);
    for (const soft of this.softScores) soft.peak = 0;
    for (let place = 0; place < count; place++) {
      if (!this.fits(place, pod)) continue;
      this.rate(place, pod);
      for (const soft of this.softScores) if (soft.raw[place]! > soft.peak) soft.peak = soft.raw[place]!;
    }
    for (let place = 0; place < count; place++) {
      const total = this.totalAt(place, pod);
      // A raw score that cannot be normalized.
      if (Number.isNaN(total)) this.hasError = true;
      tree.put(place, total);
    }
    tree.sumAll();
    return tree;
  }

  /** The total of a node; NO_FIT, or NaN when a raw score is above its peak. */
  private totalAt(place: number, pod: PodInfo): number {
    if (!this.fits(place, pod)) return NO_FIT;
    this.rate(place, pod);
    let total = this.base[place]!;
    const { softScores } = this;
    for (let k = 0; k < softScores.length; k++) {
      const { plugin, weight, raw, peak } = softScores[k]!;
      const score = raw[place]!;
      if (!(score >= 0 && score <= peak)) return Number.NaN;
      const share = score === 0 ? 0 : Math.trunc((SCORE_MAX * score) / peak);
      total += (plugin.normalizesByMax === 'reversed' ? SCORE_MAX - share : share) * weight;
    }
    return total;
  }

  /**
   * Whether totals of the tree are true for the nodes in `from..to-1` (around the end when `to` is not above `from`): every soft
   * score has its peak there, or is 0 throughout.
   */
  isTrueBetween(from: number, to: number): boolean {
    const { softScores, tree } = this;
    for (let k = 0; k < softScores.length; k++) {
      const { raw, peak } = softScores[k]!;
      if (peak > 0 && !hasPeakOrNothing(raw, peak, tree!.totals, from, to)) return false;
    }
    return true;
  }

  /** The same for the nodes at `places[0..count-1]`. */
  isTrueAt(places: Int32Array, count: number): boolean {
    const { softScores } = this;
    for (let k = 0; k < softScores.length; k++) {
      const { raw, peak } = softScores[k]!;
      if (peak > 0 && !hasPeakOrNothingAt(raw, peak, places, count)) return false;
    }
    return true;
  }

  // One node ------------------------------------------------------------------------------------------

  private computeScores(place: number, pod: PodInfo): void {
    const { columns, softScores, baseScores } = this;
    const isOrdinary = columns.isOrdinary[place] === 1;
    let sum = 0;
    for (let k = 0; k < baseScores.length; k++) {
      const { plugin, weight, column } = baseScores[k]!;
      const raw = column !== undefined && isOrdinary ? column(columns, place) : this.rawOf(plugin, place, pod);
      // The plain evaluator refuses scores outside 0..100 with an error.
      if (!(raw >= 0 && raw <= SCORE_MAX)) this.hasError = true;
      sum += raw * weight;
    }
    const knowsStatic = (this.flags[place]! & STATIC_RATED) !== 0;
    for (let k = 0; k < softScores.length; k++) {
      const soft = softScores[k]!;
      if (knowsStatic && soft.isStatic) continue;
      const raw = this.rawOf(soft.plugin, place, pod);
      soft.raw[place] = raw;
      // Negative scores are not for short cuts.
      if (raw > soft.highest) soft.highest = raw;
      else if (!(raw >= 0)) soft.highest = Infinity;
    }
    this.base[place] = sum;
    if (!this.hasError) this.flags[place]! |= RATED | STATIC_RATED;
  }

  private rawOf(plugin: Plugin, place: number, pod: PodInfo): number {
    this.one[0] = 0;
    this.oneNode[0] = this.columns.nodes[place]!;
    const status = plugin.score!(this.state, pod, this.oneNode, this.one);
    if (!isSuccess(status)) this.hasError = true;
    return this.one[0]!;
  }

  private judge(place: number, pod: PodInfo): boolean {
    let flags = this.flags[place]!;
    if ((flags & STATIC_KNOWN) === 0) flags |= this.passesStatic(place, pod) ? STATIC_KNOWN | STATIC_FITS : STATIC_KNOWN;
    const fits = (flags & STATIC_FITS) !== 0 && this.passesNode(place, pod);
    if (!this.hasError) this.flags[place] = flags | (fits ? KNOWN | FITS : KNOWN);
    return fits;
  }

  private passesStatic(place: number, pod: PodInfo): boolean {
    const node = this.columns.nodes[place]!;
    for (const plugin of this.staticFilters) if (!this.passes(plugin.filter!(this.state, pod, node))) return false;
    return true;
  }

  private passesNode(place: number, pod: PodInfo): boolean {
    const { columns, nodeFilters } = this;
    const isOrdinary = columns.isOrdinary[place] === 1;
    for (let k = 0; k < nodeFilters.length; k++) {
      const { plugin, column } = nodeFilters[k]!;
      const passes =
        column !== undefined && isOrdinary ? column(columns, place) : this.passes(plugin.filter!(this.state, pod, columns.nodes[place]!));
      if (!passes) return false;
    }
    return true;
  }

  private passes(status: Status): boolean {
    if (status.code === 'Success') return true;
    if (!isRejected(status)) this.hasError = true;
    return false;
  }
}

/** Whether the verdict can be remembered per pod shape and node. */
export function isRememberedFilter(plugin: Plugin): boolean {
  return (
    (plugin.preFilter === undefined || plugin.preFilterReach === 'shape') &&
    (plugin.filterReach === 'static' || plugin.filterReach === 'node')
  );
}

/** Likewise for the raw score. */
export function isRememberedScore(plugin: Plugin, pod: PodInfo): boolean {
  if (plugin.preScore !== undefined && plugin.preScoreReach !== 'shape') return false;
  return plugin.scoreReach === 'static' || plugin.scoreReach === 'node' || plugin.columnScore?.(pod) !== undefined;
}

/** Runs PreScore where it says the same for the whole shape; false when it fails. */
function preparesScores(profile: Profile, pod: PodInfo, state: CycleState): boolean {
  for (const plugin of profile.preScorePlugins) {
    if (plugin.preScoreReach !== 'shape') continue;
    const status = plugin.preScore!(state, pod, []);
    if (status.code === 'Skip') state.skipScore.add(plugin.name);
    else if (!isSuccess(status)) return false;
  }
  return true;
}

/** Of the nodes that fit. */
function hasPeakOrNothing(raw: Float64Array, peak: number, totals: Float64Array, from: number, to: number): boolean {
  let isNothing = true;
  const count = raw.length;
  for (let place = from, left = to > from ? to - from : to - from + count; left > 0; left--) {
    if (raw[place]! > 0 && totals[place]! >= 0) {
      if (raw[place] === peak) return true;
      isNothing = false;
    }
    if (++place === count) place = 0;
  }
  return isNothing;
}

function hasPeakOrNothingAt(raw: Float64Array, peak: number, places: Int32Array, count: number): boolean {
  let isNothing = true;
  for (let i = 0; i < count; i++) {
    const value = raw[places[i]!]!;
    if (value === peak) return true;
    if (value > 0) isNothing = false;
  }
  return isNothing;
}
