/**
 * NodeResourcesBalancedAllocation: prefers nodes whose resources would be used to the same degree.
 *
 * Models    kubernetes v1.34 pkg/scheduler/framework/plugins/noderesources/balanced_allocation.go
 * Units     fractions are doubles, computed in the written order; the score is truncated
 */
import { CPU_AND_MEMORY, type ResourceWeight, readResourceWeights } from '../arguments.ts';
import type { ColumnScore } from '../column-programs.ts';
import type { CycleData, CycleState } from '../cycle-state.ts';
import { definePlugin, type Plugin, type PluginHandle, SCORE_MAX } from '../framework.ts';
import type { NodeInfo } from '../node-info.ts';
import type { PodInfo } from '../pod-info.ts';
import { allocatableOf, type ScoredResource, scoredResources, takenWith } from '../resource-scoring.ts';
import { type Amounts, amountNamed } from '../resources.ts';
import { SKIP, type Status, SUCCESS } from '../status.ts';

const NAME = 'NodeResourcesBalancedAllocation';

interface BalancedArgs {
  readonly resources: readonly ResourceWeight[];
}

export const nodeResourcesBalancedAllocation = definePlugin<BalancedArgs>({
  name: NAME,
  points: ['preScore', 'score'],
  defaultWeight: 1,
  args: [
    {
      name: 'resources',
      expects: 'a list of resources, each of weight 1',
      default: CPU_AND_MEMORY,
      read: (raw, path, problems) => readResourceWeights(raw, path, 1, problems),
    },
  ],
  create: createBalanced,
});

class PreScoreState implements CycleData {
  readonly resources: readonly ScoredResource[];

  constructor(resources: readonly ScoredResource[]) {
    this.resources = resources;
  }

  clone(): CycleData {
    return this;
  }
}

function createBalanced(args: BalancedArgs, handle: PluginHandle): Plugin {
  const skipsBestEffort = handle.behaviour.balancedSkipsBestEffort;

  function preScore(state: CycleState, pod: PodInfo): Status {
    const request = pod.accounted;
    if (skipsBestEffort && args.resources.every(({ name }) => amountNamed(request, name) === 0)) return SKIP;
    state.write(NAME, new PreScoreState(scoredResources(args.resources, request)));
    return SUCCESS;
  }

  return {
    name: NAME,
    preScore,
    ignoresLabels: true,
    preScoreReach: 'shape',
    score,
    scoreReach: 'node',
    columnScore: (pod) => balanceColumns(args.resources, pod.accounted),
  };
}

function score(state: CycleState, _pod: PodInfo, nodes: readonly NodeInfo[], scores: Float64Array): Status {
  const { resources } = state.read<PreScoreState>(NAME)!;
  for (let i = 0; i < nodes.length; i++) scores[i] = balance(nodes[i]!, resources);
  return SUCCESS;
}

function balance(node: NodeInfo, resources: readonly ScoredResource[]): number {
  const fractions: number[] = [];
  let total = 0;
  for (let i = 0; i < resources.length; i++) {
    const resource = resources[i]!;
    const allocatable = allocatableOf(node, resource.name);
    if (allocatable === 0) continue;
    const share = Number(takenWith(node, resource, false)) / Number(allocatable);
    const fraction = share > 1 ? 1 : share;
    total += fraction;
    fractions.push(fraction);
  }
  return Math.trunc((1 - deviation(fractions, total)) * SCORE_MAX);
}

/** The same over columns, for the usual two resources. */
function balanceColumns(configured: readonly ResourceWeight[], amounts: Amounts): ColumnScore | undefined {
  const { cpuMilli: cpu, memBytes: mem } = amounts;
  if (configured.length !== 2 || typeof cpu !== 'number' || typeof mem !== 'number') return undefined;
  if (!configured.some(({ name }) => name === 'cpu') || !configured.some(({ name }) => name === 'memory')) return undefined;
  return (columns, i) => {
    const cpuTotal = columns.cpuTotal[i]!;
    const memTotal = columns.memTotal[i]!;
    if (cpuTotal === 0 || memTotal === 0) return SCORE_MAX;
    const cpuShare = (columns.cpuTaken[i]! + cpu) / cpuTotal;
    const memShare = (columns.memTaken[i]! + mem) / memTotal;
    const difference = (cpuShare > 1 ? 1 : cpuShare) - (memShare > 1 ? 1 : memShare);
    return Math.trunc((1 - Math.abs(difference / 2)) * SCORE_MAX);
  };
}

/** Standard deviation; half the difference for two fractions, which is the same but for rounding. */
function deviation(fractions: readonly number[], total: number): number {
  if (fractions.length < 2) return 0;
  if (fractions.length === 2) return Math.abs((fractions[0]! - fractions[1]!) / 2);
  const mean = total / fractions.length;
  let sum = 0;
  for (const fraction of fractions) sum += (fraction - mean) * (fraction - mean);
  return Math.sqrt(sum / fractions.length);
}
