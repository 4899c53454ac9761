/**
 * Component: one process that talks to the API server, and what can happen to it: start, crash,
 * restart, freeze, thaw.
 *
 *   down ──start──> running ──crash──> down ──(restart)──> running ...
 *                     │  ^
 *              freeze v  │ thaw
 *                   frozen
 *
 * A crash loses everything the process had in memory and cleans nothing up; requests already on the
 * wire still reach the server. With leader election the process runs `build` only once it leads.
 *
 * Cost      a few small objects per component: 5,000 kubelets are fine
 */

import { doNothing } from '../base/do-nothing.ts';
import type { Engine } from '../engine/engine.ts';
import type { Runtime, Scope } from '../engine/process.ts';
import type { Rng } from '../engine/rng.ts';
import { SECOND_US } from '../engine/units.ts';
import type { ApiAccess } from './api-access.ts';
import type { Client } from './client.ts';
import type { ClientLimits, ComponentContext, EventRecorder } from './component-context.ts';
import { Connection } from './connection.ts';
import { Recorder } from './event-recorder.ts';
import type { InformerFactory } from './informer.ts';
import { ProcessInformers } from './informer-factory.ts';
import { type LeaderElectionOptions, LeaderElector } from './leader-election.ts';
import type { EndpointId } from './network-link.ts';
import { RestClient } from './rest-client.ts';
import type { ResyncRange } from './resync.ts';
import type { SharedInformer } from './shared-informer.ts';
import type { WatchStream } from './watch-stream.ts';

export type { ClientLimits, ComponentContext, EventRecorder, KubeEventRecord } from './component-context.ts';
export { kubeEventTopic } from './component-context.ts';

export interface ComponentOptions {
  /** `kube-scheduler`, `kubelet/b-2-7`; unique in a world. */
  readonly name: string;
  /** Name of its network endpoint. */
  readonly endpoint: string;
  /** Builds the process on every start, with empty caches; with leader election, once it leads. */
  build(ctx: ComponentContext): void;
  /** Limits of `ctx.client`. Default 50/100: ComponentConfig's ClientConnection default. */
  readonly qps?: number;
  readonly burst?: number;
  /** Index of the API server replica it connects to; default: any healthy one. */
  readonly apiServer?: number;
  /** Informers tell their handlers everything again after a time drawn from this range. Default: never. */
  readonly resync?: ResyncRange;
  readonly leaderElection?: LeaderElectionOptions;
  /** After losing the lease the process exits; its supervisor starts it again after this. Default 2 s. */
  readonly exitRestartUs?: number;
}

const DEFAULT_QPS = 50;
const DEFAULT_BURST = 100;
/** The kubelet notices a dead static pod within its 1 s relist and starts it in about as long. */
const EXIT_RESTART_US = 2 * SECOND_US;

export class Component {
  readonly name: string;
  readonly access: ApiAccess;
  readonly endpoint: EndpointId;
  private readonly options: ComponentOptions;
  private readonly stateListeners: (() => void)[];
  private life: Scope | undefined;
  private cancelRestart: () => void;
  private running: ProcessContext | undefined;
  private startCount: number;

  constructor(access: ApiAccess, options: ComponentOptions) {
    this.name = options.name;
    this.access = access;
    this.endpoint = access.endpoint(options.endpoint);
    this.options = options;
    this.stateListeners = [];
    this.life = undefined;
    this.cancelRestart = doNothing;
    this.running = undefined;
    this.startCount = 0;
    access.addComponent(this);
  }

  get isRunning(): boolean {
    return this.running !== undefined;
  }

  get isFrozen(): boolean {
    return this.running?.scope.isFrozen ?? false;
  }

  /** Whether `build` has run: at once after a start, or once it leads. */
  get isLeading(): boolean {
    return this.running !== undefined && (this.running.elector?.isLeading ?? true);
  }

  /** Starts so far. */
  get incarnation(): number {
    return this.startCount;
  }

  /** The running process; undefined while it is down. */
  get context(): ComponentContext | undefined {
    return this.running;
  }

  /** The running process's main connection; undefined while it is down. */
  get connection(): Connection | undefined {
    return this.running?.connection;
  }

  /** Does nothing when it runs. */
  start(): void {
    if (this.running !== undefined) return;
    this.cancelRestart();
    this.startCount++;
    const process = new ProcessContext(this.access, this.options, this.endpoint, this.startCount);
    this.running = process;
    const { leaderElection } = this.options;
    if (leaderElection === undefined) this.options.build(process);
    else this.elect(process, leaderElection);
    this.tell();
  }

  /** Ends the process at once; nothing is cleaned up. A restart that was planned does not happen. */
  crash(): void {
    this.cancelRestart();
    const process = this.running;
    if (process === undefined) return;
    this.running = undefined;
    process.end();
    this.tell();
  }

