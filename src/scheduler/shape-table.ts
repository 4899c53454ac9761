/**
 * ShapeTable: what one pod shape means to every node, remembered until the node changes.
 *
 * HOT       one look per visited node; plugins run only for nodes that changed since the shape was last here
 * Layout    parallel typed arrays by the node's place in the snapshot; a remembered value holds while its stamp is the
 *           column's
 * Oracle    Profile.runFilters and Profile.runScores; held together by incremental-evaluator.property.test.ts
 * Cost      42 bytes per node and shape, and 16 more per soft score
 *
 * Filters and scores are sorted once, by how far they look: at the node object, at the node with its pods, or at the
 * whole cluster (`late`, `wide`: not remembered). Scores that look at one node and are not normalized are remembered as one
 * weighted sum; those that are normalized over the feasible nodes (`soft`) as raw values.
 */
import type { ColumnFilter, ColumnScore } from './column-programs.ts';
import type { CycleState } from './cycle-state.ts';
import type { Plugin } from './framework.ts';
import type { NodeColumns } from './node-columns.ts';
import type { PodInfo } from './pod-info.ts';
import type { Profile } from './profile.ts';
import { isRejected, isSuccess, type Status } from './status.ts';

const FITS = 1;
const FAILS = 2;

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
  readonly raw: Float64Array;
  readonly stamp: Float64Array;
  /** Whether the raw score looks at the node's pods, too. */
  readonly looksAtPods: boolean;
}

export class ShapeTable {
  /** Filters that look at the whole cluster, in order. */
  readonly lateFilters: readonly Plugin[];
  /** Scores that look at the whole cluster. */
  readonly wideScores: readonly WeightedScore[];
  /** Empty until `prepareScores`. */
  softScores: readonly SoftScore[];
  /** A plugin gave an internal error during this attempt. */
  hasError: boolean;

  private readonly columns: NodeColumns;
  private readonly staticFilters: readonly Plugin[];
  private readonly nodeFilters: readonly NodeFilter[];
  private readonly scores: readonly WeightedScore[];
  private baseScores: readonly BaseScore[] | undefined;
  private readonly verdict: Uint8Array;
  private readonly staticVerdict: Uint8Array;
  private readonly verdictStamp: Float64Array;
  private readonly staticStamp: Float64Array;
  private readonly base: Float64Array;
  private readonly baseStamp: Float64Array;
  private readonly one: Float64Array;

  constructor(columns: NodeColumns, profile: Profile, filters: readonly Plugin[], pod: PodInfo) {
    const count = columns.nodes.length;
    this.columns = columns;
    this.staticFilters = filters.filter((plugin) => plugin.filterReach === 'static');
    this.nodeFilters = filters
      .filter((plugin) => plugin.filterReach === 'node')
      .map((plugin) => ({ plugin, column: plugin.columnFilter?.(pod) }));
    this.lateFilters = filters.filter((plugin) => plugin.filterReach !== 'static' && plugin.filterReach !== 'node');
    this.scores = profile.scorePlugins.filter(({ plugin }) => isRemembered(plugin, pod));
    this.wideScores = profile.scorePlugins.filter(({ plugin }) => !isRemembered(plugin, pod));
    this.softScores = [];
    this.baseScores = undefined;
    this.hasError = false;
    this.verdict = new Uint8Array(count);
    this.staticVerdict = new Uint8Array(count);
    this.verdictStamp = new Float64Array(count);
    this.staticStamp = new Float64Array(count);
    this.base = new Float64Array(count);
    this.baseStamp = new Float64Array(count);
    this.one = new Float64Array(1);
  }

  /** Whether the remembered filters pass the node at `index`. */
  fits(index: number, state: CycleState, pod: PodInfo): boolean {
    if (this.verdictStamp[index] !== this.columns.stamp[index]) this.judge(index, state, pod);
    return this.verdict[index] === FITS;
  }

  /**
   * After PreScore: sorts the scores when the shape is scored for the first time. False when PreScore left other
   * plugins out than then.
   */
  prepareScores(state: CycleState, pod: PodInfo): boolean {
    if (this.baseScores === undefined) this.sortScores(state, pod);
    let active = 0;
    for (const { plugin } of this.scores) if (!state.skipScore.has(plugin.name)) active++;
    if (active !== this.baseScores!.length + this.softScores.length) return false;
    for (const { plugin } of this.baseScores!) if (state.skipScore.has(plugin.name)) return false;
    for (const { plugin } of this.softScores) if (state.skipScore.has(plugin.name)) return false;
    return true;
  }

