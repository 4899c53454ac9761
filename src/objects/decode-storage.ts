/**
 * Decoding of the storage kinds.
 */
import { decodeNodeSelector } from './decode-affinity.ts';
import { decodeMeta, decodeSelector } from './decode-meta.ts';
import type { DecodeReader, RawObject } from './decode-reader.ts';
import { childPath } from './document-path.ts';
import type {
  CsiDriver,
  CsiNode,
  CsiStorageCapacity,
  PersistentVolume,
  PersistentVolumeClaim,
  StorageClass,
  VolumeAttachment,
} from './storage.ts';

const TOP_FIELDS = ['apiVersion', 'kind', 'metadata', 'spec', 'status'];

export function decodePersistentVolume(reader: DecodeReader, raw: RawObject, path: string): PersistentVolume {
  reader.knownFields(raw, path, TOP_FIELDS);
  const spec = reader.object(raw, 'spec', path) ?? {};
  const at = childPath(path, 'spec');
  const claim = reader.object(spec, 'claimRef', at);
  const claimAt = childPath(at, 'claimRef');
  const affinity = reader.object(spec, 'nodeAffinity', at);
  const csi = reader.object(spec, 'csi', at);
  const gce = reader.object(spec, 'gcePersistentDisk', at);
  const aws = reader.object(spec, 'awsElasticBlockStore', at);
  const status = reader.object(raw, 'status', path) ?? {};
  return {
    kind: 'PersistentVolume',
    apiVersion: 'v1',
    metadata: decodeMeta(reader, raw, path, false),
    spec: {
      capacity: reader.resources(spec, 'capacity', at),
      accessModes: reader.names(spec, 'accessModes', at),
      storageClassName: reader.string(spec, 'storageClassName', at),
      volumeMode: reader.oneOf(spec, 'volumeMode', at, ['Filesystem', 'Block'], 'Filesystem'),
      volumeAttributesClassName: reader.optionalString(spec, 'volumeAttributesClassName', at),
      persistentVolumeReclaimPolicy: reader.string(spec, 'persistentVolumeReclaimPolicy', at) || 'Retain',
      claimRef:
        claim === undefined
          ? undefined
          : {
              namespace: reader.string(claim, 'namespace', claimAt),
              name: reader.string(claim, 'name', claimAt),
              uid: reader.string(claim, 'uid', claimAt),
            },
      nodeAffinityRequired:
        affinity === undefined ? undefined : decodeNodeSelector(reader, affinity, 'required', childPath(at, 'nodeAffinity')),
      csi:
        csi === undefined
          ? undefined
          : {
              driver: reader.requiredString(csi, 'driver', childPath(at, 'csi')),
              volumeHandle: reader.string(csi, 'volumeHandle', childPath(at, 'csi')),
            },
      gcePersistentDisk: gce === undefined ? undefined : { pdName: reader.string(gce, 'pdName', childPath(at, 'gcePersistentDisk')) },
      awsElasticBlockStore:
        aws === undefined ? undefined : { volumeID: reader.string(aws, 'volumeID', childPath(at, 'awsElasticBlockStore')) },
    },
    status: {
      phase: reader.oneOf(status, 'phase', childPath(path, 'status'), ['Pending', 'Available', 'Bound', 'Released', 'Failed', ''], ''),
    },
  };
}

export function decodePersistentVolumeClaim(reader: DecodeReader, raw: RawObject, path: string): PersistentVolumeClaim {
  reader.knownFields(raw, path, TOP_FIELDS);
  const status = reader.object(raw, 'status', path) ?? {};
  return {
    kind: 'PersistentVolumeClaim',
    apiVersion: 'v1',
    metadata: decodeMeta(reader, raw, path, true),
    spec: decodeClaimSpec(reader, raw, path),
    status: { phase: reader.oneOf(status, 'phase', childPath(path, 'status'), ['Pending', 'Bound', 'Lost', ''], '') },
  };
}

