/**
 * EphemeralVolume: makes the claims of generic ephemeral volumes; they belong to their pod and go with it.
 *
 * Models    kubernetes v1.34 pkg/controller/volume/ephemeral/controller.go
 */
import type { Informer } from '../client/informer.ts';
import { WorkQueue } from '../client/work-queue.ts';
import type { Op } from '../engine/process.ts';
import { isApiStatus } from '../objects/api-status.ts';
import { isDeleting, keyOf, newMeta, objectKey } from '../objects/meta.ts';
import type { Pod, Volume } from '../objects/pod.ts';
import type { PersistentVolumeClaim } from '../objects/storage.ts';
import { claimOf, foreignClaim } from '../objects/volume-claims.ts';
import { type ControllerHost, defineController, type ReconcileResult, type RunningController, UNLIMITED_RETRIES } from './controller.ts';
import { controllerReference } from './pod-template.ts';

export const ephemeralVolume = defineController({
  name: 'ephemeral-volume',
  summary: 'makes the claims of generic ephemeral volumes',
  workers: 5, // --concurrent-ephemeralvolume-syncs, v1.34
  create: (host) => new EphemeralVolumeController(host).run(),
});

class EphemeralVolumeController {
  private readonly host: ControllerHost;
  private readonly pods: Informer<Pod>;
  private readonly claims: Informer<PersistentVolumeClaim>;
  private readonly queue: WorkQueue;

  constructor(host: ControllerHost) {
    const { informers, scope } = host.ctx;
    this.host = host;
    this.pods = informers.of('Pod');
    this.claims = informers.of('PersistentVolumeClaim');
    this.queue = new WorkQueue(scope, 'ephemeral-volume');
  }

  run(): RunningController {
    this.pods.addHandlers({
      onAdd: (pod) => {
        if (!isDeleting(pod) && pod.spec.volumes.some(({ ephemeral }) => ephemeral !== undefined)) this.queue.add(keyOf(pod));
      },
    });
    this.claims.addHandlers({
      // The claim of an earlier pod of the same name has made room.
      onDelete: ({ metadata }) => {
        for (const { kind, name } of metadata.ownerReferences) if (kind === 'Pod') this.queue.add(objectKey(metadata.namespace, name));
      },
    });
    const workers = this.host.params.number('workers');
    return { queues: [{ queue: this.queue, workers, maxRetries: UNLIMITED_RETRIES, reconcile: (key) => this.reconcile(key) }] };
  }

  private *reconcile(key: string): Op<ReconcileResult> {
    const pod = this.pods.get(key);
    if (pod === undefined || isDeleting(pod)) return undefined;
    for (const volume of pod.spec.volumes) {
      if (volume.ephemeral === undefined) continue;
      const refusal = yield* this.keepClaim(pod, volume, volume.ephemeral);
      if (refusal !== undefined) return refusal;
    }
    return undefined;
  }

  private *keepClaim(pod: Pod, volume: Volume, wanted: NonNullable<Volume['ephemeral']>): Op<ReconcileResult> {
    const { namespace } = pod.metadata;
    const { name } = claimOf(pod, volume)!;
    const existing = this.claims.get(objectKey(namespace, name));
    if (existing !== undefined) {
      const foreign = foreignClaim(pod, existing);
      return foreign === undefined ? undefined : { message: foreign };
    }
    const created = yield* this.host.client.create<PersistentVolumeClaim>({
      kind: 'PersistentVolumeClaim',
      apiVersion: 'v1',
      metadata: newMeta({ name, namespace, ownerReferences: [controllerReference(pod)] }),
      spec: {
        accessModes: wanted.accessModes,
        requests: { storage: wanted.request },
        storageClassName: wanted.storageClassName,
        volumeName: '',
        volumeMode: 'Filesystem',
        volumeAttributesClassName: undefined,
        selector: undefined,
      },
      status: { phase: 'Pending' },
    });
    if (!isApiStatus(created)) return undefined;
    this.host.ctx.events.emit(pod, 'Warning', 'EphemeralVolumeFailed', `ephemeral volume "${volume.name}": ${created.message}`);
    return created;
  }
}
