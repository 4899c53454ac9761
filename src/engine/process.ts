/**
 * Processes and scopes: straight-line code that waits in virtual time.
 *
 * A process is a generator. `yield* sleep(5 * SECOND_US)` suspends it; an event resumes it. Every
 * `yield*` is a point where a fault can strike: hooks added with `onYield` see it, and killing the
 * process there drops it without running another line (no `finally` either: a crash cleans nothing up).
 *
 * A scope is the lifetime of one component. Its timers and processes end with it (`kill`), or stand
 * still and later continue with their old view of the world (`freeze`, `thaw`).
 *
 *   states of a process:  running -> waiting -> running ... -> done | killed
 *
 * Order     a waiting process continues inside the event that ended its wait; signals resume their
 *           waiters by one event each, in order of arrival
 */

import { fnv1a32 } from '../base/hash.ts';
import { fail } from '../base/invariant.ts';
import { type Engine, type EventHandle, type EventKind, NO_EVENT } from './engine.ts';

/** Code that runs in virtual time and ends with a T. */
export type Op<T> = Generator<Wait, T, unknown>;

/** Something a process can wait for. `arm` must call `done` at most once, later, from inside an event. */
export interface Wait {
  /** Shown in stories and to fault schedules: `sleep`, `request`, `queue`, ... */
  readonly label: string;
  arm(process: Process, done: (value: unknown) => void): void;
  /** Forgets about `done`; called when the process is interrupted or killed while waiting. */
  disarm(process: Process): void;
}

/** Thrown into a process at its current `yield*` by `interrupt`. */
export class Interrupt extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'Interrupt';
  }
}

export type ProcessState = 'waiting' | 'running' | 'done' | 'killed';

export class Process {
  readonly scope: Scope;
  readonly name: string;
  state: ProcessState;
  result: unknown;
  /** What the process waits for; undefined unless `waiting`. */
  waitingFor: Wait | undefined;
  /** Number of yields so far: names the program point together with `name`. */
  yieldCount: number;

  private readonly generator: Op<unknown>;
  private readonly onDone: ((value: unknown) => void) | undefined;
  private readonly joiners: ((value: unknown) => void)[];

  /** Use `scope.spawn`. */
  constructor(scope: Scope, name: string, generator: Op<unknown>, onDone: ((value: unknown) => void) | undefined) {
    this.scope = scope;
    this.name = name;
    this.state = 'waiting';
    this.result = undefined;
    this.waitingFor = undefined;
    this.yieldCount = 0;
    this.generator = generator;
    this.onDone = onDone;
    this.joiners = [];
  }

  get engine(): Engine {
    return this.scope.engine;
  }

  get isAlive(): boolean {
    return this.state === 'waiting' || this.state === 'running';
  }

  /** Ends the process where it stands, without running another line of it. */
  kill(): void {
    if (!this.isAlive) return;
    this.waitingFor?.disarm(this);
    this.waitingFor = undefined;
    this.state = 'killed';
    this.joiners.length = 0;
    this.scope.forgetProcess(this);
  }

  /** Throws an Interrupt into the process at its current yield, by an event at the current time. */
  interrupt(reason: string): void {
    if (this.state !== 'waiting') return;
    this.waitingFor?.disarm(this);
    this.waitingFor = undefined;
    this.scope.timer('process.interrupt', 0, () => this.step(new Interrupt(reason), true));
  }

  /** Waits for the end of this process and gives its result. Never ends if the process is killed. */
  *join<T>(): Op<T> {
    if (this.state === 'done') return this.result as T;
    const joiners = this.joiners;
    let entry: ((value: unknown) => void) | undefined;
    return (yield {
      label: 'join',
      arm: (_process, done) => {
        entry = done;
        joiners.push(done);
      },
      disarm: () => {
        const index = entry === undefined ? -1 : joiners.indexOf(entry);
        if (index >= 0) joiners.splice(index, 1);
      },
    }) as T;
  }

  /** Runs the generator to its next yield. Called by `spawn`'s event and by waits. */
  step(value: unknown, isError: boolean): void {
    if (this.state !== 'waiting') return;
    if (this.scope.isFrozen) {
      this.scope.whenThawed(() => this.step(value, isError));
      return;
    }
    this.state = 'running';
    this.waitingFor = undefined;
    const next = isError ? this.generator.throw(value) : this.generator.next(value);
    // A process may have been killed by what it just did (for example a crash fault in its own write).
    if (!this.isAlive) return;
    if (next.done === true) {
      this.finish(next.value);
      return;
    }
    this.state = 'waiting';
    this.yieldCount++;
    this.waitingFor = next.value;
    if (this.scope.runtime.isYieldWatched) {
      this.scope.runtime.tellYield(this);
      if (!this.isAlive) return;
    }
    next.value.arm(this, this.resume);
  }

  /** Continues after a wait; given to `Wait.arm`. */
  readonly resume = (value: unknown): void => this.step(value, false);

