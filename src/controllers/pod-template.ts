/**
 * podFromTemplate: the pod a controller sends to the API server.
 *
 * Models    kubernetes v1.34 pkg/controller/controller_utils.go GetPodFromTemplate
 */
import type { AnyObject } from '../objects/kinds.ts';
import { newMeta, type ObjectMeta, type OwnerReference } from '../objects/meta.ts';
import type { Pod, PodSpec, PodStatus } from '../objects/pod.ts';
import type { PodTemplate } from '../objects/workloads.ts';

export const NEW_POD_STATUS: PodStatus = Object.freeze({
  phase: 'Pending',
  conditions: [],
  reason: '',
  message: '',
  startTime: undefined,
  nominatedNodeName: '',
  podIP: '',
  qosClass: 'BestEffort',
  containerStatuses: [],
  initContainerStatuses: [],
  observedGeneration: 0,
});

/** A controller reference to `owner` that blocks its foreground deletion. */
export function controllerReference(owner: AnyObject): OwnerReference {
  return {
    apiVersion: owner.apiVersion,
    kind: owner.kind,
    name: owner.metadata.name,
    uid: owner.metadata.uid,
    controller: true,
    blockOwnerDeletion: true,
  };
}

/** The next pod of `owner`, named by the API server (`<owner>-xxxxx`) unless `meta` names it; labels, annotations and finalizers are the template's. */
export function podFromTemplate(
  template: PodTemplate,
  owner: AnyObject,
  overrides: { readonly meta?: Partial<ObjectMeta>; readonly spec?: PodSpec } = {},
): Pod {
  const { labels, annotations, finalizers } = template.metadata;
  const { namespace, name } = owner.metadata;
  const meta = newMeta({
    namespace,
    generateName: `${name}-`,
    labels,
    annotations,
    finalizers,
    ownerReferences: [controllerReference(owner)],
  });
  return {
    kind: 'Pod',
    apiVersion: 'v1',
    metadata: overrides.meta === undefined ? meta : { ...meta, ...overrides.meta },
    spec: overrides.spec ?? template.spec,
    status: NEW_POD_STATUS,
  };
}
