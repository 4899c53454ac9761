/**
 * The volume types that CSI drivers took over from the core, and under which driver and handle they count.
 *
 * Models    kubernetes v1.34 staging/src/k8s.io/csi-translation-lib
 * Differs   handles of GCE volumes over several zones do not name the region
 */
import { LABEL_ZONE } from '../objects/node.ts';
import type { Volume } from '../objects/pod.ts';
import { labelOf } from '../objects/selectors.ts';
import type { CsiNode, PersistentVolume } from '../objects/storage.ts';

/** In-tree plugin name to driver. */
const DRIVERS: ReadonlyMap<string, string> = new Map([
  ['kubernetes.io/gce-pd', 'pd.csi.storage.gke.io'],
  ['kubernetes.io/aws-ebs', 'ebs.csi.aws.com'],
  ['kubernetes.io/cinder', 'cinder.csi.openstack.org'],
  ['kubernetes.io/azure-disk', 'disk.csi.azure.com'],
  ['kubernetes.io/azure-file', 'file.csi.azure.com'],
  ['kubernetes.io/vsphere-volume', 'csi.vsphere.vmware.com'],
  ['kubernetes.io/portworx-volume', 'pxd.portworx.com'],
]);

const OTHER_SOURCES: ReadonlyMap<string, string> = new Map([
  ['azureFile', 'kubernetes.io/azure-file'],
  ['vsphereVolume', 'kubernetes.io/vsphere-volume'],
  ['portworxVolume', 'kubernetes.io/portworx-volume'],
]);

const MIGRATED_PLUGINS = 'storage.alpha.kubernetes.io/migrated-plugins';
const BETA_ZONE = 'failure-domain.beta.kubernetes.io/zone';

export interface CsiVolume {
  readonly driver: string;
  readonly handle: string;
}

export function isMigratable(volume: Volume): boolean {
  return inTreePluginOf(volume) !== undefined;
}

/** The in-tree plugin of an inline volume; undefined when no driver took it over. */
export function inTreePluginOf(volume: Volume): string | undefined {
  if (volume.gcePersistentDisk !== undefined) return 'kubernetes.io/gce-pd';
  if (volume.awsElasticBlockStore !== undefined) return 'kubernetes.io/aws-ebs';
  if (volume.azureDisk !== undefined) return 'kubernetes.io/azure-disk';
  if (volume.cinder !== undefined) return 'kubernetes.io/cinder';
  return OTHER_SOURCES.get(volume.other);
}

/** The driver that took over an in-tree plugin; undefined for other provisioners. */
export function driverOfInTree(plugin: string): string | undefined {
  return DRIVERS.get(plugin);
}

/** Whether the node's CSINode says that the plugin's volumes go through the driver. */
export function isMigratedOn(csiNode: CsiNode | undefined, plugin: string): boolean {
  const migrated = csiNode?.metadata.annotations[MIGRATED_PLUGINS];
  return migrated?.split(',').includes(plugin) ?? false;
}

export function migratedInline(volume: Volume, csiNode: CsiNode | undefined): CsiVolume | undefined {
  const plugin = inTreePluginOf(volume);
  if (plugin === undefined || !isMigratedOn(csiNode, plugin)) return undefined;
  return { driver: DRIVERS.get(plugin)!, handle: inlineHandle(volume) };
}

/** A PersistentVolume as CSI volume; undefined when it is none and no driver took it over on this node. */
export function csiVolumeOf(volume: PersistentVolume, csiNode: CsiNode | undefined): CsiVolume | undefined {
  const { csi, gcePersistentDisk, awsElasticBlockStore } = volume.spec;
  if (csi !== undefined) return { driver: csi.driver, handle: csi.volumeHandle };
  if (gcePersistentDisk !== undefined && isMigratedOn(csiNode, 'kubernetes.io/gce-pd')) {
    const zone = labelOf(volume.metadata.labels, LABEL_ZONE) ?? labelOf(volume.metadata.labels, BETA_ZONE) ?? 'UNSPECIFIED';
    return { driver: 'pd.csi.storage.gke.io', handle: gceHandle(zone, gcePersistentDisk.pdName) };
  }
  if (awsElasticBlockStore !== undefined && isMigratedOn(csiNode, 'kubernetes.io/aws-ebs')) {
    return { driver: 'ebs.csi.aws.com', handle: ebsHandle(awsElasticBlockStore.volumeID) };
  }
  return undefined;
}

function inlineHandle(volume: Volume): string {
  if (volume.gcePersistentDisk !== undefined) return gceHandle('UNSPECIFIED', volume.gcePersistentDisk.pdName);
  if (volume.awsElasticBlockStore !== undefined) return ebsHandle(volume.awsElasticBlockStore.volumeID);
  return volume.azureDisk?.diskName ?? volume.cinder?.volumeID ?? volume.name;
}

function gceHandle(zone: string, disk: string): string {
  return `projects/UNSPECIFIED/zones/${zone}/disks/${disk}`;
}

/** `aws://zone/vol-1` names the same disk as `vol-1`. */
function ebsHandle(volumeId: string): string {
  return volumeId.startsWith('aws://') ? volumeId.slice(volumeId.lastIndexOf('/') + 1) : volumeId;
}
