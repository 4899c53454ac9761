/**
 * WorkQueue: keys waiting to be reconciled. A key is handed to one worker at a time and is in the
 * queue at most once; changes during processing cause exactly one more run.
 *
 * Models    client-go util/workqueue v1.34: Type, delaying queue, rate-limiting queue
 * Order     FIFO; delayed keys join the tail when their time comes, ties in the order they were added
 * Cost      O(1) add, get and done; O(log n) for delayed keys
 */
import { BinaryHeap } from '../base/binary-heap.ts';
import { doNothing } from '../base/do-nothing.ts';
import { RingBuffer } from '../base/ring-buffer.ts';
import { defineTopic, type Topic } from '../engine/observers.ts';
import { type Op, type Process, type Scope, waitFor } from '../engine/process.ts';
import { defaultControllerRateLimiter, type RateLimiter } from './rate-limiters.ts';

interface DelayedKey {
  readonly key: string;
  readyAtUs: number;
  seq: number;
  isBackground: boolean;
}

export interface WorkQueueOptions {
  /** Default: the default controller limiter (5 ms doubling to 1000 s, and 10/s with burst 100). */
  readonly limiter?: RateLimiter;
}

/** A key began to wait in a queue, or was taken by a worker; announced by queues that were made while someone listened. */
export interface WorkQueueRecord {
  /** The process the queue belongs to. */
  readonly component: string;
  readonly queue: WorkQueue;
  readonly key: string;
  readonly phase: 'added' | 'taken';
}

export const workQueueTopic: Topic<WorkQueueRecord> = defineTopic('client.work-queue');

export class WorkQueue {
  readonly name: string;
  private readonly scope: Scope;
  private readonly limiter: RateLimiter;
  private readonly queue: RingBuffer<string>;
  private readonly dirty: Set<string>;
  private readonly processing: Set<string>;
  private readonly delayed: BinaryHeap<DelayedKey>;
  private readonly delayedByKey: Map<string, DelayedKey>;
  private readonly waiters: { process: Process; done: (key: string) => void }[];
  private nextSeq: number;
  /** Delayed keys that keep a run alive. */
  private foregroundCount: number;
  private timerAtUs: number;
  private timerIsBackground: boolean;
  private cancelTimer: () => void;
  /** Waiting workers that an event under way will wake. */
  private wakePending: number;
  /** Keys promised to workers that are being woken or hired. */
  private promised: number;
  private hire: (index: number) => void;
  private hiredCount: number;
  private hiredMax: number;
  private readonly isWatched: boolean;

  /** The queue lives as long as `scope`: a crash loses everything in it. */
  constructor(scope: Scope, name: string, options: WorkQueueOptions = {}) {
    this.name = name;
    this.scope = scope;
    this.limiter = options.limiter ?? defaultControllerRateLimiter(scope.engine);
    this.queue = new RingBuffer();
    this.dirty = new Set();
    this.processing = new Set();
    this.delayed = new BinaryHeap((a, b) => a.readyAtUs < b.readyAtUs || (a.readyAtUs === b.readyAtUs && a.seq < b.seq));
    this.delayedByKey = new Map();
    this.waiters = [];
    this.nextSeq = 0;
    this.foregroundCount = 0;
    this.timerAtUs = Infinity;
    this.timerIsBackground = true;
    this.cancelTimer = doNothing;
    this.wakePending = 0;
    this.promised = 0;
    this.hire = doNothing;
    this.hiredCount = 0;
    this.hiredMax = 0;
    this.isWatched = scope.engine.observers.has(workQueueTopic);
  }

  /** Whether its process lives; a dead one takes its queues along. */
  get isAlive(): boolean {
    return this.scope.isAlive;
  }

  /** Whether its process goes on: neither dead nor standing still. */
  get isServed(): boolean {
    return this.scope.isAlive && !this.scope.isFrozen;
  }

  /** Keys ready to be taken; those being processed or delayed are not counted. */
  get length(): number {
    return this.queue.size;
  }

  /** Keys waiting for their time. */
  get delayedCount(): number {
    return this.delayed.size;
  }

  get processingCount(): number {
    return this.processing.size;
  }

  add(key: string): void {
    if (this.dirty.has(key)) return;
    this.dirty.add(key);
    if (this.isWatched) this.announce(key, 'added');
    if (this.processing.has(key)) return;
    this.push(key);
  }

