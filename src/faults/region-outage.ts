/**
 * region-outage: a whole region fails.
 *
 * Models    the loss of a region, or of all its connections to the others
 */
import { defineFault } from './fault.ts';
import { OUTAGE_PARAMETERS, strikeOutage } from './outage.ts';

export const regionOutage = defineFault({
  name: 'region-outage',
  summary: 'a region loses its power or its connection',
  place: 'target',
  targetKinds: ['region'],
  heals: true,
  parameters: OUTAGE_PARAMETERS,
  strike: strikeOutage,
});
