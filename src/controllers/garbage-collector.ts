/**
 * GarbageCollector: deletes objects whose owners are gone, and carries out foreground and orphan deletion.
 *
 * Models    kubernetes v1.34 pkg/controller/garbagecollector/garbagecollector.go
 * Differs   kinds are watched when the process starts or when an owner of a new kind is first named, in
 *           place of discovery every 30 s; heartbeat leases (kept in bulk) and Events are not watched
 * Order     graph changes are handled as the informers deliver them; each kind has its own watch, so a
 *           dependent may well be seen before its owner
 */
import type { DeleteOptions } from '../client/client.ts';
import { WorkQueue } from '../client/work-queue.ts';
import { all, type Op } from '../engine/process.ts';
import { type ApiStatus, isApiStatus } from '../objects/api-status.ts';
import { type AnyObject, KINDS, type Kind, kindInfo } from '../objects/kinds.ts';
import { isDeleting, type OwnerReference, objectKey } from '../objects/meta.ts';
import {
  type ControllerHost,
  defineController,
  integer,
  type ReconcileResult,
  type RunningController,
  UNLIMITED_RETRIES,
} from './controller.ts';
import { KIND_CONTROLLER_REVISION } from './controller-revision.ts';
import {
  type Coordinates,
  coordinatesOfOwner,
  FINALIZER_FOREGROUND,
  FINALIZER_ORPHAN,
  GcGraph,
  type GraphListener,
  type GraphNode,
} from './gc-graph.ts';
import { withOwners } from './ownership.ts';

export const garbageCollector = defineController({
  name: 'garbage-collector',
  summary: 'deletes objects whose owners are gone',
  workers: 20, // --concurrent-gc-syncs, v1.34; both queues
  parameters: [integer('absentOwnerCacheSize', 500, 1, 1e6, 'owners remembered as absent (v1.34: 500)')],
  create: (host) => new GarbageCollector(host).run(),
});

const UNWATCHED: ReadonlySet<string> = new Set(['Event', 'Lease']);

class GarbageCollector {
  private readonly host: ControllerHost;
  private readonly graph: GcGraph;
  private readonly deleteQueue: WorkQueue;
  private readonly orphanQueue: WorkQueue;
  private readonly watched: Set<string>;
  /** Least recently used first. */
  private readonly absentOwners: Set<string>;

  constructor(host: ControllerHost) {
    this.host = host;
    this.deleteQueue = new WorkQueue(host.ctx.scope, 'garbage-collector/delete');
    this.orphanQueue = new WorkQueue(host.ctx.scope, 'garbage-collector/orphan');
    this.watched = new Set();
    this.absentOwners = new Set();
    const listener: GraphListener = {
      attemptToDelete: (uid) => this.deleteQueue.add(uid),
      attemptToDeleteLater: (uid) => this.deleteQueue.addRateLimited(uid),
      attemptToOrphan: (uid) => this.orphanQueue.add(uid),
      noteAbsent: (identity) => this.noteAbsent(identity),
      reportWrongNamespace: (dependent, ownerUid) => this.reportWrongNamespace(dependent, ownerUid),
    };
    this.graph = new GcGraph(listener, host.quirks.has('gc-absent-owner-by-uid'));
  }

  // Watched kinds

  run(): RunningController {
    for (const { kind } of KINDS) this.watch(kind);
    this.watch(KIND_CONTROLLER_REVISION);
    for (const kind of this.host.customKinds) this.watch(kind);
    const workers = this.host.params.number('workers');
    return {
      queues: [
        { queue: this.deleteQueue, workers, maxRetries: UNLIMITED_RETRIES, reconcile: (uid) => this.attemptToDelete(uid) },
        { queue: this.orphanQueue, workers, maxRetries: UNLIMITED_RETRIES, reconcile: (uid) => this.attemptToOrphan(uid) },
      ],
    };
  }

  private watch(kind: Kind): void {
    if (UNWATCHED.has(kind) || this.watched.has(kind)) return;
    this.watched.add(kind);
    this.host.ctx.informers.of(kind).addHandlers({
      onAdd: (object) => this.graph.observe(object, undefined),
      onUpdate: (old, object) => {
        if (old.metadata.uid !== object.metadata.uid) {
          this.graph.remove(old);
          this.graph.observe(object, undefined);
          return;
        }
        // Most updates are of status and change nothing here.
        if (old.metadata.ownerReferences === object.metadata.ownerReferences && !isDeleting(object)) return;
        this.graph.observe(object, old);
      },
      onDelete: (object) => this.graph.remove(object),
    });
  }

  // Reconcile: deletion

