/**
 * gc-spares-owned: the garbage collector deletes nothing that has a living owner.
 *
 * I10 of the oracles (kubernetes/kubernetes#88097, #98471). An owner lives while the store holds it under the uid of the
 * reference and it is not being deleted in the foreground.
 *
 * Cost      O(1) per write; O(owners) per object that goes
 */
import { type AnyObject, kindInfo } from '../../objects/kinds.ts';
import { keyOf, type OwnerReference, objectKey } from '../../objects/meta.ts';
import { defineInvariant, type StoreView } from './invariant.ts';

const COLLECTOR = /\/garbage-collector$/;

export const gcSparesOwned = defineInvariant({
  name: 'gc-spares-owned',
  id: 'I10',
  summary: 'the garbage collector deletes nothing whose owner lives',
  create: (probe) => {
    // A write announces its change first and its author right after, so the last change is the author's.
    let last: AnyObject | undefined;
    probe.onAnyCommit((_kind, type, old, next) => {
      if (type === 'ADDED') return;
      const isGoing =
        next === undefined || (next.metadata.deletionTimestamp !== undefined && old!.metadata.deletionTimestamp === undefined);
      last = isGoing ? old : undefined;
    });
    probe.onWrite(({ client, verb, kind, key, isDone }) => {
      const object = last;
      last = undefined;
      if (object === undefined || !isDone || verb !== 'delete' || !COLLECTOR.test(client)) return;
      if (object.kind !== kind || keyOf(object) !== key) return;
      const owner = object.metadata.ownerReferences.find((reference) => lives(probe.store, object, reference));
      if (owner === undefined) return;
      const name = `${kind.toLowerCase()}/${key}`;
      const ownerName = `${owner.kind.toLowerCase()}/${object.metadata.namespace === '' ? '' : `${object.metadata.namespace}/`}${owner.name}`;
      probe.report(`${name} was collected although ${ownerName} lives`, [name, ownerName]);
    });
    return {};
  },
});

function lives(store: StoreView, object: AnyObject, { kind, name, uid }: OwnerReference): boolean {
  const namespace = kindInfo(kind).isNamespaced ? object.metadata.namespace : '';
  const owner = store.get(kind, objectKey(namespace, name));
  if (owner?.metadata.uid !== uid) return false;
  return owner.metadata.deletionTimestamp === undefined || !owner.metadata.finalizers.includes('foregroundDeletion');
}
