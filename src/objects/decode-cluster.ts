/**
 * Decoding of the smaller kinds: Namespace, Service, Lease, PriorityClass, PodDisruptionBudget, Event, and custom resources.
 */
import type { CustomObject, KubeEvent, Lease, Namespace, PodDisruptionBudget, PriorityClass, Service } from './cluster.ts';
import { decodeConditions, decodeMeta, decodeSelector } from './decode-meta.ts';
import type { DecodeReader, RawObject } from './decode-reader.ts';
import { childPath } from './document-path.ts';
import { UNTYPED_CLUSTER_KINDS } from './kubernetes-kinds.ts';
import type { TimeUs } from './meta.ts';

const TOP_FIELDS = ['apiVersion', 'kind', 'metadata', 'spec', 'status'];

export function decodeNamespace(reader: DecodeReader, raw: RawObject, path: string): Namespace {
  reader.knownFields(raw, path, TOP_FIELDS);
  const status = reader.object(raw, 'status', path) ?? {};
  return {
    kind: 'Namespace',
    apiVersion: 'v1',
    metadata: decodeMeta(reader, raw, path, false, 'label'),
    status: { phase: reader.oneOf(status, 'phase', childPath(path, 'status'), ['Active', 'Terminating'], 'Active') },
  };
}

export function decodeService(reader: DecodeReader, raw: RawObject, path: string): Service {
  reader.knownFields(raw, path, TOP_FIELDS);
  const spec = reader.object(raw, 'spec', path) ?? {};
  const at = childPath(path, 'spec');
  return {
    kind: 'Service',
    apiVersion: 'v1',
    metadata: decodeMeta(reader, raw, path, true, 'label'),
    spec: {
      type: reader.string(spec, 'type', at) || 'ClusterIP',
      selector: reader.optionalStrings(spec, 'selector', at),
      ports: reader.items(spec, 'ports', at, (item, itemAt) => {
        const port = reader.integer(item, 'port', itemAt, 0, 1);
        const target = item['targetPort'];
        return {
          name: reader.string(item, 'name', itemAt),
          port,
          targetPort: typeof target === 'string' && target !== '' ? target : reader.integer(item, 'targetPort', itemAt, port, 0) || port,
          protocol: reader.string(item, 'protocol', itemAt) || 'TCP',
        };
      }),
    },
  };
}

export function decodeLease(reader: DecodeReader, raw: RawObject, path: string): Lease {
  reader.knownFields(raw, path, TOP_FIELDS);
  const spec = reader.object(raw, 'spec', path) ?? {};
  const at = childPath(path, 'spec');
  reader.knownFields(spec, at, [
    'acquireTime',
    'holderIdentity',
    'leaseDurationSeconds',
    'leaseTransitions',
    'preferredHolder',
    'renewTime',
    'strategy',
  ]);
  return {
    kind: 'Lease',
    apiVersion: 'coordination.k8s.io/v1',
    metadata: decodeMeta(reader, raw, path, true),
    spec: {
      holderIdentity: reader.string(spec, 'holderIdentity', at),
      leaseDurationSeconds: reader.integer(spec, 'leaseDurationSeconds', at, 0, 0),
      acquireTime: reader.optionalTime(spec, 'acquireTime', at),
      renewTime: reader.optionalTime(spec, 'renewTime', at),
      leaseTransitions: reader.integer(spec, 'leaseTransitions', at, 0, 0),
    },
  };
}

export function decodePriorityClass(reader: DecodeReader, raw: RawObject, path: string): PriorityClass {
  reader.knownFields(raw, path, ['apiVersion', 'kind', 'metadata', 'value', 'globalDefault', 'description', 'preemptionPolicy']);
  return {
    kind: 'PriorityClass',
    apiVersion: 'scheduling.k8s.io/v1',
    metadata: decodeMeta(reader, raw, path, false),
    value: reader.integer(raw, 'value', path, 0),
    globalDefault: reader.boolean(raw, 'globalDefault', path),
    preemptionPolicy: reader.oneOf(raw, 'preemptionPolicy', path, ['PreemptLowerPriority', 'Never'], 'PreemptLowerPriority'),
  };
}

