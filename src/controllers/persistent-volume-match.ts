/**
 * Which volume a claim gets. Pure.
 *
 * Models    kubernetes v1.34 pkg/controller/volume/persistentvolume/index.go, component-helpers/storage/volume/pv_helpers.go
 */
import { compareCodeUnits } from '../base/compare.ts';
import { isDeleting } from '../objects/meta.ts';
import { quantityNanos } from '../objects/quantity.ts';
import { compileLabelSelector } from '../objects/selectors.ts';
import type { PersistentVolume, PersistentVolumeClaim } from '../objects/storage.ts';
import { classOf } from '../objects/volume-claims.ts';

/** Whether the volume's claim reference names this claim: with its uid, or without any (reserved for it by hand). */
export function isReservedFor(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  const { claimRef } = volume.spec;
  if (claimRef === undefined) return false;
  const { namespace, name, uid } = claim.metadata;
  return claimRef.namespace === namespace && claimRef.name === name && (claimRef.uid === '' || claimRef.uid === uid);
}

/** Why a volume that the claim names cannot be its own; empty when it can. */
export function mismatchOf(volume: PersistentVolume, claim: PersistentVolumeClaim): string {
  if (sizeOf(volume.spec.capacity) < sizeOf(claim.spec.requests)) return 'requested PV is too small';
  if (classOf(volume) !== classOf(claim)) return 'storageClassName does not match';
  if (!hasSameAttributes(volume, claim)) return 'volumeAttributesClassName does not match';
  if (volume.spec.volumeMode !== claim.spec.volumeMode) return 'incompatible volumeMode';
  if (!claim.spec.accessModes.every((mode) => volume.spec.accessModes.includes(mode))) return 'incompatible accessMode';
  return '';
}

/**
 * The volume reserved for the claim, otherwise the smallest free one that does, by name among equals. A claim that waits for its
 * first consumer (`isDelayed`) only gets what is reserved for it.
 */
export function findVolume(
  volumes: Iterable<PersistentVolume>,
  claim: PersistentVolumeClaim,
  isDelayed: boolean,
): PersistentVolume | undefined {
  const requested = sizeOf(claim.spec.requests);
  const selector = claim.spec.selector === undefined ? undefined : compileLabelSelector(claim.spec.selector);
  let best: PersistentVolume | undefined;
  let bestSize = 0n;
  for (const volume of volumes) {
    const size = sizeOf(volume.spec.capacity);
    if (size < requested || volume.spec.volumeMode !== claim.spec.volumeMode || isDeleting(volume)) continue;
    if (!claim.spec.accessModes.every((mode) => volume.spec.accessModes.includes(mode))) continue;
    if (isReservedFor(volume, claim)) return volume;
    if (isDelayed || volume.spec.claimRef !== undefined || volume.status.phase !== 'Available') continue;
    if (classOf(volume) !== classOf(claim) || !hasSameAttributes(volume, claim)) continue;
    if (selector !== undefined && !selector.matches(volume.metadata.labels)) continue;
    const isBetter =
      best === undefined || size < bestSize || (size === bestSize && compareCodeUnits(volume.metadata.name, best.metadata.name) < 0);
    if (isBetter) {
      best = volume;
      bestSize = size;
    }
  }
  return best;
}

function hasSameAttributes(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  return (volume.spec.volumeAttributesClassName ?? '') === (claim.spec.volumeAttributesClassName ?? '');
}

function sizeOf(resources: Readonly<Record<string, string>>): bigint {
  const { storage } = resources;
  return storage === undefined ? 0n : quantityNanos(storage);
}