  private *attemptToDelete(uid: string): Op<ReconcileResult> {
    const node = this.graph.find(uid);
    if (node === undefined || (node.isBeingDeleted && !node.isDeletingDependents)) return undefined;
    const { identity } = node;
    this.watch(identity.kind);
    const latest = yield* this.getLive(identity);
    if (isApiStatus(latest) && !latest.isNotFound) return latest;
    if (isApiStatus(latest) || latest.metadata.uid !== uid) {
      this.graph.removeVirtually(identity);
      return undefined;
    }
    const error = node.isDeletingDependents ? yield* this.finishForeground(node) : yield* this.collect(node, latest);
    if (error !== undefined) return error;
    // Until its informer has shown the object it could come and go unnoticed: ask again.
    return node.isVirtual ? { message: `${identity.kind} ${identity.name} has not been observed yet` } : undefined;
  }

  /** Foreground deletion ends when no dependent blocks it any more. */
  private *finishForeground(node: GraphNode): Op<ReconcileResult> {
    const blockers = this.graph.blockersOf(node);
    if (blockers.length === 0) return yield* this.removeFinalizer(node.identity, FINALIZER_FOREGROUND);
    for (const blocker of blockers) if (!blocker.isDeletingDependents) this.deleteQueue.add(blocker.identity.uid);
    return undefined;
  }

  /** Decides by the state of all owners whether the object goes, stays, or drops references. */
  private *collect(node: GraphNode, latest: AnyObject): Op<ReconcileResult> {
    const references = latest.metadata.ownerReferences;
    if (references.length === 0) return undefined;
    const dropped: OwnerReference[] = [];
    let hasSolid = false;
    let isAwaited = false;
    for (const reference of references) {
      const state = yield* this.classify(node, reference);
      // A cluster-scoped object with a namespaced owner: no retry will mend that.
      if (state === 'impossible') return undefined;
      if (typeof state !== 'string') return state;
      if (state === 'solid') hasSolid = true;
      else dropped.push(reference);
      if (state === 'waiting') isAwaited = true;
    }
    if (hasSolid) {
      if (dropped.length === 0) return undefined;
      const uids = new Set(dropped.map((reference) => reference.uid));
      return yield* this.patchOwners(node.identity, (owners) => owners.filter((reference) => !uids.has(reference.uid)));
    }
    if (isAwaited && node.dependents.size > 0) {
      if ([...node.dependents.values()].some((dependent) => dependent.isDeletingDependents)) {
        // A circle: an owner that waits for its own dependent. It must not wait for this object too.
        const error = yield* this.patchOwners(node.identity, unblocked);
        if (error !== undefined) return error;
      }
      return yield* this.deleteObject(node.identity, latest, 'Foreground');
    }
    const { finalizers } = latest.metadata;
    const propagation = finalizers.includes(FINALIZER_ORPHAN)
      ? 'Orphan'
      : finalizers.includes(FINALIZER_FOREGROUND)
        ? 'Foreground'
        : 'Background';
    return yield* this.deleteObject(node.identity, latest, propagation);
  }

  /** `dangling`: no such owner. `waiting`: the owner is in foreground deletion. */
  private *classify(node: GraphNode, reference: OwnerReference): Op<'solid' | 'dangling' | 'waiting' | 'impossible' | ApiStatus> {
    const { namespace } = node.identity;
    const isNamespaced = kindInfo(reference.kind).isNamespaced;
    const owner = coordinatesOfOwner(reference, isNamespaced ? namespace : '');
    if (this.isKnownAbsent(owner)) return 'dangling';
    if (isNamespaced && namespace === '') return 'impossible';
    const live = yield* this.getLive(owner);
    if (isApiStatus(live) && !live.isNotFound) return live;
    if (isApiStatus(live) || live.metadata.uid !== reference.uid) {
      this.noteAbsent(owner);
      return 'dangling';
    }
    return isDeleting(live) && live.metadata.finalizers.includes(FINALIZER_FOREGROUND) ? 'waiting' : 'solid';
  }

  /** Deletes exactly the object that was judged: a change of its owners in between calls for a new judgement. */
  private *deleteObject(
    identity: Coordinates,
    judged: AnyObject,
    propagation: NonNullable<DeleteOptions['propagation']>,
  ): Op<ReconcileResult> {
    let { resourceVersion } = judged.metadata;
    for (;;) {
      const deleted = yield* this.host.client.delete(identity.kind, keyAt(identity), { uid: identity.uid, resourceVersion, propagation });
      if (!isApiStatus(deleted) || deleted.isNotFound) return undefined;
      if (!deleted.isConflict) return deleted;
      const live = yield* this.getLive(identity);
      if (isApiStatus(live)) return live.isNotFound ? undefined : live;
      const isUnjudged = live.metadata.uid !== identity.uid || live.metadata.resourceVersion === resourceVersion;
      if (isUnjudged || !areSameOwners(live.metadata.ownerReferences, judged.metadata.ownerReferences)) return deleted;
      resourceVersion = live.metadata.resourceVersion;
    }
  }

