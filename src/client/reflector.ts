/**
 * Reflector: keeps a target in step with one kind on the server: list, watch, resume, relist.
 *
 *   list(rv 0 at first, else the last) ──> watch(last rv) ──ends──> watch again
 *        ^                                      │ 410, or another error
 *        └──────────────── back-off ────────────┘      refused or unreachable: back-off, watch again
 *
 * Models    client-go tools/cache/reflector.go v1.34 (list and watch; WatchList is off by default for clients)
 * Differs   the server's routine end of a healthy watch every 5 to 10 min and its resumption are not simulated; bookmarks
 *           are worked out when a watch ends, see WatchStream.resumeRevision
 */
import type { ObjectList } from '../apiserver/request.ts';
import type { WatchEvent, WatchEventType, WatchFilter } from '../apiserver/watch-event.ts';
import { doNothing } from '../base/do-nothing.ts';
import { isApiStatus } from '../objects/api-status.ts';
import type { AnyObject, Kind } from '../objects/kinds.ts';
import { Backoff } from './backoff.ts';
import type { Connection } from './connection.ts';
import type { RestClient } from './rest-client.ts';
import { type WatchReader, WatchStream } from './watch-stream.ts';

export interface ReflectorTarget {
  /** The whole content at `revision`. */
  replace(items: readonly AnyObject[], revision: number): void;
  apply(type: WatchEventType, event: WatchEvent): void;
}

export type ReflectorState = 'idle' | 'listing' | 'watching' | 'waiting' | 'broken';

export class Reflector implements WatchReader {
  readonly kind: Kind;
  readonly filter: WatchFilter;
  state: ReflectorState;
  /** The cache is complete up to here; 0 before the first list. */
  lastRevision: number;

  private readonly client: RestClient;
  private connection: Connection;
  private readonly target: ReflectorTarget;
  private readonly backoff: Backoff;
  /** Whether a first list has arrived; before, there is nothing to resume. */
  private hasListed: boolean;
  private stream: WatchStream | undefined;
  private cancelWait: () => void;
  /** Answers to requests of an earlier round are ignored. */
  private round: number;
  /** Time of the last moment at which this reflector was in step; for what is not written one by one. */
  private viewUs: number;

  constructor(client: RestClient, connection: Connection, kind: Kind, filter: WatchFilter, target: ReflectorTarget) {
    this.kind = kind;
    this.filter = filter;
    this.state = 'idle';
    this.lastRevision = 0;
    this.client = client;
    this.connection = connection;
    this.target = target;
    this.backoff = new Backoff(client.rng.fork(`backoff/${kind}`));
    this.hasListed = false;
    this.stream = undefined;
    this.cancelWait = doNothing;
    this.round = 0;
    this.viewUs = -1;
  }

  /** The first list comes from a server's cache, of any age: it may show less than this process knew before it restarted. */
  start(): void {
    this.list(0);
  }

  /** Drops the watch and lists again, now or after `delayUs`; whatever happens in between is seen as one step. */
  relist(delayUs = 0): void {
    this.leave();
    if (delayUs > 0) this.wait(delayUs, () => this.list(this.lastRevision));
    else this.list(this.lastRevision);
  }

  /** Drops the watch and resumes it, now or after `delayUs`; nothing is missed unless the history is too short. */
  rewatch(delayUs = 0): void {
    this.leave();
    if (delayUs > 0) this.wait(delayUs, () => this.goOn());
    else this.goOn();
  }

  /** Drops the watch and does not begin another before `mend`; a list under way is still read. */
  breakOff(): void {
    if (this.state === 'listing') return;
    this.leave();
    this.state = 'broken';
  }

  /** Ends `breakOff`: resumes the watch, or lists again. */
  mend(listsAgain: boolean): void {
    if (this.state !== 'broken') return;
    this.client.scope.whenThawed(() => {
      if (this.state !== 'broken') return;
      if (listsAgain) this.list(this.lastRevision);
      else this.goOn();
    });
  }

  /** Goes on over another connection, from where it is. */
  moveTo(connection: Connection): void {
    this.leave();
    this.connection = connection;
    this.client.useConnection(connection);
    this.goOn();
  }

  /** Everything committed until then is in the target; -1 before the first list. */
  get viewTimeUs(): number {
    if (this.stream !== undefined && this.state === 'watching') this.viewUs = Math.max(this.viewUs, this.stream.viewTimeUs);
    return this.viewUs;
  }

  onWatchEvent(type: WatchEventType, event: WatchEvent): void {
    // A stream that began on a server ahead of this cache replays nothing older.
    if (event.revision <= this.lastRevision) return;
    this.lastRevision = event.revision;
    this.target.apply(type, event);
  }

  onWatchEnd(stream: WatchStream): void {
    // A frozen process hears of it late; meanwhile a control may have begun another round.
    if (stream !== this.stream) return;
    this.leave();
    this.watch();
  }

  private goOn(): void {
    if (this.hasListed) this.watch();
    else this.list(0);
  }

  private leave(): void {
    this.round++;
    this.cancelWait();
    this.cancelWait = doNothing;
    const { stream } = this;
    if (stream === undefined) return;
    if (this.state === 'watching') this.viewUs = Math.max(this.viewUs, stream.viewTimeUs);
    this.stream = undefined;
    stream.close();
    this.lastRevision = Math.max(this.lastRevision, stream.resumeRevision);
  }

  private list(resourceVersion: number | undefined): void {
    this.state = 'listing';
    const round = ++this.round;
    const { nodeName, select } = this.filter;
    const startedUs = this.client.access.engine.nowUs;
    this.client.send(
      {
        verb: 'list',
        kind: this.kind,
        ...(nodeName === undefined ? {} : { nodeName }),
        ...(select === undefined ? {} : { select }),
        ...(resourceVersion === undefined ? {} : { resourceVersion }),
      },
      (result) => {
        if (round !== this.round) return;
        if (isApiStatus(result)) {
          // Expired, or a cache that is behind what this process has seen: ask for the latest at once.
          const asksLatest = resourceVersion !== undefined && (result.isGone || result.message.startsWith('Too large resource version'));
          if (asksLatest) this.list(undefined);
          else this.retryLater(() => this.list(this.lastRevision));
          return;
        }
        const { items, resourceVersion: revision } = result as ObjectList;
        this.hasListed = true;
        this.lastRevision = revision;
        this.viewUs = Math.max(this.viewUs, startedUs);
        this.target.replace(items, revision);
        // A handler may have crashed the process or asked for another list.
        if (round === this.round && this.client.scope.isAlive) this.watch();
      },
    );
  }

  private watch(): void {
    const { access } = this.client;
    if ((access.dials.find(this.connection.component, this.kind)?.cuts ?? 0) > 0) {
      this.state = 'broken';
      return;
    }
    this.state = 'watching';
    const round = ++this.round;
    const stream = new WatchStream(this.connection, this, this.kind, this.filter, this.lastRevision);
    this.stream = stream;
    this.client.sendWatch({ verb: 'watch', stream }, (result) => {
      if (round !== this.round || !isApiStatus(result)) return;
      this.leave();
      if (result.isUnreachable || result.isTooManyRequests) this.retryLater(() => this.watch());
      else this.retryLater(() => this.list(this.lastRevision));
    });
  }

  private retryLater(run: () => void): void {
    this.wait(this.backoff.pauseUs(this.client.access.engine.nowUs), run);
  }

  private wait(delayUs: number, run: () => void): void {
    this.state = 'waiting';
    this.cancelWait = this.client.scope.timer('reflector.wait', delayUs, run, { background: true });
  }
}
