/**
 * ApiAccess: what all clients of one world share: the API servers, the network to them, and the dials
 * that faults and tests turn.
 *
 * Order     connections hear of network changes in the order they were made
 */
import type { ApiServer } from '../apiserver/api-server.ts';
import { expireEvents } from '../apiserver/event-ttl.ts';
import type { ApiRequest, ObjectList } from '../apiserver/request.ts';
import { fail } from '../base/invariant.ts';
import type { Engine } from '../engine/engine.ts';
import { defineTopic, type Topic } from '../engine/observers.ts';
import type { Runtime } from '../engine/process.ts';
import type { Result } from '../objects/api-status.ts';
import type { AnyObject } from '../objects/kinds.ts';
import type { Component } from './component.ts';
import type { Connection } from './connection.ts';
import type { EndpointId, NetworkLink } from './network-link.ts';
import { RequestPath } from './request-path.ts';
import { WatchDials } from './watch-dials.ts';
import { WatchDelivery } from './watch-stream.ts';

export interface ApiAccessOptions {
  readonly runtime: Runtime;
  readonly network: NetworkLink;
  /** One or more replicas over one store. */
  readonly servers: readonly ApiServer[];
  /** Whether Kubernetes Events are stored as objects too. Default false: they are only announced. */
  readonly keepEvents?: boolean;
}

/** Runs before a component sends a write; may crash or freeze the component. */
export type BeforeWriteHook = (component: string, client: string, request: ApiRequest) => void;
/** Runs when a server has executed a write, before its answer leaves; may crash or freeze the component. */
export type AfterWriteHook = (component: string, client: string, request: ApiRequest, result: Result<AnyObject | ObjectList>) => void;

/** One finished request; announced only while someone listens. */
export interface ApiRequestRecord {
  readonly client: string;
  readonly verb: ApiRequest['verb'];
  readonly kind: string;
  /** HTTP code: 200, or that of the refusal; 0 when no answer came. */
  readonly code: number;
  /** From leaving the client's throttle to the answer. */
  readonly latencyUs: number;
  /** Time spent waiting for the client's own rate limit. */
  readonly throttledUs: number;
}

export const apiRequestTopic: Topic<ApiRequestRecord> = defineTopic('api.request');

export class ApiAccess {
  readonly runtime: Runtime;
  readonly engine: Engine;
  readonly network: NetworkLink;
  readonly servers: readonly ApiServer[];
  readonly keepEvents: boolean;
  readonly dials: WatchDials;
  readonly beforeWrite: BeforeWriteHook[];
  readonly afterWrite: AfterWriteHook[];
  /** Internal: how requests and watch events travel. */
  readonly path: RequestPath;
  readonly delivery: WatchDelivery;

  private readonly serverEndpoints: readonly EndpointId[];
  private readonly connections: Set<Connection>;
  private readonly componentByName: Map<string, Component>;
  private readonly reachListeners: Set<() => void>;
  private idCount: number;

  constructor(options: ApiAccessOptions) {
    this.runtime = options.runtime;
    this.engine = options.runtime.engine;
    this.network = options.network;
    this.servers = options.servers;
    this.keepEvents = options.keepEvents ?? false;
    this.dials = new WatchDials(this);
    this.beforeWrite = [];
    this.afterWrite = [];
    this.path = new RequestPath(this);
    this.delivery = new WatchDelivery(this);
    this.serverEndpoints = options.servers.map((server) => this.endpoint(server.endpoint));
    this.connections = new Set();
    this.componentByName = new Map();
    this.reachListeners = new Set();
    this.idCount = 0;
    const [firstServer] = options.servers;
    if (firstServer === undefined) fail('ApiAccess needs an API server');
    if (this.keepEvents) expireEvents(firstServer.store, this.runtime.scope('apiserver'));
    const onChange = (): void => {
      for (const connection of [...this.connections]) connection.onReachChange();
      for (const listener of [...this.reachListeners]) listener();
    };
    options.network.onChange(onChange);
    for (const server of options.servers) server.onStateChange(onChange);
  }

  /** Every component made so far, in order. */
  get components(): readonly Component[] {
    return [...this.componentByName.values()];
  }

  component(name: string): Component | undefined {
    return this.componentByName.get(name);
  }

  addComponent(component: Component): void {
    if (this.componentByName.has(component.name)) fail(`component ${component.name} exists twice`);
    this.componentByName.set(component.name, component);
  }

  endpoint(name: string): EndpointId {
    const id = this.network.findEndpoint(name);
    if (id < 0) fail(`the network has no endpoint ${name}`);
    return id;
  }

  serverEndpoint(index: number): EndpointId {
    return this.serverEndpoints[index] ?? fail(`no API server ${index}`);
  }

  /** Internal: an id for event targets. */
  newId(): number {
    return ++this.idCount;
  }

  addConnection(connection: Connection): void {
    this.connections.add(connection);
  }

  removeConnection(connection: Connection): void {
    this.connections.delete(connection);
  }

  /** Calls `listener` after any cut, power loss or server change; after the connections have noticed. Gives the function that ends it. */
  onReachChange(listener: () => void): () => void {
    this.reachListeners.add(listener);
    return () => this.reachListeners.delete(listener);
  }
}
