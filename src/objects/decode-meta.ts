/**
 * Decoding of what all kinds share: metadata, selectors, conditions.
 */
import { type DecodeReader, NO_NAMES, NO_STRINGS, type RawObject } from './decode-reader.ts';
import { childPath } from './document-path.ts';
import type { Condition, ConditionStatus, LabelSelector, LabelSelectorRequirement, ObjectMeta, OwnerReference, StringMap } from './meta.ts';
import { checkDnsLabel, checkDnsSubdomain, checkQualifiedName } from './names.ts';
import { compileLabelSelector } from './selectors.ts';

/** `names` says which rule an object's name must obey: most are DNS subdomains, some DNS labels, roles and the like are free. */
export function decodeMeta(
  reader: DecodeReader,
  object: RawObject,
  path: string,
  isNamespaced: boolean,
  names: 'subdomain' | 'label' | 'any' = 'subdomain',
): ObjectMeta {
  const at = childPath(path, 'metadata');
  const raw = reader.object(object, 'metadata', path);
  if (raw === undefined) {
    if (reader.validate) reader.problems.add(at, 'is required');
    return emptyMeta(isNamespaced ? reader.defaultNamespace : '');
  }
  reader.knownFields(raw, at, META_FIELDS);
  const name = reader.string(raw, 'name', at);
  const generateName = reader.string(raw, 'generateName', at);
  const namespace = reader.string(raw, 'namespace', at);
  if (reader.validate) {
    const check = names === 'label' ? checkDnsLabel : checkDnsSubdomain;
    if (name === '' && generateName === '') {
      if (raw['name'] === undefined || raw['name'] === null || raw['name'] === '') reader.missing(at, 'name');
    } else if (name !== '') {
      const wrong = names === 'any' ? undefined : check(name);
      if (wrong !== undefined) reader.problems.add(childPath(at, 'name'), `"${name}" ${wrong}`);
    }
    const wrongNamespace = namespace === '' ? undefined : checkDnsLabel(namespace);
    if (wrongNamespace !== undefined) reader.problems.add(childPath(at, 'namespace'), `"${namespace}" ${wrongNamespace}`);
  }
  const annotations = decodeAnnotations(reader, raw, at);
  return {
    key: undefined,
    name,
    namespace: isNamespaced ? namespace || reader.defaultNamespace : '',
    generateName,
    uid: reader.string(raw, 'uid', at),
    resourceVersion: decodeVersion(reader, raw, at),
    generation: reader.integer(raw, 'generation', at, 0),
    creationTimestamp: reader.time(raw, 'creationTimestamp', at),
    deletionTimestamp: reader.optionalTime(raw, 'deletionTimestamp', at),
    deletionGracePeriodSeconds: reader.optionalInteger(raw, 'deletionGracePeriodSeconds', at),
    labels: reader.labels(raw, 'labels', at),
    annotations,
    ownerReferences: reader.items(raw, 'ownerReferences', at, (item, itemAt) => decodeOwner(reader, item, itemAt)),
    finalizers: reader.names(raw, 'finalizers', at),
  };
}

function decodeAnnotations(reader: DecodeReader, meta: RawObject, path: string): StringMap {
  const raw = reader.object(meta, 'annotations', path);
  if (raw === undefined) return NO_STRINGS;
  return reader.once('annotations', raw, () => {
    const annotations = reader.stringsOf(raw, 'annotations', path);
    if (reader.validate) {
      const at = childPath(path, 'annotations');
      for (const key of Object.keys(annotations)) {
        reader.checkName(at, key, 'annotation key', checkQualifiedName(key.toLowerCase()));
      }
    }
    return annotations;
  });
}

export const META_FIELDS: readonly string[] = [
  'name',
  'generateName',
  'namespace',
  'selfLink',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'labels',
  'annotations',
  'ownerReferences',
  'finalizers',
  'managedFields',
];

