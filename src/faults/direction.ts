/**
 * direction: which way faults of links work.
 */
import type { ParameterDef } from '../base/parameters.ts';

export const DIRECTION_PARAMETER: ParameterDef = {
  name: 'direction',
  type: 'text',
  default: 'both',
  choices: ['both', 'to', 'from'],
  summary: 'seen from the first end: to stops what it receives, from what it sends',
};
