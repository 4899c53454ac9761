/**
 * link-degradation: messages between two parts of the world take longer, or get lost and are sent again.
 *
 * Models    congestion and bad links: 5 racks with 50 % packet loss in the first year of a cluster (J. Dean, LADIS 2009)
 */
import { fail } from '../base/invariant.ts';
import type { Direction } from '../datacenter/network.ts';
import { constant, type Distribution } from '../engine/distributions.ts';
import { DIRECTION_PARAMETER } from './direction.ts';
import { defineFault } from './fault.ts';

export const linkDegradation = defineFault({
  name: 'link-degradation',
  summary: 'messages between two parts of the world are slow or get lost',
  place: 'between',
  targetKinds: [],
  heals: true,
  parameters: [
    DIRECTION_PARAMETER,
    { name: 'latency', type: 'duration', default: 0, min: 0, summary: 'median of what is added to every message one way' },
    { name: 'spread', type: 'number', default: 0, min: 0, max: 5, summary: 'sigma of the log-normal distribution of the added latency' },
    { name: 'loss', type: 'number', default: 0, min: 0, max: 1, summary: 'share of transmissions that are lost' },
  ],
  check: (parameters, path, problems) => {
    if (parameters.number('latency') === 0 && parameters.number('loss') === 0) problems.add(path, 'expected a latency or a loss above 0');
  },
  strike: (world, target, parameters) => {
    const [a, b] = target.ends;
    if (a === undefined || b === undefined) fail('link-degradation without two ends');
    const median = parameters.number('latency');
    const sigma = parameters.number('spread');
    const latency: Distribution = sigma === 0 ? constant(median) : { kind: 'lognormal', median, sigma };
    return world.datacenter.degrade(a, b, { latency, loss: parameters.number('loss') }, parameters.text('direction') as Direction);
  },
});
