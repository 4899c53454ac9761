/**
 * Connection: one process's HTTP/2 connection to an API server. Requests and watches share it.
 *
 *   idle ──use──> open ──cut──> stalled ──heal──> open
 *     ^                            │ 45 s
 *     └────────────────────────────┘   also: server went down, reconnect
 *
 * While stalled, what is sent in the cut direction is held and arrives late, in order, if the cut heals
 * in time; the other direction still works. After 45 s the health check has failed: everything
 * waiting fails, watches end, and the next use dials again.
 *
 * Models    golang.org/x/net/http2 ReadIdleTimeout 30 s + PingTimeout 15 s, the defaults of
 *           apimachinery/pkg/util/net; net.Dialer timeout 30 s (client-go transport)
 * Differs   the idle time counts from the start of the cut, not from the last frame; a held message leaves at the
 *           moment of healing, where TCP would wait for its next retransmission (at most about as long again as the cut);
 *           the TCP window does not run full during a one-way cut
 */
import type { ApiServer } from '../apiserver/api-server.ts';
import { doNothing } from '../base/do-nothing.ts';
import type { Scope } from '../engine/process.ts';
import type { Rng } from '../engine/rng.ts';
import { MILLISECOND_US, SECOND_US } from '../engine/units.ts';
import { unreachable } from '../objects/api-status.ts';
import type { ApiAccess } from './api-access.ts';
import type { InFlight } from './in-flight.ts';
import type { EndpointId } from './network-link.ts';
import type { WatchStream } from './watch-stream.ts';

/** HTTP2_READ_IDLE_TIMEOUT_SECONDS 30 + HTTP2_PING_TIMEOUT_SECONDS 15. */
export const CONNECTION_DROP_US = 45 * SECOND_US;
/** net.Dialer.Timeout in client-go/transport. */
export const DIAL_TIMEOUT_US = 30 * SECOND_US;
/** After seven lost transmissions TCP's next try is this far off. */
const RETRANSMIT_US = 12_800 * MILLISECOND_US;

/** From this many waiting dials on, those that have timed out are forgotten at every new one. */
const DIALING_PRUNE = 32;

export type ConnectionState = 'idle' | 'open' | 'stalled';

export class Connection {
  readonly access: ApiAccess;
  readonly component: string;
  readonly scope: Scope;
  readonly endpoint: EndpointId;
  state: ConnectionState;
  server: ApiServer | undefined;
  serverEndpoint: EndpointId;
  /** Counts connections; a request knows by it that its own is gone. */
  generation: number;
  /** Since when nothing arrives from the server; Infinity while it does. */
  inboundCutSinceUs: number;

  /** The kind this connection serves alone; undefined for the process's main connection. */
  private readonly kind: string | undefined;
  private readonly defaultServer: number | undefined;
  private readonly rng: Rng;
  private readonly streams: WatchStream[];
  private readyAtUs: number;
  private heldOut: InFlight[];
  private heldReplies: InFlight[];
  private dialing: InFlight[];
  private cancelDrop: () => void;
  private isClosed: boolean;
  private serverIncarnation: number;

  /**
   * `defaultServer`: the only replica it connects to unless a dial says otherwise; undefined for any healthy one, as
   * through a load balancer.
   */
  constructor(
    access: ApiAccess,
    component: string,
    scope: Scope,
    endpoint: EndpointId,
    defaultServer: number | undefined,
    kind: string | undefined,
  ) {
    this.access = access;
    this.component = component;
    this.scope = scope;
    this.endpoint = endpoint;
    this.state = 'idle';
    this.server = undefined;
    this.serverEndpoint = -1;
    this.generation = 0;
    this.inboundCutSinceUs = Infinity;
    this.kind = kind;
    this.defaultServer = defaultServer;
    this.rng = access.engine.rng.fork(`client/${component}/connection`);
    this.streams = [];
    this.readyAtUs = 0;
    this.heldOut = [];
    this.heldReplies = [];
    this.dialing = [];
    this.cancelDrop = doNothing;
    this.isClosed = false;
    this.serverIncarnation = 0;
    access.addConnection(this);
  }

