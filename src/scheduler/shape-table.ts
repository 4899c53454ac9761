/**
 * ShapeTable: what is remembered about the nodes for one pod shape in one profile: who passes the filters that
 * look at one node, and the scores that look at one node.
 *
 * HOT       one byte and one or two numbers read per (pod, visited node); a node is asked anew only after it changed
 * Layout    flags, one byte per place:  1 verdict known | 2 fits | 4 static verdict known | 8 passes static | 16 scores known |
 *           32 status known
 * Oracle    Profile.runFilters and Profile.runScores; held together by incremental-evaluator.property.test.ts
 * Cost      9 bytes per node and shape, and 8 more per soft score
 *
 * Filters and scores are sorted once, by how far they look: at the node object, at the node with its pods
 * (both remembered), at the whole cluster by a program of their own, or at the whole cluster in the plain way (`late`, `wide`).
 * Remembered scores that are not normalized make one weighted sum; those that are normalized over the feasible nodes (`soft`)
 * keep their raw values.
 */
import type { ClusterFilter, ClusterScore, ColumnFilter, ColumnScore } from './column-programs.ts';
import { CycleState } from './cycle-state.ts';
import type { DomainTables } from './domain-tables.ts';
import type { Plugin } from './framework.ts';
import type { NodeColumns } from './node-columns.ts';
import type { PodInfo } from './pod-info.ts';
import type { Profile } from './profile.ts';
import { isRejected, isSuccess, type Status } from './status.ts';

const KNOWN = 1;
const FITS = 2;
const STATIC_KNOWN = 4;
const STATIC_FITS = 8;
const RATED = 16;
const EXPLAINED = 32;

interface NodeFilter {
  readonly plugin: Plugin;
  readonly column: ColumnFilter | undefined;
}

interface BaseScore {
  readonly plugin: Plugin;
  readonly weight: number;
  readonly column: ColumnScore | undefined;
}

export interface WeightedScore {
  readonly plugin: Plugin;
  readonly weight: number;
}

export interface SoftScore extends WeightedScore {
  /** By place. */
  readonly raw: Float64Array;
}

export interface WeightedProgram {
  readonly program: ClusterScore;
  readonly weight: number;
}

export class ShapeTable {
  /** Whether some plugin's PreFilter has to run in every attempt. */
  readonly needsPreFilter: boolean;
  readonly clusterFilters: readonly ClusterFilter[];
  /** Filters of the whole cluster without a program, in order. */
  readonly lateFilters: readonly Plugin[];
  readonly softScores: readonly SoftScore[];
  readonly clusterScores: readonly WeightedProgram[];
  /** Scores of the whole cluster without a program. */
  readonly wideScores: readonly WeightedScore[];
  /** Weighted sum of the remembered scores that need no normalization; true where `isRated`. */
  readonly base: Float64Array;
  /** A plugin answered with an internal error or an impossible score during this attempt. */
  hasError: boolean;

  private readonly columns: NodeColumns;
  /** What PreFilter and PreScore wrote for the shape. */
  private readonly state: CycleState;
  private readonly staticFilters: readonly Plugin[];
  private readonly nodeFilters: readonly NodeFilter[];
  private readonly baseScores: readonly BaseScore[];
  private readonly scoringFails: boolean;
  private readonly flags: Uint8Array;
  /** Why a node fails; true where the flag says so. Made when a pod of the shape first fits nowhere. */
  private statuses: (Status | undefined)[];
  private readonly one: Float64Array;
  private cursor: number;

  /** Use `createShapeTable`. */
  constructor(columns: NodeColumns, tables: DomainTables, profile: Profile, pod: PodInfo, state: CycleState) {
    const count = columns.nodes.length;
    this.columns = columns;
    this.state = state;
    this.hasError = false;
    this.one = new Float64Array(1);
    this.statuses = [];
    this.flags = new Uint8Array(count);
    this.base = new Float64Array(count);
    this.cursor = columns.journalEnd;

    // 1. Filters
    const staticFilters: Plugin[] = [];
    const nodeFilters: NodeFilter[] = [];
    const clusterFilters: ClusterFilter[] = [];
    const lateFilters: Plugin[] = [];
    const programmed = new Set<Plugin>();
    for (const plugin of profile.filterPlugins) {
      if (state.skipFilter.has(plugin.name)) continue;
      const isRemembered = plugin.preFilter === undefined || plugin.preFilterReach === 'shape';
      const program = plugin.clusterFilter?.(pod, tables);
      if (isRemembered && plugin.filterReach === 'static') staticFilters.push(plugin);
      else if (isRemembered && plugin.filterReach === 'node') nodeFilters.push({ plugin, column: plugin.columnFilter?.(pod) });
      else if (program !== undefined) {
        clusterFilters.push(program);
        programmed.add(plugin);
      } else lateFilters.push(plugin);
    }
    this.staticFilters = staticFilters;
    this.nodeFilters = nodeFilters;
    this.clusterFilters = clusterFilters;
    this.lateFilters = lateFilters;
    this.needsPreFilter = profile.preFilterPlugins.some((plugin) => plugin.preFilterReach !== 'shape' && !programmed.has(plugin));

    // 2. Scores
    const baseScores: BaseScore[] = [];
    const softScores: SoftScore[] = [];
    const clusterScores: WeightedProgram[] = [];
    const wideScores: WeightedScore[] = [];
    this.scoringFails = !preparesScores(profile, pod, state);
    for (const { plugin, weight } of profile.scorePlugins) {
      if (state.skipScore.has(plugin.name)) continue;
      const isPrepared = plugin.preScore === undefined || plugin.preScoreReach === 'shape';
      const column = plugin.columnScore?.(pod);
      const looksAtNode = plugin.scoreReach === 'static' || plugin.scoreReach === 'node' || column !== undefined;
      const program = plugin.clusterScore?.(pod, tables);
      if (isPrepared && looksAtNode && plugin.normalize === undefined) baseScores.push({ plugin, weight, column });
      else if (isPrepared && looksAtNode) softScores.push({ plugin, weight, raw: new Float64Array(count) });
      else if (program !== undefined) clusterScores.push({ program, weight });
      else wideScores.push({ plugin, weight });
    }
    this.baseScores = baseScores;
    this.softScores = softScores;
    this.clusterScores = clusterScores;
    this.wideScores = wideScores;
  }

