/**
 * component-freeze: a process of the control plane stands still (a long garbage collection, a paused virtual machine) and then goes
 * on with its old view of the world.
 */
import { afterSlash, defineFault } from './fault.ts';

export const componentFreeze = defineFault({
  name: 'component-freeze',
  summary: 'a control-plane process stands still, then goes on with its old view',
  place: 'target',
  targetKinds: ['component'],
  heals: true,
  parameters: [],
  strike: (world, target) => world.components.freeze(afterSlash(target.name)),
});
