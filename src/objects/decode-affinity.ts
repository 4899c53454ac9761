/**
 * Decoding of the parts of a pod that say where it may run: affinity, spreading, tolerations, node selectors.
 */

import { decodeSelector } from './decode-meta.ts';
import { type DecodeReader, NO_NAMES, type RawObject } from './decode-reader.ts';
import { childPath } from './document-path.ts';
import type {
  Affinity,
  NodeAffinitySpec,
  NodeSelector,
  NodeSelectorRequirement,
  NodeSelectorTerm,
  PodAffinitySpec,
  PodAffinityTerm,
  Toleration,
  TopologySpreadConstraint,
} from './pod.ts';
import { compileNodeTerm } from './selectors.ts';

const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution';
const PREFERRED = 'preferredDuringSchedulingIgnoredDuringExecution';

export function decodeAffinity(reader: DecodeReader, spec: RawObject, path: string): Affinity | undefined {
  const raw = reader.object(spec, 'affinity', path);
  if (raw === undefined) return undefined;
  const at = childPath(path, 'affinity');
  reader.knownFields(raw, at, ['nodeAffinity', 'podAffinity', 'podAntiAffinity']);
  return {
    nodeAffinity: decodeNodeAffinity(reader, raw, at),
    podAffinity: decodePodAffinity(reader, raw, 'podAffinity', at),
    podAntiAffinity: decodePodAffinity(reader, raw, 'podAntiAffinity', at),
  };
}

/** The node affinity at `key`; undefined when absent. */
export function decodeNodeAffinity(
  reader: DecodeReader,
  affinity: RawObject,
  path: string,
  key = 'nodeAffinity',
): NodeAffinitySpec | undefined {
  const raw = reader.object(affinity, key, path);
  if (raw === undefined) return undefined;
  const at = childPath(path, key);
  reader.knownFields(raw, at, [REQUIRED, PREFERRED]);
  return {
    required: decodeNodeSelector(reader, raw, REQUIRED, at),
    preferred:
      reader.list(raw, PREFERRED, at) === undefined
        ? undefined
        : reader.items(raw, PREFERRED, at, (item, itemAt) => {
            reader.knownFields(item, itemAt, ['weight', 'preference']);
            const preference = reader.object(item, 'preference', itemAt);
            return {
              weight: decodeWeight(reader, item, itemAt),
              preference:
                preference === undefined
                  ? { matchExpressions: [], matchFields: [] }
                  : decodeNodeTerm(reader, preference, childPath(itemAt, 'preference')),
            };
          }),
  };
}

/** A node selector at `key`; undefined when absent. */
export function decodeNodeSelector(reader: DecodeReader, from: RawObject, key: string, path: string): NodeSelector | undefined {
  const raw = reader.object(from, key, path);
  if (raw === undefined) return undefined;
  const at = childPath(path, key);
  reader.knownFields(raw, at, ['nodeSelectorTerms']);
  const nodeSelectorTerms = reader.items(raw, 'nodeSelectorTerms', at, (item, itemAt) => decodeNodeTerm(reader, item, itemAt));
  if (reader.validate && nodeSelectorTerms.length === 0) reader.problems.add(childPath(at, 'nodeSelectorTerms'), 'needs at least one term');
  return { nodeSelectorTerms };
}

export function decodeNodeTerm(reader: DecodeReader, raw: RawObject, path: string): NodeSelectorTerm {
  reader.knownFields(raw, path, ['matchExpressions', 'matchFields']);
  const term: NodeSelectorTerm = {
    matchExpressions: decodeRequirements(reader, raw, 'matchExpressions', path),
    matchFields: decodeRequirements(reader, raw, 'matchFields', path),
  };
  if (reader.validate) {
    const { error } = compileNodeTerm(term);
    if (error !== undefined) reader.problems.add(path, error.message);
  }
  return term;
}

function decodeRequirements(reader: DecodeReader, from: RawObject, key: string, path: string): readonly NodeSelectorRequirement[] {
  return reader.items(from, key, path, (item, at) => {
    reader.knownFields(item, at, ['key', 'operator', 'values']);
    return {
      key: reader.string(item, 'key', at),
      operator: reader.string(item, 'operator', at),
      values: reader.names(item, 'values', at),
    };
  });
}

function decodeWeight(reader: DecodeReader, raw: RawObject, path: string): number {
  const weight = reader.integer(raw, 'weight', path, 0);
  if (reader.validate && (weight < 1 || weight > 100)) reader.problems.add(childPath(path, 'weight'), `must be 1 to 100, found ${weight}`);
  return weight;
}

