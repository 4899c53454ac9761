/**
 * Engine: the simulated clock and the run loop. It knows nothing of clusters.
 *
 * HOT       schedule and dispatch run once per simulated event
 * Order     events run by (timeUs, priority, seq); see EventQueue
 * Idle      an event kind may be `background` (heartbeats, periodic flushes). A run "until idle" ends
 *           when only background events are pending.
 * Errors    the one try/catch of the core: an exception inside an event is rethrown as a
 *           SimulationBug that says seed, time, event number, kind and the command that replays it
 */
import { fnv1a32, mix32 } from '../base/hash.ts';
import { fail, SimulationBug } from '../base/invariant.ts';
import { Digest } from './digest.ts';
import { EventQueue, PRIORITY_COUNT } from './event-queue.ts';
import { Observers } from './observers.ts';
import { Rng } from './rng.ts';
import { formatDuration } from './units.ts';

/**
 * Who goes first among simultaneous events. Faults strike before the components react; measures
 * that sample the world look after everything else at that instant has happened.
 */
export const PRIORITY = { FAULT: 0, NORMAL: 2, SAMPLE: 6 } as const;

export type EventHandler<P> = (target: number, payload: P) => void;

export interface EventKind<P = unknown> {
  readonly id: number;
  /** `component.noun` or `component.verb`; searchable in the event log. */
  readonly name: string;
  readonly background: boolean;
  /** Never set; carries the payload's type. */
  readonly payload?: P;
}

/** Names one pending event; 0 is never a handle. Stale handles are recognized and ignored. */
export type EventHandle = number;
export const NO_EVENT: EventHandle = 0;

export interface EngineOptions {
  readonly seed: string | number;
  readonly rng?: Rng;
  /** Printed with every failure; set by whoever knows how this run was started. */
  readonly replayCommand?: string;
}

export interface RunOptions {
  /** Run events up to and including this time; the clock ends there. Default: no bound. */
  readonly untilUs?: number;
  /** Stop when only background events are pending. Default false; without it a run ends at `untilUs`, at `stop()` or when nothing is pending. */
  readonly untilIdle?: boolean;
  /** Return after this many further events, so that a caller can show progress or look for an interrupt. */
  readonly maxEvents?: number;
}

/** Why `run` returned. */
export type RunEnd = 'idle' | 'until' | 'stopped' | 'max-events';

const SLOT_SPACE = 67_108_864; // 2^26 slots; handles hold 2^26 generations above them

export class Engine {
  readonly seed: string | number;
  readonly rng: Rng;
  readonly digest: Digest;
  readonly observers: Observers;
  replayCommand: string;
  /** Called after every event; for invariant checkers. Must not change the world. */
  afterEvent: ((kind: EventKind, target: number) => void) | undefined;
  /** Called before every event with its kind and target; for event logs. Must not change the world. */
  beforeEvent: ((kind: EventKind, target: number) => void) | undefined;

  private clockUs: number;
  private readonly queue: EventQueue;
  private readonly kinds: (EventKind | undefined)[];
  private readonly handlers: EventHandler<unknown>[];
  private readonly kindHashes: number[];
  private readonly priorities: number[];
  private readonly kindByName: Map<string, EventKind<never>>;
  private kindOf: Uint16Array;
  private generationOf: Uint32Array;
  private targetOf: Int32Array;
  private readonly payloadOf: unknown[];
  private readonly freeSlots: number[];
  private slotCount: number;
  private foreground: number;
  private executed: number;
  private stopping: boolean;
  private tieRng: Rng | undefined;

