/**
 * NodeVolumeLimits: how many volumes of a CSI driver a node can attach.
 *
 * Models    kubernetes v1.34 pkg/scheduler/framework/plugins/nodevolumelimits/csi.go
 * Differs   a claim that is not bound yet counts under a handle made of its name, where upstream adds a random prefix
 */
import type { Pod, Volume } from '../../objects/pod.ts';
import type { CsiNode, PersistentVolumeClaim, VolumeAttachment } from '../../objects/storage.ts';
import { ACTION, clusterEvent } from '../cluster-event.ts';
import {
  type CsiVolume,
  csiVolumeOf,
  driverOfInTree,
  inTreePluginOf,
  isMigratable,
  isMigratedOn,
  migratedInline,
} from '../csi-migration.ts';
import { isPlaced } from '../event-hints.ts';
import { definePlugin, type Plugin, type PluginHandle, type PreFilterResult } from '../framework.ts';
import type { NodeInfo } from '../node-info.ts';
import type { PodInfo } from '../pod-info.ts';
import { errorStatus, SKIP, type Status, SUCCESS, unresolvable, unschedulable } from '../status.ts';
import { claimNotFound, claimOf, classOf, foreignClaim, usesClaim } from '../volume-claims.ts';

const NAME = 'NodeVolumeLimits';
const TOO_MANY = unschedulable(NAME, 'node(s) exceed max volume count');
const PASSED: PreFilterResult = { status: SUCCESS };
const SKIPPED: PreFilterResult = { status: SKIP };

export const nodeVolumeLimits = definePlugin({
  name: NAME,
  points: ['preFilter', 'filter'],
  defaultWeight: 0,
  args: [],
  create: createNodeVolumeLimits,
});

/** Unique volume name to driver. */
type Volumes = Map<string, string>;

