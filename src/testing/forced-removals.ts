/**
 * ForcedRemovals: pods that were taken out of the API without waiting for their processes to end: by a user's force, by the pod
 * garbage collector (the node is gone or out of service), or because they ask for no grace at all.
 *
 * Whatever such a pod still runs is nobody's fault; for a scenario that asks, no removal counts as forced.
 */
import { keyOf, type ObjectKey } from '../objects/meta.ts';
import type { Pod } from '../objects/pod.ts';
import type { Probe } from './invariants/invariant.ts';

/** Clients that remove pods without waiting for the kubelet. */
const FORCE = /^kubectl|\/pod-gc$/;

/** Calls `onForced` at every such removal. */
export function followForcedRemovals(probe: Probe, onForced: (pod: Pod) => void): void {
  if (probe.isStrict) return;
  let last: { readonly key: ObjectKey; readonly pod: Pod } | undefined;
  probe.onCommit('Pod', (type, old) => {
    if (type !== 'DELETED') return;
    if (old!.spec.terminationGracePeriodSeconds === 0) onForced(old!);
    else last = { key: keyOf(old!), pod: old! };
  });
  // A write announces its change first and its author right after.
  probe.onWrite(({ client, kind, key, isDone }) => {
    if (kind !== 'Pod' || last === undefined) return;
    if (isDone && last.key === key && FORCE.test(client)) onForced(last.pod);
    last = undefined;
  });
}
