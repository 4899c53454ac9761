/**
 * TtlAfterFinished: deletes finished Jobs some time after their end.
 *
 * Models    kubernetes v1.34 pkg/controller/ttlafterfinished/ttlafterfinished_controller.go
 */
import type { Informer } from '../client/informer.ts';
import { WorkQueue } from '../client/work-queue.ts';
import type { Op } from '../engine/process.ts';
import { SECOND_US } from '../engine/units.ts';
import { isApiStatus } from '../objects/api-status.ts';
import { finishedCondition, type Job } from '../objects/job.ts';
import { isDeleting, keyOf } from '../objects/meta.ts';
import { type ControllerHost, defineController, type ReconcileResult, type RunningController, UNLIMITED_RETRIES } from './controller.ts';

export const ttlAfterFinished = defineController({
  name: 'ttl-after-finished',
  summary: 'deletes finished Jobs after their time to live',
  workers: 5, // --concurrent-ttl-after-finished-syncs, v1.34
  create: (host) => new TtlController(host).run(),
});

class TtlController {
  private readonly host: ControllerHost;
  private readonly jobs: Informer<Job>;
  private readonly queue: WorkQueue;

  constructor(host: ControllerHost) {
    this.host = host;
    this.jobs = host.ctx.informers.of('Job');
    this.queue = new WorkQueue(host.ctx.scope, 'ttl-after-finished');
  }

  // Watched kinds

  run(): RunningController {
    this.jobs.addHandlers({ onAdd: (job) => this.schedule(job), onUpdate: (_old, job) => this.schedule(job) });
    const workers = this.host.params.number('workers');
    return { queues: [{ queue: this.queue, workers, maxRetries: UNLIMITED_RETRIES, reconcile: (key) => this.reconcile(key) }] };
  }

  private schedule(job: Job): void {
    const leftUs = this.timeLeftUs(job);
    if (leftUs !== undefined) this.queue.addAfter(keyOf(job), leftUs, { background: true });
  }

  // Reconcile

  private *reconcile(key: string): Op<ReconcileResult> {
    const cached = this.jobs.get(key);
    if (cached === undefined || !this.isDue(cached)) return undefined;
    // The time to live may have been raised since the cache saw the Job: ask the server before deleting.
    const fresh = yield* this.host.client.get('Job', key);
    if (isApiStatus(fresh)) return fresh.isNotFound ? undefined : fresh;
    if (!this.isDue(fresh)) return undefined;
    const deleted = yield* this.host.client.delete('Job', key, { propagation: 'Foreground', uid: fresh.metadata.uid });
    return isApiStatus(deleted) && !deleted.isNotFound ? deleted : undefined;
  }

  // Helpers

  /** False also schedules another look, when there is one to take. */
  private isDue(job: Job): boolean {
    const leftUs = this.timeLeftUs(job);
    if (leftUs === undefined) return false;
    if (leftUs > 0) this.queue.addAfter(keyOf(job), leftUs, { background: true });
    return leftUs <= 0;
  }

  private timeLeftUs(job: Job): number | undefined {
    const ttl = job.spec.ttlSecondsAfterFinished;
    const finished = finishedCondition(job);
    if (ttl === undefined || finished === undefined || isDeleting(job)) return undefined;
    return finished.lastTransitionTime + ttl * SECOND_US - this.host.ctx.engine.nowUs;
  }
}
