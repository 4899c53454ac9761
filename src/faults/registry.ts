/**
 * Every kind of fault a scenario can name, in the order lists show them.
 */
import { apiServerRestart } from './api-server-restart.ts';
import { componentCrash } from './component-crash.ts';
import { componentFreeze } from './component-freeze.ts';
import { diskSlowdown } from './disk-slowdown.ts';
import type { FaultDef } from './fault.ts';
import { imageRegistryOutage } from './image-registry-outage.ts';
import { imageRegistrySlowdown } from './image-registry-slowdown.ts';
import { kubeletCrash } from './kubelet-crash.ts';
import { kubeletFreeze } from './kubelet-freeze.ts';
import { linkDegradation } from './link-degradation.ts';
import { nodeCrash } from './node-crash.ts';
import { nodeReboot } from './node-reboot.ts';
import { partition } from './partition.ts';
import { powerOutage } from './power-outage.ts';
import { rackOutage } from './rack-outage.ts';
import { regionOutage } from './region-outage.ts';
import { staleApiServer } from './stale-api-server.ts';
import { watchLag } from './watch-lag.ts';
import { zoneOutage } from './zone-outage.ts';

export const faults: readonly FaultDef[] = [
  nodeCrash,
  nodeReboot,
  rackOutage,
  powerOutage,
  zoneOutage,
  regionOutage,
  kubeletCrash,
  kubeletFreeze,
  diskSlowdown,
  partition,
  linkDegradation,
  apiServerRestart,
  staleApiServer,
  componentCrash,
  componentFreeze,
  watchLag,
  imageRegistryOutage,
  imageRegistrySlowdown,
];
