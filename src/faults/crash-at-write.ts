/**
 * crash-at-write: a process dies right before or right after one of its writes, so that what it wanted to do next never happens.
 *
 * Models    Sieve's "intermediate state" (X. Sun et al., OSDI 2022): a controller restarts between two writes that belong together
 */
import { RESTART_AFTER } from './crash-parameters.ts';
import { afterSlash, defineFault } from './fault.ts';
import { checkRequestFilter, requestMatch, WRITE_FILTER } from './request-filter.ts';

export const crashAtWrite = defineFault({
  name: 'crash-at-write',
  summary: 'a control-plane process dies at its n-th write; later it starts with empty memory',
  place: 'target',
  targetKinds: ['component'],
  heals: true,
  parameters: [
    {
      name: 'when',
      type: 'text',
      default: 'after',
      choices: ['before', 'after'],
      summary: 'before: the write is not sent; after: it is stored, and the process never hears of it',
    },
    { name: 'nth', type: 'integer', default: 1, min: 1, summary: 'at which matching write, counted from the start of the fault' },
    ...WRITE_FILTER,
    RESTART_AFTER,
  ],
  check: checkRequestFilter,
  strike: (world, target, parameters) =>
    world.components.crashAtWrite(afterSlash(target.name), parameters.text('when') as 'before' | 'after', {
      matches: requestMatch(parameters),
      nth: parameters.number('nth'),
      restartAfterUs: parameters.number('restartAfter'),
    }),
});
