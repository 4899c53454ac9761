/**
 * All controllers of the controller manager, in the order they are built: handlers of one informer run
 * in this order.
 */
import type { ControllerDef } from './controller.ts';
import { deployment } from './deployment.ts';
import { disruption } from './disruption.ts';
import { ephemeralVolume } from './ephemeral-volume.ts';
import { garbageCollector } from './garbage-collector.ts';
import { job } from './job.ts';
import { nodeLifecycle } from './node-lifecycle.ts';
import { persistentVolume } from './persistent-volume.ts';
import { podGc } from './pod-gc.ts';
import { replicaset } from './replicaset.ts';
import { statefulset } from './statefulset.ts';
import { taintEviction } from './taint-eviction.ts';
import { ttlAfterFinished } from './ttl-after-finished.ts';
import { volumeProtection } from './volume-protection.ts';
import { volumeProvisioner } from './volume-provisioner.ts';

export const controllers: readonly ControllerDef[] = [
  replicaset,
  deployment,
  statefulset,
  job,
  ttlAfterFinished,
  disruption,
  nodeLifecycle,
  taintEviction,
  podGc,
  persistentVolume,
  volumeProvisioner,
  volumeProtection,
  ephemeralVolume,
  garbageCollector,
];