  /** The weighted sum of the remembered scores of the node at `index` that need no normalization. */
  rated(index: number, state: CycleState, pod: PodInfo): number {
    const stamp = this.columns.stamp[index]!;
    if (this.baseStamp[index] !== stamp) {
      this.base[index] = this.rate(index, state, pod);
      this.baseStamp[index] = this.hasError ? -1 : stamp;
    }
    return this.base[index]!;
  }

  softRaw(score: SoftScore, index: number, state: CycleState, pod: PodInfo): number {
    const stamp = score.looksAtPods ? this.columns.stamp[index]! : this.columns.nodeStamp[index]!;
    if (score.stamp[index] !== stamp) {
      score.raw[index] = this.rawOf(score.plugin, index, state, pod);
      score.stamp[index] = this.hasError ? -1 : stamp;
    }
    return score.raw[index]!;
  }

  private sortScores(state: CycleState, pod: PodInfo): void {
    const count = this.base.length;
    const active = this.scores.filter(({ plugin }) => !state.skipScore.has(plugin.name));
    this.baseScores = active
      .filter(({ plugin }) => plugin.normalize === undefined)
      .map(({ plugin, weight }) => ({ plugin, weight, column: plugin.columnScore?.(pod) }));
    this.softScores = active
      .filter(({ plugin }) => plugin.normalize !== undefined)
      .map(({ plugin, weight }) => ({
        plugin,
        weight,
        raw: new Float64Array(count),
        stamp: new Float64Array(count),
        looksAtPods: plugin.scoreReach !== 'static',
      }));
  }

  private rate(index: number, state: CycleState, pod: PodInfo): number {
    const { columns } = this;
    const isOrdinary = columns.isOrdinary[index] === 1;
    let sum = 0;
    for (const { plugin, weight, column } of this.baseScores!) {
      const raw = column !== undefined && isOrdinary ? column(columns, index) : this.rawOf(plugin, index, state, pod);
      // The plain evaluator refuses scores outside 0..100 with an error.
      if (!(raw >= 0 && raw <= 100)) this.hasError = true;
      sum += raw * weight;
    }
    return sum;
  }

  private rawOf(plugin: Plugin, index: number, state: CycleState, pod: PodInfo): number {
    this.one[0] = 0;
    const status = plugin.score!(state, pod, [this.columns.nodes[index]!], this.one);
    if (!isSuccess(status)) this.hasError = true;
    return this.one[0]!;
  }

  private judge(index: number, state: CycleState, pod: PodInfo): void {
    const { columns } = this;
    if (this.staticStamp[index] !== columns.nodeStamp[index]) {
      this.staticVerdict[index] = this.passesStatic(index, state, pod) ? FITS : FAILS;
      this.staticStamp[index] = this.hasError ? -1 : columns.nodeStamp[index]!;
    }
    this.verdict[index] = this.staticVerdict[index] === FITS && this.passesNode(index, state, pod) ? FITS : FAILS;
    this.verdictStamp[index] = this.hasError ? -1 : columns.stamp[index]!;
  }

  private passesStatic(index: number, state: CycleState, pod: PodInfo): boolean {
    const node = this.columns.nodes[index]!;
    for (const plugin of this.staticFilters) if (!this.passes(plugin.filter!(state, pod, node))) return false;
    return true;
  }

  private passesNode(index: number, state: CycleState, pod: PodInfo): boolean {
    const { columns } = this;
    const isOrdinary = columns.isOrdinary[index] === 1;
    for (const { plugin, column } of this.nodeFilters) {
      const passes =
        column !== undefined && isOrdinary ? column(columns, index) : this.passes(plugin.filter!(state, pod, columns.nodes[index]!));
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

/** Whether a raw score depends on nothing but the shape and the node, or has a program that says on what. */
function isRemembered(plugin: Plugin, pod: PodInfo): boolean {
  return plugin.scoreReach === 'static' || plugin.scoreReach === 'node' || plugin.columnScore?.(pod) !== undefined;
}
