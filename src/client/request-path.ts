/**
 * RequestPath: the way of a request to the server and back, as engine events.
 *
 *   send ─throttle─> transmit ─link─> [arrive, if seats are short] ─> serve ─link─> reply
 *
 * HOT       two engine events per request: serve and reply
 * Models    client-go's rest client over one HTTP/2 connection; see Connection for what cuts do
 * Differs   a seat is taken when the request is sent, as long as seats are free, so that link and service time are one
 *           event; a request under way counts as being served. No request is served while `seats` others are.
 *           A server that goes down fails its requests when they would have been served, not at once.
 */
import type { ApiServer } from '../apiserver/api-server.ts';
import { kindOfRequest, type ObjectList } from '../apiserver/request.ts';
import type { RuleEffect } from '../apiserver/request-rules.ts';
import { sampleUs } from '../engine/distributions.ts';
import { type EventKind, NO_EVENT } from '../engine/engine.ts';
import { type ApiStatus, isApiStatus, type Result, timeout, tooManyRequests, unreachable } from '../objects/api-status.ts';
import type { AnyObject } from '../objects/kinds.ts';
import { type ApiAccess, apiRequestTopic } from './api-access.ts';
import type { InFlight } from './in-flight.ts';

/** maxRetries of client-go's rest.Request. */
const RETRIES_MAX = 10;

export class RequestPath {
  private readonly access: ApiAccess;
  private readonly arriveKind: EventKind<InFlight>;
  private readonly serveKind: EventKind<InFlight>;
  private readonly replyKind: EventKind<InFlight>;
  private readonly timeoutKind: EventKind<InFlight>;
  private readonly dialTimeoutKind: EventKind<InFlight>;
  private readonly queueTimeoutKind: EventKind<InFlight>;
  private readonly retransmitKind: EventKind<InFlight>;

  constructor(access: ApiAccess) {
    const { engine } = access;
    this.access = access;
    this.arriveKind = engine.defineKind<InFlight>('api.arrive', (_, request) => this.arrive(request));
    this.serveKind = engine.defineKind<InFlight>('api.serve', (_, request) => this.serve(request));
    this.replyKind = engine.defineKind<InFlight>('api.reply', (_, request) => this.reply(request));
    this.timeoutKind = engine.defineKind<InFlight>('api.timeout', (_, request) => this.onTimeout(request));
    this.dialTimeoutKind = engine.defineKind<InFlight>('api.dial-timeout', (_, request) => this.onDialTimeout(request));
    this.queueTimeoutKind = engine.defineKind<InFlight>('api.queue-timeout', (_, request) => this.onQueueTimeout(request));
    this.retransmitKind = engine.defineKind<InFlight>('api.retransmit', (_, request) => this.onRetransmit(request));
  }

  /** Sends a request that has passed its throttle. */
  transmit(request: InFlight): void {
    const outUs = request.connection.outUs();
    if (outUs < 0) {
      request.connection.hold(request);
      return;
    }
    const server = request.connection.server as ApiServer;
    request.server = server;
    request.serverIncarnation = server.incarnation;
    request.connectionGeneration = request.connection.generation;
    request.isDialing = false;
    const { engine } = this.access;
    if (server.seats.tryTake()) {
      const delayUs = outUs + this.serviceUs(request, server);
      engine.schedule(this.serveKind, delayUs, request.client.id, request);
      if (delayUs >= request.client.timeoutUs) this.armTimeout(request);
    } else {
      engine.schedule(this.arriveKind, outUs, request.client.id, request);
    }
  }

  /** Begins to serve a request that waited for its seat. */
  startService(request: InFlight): void {
    const { engine } = this.access;
    if (request.queueHandle !== NO_EVENT) engine.cancel(request.queueHandle);
    request.queueHandle = NO_EVENT;
    engine.schedule(this.serveKind, this.serviceUs(request, request.server as ApiServer), request.client.id, request);
  }

  /** Sends the result back; `extraUs` is added to the link's delay. */
  answer(request: InFlight, extraUs: number): void {
    if (request.isFinished || !request.client.scope.isAlive) return;
    const { connection } = request;
    if (request.connectionGeneration !== connection.generation) {
      this.fail(request, unreachable('http2: client connection lost', request.isWrite));
      return;
    }
    const backUs = connection.inUs();
    if (backUs < 0) {
      connection.holdReply(request);
      return;
    }
    const { engine } = this.access;
    engine.schedule(this.replyKind, backUs + extraUs, request.client.id, request);
    if (engine.nowUs + backUs + extraUs >= request.sentAtUs + request.client.timeoutUs) this.armTimeout(request);
  }

  /** Ends a request without an answer, now. Must run inside an event that is not the caller's own `send`. */
  fail(request: InFlight, status: ApiStatus): void {
    if (request.isFinished) return;
    request.result = status;
    this.reply(request);
  }

  failLater(request: InFlight, status: ApiStatus, delayUs: number): void {
    request.result = status;
    this.access.engine.schedule(this.replyKind, delayUs, request.client.id, request);
  }

  /** Makes sure the caller hears something when its time-out has passed. */
  armTimeout(request: InFlight): void {
    if (request.timeoutHandle !== NO_EVENT || request.isFinished) return;
    const { engine } = this.access;
    const dueUs = Math.max(engine.nowUs, request.sentAtUs + request.client.timeoutUs);
    request.timeoutHandle = engine.scheduleAt(this.timeoutKind, dueUs, request.client.id, request);
  }

