/**
 * Kinds: every kind of object the API server stores, and what is particular to each.
 *
 * Models    kubernetes v1.34 registry strategies (pkg/registry/...): scope, status subresource, unconditional updates
 */
import type { CustomObject, KubeEvent, Lease, Namespace, PodDisruptionBudget, PriorityClass, Service } from './cluster.ts';
import type { Job } from './job.ts';
import type { Node } from './node.ts';
import type { Pod } from './pod.ts';
import type {
  CsiDriver,
  CsiNode,
  CsiStorageCapacity,
  PersistentVolume,
  PersistentVolumeClaim,
  StorageClass,
  VolumeAttachment,
} from './storage.ts';
import type { Deployment, ReplicaSet, ReplicationController, StatefulSet } from './workloads.ts';

export interface KindMap {
  Pod: Pod;
  Node: Node;
  Namespace: Namespace;
  Service: Service;
  ReplicaSet: ReplicaSet;
  Deployment: Deployment;
  StatefulSet: StatefulSet;
  Job: Job;
  ReplicationController: ReplicationController;
  Lease: Lease;
  PriorityClass: PriorityClass;
  PodDisruptionBudget: PodDisruptionBudget;
  PersistentVolume: PersistentVolume;
  PersistentVolumeClaim: PersistentVolumeClaim;
  StorageClass: StorageClass;
  CSINode: CsiNode;
  CSIDriver: CsiDriver;
  CSIStorageCapacity: CsiStorageCapacity;
  VolumeAttachment: VolumeAttachment;
  Event: KubeEvent;
}

export type BuiltInKind = keyof KindMap;
/** A built-in kind, or the name of a custom resource. */
export type Kind = BuiltInKind | (string & {});
export type ObjectOf<K extends Kind> = K extends BuiltInKind ? KindMap[K] : CustomObject;
export type AnyObject = KindMap[BuiltInKind] | CustomObject;

export interface KindInfo {
  readonly kind: string;
  readonly apiVersion: string;
  readonly plural: string;
  readonly isNamespaced: boolean;
  /** PUT keeps the stored status, PUT .../status keeps everything else. */
  readonly hasStatus: boolean;
  /** An update without resourceVersion overwrites. */
  readonly allowsUnconditionalUpdate: boolean;
  /** Deletion waits for a grace period (pods only). */
  readonly deletesGracefully: boolean;
  /** A change of these top-level fields bumps metadata.generation; empty when the kind keeps no generation. */
  readonly generationFields: readonly string[];
}

function info(kind: string, apiVersion: string, plural: string, options: Partial<KindInfo> = {}): KindInfo {
  return {
    kind,
    apiVersion,
    plural,
    isNamespaced: true,
    hasStatus: false,
    allowsUnconditionalUpdate: true,
    deletesGracefully: false,
    generationFields: [],
    ...options,
  };
}

/** In the order lists and help show them. */
export const KINDS: readonly KindInfo[] = [
  info('Node', 'v1', 'nodes', { isNamespaced: false, hasStatus: true }),
  info('Namespace', 'v1', 'namespaces', { isNamespaced: false, hasStatus: true }),
  info('Pod', 'v1', 'pods', { hasStatus: true, deletesGracefully: true, generationFields: ['spec'] }),
  info('Service', 'v1', 'services'),
  info('ReplicationController', 'v1', 'replicationcontrollers', { hasStatus: true, generationFields: ['spec'] }),
  info('Event', 'v1', 'events'),
  info('PersistentVolume', 'v1', 'persistentvolumes', { isNamespaced: false, hasStatus: true }),
  info('PersistentVolumeClaim', 'v1', 'persistentvolumeclaims', { hasStatus: true }),
  info('ReplicaSet', 'apps/v1', 'replicasets', { hasStatus: true, generationFields: ['spec'] }),
  info('Deployment', 'apps/v1', 'deployments', { hasStatus: true, generationFields: ['spec'] }),
  info('StatefulSet', 'apps/v1', 'statefulsets', { hasStatus: true, generationFields: ['spec'] }),
  info('Job', 'batch/v1', 'jobs', { hasStatus: true, generationFields: ['spec'] }),
  info('Lease', 'coordination.k8s.io/v1', 'leases', { allowsUnconditionalUpdate: false }),
  info('PriorityClass', 'scheduling.k8s.io/v1', 'priorityclasses', { isNamespaced: false }),
  info('PodDisruptionBudget', 'policy/v1', 'poddisruptionbudgets', {
    hasStatus: true,
    allowsUnconditionalUpdate: false,
    generationFields: ['spec'],
  }),
  info('StorageClass', 'storage.k8s.io/v1', 'storageclasses', { isNamespaced: false }),
  info('CSINode', 'storage.k8s.io/v1', 'csinodes', { isNamespaced: false }),
  info('CSIDriver', 'storage.k8s.io/v1', 'csidrivers', { isNamespaced: false }),
  info('CSIStorageCapacity', 'storage.k8s.io/v1', 'csistoragecapacities'),
  info('VolumeAttachment', 'storage.k8s.io/v1', 'volumeattachments', { isNamespaced: false, hasStatus: true }),
];

const byKind = new Map(KINDS.map((entry) => [entry.kind, entry] as const));

/** What is known of `kind`; custom kinds are namespaced, with status and generation. */
export function kindInfo(kind: Kind): KindInfo {
  return (
    byKind.get(kind) ??
    info(kind, 'seatrial.dev/v1', `${kind.toLowerCase()}s`, {
      hasStatus: true,
      allowsUnconditionalUpdate: false,
      generationFields: ['spec'],
    })
  );
}
