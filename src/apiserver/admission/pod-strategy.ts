/**
 * PodStrategy: the status every new pod begins with.
 *
 * Models    kubernetes v1.34 pkg/registry/core/pod/strategy.go PrepareForCreate
 * Cost      pods of one template with the same labels share one status object
 */
import type { Pod, PodSpec, PodStatus } from '../../objects/pod.ts';
import { qosClassOf } from '../../objects/pod-requests.ts';
import type { AdmissionStepDef } from './admission.ts';

export const podStrategy: AdmissionStepDef = {
  name: 'PodStrategy',
  summary: 'sets phase Pending, the QoS class and the scheduling-gated condition',
  operations: ['create'],
  kinds: ['Pod'],
  create: (environment) => {
    const statuses = new WeakMap<PodSpec, PodStatus>();
    return {
      admit: (object) => {
        const pod = object as Pod;
        const { spec } = pod;
        let status = spec.schedulingGates.length > 0 ? undefined : statuses.get(spec);
        if (status === undefined) {
          status = initialStatus(spec, environment.nowUs);
          // A gated pod's condition carries a time, so it cannot be shared.
          if (spec.schedulingGates.length === 0) statuses.set(spec, status);
        }
        return { kind: 'Pod', apiVersion: 'v1', metadata: pod.metadata, spec, status };
      },
    };
  },
};

function initialStatus(spec: PodSpec, nowUs: number): PodStatus {
  const isGated = spec.schedulingGates.length > 0;
  return {
    phase: 'Pending',
    conditions: isGated
      ? [
          {
            type: 'PodScheduled',
            status: 'False',
            reason: 'SchedulingGated',
            message: 'Scheduling is blocked due to non-empty scheduling gates',
            lastTransitionTime: nowUs,
          },
        ]
      : [],
    reason: '',
    message: '',
    startTime: undefined,
    nominatedNodeName: '',
    podIP: '',
    qosClass: qosClassOf(spec),
    containerStatuses: [],
    initContainerStatuses: [],
    observedGeneration: 0,
  };
}
