/**
 * Client: what a component can ask of the API server, in two forms.
 *
 * Every method is an Op: one round trip of virtual time (throttle, link, server, link back), and a
 * point where a fault can strike. `send` is the same for plain-event code.
 *
 * Models    client-go's rest.Client: token bucket, 60 s timeout, up to 10 retries of answers that
 *           carry Retry-After
 */
import type { ApiRequest, ObjectList, Propagation, ResponseOf } from '../apiserver/request.ts';
import type { Op } from '../engine/process.ts';
import type { Result } from '../objects/api-status.ts';
import type { AnyObject, Kind, ObjectOf } from '../objects/kinds.ts';
import type { ObjectKey, StringMap } from '../objects/meta.ts';
import type { Pod } from '../objects/pod.ts';

export type { ApiRequest, ObjectList, Propagation, ResponseOf } from '../apiserver/request.ts';

export interface GetOptions {
  /** From the server's watch cache, of any age. */
  readonly fromCache?: boolean;
}

export interface ListOptions {
  readonly namespace?: string;
  readonly nodeName?: string;
  /** 0: from the server's cache, of any age. Absent: consistent. */
  readonly resourceVersion?: number;
  readonly select?: (object: AnyObject) => boolean;
}

/** Preconditions: a mismatch is a Conflict. */
export interface Preconditions {
  readonly uid?: string;
  readonly resourceVersion?: number;
}

export interface DeleteOptions extends Preconditions {
  readonly gracePeriodSeconds?: number;
  readonly propagation?: Propagation;
}

export interface Client {
  /** `kube-scheduler`, `kubelet/node-1`, `kube-controller-manager/replicaset`, ... */
  readonly name: string;

  get<K extends Kind>(kind: K, key: ObjectKey, options?: GetOptions): Op<Result<ObjectOf<K>>>;
  list<K extends Kind>(kind: K, options?: ListOptions): Op<Result<ObjectList<ObjectOf<K>>>>;
  create<T extends AnyObject>(object: T): Op<Result<T>>;
  update<T extends AnyObject>(object: T): Op<Result<T>>;
  updateStatus<T extends AnyObject>(object: T): Op<Result<T>>;
  /** `mutate` is pure and gives the wanted object, or its argument for no change. */
  patch<K extends Kind>(
    kind: K,
    key: ObjectKey,
    mutate: (current: ObjectOf<K>) => ObjectOf<K>,
    options?: Preconditions,
  ): Op<Result<ObjectOf<K>>>;
  patchStatus<K extends Kind>(
    kind: K,
    key: ObjectKey,
    mutate: (current: ObjectOf<K>) => ObjectOf<K>,
    options?: Preconditions,
  ): Op<Result<ObjectOf<K>>>;
  /** Gives the object as it was last, or as it now waits for its end. */
  delete<K extends Kind>(kind: K, key: ObjectKey, options?: DeleteOptions): Op<Result<ObjectOf<K>>>;
  bind(key: ObjectKey, nodeName: string, options?: { readonly uid?: string; readonly annotations?: StringMap }): Op<Result<Pod>>;
  evict(key: ObjectKey, options?: { readonly gracePeriodSeconds?: number; readonly uid?: string }): Op<Result<Pod>>;

  /** Callback form. `done` runs inside the reply's event; never when the component has died meanwhile. */
  send<R extends ApiRequest>(request: R, done: (result: Result<ResponseOf<R>>) => void): void;
}
