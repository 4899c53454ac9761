/**
 * DefaultStorageClass and StorageObjectInUseProtection: claims without a class get the default one; claims and volumes get the
 * finalizers that keep them while they are used.
 *
 * Models    kubernetes v1.34 plugin/pkg/admission/storage/{storageclass/setdefault,storageobjectinuseprotection}
 */
import type { AnyObject } from '../../objects/kinds.ts';
import type { PersistentVolumeClaim } from '../../objects/storage.ts';
import { classOf, defaultClass, FINALIZER_CLAIM, FINALIZER_VOLUME } from '../../objects/volume-claims.ts';
import type { AdmissionEnvironment, AdmissionStepDef } from './admission.ts';

export const defaultStorageClass: AdmissionStepDef = {
  name: 'DefaultStorageClass',
  summary: 'gives claims that name no class the default one',
  operations: ['create'],
  kinds: ['PersistentVolumeClaim'],
  create: (environment) => ({ admit: (object) => withClass(object as PersistentVolumeClaim, environment) }),
};

export const storageObjectInUseProtection: AdmissionStepDef = {
  name: 'StorageObjectInUseProtection',
  summary: 'adds the finalizers that keep claims and volumes while they are used',
  operations: ['create'],
  kinds: ['PersistentVolumeClaim', 'PersistentVolume'],
  create: () => ({ admit: (object) => withFinalizer(object, object.kind === 'PersistentVolume' ? FINALIZER_VOLUME : FINALIZER_CLAIM) }),
};

function withClass(claim: PersistentVolumeClaim, environment: AdmissionEnvironment): PersistentVolumeClaim {
  if (claim.spec.storageClassName !== undefined || classOf(claim) !== '') return claim;
  const byDefault = defaultClass(environment.list('StorageClass'));
  return byDefault === undefined ? claim : { ...claim, spec: { ...claim.spec, storageClassName: byDefault.metadata.name } };
}

function withFinalizer(object: AnyObject, finalizer: string): AnyObject {
  const { finalizers } = object.metadata;
  if (finalizers.includes(finalizer)) return object;
  return { ...object, metadata: { ...object.metadata, finalizers: [...finalizers, finalizer] } };
}
