/**
 * DynamicResources: what is left of it without devices. It skips every pod, but its presence shows in the messages
 * of preemption, and it keeps preemption from running after PreFilter found a pod hopeless.
 *
 * Models    kubernetes v1.34 pkg/scheduler/framework/plugins/dynamicresources/dynamicresources.go, for pods without
 *           ResourceClaims
 * Differs   resource claims are not modelled: pods that have some are treated as if they had none
 */
import { durationArgument } from '../arguments.ts';
import { ACTION, clusterEvent } from '../cluster-event.ts';
import type { CycleData } from '../cycle-state.ts';
import { definePlugin, NO_NOMINATION, type PostFilterResult } from '../framework.ts';
import { errorStatus, SKIP, SUCCESS, unschedulable } from '../status.ts';

const NAME = 'DynamicResources';
const SKIPPED = { status: SKIP };
const NOTHING_TO_FREE: PostFilterResult = { status: unschedulable(NAME, 'no new claims to deallocate'), nominating: NO_NOMINATION };
/** PreFilter ended before this plugin ran. */
const NO_STATE: PostFilterResult = { status: errorStatus(NAME, 'not found'), nominating: NO_NOMINATION };

const MARK: CycleData = { clone: () => MARK };

export const dynamicResources = definePlugin({
  name: NAME,
  points: ['preFilter', 'filter', 'postFilter', 'reserve'],
  versions: ['1.34'],
  defaultWeight: 0,
  args: [durationArgument('filterTimeout', '10s')],
  create: () => ({
    name: NAME,
    preFilter(state) {
      state.write(NAME, MARK);
      return SKIPPED;
    },
    ignoresLabels: true,
    preFilterReach: 'shape',
    filter: () => SUCCESS,
    filterReach: 'static',
    postFilter: (state) => (state.read(NAME) === undefined ? NO_STATE : NOTHING_TO_FREE),
    reserve: () => SUCCESS,
    events: [
      { event: clusterEvent('Node', ACTION.ADD | ACTION.UPDATE_NODE_LABEL | ACTION.UPDATE_NODE_ALLOCATABLE) },
      { event: clusterEvent('DeviceClass', ACTION.ADD | ACTION.UPDATE) },
      { event: clusterEvent('ResourceSlice', ACTION.ADD | ACTION.UPDATE) },
      { event: clusterEvent('ResourceClaim', ACTION.ADD | ACTION.UPDATE), hint: () => false },
      { event: clusterEvent('Pod', ACTION.UPDATE_POD_GENERATED_RESOURCE_CLAIM), hint: () => false },
    ],
  }),
});
