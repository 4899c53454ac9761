/**
 * Column programs: the fast form of a filter or a score. A plugin that offers one answers for one pod shape by reading
 * NodeColumns at an index, exactly as its `filter` or `score` answers for the NodeInfo of that place.
 *
 * HOT       ColumnFilter and ColumnScore once per (pod shape, changed node); ClusterFilter and ClusterScore a few times per
 *           attempt, looping over the visited nodes
 */
import type { NodeColumns } from './node-columns.ts';

/** Whether the node at `index` passes. */
export type ColumnFilter = (columns: NodeColumns, index: number) => boolean;
/** The raw score of the node at `index`. */
export type ColumnScore = (columns: NodeColumns, index: number) => number;

/** The fast form of PreFilter and Filter of a plugin that looks at the whole cluster, for pods of one shape. */
export interface ClusterFilter {
  /** Called first in every attempt: takes in what changed. False: the plugin leaves itself out, as PreFilter does with Skip. */
  prepare(): boolean;
  /** Moves those of `places[from..to-1]` that pass to the left, in order; returns where they end. */
  keep(places: Int32Array, from: number, to: number): number;
}

/** The fast form of PreScore, Score and Normalize, likewise. */
export interface ClusterScore {
  /** Called first in every attempt that scores: takes in what changed. False: the plugin leaves itself out. */
  prepare(): boolean;
  /**
   * Adds to `totals[0..count-1]` the normalized scores, times `weight`, of the feasible nodes at `places[0..count-1]`; `scratch` is
   * as long. False when a score leaves 0..100.
   */
  addTo(totals: Float64Array, weight: number, places: Int32Array, count: number, scratch: Float64Array): boolean;
}

/** For pods that the plugin leaves alone, whatever the cluster has. */
export const NEVER_FILTERS: ClusterFilter = Object.freeze({
  prepare: () => false,
  keep: (_places: Int32Array, _from: number, to: number) => to,
});
export const NEVER_SCORES: ClusterScore = Object.freeze({ prepare: () => false, addTo: () => true });
