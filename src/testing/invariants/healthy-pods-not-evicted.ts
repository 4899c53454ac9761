/**
 * healthy-pods-not-evicted: no pod whose containers run is evicted because its node was not heard of.
 *
 * Part of I8 of the oracles: zones that lose the control plane while another keeps it are emptied, although their nodes are
 * well and go on running what was evicted (kubernetes/kubernetes#77864). Upstream does so by design after 300 s; only when no
 * zone is heard of does it stop.
 *
 * Judged    when the taint-eviction controller deletes a pod of a node that is tainted not-ready or unreachable, while a
 *           container of the pod runs
 */
import { isPodReady, type Pod } from '../../objects/pod.ts';
import { runningPods } from '../running-pods.ts';
import { silencingFault } from '../silent-nodes.ts';
import { defineInvariant } from './invariant.ts';

const EVICTOR = /\/taint-eviction$/;
const SILENCE: ReadonlySet<string> = new Set(['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable']);

export const healthyPodsNotEvicted = defineInvariant({
  name: 'healthy-pods-not-evicted',
  id: 'I8',
  summary: 'no pod whose containers run is evicted for the silence of its node',
  excusedBy: (circumstances) => {
    const fault = silencingFault(circumstances);
    return fault === undefined ? undefined : `after ${fault} a node may seem silent that is well (kubernetes/kubernetes#77864)`;
  },
  create: (probe) => {
    const running = runningPods(probe);
    /** The last pod written: the write that is about to be announced may be its deletion. */
    let last: Pod | undefined;
    probe.onCommit('Pod', (_type, old) => {
      last = old;
    });
    probe.onWrite(({ client, verb, kind, key, isDone }) => {
      if (!isDone || verb !== 'delete' || kind !== 'Pod' || !EVICTOR.test(client)) return;
      const pod = last;
      if (pod === undefined || `${pod.metadata.namespace}/${pod.metadata.name}` !== key || !running.has(pod.metadata.uid)) return;
      const { nodeName } = pod.spec;
      const silence = probe.store.get('Node', nodeName)?.spec.taints.find((taint) => SILENCE.has(taint.key));
      if (silence === undefined) return;
      const state = isPodReady(pod) ? 'ready' : 'called not ready';
      probe.report(`${key}, ${state}, is evicted while its containers run on ${nodeName}, for ${silence.key}`, [
        `pod/${key}`,
        `node/${nodeName}`,
      ]);
    });
    return {};
  },
});
