/**
 * zone-outage: a whole zone fails.
 *
 * Models    the loss of an availability zone: a data centre of its own within a region
 */
import { defineFault } from './fault.ts';
import { OUTAGE_PARAMETERS, strikeOutage } from './outage.ts';

export const zoneOutage = defineFault({
  name: 'zone-outage',
  summary: 'a zone loses its power or its connection',
  place: 'target',
  targetKinds: ['zone'],
  heals: true,
  parameters: OUTAGE_PARAMETERS,
  strike: strikeOutage,
});