  armDialTimeout(request: InFlight, dialTimeoutUs: number): void {
    request.isDialing = true;
    this.access.engine.schedule(this.dialTimeoutKind, Math.min(dialTimeoutUs, request.client.timeoutUs), request.client.id, request);
  }

  retransmitLater(request: InFlight, delayUs: number): void {
    this.access.engine.schedule(this.retransmitKind, delayUs, request.client.id, request);
    this.armTimeout(request);
  }

  private serviceUs(request: InFlight, server: ApiServer): number {
    return sampleUs(request.isWrite ? server.service.write : server.service.read, request.client.rng);
  }

  private arrive(request: InFlight): void {
    const server = request.server as ApiServer;
    if (this.isServerLost(request, server)) {
      this.fail(request, unreachable('connection lost: server went down', request.isWrite));
      return;
    }
    if (server.seats.tryTake()) {
      this.startService(request);
      return;
    }
    request.wantsSeat = true;
    server.seats.wait(request);
    request.queueHandle = this.access.engine.schedule(this.queueTimeoutKind, server.service.queueWaitUsMax, request.client.id, request);
    this.armTimeout(request);
  }

  private serve(request: InFlight): void {
    const server = request.server as ApiServer;
    if (this.isServerLost(request, server)) {
      this.fail(request, unreachable('connection lost: server went down', request.isWrite));
      return;
    }
    const asked = request.request;
    if (asked.verb === 'watch') {
      server.seats.release();
      // A watch whose process or connection is gone meanwhile ends before it begins.
      if (request.isFinished || !request.client.scope.isAlive || request.connectionGeneration !== request.connection.generation) return;
      request.result = asked.stream.begin(server);
      this.answer(request, 0);
      return;
    }
    if (!request.hasWaitedForCache) {
      const waitUs = server.waitBeforeUs(asked);
      if (waitUs > 0) {
        request.hasWaitedForCache = true;
        this.access.engine.schedule(this.serveKind, waitUs, request.client.id, request);
        return;
      }
    }
    let effect: RuleEffect | undefined;
    if (!server.rules.isEmpty && !request.isStruck) {
      effect = server.rules.effectOn(asked, request.client.name);
      if (effect !== undefined) request.isStruck = true;
      if (effect?.what === 'delay') {
        this.access.engine.schedule(this.serveKind, sampleUs(effect.by, request.client.rng), request.client.id, request);
        this.armTimeout(request);
        return;
      }
    }
    if (effect?.what === 'lose-request' || effect?.what === 'refuse') {
      server.seats.release();
      if (effect.what === 'lose-request') {
        this.armTimeout(request);
      } else {
        request.result = effect.status;
        this.answer(request, 0);
      }
      return;
    }
    const result = server.execute(asked);
    server.seats.release();
    if (request.isWrite && this.access.afterWrite.length > 0) {
      for (const hook of [...this.access.afterWrite]) hook(request.client.component, request.client.name, asked, result);
    }
    if (effect?.what === 'lose-reply') {
      this.armTimeout(request);
      return;
    }
    request.result = effect?.what === 'refuse-after-commit' ? effect.status : result;
    let extraUs = effect?.what === 'delay-reply' ? sampleUs(effect.by, request.client.rng) : 0;
    if (asked.verb === 'list' && !isApiStatus(result)) extraUs += server.service.listPerObjectUs * (result as ObjectList).items.length;
    this.answer(request, Math.round(extraUs));
  }

  private isServerLost(request: InFlight, server: ApiServer): boolean {
    return !server.isUp || server.incarnation !== request.serverIncarnation;
  }

  private reply(request: InFlight): void {
    if (request.isFinished) return;
    const { scope } = request.client;
    if (!scope.isAlive) return;
    if (scope.isFrozen) {
      scope.whenThawed(() => this.finish(request));
      return;
    }
    this.finish(request);
  }

  private finish(request: InFlight): void {
    if (request.isFinished) return;
    request.isFinished = true;
    const { engine } = this.access;
    if (request.timeoutHandle !== NO_EVENT) engine.cancel(request.timeoutHandle);
    const result = request.result as Result<AnyObject | ObjectList>;
    if (isApiStatus(result) && result.retryAfterSeconds > 0 && request.attempt < RETRIES_MAX) {
      request.client.retry(request, result.retryAfterSeconds);
      return;
    }
    const asked = request.request;
    if (asked.verb !== 'watch' && engine.observers.has(apiRequestTopic)) {
      engine.observers.emit(
        apiRequestTopic,
        {
          client: request.client.name,
          verb: asked.verb,
          kind: kindOfRequest(asked),
          code: isApiStatus(result) ? result.code : 200,
          latencyUs: engine.nowUs - request.sentAtUs,
          throttledUs: request.sentAtUs - request.askedAtUs,
        },
        engine.nowUs,
      );
    }
    request.done(result);
  }

  private onTimeout(request: InFlight): void {
    request.timeoutHandle = NO_EVENT;
    request.wantsSeat = false;
    this.fail(
      request,
      timeout('context deadline exceeded (client time-out while awaiting an answer)', request.isWrite && !request.isDialing),
    );
  }

  private onDialTimeout(request: InFlight): void {
    if (request.isDialing) this.fail(request, unreachable('dial tcp: i/o timeout'));
  }

  private onQueueTimeout(request: InFlight): void {
    if (!request.wantsSeat) return;
    request.wantsSeat = false;
    request.queueHandle = NO_EVENT;
    request.result = tooManyRequests('too many requests, please try again later', 1);
    this.answer(request, 0);
  }

  private onRetransmit(request: InFlight): void {
    if (!request.isFinished && request.client.scope.isAlive) this.transmit(request);
  }
}