function createNodeVolumeLimits(_args: unknown, handle: PluginHandle): Plugin {
  const { lister } = handle;

  function filter(_state: unknown, pod: PodInfo, node: NodeInfo): Status {
    const csiNode = lister.get('CSINode', node.name);
    const fresh: Volumes = new Map();
    const failure = collect(pod.pod, csiNode, true, fresh);
    if (failure !== undefined) return failure;
    if (fresh.size === 0) return SUCCESS;
    const limits = limitsOf(csiNode);
    if (limits.size === 0) return SUCCESS;
    const attached: Volumes = new Map();
    for (const other of node.pods) {
      const broken = collect(other.pod, csiNode, false, attached);
      if (broken !== undefined) return broken;
    }
    // A volume that is attached for no pod counts even if it is one of the new ones, so that one counts twice, as upstream.
    for (const volume of attached.keys()) fresh.delete(volume);
    addAttachments(node.name, csiNode, attached);
    const attachedCounts = new Map<string, number>();
    for (const driver of attached.values()) attachedCounts.set(driver, (attachedCounts.get(driver) ?? 0) + 1);
    const freshCounts = new Map<string, number>();
    for (const driver of fresh.values()) freshCounts.set(driver, (freshCounts.get(driver) ?? 0) + 1);
    for (const [driver, count] of freshCounts) {
      const limit = limits.get(driver);
      if (limit !== undefined && (attachedCounts.get(driver) ?? 0) + count > limit) return TOO_MANY;
    }
    return SUCCESS;
  }

  /** Adds the pod's volumes that count; a status when a claim of an incoming pod is missing, or an ephemeral one is foreign. */
  function collect(pod: Pod, csiNode: CsiNode | undefined, isIncoming: boolean, into: Volumes): Status | undefined {
    for (const volume of pod.spec.volumes) {
      const reference = claimOf(pod, volume);
      if (reference === undefined) {
        add(migratedInline(volume, csiNode), into);
        continue;
      }
      const claim = lister.get('PersistentVolumeClaim', `${pod.metadata.namespace}/${reference.name}`);
      if (claim === undefined) {
        if (!isIncoming) continue;
        return unresolvable(NAME, `looking up PVC ${pod.metadata.namespace}/${reference.name}: ${claimNotFound(reference.name)}`);
      }
      const foreign = reference.isEphemeral ? foreignClaim(pod, claim) : undefined;
      if (foreign !== undefined) return errorStatus(NAME, foreign);
      add(volumeOfClaim(claim, csiNode), into);
    }
    return undefined;
  }

  function volumeOfClaim(claim: PersistentVolumeClaim, csiNode: CsiNode | undefined): CsiVolume | undefined {
    const volume = claim.spec.volumeName === '' ? undefined : lister.get('PersistentVolume', claim.spec.volumeName);
    return volume === undefined ? volumeOfClass(claim, csiNode) : csiVolumeOf(volume, csiNode);
  }

  /** A volume yet to be made counts under the driver that will make it. */
  function volumeOfClass(claim: PersistentVolumeClaim, csiNode: CsiNode | undefined): CsiVolume | undefined {
    const className = classOf(claim);
    const provisioner = className === '' ? undefined : lister.get('StorageClass', className)?.provisioner;
    if (provisioner === undefined || provisioner === '') return undefined;
    const handleName = `unbound-${claim.metadata.namespace}/${claim.metadata.name}`;
    const migrated = driverOfInTree(provisioner);
    if (migrated === undefined) return { driver: provisioner, handle: handleName };
    return isMigratedOn(csiNode, provisioner) ? { driver: migrated, handle: handleName } : undefined;
  }

  function addAttachments(nodeName: string, csiNode: CsiNode | undefined, into: Volumes): void {
    for (const attachment of lister.list('VolumeAttachment')) {
      if (attachment.nodeName !== nodeName || attachment.persistentVolumeName === '') continue;
      const volume = lister.get('PersistentVolume', attachment.persistentVolumeName);
      if (volume !== undefined) add(csiVolumeOf(volume, csiNode), into);
    }
  }

  return {
    name: NAME,
    preFilter: (_state, pod) => (pod.pod.spec.volumes.some(canCount) ? PASSED : SKIPPED),
    ignoresLabels: true,
    preFilterReach: 'shape',
    filter,
    filterReach: 'cluster',
    events: [
      { event: clusterEvent('CSINode', ACTION.ADD) },
      { event: clusterEvent('CSINode', ACTION.UPDATE), hint: (_pod, before, after) => limitGrew(before as CsiNode, after as CsiNode) },
      {
        event: clusterEvent('Pod', ACTION.DELETE),
        hint: (_pod, before) => isPlaced(before as Pod) && (before as Pod).spec.volumes.some(canCount),
      },
      {
        event: clusterEvent('PersistentVolumeClaim', ACTION.ADD),
        hint: (pod, _before, after) => usesClaim(pod.pod, after as PersistentVolumeClaim),
      },
      {
        event: clusterEvent('VolumeAttachment', ACTION.DELETE),
        hint: (pod, before) => attachmentHelps(pod.pod, before as VolumeAttachment),
      },
    ],
  };
}

function canCount(volume: Volume): boolean {
  return volume.persistentVolumeClaim !== undefined || volume.ephemeral !== undefined || isMigratable(volume);
}

function add(volume: CsiVolume | undefined, into: Volumes): void {
  if (volume !== undefined && volume.driver !== '' && volume.handle !== '') into.set(`${volume.driver}/${volume.handle}`, volume.driver);
}

function limitsOf(csiNode: CsiNode | undefined): Map<string, number> {
  const limits = new Map<string, number>();
  for (const { name, count } of csiNode?.drivers ?? []) if (count !== undefined) limits.set(name, count);
  return limits;
}

function limitGrew(before: CsiNode, after: CsiNode): boolean {
  const old = limitsOf(before);
  for (const [driver, limit] of limitsOf(after)) if (limit > (old.get(driver) ?? 0)) return true;
  return false;
}

function attachmentHelps(pod: Pod, attachment: VolumeAttachment): boolean {
  return pod.spec.volumes.some((volume) => {
    if (volume.persistentVolumeClaim !== undefined) return true;
    const plugin = inTreePluginOf(volume);
    return plugin !== undefined && driverOfInTree(plugin) === attachment.attacher;
  });
}
