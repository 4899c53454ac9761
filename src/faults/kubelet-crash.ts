/**
 * kubelet-crash: the kubelet process of a node dies; its containers run on. Afterwards it starts with empty memory, lists its pods
 * again and admits them anew.
 */
import { defineFault, nodeNameOf } from './fault.ts';

export const kubeletCrash = defineFault({
  name: 'kubelet-crash',
  summary: 'the kubelet process dies while containers run on; after the fault it starts anew',
  place: 'target',
  targetKinds: ['node'],
  heals: true,
  parameters: [],
  strike: (world, target) => world.nodes.kubeletCrash(nodeNameOf(world, target)),
});
