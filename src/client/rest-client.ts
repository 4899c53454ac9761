/**
 * RestClient: the Client of a running process.
 *
 * HOT       `send` runs once per request
 * Models    client-go rest.Client: token bucket before every try, retries of answers with Retry-After
 */
import type { ApiRequest, ObjectList, PatchRequest, ResponseOf } from '../apiserver/request.ts';
import type { Op, Process, Scope, Wait } from '../engine/process.ts';
import type { Rng } from '../engine/rng.ts';
import { SECOND_US } from '../engine/units.ts';
import type { Result } from '../objects/api-status.ts';
import type { AnyObject, Kind, ObjectOf } from '../objects/kinds.ts';
import type { ObjectKey, StringMap } from '../objects/meta.ts';
import type { Pod } from '../objects/pod.ts';
import type { ApiAccess } from './api-access.ts';
import type { Client, DeleteOptions, GetOptions, ListOptions, Preconditions } from './client.ts';
import type { ClientLimits } from './component-context.ts';
import type { Connection } from './connection.ts';
import { InFlight, type WatchRequest } from './in-flight.ts';
import { TokenBucket } from './token-bucket.ts';

/** rest.Config.Timeout as components set it, and the server's --request-timeout: 60 s. */
export const REQUEST_TIMEOUT_US = 60 * SECOND_US;

type AnyResult = Result<AnyObject | ObjectList>;

/** Waits for the answer to one request. HOT: one per request of a process. */
class RequestWait implements Wait {
  readonly label = 'request';
  private readonly client: RestClient;
  private readonly request: ApiRequest;
  private done: ((value: unknown) => void) | undefined;

  constructor(client: RestClient, request: ApiRequest) {
    this.client = client;
    this.request = request;
    this.done = undefined;
  }

  arm(_process: Process, done: (value: unknown) => void): void {
    this.done = done;
    this.client.send(this.request, (result) => this.done?.(result));
  }

  disarm(): void {
    this.done = undefined;
  }
}

export class RestClient implements Client {
  readonly name: string;
  readonly component: string;
  readonly id: number;
  readonly access: ApiAccess;
  readonly scope: Scope;
  readonly rng: Rng;
  readonly timeoutUs: number;
  private connection: Connection;
  private readonly bucket: TokenBucket;

  constructor(name: string, connection: Connection, limits: ClientLimits) {
    const { access } = connection;
    this.name = name;
    this.component = connection.component;
    this.id = access.newId();
    this.access = access;
    this.scope = connection.scope;
    this.rng = access.engine.rng.fork(`client/${name}`);
    this.timeoutUs = limits.timeoutUs ?? REQUEST_TIMEOUT_US;
    this.connection = connection;
    this.bucket = new TokenBucket(limits.qps, limits.burst, access.engine.nowUs);
  }

  send<R extends ApiRequest>(request: R, done: (result: Result<ResponseOf<R>>) => void): void {
    this.begin(new InFlight(this, this.connection, request, done as (result: AnyResult) => void, 0));
  }

  /** Internal: begins a watch over this client's connection, past the throttle. */
  sendWatch(request: WatchRequest, done: (result: AnyResult) => void): void {
    this.launch(new InFlight(this, this.connection, request, done, 0));
  }

  /** Internal: tries again after an answer with Retry-After. */
  retry(request: InFlight, afterSeconds: number): void {
    this.scope.timer('client.retry', afterSeconds * SECOND_US, () => {
      this.begin(new InFlight(this, this.connection, request.request, request.done, request.attempt + 1));
    });
  }

  /** Internal: later requests take another connection. */
  useConnection(connection: Connection): void {
    this.connection = connection;
  }

  get<K extends Kind>(kind: K, key: ObjectKey, options: GetOptions = {}): Op<Result<ObjectOf<K>>> {
    return this.call<ObjectOf<K>>({ verb: 'get', kind, key, fromCache: options.fromCache ?? false });
  }

