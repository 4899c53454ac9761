/**
 * no-pod-churn: nobody makes pods faster than they can live: in no ten seconds more than ten of one owner, beyond those
 * that it wants.
 *
 * Part of I11 of the oracles, the loops that no quiet end tells of: pods that are evicted, refused or fail as soon as they
 * are made, and are made again at once (kubernetes/kubernetes#112930, #106419, #89067).
 *
 * Allowed   nothing; but upstream makes pods of ReplicaSets and StatefulSets again without back-off, so only scenarios that
 *           name this invariant have it watched
 * Cost      O(1) per new pod
 */
import { SECOND_US } from '../../engine/units.ts';
import { controllerOf } from '../../objects/meta.ts';
import { defineInvariant } from './invariant.ts';

const SPAN_US = 10 * SECOND_US;
const SPARE_MAX = 10;

export const noPodChurn = defineInvariant({
  name: 'no-pod-churn',
  id: 'I11',
  summary: 'no owner has pods made over and over within seconds',
  excusedBy: () => 'ReplicaSets and StatefulSets make pods again without back-off (kubernetes/kubernetes#112930, #89067)',
  create: (probe) => {
    const owners = new Map<string, { wanted: number; made: number[]; toldUs: number }>();
    const noteWanted = (uid: string, wanted: number): void => {
      const owner = owners.get(uid);
      if (owner === undefined) owners.set(uid, { wanted, made: [], toldUs: -Infinity });
      else owner.wanted = Math.max(owner.wanted, wanted);
    };
    probe.onCommit('ReplicaSet', (_type, old, set) => {
      if (set === undefined) owners.delete(old!.metadata.uid);
      else noteWanted(set.metadata.uid, set.spec.replicas);
    });
    probe.onCommit('StatefulSet', (_type, old, set) => {
      if (set === undefined) owners.delete(old!.metadata.uid);
      else noteWanted(set.metadata.uid, set.spec.replicas);
    });
    probe.onCommit('Pod', (type, _old, pod) => {
      const reference = type === 'ADDED' ? controllerOf(pod!) : undefined;
      const owner = reference === undefined ? undefined : owners.get(reference.uid);
      if (owner === undefined) return;
      const nowUs = probe.nowUs();
      const { made } = owner;
      made.push(nowUs);
      while (nowUs - made[0]! > SPAN_US) made.shift();
      if (made.length <= owner.wanted + SPARE_MAX || nowUs - owner.toldUs <= SPAN_US) return;
      owner.toldUs = nowUs;
      const { namespace, name } = pod!.metadata;
      const ref = `${reference!.kind.toLowerCase()}/${namespace}/${reference!.name}`;
      probe.report(`${ref} wants ${owner.wanted} pods at most and had ${made.length} made within ${SPAN_US / SECOND_US} s`, [
        ref,
        `pod/${namespace}/${name}`,
      ]);
    });
    return {};
  },
});
