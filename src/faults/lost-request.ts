/**
 * lost-request: requests are neither executed nor answered: to the client this looks exactly as a lost reply does.
 */
import { defineFault } from './fault.ts';
import { checkRequestFilter, REQUEST_COUNTS, REQUEST_FILTER, REQUEST_TARGETS, strikeRequests } from './request-filter.ts';

export const lostRequest = defineFault({
  name: 'lost-request',
  summary: 'requests are neither executed nor answered',
  place: 'any',
  targetKinds: REQUEST_TARGETS,
  heals: true,
  parameters: [...REQUEST_FILTER, ...REQUEST_COUNTS],
  check: checkRequestFilter,
  strike: (world, target, parameters, rng) => strikeRequests(world, target, parameters, rng, { what: 'lose-request' }),
});
