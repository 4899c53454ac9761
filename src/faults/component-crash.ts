/**
 * component-crash: a process of the control plane dies, with its caches, queues and timers; after the fault it starts anew.
 */
import { afterSlash, defineFault } from './fault.ts';

export const componentCrash = defineFault({
  name: 'component-crash',
  summary: 'a control-plane process dies; after the fault it starts with empty memory',
  place: 'target',
  targetKinds: ['component'],
  heals: true,
  parameters: [],
  strike: (world, target) => world.components.crash(afterSlash(target.name)),
});
