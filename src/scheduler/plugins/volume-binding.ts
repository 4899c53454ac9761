/**
 * VolumeBinding: finds nodes where a pod's claims are or can be bound, and binds them before the pod.
 *
 * Models    kubernetes v1.34 pkg/scheduler/framework/plugins/volumebinding/volume_binding.go
 * Differs   scoring by storage capacity (off by default upstream) is not implemented: it always skips
 */

import type { Op } from '../../engine/process.ts';
import { SECOND_US } from '../../engine/units.ts';
import { keyOf } from '../../objects/meta.ts';
import { quantityValueExact } from '../../objects/quantity.ts';
import { labelOf } from '../../objects/selectors.ts';
import type { CsiDriver, CsiNode, CsiStorageCapacity, PersistentVolumeClaim, StorageClass } from '../../objects/storage.ts';
import { integerArgument } from '../arguments.ts';
import { ACTION, clusterEvent } from '../cluster-event.ts';
import type { CycleData, CycleState } from '../cycle-state.ts';
import { definePlugin, type Plugin, type PluginHandle, type PreFilterResult } from '../framework.ts';
import type { NodeInfo } from '../node-info.ts';
import type { PodInfo } from '../pod-info.ts';
import { errorStatus, isSuccess, newStatus, SKIP, type Status, SUCCESS, unresolvable } from '../status.ts';
import { type PodClaims, type PodVolumes, VolumeBinder } from '../volume-binder.ts';
import { ANNOTATION_SELECTED_NODE, claimsOf, isFullyBound, usesClaim } from '../volume-claims.ts';

const NAME = 'VolumeBinding';
const IMMEDIATE_UNBOUND = unresolvable(NAME, 'pod has unbound immediate PersistentVolumeClaims');
const PASSED: PreFilterResult = { status: SUCCESS };
const SKIPPED: PreFilterResult = { status: SKIP };
const MIGRATED_PLUGINS = 'storage.alpha.kubernetes.io/migrated-plugins';

interface VolumeBindingArgs {
  readonly bindTimeoutSeconds: number;
}

export const volumeBinding = definePlugin<VolumeBindingArgs>({
  name: NAME,
  points: ['preFilter', 'filter', 'preScore', 'score', 'reserve', 'preBind'],
  defaultWeight: 0,
  args: [
    integerArgument('bindTimeoutSeconds', 600, 0, Number.MAX_SAFE_INTEGER),
    {
      name: 'shape',
      expects: 'nothing: scoring by storage capacity is off',
      default: undefined,
      read(raw, path, problems) {
        if (Array.isArray(raw) && raw.length === 0) return undefined;
        problems.add(path, 'must not be set: scoring by storage capacity is off');
        return undefined;
      },
    },
  ],
  create: createVolumeBinding,
});

class VolumeState implements CycleData {
  readonly claims: PodClaims;
  /** What each node that passed would need. */
  readonly byNode: Map<string, PodVolumes>;

  constructor(claims: PodClaims) {
    this.claims = claims;
    this.byNode = new Map();
  }

  clone(): CycleData {
    return this;
  }
}

