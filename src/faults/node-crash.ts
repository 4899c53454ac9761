/**
 * node-crash: machines die at once, with everything that runs on them; afterwards they boot.
 *
 * Models    unplanned machine failure and repair; rates in D. Ford et al., OSDI 2010 (mean time between node failures 4.3 months) and
 *           J. Dean, LADIS 2009 (1,000 machine failures in the first year of a cluster)
 */
import { defineFault, nodeNameOf } from './fault.ts';

export const nodeCrash = defineFault({
  name: 'node-crash',
  summary: 'machines die with everything on them; after the fault they boot',
  place: 'target',
  targetKinds: ['node'],
  heals: true,
  parameters: [],
  strike: (world, target) => world.nodes.crash(nodeNameOf(world, target)),
});
