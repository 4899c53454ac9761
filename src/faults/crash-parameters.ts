/**
 * What faults that crash a process at a point of its program have in common.
 */
import type { ParameterDef } from '../base/parameters.ts';
import { SECOND_US } from '../engine/units.ts';

export const RESTART_AFTER: ParameterDef = {
  name: 'restartAfter',
  type: 'duration',
  // A static pod's kubelet sees the end within its 1 s relist, and a control-plane process takes a few seconds to come up.
  default: 5 * SECOND_US,
  min: 0,
  summary: 'how long the process is down; it runs again at the end of the fault at the latest',
};
