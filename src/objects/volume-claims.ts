/**
 * The claims of a pod, what makes a claim bound, and the names by which scheduler, volume controllers and provisioners agree.
 *
 * Models    kubernetes v1.34 component-helpers/storage/{volume,ephemeral}
 */
import { controllerOf, type ObjectMeta } from './meta.ts';
import type { Pod, Volume } from './pod.ts';
import { labelOf } from './selectors.ts';
import type { PersistentVolume, PersistentVolumeClaim, StorageClass } from './storage.ts';

export const ANNOTATION_CLASS = 'volume.beta.kubernetes.io/storage-class';
export const ANNOTATION_BIND_COMPLETED = 'pv.kubernetes.io/bind-completed';
export const ANNOTATION_BOUND_BY_CONTROLLER = 'pv.kubernetes.io/bound-by-controller';
export const ANNOTATION_SELECTED_NODE = 'volume.kubernetes.io/selected-node';
export const ANNOTATION_PROVISIONER = 'volume.kubernetes.io/storage-provisioner';
export const ANNOTATION_PROVISIONED_BY = 'pv.kubernetes.io/provisioned-by';
export const ANNOTATION_DEFAULT_CLASS = 'storageclass.kubernetes.io/is-default-class';
export const FINALIZER_CLAIM = 'kubernetes.io/pvc-protection';
export const FINALIZER_VOLUME = 'kubernetes.io/pv-protection';
export const FINALIZER_PROVISIONER = 'external-provisioner.volume.kubernetes.io/finalizer';
/** A class whose volumes are made by hand. */
export const NO_PROVISIONER = 'kubernetes.io/no-provisioner';

export interface ClaimReference {
  readonly name: string;
  /** Of a generic ephemeral volume: made for this pod, and owned by it. */
  readonly isEphemeral: boolean;
}

/** The claim a volume refers to; undefined for volumes without one (inline CSI volumes among them). */
export function claimOf(pod: Pod, volume: Volume): ClaimReference | undefined {
  if (volume.persistentVolumeClaim !== undefined) return { name: volume.persistentVolumeClaim.claimName, isEphemeral: false };
  if (volume.ephemeral !== undefined) return { name: `${pod.metadata.name}-${volume.name}`, isEphemeral: true };
  return undefined;
}

export function claimsOf(pod: Pod): ClaimReference[] {
  const claims: ClaimReference[] = [];
  for (const volume of pod.spec.volumes) {
    const claim = claimOf(pod, volume);
    if (claim !== undefined) claims.push(claim);
  }
  return claims;
}

/** Why the claim of an ephemeral volume is not this pod's; undefined when it is. */
export function foreignClaim(pod: Pod, claim: PersistentVolumeClaim): string | undefined {
  const { namespace, name, uid } = pod.metadata;
  const owner = controllerOf(claim);
  if (claim.metadata.namespace === namespace && owner !== undefined && owner.uid === uid) return undefined;
  return `PVC ${claim.metadata.namespace}/${claim.metadata.name} was not created for pod ${namespace}/${name} (pod is not owner)`;
}

export function claimNotFound(name: string): string {
  return `persistentvolumeclaim "${name}" not found`;
}

/** The class, from the old annotation where it is set; empty for none. */
export function classOf(object: PersistentVolumeClaim | PersistentVolume): string {
  return labelOf(object.metadata.annotations, ANNOTATION_CLASS) ?? object.spec.storageClassName ?? '';
}

export function hasAnnotation(metadata: ObjectMeta, name: string): boolean {
  return labelOf(metadata.annotations, name) !== undefined;
}

/** Naming a volume is not enough: the binding must have been completed. */
export function isFullyBound(claim: PersistentVolumeClaim): boolean {
  return claim.spec.volumeName !== '' && hasAnnotation(claim.metadata, ANNOTATION_BIND_COMPLETED);
}

/** Whether a pod refers to the claim of this name, ephemeral ones included. */
export function usesClaim(pod: Pod, claim: PersistentVolumeClaim): boolean {
  if (pod.metadata.namespace !== claim.metadata.namespace) return false;
  return claimsOf(pod).some((reference) => reference.name === claim.metadata.name);
}

/** The class of claims that name none: of several the newest, then by name. */
export function defaultClass(classes: readonly StorageClass[]): StorageClass | undefined {
  let best: StorageClass | undefined;
  for (const candidate of classes) {
    if (labelOf(candidate.metadata.annotations, ANNOTATION_DEFAULT_CLASS) !== 'true') continue;
    if (best === undefined || isNewer(candidate.metadata, best.metadata)) best = candidate;
  }
  return best;
}

function isNewer(a: ObjectMeta, b: ObjectMeta): boolean {
  return a.creationTimestamp === b.creationTimestamp ? a.name < b.name : a.creationTimestamp > b.creationTimestamp;
}
