/**
 * VolumeProvisioner: makes the volumes that claims ask a storage class for, and deletes those whose claim is gone.
 *
 * Models    kubernetes-csi external-provisioner v5 (controller.go, topology.go) over sig-storage-lib-external-provisioner
 * Differs   one for all drivers, inside the controller manager instead of beside each driver; a driver never fails and never runs
 *           full; the topology of a volume is one label of the nodes, not what CSINode lists; the zone of an Immediate volume comes
 *           from another hash than upstream's
 * Units     latencies in microseconds
 *
 * A claim is served when its class binds at once, or when the scheduler has chosen a node for it. The volume stands in the zone of that
 * node, or else in one of the zones the class allows: claims of one StatefulSet go round the zones by their ordinal.
 */
import { compareCodeUnits } from '../base/compare.ts';
import { fnv1a32 } from '../base/hash.ts';
import type { Informer } from '../client/informer.ts';
import { itemExponentialLimiter } from '../client/rate-limiters.ts';
import { WorkQueue } from '../client/work-queue.ts';
import { sampleUs } from '../engine/distributions.ts';
import { type Op, sleep } from '../engine/process.ts';
import { MINUTE_US, SECOND_US } from '../engine/units.ts';
import { isApiStatus } from '../objects/api-status.ts';
import { keyOf, newMeta } from '../objects/meta.ts';
import type { Node } from '../objects/node.ts';
import type { NodeSelector } from '../objects/pod.ts';
import { labelOf } from '../objects/selectors.ts';
import type { PersistentVolume, PersistentVolumeClaim, StorageClass } from '../objects/storage.ts';
import {
  ANNOTATION_PROVISIONED_BY,
  ANNOTATION_PROVISIONER,
  ANNOTATION_SELECTED_NODE,
  classOf,
  FINALIZER_PROVISIONER,
} from '../objects/volume-claims.ts';
import {
  type ControllerHost,
  defineController,
  duration,
  type ReconcileResult,
  type RunningController,
  UNLIMITED_RETRIES,
} from './controller.ts';

export const volumeProvisioner = defineController({
  name: 'volume-provisioner',
  summary: 'makes and deletes volumes of storage classes, as the provisioners of CSI drivers do',
  workers: 100, // --worker-threads, external-provisioner v5
  parameters: [
    // Cloud block storage takes a few seconds; a model's choice, not a measurement.
    duration('createLatency', 3 * SECOND_US, 'median time a driver takes to make a volume', 0),
    duration('deleteLatency', 2 * SECOND_US, 'median time a driver takes to delete a volume', 0),
    { name: 'latencySigma', type: 'number', default: 0.4, min: 0, max: 3, summary: 'how far those times spread (lognormal)' },
    {
      name: 'topologyLabel',
      type: 'text',
      default: 'topology.kubernetes.io/zone',
      summary: 'label of nodes that says from where a volume can be reached; empty: from everywhere',
    },
  ],
  create: (host) => new VolumeProvisioner(host).run(),
});

class VolumeProvisioner {
  private readonly host: ControllerHost;
  private readonly claims: Informer<PersistentVolumeClaim>;
  private readonly volumes: Informer<PersistentVolume>;
  private readonly classes: Informer<StorageClass>;
  private readonly nodes: Informer<Node>;
  private readonly claimQueue: WorkQueue;
  private readonly volumeQueue: WorkQueue;

  constructor(host: ControllerHost) {
    const { informers, scope } = host.ctx;
    // 1 s doubling to 5 min: --retry-interval-start and --retry-interval-max, external-provisioner v5.
    const limiter = () => itemExponentialLimiter(SECOND_US, 5 * MINUTE_US);
    this.host = host;
    this.claims = informers.of('PersistentVolumeClaim');
    this.volumes = informers.of('PersistentVolume');
    this.classes = informers.of('StorageClass');
    this.nodes = informers.of('Node');
    this.claimQueue = new WorkQueue(scope, 'volume-provisioner/claims', { limiter: limiter() });
    this.volumeQueue = new WorkQueue(scope, 'volume-provisioner/volumes', { limiter: limiter() });
  }

  // Watched kinds

