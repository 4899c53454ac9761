/**
 * owner-graph-acyclic: no object owns itself, through whatever chain of owners; and every controller is one.
 *
 * A cycle of owners is never collected when its outside owners go (kubernetes/kubernetes#95742), and an object with two
 * controllers has two masters (API conventions: at most one reference with controller: true).
 *
 * Cost      O(1) per write that leaves the owners as they are; else O(chain)
 */
import type { AnyObject } from '../../objects/kinds.ts';
import { keyOf, type OwnerReference } from '../../objects/meta.ts';
import { defineInvariant } from './invariant.ts';

const NO_OWNERS: readonly OwnerReference[] = [];

export const ownerGraphAcyclic = defineInvariant({
  name: 'owner-graph-acyclic',
  id: '',
  summary: 'no object owns itself through its owners, and none has two controllers',
  create: (probe) => {
    const ownersOf = new Map<string, readonly OwnerReference[]>();
    probe.onAnyCommit((kind, type, old, next) => {
      const before = old?.metadata.ownerReferences ?? NO_OWNERS;
      if (type === 'DELETED') {
        if (before.length > 0) ownersOf.delete(old!.metadata.uid);
        return;
      }
      const object = next as AnyObject;
      const after = object.metadata.ownerReferences;
      if (after === before || (after.length === 0 && before.length === 0)) return;
      const { uid } = object.metadata;
      if (after.length === 0) ownersOf.delete(uid);
      else ownersOf.set(uid, after);
      const name = `${kind.toLowerCase()}/${keyOf(object)}`;
      if (after.filter((owner) => owner.controller).length > 1) probe.report(`${name} has two controllers`, [name]);
      if (owns(ownersOf, uid)) probe.report(`${name} is an owner of itself`, [name]);
    });
    return {};
  },
});

/** Whether `uid` is among its own owners, or theirs. */
function owns(ownersOf: ReadonlyMap<string, readonly OwnerReference[]>, uid: string): boolean {
  const seen = new Set<string>();
  const toSee = [uid];
  for (let next = toSee.pop(); next !== undefined; next = toSee.pop()) {
    for (const owner of ownersOf.get(next) ?? NO_OWNERS) {
      if (owner.uid === uid) return true;
      if (seen.has(owner.uid)) continue;
      seen.add(owner.uid);
      toSee.push(owner.uid);
    }
  }
  return false;
}