  // Reconcile: orphaning

  private *attemptToOrphan(uid: string): Op<ReconcileResult> {
    const node = this.graph.find(uid);
    if (node === undefined) return undefined;
    const dependents = [...node.dependents.values()];
    const errors = yield* all(
      dependents.map((dependent) => this.patchOwners(dependent.identity, (owners) => owners.filter((reference) => reference.uid !== uid))),
    );
    const error = errors.find((found) => found !== undefined);
    return error ?? (yield* this.removeFinalizer(node.identity, FINALIZER_ORPHAN));
  }

  // Requests

  private *getLive(identity: Coordinates): Op<AnyObject | ApiStatus> {
    return yield* this.host.client.get(identity.kind, keyAt(identity));
  }

  private *patchOwners(
    identity: Coordinates,
    change: (owners: readonly OwnerReference[]) => readonly OwnerReference[],
  ): Op<ReconcileResult> {
    const mutate = (current: AnyObject): AnyObject => withOwners(current, change(current.metadata.ownerReferences));
    const patched = yield* this.host.client.patch<string>(identity.kind, keyAt(identity), mutate as never, { uid: identity.uid });
    return isApiStatus(patched) && !patched.isNotFound ? patched : undefined;
  }

  private *removeFinalizer(identity: Coordinates, finalizer: string): Op<ReconcileResult> {
    const mutate = (current: AnyObject): AnyObject => {
      const finalizers = current.metadata.finalizers.filter((name) => name !== finalizer);
      if (finalizers.length === current.metadata.finalizers.length) return current;
      return { ...current, metadata: { ...current.metadata, finalizers } };
    };
    const patched = yield* this.host.client.patch<string>(identity.kind, keyAt(identity), mutate as never, { uid: identity.uid });
    return isApiStatus(patched) && !patched.isNotFound ? patched : undefined;
  }

  // Absent owners

  private absentKey(identity: Coordinates): string {
    if (this.host.quirks.has('gc-absent-owner-by-uid')) return identity.uid;
    return `${identity.uid}\0${identity.kind}\0${identity.apiVersion}\0${identity.namespace}\0${identity.name}`;
  }

  private isKnownAbsent(identity: Coordinates): boolean {
    const key = this.absentKey(identity);
    if (!this.absentOwners.delete(key)) return false;
    this.absentOwners.add(key);
    return true;
  }

  private noteAbsent(identity: Coordinates): void {
    const isNamespaced = kindInfo(identity.kind).isNamespaced;
    const key = this.absentKey(isNamespaced ? identity : { ...identity, namespace: '' });
    this.absentOwners.delete(key);
    this.absentOwners.add(key);
    if (this.absentOwners.size <= this.host.params.number('absentOwnerCacheSize')) return;
    const [oldest] = this.absentOwners;
    this.absentOwners.delete(oldest!);
  }

  private reportWrongNamespace(dependent: GraphNode, ownerUid: string): void {
    const { kind, apiVersion, namespace, name, uid } = dependent.identity;
    const reference = dependent.owners.find((owner) => owner.uid === ownerUid);
    const message = `ownerRef [${reference?.apiVersion}/${reference?.kind}, namespace: ${namespace}, name: ${reference?.name}, uid: ${ownerUid}] does not exist in namespace "${namespace}"`;
    const object = this.host.ctx.informers.of(kind).get(objectKey(namespace, name));
    if (object?.metadata.uid === uid && object.apiVersion === apiVersion) {
      this.host.ctx.events.emit(object, 'Warning', 'OwnerRefInvalidNamespace', message);
    }
  }
}

// Helpers

function keyAt(identity: Coordinates): string {
  return objectKey(kindInfo(identity.kind).isNamespaced ? identity.namespace : '', identity.name);
}

function unblocked(owners: readonly OwnerReference[]): readonly OwnerReference[] {
  return owners.map((reference) => (reference.blockOwnerDeletion ? { ...reference, blockOwnerDeletion: false } : reference));
}

function areSameOwners(a: readonly OwnerReference[], b: readonly OwnerReference[]): boolean {
  return (
    a === b ||
    (a.length === b.length &&
      a.every((reference, i) => {
        const other = b[i]!;
        return (
          reference.uid === other.uid &&
          reference.controller === other.controller &&
          reference.blockOwnerDeletion === other.blockOwnerDeletion
        );
      }))
  );
}
