/**
 * ShapeTable: what an evaluator knows about one pod shape in one profile: the verdicts and scores of nodes by themselves,
 * which it shares with shapes that differ in labels only, and the filters and scores that look at the whole cluster.
 *
 * Filters and scores are sorted once, by how far they look: at the node (remembered in NodeVerdicts), at the
 * whole cluster by a program of their own, or at the whole cluster in the plain way (`late`, `wide`).
 * Memory    about 1 kB, and what DomainTables keeps for its programs
 */
import { type ClusterFilter, type ClusterScore, NEVER_FILTERS, NEVER_SCORES } from './column-programs.ts';
import { CycleState } from './cycle-state.ts';
import type { DomainTables } from './domain-tables.ts';
import type { Plugin, Reach } from './framework.ts';
import { isRememberedFilter, isRememberedScore, type NodeVerdicts } from './node-verdicts.ts';
import type { PodInfo } from './pod-info.ts';
import type { Profile } from './profile.ts';
import { isSuccess } from './status.ts';

export interface WeightedScore {
  readonly plugin: Plugin;
  readonly weight: number;
}

export interface WeightedProgram {
  readonly program: ClusterScore;
  readonly weight: number;
}

export class ShapeTable {
  readonly verdicts: NodeVerdicts;
  /** Whether some plugin's PreFilter has to run in every attempt. */
  readonly needsPreFilter: boolean;
  readonly clusterFilters: readonly ClusterFilter[];
  /** Filters of the whole cluster without a program, in order. */
  readonly lateFilters: readonly Plugin[];
  readonly clusterScores: readonly WeightedProgram[];
  /** Scores of the whole cluster without a program. */
  readonly wideScores: readonly WeightedScore[];

  constructor(verdicts: NodeVerdicts, tables: DomainTables, profile: Profile, pod: PodInfo) {
    const { state } = verdicts;
    this.verdicts = verdicts;
    const clusterFilters: ClusterFilter[] = [];
    const lateFilters: Plugin[] = [];
    const programmed = new Set<Plugin>();
    for (const plugin of profile.filterPlugins) {
      if (state.skipFilter.has(plugin.name) || isRememberedFilter(plugin)) continue;
      const program = plugin.clusterFilter?.(pod, tables);
      if (program !== undefined) {
        if (program !== NEVER_FILTERS) clusterFilters.push(program);
        programmed.add(plugin);
      } else lateFilters.push(plugin);
    }
    this.clusterFilters = clusterFilters;
    this.lateFilters = lateFilters;
    this.needsPreFilter = profile.preFilterPlugins.some((plugin) => plugin.preFilterReach !== 'shape' && !programmed.has(plugin));

    const clusterScores: WeightedProgram[] = [];
    const wideScores: WeightedScore[] = [];
    for (const { plugin, weight } of profile.scorePlugins) {
      if (state.skipScore.has(plugin.name) || isRememberedScore(plugin, pod)) continue;
      const program = plugin.clusterScore?.(pod, tables);
      if (program !== undefined) {
        if (program !== NEVER_SCORES) clusterScores.push({ program, weight });
      } else wideScores.push({ plugin, weight });
    }
    this.clusterScores = clusterScores;
    this.wideScores = wideScores;
  }
}

/**
 * Runs PreFilter where it says the same for the whole shape; undefined when it rejects the shape or names its nodes, which is for
 * the plain evaluator to answer.
 */
export function prepareShape(profile: Profile, pod: PodInfo): CycleState | undefined {
  const state = new CycleState();
  for (const plugin of profile.preFilterPlugins) {
    if (plugin.preFilterReach !== 'shape') continue;
    const { status, nodeNames } = plugin.preFilter!(state, pod);
    if (status.code === 'Skip') state.skipFilter.add(plugin.name);
    else if (!isSuccess(status) || nodeNames !== undefined) return undefined;
  }
  return state;
}

/** Whether pods that differ in labels and the like only may share what is remembered of nodes. */
export function sharesVerdicts(profile: Profile): boolean {
  for (const plugin of profile.plugins) {
    if (plugin.ignoresLabels === true) continue;
    const isRemembered =
      plugin.preFilterReach === 'shape' ||
      plugin.preScoreReach === 'shape' ||
      plugin.columnScore !== undefined ||
      isNodeReach(plugin.filterReach) ||
      isNodeReach(plugin.scoreReach);
    if (isRemembered) return false;
  }
  return true;
}

function isNodeReach(reach: Reach | undefined): boolean {
  return reach === 'static' || reach === 'node';
}
