/**
 * ApiRequest: what a client can ask of an API server, as plain data.
 *
 * Models    the verbs of kubernetes v1.34's REST API on one object or one kind
 * Differs   a patch carries a pure function instead of a document, so that one verb stands for JSON,
 *           merge, strategic-merge and apply patches
 */
import type { AnyObject, Kind, ObjectOf } from '../objects/kinds.ts';
import type { ObjectKey, StringMap } from '../objects/meta.ts';
import type { Pod } from '../objects/pod.ts';

export type Propagation = 'Background' | 'Foreground' | 'Orphan';

export interface GetRequest<K extends Kind = Kind> {
  readonly verb: 'get';
  readonly kind: K;
  readonly key: ObjectKey;
  /** From the server's watch cache (resourceVersion=0) instead of a quorum read. Default false. */
  readonly fromCache?: boolean;
}

export interface ListRequest<K extends Kind = Kind> {
  readonly verb: 'list';
  readonly kind: K;
  /** Default: all namespaces. */
  readonly namespace?: string;
  /** Only objects of this node; see `nodeNameOf`. */
  readonly nodeName?: string;
  /** 0: from the server's cache, of any age. n: from a cache at least as new as n. Absent: consistent. */
  readonly resourceVersion?: number;
  /** Stands for label and field selectors; must be pure. */
  readonly select?: (object: AnyObject) => boolean;
}

export interface CreateRequest<T extends AnyObject = AnyObject> {
  readonly verb: 'create';
  /** With `metadata.generateName` and no name, the server makes up a name. */
  readonly object: T;
}

export interface UpdateRequest<T extends AnyObject = AnyObject> {
  readonly verb: 'update';
  /** metadata.resourceVersion must be the stored one; 0 overwrites where the kind allows it. */
  readonly object: T;
  readonly subresource?: 'status';
}

export interface PatchRequest<K extends Kind = Kind> {
  readonly verb: 'patch';
  readonly kind: K;
  readonly key: ObjectKey;
  readonly subresource?: 'status';
  /** Pure; gives the wanted object, or `current` itself for no change. Applied atomically to the stored object. */
  mutate(current: ObjectOf<K>): ObjectOf<K>;
  /** Preconditions: a mismatch is a Conflict. */
  readonly uid?: string;
  readonly resourceVersion?: number;
}

export interface DeleteRequest<K extends Kind = Kind> {
  readonly verb: 'delete';
  readonly kind: K;
  readonly key: ObjectKey;
  /** Default: the kind's own. */
  readonly gracePeriodSeconds?: number;
  /** Default: by existing finalizers, else Background. */
  readonly propagation?: Propagation;
  /** Preconditions: a mismatch is a Conflict. */
  readonly uid?: string;
  readonly resourceVersion?: number;
}

/** POST pods/{name}/binding. */
export interface BindRequest {
  readonly verb: 'bind';
  readonly key: ObjectKey;
  readonly nodeName: string;
  readonly uid?: string;
  /** Merged into the pod's. */
  readonly annotations?: StringMap;
}

/** POST pods/{name}/eviction: a delete that asks the PodDisruptionBudgets. */
export interface EvictRequest {
  readonly verb: 'evict';
  readonly key: ObjectKey;
  readonly gracePeriodSeconds?: number;
  readonly uid?: string;
}

/** `mutate` is declared as a method, so that a request about one kind is a request. */
export type ApiRequest =
  | GetRequest
  | ListRequest
  | CreateRequest
  | UpdateRequest
  | PatchRequest
  | DeleteRequest
  | BindRequest
  | EvictRequest;

export type Verb = ApiRequest['verb'];

/** What LIST gives: members in key order, and the revision at which the list was evaluated. */
export interface ObjectList<T = AnyObject> {
  readonly items: readonly T[];
  readonly resourceVersion: number;
}

/** What a request gives when it is not refused. A delete gives the object as it was last, or as it now waits for its end. */
export type ResponseOf<R> = R extends { readonly verb: 'list'; readonly kind: infer K extends Kind }
  ? ObjectList<ObjectOf<K>>
  : R extends { readonly verb: 'create' | 'update'; readonly object: infer T }
    ? T
    : R extends { readonly verb: 'bind' | 'evict' }
      ? Pod
      : R extends { readonly kind: infer K extends Kind }
        ? ObjectOf<K>
        : never;

export function isWrite(request: ApiRequest): boolean {
  return request.verb !== 'get' && request.verb !== 'list';
}

/** The kind a request is about. */
export function kindOfRequest(request: ApiRequest): string {
  switch (request.verb) {
    case 'create':
    case 'update':
      return request.object.kind;
    case 'bind':
    case 'evict':
      return 'Pod';
    default:
      return request.kind;
  }
}
