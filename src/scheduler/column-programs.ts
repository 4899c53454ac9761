/**
 * Column programs: the fast form of a filter or a score. A plugin that offers one answers for one pod shape by reading
 * NodeColumns at an index, exactly as its `filter` or `score` answers for the NodeInfo of that place.
 *
 * HOT       run once per (pod shape, changed node)
 */
import type { NodeColumns } from './node-columns.ts';

/** Whether the node at `index` passes. */
export type ColumnFilter = (columns: NodeColumns, index: number) => boolean;
/** The raw score of the node at `index`. */
export type ColumnScore = (columns: NodeColumns, index: number) => number;
