/**
 * TaintToleration: keeps pods off nodes whose hard taints they do not tolerate, and prefers nodes with few
 * untolerated soft ones.
 *
 * Models    kubernetes v1.34 pkg/scheduler/framework/plugins/tainttoleration/taint_toleration.go
 */
import type { Node, Taint, TaintEffect } from '../../objects/node.ts';
import type { Toleration } from '../../objects/pod.ts';
import { findUntolerated, isHardEffect, isTolerated } from '../../objects/taints.ts';
import { ACTION, clusterEvent } from '../cluster-event.ts';
import type { CycleData, CycleState } from '../cycle-state.ts';
import { isOwn } from '../event-hints.ts';
import { definePlugin, SCORE_MAX } from '../framework.ts';
import type { NodeInfo } from '../node-info.ts';
import { normalizeByMax } from '../normalize.ts';
import type { PodInfo } from '../pod-info.ts';
import { type Status, SUCCESS, unresolvable } from '../status.ts';

const NAME = 'TaintToleration';

export const taintToleration = definePlugin({
  name: NAME,
  points: ['filter', 'preScore', 'score'],
  defaultWeight: 3,
  args: [],
  create: () => ({
    name: NAME,
    filter,
    ignoresLabels: true,
    filterReach: 'static',
    preScore,
    preScoreReach: 'shape',
    score,
    scoreReach: 'static',
    normalizedZero: SCORE_MAX,
    normalizesByMax: 'reversed',
    normalize: (_state, _pod, _nodes, scores) => {
      normalizeByMax(scores, true);
      return SUCCESS;
    },
    events: [
      { event: clusterEvent('Node', ACTION.ADD | ACTION.UPDATE_NODE_TAINT), hint: becameTolerable },
      { event: clusterEvent('Pod', ACTION.UPDATE_POD_TOLERATION), hint: (pod, _before, after) => isOwn(pod, after) },
    ],
  }),
});

function filter(_state: CycleState, pod: PodInfo, node: NodeInfo): Status {
  const { taints } = node;
  if (taints.length === 0) return SUCCESS;
  const taint = findUntolerated(taints, pod.shape.tolerations, isHardEffect);
  return taint === undefined ? SUCCESS : unresolvable(NAME, `node(s) had untolerated taint {${taint.key}: ${taint.value}}`);
}

class SoftTolerations implements CycleData {
  readonly tolerations: readonly Toleration[];

  constructor(tolerations: readonly Toleration[]) {
    this.tolerations = tolerations;
  }

  clone(): CycleData {
    return this;
  }
}

/** Keeps the tolerations that can speak for a soft taint. */
function preScore(state: CycleState, pod: PodInfo): Status {
  const soft = pod.shape.tolerations.filter(({ effect }) => effect === '' || effect === 'PreferNoSchedule');
  state.write(NAME, new SoftTolerations(soft));
  return SUCCESS;
}

function score(state: CycleState, _pod: PodInfo, nodes: readonly NodeInfo[], scores: Float64Array): Status {
  const { tolerations } = state.read<SoftTolerations>(NAME)!;
  for (let i = 0; i < nodes.length; i++) {
    const { taints } = nodes[i]!;
    scores[i] = taints.length === 0 ? 0 : countIntolerable(taints, tolerations);
  }
  return SUCCESS;
}

function countIntolerable(taints: readonly Taint[], tolerations: readonly Toleration[]): number {
  let count = 0;
  for (const taint of taints) if (isSoft(taint.effect) && !isTolerated(taint, tolerations)) count++;
  return count;
}

function isSoft(effect: TaintEffect): boolean {
  return effect === 'PreferNoSchedule';
}

function becameTolerable(pod: PodInfo, before: unknown, after: unknown): boolean {
  if (isIntolerable(pod, after as Node)) return false;
  return before === undefined || isIntolerable(pod, before as Node);
}

function isIntolerable(pod: PodInfo, node: Node): boolean {
  return findUntolerated(node.spec.taints, pod.shape.tolerations, isHardEffect) !== undefined;
}
