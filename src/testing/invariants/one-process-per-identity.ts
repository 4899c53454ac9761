/**
 * one-process-per-identity: containers of one StatefulSet identity never run on two nodes at the same time.
 *
 * I1 of the oracles: what a StatefulSet promises (kubernetes/kubernetes#59848, #54368). Judged by what really runs, not
 * by what the API server knows.
 */
import { defineInvariant } from './invariant.ts';

export const oneProcessPerIdentity = defineInvariant({
  name: 'one-process-per-identity',
  id: 'I1',
  summary: 'no two nodes run containers of the same StatefulSet pod at the same time',
  excusedBy: (circumstances) => {
    if (circumstances.strikes('stale-api-server') || circumstances.hasLaggingServers)
      return 'a kubelet that lists from a cache of any age starts pods that are long gone (kubernetes/kubernetes#59848)';
    if (circumstances.deletes.has('Node') || circumstances.deletes.has('Pod'))
      return 'deleting a pod or its node by force lets a second one start while the first still runs';
    if (circumstances.strikes('lose-events')) return 'no client can lose events today';
    return undefined;
  },
  create: (probe) => {
    /** Identity to the containers it runs on each node. */
    const running = new Map<string, Map<string, number>>();
    const statefulPods = new Set<string>();
    probe.onCommit('Pod', (type, _old, pod) => {
      if (type !== 'ADDED' || pod === undefined) return;
      if (pod.metadata.ownerReferences.some((owner) => owner.kind === 'StatefulSet' && owner.controller))
        statefulPods.add(pod.metadata.uid);
    });
    probe.onContainer(({ phase, nodeName, podUid, namespace, podName }) => {
      if (!statefulPods.has(podUid)) return;
      const identity = `${namespace}/${podName}`;
      const nodes = running.get(identity) ?? new Map<string, number>();
      running.set(identity, nodes);
      const count = (nodes.get(nodeName) ?? 0) + (phase === 'started' ? 1 : -1);
      if (count === 0) nodes.delete(nodeName);
      else nodes.set(nodeName, count);
      if (phase === 'started' && nodes.size > 1) {
        const places = [...nodes.keys()];
        probe.report(`${identity} runs on ${places.join(' and ')} at the same time`, [
          `pod/${identity}`,
          ...places.map((name) => `node/${name}`),
        ]);
      }
    });
    return {};
  },
});
