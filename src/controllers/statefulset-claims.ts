/**
 * The claims of a StatefulSet's pods: their names, their place in the pod, and who takes them along. Pure.
 *
 * Models    kubernetes v1.34 pkg/controller/statefulset/stateful_set_utils.go (getPersistentVolumeClaims, updateStorage,
 *           updateClaimOwnerRefForSetAndPod), stateful_pod_control.go
 */
import { newMeta, type OwnerReference, withEntries } from '../objects/meta.ts';
import type { Pod, Volume } from '../objects/pod.ts';
import type { PersistentVolumeClaim } from '../objects/storage.ts';
import type { StatefulSet } from '../objects/workloads.ts';
import { controllerReference } from './pod-template.ts';

export function claimNameOf(set: StatefulSet, template: string, ordinal: number): string {
  return `${template}-${set.metadata.name}-${ordinal}`;
}

/** The claims of the pod with this ordinal, as they are made. */
export function draftClaims(set: StatefulSet, ordinal: number): PersistentVolumeClaim[] {
  return set.spec.volumeClaimTemplates.map(({ name, labels, annotations, spec }) => ({
    kind: 'PersistentVolumeClaim',
    apiVersion: 'v1',
    metadata: newMeta({
      name: claimNameOf(set, name, ordinal),
      namespace: set.metadata.namespace,
      labels: withEntries(labels, set.spec.selector.matchLabels),
      annotations,
      ownerReferences: set.spec.claimRetention.whenDeleted === 'Delete' ? [controllerReference(set)] : [],
    }),
    spec,
    status: { phase: 'Pending' },
  }));
}

/** The template's volumes, with the claims of this ordinal in place of volumes of the same name. */
export function volumesWithClaims(set: StatefulSet, volumes: readonly Volume[], ordinal: number): readonly Volume[] {
  const { volumeClaimTemplates } = set.spec;
  if (volumeClaimTemplates.length === 0) return volumes;
  const names = volumeClaimTemplates.map(({ name }) => name);
  const claims = names.map((name) => claimVolume(name, claimNameOf(set, name, ordinal)));
  return [...claims, ...volumes.filter(({ name }) => !names.includes(name))];
}

/** Whether the pod mounts the claims it should. */
export function hasStorage(set: StatefulSet, pod: Pod, ordinal: number): boolean {
  return set.spec.volumeClaimTemplates.every(({ name }) => {
    const volume = pod.spec.volumes.find((candidate) => candidate.name === name);
    return volume?.persistentVolumeClaim?.claimName === claimNameOf(set, name, ordinal);
  });
}

/**
 * The claim with the owners it should have, the same object when it has them; undefined when another controller owns it.
 * `pod` is the condemned pod whose claim it is, if it is one.
 */
export function withRetention(set: StatefulSet, claim: PersistentVolumeClaim, pod: Pod | undefined): PersistentVolumeClaim | undefined {
  const { whenDeleted, whenScaled } = set.spec.claimRetention;
  const existing = claim.metadata.ownerReferences;
  const isOurs = ({ kind, uid, name }: OwnerReference): boolean =>
    uid === set.metadata.uid || (kind === 'Pod' && name.startsWith(`${set.metadata.name}-`));
  if (existing.some((reference) => reference.controller && !isOurs(reference))) return undefined;
  const wanted: OwnerReference[] = [];
  if (pod !== undefined && whenScaled === 'Delete') wanted.push(controllerReference(pod));
  else if (whenDeleted === 'Delete') wanted.push(controllerReference(set));
  const others = existing.filter((reference) => !isOurs(reference));
  const ours = existing.filter(isOurs);
  if (ours.length === wanted.length && ours.every((reference, i) => reference.uid === wanted[i]!.uid)) return claim;
  return { ...claim, metadata: { ...claim.metadata, ownerReferences: [...others, ...wanted] } };
}

/** Whether the claim belongs to a pod of an earlier life, with which it will go. */
export function isGoing(claim: PersistentVolumeClaim): boolean {
  return claim.metadata.ownerReferences.some(({ kind }) => kind === 'Pod');
}

function claimVolume(name: string, claimName: string): Volume {
  return {
    name,
    persistentVolumeClaim: { claimName, readOnly: false },
    ephemeral: undefined,
    csi: undefined,
    gcePersistentDisk: undefined,
    awsElasticBlockStore: undefined,
    iscsi: undefined,
    rbd: undefined,
    azureDisk: undefined,
    cinder: undefined,
    other: '',
  };
}
