/**
 * api-contract: what every client may rely on of the API server: identities that are never used twice, versions that only
 * grow, and grow with changes only, deletions that are never taken back, phases that are final.
 *
 * Source    kubernetes v1.34: API conventions (metadata), pkg/registry/core/pod/strategy.go; generation grows by one with a
 *           change of the spec and with the beginning of a deletion, and at no other time; a binding does not count
 * Cost      O(1) per write; the spec is compared only when it is another object
 */
import { isDeepEqual } from '../../apiserver/deep-equal.ts';
import { type AnyObject, kindInfo } from '../../objects/kinds.ts';
import { keyOf } from '../../objects/meta.ts';
import { isTerminal, type Pod } from '../../objects/pod.ts';
import { defineInvariant } from './invariant.ts';

/** Finalizers that a deletion itself may take away: it chooses what becomes of dependents. */
const PROPAGATION: readonly string[] = ['foregroundDeletion', 'orphan'];

export const apiContract = defineInvariant({
  name: 'api-contract',
  id: '',
  summary: 'uids, versions, generations, deletions and final phases are as every client relies on',
  create: (probe) => {
    const uids = new Set<string>();
    let lastRevision = 0;
    probe.onAnyCommit((kind, type, old, next) => {
      const object = (next ?? old)!;
      const complain = (what: string): void => {
        const name = `${kind.toLowerCase()}/${keyOf(object)}`;
        probe.report(`${name} ${what}`, [name]);
      };
      if (next !== undefined) {
        const { resourceVersion } = next.metadata;
        if (resourceVersion <= lastRevision) complain(`was written with resourceVersion ${resourceVersion} after ${lastRevision}`);
        lastRevision = resourceVersion;
      }
      if (type === 'ADDED') {
        const { uid } = object.metadata;
        if (uid === '' || uids.has(uid)) complain(uid === '' ? 'has no uid' : `has the uid ${uid} of an earlier object`);
        uids.add(uid);
      } else if (type === 'DELETED') {
        checkDeletion(old!, complain);
      } else {
        checkIdentity(old!, next!, complain);
        if (isSame(old!, next!)) complain('was written, but nothing in it is new');
        checkGeneration(old!, next!, complain);
        if (kind === 'Pod') checkPod(old as Pod, next as Pod, complain);
      }
    });
    probe.onWrite(({ client, kind, key, uid, wantedUid }) => {
      if (wantedUid === undefined || uid === undefined || uid === wantedUid) return;
      const name = `${kind.toLowerCase()}/${key}`;
      probe.report(`${name} was written by a request of ${client} for another of that name`, [name]);
    });
    return {};
  },
});

type Complain = (what: string) => void;

function checkDeletion({ metadata }: AnyObject, complain: Complain): void {
  if (metadata.deletionTimestamp !== undefined) return;
  const held = metadata.finalizers.filter((name) => !PROPAGATION.includes(name));
  if (held.length > 0) complain(`was removed at once although ${held.join(', ')} hold it`);
}

function checkIdentity({ metadata: old }: AnyObject, { metadata: next }: AnyObject, complain: Complain): void {
  if (old.uid !== next.uid) complain(`changed its uid from ${old.uid} to ${next.uid}`);
  if (old.creationTimestamp !== next.creationTimestamp) complain('changed its time of creation');
  if (old.deletionTimestamp !== undefined && next.deletionTimestamp === undefined) complain('is no more being deleted');
}

/** A write that changes nothing makes no version. HOT: asked of every write. */
function isSame(old: AnyObject, next: AnyObject): boolean {
  for (const field in next) if (field !== 'metadata' && isFieldChanged(old, next, field)) return false;
  for (const field in old) if (field !== 'metadata' && !(field in next) && isFieldChanged(old, next, field)) return false;
  const { resourceVersion } = next.metadata;
  return isDeepEqual({ ...old.metadata, resourceVersion }, next.metadata);
}

function checkGeneration(old: AnyObject, next: AnyObject, complain: Complain): void {
  const { generationFields } = kindInfo(old.kind);
  if (generationFields.length === 0) return;
  const grown = next.metadata.generation - old.metadata.generation;
  const isDeletion = next.metadata.deletionTimestamp !== undefined && old.metadata.deletionTimestamp === undefined;
  const isChanged = generationFields.some((field) => isFieldChanged(old, next, field));
  if (grown === 0 && isChanged && !isDeletion && !isBinding(old, next)) complain('has another spec and the same generation');
  if (grown !== 0 && !isChanged && !isDeletion) complain(`has the same spec and generation ${next.metadata.generation}`);
  if (grown < 0 || grown > 1) complain(`went from generation ${old.metadata.generation} to ${next.metadata.generation}`);
}

function isFieldChanged(old: AnyObject, next: AnyObject, field: string): boolean {
  const before = (old as unknown as Record<string, unknown>)[field];
  const after = (next as unknown as Record<string, unknown>)[field];
  return before !== after && !isDeepEqual(before, after);
}

function isBinding(old: AnyObject, next: AnyObject): boolean {
  return old.kind === 'Pod' && (old as Pod).spec.nodeName !== (next as Pod).spec.nodeName;
}

function checkPod(old: Pod, next: Pod, complain: Complain): void {
  if (old.status === next.status) return;
  const before = old.status.phase;
  if (isTerminal(old) && next.status.phase !== before) complain(`was ${before} and is ${next.status.phase}`);
  for (const was of old.status.containerStatuses) {
    const is = next.status.containerStatuses.find(({ name }) => name === was.name);
    if (is !== undefined && is.restartCount < was.restartCount) {
      complain(`counts ${is.restartCount} restarts of ${was.name} after ${was.restartCount}`);
    }
  }
}
