/**
 * Storage kinds read by the scheduler's volume plugins.
 *
 * Models    kubernetes v1.34 core/v1 PersistentVolume and PersistentVolumeClaim, storage.k8s.io/v1
 */
import type { LabelSelector, ObjectMeta, QuantityString, StringMap } from './meta.ts';
import type { NodeSelector } from './pod.ts';

export interface PersistentVolume {
  readonly kind: 'PersistentVolume';
  readonly apiVersion: 'v1';
  readonly metadata: ObjectMeta;
  readonly spec: {
    readonly capacity: Readonly<Record<string, QuantityString>>;
    readonly accessModes: readonly string[];
    readonly storageClassName: string;
    readonly volumeMode: 'Filesystem' | 'Block';
    readonly volumeAttributesClassName: string | undefined;
    readonly persistentVolumeReclaimPolicy: string;
    readonly claimRef: { readonly namespace: string; readonly name: string; readonly uid: string } | undefined;
    readonly nodeAffinityRequired: NodeSelector | undefined;
    readonly csi: { readonly driver: string; readonly volumeHandle: string } | undefined;
    /** In-tree sources that migration maps to CSI drivers. */
    readonly gcePersistentDisk: { readonly pdName: string } | undefined;
    readonly awsElasticBlockStore: { readonly volumeID: string } | undefined;
  };
  readonly status: { readonly phase: 'Pending' | 'Available' | 'Bound' | 'Released' | 'Failed' | '' };
}

export interface PersistentVolumeClaim {
  readonly kind: 'PersistentVolumeClaim';
  readonly apiVersion: 'v1';
  readonly metadata: ObjectMeta;
  readonly spec: {
    readonly accessModes: readonly string[];
    readonly requests: Readonly<Record<string, QuantityString>>;
    /** undefined when absent; an empty string asks for volumes without a class. */
    readonly storageClassName: string | undefined;
    readonly volumeName: string;
    readonly volumeMode: 'Filesystem' | 'Block';
    readonly volumeAttributesClassName: string | undefined;
    readonly selector: LabelSelector | undefined;
  };
  readonly status: { readonly phase: 'Pending' | 'Bound' | 'Lost' | '' };
}

export interface StorageClass {
  readonly kind: 'StorageClass';
  readonly apiVersion: 'storage.k8s.io/v1';
  readonly metadata: ObjectMeta;
  readonly provisioner: string;
  readonly volumeBindingMode: 'Immediate' | 'WaitForFirstConsumer';
  readonly reclaimPolicy: string;
  readonly allowedTopologies: readonly {
    readonly matchLabelExpressions: readonly { readonly key: string; readonly values: readonly string[] }[];
  }[];
}

export interface CsiNode {
  readonly kind: 'CSINode';
  readonly apiVersion: 'storage.k8s.io/v1';
  readonly metadata: ObjectMeta;
  readonly drivers: readonly {
    readonly name: string;
    readonly nodeID: string;
    readonly topologyKeys: readonly string[] /** undefined: no limit. */;
    readonly count: number | undefined;
  }[];
}

export interface CsiDriver {
  readonly kind: 'CSIDriver';
  readonly apiVersion: 'storage.k8s.io/v1';
  readonly metadata: ObjectMeta;
  readonly storageCapacity: boolean;
}

export interface CsiStorageCapacity {
  readonly kind: 'CSIStorageCapacity';
  readonly apiVersion: 'storage.k8s.io/v1';
  readonly metadata: ObjectMeta;
  readonly storageClassName: string;
  readonly nodeTopology: LabelSelector | undefined;
  readonly capacity: QuantityString | undefined;
  readonly maximumVolumeSize: QuantityString | undefined;
}

export interface VolumeAttachment {
  readonly kind: 'VolumeAttachment';
  readonly apiVersion: 'storage.k8s.io/v1';
  readonly metadata: ObjectMeta;
  readonly attacher: string;
  readonly nodeName: string;
  readonly persistentVolumeName: string;
  readonly attached: boolean;
}

export type { StringMap };
