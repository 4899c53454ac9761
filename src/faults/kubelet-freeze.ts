/**
 * kubelet-freeze: the kubelet process of a node stands still, then goes on with its old view; its containers run on.
 *
 * Models    a stalled process: out of memory and swapping, a stuck disk, a paused virtual machine whose containers are elsewhere
 */
import { defineFault, nodeNameOf } from './fault.ts';

export const kubeletFreeze = defineFault({
  name: 'kubelet-freeze',
  summary: 'the kubelet process stands still while containers run on',
  place: 'target',
  targetKinds: ['node'],
  heals: true,
  parameters: [],
  strike: (world, target) => world.nodes.freeze(nodeNameOf(world, target)),
});
