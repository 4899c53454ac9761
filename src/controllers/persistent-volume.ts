/**
 * PersistentVolume: binds claims and volumes to each other, has volumes made, and says what becomes of volumes whose claim is gone.
 *
 * Models    kubernetes v1.34 pkg/controller/volume/persistentvolume/pv_controller.go, pv_controller_base.go
 * Differs   a claim that found no volume, and whatever failed, is looked at again at the next tick of the 15 s resync when there is
 *           something new (upstream looks at everything at every tick); in-tree provisioners and the Recycle policy do nothing
 * Order     one worker for claims, one for volumes, as upstream; of equal volumes the first by name
 *
 * Binding is four writes: the volume's claim reference, the volume's phase, the claim's volume name, the claim's phase. A crash
 * between any two is mended by the next look at either of them.
 */
import type { Informer } from '../client/informer.ts';
import { WorkQueue } from '../client/work-queue.ts';
import type { Op } from '../engine/process.ts';
import { SECOND_US } from '../engine/units.ts';
import { isApiStatus, type Result } from '../objects/api-status.ts';
import { keyOf, objectKey, withEntries } from '../objects/meta.ts';
import type { PersistentVolume, PersistentVolumeClaim, StorageClass } from '../objects/storage.ts';
import {
  ANNOTATION_BIND_COMPLETED,
  ANNOTATION_BOUND_BY_CONTROLLER,
  ANNOTATION_PROVISIONED_BY,
  ANNOTATION_PROVISIONER,
  ANNOTATION_SELECTED_NODE,
  classOf,
  defaultClass,
  hasAnnotation,
  NO_PROVISIONER,
} from '../objects/volume-claims.ts';
import {
  type ControllerHost,
  defineController,
  duration,
  type ReconcileResult,
  type RunningController,
  UNLIMITED_RETRIES,
} from './controller.ts';
import { LatestObjects } from './latest-objects.ts';
import { findVolume, isReservedFor, mismatchOf } from './persistent-volume-match.ts';

export const persistentVolume = defineController({
  name: 'persistent-volume',
  summary: 'binds claims to volumes, and reclaims volumes',
  workers: 0,
  parameters: [
    duration('resync', 15 * SECOND_US, 'how often unbound claims are looked at again (--pvclaimbinder-sync-period, v1.34: 15 s)'),
  ],
  create: (host) => new PersistentVolumeController(host).run(),
});

class PersistentVolumeController {
  private readonly host: ControllerHost;
  private readonly claimInformer: Informer<PersistentVolumeClaim>;
  private readonly volumeInformer: Informer<PersistentVolume>;
  private readonly classes: Informer<StorageClass>;
  private readonly claims: LatestObjects<PersistentVolumeClaim>;
  private readonly volumes: LatestObjects<PersistentVolume>;
  private readonly claimQueue: WorkQueue;
  private readonly volumeQueue: WorkQueue;
  /** Claims that found no volume. */
  private readonly pending: Set<string>;
  private readonly resyncUs: number;

  constructor(host: ControllerHost) {
    const { informers, scope } = host.ctx;
    this.host = host;
    this.claimInformer = informers.of('PersistentVolumeClaim');
    this.volumeInformer = informers.of('PersistentVolume');
    this.classes = informers.of('StorageClass');
    this.claims = new LatestObjects(this.claimInformer);
    this.volumes = new LatestObjects(this.volumeInformer);
    this.claimQueue = new WorkQueue(scope, 'persistent-volume/claims');
    this.volumeQueue = new WorkQueue(scope, 'persistent-volume/volumes');
    this.pending = new Set();
    this.resyncUs = host.params.number('resync');
  }

  // Watched kinds