  /** Delay of a message sent now; -1 when it cannot be sent. HOT: once per request. */
  outUs(): number {
    if (this.state === 'idle') return -1;
    const us = this.access.network.oneWayUs(this.endpoint, this.serverEndpoint);
    if (us < 0) return -1;
    const nowUs = this.access.engine.nowUs;
    return nowUs < this.readyAtUs ? this.readyAtUs - nowUs + us : us;
  }

  /** Delay of a message the server sends now; -1 when it is held. HOT: once per reply and watch event. */
  inUs(): number {
    if (this.inboundCutSinceUs !== Infinity) return -1;
    for (let tries = 0; tries < 4; tries++) {
      const us = this.access.network.oneWayUs(this.serverEndpoint, this.endpoint);
      if (us >= 0) return us + tries * RETRANSMIT_US;
      if (!this.access.network.isConnected(this.serverEndpoint, this.endpoint)) return -1;
    }
    return 4 * RETRANSMIT_US;
  }

  /** Whether a request sent now would reach a server. */
  get canReachServer(): boolean {
    const { network } = this.access;
    if (this.state !== 'idle') return network.isConnected(this.endpoint, this.serverEndpoint);
    return this.reachableServers().length > 0;
  }

  /** Takes over a request that could not be sent. */
  hold(request: InFlight): void {
    const { path, network } = this.access;
    if (this.state === 'idle') {
      this.dial(request);
    } else if (network.isConnected(this.endpoint, this.serverEndpoint)) {
      path.retransmitLater(request, RETRANSMIT_US);
    } else {
      this.onReachChange();
      this.heldOut.push(request);
      path.armTimeout(request);
    }
  }

  /** Takes over a reply that could not be sent. */
  holdReply(request: InFlight): void {
    this.heldReplies.push(request);
    this.access.path.armTimeout(request);
  }

  addStream(stream: WatchStream): void {
    this.streams.push(stream);
  }

  streamsOf(kind: string): WatchStream[] {
    return this.streams.filter((stream) => stream.kind === kind);
  }

  removeStream(stream: WatchStream): void {
    const index = this.streams.indexOf(stream);
    if (index >= 0) this.streams.splice(index, 1);
  }

  /** Looks again at the link and the server; called after every change of either. */
  onReachChange(): void {
    if (this.isClosed) return;
    if (this.state === 'idle') {
      if (this.dialing.length > 0) this.redial();
      return;
    }
    if (this.server?.isUp !== true || this.server.incarnation !== this.serverIncarnation) {
      this.drop('server went down');
      return;
    }
    const { network, engine } = this.access;
    const canSend = network.isConnected(this.endpoint, this.serverEndpoint);
    const canReceive = network.isConnected(this.serverEndpoint, this.endpoint);
    const couldReceive = this.inboundCutSinceUs === Infinity;
    if (!canReceive && couldReceive) this.inboundCutSinceUs = engine.nowUs;
    if (canReceive) this.inboundCutSinceUs = Infinity;
    if (this.state === 'open' && !(canSend && canReceive)) {
      this.state = 'stalled';
      this.cancelDrop = this.scope.timer('client.health-check', CONNECTION_DROP_US, () => this.drop('http2: client connection lost'), {
        background: true,
      });
    } else if (this.state === 'stalled' && canSend && canReceive) {
      this.state = 'open';
      this.cancelDrop();
    }
    if (canSend) this.releaseHeld();
    if (canReceive && !couldReceive) this.releaseInbound();
  }

  /** Breaks the connection: what waits fails, watches end, the next use dials again. */
  drop(reason: string): void {
    if (this.state === 'idle') return;
    this.toIdle();
    const waiting = [...this.heldOut, ...this.heldReplies];
    this.heldOut = [];
    this.heldReplies = [];
    for (const request of waiting) this.access.path.fail(request, unreachable(reason, request.isWrite));
    for (const stream of [...this.streams]) stream.onConnectionLost(reason);
  }

