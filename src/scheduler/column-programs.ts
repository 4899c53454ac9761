/**
 * Column programs: the fast form of a filter or a score. A plugin that offers one answers for one pod shape by reading
 * NodeColumns at an index, exactly as its `filter` or `score` answers for the NodeInfo of that place.
 *
 * HOT       ColumnFilter and ColumnScore once per (pod shape, changed node); ClusterFilter and ClusterScore once
 *           per (pod, visited node)
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
  /** Whether the node at `place` passes. */
  passes(place: number): boolean;
}

/** The fast form of PreScore, Score and Normalize, likewise. */
export interface ClusterScore {
  /** Called first in every attempt that scores: takes in what changed. False: the plugin leaves itself out. */
  prepare(): boolean;
  /** Fills `scores[0..count-1]` with the normalized scores of the feasible nodes at `places[0..count-1]`. */
  score(places: Int32Array, count: number, scores: Float64Array): void;
}