function emptyMeta(namespace: string): ObjectMeta {
  return {
    key: undefined,
    name: '',
    namespace,
    generateName: '',
    uid: '',
    resourceVersion: 0,
    generation: 0,
    creationTimestamp: 0,
    deletionTimestamp: undefined,
    deletionGracePeriodSeconds: undefined,
    labels: NO_STRINGS,
    annotations: NO_STRINGS,
    ownerReferences: [],
    finalizers: NO_NAMES,
  };
}

/** Kubernetes writes a decimal string; anything else, or a number beyond 2^53, counts as unset. */
function decodeVersion(reader: DecodeReader, raw: RawObject, path: string): number {
  const text = reader.optionalString(raw, 'resourceVersion', path);
  const version = text === undefined || !/^[0-9]+$/.test(text) ? 0 : Number(text);
  return Number.isSafeInteger(version) ? version : 0;
}

function decodeOwner(reader: DecodeReader, raw: RawObject, path: string): OwnerReference {
  reader.knownFields(raw, path, ['apiVersion', 'kind', 'name', 'uid', 'controller', 'blockOwnerDeletion']);
  return {
    apiVersion: reader.requiredString(raw, 'apiVersion', path),
    kind: reader.requiredString(raw, 'kind', path),
    name: reader.requiredString(raw, 'name', path),
    uid: reader.string(raw, 'uid', path),
    controller: reader.boolean(raw, 'controller', path),
    blockOwnerDeletion: reader.boolean(raw, 'blockOwnerDeletion', path),
  };
}

/** The selector at `key`; undefined when absent. */
export function decodeSelector(reader: DecodeReader, from: RawObject, key: string, path: string): LabelSelector | undefined {
  const raw = reader.object(from, key, path);
  if (raw === undefined) return undefined;
  const at = childPath(path, key);
  reader.knownFields(raw, at, ['matchLabels', 'matchExpressions']);
  const selector: LabelSelector = {
    matchLabels: reader.labels(raw, 'matchLabels', at),
    matchExpressions: reader.items(raw, 'matchExpressions', at, (item, itemAt) => {
      reader.knownFields(item, itemAt, ['key', 'operator', 'values']);
      return {
        key: reader.requiredString(item, 'key', itemAt),
        operator: reader.requiredString(item, 'operator', itemAt) as LabelSelectorRequirement['operator'],
        values: reader.names(item, 'values', itemAt),
      };
    }),
  };
  if (reader.validate && selector.matchExpressions.length > 0) {
    const { error } = compileLabelSelector(selector);
    if (error !== undefined) reader.problems.add(childPath(at, 'matchExpressions'), error.message);
  }
  return selector;
}

/** A selector that must be there, as in apps/v1. */
export function decodeRequiredSelector(reader: DecodeReader, from: RawObject, key: string, path: string): LabelSelector {
  const selector = decodeSelector(reader, from, key, path);
  if (selector !== undefined) return selector;
  if (reader.validate && (from[key] === undefined || from[key] === null)) reader.missing(path, key);
  return { matchLabels: NO_STRINGS, matchExpressions: [] };
}

const CONDITION_STATUSES: readonly ConditionStatus[] = ['True', 'False', 'Unknown'];

export function decodeConditionStatus(reader: DecodeReader, raw: RawObject, path: string): ConditionStatus {
  return reader.oneOf(raw, 'status', path, CONDITION_STATUSES, 'Unknown');
}

export function decodeConditions(reader: DecodeReader, from: RawObject, path: string): readonly Condition[] {
  return reader.items(from, 'conditions', path, (raw, at) => ({
    type: reader.requiredString(raw, 'type', at),
    status: decodeConditionStatus(reader, raw, at),
    reason: reader.string(raw, 'reason', at),
    message: reader.string(raw, 'message', at),
    lastTransitionTime: reader.time(raw, 'lastTransitionTime', at),
  }));
}
