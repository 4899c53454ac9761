/**
 * decode: from a parsed JSON or YAML value to a typed, defaulted, checked object.
 *
 * Models    kubernetes v1.34 decoding, defaulting and the part of validation that protects the model
 * Differs   one version per kind is read; fields the model does not use are dropped; admission (priority, tolerations,
 *           matchLabelKeys) is left to the API server
 * Cost      5-15 us per pod
 */
import type { ProblemList } from '../base/input-error.ts';
import {
  decodeCustomObject,
  decodeEvent,
  decodeLease,
  decodeNamespace,
  decodePodDisruptionBudget,
  decodePriorityClass,
  decodeService,
} from './decode-cluster.ts';
import { decodeJob } from './decode-job.ts';
import { decodeNode } from './decode-node.ts';
import { decodePod } from './decode-pod.ts';
import { type DecodeOptions, DecodeReader, isRawObject, type RawObject } from './decode-reader.ts';
import {
  decodeCsiDriver,
  decodeCsiNode,
  decodeCsiStorageCapacity,
  decodePersistentVolume,
  decodePersistentVolumeClaim,
  decodeStorageClass,
  decodeVolumeAttachment,
} from './decode-storage.ts';
import { decodeDeployment, decodeReplicaSet, decodeReplicationController, decodeStatefulSet } from './decode-workloads.ts';
import { childPath, itemPath } from './document-path.ts';
import { type AnyObject, type BuiltInKind, KINDS, type Kind, type KindMap, kindInfo, type ObjectOf } from './kinds.ts';
import { groupOf, untypedKindsOf } from './kubernetes-kinds.ts';

export type { DecodeOptions } from './decode-reader.ts';

type Decoders = { readonly [K in BuiltInKind]: (reader: DecodeReader, raw: RawObject, path: string) => KindMap[K] };

const DECODERS: Decoders = {
  Pod: decodePod,
  Node: decodeNode,
  Namespace: decodeNamespace,
  Service: decodeService,
  ReplicaSet: decodeReplicaSet,
  Deployment: decodeDeployment,
  StatefulSet: decodeStatefulSet,
  Job: decodeJob,
  ReplicationController: decodeReplicationController,
  Lease: decodeLease,
  PriorityClass: decodePriorityClass,
  PodDisruptionBudget: decodePodDisruptionBudget,
  PersistentVolume: decodePersistentVolume,
  PersistentVolumeClaim: decodePersistentVolumeClaim,
  StorageClass: decodeStorageClass,
  CSINode: decodeCsiNode,
  CSIDriver: decodeCsiDriver,
  CSIStorageCapacity: decodeCsiStorageCapacity,
  VolumeAttachment: decodeVolumeAttachment,
  Event: decodeEvent,
};

export function isBuiltInKind(kind: string): kind is BuiltInKind {
  return Object.hasOwn(DECODERS, kind);
}

/**
 * The object `raw` describes, of the kind and apiVersion it names. Everything wrong with it goes to `problems`, with
 * paths that start at `path`; undefined when there was a problem.
 */
export function decodeObject(raw: unknown, path: string, problems: ProblemList, options: DecodeOptions = {}): AnyObject | undefined {
  const reader = new DecodeReader(problems, options);
  return decodeWith(reader, raw, path);
}

/** The objects of `raw`: itself, or the items of a List, recursively. Items with a problem are left out. */
export function decodeObjects(raw: unknown, path: string, problems: ProblemList, options: DecodeOptions = {}): AnyObject[] {
  const objects: AnyObject[] = [];
  decodeInto(objects, new DecodeReader(problems, options), raw, path);
  return objects;
}

/** An object of a known kind, which may leave out apiVersion and kind, as the items of a PodList do. */
export function decodeAs<K extends Kind>(
  kind: K,
  raw: unknown,
  path: string,
  problems: ProblemList,
  options: DecodeOptions = {},
): ObjectOf<K> | undefined {
  return decodeKind(new DecodeReader(problems, options), kind, raw, path) as ObjectOf<K> | undefined;
}

