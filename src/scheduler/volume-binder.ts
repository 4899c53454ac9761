/**
 * VolumeBinder: which volumes a pod's claims could get on a node, and the bookkeeping of those that were promised.
 *
 * Models    kubernetes v1.34 pkg/scheduler/framework/plugins/volumebinding/binder.go,
 *           component-helpers/storage/volume/pv_helpers.go (FindMatchingVolume)
 * Differs   node affinity of migrated in-tree volumes is not rewritten to the driver's topology keys
 * Order     claims by requested size, then name; the smallest volume that does, then by name
 */
import { compareCodeUnits } from '../base/compare.ts';
import { keyOf, type ObjectKey, withEntries } from '../objects/meta.ts';
import type { Pod } from '../objects/pod.ts';
import { quantityNanos, quantityValueExact } from '../objects/quantity.ts';
import { compileLabelSelector, compileNodeSelector, labelOf, selectorMatches } from '../objects/selectors.ts';
import type { PersistentVolume, PersistentVolumeClaim, StorageClass } from '../objects/storage.ts';
import { AssumedObjects } from './assumed-objects.ts';
import type { ClusterLister } from './framework.ts';
import type { NodeInfo } from './node-info.ts';
import type { Behaviour } from './versions.ts';
import {
  ANNOTATION_BOUND_BY_CONTROLLER,
  ANNOTATION_SELECTED_NODE,
  claimNotFound,
  claimsOf,
  classOf,
  foreignClaim,
  isFullyBound,
} from './volume-claims.ts';

// volumebinding ErrReason..., v1.34; the reason of a node conflict depends on the version.
const NO_VOLUME = "node(s) didn't find available persistent volumes to bind";
const NO_SPACE = 'node(s) did not have enough free storage';
const VOLUME_GONE = 'node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)';

const NO_PROVISIONER = 'kubernetes.io/no-provisioner';

export interface PodClaims {
  readonly bound: readonly PersistentVolumeClaim[];
  /** Unbound, and not waiting for the pod: nothing can be done on any node. */
  readonly immediate: readonly PersistentVolumeClaim[];
  /** To be bound where the pod goes. */
  readonly delayed: readonly PersistentVolumeClaim[];
}

/** What would be written if the pod went to one node. */
export interface PodVolumes {
  /** Volumes as they would be, claim reference set. */
  readonly bindings: readonly { readonly volume: PersistentVolume; readonly claim: PersistentVolumeClaim }[];
  /** Claims a driver would make a volume for. */
  readonly provisions: readonly PersistentVolumeClaim[];
}

export interface VolumeFinding {
  /** Why the node does not do; empty when it does. */
  readonly reasons: readonly string[];
  /** What cannot be evaluated at all; empty normally. */
  readonly error: string;
  readonly volumes: PodVolumes;
}

const NOTHING: PodVolumes = Object.freeze({ bindings: [], provisions: [] });

export class VolumeBinder {
  private readonly lister: ClusterLister;
  private readonly behaviour: Behaviour;
  private readonly volumes: AssumedObjects<PersistentVolume>;
  private readonly claims: AssumedObjects<PersistentVolumeClaim>;

  constructor(lister: ClusterLister, behaviour: Behaviour) {
    this.lister = lister;
    this.behaviour = behaviour;
    this.volumes = new AssumedObjects((key) => lister.get('PersistentVolume', key));
    this.claims = new AssumedObjects((key) => lister.get('PersistentVolumeClaim', key));
  }

  volume(name: string): PersistentVolume | undefined {
    return this.volumes.get(name);
  }

  claim(key: ObjectKey): PersistentVolumeClaim | undefined {
    return this.claims.get(key);
  }

  /** Why the pod's claims rule out every node; undefined when they do not. */
  findBadClaim(pod: Pod): string | undefined {
    for (const { name, isEphemeral } of claimsOf(pod)) {
      const claim = this.lister.get('PersistentVolumeClaim', `${pod.metadata.namespace}/${name}`);
      if (claim === undefined) {
        return isEphemeral ? `waiting for ephemeral volume controller to create the persistentvolumeclaim "${name}"` : claimNotFound(name);
      }
      if (claim.status.phase === 'Lost') {
        return `persistentvolumeclaim "${name}" bound to non-existent persistentvolume "${claim.spec.volumeName}"`;
      }
      if (claim.metadata.deletionTimestamp !== undefined) return `persistentvolumeclaim "${name}" is being deleted`;
      const foreign = isEphemeral ? foreignClaim(pod, claim) : undefined;
      if (foreign !== undefined) return foreign;
    }
    return undefined;
  }