  /** Begins an attempt: forgets what is remembered of changed nodes. False when scores cannot be had in this way. */
  begin(): void {
    const { columns, flags } = this;
    this.hasError = false;
    const { journal, journalEnd } = columns;
    if (this.cursor === journalEnd) return;
    if (columns.isTooFarBehind(this.cursor)) flags.fill(0);
    else {
      for (let n = this.cursor; n < journalEnd; n++) {
        const entry = journal[n % journal.length]!;
        if ((entry & 1) === 1) flags[entry >> 1] = 0;
        else flags[entry >> 1]! &= STATIC_KNOWN | STATIC_FITS;
      }
    }
    this.cursor = journalEnd;
  }

  /** Whether PreScore lets the shape be scored. */
  get canScore(): boolean {
    return !this.scoringFails;
  }

  /** Whether the remembered filters pass the node at `place`. */
  fits(place: number, pod: PodInfo): boolean {
    const flags = this.flags[place]!;
    return (flags & KNOWN) === 0 ? this.judge(place, pod) : (flags & FITS) !== 0;
  }

  /** What the filters say of the node at `place`; for tables whose filters are all remembered. `state` is that of the attempt. */
  statusAt(place: number, profile: Profile, state: CycleState, pod: PodInfo): Status {
    if ((this.flags[place]! & EXPLAINED) === 0) {
      if (this.statuses.length === 0) this.statuses = new Array(this.flags.length).fill(undefined);
      this.statuses[place] = profile.runFilters(state, pod, this.columns.nodes[place]!);
      this.flags[place]! |= EXPLAINED;
    }
    return this.statuses[place]!;
  }

  /** Sees to it that `base` and the raw values of soft scores are true at `place`. */
  rate(place: number, pod: PodInfo): void {
    if ((this.flags[place]! & RATED) === 0) this.computeScores(place, pod);
  }

  private computeScores(place: number, pod: PodInfo): void {
    const { columns, softScores } = this;
    const isOrdinary = columns.isOrdinary[place] === 1;
    let sum = 0;
    for (const { plugin, weight, column } of this.baseScores) {
      const raw = column !== undefined && isOrdinary ? column(columns, place) : this.rawOf(plugin, place, pod);
      // The plain evaluator refuses scores outside 0..100 with an error.
      if (!(raw >= 0 && raw <= 100)) this.hasError = true;
      sum += raw * weight;
    }
    for (const { plugin, raw } of softScores) raw[place] = this.rawOf(plugin, place, pod);
    this.base[place] = sum;
    if (!this.hasError) this.flags[place]! |= RATED;
  }

  private rawOf(plugin: Plugin, place: number, pod: PodInfo): number {
    this.one[0] = 0;
    const status = plugin.score!(this.state, pod, [this.columns.nodes[place]!], this.one);
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
    const { columns } = this;
    const isOrdinary = columns.isOrdinary[place] === 1;
    for (const { plugin, column } of this.nodeFilters) {
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

/**
 * The table of a shape; undefined when PreFilter rejects the shape or names its nodes, which is for the plain
 * evaluator to answer.
 */
export function createShapeTable(columns: NodeColumns, tables: DomainTables, profile: Profile, pod: PodInfo): ShapeTable | undefined {
  const state = new CycleState();
  for (const plugin of profile.preFilterPlugins) {
    if (plugin.preFilterReach !== 'shape') continue;
    const { status, nodeNames } = plugin.preFilter!(state, pod);
    if (status.code === 'Skip') state.skipFilter.add(plugin.name);
    else if (!isSuccess(status) || nodeNames !== undefined) return undefined;
  }
  return new ShapeTable(columns, tables, profile, pod, state);
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
