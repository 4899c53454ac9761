/**
 * FillRacks: a scheduler plugin that keeps pods in as few racks as it can, so that the other racks may be switched off.
 *
 * Used by scenarios/fill-racks.yaml; docs/tutorials/write-a-scheduler-plugin.md tells how it came to be.
 */
import { ACTION, type CycleData, clusterEvent, definePlugin, integerArgument, normalizeByMax, SUCCESS, unschedulable } from 'seatrial';

interface Args {
  /** Most pods in one rack; 0 for no bound. */
  readonly podsPerRack: number;
}

/** Pods by rack, as they are when an attempt begins. */
class RackCounts implements CycleData {
  readonly counts: ReadonlyMap<string, number>;

  constructor(counts: ReadonlyMap<string, number>) {
    this.counts = counts;
  }

  clone(): CycleData {
    return this;
  }
}

const RACK = 'topology.seatrial.dev/rack';
const COUNTS = 'FillRacks/counts';

export default definePlugin<Args>({
  name: 'FillRacks',
  points: ['preFilter', 'filter', 'score'],
  weight: 10,
  args: [integerArgument('podsPerRack', 0, 0, 1_000_000)],
  create: ({ podsPerRack }, handle) => ({
    preFilter(state) {
      const counts = new Map<string, number>();
      for (const node of handle.snapshot.nodes) {
        const rack = node.labels[RACK] ?? '';
        counts.set(rack, (counts.get(rack) ?? 0) + node.pods.length);
      }
      state.write(COUNTS, new RackCounts(counts));
    },

    filter(state, _pod, node) {
      const count = state.read<RackCounts>(COUNTS)?.counts.get(node.labels[RACK] ?? '') ?? 0;
      return podsPerRack > 0 && count >= podsPerRack ? unschedulable('FillRacks', 'rack is full') : SUCCESS;
    },

    scoreNode(_pod, node, state) {
      return state.read<RackCounts>(COUNTS)?.counts.get(node.labels[RACK] ?? '') ?? 0;
    },

    normalize(_state, _pod, _nodes, scores) {
      normalizeByMax(scores, false);
    },

    // A pod that was turned down here may fit once some pod is gone, or a node has come.
    events: [{ event: clusterEvent('AssignedPod', ACTION.DELETE) }, { event: clusterEvent('Node', ACTION.ADD) }],
  }),
});
