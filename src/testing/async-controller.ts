/**
 * defineAsyncController: controllers written with `async` and `await`, as most operators are.
 *
 * The simulation knows no promises. Whenever the user's code may go on, the world stops after the current event, the code
 * runs until it waits for the kit again, and the world continues at the same simulated time. As long as the code awaits
 * nothing but the kit's own promises, a run is as repeatable as any other; timers, sockets and the wall clock are not there
 * to be awaited.
 *
 * A crash leaves the promises of the dead process pending for ever: nothing after that `await` runs, no `finally` either.
 *
 * Differs   such a controller needs `checkConvergenceAsync`: `checkConvergence` cannot wait for promises
 */
import type { Client } from '../client/client.ts';
import type { Informer } from '../client/informer.ts';
import { WorkQueue } from '../client/work-queue.ts';
import { type ControllerDef, type ControllerHost, defineController, type ReconcileResult } from '../controllers/controller.ts';
import type { Engine } from '../engine/engine.ts';
import { type Op, sleep, waitFor } from '../engine/process.ts';
import type { Result } from '../objects/api-status.ts';
import type { AnyObject, Kind, ObjectOf } from '../objects/kinds.ts';
import type { ObjectKey } from '../objects/meta.ts';

/** The requests of a client, as promises. */
export interface AsyncClient {
  get<K extends Kind>(kind: K, key: ObjectKey): Promise<Result<ObjectOf<K>>>;
  create<T extends AnyObject>(object: T): Promise<Result<T>>;
  update<T extends AnyObject>(object: T): Promise<Result<T>>;
  updateStatus<T extends AnyObject>(object: T): Promise<Result<T>>;
  patch<K extends Kind>(kind: K, key: ObjectKey, mutate: (current: ObjectOf<K>) => ObjectOf<K>): Promise<Result<ObjectOf<K>>>;
  delete<K extends Kind>(kind: K, key: ObjectKey): Promise<Result<ObjectOf<K>>>;
  /** Any other request of the client, written as an Op. */
  run<T>(op: Op<T>): Promise<T>;
}

export interface AsyncHost {
  /** The cache of a kind: reads are immediate, and as old as the watch. */
  informer<K extends Kind>(kind: K): Informer<ObjectOf<K>>;
  readonly client: AsyncClient;
  /** Waits in simulated time. */
  sleep(us: number): Promise<void>;
  nowUs(): number;
  /** Puts a key into the controller's queue. */
  enqueue(key: string): void;
  enqueueAfter(key: string, us: number): void;
}

export interface AsyncControllerOptions {
  readonly name: string;
  readonly summary: string;
  /** Kinds of custom resources it brings along. */
  readonly kinds?: readonly string[];
  /** Default 1. */
  readonly workers?: number;
  /**
   * Registers informer handlers that call `host.enqueue`, and gives the reconcile function. What it throws, and a refusal of the
   * API server that it returns, mean: try again later.
   */
  create(host: AsyncHost): (key: string) => Promise<unknown>;
}

export function defineAsyncController(options: AsyncControllerOptions): ControllerDef {
  const { name, summary, kinds = [], workers = 1 } = options;
  return defineController({ name, summary, kinds, workers, create: (host) => run(host, options) });
}

function run(host: ControllerHost, options: AsyncControllerOptions) {
  const { ctx, client, params } = host;
  const queue = new WorkQueue(ctx.scope, options.name);
  const reconcile = options.create({
    informer: (kind) => ctx.informers.of(kind),
    client: asyncClient(host, client),
    sleep: (us) => promised(host, sleep(us)),
    nowUs: () => ctx.engine.nowUs,
    enqueue: (key) => queue.add(key),
    enqueueAfter: (key, us) => queue.addAfter(key, us),
  });
  const workers = params.number('workers');
  return { queues: [{ queue, workers, maxRetries: Infinity, reconcile: (key: string) => awaited(host, () => reconcile(key)) }] };
}

function asyncClient(host: ControllerHost, client: Client): AsyncClient {
  return {
    get: (kind, key) => promised(host, client.get(kind, key)),
    create: (object) => promised(host, client.create(object)),
    update: (object) => promised(host, client.update(object)),
    updateStatus: (object) => promised(host, client.updateStatus(object)),
    patch: (kind, key, mutate) => promised(host, client.patch(kind, key, mutate)),
    delete: (kind, key) => promised(host, client.delete(kind, key)) as never,
    run: (op) => promised(host, op),
  };
}

/** The result of an op as a promise; the world stops when it is there, so that whoever awaits it goes on first. */
function promised<T>({ ctx }: ControllerHost, op: Op<T>): Promise<T> {
  return new Promise((resolve) => {
    ctx.scope.spawn('async', finish(ctx.engine, op, resolve));
  });
}

function* finish<T>(engine: Engine, op: Op<T>, done: (value: T) => void): Op<void> {
  done(yield* op);
  engine.stop();
}

/** Waits for a promise of the user's code. */
function* awaited({ ctx }: ControllerHost, start: () => Promise<unknown>): Op<ReconcileResult> {
  return yield* waitFor<ReconcileResult>('async', (process, done) => {
    let isOver = false;
    // Continued by an event, as all waits are; the scope drops it when the process has died meanwhile.
    const resume = (value: ReconcileResult): void => {
      if (!isOver) process.scope.timer('process.async', 0, () => done(value));
    };
    Promise.resolve()
      .then(start)
      .then(
        (result) => resume(isRefusal(result) ? result : undefined),
        (error: unknown) => resume({ message: error instanceof Error ? error.message : String(error) }),
      );
    ctx.engine.stop();
    return () => {
      isOver = true;
    };
  });
}

function isRefusal(result: unknown): result is ReconcileResult {
  return typeof result === 'object' && result !== null && typeof (result as { message?: unknown }).message === 'string';
}
