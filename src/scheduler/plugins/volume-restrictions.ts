/**
 * VolumeRestrictions: inline disks that cannot be mounted twice, and claims for one pod only.
 *
 * Models    kubernetes v1.34 pkg/scheduler/framework/plugins/volumerestrictions/volume_restrictions.go
 */
import type { Pod, Volume } from '../../objects/pod.ts';
import type { PersistentVolumeClaim } from '../../objects/storage.ts';
import { ACTION, clusterEvent } from '../cluster-event.ts';
import type { CycleData, CycleState } from '../cycle-state.ts';
import { definePlugin, type Plugin, type PluginHandle, type PreFilterResult } from '../framework.ts';
import type { NodeInfo } from '../node-info.ts';
import type { PodInfo } from '../pod-info.ts';
import { SKIP, type Status, SUCCESS, unresolvable, unschedulable } from '../status.ts';
import { claimNotFound } from '../volume-claims.ts';

const NAME = 'VolumeRestrictions';
const DISK_TAKEN = unschedulable(NAME, 'node(s) had no available disk');
const READ_WRITE_ONCE_POD = 'ReadWriteOncePod';

export const volumeRestrictions = definePlugin({
  name: NAME,
  points: ['preFilter', 'filter'],
  defaultWeight: 0,
  args: [],
  create: createVolumeRestrictions,
});

class PreFilterState implements CycleData {
  /** Names of the pod's claims that only one pod may use. */
  readonly exclusive: ReadonlySet<string>;
  /** How many of them are in use. */
  conflictCount: number;

  constructor(exclusive: ReadonlySet<string>, conflictCount: number) {
    this.exclusive = exclusive;
    this.conflictCount = conflictCount;
  }

  clone(): CycleData {
    return new PreFilterState(this.exclusive, this.conflictCount);
  }

  /** Compares names only, whatever the namespace, as upstream. */
  update(changed: PodInfo, delta: number): Status {
    for (const volume of changed.pod.spec.volumes) {
      const claim = volume.persistentVolumeClaim;
      if (claim !== undefined && this.exclusive.has(claim.claimName)) this.conflictCount += delta;
    }
    return SUCCESS;
  }
}

function createVolumeRestrictions(_args: unknown, handle: PluginHandle): Plugin {
  const claimTaken = unschedulable(NAME, handle.behaviour.readWriteOncePodReason);

  function preFilter(state: CycleState, pod: PodInfo): PreFilterResult {
    const exclusive = new Set<string>();
    for (const { persistentVolumeClaim: volume } of pod.pod.spec.volumes) {
      if (volume === undefined) continue;
      const claim = handle.lister.get('PersistentVolumeClaim', `${pod.namespace}/${volume.claimName}`);
      if (claim === undefined) return { status: unresolvable(NAME, claimNotFound(volume.claimName)) };
      if (claim.spec.accessModes.includes(READ_WRITE_ONCE_POD)) exclusive.add(volume.claimName);
    }
    let conflictCount = 0;
    for (const name of exclusive) if (handle.snapshot.isClaimUsed(`${pod.namespace}/${name}`)) conflictCount++;
    if (conflictCount === 0 && !pod.pod.spec.volumes.some(isRestricted)) return { status: SKIP };
    state.write(NAME, new PreFilterState(exclusive, conflictCount));
    return { status: SUCCESS };
  }

  function filter(state: CycleState, pod: PodInfo, node: NodeInfo): Status {
    for (const other of node.pods) if (haveDiskConflict(pod.pod, other.pod)) return DISK_TAKEN;
    return state.read<PreFilterState>(NAME)!.conflictCount > 0 ? claimTaken : SUCCESS;
  }

  return {
    name: NAME,
    preFilter,
    ignoresLabels: true,
    preFilterReach: 'shape',
    preFilterExtensions: {
      addPod: (state, _pod, added) => state.read<PreFilterState>(NAME)!.update(added, 1),
      removePod: (state, _pod, removed) => state.read<PreFilterState>(NAME)!.update(removed, -1),
    },
    filter,
    filterReach: 'cluster',
    events: [
      { event: clusterEvent('Pod', ACTION.DELETE), hint: (pod, before) => podHelps(pod.pod, before as Pod) },
      { event: clusterEvent('Node', ACTION.ADD) },
      {
        event: clusterEvent('PersistentVolumeClaim', ACTION.ADD),
        hint: (pod, _before, after) => refersTo(pod.pod, after as PersistentVolumeClaim),
      },
    ],
  };
}

function isRestricted(volume: Volume): boolean {
  return (
    volume.gcePersistentDisk !== undefined ||
    volume.awsElasticBlockStore !== undefined ||
    volume.rbd !== undefined ||
    volume.iscsi !== undefined
  );
}

function haveDiskConflict(a: Pod, b: Pod): boolean {
  if (b.spec.volumes.length === 0) return false;
  return a.spec.volumes.some((volume) => isRestricted(volume) && b.spec.volumes.some((other) => isSameDisk(volume, other)));
}

function isSameDisk(a: Volume, b: Volume): boolean {
  const gce = a.gcePersistentDisk;
  const otherGce = b.gcePersistentDisk;
  if (gce !== undefined && otherGce !== undefined) {
    if (gce.pdName === otherGce.pdName && !(gce.readOnly && otherGce.readOnly)) return true;
  }
  const aws = a.awsElasticBlockStore;
  const otherAws = b.awsElasticBlockStore;
  if (aws !== undefined && otherAws !== undefined && aws.volumeID === otherAws.volumeID) return true;
  const { iscsi } = a;
  const otherIscsi = b.iscsi;
  if (iscsi !== undefined && otherIscsi !== undefined) {
    if (iscsi.iqn === otherIscsi.iqn && !(iscsi.readOnly && otherIscsi.readOnly)) return true;
  }
  const { rbd } = a;
  const otherRbd = b.rbd;
  if (rbd === undefined || otherRbd === undefined) return false;
  if (rbd.pool !== otherRbd.pool || rbd.image !== otherRbd.image || (rbd.readOnly && otherRbd.readOnly)) return false;
  return rbd.monitors.some((monitor) => otherRbd.monitors.includes(monitor));
}

function podHelps(pod: Pod, deleted: Pod): boolean {
  if (deleted.metadata.namespace !== pod.metadata.namespace) return false;
  if (haveDiskConflict(pod, deleted)) return true;
  const used = new Set(deleted.spec.volumes.map((volume) => volume.persistentVolumeClaim?.claimName));
  return pod.spec.volumes.some(({ persistentVolumeClaim: claim }) => claim !== undefined && used.has(claim.claimName));
}

function refersTo(pod: Pod, claim: PersistentVolumeClaim): boolean {
  if (claim.metadata.namespace !== pod.metadata.namespace) return false;
  return pod.spec.volumes.some((volume) => volume.persistentVolumeClaim?.claimName === claim.metadata.name);
}