  run(): RunningController {
    const offerClaim = (claim: PersistentVolumeClaim): void => {
      if (this.isToBeMade(claim)) this.claimQueue.add(keyOf(claim));
    };
    const offerVolume = (volume: PersistentVolume): void => {
      if (isToBeDeleted(volume)) this.volumeQueue.add(volume.metadata.name);
    };
    this.claims.addHandlers({ onAdd: offerClaim, onUpdate: (_old, claim) => offerClaim(claim) });
    this.volumes.addHandlers({ onAdd: offerVolume, onUpdate: (_old, volume) => offerVolume(volume) });
    const workers = this.host.params.number('workers');
    return {
      queues: [
        { queue: this.claimQueue, workers, maxRetries: UNLIMITED_RETRIES, reconcile: (key) => this.provision(key) },
        { queue: this.volumeQueue, workers, maxRetries: UNLIMITED_RETRIES, reconcile: (name) => this.remove(name) },
      ],
    };
  }

  /** Whether it was handed to a provisioner, and nothing has still to be decided. */
  private isToBeMade(claim: PersistentVolumeClaim): boolean {
    const { annotations, deletionTimestamp } = claim.metadata;
    if (labelOf(annotations, ANNOTATION_PROVISIONER) === undefined || claim.spec.volumeName !== '' || deletionTimestamp !== undefined)
      return false;
    const mode = this.classes.get(classOf(claim))?.volumeBindingMode;
    return mode === 'Immediate' || labelOf(annotations, ANNOTATION_SELECTED_NODE) !== undefined;
  }

  // Making

  private *provision(key: string): Op<ReconcileResult> {
    const claim = this.claims.get(key);
    if (claim === undefined || !this.isToBeMade(claim)) return undefined;
    const name = `pvc-${claim.metadata.uid}`;
    const storageClass = this.classes.get(classOf(claim));
    if (storageClass === undefined || this.volumes.get(name) !== undefined) return undefined;
    const selected = labelOf(claim.metadata.annotations, ANNOTATION_SELECTED_NODE);
    if (selected !== undefined && this.nodes.get(selected) === undefined) return yield* this.giveBack(claim, selected);
    this.emit(claim, 'Normal', 'Provisioning', `External provisioner is provisioning volume for claim "${key}"`);
    yield* sleep(this.latencyUs('createLatency', key));
    const created = yield* this.host.client.create(this.draft(claim, name, storageClass, selected));
    if (isApiStatus(created) && !created.isAlreadyExists) {
      this.emit(claim, 'Warning', 'ProvisioningFailed', `failed to save volume ${name}: ${created.message}`);
      return created;
    }
    this.emit(claim, 'Normal', 'ProvisioningSucceeded', `Successfully provisioned volume ${name}`);
    return undefined;
  }

  /** The scheduler has to choose again. */
  private *giveBack(claim: PersistentVolumeClaim, nodeName: string): Op<ReconcileResult> {
    this.emit(claim, 'Warning', 'ProvisioningFailed', `failed to get target node: node "${nodeName}" not found`);
    const { [ANNOTATION_SELECTED_NODE]: _, ...annotations } = claim.metadata.annotations;
    const written = yield* this.host.client.update({ ...claim, metadata: { ...claim.metadata, annotations } });
    return isApiStatus(written) ? written : undefined;
  }

  private draft(claim: PersistentVolumeClaim, name: string, storageClass: StorageClass, selected: string | undefined): PersistentVolume {
    const { namespace, name: claimName, uid } = claim.metadata;
    const { provisioner, reclaimPolicy } = storageClass;
    return {
      kind: 'PersistentVolume',
      apiVersion: 'v1',
      metadata: newMeta({
        name,
        annotations: { [ANNOTATION_PROVISIONED_BY]: provisioner },
        finalizers: reclaimPolicy === 'Delete' ? [FINALIZER_PROVISIONER] : [],
      }),
      spec: {
        capacity: { storage: claim.spec.requests['storage'] ?? '1Gi' },
        accessModes: claim.spec.accessModes,
        storageClassName: storageClass.metadata.name,
        volumeMode: claim.spec.volumeMode,
        volumeAttributesClassName: claim.spec.volumeAttributesClassName,
        persistentVolumeReclaimPolicy: reclaimPolicy,
        claimRef: { namespace, name: claimName, uid },
        nodeAffinityRequired: this.reach(claim, storageClass, selected),
        csi: { driver: provisioner, volumeHandle: name },
        gcePersistentDisk: undefined,
        awsElasticBlockStore: undefined,
      },
      status: { phase: 'Pending' },
    };
  }

