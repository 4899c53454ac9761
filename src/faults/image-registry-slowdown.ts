/**
 * image-registry-slowdown: downloads of images take longer.
 */
import { defineFault } from './fault.ts';

export const imageRegistrySlowdown = defineFault({
  name: 'image-registry-slowdown',
  summary: 'images download slowly',
  place: 'none',
  targetKinds: [],
  heals: true,
  parameters: [{ name: 'factor', type: 'number', default: 10, min: 1, summary: 'how many times as long a download takes' }],
  strike: (world, _target, parameters) => world.nodes.slowRegistry(parameters.number('factor')),
});
