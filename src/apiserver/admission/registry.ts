/**
 * Admission steps in the order they run: upstream's plugin order, then what registry strategies do.
 *
 * Not modelled: ServiceAccount, PodSecurity, RuntimeClass,
 * certificate and ingress plugins, policies and webhooks.
 */
import type { AdmissionStepDef } from './admission.ts';
import { defaultTolerationSeconds } from './default-toleration-seconds.ts';
import { matchLabelKeys, matchLabelKeysOfAffinity } from './match-label-keys.ts';
import { namespaceLifecycle } from './namespace-lifecycle.ts';
import { podStrategy } from './pod-strategy.ts';
import { priority } from './priority.ts';
import { defaultStorageClass, storageObjectInUseProtection } from './storage.ts';
import { taintNodesByCondition } from './taint-nodes-by-condition.ts';

export const admissionSteps: readonly AdmissionStepDef[] = [
  namespaceLifecycle,
  taintNodesByCondition,
  priority,
  defaultTolerationSeconds,
  defaultStorageClass,
  storageObjectInUseProtection,
  matchLabelKeys,
  podStrategy,
];

/** The steps of a release; of the newest, or one before the API server merged matchLabelKeys of spread constraints (v1.34). */
export function admissionStepsOf(release: { readonly mergesSpreadLabelKeys: boolean }): readonly AdmissionStepDef[] {
  if (release.mergesSpreadLabelKeys) return admissionSteps;
  return admissionSteps.map((step) => (step === matchLabelKeys ? matchLabelKeysOfAffinity : step));
}
