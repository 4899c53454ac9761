/**
 * VolumeProtection: keeps a claim that is being deleted while a scheduled pod uses it, and a volume while it is bound.
 *
 * Models    kubernetes v1.34 pkg/controller/volume/pvcprotection, pkg/controller/volume/pvprotection
 * Differs   both are one controller here; neither adds a missing finalizer to objects that came in before admission did
 */
import type { Informer } from '../client/informer.ts';
import { WorkQueue } from '../client/work-queue.ts';
import type { Op } from '../engine/process.ts';
import { isApiStatus } from '../objects/api-status.ts';
import type { Kind, ObjectOf } from '../objects/kinds.ts';
import { isDeleting, keyOf, objectKey } from '../objects/meta.ts';
import type { Pod } from '../objects/pod.ts';
import type { PersistentVolume, PersistentVolumeClaim } from '../objects/storage.ts';
import { claimsOf, FINALIZER_CLAIM, FINALIZER_VOLUME, usesClaim } from '../objects/volume-claims.ts';
import { type ControllerHost, defineController, type ReconcileResult, type RunningController, UNLIMITED_RETRIES } from './controller.ts';

export const volumeProtection = defineController({
  name: 'volume-protection',
  summary: 'keeps claims that pods use and volumes that are bound from being removed',
  workers: 1,
  create: (host) => new VolumeProtection(host).run(),
});

const INDEX_BY_CLAIM = 'claim';

class VolumeProtection {
  private readonly host: ControllerHost;
  private readonly pods: Informer<Pod>;
  private readonly claims: Informer<PersistentVolumeClaim>;
  private readonly volumes: Informer<PersistentVolume>;
  private readonly claimQueue: WorkQueue;
  private readonly volumeQueue: WorkQueue;

  constructor(host: ControllerHost) {
    const { informers, scope } = host.ctx;
    this.host = host;
    this.pods = informers.of('Pod');
    this.claims = informers.of('PersistentVolumeClaim');
    this.volumes = informers.of('PersistentVolume');
    this.claimQueue = new WorkQueue(scope, 'volume-protection/claims');
    this.volumeQueue = new WorkQueue(scope, 'volume-protection/volumes');
  }

  run(): RunningController {
    this.pods.addIndex(INDEX_BY_CLAIM, claimKeysOf);
    const offerClaim = (claim: PersistentVolumeClaim): void => {
      if (isDeleting(claim) && claim.metadata.finalizers.includes(FINALIZER_CLAIM)) this.claimQueue.add(keyOf(claim));
    };
    const offerVolume = (volume: PersistentVolume): void => {
      if (isDeleting(volume) && volume.metadata.finalizers.includes(FINALIZER_VOLUME)) this.volumeQueue.add(keyOf(volume));
    };
    this.claims.addHandlers({ onAdd: offerClaim, onUpdate: (_old, claim) => offerClaim(claim) });
    this.volumes.addHandlers({ onAdd: offerVolume, onUpdate: (_old, volume) => offerVolume(volume) });
    this.pods.addHandlers({
      onDelete: (pod) => {
        for (const key of claimKeysOf(pod)) this.claimQueue.add(key);
      },
    });
    const workers = this.host.params.number('workers');
    return {
      queues: [
        { queue: this.claimQueue, workers, maxRetries: UNLIMITED_RETRIES, reconcile: (key) => this.reconcileClaim(key) },
        { queue: this.volumeQueue, workers, maxRetries: UNLIMITED_RETRIES, reconcile: (key) => this.reconcileVolume(key) },
      ],
    };
  }

  /** A pod without a node cannot be using it; a finished one still counts. The cache's "no" is checked against the server. */
  private *reconcileClaim(key: string): Op<ReconcileResult> {
    const claim = this.claims.get(key);
    if (claim === undefined || !isDeleting(claim) || !claim.metadata.finalizers.includes(FINALIZER_CLAIM)) return undefined;
    const isUser = (pod: Pod): boolean => pod.spec.nodeName !== '' && usesClaim(pod, claim);
    if (this.pods.byIndex(INDEX_BY_CLAIM, key).some(isUser)) return undefined;
    const live = yield* this.host.client.list('Pod', { namespace: claim.metadata.namespace });
    if (isApiStatus(live)) return live;
    if (live.items.some(isUser)) return undefined;
    return yield* this.release('PersistentVolumeClaim', key, FINALIZER_CLAIM);
  }

  private *reconcileVolume(key: string): Op<ReconcileResult> {
    const volume = this.volumes.get(key);
    if (volume === undefined || !isDeleting(volume) || volume.status.phase === 'Bound') return undefined;
    return yield* this.release('PersistentVolume', key, FINALIZER_VOLUME);
  }

  private *release<K extends Kind>(kind: K, key: string, finalizer: string): Op<ReconcileResult> {
    const written = yield* this.host.client.patch(kind, key, (current): ObjectOf<K> => {
      const finalizers = current.metadata.finalizers.filter((name) => name !== finalizer);
      if (finalizers.length === current.metadata.finalizers.length) return current;
      return { ...current, metadata: { ...current.metadata, finalizers } };
    });
    return isApiStatus(written) && !written.isNotFound ? written : undefined;
  }
}

/** Most pods have no claim. */
const NO_KEYS: readonly string[] = Object.freeze([]);

function claimKeysOf(pod: Pod): readonly string[] {
  if (pod.spec.volumes.length === 0) return NO_KEYS;
  return claimsOf(pod).map(({ name }) => objectKey(pod.metadata.namespace, name));
}
