/**
 * planDeletion: what a DELETE does to an object, as a pure function.
 *
 *   alive ──delete──> terminating (deletionTimestamp set) ──grace 0 and no finalizers──> gone
 *
 * Models    kubernetes v1.34 apiserver/pkg/registry/rest/delete.go BeforeDelete,
 *           registry/generic/registry/store.go Delete, pkg/registry/core/pod/strategy.go CheckGracefulDelete
 * Differs   a graceful delete with period 0 removes at once; upstream writes the shortened period first,
 *           so one more MODIFIED event comes just before DELETED
 */
import { SECOND_US } from '../engine/units.ts';
import { copyMeta } from '../objects/copies.ts';
import type { AnyObject, KindInfo } from '../objects/kinds.ts';
import type { ObjectMeta, TimeUs } from '../objects/meta.ts';
import { isTerminal, type Pod } from '../objects/pod.ts';
import { wholeSeconds } from './object-parts.ts';
import type { Propagation } from './request.ts';

export const FINALIZER_ORPHAN = 'orphan';
export const FINALIZER_FOREGROUND = 'foregroundDeletion';

export interface DeletionOptions {
  readonly gracePeriodSeconds?: number;
  readonly propagation?: Propagation;
}

/** `keep`: nothing changes. `mark`: write this metadata. `remove`: the object is gone. */
export type DeletionPlan =
  | { readonly what: 'keep' }
  | { readonly what: 'remove' }
  | { readonly what: 'mark'; readonly metadata: ObjectMeta };

const KEEP: DeletionPlan = { what: 'keep' };
const REMOVE: DeletionPlan = { what: 'remove' };

export function planDeletion(info: KindInfo, object: AnyObject, options: DeletionOptions, nowUs: TimeUs): DeletionPlan {
  const { metadata } = object;
  const draft = copyMeta(metadata);
  let isGraceful = false;
  if (info.deletesGracefully) {
    if (metadata.deletionTimestamp === undefined) {
      startGracefully(draft, object, options, nowUs);
      isGraceful = true;
    } else if ((metadata.deletionGracePeriodSeconds ?? 0) !== 0) {
      if (!shorten(draft, options, nowUs)) return KEEP;
      isGraceful = true;
    }
  }
  draft.finalizers = finalizersFor(metadata.finalizers, options.propagation);
  const waitsForPeriod = isGraceful && (draft.deletionGracePeriodSeconds ?? 0) > 0;
  if (draft.finalizers.length === 0 && !waitsForPeriod) return REMOVE;
  if (!isGraceful) {
    if (draft.deletionTimestamp === undefined && draft.generation > 0) draft.generation++;
    // A deletion time in the future is moved to now; one in the past stays.
    if (draft.deletionTimestamp === undefined || draft.deletionTimestamp > nowUs) draft.deletionTimestamp = wholeSeconds(nowUs);
    draft.deletionGracePeriodSeconds = 0;
    const isSame =
      metadata.deletionTimestamp === draft.deletionTimestamp &&
      metadata.deletionGracePeriodSeconds === 0 &&
      draft.finalizers === metadata.finalizers;
    if (isSame) return KEEP;
  }
  return { what: 'mark', metadata: draft };
}

/** Whether an update that leaves this metadata removes the object. */
export function isDeletionComplete(metadata: ObjectMeta): boolean {
  return metadata.deletionTimestamp !== undefined && (metadata.deletionGracePeriodSeconds ?? 0) === 0 && metadata.finalizers.length === 0;
}

type Draft = ReturnType<typeof copyMeta>;

function startGracefully(draft: Draft, object: AnyObject, options: DeletionOptions, nowUs: TimeUs): void {
  const pod = object as Pod;
  let seconds = options.gracePeriodSeconds ?? pod.spec.terminationGracePeriodSeconds;
  // Nothing runs: no reason to wait.
  if (pod.spec.nodeName === '' || isTerminal(pod)) seconds = 0;
  if (seconds < 0) seconds = 1;
  draft.deletionTimestamp = wholeSeconds(nowUs + seconds * SECOND_US);
  draft.deletionGracePeriodSeconds = seconds;
  if (draft.generation > 0) draft.generation++;
}

/** A repeated delete can only shorten the grace period. False when it does not. */
function shorten(draft: Draft, options: DeletionOptions, nowUs: TimeUs): boolean {
  const old = draft.deletionGracePeriodSeconds ?? 0;
  if (options.gracePeriodSeconds === undefined) return false;
  let seconds = options.gracePeriodSeconds < 0 ? 1 : options.gracePeriodSeconds;
  if (seconds >= old) return false;
  let endUs = (draft.deletionTimestamp as TimeUs) + (seconds - old) * SECOND_US;
  if (endUs < nowUs) {
    endUs = nowUs;
    if (seconds !== 0) seconds = 1;
  }
  draft.deletionTimestamp = wholeSeconds(endUs);
  draft.deletionGracePeriodSeconds = seconds;
  return true;
}

/** The finalizers that a propagation policy asks for; the same array when nothing changes. */
function finalizersFor(existing: readonly string[], propagation: Propagation | undefined): readonly string[] {
  if (propagation === undefined) return existing;
  const wanted = propagation === 'Orphan' ? FINALIZER_ORPHAN : propagation === 'Foreground' ? FINALIZER_FOREGROUND : '';
  const others = existing.filter((name) => name !== FINALIZER_ORPHAN && name !== FINALIZER_FOREGROUND);
  if (wanted !== '') {
    if (existing.includes(wanted) && others.length === existing.length - 1) return existing;
    others.push(wanted);
    return others;
  }
  return others.length === existing.length ? existing : others;
}