  private finish(value: unknown): void {
    this.state = 'done';
    this.result = value;
    this.scope.forgetProcess(this);
    for (const joiner of this.joiners) this.scope.timer('process.join', 0, () => joiner(value));
    this.joiners.length = 0;
    this.onDone?.(value);
  }
}

/** Sees a process at a yield, before its wait is armed; may kill the process or its scope. */
export type YieldHook = (process: Process) => void;

/** What all scopes of one engine share. */
export class Runtime {
  readonly engine: Engine;
  /** Whether anyone listens to yields. HOT: read at every yield. */
  isYieldWatched: boolean;
  private yieldHooks: readonly YieldHook[];
  private readonly foregroundKinds: Map<string, EventKind<Timer>>;
  private readonly backgroundKinds: Map<string, EventKind<Timer>>;

  constructor(engine: Engine) {
    this.engine = engine;
    this.foregroundKinds = new Map();
    this.backgroundKinds = new Map();
    this.isYieldWatched = false;
    this.yieldHooks = [];
  }

  /** Calls `hook` at every yield of every process from now on, after those added before. Gives the function that ends it. */
  onYield(hook: YieldHook): () => void {
    this.setYieldHooks([...this.yieldHooks, hook]);
    return () => this.setYieldHooks(this.yieldHooks.filter((known) => known !== hook));
  }

  /** Internal: called at a yield, while someone listens. */
  tellYield(process: Process): void {
    // The list is replaced, never changed: a hook may end itself or another.
    for (const hook of this.yieldHooks) {
      hook(process);
      if (!process.isAlive) return;
    }
  }

  private setYieldHooks(hooks: readonly YieldHook[]): void {
    this.yieldHooks = hooks;
    this.isYieldWatched = hooks.length > 0;
  }

  scope(name: string): Scope {
    return new Scope(this, name);
  }

  /** A kind whose payload is a closure; `background` kinds do not keep a run "until idle" alive. */
  timerKind(name: string, background: boolean): EventKind<Timer> {
    const kinds = background ? this.backgroundKinds : this.foregroundKinds;
    let kind = kinds.get(name);
    if (kind === undefined) {
      kind = this.engine.kindNamed<Timer>(background ? `${name}~` : name, runTimer, { background });
      kinds.set(name, kind);
    }
    return kind;
  }
}

interface Timer {
  readonly scope: Scope;
  readonly run: () => void;
  handle: EventHandle;
  /** Index among the scope's timers; -1 once it has fired or was cancelled. */
  place: number;
}

function runTimer(_target: number, timer: Timer): void {
  timer.scope.fire(timer);
}

export class Scope {
  readonly runtime: Runtime;
  readonly name: string;
  isAlive: boolean;
  isFrozen: boolean;

  private readonly id: number;
  /** Pending timers, in no order; each knows its place. */
  private readonly timers: Timer[];
  private readonly processes: Set<Process>;
  private readonly killHandlers: (() => void)[];
  private thawQueue: (() => void)[];

  constructor(runtime: Runtime, name: string) {
    this.runtime = runtime;
    this.name = name;
    this.id = fnv1a32(name) | 0;
    this.isAlive = true;
    this.isFrozen = false;
    this.timers = [];
    this.processes = new Set();
    this.killHandlers = [];
    this.thawQueue = [];
  }

  get engine(): Engine {
    return this.runtime.engine;
  }

  get nowUs(): number {
    return this.runtime.engine.nowUs;
  }

  /** Runs `run` after `delayUs`, unless the scope is killed first. Returns a function that cancels it. */
  timer(kind: string, delayUs: number, run: () => void, options: { background?: boolean } = {}): () => void {
    if (!this.isAlive) return () => {};
    const timer: Timer = { scope: this, run, handle: NO_EVENT, place: this.timers.length };
    const eventKind = this.runtime.timerKind(kind, options.background ?? false);
    timer.handle = this.engine.schedule(eventKind, delayUs, this.id, timer);
    this.timers.push(timer);
    return () => {
      if (this.dropTimer(timer)) this.engine.cancel(timer.handle);
    };
  }

  /** Runs `run` every `periodUs`, first after `firstUs` (default: one period). Background unless said otherwise. */
  every(kind: string, periodUs: number, run: () => void, options: { firstUs?: number; background?: boolean } = {}): () => void {
    const background = options.background ?? true;
    let cancel = () => {};
    const tick = (): void => {
      cancel = this.timer(kind, periodUs, tick, { background });
      run();
    };
    cancel = this.timer(kind, options.firstUs ?? periodUs, tick, { background });
    return () => cancel();
  }

  /** Starts a process by an event at the current time; `onDone` is told its result inside the event that ends it. */
  spawn<T>(name: string, generator: Op<T>, onDone?: (value: T) => void): Process {
    const process = new Process(this, name, generator, onDone as ((value: unknown) => void) | undefined);
    if (!this.isAlive) {
      process.state = 'killed';
      return process;
    }
    this.processes.add(process);
    this.timer('process.start', 0, () => process.step(undefined, false));
    return process;
  }

