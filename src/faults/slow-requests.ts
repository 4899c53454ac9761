/**
 * slow-requests: requests are executed late, or answered late: an overloaded server, a slow disk of etcd, an admission webhook that takes its
 * time.
 *
 * Differs   a client that gives up does not take its request back: it may still be executed, as in life
 */
import { constant, type Distribution } from '../engine/distributions.ts';
import { SECOND_US } from '../engine/units.ts';
import { defineFault } from './fault.ts';
import { checkRequestFilter, REQUEST_COUNTS, REQUEST_FILTER, REQUEST_TARGETS, strikeRequests } from './request-filter.ts';

export const slowRequests = defineFault({
  name: 'slow-requests',
  summary: 'requests are executed late, or answered late',
  place: 'any',
  targetKinds: REQUEST_TARGETS,
  heals: true,
  parameters: [
    { name: 'delay', type: 'duration', default: 5 * SECOND_US, min: 0, summary: 'median of what is added' },
    { name: 'spread', type: 'number', default: 0, min: 0, max: 5, summary: 'sigma of the log-normal distribution of the delay' },
    {
      name: 'when',
      type: 'text',
      default: 'before',
      choices: ['before', 'after'],
      summary: 'before: executed this much later; after: executed in time and answered this much later',
    },
    ...REQUEST_FILTER,
    ...REQUEST_COUNTS,
  ],
  check: checkRequestFilter,
  strike: (world, target, parameters, rng) => {
    const median = parameters.number('delay');
    const sigma = parameters.number('spread');
    const by: Distribution = sigma === 0 ? constant(median) : { kind: 'lognormal', median, sigma };
    const effect = parameters.text('when') === 'before' ? ({ what: 'delay', by } as const) : ({ what: 'delay-reply', by } as const);
    return strikeRequests(world, target, parameters, rng, effect);
  },
});
