/**
 * no-orphans: in the end nothing outlives all of its owners, and nothing that is being deleted stays.
 *
 * Part of I15 of the oracles: deletions finish. An object with owners goes when the last of them is gone
 * (kubernetes/kubernetes#95742); what should be kept has no owner references, as `--cascade=orphan` leaves it.
 *
 * Allowed   finalizers that no controller here takes away, and objects that wait in foreground deletion for such
 */
import { type AnyObject, KINDS, kindInfo } from '../../objects/kinds.ts';
import { keyOf, type OwnerReference, objectKey } from '../../objects/meta.ts';
import { defineInvariant, type StoreView } from './invariant.ts';

const SHOWN_MAX = 5;
/** Finalizers of controllers that run here: the garbage collector's, the Job controller's and those that protect volumes. */
const OWN_FINALIZERS: readonly string[] = [
  'foregroundDeletion',
  'orphan',
  'batch.kubernetes.io/job-tracking',
  'kubernetes.io/pvc-protection',
  'kubernetes.io/pv-protection',
];
/** Events refer to what may be long gone; leases are no part of any workload. */
const SKIPPED: readonly string[] = ['Event', 'Lease'];

export const noOrphans = defineInvariant({
  name: 'no-orphans',
  id: 'I15',
  summary: 'nothing outlives its owners, and nothing stays in deletion for ever',
  create: ({ store }) => ({
    unsettled: () => {
      const lines: string[] = [];
      for (const { kind } of KINDS) {
        if (SKIPPED.includes(kind)) continue;
        for (const object of store.list(kind)) {
          const line = complaint(store, object as AnyObject);
          if (line !== undefined && lines.length < SHOWN_MAX) lines.push(line);
        }
      }
      return lines;
    },
  }),
});

function complaint(store: StoreView, object: AnyObject): string | undefined {
  const { ownerReferences, deletionTimestamp, finalizers } = object.metadata;
  const name = `${object.kind.toLowerCase()}/${keyOf(object)}`;
  if (finalizers.some((finalizer) => !OWN_FINALIZERS.includes(finalizer))) return undefined;
  if (deletionTimestamp !== undefined && !waitsForOthers(store, object)) {
    const why = finalizers.length === 0 ? '' : `, held by ${finalizers.join(', ')}`;
    return `${name} is being deleted and does not go${why}`;
  }
  if (ownerReferences.length === 0 || ownerReferences.some((owner) => isAlive(store, object, owner))) return undefined;
  const { kind, name: owner } = ownerReferences[0]!;
  return `${name} is left although ${kind.toLowerCase()}/${owner} is gone`;
}

function isAlive(store: StoreView, object: AnyObject, { kind, name, uid }: OwnerReference): boolean {
  const namespace = kindInfo(kind).isNamespaced ? object.metadata.namespace : '';
  return store.get(kind, objectKey(namespace, name))?.metadata.uid === uid;
}

/** Whether the object waits in foreground deletion for dependents that foreign finalizers hold. */
function waitsForOthers(store: StoreView, object: AnyObject): boolean {
  if (!object.metadata.finalizers.includes('foregroundDeletion')) return false;
  const { uid } = object.metadata;
  return KINDS.some(({ kind }) =>
    store.list(kind).some(({ metadata }) => {
      if (!metadata.ownerReferences.some((owner) => owner.uid === uid && owner.blockOwnerDeletion)) return false;
      return metadata.finalizers.some((finalizer) => !OWN_FINALIZERS.includes(finalizer));
    }),
  );
}
