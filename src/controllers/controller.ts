/**
 * Controller: what a member of the controller manager is, and the loop its workers run.
 *
 * A controller is one frozen definition: name, parameters as data, and `create`, which registers
 * informer handlers and returns work queues. Each queue is worked by a number of processes; a key is
 * never with two workers at once, because the queue does not give it out twice.
 *
 *   get key -> reconcile(key) -> undefined: forget its failures
 *                             -> error:     back in the queue after its back-off (or dropped after maxRetries)
 *
 * Models    kubernetes v1.34 pkg/controller/<any>: processNextWorkItem, handleErr
 */
import type { ParameterDef, ParameterValues } from '../base/parameters.ts';
import type { Client } from '../client/client.ts';
import type { ComponentContext } from '../client/component.ts';
import type { WorkQueue } from '../client/work-queue.ts';
import type { Op } from '../engine/process.ts';
import { SECOND_US } from '../engine/units.ts';
import type { Quirks } from '../objects/quirks.ts';

/** Why a reconcile has to be tried again; an ApiStatus is one. */
export interface ReconcileError {
  readonly message: string;
}

export type ReconcileResult = ReconcileError | undefined;

export interface ControllerQueue {
  readonly queue: WorkQueue;
  readonly workers: number;
  /** How often a failing key is tried again before it is dropped until its next event. */
  readonly maxRetries: number;
  reconcile(key: string): Op<ReconcileResult>;
}

/** What `create` returns: queues to work and processes to start once the caches are filled. */
export interface RunningController {
  readonly queues: readonly ControllerQueue[];
  /** Called once all informers have synced, before the workers start. */
  start?(): void;
}

/** What a controller gets to work with. */
export interface ControllerHost {
  readonly ctx: ComponentContext;
  /** The controller's own client, with its own request budget. */
  readonly client: Client;
  readonly params: ParameterValues;
  readonly quirks: Quirks;
  /** Kinds of custom resources that the controllers of this process bring along. */
  readonly customKinds: readonly string[];
}

export interface ControllerDef {
  /** As in scenarios and on the command line. */
  readonly name: string;
  readonly summary: string;
  readonly isEnabledByDefault: boolean;
  /** Own parameters and the common ones. */
  readonly parameters: readonly ParameterDef[];
  /** Kinds of custom resources it brings along, such as `Cache`: scenarios may name them, and the garbage collector follows them. */
  readonly kinds: readonly string[];
  create(host: ControllerHost): RunningController;
}

export const UNLIMITED_RETRIES = Infinity;

export interface ControllerOptions {
  readonly name: string;
  readonly summary: string;
  /** Default of the parameter `workers`; 0 leaves the parameter out (a controller without a queue). */
  readonly workers: number;
  readonly isEnabledByDefault?: boolean;
  readonly parameters?: readonly ParameterDef[];
  readonly kinds?: readonly string[];
  readonly create: (host: ControllerHost) => RunningController;
}

/** Freezes a definition and adds the parameters every controller has. */
export function defineController(options: ControllerOptions): ControllerDef {
  const common: ParameterDef[] = [];
  if (options.workers > 0) {
    common.push(integer('workers', options.workers, 1, 1000, 'keys reconciled side by side'));
  }
  common.push(
    {
      name: 'qps',
      type: 'number',
      default: 20,
      min: 0.01,
      max: 1e6,
      summary: 'requests per second of its client (--kube-api-qps, v1.34: 20)',
    },
    integer('burst', 30, 1, 1e6, 'requests it may send at once (--kube-api-burst, v1.34: 30)'),
  );
  return Object.freeze({
    name: options.name,
    summary: options.summary,
    isEnabledByDefault: options.isEnabledByDefault ?? true,
    parameters: Object.freeze([...(options.parameters ?? []), ...common]),
    kinds: Object.freeze([...(options.kinds ?? [])]),
    create: options.create,
  });
}

export function integer(name: string, value: number, min: number, max: number, summary: string): ParameterDef {
  return { name, type: 'integer', default: value, min, max, summary };
}

export function duration(name: string, valueUs: number, summary: string, minUs = 1, maxUs = 366 * 24 * 3600 * SECOND_US): ParameterDef {
  return { name, type: 'duration', default: valueUs, min: minUs, max: maxUs, summary };
}

export function flag(name: string, value: boolean, summary: string): ParameterDef {
  return { name, type: 'boolean', default: value, summary };
}

/** The body of one worker process: takes keys for ever, first the one it was hired for. */
export function* runWorker(work: ControllerQueue): Op<void> {
  const { queue } = work;
  for (let key = queue.takeFirst(); ; key = yield* queue.get()) {
    const error = yield* work.reconcile(key);
    if (error === undefined) queue.forget(key);
    else if (queue.retryCount(key) < work.maxRetries) queue.addRateLimited(key);
    else queue.forget(key);
    queue.done(key);
  }
}
