/** Every panel, in the order it stands in its section. */
import { availabilityPanel } from './availability.ts';
import { domainLossPanel, failureDomainsPanel } from './failure-domains.ts';
import { latencyPanel } from './latency.ts';
import { packingPanel } from './packing.ts';
import type { PanelDef } from './panel.ts';
import { disruptionsPanel, pendingPanel } from './pending.ts';
import { recoveryPanel } from './recovery.ts';
import { rolloutsPanel } from './rollouts.ts';
import { apiPanel, schedulingPanel } from './scheduling.ts';
import { timelinePanel } from './timeline.ts';
import { utilizationByPlace } from './utilization-by-place.ts';
import { utilizationOverTime } from './utilization-over-time.ts';

export const panels: readonly PanelDef[] = [
  timelinePanel,
  utilizationOverTime,
  utilizationByPlace,
  packingPanel,
  failureDomainsPanel,
  domainLossPanel,
  recoveryPanel,
  disruptionsPanel,
  availabilityPanel,
  latencyPanel,
  schedulingPanel,
  apiPanel,
  rolloutsPanel,
  pendingPanel,
];
