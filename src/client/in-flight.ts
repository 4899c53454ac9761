/**
 * InFlight: one request on its way, from the client's throttle to its answer.
 *
 * HOT       one object per request; all fields are set in the constructor
 */
import type { ApiServer } from '../apiserver/api-server.ts';
import type { ApiRequest, ObjectList } from '../apiserver/request.ts';
import { isWrite } from '../apiserver/request.ts';
import type { SeatWaiter } from '../apiserver/seats.ts';
import { type EventHandle, NO_EVENT } from '../engine/engine.ts';
import type { Result } from '../objects/api-status.ts';
import { unreachable } from '../objects/api-status.ts';
import type { AnyObject } from '../objects/kinds.ts';
import type { Connection } from './connection.ts';
import type { RestClient } from './rest-client.ts';
import type { WatchStream } from './watch-stream.ts';

/** The request that begins a watch; the only one that is not an ApiRequest. */
export interface WatchRequest {
  readonly verb: 'watch';
  readonly stream: WatchStream;
}

export class InFlight implements SeatWaiter {
  readonly client: RestClient;
  readonly connection: Connection;
  readonly request: ApiRequest | WatchRequest;
  readonly isWrite: boolean;
  readonly done: (result: Result<AnyObject | ObjectList>) => void;
  /** 0 for the first try. */
  readonly attempt: number;
  /** When the caller asked. */
  readonly askedAtUs: number;
  /** When it left the throttle. */
  sentAtUs: number;
  server: ApiServer | undefined;
  serverIncarnation: number;
  connectionGeneration: number;
  /** Answered, failed or timed out: nothing more happens to the caller. */
  isFinished: boolean;
  /** Never reached a connection; its failure is certain. */
  isDialing: boolean;
  hasWaitedForCache: boolean;
  isStruck: boolean;
  wantsSeat: boolean;
  timeoutHandle: EventHandle;
  queueHandle: EventHandle;
  result: Result<AnyObject | ObjectList> | undefined;

  constructor(
    client: RestClient,
    connection: Connection,
    request: ApiRequest | WatchRequest,
    done: (result: Result<AnyObject | ObjectList>) => void,
    attempt: number,
  ) {
    this.client = client;
    this.connection = connection;
    this.request = request;
    this.isWrite = request.verb !== 'watch' && isWrite(request);
    this.done = done;
    this.attempt = attempt;
    this.askedAtUs = client.access.engine.nowUs;
    this.sentAtUs = 0;
    this.server = undefined;
    this.serverIncarnation = 0;
    this.connectionGeneration = 0;
    this.isFinished = false;
    this.isDialing = false;
    this.hasWaitedForCache = false;
    this.isStruck = false;
    this.wantsSeat = false;
    this.timeoutHandle = NO_EVENT;
    this.queueHandle = NO_EVENT;
    this.result = undefined;
  }

  onSeat(): void {
    this.wantsSeat = false;
    this.client.access.path.startService(this);
  }

  onServerDown(): void {
    this.wantsSeat = false;
    this.client.access.path.fail(this, unreachable('connection lost: server went down', this.isWrite));
  }
}
