/**
 * volume-on-one-node: processes on two nodes never have the same ReadWriteOnce volume at the same time.
 *
 * I9 of the oracles (kubernetes/kubernetes#106710, #65392). Judged by what really runs.
 *
 * Differs   attaching and detaching are not modelled, so pods that are meant to share a claim get it wherever they are placed;
 *           only pods that follow one another are judged: a process that starts while one of a pod that the API has no more
 *           still runs elsewhere
 * Allowed   a pod that was taken out of the API by force (see forced-removals.ts)
 * Cost      O(claims of the pod) per start and stop of a container with claims
 */

import { keyOf } from '../../objects/meta.ts';
import type { Pod } from '../../objects/pod.ts';
import { followForcedRemovals } from '../forced-removals.ts';
import { defineInvariant } from './invariant.ts';

/** Volumes with none of these are for one node only. */
const SHARED_MODES: readonly string[] = ['ReadWriteMany', 'ReadOnlyMany'];

export const volumeOnOneNode = defineInvariant({
  name: 'volume-on-one-node',
  id: 'I9',
  summary: 'no ReadWriteOnce volume is in use on two nodes',
  excusedBy: (circumstances) => {
    if (circumstances.strikes('stale-api-server') || circumstances.hasLaggingServers)
      return 'a kubelet that lists from a cache of any age starts pods that are long gone (kubernetes/kubernetes#59848)';
    if (circumstances.strikes('lose-events')) return 'no client can lose events today';
    return undefined;
  },
  create: (probe) => {
    /** Pods with claims, by uid. */
    const pods = new Map<string, Pod>();
    /** By claim: the uids of pods with processes, the number of those, and their node. */
    const users = new Map<string, Map<string, { count: number; readonly nodeName: string }>>();

    const forget = (uid: string): void => {
      for (const claim of claimsOf(pods.get(uid))) users.get(claim)?.delete(uid);
      pods.delete(uid);
    };
    probe.onCommit('Pod', (type, old, pod) => {
      if (type === 'ADDED' && claimsOf(pod).length > 0) pods.set(pod!.metadata.uid, pod!);
      // Those with processes are kept until these have ended.
      if (type === 'DELETED' && claimsOf(old).every((claim) => users.get(claim)?.has(old!.metadata.uid) !== true)) {
        pods.delete(old!.metadata.uid);
      }
    });
    followForcedRemovals(probe, (pod) => forget(pod.metadata.uid));
    probe.onContainer(({ phase, nodeName, podUid, namespace, podName }) => {
      for (const claim of claimsOf(pods.get(podUid))) {
        const uses = users.get(claim) ?? new Map<string, { count: number; readonly nodeName: string }>();
        users.set(claim, uses);
        const use = uses.get(podUid) ?? { count: 0, nodeName };
        use.count += phase === 'started' ? 1 : -1;
        if (use.count <= 0) uses.delete(podUid);
        else uses.set(podUid, use);
        if (phase !== 'started' || uses.size < 2 || isShared(claim)) continue;
        for (const [uid, other] of uses) {
          if (other.nodeName === nodeName || isStored(pods.get(uid)!)) continue;
          const first = keyOf(pods.get(uid)!);
          probe.report(
            `${claim} is in use on ${other.nodeName} by ${first}, which is gone, and on ${nodeName} by ${namespace}/${podName}`,
            [`persistentvolumeclaim/${claim}`, `pod/${namespace}/${podName}`, `node/${other.nodeName}`, `node/${nodeName}`],
          );
        }
      }
    });

    function isShared(claim: string): boolean {
      const modes = probe.store.get('PersistentVolumeClaim', claim)?.spec.accessModes;
      return modes === undefined || modes.some((mode) => SHARED_MODES.includes(mode));
    }
    function isStored(pod: Pod): boolean {
      return probe.store.get('Pod', keyOf(pod))?.metadata.uid === pod.metadata.uid;
    }
    return {};
  },
});

const NO_CLAIMS: readonly string[] = [];

/** Keys of the claims a pod names, the ones made for it included. */
function claimsOf(pod: Pod | undefined): readonly string[] {
  if (pod === undefined || pod.spec.volumes.length === 0) return NO_CLAIMS;
  const { namespace, name } = pod.metadata;
  return pod.spec.volumes.flatMap((volume) => {
    if (volume.persistentVolumeClaim !== undefined) return [`${namespace}/${volume.persistentVolumeClaim.claimName}`];
    return volume.ephemeral === undefined ? [] : [`${namespace}/${name}-${volume.name}`];
  });
}