/** `spec` of a claim, or of the template of one. */
export function decodeClaimSpec(reader: DecodeReader, raw: RawObject, path: string): PersistentVolumeClaim['spec'] {
  const spec = reader.object(raw, 'spec', path) ?? {};
  const at = childPath(path, 'spec');
  const resources = reader.object(spec, 'resources', at) ?? {};
  return {
    accessModes: reader.names(spec, 'accessModes', at),
    requests: reader.resources(resources, 'requests', childPath(at, 'resources')),
    storageClassName: reader.optionalString(spec, 'storageClassName', at),
    volumeName: reader.string(spec, 'volumeName', at),
    volumeMode: reader.oneOf(spec, 'volumeMode', at, ['Filesystem', 'Block'], 'Filesystem'),
    volumeAttributesClassName: reader.optionalString(spec, 'volumeAttributesClassName', at),
    selector: decodeSelector(reader, spec, 'selector', at),
  };
}

export function decodeStorageClass(reader: DecodeReader, raw: RawObject, path: string): StorageClass {
  reader.knownFields(raw, path, [
    'apiVersion',
    'kind',
    'metadata',
    'provisioner',
    'parameters',
    'reclaimPolicy',
    'mountOptions',
    'allowVolumeExpansion',
    'volumeBindingMode',
    'allowedTopologies',
  ]);
  return {
    kind: 'StorageClass',
    apiVersion: 'storage.k8s.io/v1',
    metadata: decodeMeta(reader, raw, path, false),
    provisioner: reader.string(raw, 'provisioner', path),
    volumeBindingMode: reader.oneOf(raw, 'volumeBindingMode', path, ['Immediate', 'WaitForFirstConsumer'], 'Immediate'),
    reclaimPolicy: reader.string(raw, 'reclaimPolicy', path) || 'Delete',
    allowedTopologies: reader.items(raw, 'allowedTopologies', path, (item, at) => ({
      matchLabelExpressions: reader.items(item, 'matchLabelExpressions', at, (expression, expressionAt) => ({
        key: reader.requiredString(expression, 'key', expressionAt),
        values: reader.names(expression, 'values', expressionAt),
      })),
    })),
  };
}

export function decodeCsiNode(reader: DecodeReader, raw: RawObject, path: string): CsiNode {
  const spec = reader.object(raw, 'spec', path) ?? {};
  return {
    kind: 'CSINode',
    apiVersion: 'storage.k8s.io/v1',
    metadata: decodeMeta(reader, raw, path, false),
    drivers: reader.items(spec, 'drivers', childPath(path, 'spec'), (item, at) => ({
      name: reader.requiredString(item, 'name', at),
      nodeID: reader.string(item, 'nodeID', at),
      topologyKeys: reader.names(item, 'topologyKeys', at),
      count: reader.optionalInteger(reader.object(item, 'allocatable', at) ?? {}, 'count', childPath(at, 'allocatable'), 0),
    })),
  };
}

export function decodeCsiDriver(reader: DecodeReader, raw: RawObject, path: string): CsiDriver {
  const spec = reader.object(raw, 'spec', path) ?? {};
  return {
    kind: 'CSIDriver',
    apiVersion: 'storage.k8s.io/v1',
    metadata: decodeMeta(reader, raw, path, false),
    storageCapacity: reader.boolean(spec, 'storageCapacity', childPath(path, 'spec')),
  };
}

export function decodeCsiStorageCapacity(reader: DecodeReader, raw: RawObject, path: string): CsiStorageCapacity {
  return {
    kind: 'CSIStorageCapacity',
    apiVersion: 'storage.k8s.io/v1',
    metadata: decodeMeta(reader, raw, path, true),
    storageClassName: reader.requiredString(raw, 'storageClassName', path),
    nodeTopology: decodeSelector(reader, raw, 'nodeTopology', path),
    capacity: reader.optionalQuantity(raw, 'capacity', path),
    maximumVolumeSize: reader.optionalQuantity(raw, 'maximumVolumeSize', path),
  };
}

export function decodeVolumeAttachment(reader: DecodeReader, raw: RawObject, path: string): VolumeAttachment {
  const spec = reader.object(raw, 'spec', path) ?? {};
  const at = childPath(path, 'spec');
  const source = reader.object(spec, 'source', at) ?? {};
  const status = reader.object(raw, 'status', path) ?? {};
  return {
    kind: 'VolumeAttachment',
    apiVersion: 'storage.k8s.io/v1',
    metadata: decodeMeta(reader, raw, path, false),
    attacher: reader.requiredString(spec, 'attacher', at),
    nodeName: reader.requiredString(spec, 'nodeName', at),
    persistentVolumeName: reader.string(source, 'persistentVolumeName', childPath(at, 'source')),
    attached: reader.boolean(status, 'attached', childPath(path, 'status')),
  };
}
