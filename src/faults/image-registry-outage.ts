/**
 * image-registry-outage: images cannot be pulled; pods whose image is on their node start as always.
 */
import { defineFault } from './fault.ts';

export const imageRegistryOutage = defineFault({
  name: 'image-registry-outage',
  summary: 'no image can be pulled',
  place: 'none',
  targetKinds: [],
  heals: true,
  parameters: [],
  strike: (world) => world.nodes.registryOutage(),
});
