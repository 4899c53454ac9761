/**
 * StatusWriter: tells the API server what became of a node's pods, one request at a time, and removes pods that are done.
 *
 * HOT       one or two requests per change of a pod
 * Models    kubernetes v1.34 pkg/kubelet/status/status_manager.go: serial worker, UID check, final delete with grace 0 and UID precondition,
 *           retry of everything unsent every 10 s
 * Differs   one PATCH instead of a GET and a PATCH; the GET follows when the PATCH or the delete meets a conflict
 * Order     pods in the order their status changed
 */

import type { PatchRequest } from '../apiserver/request.ts';
import { RingBuffer } from '../base/ring-buffer.ts';
import type { Client } from '../client/client.ts';
import { isApiStatus } from '../objects/api-status.ts';
import type { Pod, PodStatus } from '../objects/pod.ts';
import { mergeStatus } from './pod-status.ts';
import type { PodWorker } from './pod-worker.ts';

export interface StatusWriterHost {
  readonly client: Client;
  /** Something could not be sent: `retry` is to be called at the node's next 10 s round. */
  scheduleRetry(): void;
  /** The API server no longer knows the pod. */
  handleGone(worker: PodWorker): void;
  /** The API server shows what the kubelet last said of the pod. */
  handleReported(worker: PodWorker): void;
}

export class StatusWriter {
  private readonly host: StatusWriterHost;
  private readonly queue: RingBuffer<PodWorker>;
  private unsent: PodWorker[];
  private inFlight: PodWorker | undefined;

  constructor(host: StatusWriterHost) {
    this.host = host;
    this.queue = new RingBuffer();
    this.unsent = [];
    this.inFlight = undefined;
  }

  /** Whether something waits to be sent or answered. */
  get isIdle(): boolean {
    return this.inFlight === undefined && this.queue.size === 0 && this.unsent.length === 0;
  }

  enqueue(worker: PodWorker): void {
    if (worker.isStatusQueued) return;
    worker.isStatusQueued = true;
    this.queue.push(worker);
    if (this.inFlight === undefined) this.sendNext();
  }

  /** Sends again what failed. */
  retry(): void {
    const workers = this.unsent;
    this.unsent = [];
    for (const worker of workers) this.enqueue(worker);
  }

  private sendNext(): void {
    for (let worker = this.queue.shift(); worker !== undefined; worker = this.queue.shift()) {
      worker.isStatusQueued = false;
      if (worker.isRemoved) continue;
      if (worker.isStatusDirty) {
        this.sendStatus(worker);
        return;
      }
      if (mayDelete(worker)) {
        this.sendDelete(worker);
        return;
      }
    }
  }

  private sendStatus(worker: PodWorker): void {
    const { status } = worker;
    this.inFlight = worker;
    const request: PatchRequest<'Pod'> = {
      verb: 'patch',
      kind: 'Pod',
      key: worker.key,
      subresource: 'status',
      uid: worker.uid,
      mutate: (current: Pod) => withStatus(current, status),
    };
    this.host.client.send(request, (result) => {
      this.inFlight = undefined;
      if (!isApiStatus(result)) {
        if (worker.status === status) worker.isStatusDirty = false;
        worker.reportedVersion = result.metadata.resourceVersion;
        if (worker.isStatusDirty || mayDelete(worker)) this.enqueue(worker);
        else this.host.handleReported(worker);
      } else if (result.isNotFound) {
        this.giveUp(worker);
      } else if (result.isConflict) {
        this.lookAt(worker);
      } else {
        this.keep(worker);
      }
      if (this.inFlight === undefined) this.sendNext();
    });
  }

  private sendDelete(worker: PodWorker): void {
    this.inFlight = worker;
    this.host.client.send({ verb: 'delete', kind: 'Pod', key: worker.key, gracePeriodSeconds: 0, uid: worker.uid }, (result) => {
      this.inFlight = undefined;
      if (!isApiStatus(result) || result.isNotFound) this.host.handleGone(worker);
      else if (result.isConflict) this.lookAt(worker);
      else this.keep(worker);
      if (this.inFlight === undefined) this.sendNext();
    });
  }

  /** A conflict: there is another pod of that name, or the server was too busy to say more. Only the pod itself can tell. */
  private lookAt(worker: PodWorker): void {
    this.inFlight = worker;
    this.host.client.send({ verb: 'get', kind: 'Pod', key: worker.key }, (result) => {
      this.inFlight = undefined;
      const isGone = isApiStatus(result) ? result.isNotFound : result.metadata.uid !== worker.uid;
      if (isGone) this.giveUp(worker);
      else this.keep(worker);
      if (this.inFlight === undefined) this.sendNext();
    });
  }

  private giveUp(worker: PodWorker): void {
    worker.isStatusDirty = false;
    this.host.handleGone(worker);
  }

  /** Sends the pod's status at the next round. */
  keep(worker: PodWorker): void {
    if (worker.isRemoved || this.unsent.includes(worker)) return;
    this.unsent.push(worker);
    this.host.scheduleRetry();
  }
}

/** The API object waits for its end, shows how the pod ended, and nothing of it is left here. */
function mayDelete(worker: PodWorker): boolean {
  return worker.isFinished && worker.pod.metadata.deletionTimestamp !== undefined;
}

function withStatus(pod: Pod, status: PodStatus): Pod {
  const merged = mergeStatus(pod.status, status);
  return merged === pod.status ? pod : { kind: 'Pod', apiVersion: 'v1', metadata: pod.metadata, spec: pod.spec, status: merged };
}
