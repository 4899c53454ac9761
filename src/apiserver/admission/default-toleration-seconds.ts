/**
 * DefaultTolerationSeconds: pods stay 300 s on a node that is not ready or unreachable.
 *
 * Models    kubernetes v1.34 plugin/pkg/admission/defaulttolerationseconds
 */
import { TAINT_NOT_READY, TAINT_UNREACHABLE } from '../../objects/node.ts';
import type { PodSpec, Toleration } from '../../objects/pod.ts';
import type { AdmissionStepDef } from './admission.ts';

// --default-not-ready-toleration-seconds and --default-unreachable-toleration-seconds, v1.34
const DEFAULT_SECONDS = 300;

export const defaultTolerationSeconds: AdmissionStepDef = {
  name: 'DefaultTolerationSeconds',
  summary: 'adds 300 s tolerations for not-ready and unreachable nodes',
  operations: ['create', 'update'],
  kinds: ['Pod'],
  create: () => ({ admitPodSpec: admit, dependsOn: [] }),
};

function admit(spec: PodSpec): PodSpec {
  const missing = [TAINT_NOT_READY, TAINT_UNREACHABLE].filter((key) => !spec.tolerations.some((entry) => covers(entry, key)));
  if (missing.length === 0) return spec;
  return { ...spec, tolerations: [...spec.tolerations, ...missing.map(tolerate)] };
}

function covers(toleration: Toleration, key: string): boolean {
  return (toleration.key === key || toleration.key === '') && (toleration.effect === 'NoExecute' || toleration.effect === '');
}

function tolerate(key: string): Toleration {
  return { key, operator: 'Exists', value: '', effect: 'NoExecute', tolerationSeconds: DEFAULT_SECONDS };
}
