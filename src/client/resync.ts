/**
 * Resync: how often an informer tells its handlers everything again.
 */

import type { Rng } from '../engine/rng.ts';
import { HOUR_US } from '../engine/units.ts';

export interface ResyncRange {
  readonly minUs: number;
  readonly maxUs: number;
}

/** --min-resync-period 12 h of kube-controller-manager: each informer draws from [12 h, 24 h). */
export const CONTROLLER_MANAGER_RESYNC: ResyncRange = { minUs: 12 * HOUR_US, maxUs: 24 * HOUR_US };

export function uniformBetweenUs(range: ResyncRange, rng: Rng): number {
  return Math.round(range.minUs + (range.maxUs - range.minUs) * rng.nextFloat());
}
