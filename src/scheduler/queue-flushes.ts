/**
 * QueueFlushes: the timers of the scheduling queue.
 *
 * Models    kubernetes v1.34 pkg/scheduler/backend/queue/scheduling_queue.go (Run)
 * Differs   the backoff flush, due every second, is scheduled only for seconds in which a backoff ends
 */
import { doNothing } from '../base/do-nothing.ts';
import type { ComponentContext } from '../client/component.ts';
import { SECOND_US } from '../engine/units.ts';
import type { SchedulingQueue } from './scheduling-queue.ts';
import type { Behaviour } from './versions.ts';

// 30 s: flushUnschedulablePodsLeftover, v1.34.
const UNSCHEDULABLE_FLUSH_PERIOD_US = 30 * SECOND_US;

export class QueueFlushes {
  private readonly ctx: ComponentContext;
  private readonly queue: SchedulingQueue;
  private readonly behaviour: Behaviour;
  /** Microseconds into each second at which the backoff queues are flushed. */
  private phaseUs: number;
  private nextUs: number;
  private cancel: () => void;

  constructor(ctx: ComponentContext, queue: SchedulingQueue, behaviour: Behaviour) {
    this.ctx = ctx;
    this.queue = queue;
    this.behaviour = behaviour;
    this.phaseUs = 0;
    this.nextUs = Infinity;
    this.cancel = doNothing;
  }

  /** The queue runs from now on. Flushes of the unschedulable pool do not keep a run going. */
  start(): void {
    const { scope, engine } = this.ctx;
    this.phaseUs = this.behaviour.alignsBackoffToSeconds ? 0 : engine.nowUs % SECOND_US;
    scope.every('scheduler.flush-unschedulable', UNSCHEDULABLE_FLUSH_PERIOD_US, () => this.queue.flushUnschedulable());
    this.arm();
  }

  /** A pod may have entered a backoff queue: makes sure that it will be released in time. */
  arm(): void {
    if (this.queue.backoffCount === 0) return;
    const { engine, scope } = this.ctx;
    const tickUs = this.tickFrom(Math.max(this.queue.nextReleaseUs, engine.nowUs));
    if (tickUs >= this.nextUs) return;
    this.cancel();
    this.nextUs = tickUs;
    this.cancel = scope.timer('scheduler.flush-backoff', tickUs - engine.nowUs, () => {
      this.nextUs = Infinity;
      this.queue.flushBackoff();
      this.arm();
    });
  }

  /** The first flush at or after `timeUs`. */
  private tickFrom(timeUs: number): number {
    return Math.ceil((timeUs - this.phaseUs) / SECOND_US) * SECOND_US + this.phaseUs;
  }
}
