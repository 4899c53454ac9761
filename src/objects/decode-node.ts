/**
 * Decoding of nodes.
 */
import { decodeConditionStatus, decodeMeta } from './decode-meta.ts';
import type { DecodeReader, RawObject } from './decode-reader.ts';
import { childPath } from './document-path.ts';
import { checkQualifiedName } from './names.ts';
import type { Node, NodeCondition, NodeSpec, NodeStatus, Taint, TaintEffect } from './node.ts';

const EFFECTS: readonly TaintEffect[] = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

export function decodeNode(reader: DecodeReader, raw: RawObject, path: string): Node {
  reader.knownFields(raw, path, ['apiVersion', 'kind', 'metadata', 'spec', 'status']);
  return {
    kind: 'Node',
    apiVersion: 'v1',
    metadata: decodeMeta(reader, raw, path, false),
    spec: decodeSpec(reader, reader.object(raw, 'spec', path) ?? {}, childPath(path, 'spec')),
    status: decodeStatus(reader, reader.object(raw, 'status', path), childPath(path, 'status')),
  };
}

function decodeSpec(reader: DecodeReader, raw: RawObject, path: string): NodeSpec {
  reader.knownFields(raw, path, ['configSource', 'externalID', 'podCIDR', 'podCIDRs', 'providerID', 'taints', 'unschedulable']);
  return {
    unschedulable: reader.boolean(raw, 'unschedulable', path),
    taints: reader.items(raw, 'taints', path, (item, at) => decodeTaint(reader, item, at)),
    providerID: reader.string(raw, 'providerID', path),
  };
}

function decodeTaint(reader: DecodeReader, raw: RawObject, path: string): Taint {
  reader.knownFields(raw, path, ['key', 'value', 'effect', 'timeAdded']);
  const key = reader.requiredString(raw, 'key', path);
  if (reader.validate) {
    const wrong = key === '' ? undefined : checkQualifiedName(key);
    if (wrong !== undefined) reader.problems.add(childPath(path, 'key'), `"${key}" ${wrong}`);
    if (raw['effect'] === undefined || raw['effect'] === null) reader.missing(path, 'effect');
  }
  return {
    key,
    value: reader.string(raw, 'value', path),
    effect: reader.oneOf(raw, 'effect', path, EFFECTS, 'NoSchedule'),
    timeAdded: reader.optionalTime(raw, 'timeAdded', path),
  };
}

function decodeStatus(reader: DecodeReader, raw: RawObject | undefined, path: string): NodeStatus {
  return raw === undefined
    ? decodeStatusFields(reader, {}, path)
    : reader.once('node status', raw, () => decodeStatusFields(reader, raw, path));
}

function decodeStatusFields(reader: DecodeReader, raw: RawObject, path: string): NodeStatus {
  reader.knownFields(raw, path, STATUS_FIELDS);
  const capacity = reader.resources(raw, 'capacity', path);
  return {
    capacity,
    // SetDefaults_NodeStatus: allocatable is the capacity when nobody says otherwise.
    allocatable: raw['allocatable'] === undefined || raw['allocatable'] === null ? capacity : reader.resources(raw, 'allocatable', path),
    conditions: reader.items(raw, 'conditions', path, (item, at) => decodeCondition(reader, item, at)),
    images: reader.items(raw, 'images', path, (item, at) => ({
      names: reader.names(item, 'names', at),
      sizeBytes: reader.integer(item, 'sizeBytes', at, 0, 0),
    })),
    volumesAttached: reader.items(raw, 'volumesAttached', path, (item, at) => ({ name: reader.requiredString(item, 'name', at) })),
  };
}

function decodeCondition(reader: DecodeReader, raw: RawObject, path: string): NodeCondition {
  reader.knownFields(raw, path, ['type', 'status', 'reason', 'message', 'lastHeartbeatTime', 'lastTransitionTime']);
  return {
    type: reader.requiredString(raw, 'type', path),
    status: decodeConditionStatus(reader, raw, path),
    reason: reader.string(raw, 'reason', path),
    message: reader.string(raw, 'message', path),
    lastHeartbeatTime: reader.time(raw, 'lastHeartbeatTime', path),
    lastTransitionTime: reader.time(raw, 'lastTransitionTime', path),
  };
}

const STATUS_FIELDS: readonly string[] = [
  'addresses',
  'allocatable',
  'capacity',
  'conditions',
  'config',
  'daemonEndpoints',
  'declaredFeatures',
  'features',
  'images',
  'nodeInfo',
  'phase',
  'runtimeHandlers',
  'volumesAttached',
  'volumesInUse',
];
