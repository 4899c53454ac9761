/**
 * Priority: turns a pod's priorityClassName into a number and a preemption policy.
 *
 * Models    kubernetes v1.34 plugin/pkg/admission/priority
 * Differs   the two system classes exist without being stored (upstream creates them at start)
 */

import { forbidden, type Result } from '../../objects/api-status.ts';
import type { PriorityClass } from '../../objects/cluster.ts';
import { copyPodSpec } from '../../objects/copies.ts';
import type { PodSpec } from '../../objects/pod.ts';
import type { AdmissionEnvironment, AdmissionStepDef } from './admission.ts';

type ClassValue = Pick<PriorityClass, 'value' | 'preemptionPolicy'>;

const SYSTEM_CLASSES: ReadonlyMap<string, ClassValue> = new Map([
  ['system-cluster-critical', { value: 2_000_000_000, preemptionPolicy: 'PreemptLowerPriority' }],
  ['system-node-critical', { value: 2_000_001_000, preemptionPolicy: 'PreemptLowerPriority' }],
]);

export const priority: AdmissionStepDef = {
  name: 'Priority',
  summary: 'resolves priorityClassName into priority and preemptionPolicy',
  operations: ['create'],
  kinds: ['Pod'],
  create: (environment) => ({ admitPodSpec: (spec) => admit(spec, environment), dependsOn: ['PriorityClass'] }),
};

function admit(spec: PodSpec, environment: AdmissionEnvironment): Result<PodSpec> {
  let name = spec.priorityClassName;
  let found: ClassValue | undefined;
  if (name === '') {
    const byDefault = globalDefault(environment);
    name = byDefault?.metadata.name ?? '';
    found = byDefault ?? { value: 0, preemptionPolicy: 'PreemptLowerPriority' };
  } else {
    found = SYSTEM_CLASSES.get(name) ?? environment.get('PriorityClass', name);
    if (found === undefined) return forbidden(`no PriorityClass with name ${name} was found`);
  }
  if (spec.priority !== undefined && spec.priority !== found.value) {
    return forbidden(
      `the integer value of priority (${spec.priority}) must not be provided in pod spec; priority admission controller computed ${found.value} ` +
        'from the given PriorityClass name',
    );
  }
  // A spec cannot tell an absent preemptionPolicy from the default, so only Never can disagree with its class.
  if (spec.preemptionPolicy === 'Never' && found.preemptionPolicy !== 'Never') {
    return forbidden(
      'the string value of PreemptionPolicy (Never) must not be provided in pod spec; priority admission controller computed ' +
        `${found.preemptionPolicy} from the given PriorityClass name`,
    );
  }
  const { preemptionPolicy } = found;
  if (spec.priority === found.value && spec.priorityClassName === name && spec.preemptionPolicy === preemptionPolicy) return spec;
  const next = copyPodSpec(spec);
  next.priorityClassName = name;
  next.priority = found.value;
  next.preemptionPolicy = preemptionPolicy;
  return next;
}

/** The class for pods that name none: of several global defaults the one with the lowest value, then by name. */
function globalDefault(environment: AdmissionEnvironment): PriorityClass | undefined {
  let best: PriorityClass | undefined;
  for (const candidate of environment.list('PriorityClass')) {
    if (candidate.globalDefault && (best === undefined || candidate.value < best.value)) best = candidate;
  }
  return best;
}