  /**
   * Adds `key` after `delayUs`; at once when it is not positive. A key that already waits keeps the
   * earlier of the two times. `background` waits do not keep a run "until idle" alive.
   */
  addAfter(key: string, delayUs: number, options: { readonly background?: boolean } = {}): void {
    if (delayUs <= 0) {
      this.add(key);
      return;
    }
    const readyAtUs = this.scope.nowUs + Math.round(delayUs);
    const isBackground = options.background ?? false;
    const known = this.delayedByKey.get(key);
    if (known === undefined) {
      const entry: DelayedKey = { key, readyAtUs, seq: this.nextSeq++, isBackground };
      this.delayedByKey.set(key, entry);
      this.delayed.push(entry);
      if (!isBackground) this.foregroundCount++;
    } else {
      if (known.isBackground && !isBackground) {
        known.isBackground = false;
        this.foregroundCount++;
      }
      if (readyAtUs < known.readyAtUs) {
        this.delayed.remove(known);
        known.readyAtUs = readyAtUs;
        known.seq = this.nextSeq++;
        this.delayed.push(known);
      }
    }
    this.armTimer();
  }

  /** Adds `key` after the delay its rate limiter asks for. */
  addRateLimited(key: string): void {
    this.addAfter(key, this.limiter.nextDelayUs(key));
  }

  /** Resets the back-off of `key`; call it after success. */
  forget(key: string): void {
    this.limiter.forget(key);
  }

  /** How often `key` was added rate-limited since the last `forget`. */
  retryCount(key: string): number {
    return this.limiter.retryCount(key);
  }

  /** Waits for a key and takes it. Call `done(key)` afterwards, whatever happened. */
  *get(): Op<string> {
    // Keys already promised to woken waiters are not up for grabs.
    if (this.queue.size > this.promised) return this.take();
    return yield* waitFor<string>('queue', (process, done) => {
      const waiter = { process, done };
      this.waiters.push(waiter);
      return () => {
        const index = this.waiters.indexOf(waiter);
        if (index >= 0) this.waiters.splice(index, 1);
      };
    });
  }

  /** Takes a key without waiting; undefined when none is ready. */
  tryGet(): string | undefined {
    return this.queue.size > this.promised ? this.take() : undefined;
  }

  /**
   * From now on up to `max` workers serve this queue. `hire` starts one, by an event at the current time, whenever a key
   * finds none waiting: most of a controller's workers never have anything to do. The worker begins with `takeFirst`.
   */
  staff(max: number, hire: (index: number) => void): void {
    this.hire = hire;
    this.hiredMax = max;
    while (this.hiredCount < max && this.queue.size > this.promised) this.hireOne();
  }

  /** The key a worker was hired for. */
  takeFirst(): string {
    this.promised--;
    return this.take();
  }

  done(key: string): void {
    this.processing.delete(key);
    if (this.dirty.has(key)) this.push(key);
  }

  private take(): string {
    const key = this.queue.shift() as string;
    this.processing.add(key);
    this.dirty.delete(key);
    if (this.isWatched) this.announce(key, 'taken');
    return key;
  }

  private announce(key: string, phase: WorkQueueRecord['phase']): void {
    const { engine, name } = this.scope;
    engine.observers.emit(workQueueTopic, { component: name, queue: this, key, phase }, engine.nowUs);
  }

  private push(key: string): void {
    this.queue.push(key);
    if (this.waiters.length > this.wakePending) {
      this.wakePending++;
      this.promised++;
      this.scope.timer('queue.wake', 0, () => {
        this.wakePending--;
        this.promised--;
        const waiter = this.waiters.shift();
        if (waiter !== undefined) waiter.done(this.take());
      });
    } else if (this.hiredCount < this.hiredMax) {
      this.hireOne();
    }
  }

  private hireOne(): void {
    this.promised++;
    this.hire(this.hiredCount++);
  }

  private armTimer(): void {
    const head = this.delayed.peek();
    if (head === undefined) return;
    // One timer serves all delayed keys; it counts as background only while every delayed key does.
    const isBackground = this.foregroundCount === 0;
    if (this.timerAtUs === head.readyAtUs && this.timerIsBackground === isBackground) return;
    this.cancelTimer();
    this.timerAtUs = head.readyAtUs;
    this.timerIsBackground = isBackground;
    // A process that stood still may find that the time has passed, before its held timer goes off.
    const delayUs = Math.max(0, head.readyAtUs - this.scope.nowUs);
    this.cancelTimer = this.scope.timer('queue.delay', delayUs, () => this.release(), {
      background: isBackground,
    });
  }

  private release(): void {
    this.timerAtUs = Infinity;
    this.cancelTimer = doNothing;
    const nowUs = this.scope.nowUs;
    for (let head = this.delayed.peek(); head !== undefined && head.readyAtUs <= nowUs; head = this.delayed.peek()) {
      this.delayed.pop();
      this.delayedByKey.delete(head.key);
      if (!head.isBackground) this.foregroundCount--;
      this.add(head.key);
    }
    this.armTimer();
  }
}
