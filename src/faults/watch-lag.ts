/**
 * watch-lag: a component sees changes late, of one kind of object or of all; the order within a kind is kept.
 */
import { constant, type Distribution } from '../engine/distributions.ts';
import { SECOND_US } from '../engine/units.ts';
import { componentOf, defineFault } from './fault.ts';
import { checkKind, kindParameter } from './kind-parameter.ts';

export const watchLag = defineFault({
  name: 'watch-lag',
  summary: 'a component sees changes late, or none until the fault ends',
  place: 'target',
  targetKinds: ['component', 'node'],
  heals: true,
  parameters: [
    kindParameter('is seen late'),
    { name: 'lag', type: 'duration', default: 5 * SECOND_US, min: 0, summary: 'median delay' },
    { name: 'spread', type: 'number', default: 0, min: 0, max: 5, summary: 'sigma of the log-normal distribution of the delay' },
    { name: 'stall', type: 'boolean', default: false, summary: 'deliver nothing at all until the fault ends; lag is not used then' },
  ],
  check: checkKind,
  strike: (world, target, parameters) => {
    const component = componentOf(world, target);
    const kind = parameters.text('kind');
    if (parameters.boolean('stall')) return world.components.stallWatch(component, kind);
    const median = parameters.number('lag');
    const sigma = parameters.number('spread');
    const lag: Distribution = sigma === 0 ? constant(median) : { kind: 'lognormal', median, sigma };
    return world.components.lagWatch(component, kind, lag);
  },
});