  /** Ends every timer and process of this scope at once, then runs the `onKill` handlers in order of registration. */
  kill(): void {
    if (!this.isAlive) return;
    this.isAlive = false;
    for (const timer of this.timers) {
      timer.place = -1;
      this.engine.cancel(timer.handle);
    }
    this.timers.length = 0;
    for (const process of [...this.processes]) process.kill();
    this.processes.clear();
    this.thawQueue = [];
    for (const handler of this.killHandlers) handler();
  }

  onKill(handler: () => void): void {
    this.killHandlers.push(handler);
  }

  /** From now on timers that fire and waits that end are held back. */
  freeze(): void {
    this.isFrozen = true;
  }

  /** Runs everything held back, in order, then continues normally. */
  thaw(): void {
    if (!this.isFrozen) return;
    this.isFrozen = false;
    const held = this.thawQueue;
    this.thawQueue = [];
    for (const run of held) this.whenThawed(run);
  }

  /** Runs `run` now, or at `thaw` while frozen; drops it when the scope is dead. */
  whenThawed(run: () => void): void {
    if (!this.isAlive) return;
    if (this.isFrozen) this.thawQueue.push(run);
    else run();
  }

  /** Internal: called by the timer event. */
  fire(timer: Timer): void {
    if (!this.isFrozen) {
      if (this.dropTimer(timer)) timer.run();
      return;
    }
    // A held timer keeps its place, so that cancelling it still works.
    this.whenThawed(() => {
      if (this.dropTimer(timer)) timer.run();
    });
  }

  /** False when the timer has fired or was cancelled. */
  private dropTimer(timer: Timer): boolean {
    const { place } = timer;
    if (place < 0) return false;
    const last = this.timers.pop() as Timer;
    if (last !== timer) {
      this.timers[place] = last;
      last.place = place;
    }
    timer.place = -1;
    return true;
  }

  /** Internal: called when a process ends. */
  forgetProcess(process: Process): void {
    this.processes.delete(process);
  }
}

/** Waits for `delayUs`. Background sleeps do not keep a run "until idle" alive. */
export function* sleep(delayUs: number, options: { background?: boolean } = {}): Op<void> {
  if (delayUs < 0) fail(`sleep of ${delayUs} us`);
  let cancel = () => {};
  yield {
    label: 'sleep',
    arm: (process, done) => {
      cancel = process.scope.timer('process.sleep', delayUs, () => done(undefined), options);
    },
    disarm: () => cancel(),
  };
}

/** Waits until `start` calls back. `start` returns what undoes it. The callback must come later, from inside an event. */
export function* waitFor<T>(label: string, start: (process: Process, done: (value: T) => void) => () => void): Op<T> {
  let undo = () => {};
  return (yield {
    label,
    arm: (process, done) => {
      undo = start(process, done as (value: T) => void);
    },
    disarm: () => undo(),
  }) as T;
}

/** Something that happens, any number of times; each `fire` wakes everyone waiting at that moment, in order. */
export class Signal<T = void> {
  private waiters: { process: Process; done: (value: T) => void }[] = [];

  get waiterCount(): number {
    return this.waiters.length;
  }

  fire(value: T): void {
    const waiters = this.waiters;
    this.waiters = [];
    for (const waiter of waiters) waiter.process.scope.timer('process.signal', 0, () => waiter.done(value));
  }

  /** Wakes the longest waiting process only; false when nobody waits. */
  fireOne(value: T): boolean {
    const waiter = this.waiters.shift();
    if (waiter === undefined) return false;
    waiter.process.scope.timer('process.signal', 0, () => waiter.done(value));
    return true;
  }

  *wait(label = 'signal'): Op<T> {
    return yield* waitFor<T>(label, (process, done) => {
      const waiter = { process, done };
      this.waiters.push(waiter);
      return () => {
        const index = this.waiters.indexOf(waiter);
        if (index >= 0) this.waiters.splice(index, 1);
      };
    });
  }
}

/** Runs `ops` side by side and gives their results in the given order. */
export function* all<T>(ops: readonly Op<T>[]): Op<T[]> {
  if (ops.length === 0) return [];
  const results = new Array<T>(ops.length);
  let children: Process[] = [];
  return yield* waitFor<T[]>('all', (process, done) => {
    let open = ops.length;
    children = ops.map((op, index) =>
      process.scope.spawn(`${process.name}[${index}]`, op, (value) => {
        results[index] = value;
        open--;
        if (open === 0) done(results);
      }),
    );
    return () => {
      for (const child of children) child.kill();
    };
  });
}

/** Runs `ops` side by side until the first ends, kills the others, and says which it was. */
export function* race<T>(ops: readonly Op<T>[]): Op<{ index: number; value: T }> {
  if (ops.length === 0) fail('race of nothing never ends');
  let children: Process[] = [];
  return yield* waitFor<{ index: number; value: T }>('race', (process, done) => {
    let decided = false;
    children = ops.map((op, index) =>
      process.scope.spawn(`${process.name}[${index}]`, op, (value) => {
        if (decided) return;
        decided = true;
        for (const child of children) if (child !== children[index]) child.kill();
        done({ index, value });
      }),
    );
    return () => {
      for (const child of children) child.kill();
    };
  });
}
