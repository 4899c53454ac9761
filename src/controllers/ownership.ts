/**
 * Ownership: which objects a controller may count as its own; adopting orphans, releasing strays.
 *
 * Models    kubernetes v1.34 pkg/controller/controller_ref_manager.go
 * Order     objects are claimed in the order given, one request after the other, as upstream
 */
import type { Client } from '../client/client.ts';
import type { Informer } from '../client/informer.ts';
import type { Op } from '../engine/process.ts';
import { isApiStatus, type Result } from '../objects/api-status.ts';
import type { AnyObject, Kind, ObjectOf } from '../objects/kinds.ts';
import {
  controllerOf,
  isDeleting,
  keyOf,
  type ObjectKey,
  type ObjectMeta,
  type OwnerReference,
  objectKey,
  type StringMap,
} from '../objects/meta.ts';
import type { LabelMatcher } from '../objects/selectors.ts';
import type { ReconcileError } from './controller.ts';
import { controllerReference } from './pod-template.ts';

/** Index of objects by the uid of their controller; those without one are under `orphan/<namespace>`. */
export const INDEX_BY_CONTROLLER = 'controller';

export function orphansOf(namespace: string): string {
  return `orphan/${namespace}`;
}

export function indexByController<T extends AnyObject>(informer: Informer<T>): void {
  // Orphans of one namespace share their values.
  const orphans = new Map<string, readonly string[]>();
  informer.addIndex(INDEX_BY_CONTROLLER, (object) => {
    const reference = controllerOf(object);
    if (reference !== undefined) return [reference.uid];
    const { namespace } = object.metadata;
    let values = orphans.get(namespace);
    if (values === undefined) {
      values = [orphansOf(namespace)];
      orphans.set(namespace, values);
    }
    return values;
  });
}

/** What `owner` controls, then the namespace's orphans, which it may adopt. */
export function ownedAndOrphans<T>(informer: Informer<T>, owner: { readonly metadata: ObjectMeta }): readonly T[] {
  const owned = informer.byIndex(INDEX_BY_CONTROLLER, owner.metadata.uid);
  const orphans = informer.byIndex(INDEX_BY_CONTROLLER, orphansOf(owner.metadata.namespace));
  return orphans.length === 0 ? owned : [...owned, ...orphans];
}

/** The object behind a controller reference, if it is of `kind` and the very one that is meant. */
export function resolveController<T extends { readonly metadata: ObjectMeta }>(
  owners: { get(key: ObjectKey): T | undefined },
  kind: string,
  namespace: string,
  reference: OwnerReference | undefined,
): T | undefined {
  if (reference === undefined || reference.kind !== kind) return undefined;
  const owner = owners.get(objectKey(namespace, reference.name));
  return owner?.metadata.uid === reference.uid ? owner : undefined;
}

export function isSameReference(a: OwnerReference | undefined, b: OwnerReference | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.uid === b.uid && a.name === b.name && a.kind === b.kind && a.apiVersion === b.apiVersion;
}

export interface Claim<T> {
  readonly claimed: readonly T[];
  /** The first error met; `claimed` is then incomplete. */
  readonly error: ReconcileError | undefined;
  /** What was adopted or released, as it is now. */
  readonly written: readonly T[];
}

/**
 * Sorts `objects` into those `owner` counts as its own and the rest, adopting matching orphans and
 * releasing owned objects that no longer match. Before the first adoption the owner is read live,
 * once: adopting on behalf of an owner that is gone would hand its pods to the garbage collector.
 */
export function* claimObjects<K extends Kind>(
  client: Client,
  kind: K,
  owner: AnyObject,
  selector: LabelMatcher,
  objects: readonly ObjectOf<K>[],
): Op<Claim<ObjectOf<K>>> {
  const claimed: ObjectOf<K>[] = [];
  const written: ObjectOf<K>[] = [];
  let error: ReconcileError | undefined;
  let mayAdopt: true | ReconcileError | undefined;
  const isOwnerDeleting = isDeleting(owner);
  let labels: StringMap | undefined;
  let isMatch = false;
  // By index: in a generator, `of` makes an object per element.
  for (let i = 0; i < objects.length; i++) {
    const object = objects[i]!;
    const reference = controllerOf(object);
    // Pods of one template share their labels object.
    if (object.metadata.labels !== labels) {
      labels = object.metadata.labels;
      isMatch = selector.matches(labels);
    }
    if (reference !== undefined) {
      if (reference.uid !== owner.metadata.uid) continue;
      if (isMatch) {
        claimed.push(object);
      } else if (!isOwnerDeleting) {
        const released = yield* release(client, kind, object, owner.metadata.uid);
        if (!isApiStatus(released)) written.push(released);
        else if (!released.isNotFound && !released.isInvalid) error ??= released;
      }
      continue;
    }
    if (isOwnerDeleting || !isMatch || isDeleting(object) || object.metadata.namespace !== owner.metadata.namespace) continue;
    mayAdopt ??= yield* checkOwner(client, owner);
    if (mayAdopt !== true) {
      error ??= mayAdopt;
      continue;
    }
    const adopted = yield* adopt(client, kind, object, owner);
    if (!isApiStatus(adopted)) {
      claimed.push(object);
      written.push(adopted);
    } else if (!adopted.isNotFound) {
      error ??= adopted;
    }
  }
  return { claimed, error, written };
}

function* checkOwner(client: Client, owner: AnyObject): Op<true | ReconcileError> {
  const fresh = yield* client.get(owner.kind, keyOf(owner));
  if (isApiStatus(fresh)) return fresh;
  const { uid, deletionTimestamp, name } = fresh.metadata;
  if (uid !== owner.metadata.uid)
    return { message: `original ${owner.kind} ${name} is gone: got uid ${uid}, wanted ${owner.metadata.uid}` };
  if (deletionTimestamp !== undefined) return { message: `${owner.kind} ${name} has just been deleted at ${deletionTimestamp}` };
  return true;
}

function* adopt<K extends Kind>(client: Client, kind: K, object: ObjectOf<K>, owner: AnyObject): Op<Result<ObjectOf<K>>> {
  const reference = controllerReference(owner);
  return yield* client.patch(
    kind,
    keyOf(object),
    (current) => withOwners(current, [...current.metadata.ownerReferences.filter((other) => other.uid !== reference.uid), reference]),
    { uid: object.metadata.uid },
  );
}

function* release<K extends Kind>(client: Client, kind: K, object: ObjectOf<K>, ownerUid: string): Op<Result<ObjectOf<K>>> {
  return yield* client.patch(
    kind,
    keyOf(object),
    (current) =>
      withOwners(
        current,
        current.metadata.ownerReferences.filter((reference) => reference.uid !== ownerUid),
      ),
    { uid: object.metadata.uid },
  );
}

export function withOwners<T extends { readonly metadata: ObjectMeta }>(object: T, ownerReferences: readonly OwnerReference[]): T {
  return { ...object, metadata: { ...object.metadata, ownerReferences } };
}