  /** Crashes it if it runs, and starts it again after `afterUs`. */
  restart(afterUs: number): void {
    this.crash();
    this.life ??= this.access.runtime.scope(`component/${this.name}`);
    this.cancelRestart();
    this.cancelRestart = this.life.timer('component.restart', afterUs, () => this.start());
  }

  /** Stops the process in its tracks (VM stall, GC pause); `thaw` continues it with its old view. */
  freeze(): void {
    if (this.running === undefined || this.isFrozen) return;
    this.running.scope.freeze();
    this.tell();
  }

  thaw(): void {
    if (!this.isFrozen) return;
    this.running?.scope.thaw();
    this.tell();
  }

  /** Calls `listener` after every start, crash, freeze and thaw. */
  onStateChange(listener: () => void): void {
    this.stateListeners.push(listener);
  }

  /** The live informers of `kind`; for controls. */
  informersOf(kind: string): SharedInformer[] {
    return this.running?.informers.ofKind(kind) ?? [];
  }

  /** The live watches of `kind`; for controls. */
  streamsOf(kind: string): WatchStream[] {
    return this.running?.streamsOf(kind) ?? [];
  }

  /** Breaks the connection, or moves the watch of one kind to a fresh one; the next connection heeds `dials.pin`. */
  reconnect(kind?: string): void {
    const process = this.running;
    if (process === undefined) return;
    if (kind === undefined) {
      process.connection.drop('reconnect');
      return;
    }
    const connection = process.freshConnectionFor(kind);
    for (const informer of process.informers.ofKind(kind)) informer.reflector.moveTo(connection);
  }

  private elect(process: ProcessContext, options: LeaderElectionOptions): void {
    const client = process.clientNamed('leader-election', { qps: DEFAULT_QPS, burst: DEFAULT_BURST, timeoutUs: 5 * SECOND_US });
    const elector = new LeaderElector(process.scope, client, process.rng.fork('leader-election'), this.name, options);
    process.elector = elector;
    process.scope.spawn(
      'leader-election',
      elector.run(
        () => this.options.build(process),
        // The process exits; whoever supervises it starts it again.
        () => this.restart(this.options.exitRestartUs ?? EXIT_RESTART_US),
      ),
    );
  }

  private tell(): void {
    for (const listener of this.stateListeners) listener();
  }
}

/** One incarnation of a component. */
class ProcessContext implements ComponentContext {
  readonly name: string;
  readonly incarnation: number;
  readonly runtime: Runtime;
  readonly engine: Engine;
  readonly scope: Scope;
  readonly rng: Rng;
  readonly client: Client;
  readonly informers: ProcessInformers & InformerFactory;
  readonly events: EventRecorder;
  readonly connection: Connection;
  elector: LeaderElector | undefined;
  private readonly access: ApiAccess;
  private readonly options: ComponentOptions;
  private readonly kindConnections: Map<string, Connection>;

  constructor(access: ApiAccess, options: ComponentOptions, endpoint: EndpointId, incarnation: number) {
    this.name = options.name;
    this.incarnation = incarnation;
    this.access = access;
    this.options = options;
    this.runtime = access.runtime;
    this.engine = access.engine;
    this.scope = access.runtime.scope(options.name);
    this.rng = access.engine.rng.fork(options.name);
    this.connection = new Connection(access, options.name, this.scope, endpoint, options.apiServer, undefined);
    this.kindConnections = new Map();
    this.elector = undefined;
    const limits = { qps: options.qps ?? DEFAULT_QPS, burst: options.burst ?? DEFAULT_BURST };
    this.client = new RestClient(options.name, this.connection, limits);
    this.informers = new ProcessInformers(options.name, (kind) => this.connectionFor(kind), options.resync);
    const eventClient = access.keepEvents ? this.clientNamed('events', { qps: DEFAULT_QPS, burst: DEFAULT_BURST }) : undefined;
    this.events = new Recorder(access.engine, options.name, eventClient);
  }

  clientNamed(sub: string, limits?: ClientLimits): Client {
    const { qps = DEFAULT_QPS, burst = DEFAULT_BURST } = this.options;
    return new RestClient(`${this.name}/${sub}`, this.connection, limits ?? { qps, burst });
  }

  connectionFor(kind: string): Connection {
    const own = this.kindConnections.get(kind);
    if (own !== undefined) return own;
    return this.access.dials.serverFor(this.name, kind) === undefined ? this.connection : this.freshConnectionFor(kind);
  }

  freshConnectionFor(kind: string): Connection {
    this.kindConnections.get(kind)?.close();
    const connection = new Connection(this.access, this.name, this.scope, this.connection.endpoint, this.options.apiServer, kind);
    this.kindConnections.set(kind, connection);
    return connection;
  }

  streamsOf(kind: string): WatchStream[] {
    const streams = this.connection.streamsOf(kind);
    for (const connection of this.kindConnections.values()) streams.push(...connection.streamsOf(kind));
    return streams;
  }

  end(): void {
    this.scope.kill();
    this.connection.close();
    for (const connection of this.kindConnections.values()) connection.close();
  }
}
