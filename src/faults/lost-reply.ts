/**
 * lost-reply: requests are executed and never answered: after its time-out the client cannot know whether its write was stored.
 */
import { defineFault } from './fault.ts';
import { checkRequestFilter, REQUEST_COUNTS, REQUEST_FILTER, REQUEST_TARGETS, strikeRequests } from './request-filter.ts';

export const lostReply = defineFault({
  name: 'lost-reply',
  summary: 'requests are executed and never answered',
  place: 'any',
  targetKinds: REQUEST_TARGETS,
  heals: true,
  parameters: [...REQUEST_FILTER, ...REQUEST_COUNTS],
  check: checkRequestFilter,
  strike: (world, target, parameters, rng) => strikeRequests(world, target, parameters, rng, { what: 'lose-reply' }),
});
