/**
 * Admission steps in the order they run: upstream's plugin order, then what registry strategies do.
 *
 * Not modelled: ServiceAccount, PodSecurity, RuntimeClass,
 * certificate and ingress plugins, policies and webhooks.
 */
import type { AdmissionStepDef } from './admission.ts';
import { defaultTolerationSeconds } from './default-toleration-seconds.ts';
import { matchLabelKeys } from './match-label-keys.ts';
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