  run(): RunningController {
    this.claimInformer.addHandlers({
      onAdd: (claim) => this.claimQueue.add(keyOf(claim)),
      onUpdate: (_old, claim) => this.claimQueue.add(keyOf(claim)),
      onDelete: (claim) => {
        this.pending.delete(keyOf(claim));
        if (claim.spec.volumeName !== '') this.volumeQueue.add(claim.spec.volumeName);
      },
    });
    this.volumeInformer.addHandlers({
      onAdd: (volume) => this.handleVolume(volume),
      onUpdate: (_old, volume) => this.handleVolume(volume),
      // Its claim is lost.
      onDelete: ({ spec: { claimRef } }) => {
        if (claimRef !== undefined) this.claimQueue.add(objectKey(claimRef.namespace, claimRef.name));
      },
    });
    this.classes.addHandlers({ onAdd: () => this.retryPending(), onUpdate: () => this.retryPending() });
    return {
      queues: [
        { queue: this.claimQueue, workers: 1, maxRetries: UNLIMITED_RETRIES, reconcile: (key) => this.reconcileClaim(key) },
        { queue: this.volumeQueue, workers: 1, maxRetries: UNLIMITED_RETRIES, reconcile: (key) => this.reconcileVolume(key) },
      ],
    };
  }

  private handleVolume(volume: PersistentVolume): void {
    this.volumeQueue.add(volume.metadata.name);
    if (volume.status.phase === 'Available') this.retryPending();
  }

  /** Something new may help the claims that wait; upstream finds out at its next tick. */
  private retryPending(): void {
    for (const key of this.pending) this.claimQueue.addAfter(key, this.untilTickUs());
  }

  private untilTickUs(): number {
    const { nowUs } = this.host.ctx.engine;
    return this.resyncUs - (nowUs % this.resyncUs);
  }

  // Claims

  /** What went wrong is tried again at the next tick. */
  private *reconcileClaim(key: string): Op<ReconcileResult> {
    const claim = this.claims.get(key);
    this.pending.delete(key);
    if (claim === undefined) return undefined;
    const refusal = hasAnnotation(claim.metadata, ANNOTATION_BIND_COMPLETED)
      ? yield* this.syncBound(claim)
      : yield* this.syncUnbound(claim);
    if (refusal !== undefined) this.claimQueue.addAfter(key, this.untilTickUs());
    return undefined;
  }

  private *syncUnbound(claim: PersistentVolumeClaim): Op<ReconcileResult> {
    const { volumeName } = claim.spec;
    if (volumeName === '') return yield* this.findAndBind(claim);
    const volume = this.volumes.get(volumeName);
    if (volume === undefined) return yield* this.leavePending(claim);
    if (volume.spec.claimRef === undefined) {
      const mismatch = mismatchOf(volume, claim);
      if (mismatch === '') return yield* this.bind(volume, claim);
      this.emit(claim, 'Warning', 'VolumeMismatch', `Cannot bind to requested volume "${volumeName}": ${mismatch}`);
      return yield* this.leavePending(claim);
    }
    if (isReservedFor(volume, claim)) return yield* this.bind(volume, claim);
    this.emit(claim, 'Warning', 'FailedBinding', `volume "${volumeName}" already bound to a different claim.`);
    return yield* this.leavePending(claim);
  }

  private *findAndBind(claim: PersistentVolumeClaim): Op<ReconcileResult> {
    const className = classOf(claim);
    const storageClass = className === '' ? undefined : this.classes.get(className);
    const isDelayed =
      storageClass?.volumeBindingMode === 'WaitForFirstConsumer' && !hasAnnotation(claim.metadata, ANNOTATION_SELECTED_NODE);
    const volume = findVolume(this.volumes.list(), claim, isDelayed);
    if (volume !== undefined) return yield* this.bind(volume, claim);
    if (claim.spec.storageClassName === undefined && className === '') {
      // The class that became the default after the claim was made.
      const byDefault = defaultClass(this.classes.list());
      if (byDefault !== undefined) {
        return this.noteClaim(
          yield* this.host.client.update({ ...claim, spec: { ...claim.spec, storageClassName: byDefault.metadata.name } }),
        );
      }
    }
    if (isDelayed) {
      this.emit(claim, 'Normal', 'WaitForFirstConsumer', 'waiting for first consumer to be created before binding');
    } else if (className !== '') {
      const refusal = yield* this.askProvisioner(claim, storageClass);
      if (refusal !== undefined) return refusal;
    } else {
      this.emit(claim, 'Normal', 'FailedBinding', 'no persistent volumes available for this claim and no storage class is set');
    }
    return yield* this.leavePending(this.claims.get(keyOf(claim)) ?? claim);
  }

