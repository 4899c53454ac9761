/**
 * slow-cleanup: a node takes long to get rid of pods: unmounting, removing cgroups, tearing down networks. It counts their requests meanwhile,
 * although the API server may know that they have ended.
 *
 * Models    the window between a pod's last status and the end of its worker (kubernetes/kubernetes#106884)
 */
import { SECOND_US } from '../engine/units.ts';
import { defineFault, nodeNameOf } from './fault.ts';

export const slowCleanup = defineFault({
  name: 'slow-cleanup',
  summary: 'a node is slow to clean up after pods, and counts them after they have ended',
  place: 'target',
  targetKinds: ['node'],
  heals: true,
  parameters: [
    { name: 'factor', type: 'number', default: 1, min: 1, summary: 'how many times as long stopping sandboxes and cleaning up take' },
    {
      name: 'hold',
      type: 'duration',
      default: 2 * SECOND_US,
      min: 0,
      summary: 'how much longer the node counts a pod after reporting its end',
    },
  ],
  strike: (world, target, parameters) =>
    world.nodes.slowCleanup(nodeNameOf(world, target), parameters.number('factor'), parameters.number('hold')),
});
