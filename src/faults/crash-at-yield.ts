/**
 * crash-at-yield: a process of the control plane dies where one of its threads waits: for an answer, a timer, the next item of a queue.
 *
 * Every `yield` of the simulated code is such a point; together with crash-at-write they are all places a crash can make a difference at.
 */
import { RESTART_AFTER } from './crash-parameters.ts';
import { afterSlash, defineFault } from './fault.ts';

export const crashAtYield = defineFault({
  name: 'crash-at-yield',
  summary: 'a control-plane process dies at the n-th point where it waits; later it starts with empty memory',
  place: 'target',
  targetKinds: ['component'],
  heals: true,
  parameters: [
    { name: 'nth', type: 'integer', default: 1, min: 1, summary: 'at which wait, counted from the start of the fault' },
    {
      name: 'process',
      type: 'text',
      default: '',
      summary: 'only waits of threads whose name begins so, such as deployment/; empty for all',
    },
    RESTART_AFTER,
  ],
  strike: (world, target, parameters) => {
    const prefix = parameters.text('process');
    return world.components.crashAtYield(afterSlash(target.name), {
      matches: (processName) => processName.startsWith(prefix),
      nth: parameters.number('nth'),
      restartAfterUs: parameters.number('restartAfter'),
    });
  },
});