function decodeInto(objects: AnyObject[], reader: DecodeReader, raw: unknown, path: string): void {
  const kind = isRawObject(raw) ? raw['kind'] : undefined;
  if (typeof kind !== 'string' || !kind.endsWith('List') || !isRawObject(raw) || !Array.isArray(raw['items'])) {
    const object = decodeWith(reader, raw, path);
    if (object !== undefined) objects.push(object);
    return;
  }
  const itemKind = kind === 'List' ? undefined : kind.slice(0, -'List'.length);
  const items = raw['items'] as unknown[];
  const itemsPath = childPath(path, 'items');
  for (let i = 0; i < items.length; i++) {
    const item = items[i];
    const at = itemPath(itemsPath, i);
    const namesKind = isRawObject(item) && item['kind'] !== undefined;
    if (itemKind === undefined || namesKind || !isBuiltInKind(itemKind)) decodeInto(objects, reader, item, at);
    else {
      const object = decodeKind(reader, itemKind, item, at);
      if (object !== undefined) objects.push(object);
    }
  }
}

function decodeWith(reader: DecodeReader, raw: unknown, path: string): AnyObject | undefined {
  if (!isRawObject(raw)) {
    reader.wrongType(path, 'a Kubernetes object', raw);
    return undefined;
  }
  const kind = raw['kind'];
  const apiVersion = raw['apiVersion'];
  if (typeof kind !== 'string' || kind === '') reader.missing(path, 'kind');
  if (typeof apiVersion !== 'string' || apiVersion === '') reader.missing(path, 'apiVersion');
  if (typeof kind !== 'string' || typeof apiVersion !== 'string' || kind === '' || apiVersion === '') return undefined;
  if (isBuiltInKind(kind) && kindInfo(kind).apiVersion === apiVersion) return decodeKind(reader, kind, raw, path);
  return decodeUntyped(reader, raw, path, kind, apiVersion);
}

function decodeKind(reader: DecodeReader, kind: Kind, raw: unknown, path: string): AnyObject | undefined {
  const before = reader.problems.problems.length;
  const fields = reader.asObject(raw, path);
  if (reader.problems.problems.length > before) return undefined;
  const object = isBuiltInKind(kind)
    ? DECODERS[kind](reader, fields, path)
    : decodeCustomObject(
        reader,
        fields,
        path,
        kind,
        typeof fields['apiVersion'] === 'string' ? fields['apiVersion'] : kindInfo(kind).apiVersion,
      );
  return reader.problems.problems.length > before ? undefined : object;
}

/** A kind we have no type for, or a group or version we do not read. */
function decodeUntyped(reader: DecodeReader, raw: RawObject, path: string, kind: string, apiVersion: string): AnyObject | undefined {
  const group = groupOf(apiVersion);
  const untyped = untypedKindsOf(group);
  const before = reader.problems.problems.length;
  if (untyped === undefined) {
    // Stores are keyed by kind alone, so a custom resource cannot share the name of a built-in kind.
    if (isBuiltInKind(kind)) {
      reader.problems.add(
        childPath(path, 'apiVersion'),
        `${kind} of ${apiVersion} is not supported, expected ${kindInfo(kind).apiVersion}`,
      );
    } else if (reader.otherKinds === 'report') {
      reader.problems.add(childPath(path, 'kind'), `${kind} of ${apiVersion} is a custom resource, which has no meaning here`);
    }
  } else if (isBuiltInKind(kind)) {
    reader.problems.add(childPath(path, 'apiVersion'), `${kind} of ${apiVersion} is not supported`, `use ${kindInfo(kind).apiVersion}`);
  } else if (!untyped.includes(kind)) {
    const known = KINDS.filter((info) => groupOf(info.apiVersion) === group).map((info) => info.kind);
    reader.problems.addUnknown(childPath(path, 'kind'), `kind of ${apiVersion}`, kind, [...known, ...untyped]);
  } else if (reader.otherKinds === 'report') {
    reader.problems.add(childPath(path, 'kind'), `${kind} is not modelled`);
  }
  if (reader.problems.problems.length > before) return undefined;
  const object = decodeCustomObject(reader, raw, path, kind, apiVersion);
  return reader.problems.problems.length > before ? undefined : object;
}
