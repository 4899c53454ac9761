/**
 * request-refusal: an API server refuses requests it would otherwise execute.
 *
 * Differs   requests that begin a watch are not refused; see watch-drop
 */
import type { ParameterValues } from '../base/parameters.ts';
import { type ApiStatus, conflict, internalError, serverTimeout, serviceUnavailable, tooManyRequests } from '../objects/api-status.ts';
import { defineFault } from './fault.ts';
import { checkRequestFilter, REQUEST_COUNTS, REQUEST_FILTER, REQUEST_TARGETS, strikeRequests } from './request-filter.ts';

export const requestRefusal = defineFault({
  name: 'request-refusal',
  summary: 'requests are refused: conflicts, throttling, internal errors',
  place: 'any',
  targetKinds: REQUEST_TARGETS,
  heals: true,
  parameters: [
    { name: 'code', type: 'integer', default: 500, summary: 'the HTTP code of the refusal: 409, 429, 500, 503 or 504' },
    ...REQUEST_FILTER,
    ...REQUEST_COUNTS,
    {
      name: 'retryAfter',
      type: 'integer',
      default: 0,
      min: 0,
      summary: 'with code 429: seconds the client is told to wait; 0 for no word',
    },
  ],
  check: (parameters, path, problems) => {
    checkRequestFilter(parameters, path, problems);
    if (statusOf(parameters) === undefined) {
      problems.add(`${path}.code`, `expected one of 409, 429, 500, 503, 504, found ${parameters.number('code')}`);
    } else if (parameters.number('retryAfter') > 0 && parameters.number('code') !== 429) {
      problems.add(`${path}.retryAfter`, 'only goes with code 429');
    }
  },
  strike: (world, target, parameters, rng) =>
    strikeRequests(world, target, parameters, rng, { what: 'refuse', status: statusOf(parameters)! }),
});

function statusOf(parameters: ParameterValues): ApiStatus | undefined {
  switch (parameters.number('code')) {
    case 409:
      return conflict(
        'Operation cannot be fulfilled: the object has been modified; please apply your changes to the latest version and try again',
      );
    case 429:
      return tooManyRequests(
        'the server has received too many requests and has asked us to try again later',
        parameters.number('retryAfter'),
      );
    case 500:
      return internalError('an error on the server has prevented the request from succeeding');
    case 503:
      return serviceUnavailable('the server is currently unable to handle the request');
    case 504:
      return serverTimeout('the server was unable to return a response in the time allotted, but may still be processing the request');
    default:
      return undefined;
  }
}