  /** The process is gone: nobody is told anything. */
  close(): void {
    this.isClosed = true;
    this.access.removeConnection(this);
    if (this.state !== 'idle') this.toIdle();
    this.heldOut = [];
    this.heldReplies = [];
    this.dialing = [];
    for (const stream of [...this.streams]) stream.close();
  }

  private toIdle(): void {
    this.state = 'idle';
    this.generation++;
    this.inboundCutSinceUs = Infinity;
    this.cancelDrop();
  }

  private get pinnedServer(): number | undefined {
    const { dials } = this.access;
    return (
      (this.kind === undefined ? undefined : dials.serverFor(this.component, this.kind)) ??
      dials.serverFor(this.component) ??
      this.defaultServer
    );
  }

  private reachableServers(): number[] {
    const { servers, network } = this.access;
    const { pinnedServer } = this;
    const found: number[] = [];
    for (let index = 0; index < servers.length; index++) {
      if (pinnedServer !== undefined && pinnedServer !== index) continue;
      if (!(servers[index] as ApiServer).isUp) continue;
      const endpoint = this.access.serverEndpoint(index);
      if (network.isConnected(this.endpoint, endpoint) && network.isConnected(endpoint, this.endpoint)) found.push(index);
    }
    return found;
  }

  /** Whether anything answers at all, if only to refuse. */
  private isAnyoneThere(): boolean {
    const { servers, network } = this.access;
    const { pinnedServer } = this;
    return servers.some((_, index) => {
      if (pinnedServer !== undefined && pinnedServer !== index) return false;
      const endpoint = this.access.serverEndpoint(index);
      return network.isConnected(this.endpoint, endpoint) && network.isConnected(endpoint, this.endpoint);
    });
  }

  private tryOpen(): boolean {
    const reachable = this.reachableServers();
    if (reachable.length === 0) return false;
    const index = reachable.length === 1 ? (reachable[0] as number) : this.rng.pick(reachable);
    const server = this.access.servers[index] as ApiServer;
    this.server = server;
    this.serverIncarnation = server.incarnation;
    this.serverEndpoint = this.access.serverEndpoint(index);
    this.state = 'open';
    this.generation++;
    // TCP and TLS 1.3 take two round trips before the first request.
    let handshakeUs = 0;
    for (let i = 0; i < 2; i++) {
      handshakeUs += Math.max(0, this.access.network.oneWayUs(this.endpoint, this.serverEndpoint));
      handshakeUs += Math.max(0, this.access.network.oneWayUs(this.serverEndpoint, this.endpoint));
    }
    this.readyAtUs = this.access.engine.nowUs + handshakeUs;
    return true;
  }

  private dial(request: InFlight): void {
    const { path } = this.access;
    if (this.tryOpen()) {
      path.transmit(request);
    } else if (this.isAnyoneThere()) {
      path.failLater(request, unreachable('connection refused'), MILLISECOND_US);
    } else {
      if (this.dialing.length >= DIALING_PRUNE) this.dialing = this.dialing.filter((waiting) => !waiting.isFinished);
      this.dialing.push(request);
      path.armDialTimeout(request, DIAL_TIMEOUT_US);
    }
  }

  private redial(): void {
    const waiting = this.dialing.filter((request) => !request.isFinished);
    if (waiting.length > 0 && !this.tryOpen()) {
      this.dialing = waiting;
      return;
    }
    this.dialing = [];
    for (const request of waiting) this.access.path.transmit(request);
  }

  private releaseHeld(): void {
    if (this.heldOut.length === 0) return;
    const held = this.heldOut;
    this.heldOut = [];
    for (const request of held) if (!request.isFinished) this.access.path.transmit(request);
  }

  private releaseInbound(): void {
    const held = this.heldReplies;
    this.heldReplies = [];
    for (const request of held) if (!request.isFinished) this.access.path.answer(request, 0);
    for (const stream of [...this.streams]) stream.onInboundHealed();
  }
}
