/**
 * Decoding of ReplicaSet, Deployment, StatefulSet and ReplicationController.
 *
 * Models    kubernetes v1.34 pkg/apis/apps/v1/defaults.go and validation
 */
import { decodeConditionStatus, decodeConditions, decodeMeta, decodeRequiredSelector } from './decode-meta.ts';
import { decodePodTemplate } from './decode-pod.ts';
import type { DecodeReader, RawObject } from './decode-reader.ts';
import { decodeClaimSpec } from './decode-storage.ts';
import { childPath } from './document-path.ts';
import type { LabelSelector } from './meta.ts';
import { compileLabelSelector } from './selectors.ts';
import type {
  Deployment,
  DeploymentStatus,
  DeploymentStrategy,
  PodTemplate,
  ReplicaSet,
  ReplicationController,
  StatefulSet,
  StatefulSetUpdateStrategy,
  VolumeClaimTemplate,
} from './workloads.ts';

const TOP_FIELDS = ['apiVersion', 'kind', 'metadata', 'spec', 'status'];

export function decodeReplicaSet(reader: DecodeReader, raw: RawObject, path: string): ReplicaSet {
  reader.knownFields(raw, path, TOP_FIELDS);
  const metadata = decodeMeta(reader, raw, path, true);
  const { spec, at } = requiredSpec(reader, raw, path);
  reader.knownFields(spec, at, ['replicas', 'minReadySeconds', 'selector', 'template']);
  const status = reader.object(raw, 'status', path) ?? {};
  const statusAt = childPath(path, 'status');
  const count = (key: string) => reader.integer(status, key, statusAt, 0, 0);
  return {
    kind: 'ReplicaSet',
    apiVersion: 'apps/v1',
    metadata,
    spec: {
      replicas: reader.integer(spec, 'replicas', at, 1, 0),
      minReadySeconds: reader.integer(spec, 'minReadySeconds', at, 0, 0),
      ...decodeSelectorAndTemplate(reader, spec, at),
    },
    status: {
      replicas: count('replicas'),
      fullyLabeledReplicas: count('fullyLabeledReplicas'),
      readyReplicas: count('readyReplicas'),
      availableReplicas: count('availableReplicas'),
      observedGeneration: count('observedGeneration'),
      conditions: decodeConditions(reader, status, statusAt),
    },
  };
}

export function decodeDeployment(reader: DecodeReader, raw: RawObject, path: string): Deployment {
  reader.knownFields(raw, path, TOP_FIELDS);
  const metadata = decodeMeta(reader, raw, path, true);
  const { spec, at } = requiredSpec(reader, raw, path);
  reader.knownFields(spec, at, DEPLOYMENT_FIELDS);
  const { selector, template } = decodeSelectorAndTemplate(reader, spec, at);
  const minReadySeconds = reader.integer(spec, 'minReadySeconds', at, 0, 0);
  const progressDeadlineSeconds = reader.integer(spec, 'progressDeadlineSeconds', at, 600, 0);
  if (reader.validate && progressDeadlineSeconds <= minReadySeconds) {
    reader.problems.add(childPath(at, 'progressDeadlineSeconds'), 'must be greater than minReadySeconds');
  }
  return {
    kind: 'Deployment',
    apiVersion: 'apps/v1',
    metadata,
    spec: {
      replicas: reader.integer(spec, 'replicas', at, 1, 0),
      selector,
      template,
      strategy: decodeStrategy(reader, spec, at),
      minReadySeconds,
      revisionHistoryLimit: reader.integer(spec, 'revisionHistoryLimit', at, 10, 0),
      paused: reader.boolean(spec, 'paused', at),
      progressDeadlineSeconds,
    },
    status: decodeDeploymentStatus(reader, reader.object(raw, 'status', path) ?? {}, childPath(path, 'status')),
  };
}

const DEPLOYMENT_FIELDS = [
  'minReadySeconds',
  'paused',
  'progressDeadlineSeconds',
  'replicas',
  'revisionHistoryLimit',
  'selector',
  'strategy',
  'template',
];