function decodePodAffinity(reader: DecodeReader, affinity: RawObject, key: string, path: string): PodAffinitySpec | undefined {
  const raw = reader.object(affinity, key, path);
  if (raw === undefined) return undefined;
  const at = childPath(path, key);
  reader.knownFields(raw, at, [REQUIRED, PREFERRED]);
  return {
    required: reader.items(raw, REQUIRED, at, (item, itemAt) => decodePodTerm(reader, item, itemAt)),
    preferred: reader.items(raw, PREFERRED, at, (item, itemAt) => {
      reader.knownFields(item, itemAt, ['weight', 'podAffinityTerm']);
      const term = reader.object(item, 'podAffinityTerm', itemAt);
      if (term === undefined) reader.missing(itemAt, 'podAffinityTerm');
      return {
        weight: decodeWeight(reader, item, itemAt),
        podAffinityTerm: decodePodTerm(reader, term ?? {}, childPath(itemAt, 'podAffinityTerm')),
      };
    }),
  };
}

const POD_TERM_FIELDS = ['labelSelector', 'namespaces', 'namespaceSelector', 'topologyKey', 'matchLabelKeys', 'mismatchLabelKeys'];

function decodePodTerm(reader: DecodeReader, raw: RawObject, path: string): PodAffinityTerm {
  reader.knownFields(raw, path, POD_TERM_FIELDS);
  return {
    labelSelector: decodeSelector(reader, raw, 'labelSelector', path),
    namespaces: reader.names(raw, 'namespaces', path),
    namespaceSelector: decodeSelector(reader, raw, 'namespaceSelector', path),
    topologyKey: reader.requiredString(raw, 'topologyKey', path),
    matchLabelKeys: reader.names(raw, 'matchLabelKeys', path),
    mismatchLabelKeys: reader.names(raw, 'mismatchLabelKeys', path),
  };
}

export function decodeToleration(reader: DecodeReader, raw: RawObject, path: string): Toleration {
  reader.knownFields(raw, path, ['key', 'operator', 'value', 'effect', 'tolerationSeconds']);
  const toleration: Toleration = {
    key: reader.string(raw, 'key', path),
    operator: reader.string(raw, 'operator', path),
    value: reader.string(raw, 'value', path),
    effect: reader.string(raw, 'effect', path),
    tolerationSeconds: reader.optionalInteger(raw, 'tolerationSeconds', path),
  };
  if (reader.validate) validateToleration(reader, toleration, path);
  return toleration;
}

const EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

function validateToleration(reader: DecodeReader, toleration: Toleration, path: string): void {
  const { key, operator, value, effect, tolerationSeconds } = toleration;
  if (operator !== '' && operator !== 'Equal' && operator !== 'Exists') {
    reader.problems.addUnknown(childPath(path, 'operator'), 'operator', operator, ['Equal', 'Exists']);
  }
  if (effect !== '' && !EFFECTS.includes(effect)) reader.problems.addUnknown(childPath(path, 'effect'), 'effect', effect, EFFECTS);
  if (key === '' && operator !== 'Exists') {
    reader.problems.add(childPath(path, 'operator'), 'must be Exists when the key is empty');
  }
  if (operator === 'Exists' && value !== '') reader.problems.add(childPath(path, 'value'), 'must be empty when the operator is Exists');
  if (tolerationSeconds !== undefined && effect !== 'NoExecute') {
    reader.problems.add(childPath(path, 'effect'), 'must be NoExecute when tolerationSeconds is set');
  }
}

const SPREAD_FIELDS = [
  'maxSkew',
  'topologyKey',
  'whenUnsatisfiable',
  'labelSelector',
  'minDomains',
  'nodeAffinityPolicy',
  'nodeTaintsPolicy',
  'matchLabelKeys',
];

export function decodeSpreadConstraint(reader: DecodeReader, raw: RawObject, path: string): TopologySpreadConstraint {
  reader.knownFields(raw, path, SPREAD_FIELDS);
  const whenUnsatisfiable = reader.oneOf(raw, 'whenUnsatisfiable', path, ['DoNotSchedule', 'ScheduleAnyway'], 'DoNotSchedule');
  const minDomains = reader.optionalInteger(raw, 'minDomains', path, 1);
  if (reader.validate) {
    if (raw['whenUnsatisfiable'] === undefined) reader.missing(path, 'whenUnsatisfiable');
    if (minDomains !== undefined && whenUnsatisfiable !== 'DoNotSchedule') {
      reader.problems.add(childPath(path, 'minDomains'), 'is only allowed with whenUnsatisfiable: DoNotSchedule');
    }
    if (raw['maxSkew'] === undefined) reader.missing(path, 'maxSkew');
  }
  return {
    maxSkew: reader.integer(raw, 'maxSkew', path, 1, 1),
    topologyKey: reader.requiredString(raw, 'topologyKey', path),
    whenUnsatisfiable,
    labelSelector: decodeSelector(reader, raw, 'labelSelector', path),
    minDomains,
    nodeAffinityPolicy: reader.oneOf(raw, 'nodeAffinityPolicy', path, ['Honor', 'Ignore'], 'Honor'),
    nodeTaintsPolicy: reader.oneOf(raw, 'nodeTaintsPolicy', path, ['Honor', 'Ignore'], 'Ignore'),
    matchLabelKeys: reader.list(raw, 'matchLabelKeys', path) === undefined ? NO_NAMES : reader.names(raw, 'matchLabelKeys', path),
  };
}