function createVolumeBinding(args: VolumeBindingArgs, handle: PluginHandle): Plugin {
  const binder = new VolumeBinder(handle.lister, handle.behaviour);

  function preFilter(state: CycleState, pod: PodInfo): PreFilterResult {
    if (pod.pod.spec.volumes.length === 0) return SKIPPED;
    const bad = binder.findBadClaim(pod.pod);
    if (bad !== undefined) return { status: unresolvable(NAME, bad) };
    if (claimsOf(pod.pod).length === 0) return SKIPPED;
    const claims = binder.classify(pod.pod);
    if (claims.immediate.length > 0) return { status: IMMEDIATE_UNBOUND };
    state.write(NAME, new VolumeState(claims));
    return PASSED;
  }

  function filter(state: CycleState, _pod: PodInfo, node: NodeInfo): Status {
    const kept = state.read<VolumeState>(NAME)!;
    const { reasons, error, volumes } = binder.find(kept.claims, node);
    if (error !== '') return errorStatus(NAME, error);
    if (reasons.length > 0) return newStatus('UnschedulableAndUnresolvable', NAME, ...reasons);
    kept.byNode.set(node.name, volumes);
    return SUCCESS;
  }

  /** What was found for the node; found now when an evaluator did not ask (its answers for this node were known). */
  function volumesOn(state: CycleState, nodeName: string): PodVolumes | undefined {
    const kept = state.read<VolumeState>(NAME);
    if (kept === undefined) return undefined;
    const known = kept.byNode.get(nodeName);
    if (known !== undefined) return known;
    const node = handle.snapshot.get(nodeName);
    return node === undefined ? undefined : binder.find(kept.claims, node).volumes;
  }

  function reserve(state: CycleState, _pod: PodInfo, nodeName: string): Status {
    const volumes = volumesOn(state, nodeName);
    if (volumes !== undefined) {
      state.read<VolumeState>(NAME)!.byNode.set(nodeName, volumes);
      binder.assume(volumes);
    }
    return SUCCESS;
  }

  function unreserve(state: CycleState, _pod: PodInfo, nodeName: string): void {
    const volumes = state.read<VolumeState>(NAME)?.byNode.get(nodeName);
    if (volumes !== undefined) binder.revert(volumes);
  }

  function volumesToBind(state: CycleState, nodeName: string): PodVolumes | undefined {
    const volumes = state.read<VolumeState>(NAME)?.byNode.get(nodeName);
    return volumes === undefined || (volumes.bindings.length === 0 && volumes.provisions.length === 0) ? undefined : volumes;
  }

  function preBind(state: CycleState, pod: PodInfo, nodeName: string): Op<Status> {
    const waiting = (volumes: PodVolumes): string => waitingFor(pod, volumes, nodeName);
    return bindVolumes(handle, volumesToBind(state, nodeName), args.bindTimeoutSeconds * SECOND_US, waiting);
  }

  /** See bindVolumes. */
  function waitingFor(pod: PodInfo, volumes: PodVolumes, nodeName: string): string {
    let isDone = true;
    for (const { claim } of volumes.bindings) {
      const current = binder.claim(keyOf(claim));
      if (current === undefined) return `pod ${pod.key}: claim ${keyOf(claim)} is gone`;
      if (!isFullyBound(current)) isDone = false;
    }
    for (const claim of volumes.provisions) {
      const current = binder.claim(keyOf(claim));
      if (current === undefined) return `pod ${pod.key}: claim ${keyOf(claim)} is gone`;
      const selected = labelOf(current.metadata.annotations, ANNOTATION_SELECTED_NODE) ?? '';
      if (!isFullyBound(current)) {
        if (selected !== nodeName) return `provisioning failed for PVC "${claim.metadata.name}"`;
        isDone = false;
      }
    }
    return isDone ? 'nothing' : 'binding';
  }

  return {
    name: NAME,
    preFilter,
    ignoresLabels: true,
    preFilterReach: 'shape',
    filter,
    filterReach: 'cluster',
    preScore: () => SKIP,
    preScoreReach: 'shape',
    score: () => SUCCESS,
    scoreReach: 'static',
    reserve,
    unreserve,
    preBindPreFlight: (state, nodeName) => volumesToBind(state, nodeName) !== undefined,
    preBind,
    events: [
      {
        event: clusterEvent('StorageClass', ACTION.ADD | ACTION.UPDATE),
        hint: (_pod, before, after) => before === undefined || topologiesOf(before as StorageClass) !== topologiesOf(after as StorageClass),
      },
      {
        event: clusterEvent('PersistentVolumeClaim', ACTION.ADD | ACTION.UPDATE),
        hint: (pod, _before, after) => usesClaim(pod.pod, after as PersistentVolumeClaim),
      },
      { event: clusterEvent('PersistentVolume', ACTION.ADD | ACTION.UPDATE) },
      { event: clusterEvent('Node', ACTION.ADD | ACTION.UPDATE_NODE_LABEL) },
      {
        event: clusterEvent('CSINode', ACTION.ADD | ACTION.UPDATE),
        hint: (_pod, before, after) => before === undefined || migratedOf(before as CsiNode) !== migratedOf(after as CsiNode),
      },
      {
        event: clusterEvent('CSIDriver', ACTION.UPDATE),
        hint: (pod, before, after) => driverStoppedTelling(pod, before as CsiDriver, after as CsiDriver),
      },
      {
        event: clusterEvent('CSIStorageCapacity', ACTION.ADD | ACTION.UPDATE),
        hint: (_pod, before, after) => before === undefined || capacityGrew(before as CsiStorageCapacity, after as CsiStorageCapacity),
      },
    ],
  };
}

/** `waitingFor` says `nothing` when all is bound, `binding` while it may still be, otherwise what went wrong. */
function* bindVolumes(
  handle: PluginHandle,
  volumes: PodVolumes | undefined,
  timeoutUs: number,
  waitingFor: (volumes: PodVolumes) => string,
): Op<Status> {
  const { writer } = handle;
  if (volumes === undefined) return SUCCESS;
  if (writer === undefined) return errorStatus(NAME, 'this scheduler cannot write');
  for (const { volume } of volumes.bindings) {
    const status = yield* writer.bindVolume(volume);
    if (!isSuccess(status)) return status;
  }
  for (const claim of volumes.provisions) {
    const status = yield* writer.updateClaim(claim);
    if (!isSuccess(status)) return status;
  }
  const deadlineUs = handle.nowUs() + timeoutUs;
  for (;;) {
    const wait = waitingFor(volumes);
    if (wait === 'nothing') return SUCCESS;
    if (wait !== 'binding') return errorStatus(NAME, `binding volumes: ${wait}`);
    if (handle.nowUs() >= deadlineUs) return errorStatus(NAME, 'binding volumes: context deadline exceeded');
    // 1 s: util.BindAPIUpdate poll interval, v1.34.
    yield* writer.sleep(SECOND_US);
  }
}

function topologiesOf(storageClass: StorageClass): string {
  return JSON.stringify(storageClass.allowedTopologies);
}

function migratedOf(csiNode: CsiNode): string {
  return csiNode.metadata.annotations[MIGRATED_PLUGINS] ?? '';
}

/** Only pods with an inline volume of the driver are woken, as upstream. */
function driverStoppedTelling(pod: PodInfo, before: CsiDriver, after: CsiDriver): boolean {
  if (!before.storageCapacity || after.storageCapacity) return false;
  return pod.pod.spec.volumes.some((volume) => volume.csi?.driver === after.metadata.name);
}

function capacityGrew(before: CsiStorageCapacity, after: CsiStorageCapacity): boolean {
  const old = before.maximumVolumeSize ?? before.capacity;
  const now = after.maximumVolumeSize ?? after.capacity;
  if (now === undefined) return false;
  return old === undefined || quantityValueExact(now) > quantityValueExact(old);
}
