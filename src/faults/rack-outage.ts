/**
 * rack-outage: everything in one rack fails together.
 *
 * Models    the failures of whole racks: 20 in the first year of a cluster, 40-80 machines at once, 1-6 h (J. Dean, LADIS 2009);
 *           mean time between failures of a rack 10.2 years (D. Ford et al., OSDI 2010)
 */
import { defineFault } from './fault.ts';
import { OUTAGE_PARAMETERS, strikeOutage } from './outage.ts';

export const rackOutage = defineFault({
  name: 'rack-outage',
  summary: 'a rack loses its power or its switch',
  place: 'target',
  targetKinds: ['rack'],
  heals: true,
  parameters: OUTAGE_PARAMETERS,
  strike: strikeOutage,
});
