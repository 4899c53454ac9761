/**
 * Every kind of fault a scenario can name, in the order lists show them.
 */
import { apiServerRestart } from './api-server-restart.ts';
import { componentCrash } from './component-crash.ts';
import { componentFreeze } from './component-freeze.ts';
import { crashAtWrite } from './crash-at-write.ts';
import { crashAtYield } from './crash-at-yield.ts';
import { diskSlowdown } from './disk-slowdown.ts';
import { etcdLeaderLoss } from './etcd-leader-loss.ts';
import type { FaultDef } from './fault.ts';
import { imageRegistryOutage } from './image-registry-outage.ts';
import { imageRegistrySlowdown } from './image-registry-slowdown.ts';
import { kubeletCrash } from './kubelet-crash.ts';
import { kubeletFreeze } from './kubelet-freeze.ts';
import { linkDegradation } from './link-degradation.ts';
import { loseEvents } from './lose-events.ts';
import { lostReply } from './lost-reply.ts';
import { lostRequest } from './lost-request.ts';
import { nodeCrash } from './node-crash.ts';
import { nodeReboot } from './node-reboot.ts';
import { partition } from './partition.ts';
import { powerOutage } from './power-outage.ts';
import { rackOutage } from './rack-outage.ts';
import { reconnect } from './reconnect.ts';
import { regionOutage } from './region-outage.ts';
import { requestRefusal } from './request-refusal.ts';
import { slowCleanup } from './slow-cleanup.ts';
import { slowRequests } from './slow-requests.ts';
import { staleApiServer } from './stale-api-server.ts';
import { watchCompaction } from './watch-compaction.ts';
import { watchDrop } from './watch-drop.ts';
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
  slowCleanup,
  partition,
  linkDegradation,
  apiServerRestart,
  staleApiServer,
  etcdLeaderLoss,
  watchCompaction,
  requestRefusal,
  slowRequests,
  lostRequest,
  lostReply,
  componentCrash,
  crashAtWrite,
  crashAtYield,
  componentFreeze,
  reconnect,
  watchLag,
  watchDrop,
  loseEvents,
  imageRegistryOutage,
  imageRegistrySlowdown,
];
