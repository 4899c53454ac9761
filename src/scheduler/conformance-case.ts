/**
 * Conformance cases: clusters, pods and what the real kube-scheduler decided about them, as recorded.
 *
 * One line of a vector file is one case. Objects stay raw here; `ConformanceCluster` decodes them.
 */
import type { ProblemList } from '../base/input-error.ts';
import { DecodeReader, isRawObject, type RawObject } from '../objects/decode-reader.ts';
import { childPath, itemPath } from '../objects/document-path.ts';
import type { BuiltInKind } from '../objects/kinds.ts';

export type CaseKind = 'decision' | 'preemption' | 'sequence';
export const CASE_KINDS: readonly CaseKind[] = ['decision', 'preemption', 'sequence'];

export type Operation =
  | { readonly op: 'schedule'; readonly pod: RawObject }
  /** `name` is namespace/name. */
  | { readonly op: 'deletePod'; readonly name: string }
  | { readonly op: 'addNode' | 'updateNode'; readonly node: RawObject }
  | { readonly op: 'deleteNode'; readonly name: string };

export interface ConformanceCase {
  readonly id: string;
  readonly kind: CaseKind;
  readonly theme: string;
  /** List name (`nodes`, `persistentVolumes`, ...) to raw objects. */
  readonly cluster: Readonly<Record<string, readonly RawObject[]>>;
  /** The incoming pod of a decision or preemption. */
  readonly pod: RawObject | undefined;
  /** A KubeSchedulerConfiguration as a user writes it; null for the defaults. */
  readonly profile: unknown;
  /** Of a sequence. */
  readonly ops: readonly Operation[];
  readonly expect: RawObject;
}

/** Lists of a cluster and the kinds in them. */
export const CLUSTER_LISTS: Readonly<Record<string, BuiltInKind>> = Object.freeze({
  nodes: 'Node',
  pods: 'Pod',
  namespaces: 'Namespace',
  services: 'Service',
  replicationControllers: 'ReplicationController',
  replicaSets: 'ReplicaSet',
  statefulSets: 'StatefulSet',
  persistentVolumes: 'PersistentVolume',
  persistentVolumeClaims: 'PersistentVolumeClaim',
  storageClasses: 'StorageClass',
  csiNodes: 'CSINode',
  csiDrivers: 'CSIDriver',
  csiStorageCapacities: 'CSIStorageCapacity',
  volumeAttachments: 'VolumeAttachment',
  podDisruptionBudgets: 'PodDisruptionBudget',
  priorityClasses: 'PriorityClass',
});

/** The case `raw` describes; undefined, with problems, when it is none. */
export function readCase(raw: unknown, problems: ProblemList): ConformanceCase | undefined {
  const before = problems.problems.length;
  const reader = new DecodeReader(problems);
  const top = reader.asObject(raw, '');
  const kind = reader.oneOf(top, 'kind', '', CASE_KINDS, 'decision');
  if (top['kind'] === undefined) reader.missing('', 'kind');
  const result: ConformanceCase = {
    id: reader.requiredString(top, 'id', ''),
    kind,
    theme: reader.string(top, 'theme', ''),
    cluster: readCluster(reader, reader.object(top, 'cluster', '') ?? {}),
    pod: kind === 'sequence' ? undefined : reader.object(top, 'pod', ''),
    profile: top['profile'] ?? null,
    ops: kind === 'sequence' ? reader.items(top, 'ops', '', (item, at) => readOperation(reader, item, at)) : [],
    expect: reader.object(top, 'expect', '') ?? {},
  };
  for (const key of ['cluster', 'expect', kind === 'sequence' ? 'ops' : 'pod']) {
    if (top[key] === undefined) reader.missing('', key);
  }
  return problems.problems.length > before ? undefined : result;
}

function readCluster(reader: DecodeReader, raw: RawObject): Record<string, readonly RawObject[]> {
  const lists: Record<string, readonly RawObject[]> = {};
  for (const key of Object.keys(raw)) {
    if (CLUSTER_LISTS[key] === undefined) {
      reader.problems.addUnknown(childPath('cluster', key), 'list', key, Object.keys(CLUSTER_LISTS));
      continue;
    }
    const at = childPath('cluster', key);
    lists[key] = (reader.list(raw, key, 'cluster') ?? []).map((item, index) => reader.asObject(item, itemPath(at, index)));
  }
  return lists;
}

const OPERATIONS = ['schedule', 'deletePod', 'addNode', 'updateNode', 'deleteNode'] as const;

function readOperation(reader: DecodeReader, raw: RawObject, path: string): Operation {
  const op = reader.oneOf(raw, 'op', path, OPERATIONS, 'schedule');
  switch (op) {
    case 'schedule':
      if (!isRawObject(raw['pod'])) reader.missing(path, 'pod');
      return { op, pod: reader.object(raw, 'pod', path) ?? {} };
    case 'addNode':
    case 'updateNode':
      if (!isRawObject(raw['node'])) reader.missing(path, 'node');
      return { op, node: reader.object(raw, 'node', path) ?? {} };
    case 'deletePod':
    case 'deleteNode':
      return { op, name: reader.requiredString(raw, 'name', path) };
  }
}
