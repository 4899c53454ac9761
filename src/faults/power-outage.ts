/**
 * power-outage: all racks on one power feed fail together.
 *
 * Models    the failure of a power distribution unit: about one a year, 500-1,000 machines, 6 h (J. Dean, LADIS 2009)
 */
import { defineFault } from './fault.ts';
import { OUTAGE_PARAMETERS, strikeOutage } from './outage.ts';

export const powerOutage = defineFault({
  name: 'power-outage',
  summary: 'everything on a power feed loses its power',
  place: 'target',
  targetKinds: ['power'],
  heals: true,
  parameters: OUTAGE_PARAMETERS,
  strike: strikeOutage,
});
