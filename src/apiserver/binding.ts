/**
 * bindPod: POST pods/{name}/binding. One atomic update; it does not look at the node at all.
 *
 * Models    kubernetes v1.34 pkg/registry/core/pod/storage/storage.go assignPod, setPodHostAndAnnotations
 */
import { conflict, notFound, type Result } from '../objects/api-status.ts';
import { copyPodSpec, copyPodStatus } from '../objects/copies.ts';
import { withEntries } from '../objects/meta.ts';
import { type Pod, withCondition } from '../objects/pod.ts';
import type { BindRequest } from './request.ts';
import { checkPreconditions, type Store } from './store.ts';

export function bindPod(store: Store, request: BindRequest): Result<Pod> {
  const pod = store.get('Pod', request.key);
  if (pod === undefined) return notFound('Pod', request.key);
  const refusal = checkPreconditions(pod, { uid: request.uid ?? '' });
  if (refusal !== undefined) return refusal;
  if (pod.metadata.deletionTimestamp !== undefined) {
    return conflict(`pod ${request.key} is being deleted, cannot be assigned to a host`);
  }
  if (pod.spec.nodeName !== '') return conflict(`pod ${request.key} is already assigned to node "${pod.spec.nodeName}"`);
  if (pod.spec.schedulingGates.length > 0) return conflict(`pod ${request.key} has non-empty .spec.schedulingGates`);
  const spec = copyPodSpec(pod.spec);
  spec.nodeName = request.nodeName;
  const status = copyPodStatus(pod.status);
  status.conditions = withCondition(pod.status.conditions, {
    type: 'PodScheduled',
    status: 'True',
    reason: '',
    message: '',
    lastTransitionTime: store.engine.nowUs,
  });
  const annotations =
    request.annotations === undefined ? pod.metadata.annotations : withEntries(pod.metadata.annotations, request.annotations);
  const metadata = annotations === pod.metadata.annotations ? pod.metadata : { ...pod.metadata, annotations };
  return store.replace(pod, { kind: 'Pod', apiVersion: 'v1', metadata, spec, status });
}