  constructor(options: EngineOptions) {
    this.seed = options.seed;
    this.rng = options.rng ?? Rng.root(options.seed);
    this.digest = new Digest();
    this.digest.addWord(fnv1a32(String(options.seed)));
    this.observers = new Observers();
    this.replayCommand = options.replayCommand ?? '';
    this.afterEvent = undefined;
    this.beforeEvent = undefined;
    this.clockUs = 0;
    this.queue = new EventQueue();
    // Kind 0 marks a cancelled event.
    this.kinds = [undefined];
    this.handlers = [() => {}];
    this.kindHashes = [0];
    this.priorities = [0];
    this.kindByName = new Map();
    this.kindOf = new Uint16Array(1024);
    this.generationOf = new Uint32Array(1024);
    this.targetOf = new Int32Array(1024);
    this.payloadOf = [];
    this.freeSlots = [];
    this.slotCount = 1;
    this.foreground = 0;
    this.executed = 0;
    this.stopping = false;
    this.tieRng = undefined;
  }

  get nowUs(): number {
    return this.clockUs;
  }

  /** Events executed so far; cancelled ones do not count. */
  get eventCount(): number {
    return this.executed;
  }

  /** Pending events that are not background. */
  get foregroundCount(): number {
    return this.foreground;
  }

  /**
   * Declares a kind of event, once per engine and name; a second declaration of the same name is a bug.
   * `background` events do not keep a run "until idle" alive.
   */
  defineKind<P>(name: string, handler: EventHandler<P>, options: { priority?: number; background?: boolean } = {}): EventKind<P> {
    if (this.kindByName.has(name)) fail(`event kind ${name} is defined twice`);
    const priority = options.priority ?? PRIORITY.NORMAL;
    if (!(priority >= 0 && priority < PRIORITY_COUNT)) fail(`event priority ${priority} out of range`);
    const kind: EventKind<P> = { id: this.kinds.length, name, background: options.background ?? false };
    this.kinds.push(kind);
    this.handlers.push(handler as EventHandler<unknown>);
    this.kindHashes.push(mix32(fnv1a32(name)));
    this.priorities.push(priority);
    this.kindByName.set(name, kind as EventKind<never>);
    return kind;
  }

  /** The kind called `name`, declared on first use; for kinds whose payload is a closure. */
  kindNamed<P>(name: string, handler: EventHandler<P>, options: { priority?: number; background?: boolean } = {}): EventKind<P> {
    const known = this.kindByName.get(name);
    return known === undefined ? this.defineKind(name, handler, options) : (known as unknown as EventKind<P>);
  }

  /** Runs `kind` after `delayUs` (a non-negative integer) on `target`, an interned id or index that goes into the digest. */
  schedule<P>(kind: EventKind<P>, delayUs: number, target: number, payload: P): EventHandle {
    if (delayUs < 0) fail(`event ${kind.name} scheduled ${-delayUs} us in the past`);
    return this.scheduleAt(kind, this.clockUs + delayUs, target, payload);
  }

  scheduleAt<P>(kind: EventKind<P>, timeUs: number, target: number, payload: P): EventHandle {
    if (timeUs < this.clockUs) fail(`event ${kind.name} scheduled for ${timeUs}, but it is ${this.clockUs}`);
    const slot = this.freeSlots.pop() ?? this.newSlot();
    const id = kind.id;
    this.kindOf[slot] = id;
    this.targetOf[slot] = target;
    this.payloadOf[slot] = payload;
    if (!kind.background) this.foreground++;
    if (this.tieRng === undefined) this.queue.push(timeUs, this.priorities[id]!, slot);
    else this.queue.push(timeUs, this.priorities[id]!, slot, this.tieRng.nextUint32());
    return this.generationOf[slot]! * SLOT_SPACE + slot;
  }

  /** Cancels a pending event. False when it already ran or was cancelled. */
  cancel(handle: EventHandle): boolean {
    const slot = handle % SLOT_SPACE;
    if (slot === 0 || this.generationOf[slot] !== (handle - slot) / SLOT_SPACE) return false;
    const id = this.kindOf[slot]!;
    if (id === 0) return false;
    if (!this.kinds[id]!.background) this.foreground--;
    this.kindOf[slot] = 0;
    this.payloadOf[slot] = undefined;
    return true;
  }