  // Requests are written out field by field: a spread would give each a hidden class of its own.

  list<K extends Kind>(kind: K, { namespace, nodeName, resourceVersion, select }: ListOptions = {}): Op<Result<ObjectList<ObjectOf<K>>>> {
    return this.call<ObjectList<ObjectOf<K>>>({ verb: 'list', kind, namespace, nodeName, resourceVersion, select });
  }

  create<T extends AnyObject>(object: T): Op<Result<T>> {
    return this.call<T>({ verb: 'create', object });
  }

  update<T extends AnyObject>(object: T): Op<Result<T>> {
    return this.call<T>({ verb: 'update', object });
  }

  updateStatus<T extends AnyObject>(object: T): Op<Result<T>> {
    return this.call<T>({ verb: 'update', object, subresource: 'status' });
  }

  patch<K extends Kind>(
    kind: K,
    key: ObjectKey,
    mutate: (current: ObjectOf<K>) => ObjectOf<K>,
    options: Preconditions = {},
  ): Op<Result<ObjectOf<K>>> {
    return this.call<ObjectOf<K>>(patchRequest(kind, key, undefined, mutate, options));
  }

  patchStatus<K extends Kind>(
    kind: K,
    key: ObjectKey,
    mutate: (current: ObjectOf<K>) => ObjectOf<K>,
    options: Preconditions = {},
  ): Op<Result<ObjectOf<K>>> {
    return this.call<ObjectOf<K>>(patchRequest(kind, key, 'status', mutate, options));
  }

  delete<K extends Kind>(kind: K, key: ObjectKey, options: DeleteOptions = {}): Op<Result<ObjectOf<K>>> {
    const { gracePeriodSeconds, propagation, uid, resourceVersion } = options;
    return this.call<ObjectOf<K>>({ verb: 'delete', kind, key, gracePeriodSeconds, propagation, uid, resourceVersion });
  }

  bind(key: ObjectKey, nodeName: string, options: { readonly uid?: string; readonly annotations?: StringMap } = {}): Op<Result<Pod>> {
    return this.call<Pod>({ verb: 'bind', key, nodeName, uid: options.uid, annotations: options.annotations });
  }

  evict(key: ObjectKey, options: { readonly gracePeriodSeconds?: number; readonly uid?: string } = {}): Op<Result<Pod>> {
    return this.call<Pod>({ verb: 'evict', key, gracePeriodSeconds: options.gracePeriodSeconds, uid: options.uid });
  }

  private *call<T>(request: ApiRequest): Op<Result<T>> {
    return (yield new RequestWait(this, request)) as Result<T>;
  }

  private begin(request: InFlight): void {
    if (!this.scope.isAlive) return;
    if (request.isWrite && this.access.beforeWrite.length > 0) {
      for (const hook of [...this.access.beforeWrite]) hook(this.component, this.name, request.request as ApiRequest);
      if (!this.scope.isAlive) return;
    }
    const waitUs = this.bucket.reserveUs(this.access.engine.nowUs);
    if (waitUs === 0) this.launch(request);
    else this.scope.timer('client.throttle', waitUs, () => this.launch(request));
  }

  private launch(request: InFlight): void {
    request.sentAtUs = this.access.engine.nowUs;
    // A process that a hook has just frozen sends when it thaws.
    if (this.scope.isFrozen) this.scope.whenThawed(() => this.launch(request));
    else this.access.path.transmit(request);
  }
}

function patchRequest<K extends Kind>(
  kind: K,
  key: ObjectKey,
  subresource: 'status' | undefined,
  mutate: (current: ObjectOf<K>) => ObjectOf<K>,
  { uid, resourceVersion }: Preconditions,
): PatchRequest {
  return { verb: 'patch', kind, key, subresource, mutate: mutate as unknown as PatchRequest['mutate'], uid, resourceVersion };
}
