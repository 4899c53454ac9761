/**
 * Store: all objects of a cluster and one revision counter over them; what etcd and the registry
 * layer of the API servers are together. Every operation is atomic and takes no time; the API
 * servers add latency, admission and stale reads.
 *
 * HOT       one call per write of the simulated cluster
 * Models    kubernetes v1.34 apiserver/pkg/registry/generic/registry/store.go and the strategies in
 *           pkg/registry: conflicts, no-op writes, generation, status subresource, graceful deletion
 * Differs   read-modify-write never loses a race, so its internal retries do not exist; immutable
 *           fields are checked for a pod's node only; a status given at creation is kept
 *           (for pods see admission); times are cut to seconds in creation and deletion timestamps only
 * Order     revisions are consecutive integers over all kinds
 */
import type { Engine } from '../engine/engine.ts';
import { type ApiStatus, alreadyExists, conflict, forbidden, invalid, notFound, type Result } from '../objects/api-status.ts';
import type { Namespace } from '../objects/cluster.ts';
import { copyMeta, type Draft } from '../objects/copies.ts';
import { type AnyObject, type Kind, kindInfo, type ObjectOf } from '../objects/kinds.ts';
import { keyOf, type ObjectKey, type ObjectMeta, objectKey } from '../objects/meta.ts';
import type { Pod } from '../objects/pod.ts';
import { isDeletionComplete, planDeletion } from './deletion.ts';
import { Identity, NAME_TRIES_MAX } from './identity.ts';
import { KindTable } from './kind-table.ts';
import { LeaseStreams } from './lease-streams.ts';
import {
  isGenerationChange,
  isSameContent,
  isSameUserMeta,
  keepAllButStatus,
  keepStatus,
  wholeSeconds,
  withMeta,
  withUniformParts,
} from './object-parts.ts';
import type { Propagation } from './request.ts';
import { WatchEvent, type WatchEventType } from './watch-event.ts';

/** Told of every committed write, in order; `old` is undefined for ADDED, `next` for DELETED. Must not change the world. */
export type CommitListener = (
  kind: string,
  type: WatchEventType,
  old: AnyObject | undefined,
  next: AnyObject | undefined,
  revision: number,
  key: ObjectKey,
) => void;

export interface WritePreconditions {
  readonly uid?: string;
  readonly resourceVersion?: number;
}

export interface StoreDeleteOptions extends WritePreconditions {
  readonly gracePeriodSeconds?: number;
  readonly propagation?: Propagation;
}

export interface StoreOptions {
  /** Largest history window per kind, in events; default 102,400 as upstream. */
  readonly historyCapacityMax?: number;
}

/** Namespaces that cannot be deleted. */
const IMMORTAL_NAMESPACES: readonly string[] = ['default', 'kube-system', 'kube-public'];

export class Store {
  readonly engine: Engine;
  /** Node heartbeats, which are not written one by one. */
  readonly leases: LeaseStreams;
  /** Called when a kind is first used; for API servers. */
  readonly onNewKind: ((table: KindTable) => void)[];

  private readonly identity: Identity;
  private readonly historyCapacityMax: number | undefined;
  private readonly tables: Map<string, KindTable>;
  private readonly listeners: CommitListener[];
  private lastRevision: number;
  private lastKind: string;
  private lastTable: KindTable | undefined;

  constructor(engine: Engine, options: StoreOptions = {}) {
    this.engine = engine;
    this.leases = new LeaseStreams();
    this.onNewKind = [];
    this.identity = new Identity(engine.rng.fork('apiserver'));
    this.historyCapacityMax = options.historyCapacityMax;
    this.tables = new Map();
    this.listeners = [];
    this.lastRevision = 0;
    this.lastKind = '';
    this.lastTable = undefined;
  }

  /** Revision of the latest write; 0 for an empty store. */
  get revision(): number {
    return this.lastRevision;
  }