  isPending(handle: EventHandle): boolean {
    const slot = handle % SLOT_SPACE;
    return slot !== 0 && this.generationOf[slot] === (handle - slot) / SLOT_SPACE && this.kindOf[slot] !== 0;
  }

  /** From now on, simultaneous events of equal priority run in an order drawn from `rng` instead of push order. */
  shuffleTies(rng: Rng): void {
    this.tieRng = rng;
  }

  /** Makes `run` return after the current event. */
  stop(): void {
    this.stopping = true;
  }

  /** Time of the next pending event, cancelled ones included; Infinity when there is none. */
  get nextEventUs(): number {
    return this.queue.headTimeUs;
  }

  run(options: RunOptions = {}): RunEnd {
    const untilUs = options.untilUs ?? Infinity;
    const untilIdle = options.untilIdle ?? false;
    const maxEvents = options.maxEvents ?? Infinity;
    const lastEvent = this.executed + maxEvents;
    this.stopping = false;
    let slot = 0;
    try {
      for (;;) {
        if (this.stopping) return 'stopped';
        if (untilIdle && this.foreground === 0) return 'idle';
        if (this.executed >= lastEvent) return 'max-events';
        const timeUs = this.queue.headTimeUs;
        if (timeUs > untilUs || timeUs === Infinity) {
          if (untilUs !== Infinity) this.clockUs = untilUs;
          return timeUs === Infinity ? 'idle' : 'until';
        }
        slot = this.queue.pop();
        const id = this.kindOf[slot]!;
        if (id === 0) {
          this.release(slot);
          continue;
        }
        this.clockUs = timeUs;
        this.executed++;
        const target = this.targetOf[slot]!;
        const payload = this.payloadOf[slot];
        const kind = this.kinds[id]!;
        if (!kind.background) this.foreground--;
        // Released before the handler runs: the handler may schedule into the same slot, and its handle is then stale.
        this.release(slot);
        this.digest.add(timeUs, this.kindHashes[id]!, target);
        if (this.beforeEvent !== undefined) this.beforeEvent(kind, target);
        this.runningKind = id;
        this.handlers[id]!(target, payload);
        if (this.afterEvent !== undefined) this.afterEvent(kind, target);
      }
    } catch (error) {
      throw this.explain(error);
    }
  }

  private runningKind = 0;

  private explain(error: unknown): Error {
    const kind = this.kinds[this.runningKind]?.name ?? 'none';
    const what = error instanceof Error ? error.message : String(error);
    const replay = this.replayCommand === '' ? '' : `\n  replay: ${this.replayCommand}`;
    return new SimulationBug(
      `${what}\n  seed ${this.seed}, simulated time ${formatDuration(this.clockUs)} (${this.clockUs} us), event ${this.executed} (${kind})${replay}`,
      { cause: error },
    );
  }

  private release(slot: number): void {
    this.kindOf[slot] = 0;
    this.generationOf[slot] = (this.generationOf[slot]! + 1) % SLOT_SPACE;
    this.payloadOf[slot] = undefined;
    this.freeSlots.push(slot);
  }

  private newSlot(): number {
    const slot = this.slotCount++;
    if (slot >= SLOT_SPACE) fail('more than 2^26 events are pending');
    if (slot >= this.kindOf.length) {
      const capacity = this.kindOf.length * 2;
      const kindOf = new Uint16Array(capacity);
      kindOf.set(this.kindOf);
      this.kindOf = kindOf;
      const generationOf = new Uint32Array(capacity);
      generationOf.set(this.generationOf);
      this.generationOf = generationOf;
      const targetOf = new Int32Array(capacity);
      targetOf.set(this.targetOf);
      this.targetOf = targetOf;
    }
    this.payloadOf[slot] = undefined;
    return slot;
  }
}