  classify(pod: Pod): PodClaims {
    const bound: PersistentVolumeClaim[] = [];
    const immediate: PersistentVolumeClaim[] = [];
    const delayed: PersistentVolumeClaim[] = [];
    for (const { name } of claimsOf(pod)) {
      const claim = this.claims.get(`${pod.metadata.namespace}/${name}`);
      if (claim === undefined) continue;
      if (isFullyBound(claim)) bound.push(claim);
      // A claim that names its volume is left to the volume controller, whatever its class says.
      else if (claim.spec.volumeName === '' && this.isDelayed(claim)) delayed.push(claim);
      else immediate.push(claim);
    }
    return { bound, immediate, delayed };
  }

  find(claims: PodClaims, node: NodeInfo): VolumeFinding {
    let hasVolumeConflict = false;
    let isVolumeGone = false;
    for (const claim of claims.bound) {
      const volume = this.volumes.get(claim.spec.volumeName);
      if (volume === undefined) isVolumeGone = true;
      else if (!admitsNode(volume, node)) hasVolumeConflict = true;
      else continue;
      // Upstream looks no further than the first bad claim.
      break;
    }
    const delayed = claims.delayed.length === 0 ? SATISFIED : this.findDelayed(claims.delayed, node);
    const reasons: string[] = [];
    if (hasVolumeConflict) reasons.push(this.behaviour.volumeNodeAffinityReason);
    if (!delayed.isSatisfied) reasons.push(NO_VOLUME);
    if (!delayed.hasSpace) reasons.push(NO_SPACE);
    if (isVolumeGone) reasons.push(VOLUME_GONE);
    return { reasons, error: delayed.error, volumes: delayed.volumes };
  }

  // Promises --------------------------------------------------------------------------------------------

  /** Makes later attempts see the volumes as taken. */
  assume({ bindings, provisions }: PodVolumes): void {
    for (const { volume } of bindings) this.volumes.assume(volume);
    for (const claim of provisions) this.claims.assume(claim);
  }

  revert({ bindings, provisions }: PodVolumes): void {
    for (const { volume } of bindings) this.volumes.restore(volume.metadata.name);
    for (const claim of provisions) this.claims.restore(keyOf(claim));
  }

  // Delayed claims --------------------------------------------------------------------------------------

  private isDelayed(claim: PersistentVolumeClaim): boolean {
    const className = classOf(claim);
    if (className === '') return false;
    return this.lister.get('StorageClass', className)?.volumeBindingMode === 'WaitForFirstConsumer';
  }

  private findDelayed(claims: readonly PersistentVolumeClaim[], node: NodeInfo): DelayedFinding {
    const toMatch: PersistentVolumeClaim[] = [];
    const toProvision: PersistentVolumeClaim[] = [];
    for (const claim of claims) {
      const selected = labelOf(claim.metadata.annotations, ANNOTATION_SELECTED_NODE);
      if (selected === undefined) toMatch.push(claim);
      else if (selected !== node.name) return { ...SATISFIED, isSatisfied: false };
      else toProvision.push(claim);
    }
    const bindings: { volume: PersistentVolume; claim: PersistentVolumeClaim }[] = [];
    const chosen = new Set<string>();
    toMatch.sort(byRequestedSize);
    for (const claim of toMatch) {
      const volume = this.findVolume(claim, node, chosen);
      if (volume === undefined) {
        toProvision.push(claim);
        continue;
      }
      chosen.add(volume.metadata.name);
      bindings.push({ volume: boundTo(volume, claim), claim });
    }
    const provisions: PersistentVolumeClaim[] = [];
    for (const claim of toProvision) {
      const className = classOf(claim);
      if (className === '') return { ...SATISFIED, error: `no class for claim "${keyOf(claim)}"` };
      const storageClass = this.lister.get('StorageClass', className);
      if (storageClass === undefined) return { ...SATISFIED, error: `failed to find storage class "${className}"` };
      if (!canProvision(storageClass, node)) return { ...SATISFIED, isSatisfied: false };
      if (!this.hasCapacity(claim, storageClass, node)) return { ...SATISFIED, hasSpace: false };
      provisions.push(provisionedOn(claim, node.name));
    }
    return { ...SATISFIED, volumes: { bindings, provisions } };
  }

  /** A volume kept for the claim, otherwise the smallest free one that does; undefined when there is none. */
  private findVolume(claim: PersistentVolumeClaim, node: NodeInfo, chosen: ReadonlySet<string>): PersistentVolume | undefined {
    const className = classOf(claim);
    const requested = sizeOf(claim.spec.requests['storage']);
    const selector = claim.spec.selector === undefined ? undefined : compileLabelSelector(claim.spec.selector);
    let best: PersistentVolume | undefined;
    let bestSize = 0n;
    for (const { metadata } of this.lister.list('PersistentVolume')) {
      const volume = this.volumes.get(metadata.name);
      if (volume === undefined || chosen.has(metadata.name) || classOf(volume) !== className) continue;
      const isKept = volume.spec.claimRef !== undefined;
      if (isKept && !isReservedFor(volume, claim)) continue;
      const size = sizeOf(volume.spec.capacity['storage']);
      if (size < requested || volume.spec.volumeMode !== claim.spec.volumeMode) continue;
      if (!this.matchesAttributesClass(claim, volume) || volume.metadata.deletionTimestamp !== undefined) continue;
      const isReachable = admitsNode(volume, node);
      if (isKept) return isReachable ? volume : undefined;
      if (volume.status.phase !== 'Available' || !isReachable) continue;
      if (selector !== undefined && !selector.matches(volume.metadata.labels)) continue;
      if (!claim.spec.accessModes.every((mode) => volume.spec.accessModes.includes(mode))) continue;
      const isBetter =
        best === undefined || size < bestSize || (size === bestSize && compareCodeUnits(metadata.name, best.metadata.name) < 0);
      if (isBetter) {
        best = volume;
        bestSize = size;
      }
    }
    return best;
  }