export function decodePodDisruptionBudget(reader: DecodeReader, raw: RawObject, path: string): PodDisruptionBudget {
  reader.knownFields(raw, path, TOP_FIELDS);
  const spec = reader.object(raw, 'spec', path) ?? {};
  const at = childPath(path, 'spec');
  reader.knownFields(spec, at, ['minAvailable', 'maxUnavailable', 'selector', 'unhealthyPodEvictionPolicy']);
  const minAvailable = reader.optionalIntOrPercent(spec, 'minAvailable', at);
  const maxUnavailable = reader.optionalIntOrPercent(spec, 'maxUnavailable', at);
  if (reader.validate && minAvailable !== undefined && maxUnavailable !== undefined) {
    reader.problems.add(at, 'minAvailable and maxUnavailable are mutually exclusive');
  }
  const status = reader.object(raw, 'status', path) ?? {};
  const statusAt = childPath(path, 'status');
  const count = (key: string) => reader.integer(status, key, statusAt, 0);
  return {
    kind: 'PodDisruptionBudget',
    apiVersion: 'policy/v1',
    metadata: decodeMeta(reader, raw, path, true),
    spec: {
      minAvailable,
      maxUnavailable,
      selector: decodeSelector(reader, spec, 'selector', at),
      unhealthyPodEvictionPolicy: reader.oneOf(
        spec,
        'unhealthyPodEvictionPolicy',
        at,
        ['IfHealthyBudget', 'AlwaysAllow'],
        'IfHealthyBudget',
      ),
    },
    status: {
      disruptionsAllowed: count('disruptionsAllowed'),
      currentHealthy: count('currentHealthy'),
      desiredHealthy: count('desiredHealthy'),
      expectedPods: count('expectedPods'),
      observedGeneration: count('observedGeneration'),
      disruptedPods: decodeTimes(reader, status, 'disruptedPods', statusAt),
      conditions: decodeConditions(reader, status, statusAt),
    },
  };
}

function decodeTimes(reader: DecodeReader, from: RawObject, key: string, path: string): Readonly<Record<string, TimeUs>> {
  const raw = reader.object(from, key, path) ?? {};
  const result: Record<string, TimeUs> = {};
  for (const name of Object.keys(raw)) result[name] = reader.time(raw, name, childPath(path, key));
  return result;
}

export function decodeEvent(reader: DecodeReader, raw: RawObject, path: string): KubeEvent {
  const involved = reader.object(raw, 'involvedObject', path) ?? {};
  const involvedAt = childPath(path, 'involvedObject');
  const source = reader.object(raw, 'source', path) ?? {};
  return {
    kind: 'Event',
    apiVersion: 'v1',
    metadata: decodeMeta(reader, raw, path, true),
    type: reader.oneOf(raw, 'type', path, ['Normal', 'Warning'], 'Normal'),
    reason: reader.string(raw, 'reason', path),
    message: reader.string(raw, 'message', path),
    count: reader.integer(raw, 'count', path, 1),
    firstTimestamp: reader.time(raw, 'firstTimestamp', path),
    lastTimestamp: reader.time(raw, 'lastTimestamp', path),
    involvedObject: {
      kind: reader.string(involved, 'kind', involvedAt),
      namespace: reader.string(involved, 'namespace', involvedAt),
      name: reader.string(involved, 'name', involvedAt),
      uid: reader.string(involved, 'uid', involvedAt),
    },
    source: { component: reader.string(source, 'component', childPath(path, 'source')) },
  };
}

/** Any other kind: metadata is typed, spec and status are kept as they came. */
export function decodeCustomObject(reader: DecodeReader, raw: RawObject, path: string, kind: string, apiVersion: string): CustomObject {
  return {
    kind,
    apiVersion,
    metadata: decodeMeta(reader, raw, path, !UNTYPED_CLUSTER_KINDS.includes(kind), 'any'),
    spec: reader.object(raw, 'spec', path) ?? {},
    status: reader.object(raw, 'status', path) ?? {},
  };
}
