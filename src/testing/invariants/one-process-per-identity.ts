/**
 * one-process-per-identity: containers of one StatefulSet identity never run on two nodes at the same time.
 *
 * I1 of the oracles: what a StatefulSet promises (kubernetes/kubernetes#59848, #54368). Judged by what really runs, not
 * by what the API server knows.
 *
 * Allowed   a pod that was taken out of the API while its processes ran, by a user's force, by the pod garbage collector (its
 *           node is gone or out of service), or because it asks for no grace at all: nobody waits for its processes
 * Cost      O(1) per start and stop of a container of a StatefulSet
 */
import { keyOf } from '../../objects/meta.ts';
import { defineInvariant } from './invariant.ts';

/** Clients that remove pods without waiting for the kubelet. */
const FORCE = /^kubectl|\/pod-gc$/;

export const oneProcessPerIdentity = defineInvariant({
  name: 'one-process-per-identity',
  id: 'I1',
  summary: 'no two nodes run containers of the same StatefulSet pod at the same time',
  excusedBy: (circumstances) => {
    if (circumstances.strikes('stale-api-server') || circumstances.hasLaggingServers)
      return 'a kubelet that lists from a cache of any age starts pods that are long gone (kubernetes/kubernetes#59848)';
    if (circumstances.strikes('lose-events')) return 'no client can lose events today';
    return undefined;
  },
  create: (probe) => {
    /** Identity to the containers it runs on each node, of pods that nobody has forced out. */
    const running = new Map<string, Map<string, number>>();
    /** Pods of StatefulSets, with the number of their containers that run. */
    const pods = new Map<string, { count: number; isForced: boolean }>();
    let lastRemoved: { readonly key: string; readonly uid: string; readonly nodeName: string } | undefined;

    const count = (identity: string, nodeName: string, change: number): number => {
      const nodes = running.get(identity) ?? new Map<string, number>();
      running.set(identity, nodes);
      const now = (nodes.get(nodeName) ?? 0) + change;
      if (now === 0) nodes.delete(nodeName);
      else nodes.set(nodeName, now);
      return nodes.size;
    };
    const force = ({ key, uid, nodeName }: NonNullable<typeof lastRemoved>): void => {
      const pod = pods.get(uid);
      if (pod === undefined || pod.isForced || probe.isStrict) return;
      pod.isForced = true;
      if (pod.count > 0) count(key, nodeName, -pod.count);
    };

    probe.onCommit('Pod', (type, old, pod) => {
      if (type === 'ADDED' && pod!.metadata.ownerReferences.some((owner) => owner.kind === 'StatefulSet' && owner.controller)) {
        pods.set(pod!.metadata.uid, { count: 0, isForced: false });
      }
      if (type !== 'DELETED') return;
      const { uid } = old!.metadata;
      if (!pods.has(uid)) return;
      const { nodeName, terminationGracePeriodSeconds } = old!.spec;
      lastRemoved = { key: keyOf(old!), uid, nodeName };
      if (terminationGracePeriodSeconds === 0) force(lastRemoved);
    });
    probe.onWrite(({ client, kind, key, isDone }) => {
      if (isDone && kind === 'Pod' && lastRemoved?.key === key && FORCE.test(client)) force(lastRemoved);
    });
    probe.onContainer(({ phase, nodeName, podUid, namespace, podName }) => {
      const pod = pods.get(podUid);
      if (pod === undefined) return;
      const change = phase === 'started' ? 1 : -1;
      pod.count += change;
      if (pod.isForced) return;
      const identity = `${namespace}/${podName}`;
      if (count(identity, nodeName, change) < 2 || phase !== 'started') return;
      const places = [...running.get(identity)!.keys()];
      probe.report(`${identity} runs on ${places.join(' and ')} at the same time`, [
        `pod/${identity}`,
        ...places.map((name) => `node/${name}`),
      ]);
    });
    return {};
  },
});
