/**
 * disk-slowdown: making sandboxes and containers and unpacking images takes longer on a node.
 */
import { defineFault, nodeNameOf } from './fault.ts';

export const diskSlowdown = defineFault({
  name: 'disk-slowdown',
  summary: 'pods start slowly on a node',
  place: 'target',
  targetKinds: ['node'],
  heals: true,
  parameters: [{ name: 'factor', type: 'number', default: 10, min: 1, summary: 'how many times as long the disk takes' }],
  strike: (world, target, parameters) => world.nodes.slowDisk(nodeNameOf(world, target), parameters.number('factor')),
});