  private matchesAttributesClass(claim: PersistentVolumeClaim, volume: PersistentVolume): boolean {
    if (!this.behaviour.matchesVolumeAttributesClass) return true;
    return (claim.spec.volumeAttributesClassName ?? '') === (volume.spec.volumeAttributesClassName ?? '');
  }

  /** Whether some storage that the node reaches has room, where the driver tells. */
  private hasCapacity(claim: PersistentVolumeClaim, storageClass: StorageClass, node: NodeInfo): boolean {
    const requested = claim.spec.requests['storage'];
    if (requested === undefined) return true;
    if (this.lister.get('CSIDriver', storageClass.provisioner)?.storageCapacity !== true) return true;
    const size = quantityValueExact(requested);
    return this.lister.list('CSIStorageCapacity').some((storage) => {
      if (storage.storageClassName !== storageClass.metadata.name) return false;
      const limit = storage.maximumVolumeSize ?? storage.capacity;
      if (limit === undefined || quantityValueExact(limit) < size) return false;
      return selectorMatches(storage.nodeTopology, node.labels);
    });
  }
}

interface DelayedFinding {
  readonly isSatisfied: boolean;
  readonly hasSpace: boolean;
  readonly error: string;
  readonly volumes: PodVolumes;
}

const SATISFIED: DelayedFinding = Object.freeze({ isSatisfied: true, hasSpace: true, error: '', volumes: NOTHING });

function byRequestedSize(a: PersistentVolumeClaim, b: PersistentVolumeClaim): number {
  const sizeA = sizeOf(a.spec.requests['storage']);
  const sizeB = sizeOf(b.spec.requests['storage']);
  if (sizeA !== sizeB) return sizeA < sizeB ? -1 : 1;
  return compareCodeUnits(a.metadata.name, b.metadata.name);
}

function sizeOf(quantity: string | undefined): bigint {
  return quantity === undefined ? 0n : quantityNanos(quantity);
}

/** Whether the volume can be used from the node. */
function admitsNode(volume: PersistentVolume, node: NodeInfo): boolean {
  const required = volume.spec.nodeAffinityRequired;
  // Upstream matches labels only: fields see a node without a name.
  return required === undefined || compileNodeSelector(required).matches(node.labels, '');
}

function isReservedFor(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  const { claimRef } = volume.spec;
  if (claimRef === undefined) return false;
  if (claimRef.name !== claim.metadata.name || claimRef.namespace !== claim.metadata.namespace) return false;
  return claimRef.uid === '' || claimRef.uid === claim.metadata.uid;
}

function canProvision(storageClass: StorageClass, node: NodeInfo): boolean {
  const { provisioner, allowedTopologies } = storageClass;
  if (provisioner === '' || provisioner === NO_PROVISIONER) return false;
  if (allowedTopologies.length === 0) return true;
  return allowedTopologies.some(({ matchLabelExpressions: expressions }) => {
    if (expressions.length === 0) return false;
    return expressions.every(({ key, values }) => {
      const value = labelOf(node.labels, key);
      return value !== undefined && values.includes(value);
    });
  });
}

function boundTo(volume: PersistentVolume, claim: PersistentVolumeClaim): PersistentVolume {
  const { namespace, name, uid } = claim.metadata;
  if (volume.spec.claimRef !== undefined && volume.spec.claimRef.uid === uid) return volume;
  // A reference that the user set is completed, and stays the user's.
  const isOurs = volume.spec.claimRef === undefined;
  const annotations = isOurs
    ? withEntries(volume.metadata.annotations, { [ANNOTATION_BOUND_BY_CONTROLLER]: 'yes' })
    : volume.metadata.annotations;
  return {
    ...volume,
    metadata: { ...volume.metadata, annotations },
    spec: { ...volume.spec, claimRef: { namespace, name, uid } },
  };
}

function provisionedOn(claim: PersistentVolumeClaim, nodeName: string): PersistentVolumeClaim {
  const annotations = withEntries(claim.metadata.annotations, { [ANNOTATION_SELECTED_NODE]: nodeName });
  return { ...claim, metadata: { ...claim.metadata, annotations } };
}