  /** Kinds in the order of their first use. */
  kinds(): string[] {
    return [...this.tables.keys()];
  }

  /** The table of `kind`, made on first use. */
  table(kind: string): KindTable {
    if (kind === this.lastKind) return this.lastTable as KindTable;
    let table = this.tables.get(kind);
    if (table === undefined) {
      table = new KindTable(kindInfo(kind), this.tables.size, this.historyCapacityMax);
      this.tables.set(kind, table);
      for (const listener of this.onNewKind) listener(table);
    }
    this.lastKind = kind;
    this.lastTable = table;
    return table;
  }

  /** Calls `listener` after every later write, before any watch sees it; in order of registration. */
  onCommit(listener: CommitListener): void {
    this.listeners.push(listener);
  }

  get<K extends Kind>(kind: K, key: ObjectKey): ObjectOf<K> | undefined {
    return this.table(kind).objects.get(key) as ObjectOf<K> | undefined;
  }

  /** What is stored under the name of `object`. A copy under another name may still have the key of what it was made from. */
  current<T extends AnyObject>({ kind, metadata }: T): T | undefined {
    const { objects } = this.table(kind);
    const { key, namespace, name } = metadata;
    const found = key === undefined ? undefined : objects.get(key);
    if (found !== undefined && found.metadata.name === name && found.metadata.namespace === namespace) return found as T;
    return objects.get(objectKey(namespace, name)) as T | undefined;
  }

  /** In key order. */
  list<K extends Kind>(kind: K, namespace?: string): ObjectOf<K>[] {
    return this.table(kind).list(namespace, undefined, undefined) as ObjectOf<K>[];
  }

  /** How many objects of `kind` there are. */
  count(kind: Kind): number {
    return this.table(kind).objects.size;
  }

  create<T extends AnyObject>(object: T): Result<T> {
    const table = this.table(object.kind);
    const { metadata } = object;
    if (metadata.resourceVersion !== 0) return invalid('metadata.resourceVersion must not be set on an object to be created');
    const draft = copyMeta(metadata);
    draft.namespace = table.info.isNamespaced ? metadata.namespace || 'default' : '';
    if (metadata.name === '') {
      if (metadata.generateName === '') return invalid('metadata.name or metadata.generateName is required');
      for (let tries = 0; ; tries++) {
        draft.name = this.identity.newName(metadata.generateName);
        if (!table.objects.has(objectKey(draft.namespace, draft.name))) break;
        if (tries === NAME_TRIES_MAX) return alreadyExists(object.kind, draft.name);
      }
    }
    const key = objectKey(draft.namespace, draft.name);
    if (table.objects.has(key)) return alreadyExists(object.kind, draft.name);
    draft.uid = this.identity.newUid();
    draft.generation = table.info.generationFields.length > 0 ? 1 : 0;
    draft.creationTimestamp = wholeSeconds(this.engine.nowUs);
    draft.deletionTimestamp = undefined;
    draft.deletionGracePeriodSeconds = undefined;
    return this.commit(table, 'ADDED', key, undefined, withUniformParts(object), draft);
  }

  /**
   * Takes an object as it stands, with status, owner references, times and (when given) uid: for clusters that
   * begin in the middle of their life. Fails only when the key is taken.
   */
  load<T extends AnyObject>(object: T): Result<T> {
    const table = this.table(object.kind);
    const draft = copyMeta(object.metadata);
    draft.namespace = table.info.isNamespaced ? draft.namespace || 'default' : '';
    if (draft.name === '') return invalid('metadata.name is required');
    const key = objectKey(draft.namespace, draft.name);
    if (table.objects.has(key)) return alreadyExists(object.kind, draft.name);
    if (draft.uid === '') draft.uid = this.identity.newUid();
    if (draft.generation === 0 && table.info.generationFields.length > 0) draft.generation = 1;
    return this.commit(table, 'ADDED', key, undefined, withUniformParts(object), draft);
  }