  /** From which nodes the volume can be used; undefined for all. */
  private reach(claim: PersistentVolumeClaim, storageClass: StorageClass, selected: string | undefined): NodeSelector | undefined {
    const key = this.host.params.text('topologyLabel');
    if (key === '') return undefined;
    const value =
      selected === undefined ? this.zoneOf(claim, storageClass, key) : labelOf(this.nodes.get(selected)?.metadata.labels ?? {}, key);
    if (value === undefined) return undefined;
    return { nodeSelectorTerms: [{ matchExpressions: [{ key, operator: 'In', values: [value] }], matchFields: [] }] };
  }

  /** A zone for a claim that nobody waits for: where its hash points, shifted by the number at the end of its name. */
  private zoneOf(claim: PersistentVolumeClaim, storageClass: StorageClass, key: string): string | undefined {
    const allowed = storageClass.allowedTopologies.flatMap(({ matchLabelExpressions }) => {
      return matchLabelExpressions.flatMap((expression) => (expression.key === key ? expression.values : []));
    });
    const found = allowed.length > 0 ? allowed : this.nodes.list().flatMap((node) => labelOf(node.metadata.labels, key) ?? []);
    const zones = [...new Set(found)].sort(compareCodeUnits);
    if (zones.length === 0) return undefined;
    const { name } = claim.metadata;
    const ordinal = /-(\d+)$/.exec(name);
    const hash = fnv1a32(ordinal === null ? name : name.slice(0, ordinal.index)) >>> 0;
    return zones[(hash + Number(ordinal?.[1] ?? 0)) % zones.length];
  }

  // Deleting

  private *remove(name: string): Op<ReconcileResult> {
    const volume = this.volumes.get(name);
    if (volume === undefined || !isToBeDeleted(volume)) return undefined;
    yield* sleep(this.latencyUs('deleteLatency', name));
    const deleted = yield* this.host.client.delete('PersistentVolume', name, { uid: volume.metadata.uid });
    if (isApiStatus(deleted)) return deleted.isNotFound ? undefined : deleted;
    if (!volume.metadata.finalizers.includes(FINALIZER_PROVISIONER)) return undefined;
    const freed = yield* this.host.client.patch('PersistentVolume', name, withoutFinalizer);
    return isApiStatus(freed) && !freed.isNotFound ? freed : undefined;
  }

  private latencyUs(parameter: string, key: string): number {
    const { params, ctx } = this.host;
    const median = params.number(parameter);
    if (median === 0) return 0;
    const rng = ctx.rng.fork(`volume-provisioner/${parameter}/${key}`);
    return sampleUs({ kind: 'lognormal', median, sigma: params.number('latencySigma') }, rng);
  }

  private emit(claim: PersistentVolumeClaim, type: 'Normal' | 'Warning', reason: string, message: string): void {
    this.host.ctx.events.emit(claim, type, reason, message);
  }
}

/** Whether its claim is gone and nobody wants to keep it. */
function isToBeDeleted({ metadata, spec, status }: PersistentVolume): boolean {
  if (labelOf(metadata.annotations, ANNOTATION_PROVISIONED_BY) === undefined) return false;
  if (status.phase !== 'Released' || spec.persistentVolumeReclaimPolicy !== 'Delete') return false;
  return metadata.deletionTimestamp === undefined || metadata.finalizers.includes(FINALIZER_PROVISIONER);
}

function withoutFinalizer(volume: PersistentVolume): PersistentVolume {
  const finalizers = volume.metadata.finalizers.filter((name) => name !== FINALIZER_PROVISIONER);
  return finalizers.length === volume.metadata.finalizers.length ? volume : { ...volume, metadata: { ...volume.metadata, finalizers } };
}