  /** Names who is to make a volume; see volume-provisioner.ts. */
  private *askProvisioner(claim: PersistentVolumeClaim, storageClass: StorageClass | undefined): Op<ReconcileResult> {
    if (storageClass === undefined) {
      this.emit(claim, 'Warning', 'ProvisioningFailed', `storageclass.storage.k8s.io "${classOf(claim)}" not found`);
      return undefined;
    }
    const { provisioner } = storageClass;
    if (provisioner === '' || provisioner === NO_PROVISIONER) {
      this.emit(claim, 'Normal', 'FailedBinding', 'no persistent volumes available for this claim and no storage class is set');
      return undefined;
    }
    if (claim.metadata.annotations[ANNOTATION_PROVISIONER] === provisioner) return undefined;
    const annotations = withEntries(claim.metadata.annotations, { [ANNOTATION_PROVISIONER]: provisioner });
    const refusal = this.noteClaim(yield* this.host.client.update({ ...claim, metadata: { ...claim.metadata, annotations } }));
    if (refusal !== undefined) return refusal;
    const message = `Waiting for a volume to be created either by the external provisioner '${provisioner}' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.`;
    this.emit(claim, 'Normal', 'ExternalProvisioning', message);
    return undefined;
  }

  private *leavePending(claim: PersistentVolumeClaim): Op<ReconcileResult> {
    this.pending.add(keyOf(claim));
    return yield* this.writeClaimPhase(claim, 'Pending');
  }

  private *syncBound(claim: PersistentVolumeClaim): Op<ReconcileResult> {
    const { volumeName } = claim.spec;
    const volume = volumeName === '' ? undefined : this.volumes.get(volumeName);
    if (volume === undefined) {
      const message =
        volumeName === '' ? 'Bound claim has lost reference to PersistentVolume.' : 'Bound claim has lost its PersistentVolume.';
      return yield* this.lose(claim, 'ClaimLost', `${message} Data on the volume is lost!`);
    }
    const { claimRef } = volume.spec;
    if (claimRef === undefined || claimRef.uid === claim.metadata.uid) return yield* this.bind(volume, claim);
    return yield* this.lose(claim, 'ClaimMisbound', 'Two claims are bound to the same volume, this one is bound incorrectly');
  }

  private *lose(claim: PersistentVolumeClaim, reason: string, message: string): Op<ReconcileResult> {
    if (claim.status.phase !== 'Lost') this.emit(claim, 'Warning', reason, message);
    this.pending.add(keyOf(claim));
    return yield* this.writeClaimPhase(claim, 'Lost');
  }

  /** The four writes, each left out where it is in place. */
  private *bind(volume: PersistentVolume, claim: PersistentVolumeClaim): Op<ReconcileResult> {
    const { client } = this.host;
    const { namespace, name, uid } = claim.metadata;
    let boundVolume = volume;
    if (volume.spec.claimRef?.uid !== uid) {
      const isOurs = volume.spec.claimRef === undefined;
      const written = yield* client.update({
        ...volume,
        metadata: isOurs ? withAnnotation(volume.metadata, ANNOTATION_BOUND_BY_CONTROLLER) : volume.metadata,
        spec: { ...volume.spec, claimRef: { namespace, name, uid } },
      });
      if (isApiStatus(written)) return written;
      this.volumes.note(written);
      boundVolume = written;
    }
    const refusal = yield* this.writeVolumePhase(boundVolume, 'Bound');
    if (refusal !== undefined) return refusal;
    let boundClaim = claim;
    const isNamed = claim.spec.volumeName === volume.metadata.name;
    if (!isNamed || !hasAnnotation(claim.metadata, ANNOTATION_BIND_COMPLETED)) {
      const named = isNamed ? claim.metadata : withAnnotation(claim.metadata, ANNOTATION_BOUND_BY_CONTROLLER);
      const written = yield* client.update({
        ...claim,
        metadata: withAnnotation(named, ANNOTATION_BIND_COMPLETED),
        spec: { ...claim.spec, volumeName: volume.metadata.name },
      });
      if (isApiStatus(written)) return written;
      this.claims.note(written);
      boundClaim = written;
    }
    return yield* this.writeClaimPhase(boundClaim, 'Bound');
  }