  /** PUT. resourceVersion 0 overwrites where the kind allows it. */
  update<T extends AnyObject>(object: T, subresource?: 'status'): Result<T> {
    const table = this.table(object.kind);
    const { metadata } = object;
    const old = this.current(object);
    if (old === undefined) return notFound(object.kind, metadata.name);
    if (metadata.resourceVersion === 0) {
      if (!table.info.allowsUnconditionalUpdate) return invalid('metadata.resourceVersion must be specified for an update');
    } else if (metadata.resourceVersion !== old.metadata.resourceVersion) {
      return staleUpdate(old);
    }
    if (metadata.uid !== '' && metadata.uid !== old.metadata.uid) return uidMismatch(old, metadata.uid);
    return this.write(table, keyOf(old), old, object, subresource);
  }

  /** Read-modify-write in one step. `mutate` gives its argument to change nothing. */
  patch<K extends Kind>(
    kind: K,
    key: ObjectKey,
    mutate: (current: ObjectOf<K>) => ObjectOf<K>,
    subresource?: 'status',
    preconditions?: WritePreconditions,
  ): Result<ObjectOf<K>> {
    const table = this.table(kind);
    const old = table.objects.get(key) as ObjectOf<K> | undefined;
    if (old === undefined) return notFound(kind, key);
    const refusal = preconditions === undefined ? undefined : checkPreconditions(old as AnyObject, preconditions);
    if (refusal !== undefined) return refusal;
    const next = mutate(old);
    if (next === old) return old;
    return this.write(table, keyOf(old as AnyObject), old as AnyObject, next as AnyObject, subresource) as Result<ObjectOf<K>>;
  }

  /** DELETE. Gives the object as it was last (with the deletion's revision), or as it now waits for its end. */
  delete<K extends Kind>(kind: K, key: ObjectKey, options: StoreDeleteOptions = {}): Result<ObjectOf<K>> {
    const table = this.table(kind);
    const old = table.objects.get(key) as AnyObject | undefined;
    if (old === undefined) return notFound(kind, key);
    const refusal = checkPreconditions(old, options);
    if (refusal !== undefined) return refusal;
    if (old.kind === 'Namespace' && IMMORTAL_NAMESPACES.includes(key)) return forbidden(`namespace "${key}" may not be deleted`);
    const own = keyOf(old);
    const plan = planDeletion(table.info, old, options, this.engine.nowUs);
    switch (plan.what) {
      case 'keep':
        return old as ObjectOf<K>;
      case 'remove':
        return this.remove(table, own, old, old) as ObjectOf<K>;
      case 'mark': {
        const next = old.kind === 'Namespace' ? terminating(old as Namespace) : old;
        return this.commit(table, 'MODIFIED', own, old, next, plan.metadata as Draft<ObjectMeta>) as ObjectOf<K>;
      }
    }
  }

  /**
   * Commits `next` as it stands in place of `old`, without generation, no-op or status rules: for the subresources
   * of this layer, which have rules of their own.
   */
  replace<T extends AnyObject>(old: T, next: T): T {
    const table = this.table(old.kind);
    return this.commit(table, 'MODIFIED', keyOf(old), old, next, copyMeta(next.metadata));
  }

