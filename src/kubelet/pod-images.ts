/**
 * PodImages: gets the images of one pod's containers onto the node, with back-off per image.
 *
 * Models    kubernetes v1.34 pkg/kubelet/images/image_manager.go EnsureImageExists: pull policies, ErrImagePull, ImagePullBackOff 10 s to 300 s
 *           from the failure
 * Units     microseconds
 */
import { containerAt } from './container-state.ts';
import { CrashLoop } from './crash-loop.ts';
import type { PodWorker } from './pod-worker.ts';

export class PodImages {
  private readonly worker: PodWorker;
  /** Counts pulls and ends; an answer to an earlier one is ignored. */
  private token: number;
  private failures: Map<string, { readonly loop: CrashLoop; failedUs: number }> | undefined;

  constructor(worker: PodWorker) {
    this.worker = worker;
    this.token = 0;
    this.failures = undefined;
  }

  /** Whether the image of a container is there; asks for it when it is not and may be asked for. The worker hears of the end of a pull. */
  check(index: number): 'present' | 'pulling' | 'failed' {
    const { worker } = this;
    const { host, pod } = worker;
    const { image, imagePullPolicy } = containerAt(pod, index);
    const isPresent = host.hasImage(image);
    if (isPresent && imagePullPolicy !== 'Always') return 'present';
    if (imagePullPolicy === 'Never') {
      worker.setWaiting(index, 'ErrImageNeverPull');
      worker.failUntil(host.nowUs);
      return 'failed';
    }
    const failure = this.failures?.get(image);
    const readyUs = failure === undefined ? 0 : failure.loop.readyUs(failure.failedUs);
    if (host.nowUs < readyUs) {
      if (worker.waiting[index] !== 'ImagePullBackOff') host.emitEvent(pod, 'Normal', 'BackOff', `Back-off pulling image "${image}"`);
      worker.setWaiting(index, 'ImagePullBackOff');
      worker.failUntil(readyUs);
      return 'failed';
    }
    const token = ++this.token;
    host.announce(pod, 'pull-started', image);
    host.images.pull(image, (isPulled) => host.whenThawed(() => this.finish(token, index, isPulled)));
    return 'pulling';
  }

  /** The pod is to end: answers to pulls no longer matter. */
  abandon(): void {
    this.token++;
  }

  private finish(token: number, index: number, isPulled: boolean): void {
    if (token !== this.token) return;
    const { worker } = this;
    const { host, pod } = worker;
    const { image } = containerAt(pod, index);
    host.announce(pod, isPulled ? 'pull-finished' : 'pull-failed', image);
    if (isPulled) {
      this.failures?.delete(image);
      host.noteImage();
      worker.handlePull(index, 'pulled');
      return;
    }
    host.emitEvent(pod, 'Warning', 'Failed', `Failed to pull image "${image}"`);
    this.failures ??= new Map();
    const failure = this.failures.get(image) ?? { loop: new CrashLoop(), failedUs: 0 };
    failure.loop.noteStart(failure.failedUs, host.nowUs);
    failure.failedUs = host.nowUs;
    this.failures.set(image, failure);
    worker.setWaiting(index, 'ErrImagePull');
    worker.failUntil(failure.loop.readyUs(host.nowUs));
    worker.handlePull(index, 'failed');
  }
}