/** maxSurge and maxUnavailable default to 25 % each; they cannot both be zero. */
function decodeStrategy(reader: DecodeReader, spec: RawObject, path: string): DeploymentStrategy {
  const raw = reader.object(spec, 'strategy', path) ?? {};
  const at = childPath(path, 'strategy');
  reader.knownFields(raw, at, ['type', 'rollingUpdate']);
  const type = reader.oneOf(raw, 'type', at, ['RollingUpdate', 'Recreate'], 'RollingUpdate');
  const rolling = reader.object(raw, 'rollingUpdate', at);
  const rollingAt = childPath(at, 'rollingUpdate');
  const fields = rolling ?? {};
  reader.knownFields(fields, rollingAt, ['maxSurge', 'maxUnavailable']);
  const maxSurge = reader.optionalIntOrPercent(fields, 'maxSurge', rollingAt) ?? '25%';
  const maxUnavailable = reader.optionalIntOrPercent(fields, 'maxUnavailable', rollingAt) ?? '25%';
  if (reader.validate) {
    if (type === 'Recreate' && rolling !== undefined) reader.problems.add(rollingAt, 'is not allowed when the type is Recreate');
    if (type === 'RollingUpdate' && isZero(maxSurge) && isZero(maxUnavailable)) {
      reader.problems.add(childPath(rollingAt, 'maxUnavailable'), 'must not be 0 when maxSurge is 0');
    }
  }
  return { type, maxSurge, maxUnavailable };
}

function isZero(amount: number | string): boolean {
  return typeof amount === 'number' ? amount === 0 : Number.parseInt(amount, 10) === 0;
}

function decodeDeploymentStatus(reader: DecodeReader, raw: RawObject, path: string): DeploymentStatus {
  const count = (key: string) => reader.integer(raw, key, path, 0, 0);
  return {
    observedGeneration: count('observedGeneration'),
    replicas: count('replicas'),
    updatedReplicas: count('updatedReplicas'),
    readyReplicas: count('readyReplicas'),
    availableReplicas: count('availableReplicas'),
    unavailableReplicas: count('unavailableReplicas'),
    collisionCount: reader.optionalInteger(raw, 'collisionCount', path),
    conditions: reader.items(raw, 'conditions', path, (item, at) => ({
      type: reader.requiredString(item, 'type', at),
      status: decodeConditionStatus(reader, item, at),
      reason: reader.string(item, 'reason', at),
      message: reader.string(item, 'message', at),
      lastTransitionTime: reader.time(item, 'lastTransitionTime', at),
      lastUpdateTime: reader.time(item, 'lastUpdateTime', at),
    })),
  };
}

export function decodeStatefulSet(reader: DecodeReader, raw: RawObject, path: string): StatefulSet {
  reader.knownFields(raw, path, TOP_FIELDS);
  const metadata = decodeMeta(reader, raw, path, true);
  const { spec, at } = requiredSpec(reader, raw, path);
  reader.knownFields(spec, at, STATEFUL_SET_FIELDS);
  const status = reader.object(raw, 'status', path) ?? {};
  const statusAt = childPath(path, 'status');
  const count = (key: string) => reader.integer(status, key, statusAt, 0, 0);
  return {
    kind: 'StatefulSet',
    apiVersion: 'apps/v1',
    metadata,
    spec: {
      replicas: reader.integer(spec, 'replicas', at, 1, 0),
      ...decodeSelectorAndTemplate(reader, spec, at),
      serviceName: reader.string(spec, 'serviceName', at),
      podManagementPolicy: reader.oneOf(spec, 'podManagementPolicy', at, ['OrderedReady', 'Parallel'], 'OrderedReady'),
      updateStrategy: decodeUpdateStrategy(reader, spec, at),
      minReadySeconds: reader.integer(spec, 'minReadySeconds', at, 0, 0),
      revisionHistoryLimit: reader.integer(spec, 'revisionHistoryLimit', at, 10, 0),
      firstOrdinal: reader.integer(reader.object(spec, 'ordinals', at) ?? {}, 'start', childPath(at, 'ordinals'), 0, 0),
      volumeClaimTemplates: reader.items(spec, 'volumeClaimTemplates', at, (item, itemAt) => decodeClaimTemplate(reader, item, itemAt)),
      claimRetention: decodeClaimRetention(reader, spec, at),
    },
    status: {
      replicas: count('replicas'),
      readyReplicas: count('readyReplicas'),
      availableReplicas: count('availableReplicas'),
      currentReplicas: count('currentReplicas'),
      updatedReplicas: count('updatedReplicas'),
      currentRevision: reader.string(status, 'currentRevision', statusAt),
      updateRevision: reader.string(status, 'updateRevision', statusAt),
      collisionCount: reader.optionalInteger(status, 'collisionCount', statusAt),
      observedGeneration: count('observedGeneration'),
    },
  };
}

function decodeClaimTemplate(reader: DecodeReader, raw: RawObject, path: string): VolumeClaimTemplate {
  reader.knownFields(raw, path, TOP_FIELDS);
  const meta = reader.object(raw, 'metadata', path) ?? {};
  const at = childPath(path, 'metadata');
  return {
    name: reader.requiredString(meta, 'name', at),
    labels: reader.labels(meta, 'labels', at),
    annotations: reader.optionalStrings(meta, 'annotations', at) ?? {},
    spec: decodeClaimSpec(reader, raw, path),
  };
}