  private write<T extends AnyObject>(table: KindTable, key: ObjectKey, old: T, asked: T, subresource: 'status' | undefined): Result<T> {
    const { info } = table;
    const before = old.metadata;
    let next: AnyObject;
    let keepsUserMeta = false;
    if (subresource === 'status') {
      if (!info.hasStatus) return notFound(`${info.kind}/status`, before.name);
      next = keepAllButStatus(old, asked);
      // Pod and node strategies let kubelets patch labels and annotations along with the status; others keep all metadata.
      keepsUserMeta = info.kind !== 'Pod' && info.kind !== 'Node';
    } else {
      next = keepStatus(info, old, asked);
    }
    const after = keepsUserMeta ? statusMeta(info.kind, before, asked.metadata) : asked.metadata;
    const isSameMeta = isSameUserMeta(before, after);
    if (isSameMeta && isSameContent(old, next)) return old;
    const draft = copyMeta(before);
    if (!isSameMeta) {
      draft.labels = after.labels;
      draft.annotations = after.annotations;
      if (subresource !== 'status') draft.ownerReferences = after.ownerReferences;
      draft.finalizers = after.finalizers;
      if (before.deletionTimestamp !== undefined && hasNewFinalizer(before, after)) {
        return invalid('metadata.finalizers: no new finalizers can be added if the object is being deleted');
      }
    }
    if (subresource !== 'status') {
      if (info.kind === 'Pod' && (next as Pod).spec.nodeName !== (old as unknown as Pod).spec.nodeName) {
        return invalid('spec.nodeName: a pod is assigned to a node by its binding subresource only');
      }
      if (isGenerationChange(info, old, next)) draft.generation++;
    }
    if (isDeletionComplete(draft)) return this.remove(table, key, old, withMeta(next, draft)) as T;
    return this.commit(table, 'MODIFIED', key, old, next, draft) as T;
  }

  /** `last` is the state before the deletion, which watchers get with the deletion's revision. */
  private remove(table: KindTable, key: ObjectKey, old: AnyObject, last: AnyObject): AnyObject {
    // The node owns its lease; a kubelet that still runs would make it again at its next renewal.
    if (old.kind === 'Node' && this.leases.find(key)?.isRunning === false) this.leases.remove(key);
    return this.commit(table, 'DELETED', key, old, last, copyMeta(last.metadata));
  }

  private commit<T extends AnyObject>(
    table: KindTable,
    type: WatchEventType,
    key: ObjectKey,
    old: AnyObject | undefined,
    content: T,
    draft: Draft<ObjectMeta>,
  ): T {
    const revision = ++this.lastRevision;
    draft.key = key;
    draft.resourceVersion = revision;
    const object = withMeta(content, draft);
    const event = new WatchEvent(type, key, old, object, revision, this.engine.nowUs);
    table.record(event);
    const { listeners } = this;
    for (let i = 0; i < listeners.length; i++) {
      listeners[i]!(table.info.kind, type, old, type === 'DELETED' ? undefined : object, revision, key);
    }
    table.announce(event);
    return object;
  }
}

export function checkPreconditions(object: AnyObject, { uid, resourceVersion }: WritePreconditions): ApiStatus | undefined {
  if (uid !== undefined && uid !== '' && uid !== object.metadata.uid) return uidMismatch(object, uid);
  if (resourceVersion !== undefined && resourceVersion !== 0 && resourceVersion !== object.metadata.resourceVersion) {
    return conflict(
      `${object.kind} "${object.metadata.name}": precondition failed: resourceVersion is ${object.metadata.resourceVersion}, not ${resourceVersion}`,
    );
  }
  return undefined;
}

function staleUpdate(object: AnyObject): ApiStatus {
  return conflict(
    `operation cannot be fulfilled on ${object.kind} "${object.metadata.name}": the object has been modified; ` +
      'please apply your changes to the latest version and try again',
  );
}

function uidMismatch(object: AnyObject, uid: string): ApiStatus {
  return conflict(`${object.kind} "${object.metadata.name}": precondition failed: UID is ${object.metadata.uid}, not ${uid}`);
}

function hasNewFinalizer(before: ObjectMeta, after: ObjectMeta): boolean {
  return after.finalizers.some((name) => !before.finalizers.includes(name));
}

function terminating(namespace: Namespace): Namespace {
  return { ...namespace, status: { ...namespace.status, phase: 'Terminating' } };
}

/** A status write keeps all metadata, but a Deployment's annotations: its controller writes the revision along with the status. */
function statusMeta(kind: string, before: ObjectMeta, asked: ObjectMeta): ObjectMeta {
  return kind === 'Deployment' ? { ...before, annotations: asked.annotations } : before;
}
