/**
 * partition: messages between two parts of the world stop, in one direction or both. Everything else goes on.
 */

import { fail } from '../base/invariant.ts';
import type { Direction } from '../datacenter/network.ts';
import { DIRECTION_PARAMETER } from './direction.ts';
import { defineFault } from './fault.ts';

export const partition = defineFault({
  name: 'partition',
  summary: 'no messages between two parts of the world, one way or both',
  place: 'between',
  targetKinds: [],
  heals: true,
  parameters: [DIRECTION_PARAMETER],
  strike: (world, target, parameters) => {
    const [a, b] = target.ends;
    if (a === undefined || b === undefined) fail('partition without two ends');
    return world.datacenter.cut(a, b, parameters.text('direction') as Direction);
  },
});
