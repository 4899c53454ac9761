/**
 * workloads-ready: in the end every workload has what it asked for: as many pods as wanted, of the newest template, ready,
 * and its status says so; every Job has finished.
 *
 * I15 of the oracles. A workload is let off only for pods that fit on no node (see pods-placed).
 */
import type { Deployment, ReplicaSet, StatefulSet } from '../../objects/workloads.ts';
import { defineInvariant } from './invariant.ts';

export const workloadsReady = defineInvariant({
  name: 'workloads-ready',
  id: 'I15',
  summary: 'every workload ends up with the replicas it asked for, ready and of the newest template',
  create: ({ store }) => ({
    unsettled: () => [
      ...store.list('Deployment').flatMap((deployment) => deploymentGap(deployment) ?? []),
      ...store.list('ReplicaSet').flatMap((set) => replicaSetGap(set) ?? []),
      ...store.list('StatefulSet').flatMap((set) => statefulSetGap(set) ?? []),
      ...store.list('Job').flatMap((job) => {
        const isOver = job.status.conditions.some(({ type, status }) => (type === 'Complete' || type === 'Failed') && status === 'True');
        return isOver || job.spec.suspend ? [] : [`job/${job.metadata.namespace}/${job.metadata.name} has not finished`];
      }),
    ],
  }),
});

function deploymentGap({ metadata, spec, status }: Deployment): string | undefined {
  const name = `deployment/${metadata.namespace}/${metadata.name}`;
  if (status.observedGeneration < metadata.generation) return `${name} was changed and its controller has not answered`;
  if (spec.paused) return undefined;
  const { replicas, updatedReplicas, readyReplicas, availableReplicas } = status;
  const wanted = spec.replicas;
  if (replicas === wanted && updatedReplicas === wanted && readyReplicas === wanted && availableReplicas === wanted) return undefined;
  return `${name} wants ${wanted} and has ${replicas}: ${updatedReplicas} new, ${readyReplicas} ready, ${availableReplicas} available`;
}

function replicaSetGap({ metadata, spec, status }: ReplicaSet): string | undefined {
  const name = `replicaset/${metadata.namespace}/${metadata.name}`;
  if (status.observedGeneration < metadata.generation) return `${name} was changed and its controller has not answered`;
  if (status.replicas === spec.replicas && status.readyReplicas === spec.replicas) return undefined;
  return `${name} wants ${spec.replicas} and has ${status.replicas}, ${status.readyReplicas} ready`;
}

function statefulSetGap({ metadata, spec, status }: StatefulSet): string | undefined {
  const name = `statefulset/${metadata.namespace}/${metadata.name}`;
  if (status.observedGeneration < metadata.generation) return `${name} was changed and its controller has not answered`;
  if (status.replicas === spec.replicas && status.readyReplicas === spec.replicas) return undefined;
  return `${name} wants ${spec.replicas} and has ${status.replicas}, ${status.readyReplicas} ready`;
}