  // Volumes

  private *reconcileVolume(name: string): Op<ReconcileResult> {
    const volume = this.volumes.get(name);
    if (volume === undefined) return undefined;
    const refusal = yield* this.syncVolume(volume);
    if (refusal !== undefined) this.volumeQueue.addAfter(name, this.untilTickUs());
    return undefined;
  }

  private *syncVolume(volume: PersistentVolume): Op<ReconcileResult> {
    const { claimRef } = volume.spec;
    if (claimRef === undefined || claimRef.uid === '') return yield* this.writeVolumePhase(volume, 'Available');
    const claim = yield* this.findClaim(volume, objectKey(claimRef.namespace, claimRef.name), claimRef.uid);
    if (isApiStatus(claim)) return claim;
    if (claim === undefined) {
      // What becomes of a released volume that is to be deleted is for its provisioner.
      return volume.status.phase === 'Failed' ? undefined : yield* this.writeVolumePhase(volume, 'Released');
    }
    if (claim.spec.volumeName === '') {
      this.claimQueue.add(keyOf(claim));
      return undefined;
    }
    if (claim.spec.volumeName === volume.metadata.name) return yield* this.writeVolumePhase(volume, 'Bound');
    const isMade = hasAnnotation(volume.metadata, ANNOTATION_PROVISIONED_BY);
    if (isMade && volume.spec.persistentVolumeReclaimPolicy === 'Delete') return yield* this.writeVolumePhase(volume, 'Released');
    return yield* this.unbind(volume);
  }

  /** undefined when the claim with this uid is gone. A cache that does not know it is not believed. */
  private *findClaim(volume: PersistentVolume, key: string, uid: string): Op<Result<PersistentVolumeClaim> | undefined> {
    const cached = this.claims.get(key);
    if (cached?.metadata.uid === uid) return cached;
    if (cached === undefined && (volume.status.phase === 'Released' || volume.status.phase === 'Failed')) return undefined;
    const live = yield* this.host.client.get('PersistentVolumeClaim', key);
    if (isApiStatus(live)) return live.isNotFound ? undefined : live;
    return live.metadata.uid === uid ? live : undefined;
  }

  /** Takes back what the controller wrote; a reservation made by hand stays, without the uid. */
  private *unbind(volume: PersistentVolume): Op<ReconcileResult> {
    const { [ANNOTATION_BOUND_BY_CONTROLLER]: byUs, ...annotations } = volume.metadata.annotations;
    const written = yield* this.host.client.update({
      ...volume,
      metadata: { ...volume.metadata, annotations },
      spec: { ...volume.spec, claimRef: byUs === undefined ? { ...volume.spec.claimRef!, uid: '' } : undefined },
    });
    if (isApiStatus(written)) return written;
    this.volumes.note(written);
    return yield* this.writeVolumePhase(written, 'Available');
  }

  // Requests

  private *writeClaimPhase(claim: PersistentVolumeClaim, phase: 'Pending' | 'Bound' | 'Lost'): Op<ReconcileResult> {
    if (claim.status.phase === phase) return undefined;
    return this.noteClaim(yield* this.host.client.updateStatus({ ...claim, status: { ...claim.status, phase } }));
  }

  private *writeVolumePhase(volume: PersistentVolume, phase: 'Available' | 'Bound' | 'Released'): Op<ReconcileResult> {
    if (volume.status.phase === phase) return undefined;
    const written = yield* this.host.client.updateStatus({ ...volume, status: { ...volume.status, phase } });
    if (isApiStatus(written)) return written;
    this.volumes.note(written);
    return undefined;
  }

  private noteClaim(written: Result<PersistentVolumeClaim>): ReconcileResult {
    if (isApiStatus(written)) return written;
    this.claims.note(written);
    return undefined;
  }

  private emit(claim: PersistentVolumeClaim, type: 'Normal' | 'Warning', reason: string, message: string): void {
    this.host.ctx.events.emit(claim, type, reason, message);
  }
}

function withAnnotation<M extends PersistentVolume['metadata']>(metadata: M, name: string): M {
  return { ...metadata, annotations: withEntries(metadata.annotations, { [name]: 'yes' }) };
}
