/**
 * VolumeZone: a pod runs where its bound volumes' zone and region labels say.
 *
 * Models    kubernetes v1.34 pkg/scheduler/framework/plugins/volumezone/volume_zone.go
 */
import { LABEL_REGION, LABEL_ZONE } from '../../objects/node.ts';
import { labelOf } from '../../objects/selectors.ts';
import type { PersistentVolume, PersistentVolumeClaim, StorageClass } from '../../objects/storage.ts';
import { ACTION, clusterEvent } from '../cluster-event.ts';
import type { CycleData, CycleState } from '../cycle-state.ts';
import { type ClusterLister, definePlugin, type Plugin, type PluginHandle, type PreFilterResult } from '../framework.ts';
import type { NodeInfo } from '../node-info.ts';
import type { PodInfo } from '../pod-info.ts';
import { SKIP, type Status, SUCCESS, unresolvable } from '../status.ts';
import { claimNotFound, classOf } from '../volume-claims.ts';

const NAME = 'VolumeZone';
const CONFLICT = unresolvable(NAME, 'node(s) had no available volume zone');

/** Beta label to the label that replaced it. */
const STABLE: ReadonlyMap<string, string> = new Map([
  ['failure-domain.beta.kubernetes.io/zone', LABEL_ZONE],
  ['failure-domain.beta.kubernetes.io/region', LABEL_REGION],
]);
const TOPOLOGY_LABELS = [...STABLE.keys(), LABEL_ZONE, LABEL_REGION];

export const volumeZone = definePlugin({
  name: NAME,
  points: ['preFilter', 'filter'],
  defaultWeight: 0,
  args: [],
  create: createVolumeZone,
});

interface Place {
  readonly key: string;
  readonly values: readonly string[];
}

class PreFilterState implements CycleData {
  readonly places: readonly Place[];

  constructor(places: readonly Place[]) {
    this.places = places;
  }

  clone(): CycleData {
    return this;
  }
}

function createVolumeZone(_args: unknown, handle: PluginHandle): Plugin {
  return {
    name: NAME,
    preFilter(state, pod) {
      const places = placesOf(pod, handle.lister);
      if (!Array.isArray(places)) return { status: places as Status };
      if (places.length === 0) return { status: SKIP };
      state.write(NAME, new PreFilterState(places as Place[]));
      return PASSED;
    },
    ignoresLabels: true,
    preFilterReach: 'shape',
    filter,
    filterReach: 'cluster',
    events: [
      { event: clusterEvent('StorageClass', ACTION.ADD), hint: (_pod, _before, after) => isDelayed(after as StorageClass) },
      { event: clusterEvent('Node', ACTION.ADD | ACTION.UPDATE_NODE_LABEL) },
      {
        event: clusterEvent('PersistentVolumeClaim', ACTION.ADD | ACTION.UPDATE),
        hint: (pod, _before, after) => refersTo(pod, after as PersistentVolumeClaim),
      },
      {
        event: clusterEvent('PersistentVolume', ACTION.ADD | ACTION.UPDATE),
        hint: (_pod, before, after) => before === undefined || placesChanged(before as PersistentVolume, after as PersistentVolume),
      },
    ],
  };
}

const PASSED: PreFilterResult = { status: SUCCESS };

/** Where the pod's bound volumes are; a status when that cannot be known. */
function placesOf(pod: PodInfo, lister: ClusterLister): Place[] | Status {
  const places: Place[] = [];
  for (const { persistentVolumeClaim: reference } of pod.pod.spec.volumes) {
    if (reference === undefined) continue;
    if (reference.claimName === '') return unresolvable(NAME, 'PersistentVolumeClaim had no name');
    const claim = lister.get('PersistentVolumeClaim', `${pod.namespace}/${reference.claimName}`);
    if (claim === undefined) return unresolvable(NAME, claimNotFound(reference.claimName));
    const { volumeName } = claim.spec;
    if (volumeName === '') {
      const className = classOf(claim);
      if (className === '') return unresolvable(NAME, 'PersistentVolumeClaim had no pv name and storageClass name');
      const storageClass = lister.get('StorageClass', className);
      if (storageClass === undefined) return unresolvable(NAME, `storageclass.storage.k8s.io "${className}" not found`);
      if (isDelayed(storageClass)) continue;
      return unresolvable(NAME, 'PersistentVolume had no name');
    }
    const volume = lister.get('PersistentVolume', volumeName);
    if (volume === undefined) return unresolvable(NAME, `persistentvolume "${volumeName}" not found`);
    places.push(...placesOfVolume(volume));
  }
  return places;
}

function placesOfVolume(volume: PersistentVolume): Place[] {
  const places: Place[] = [];
  for (const key of TOPOLOGY_LABELS) {
    const value = labelOf(volume.metadata.labels, key);
    if (value === undefined) continue;
    const values = value.split('__').map((part) => part.trim());
    // A list with an empty zone is malformed, and upstream ignores it.
    if (!values.includes('')) places.push({ key, values });
  }
  return places;
}

function filter(state: CycleState, _pod: PodInfo, node: NodeInfo): Status {
  const { labels } = node;
  if (TOPOLOGY_LABELS.every((key) => labelOf(labels, key) === undefined)) return SUCCESS;
  for (const { key, values } of state.read<PreFilterState>(NAME)!.places) {
    const stable = STABLE.get(key);
    const value = labelOf(labels, key) ?? (stable === undefined ? undefined : labelOf(labels, stable));
    if (value === undefined || !values.includes(value)) return CONFLICT;
  }
  return SUCCESS;
}

function isDelayed(storageClass: StorageClass): boolean {
  return storageClass.volumeBindingMode === 'WaitForFirstConsumer';
}

function refersTo(pod: PodInfo, claim: PersistentVolumeClaim): boolean {
  if (claim.metadata.namespace !== pod.namespace) return false;
  return pod.pod.spec.volumes.some((volume) => volume.persistentVolumeClaim?.claimName === claim.metadata.name);
}

function placesChanged(before: PersistentVolume, after: PersistentVolume): boolean {
  return JSON.stringify(placesOfVolume(before)) !== JSON.stringify(placesOfVolume(after));
}