function decodeClaimRetention(reader: DecodeReader, spec: RawObject, path: string): StatefulSet['spec']['claimRetention'] {
  const raw = reader.object(spec, 'persistentVolumeClaimRetentionPolicy', path) ?? {};
  const at = childPath(path, 'persistentVolumeClaimRetentionPolicy');
  reader.knownFields(raw, at, ['whenDeleted', 'whenScaled']);
  const policy = (key: string) => reader.oneOf(raw, key, at, ['Retain', 'Delete'], 'Retain');
  return { whenDeleted: policy('whenDeleted'), whenScaled: policy('whenScaled') };
}

function decodeUpdateStrategy(reader: DecodeReader, spec: RawObject, path: string): StatefulSetUpdateStrategy {
  const raw = reader.object(spec, 'updateStrategy', path) ?? {};
  const at = childPath(path, 'updateStrategy');
  reader.knownFields(raw, at, ['type', 'rollingUpdate']);
  const rolling = reader.object(raw, 'rollingUpdate', at) ?? {};
  const rollingAt = childPath(at, 'rollingUpdate');
  reader.knownFields(rolling, rollingAt, ['partition', 'maxUnavailable']);
  return {
    type: reader.oneOf(raw, 'type', at, ['RollingUpdate', 'OnDelete'], 'RollingUpdate'),
    partition: reader.integer(rolling, 'partition', rollingAt, 0, 0),
  };
}

const STATEFUL_SET_FIELDS = [
  'minReadySeconds',
  'ordinals',
  'persistentVolumeClaimRetentionPolicy',
  'podManagementPolicy',
  'replicas',
  'revisionHistoryLimit',
  'selector',
  'serviceName',
  'template',
  'updateStrategy',
  'volumeClaimTemplates',
];

export function decodeReplicationController(reader: DecodeReader, raw: RawObject, path: string): ReplicationController {
  reader.knownFields(raw, path, TOP_FIELDS);
  const spec = reader.object(raw, 'spec', path) ?? {};
  const at = childPath(path, 'spec');
  reader.knownFields(spec, at, ['replicas', 'minReadySeconds', 'selector', 'template']);
  return {
    kind: 'ReplicationController',
    apiVersion: 'v1',
    metadata: decodeMeta(reader, raw, path, true),
    spec: {
      replicas: reader.integer(spec, 'replicas', at, 1, 0),
      selector: reader.optionalStrings(spec, 'selector', at) ?? templateLabels(reader, spec, at),
    },
  };
}

/** A ReplicationController without a selector selects by the labels of its template. */
function templateLabels(reader: DecodeReader, spec: RawObject, path: string) {
  const template = reader.object(spec, 'template', path) ?? {};
  const at = childPath(path, 'template');
  return reader.optionalStrings(reader.object(template, 'metadata', at) ?? {}, 'labels', childPath(at, 'metadata'));
}

function requiredSpec(reader: DecodeReader, raw: RawObject, path: string): { spec: RawObject; at: string } {
  const spec = reader.object(raw, 'spec', path);
  if (spec === undefined && reader.validate) reader.missing(path, 'spec');
  return { spec: spec ?? {}, at: childPath(path, 'spec') };
}

/** The selector must select the template's own pods, or the controller would create pods for ever. */
function decodeSelectorAndTemplate(
  reader: DecodeReader,
  spec: RawObject,
  path: string,
): { readonly selector: LabelSelector; readonly template: PodTemplate } {
  const selector = decodeRequiredSelector(reader, spec, 'selector', path);
  const template = decodePodTemplate(reader, spec, 'template', path);
  if (reader.validate && spec['selector'] !== undefined && spec['template'] !== undefined) {
    const matcher = compileLabelSelector(selector);
    if (matcher.isEmpty) reader.problems.add(childPath(path, 'selector'), 'must not be empty');
    else if (matcher.error === undefined && !matcher.matches(template.metadata.labels)) {
      reader.problems.add(
        childPath(childPath(childPath(path, 'template'), 'metadata'), 'labels'),
        'must match spec.selector, or the controller would never recognize its own pods',
      );
    }
    if (template.spec.restartPolicy !== 'Always') {
      reader.problems.add(
        childPath(childPath(childPath(path, 'template'), 'spec'), 'restartPolicy'),
        `must be Always, found ${template.spec.restartPolicy}`,
      );
    }
  }
  return { selector, template };
}
