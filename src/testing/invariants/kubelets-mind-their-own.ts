/**
 * kubelets-mind-their-own: a kubelet writes to pods of its own node only, and takes a pod out of the API when nothing of it
 * runs any more.
 *
 * A kubelet that lags speaks of pods that are long gone; their names may belong to others by then, which is why it names the
 * uid in all it writes (pkg/kubelet/status/status_manager.go, v1.34). That the API object outlives the processes is what
 * keeps a successor waiting (kubernetes/kubernetes#106884).
 *
 * Cost      O(1) per write of a pod; one look at the processes per pod that goes
 */
import { keyOf } from '../../objects/meta.ts';
import type { Pod } from '../../objects/pod.ts';
import { defineInvariant } from './invariant.ts';

const KUBELET = 'kubelet/';

export const kubeletsMindTheirOwn = defineInvariant({
  name: 'kubelets-mind-their-own',
  id: 'I1',
  summary: 'kubelets write to pods of their own node only, and remove them when their processes have ended',
  create: (probe) => {
    // Followed from the beginning on.
    probe.runningContainers();
    /** The pod that was removed last: perhaps by the write that is about to be announced. */
    let removed: Pod | undefined;
    probe.onCommit('Pod', (type, old) => {
      if (type === 'DELETED') removed = old;
    });
    probe.onWrite(({ client, verb, kind, key, isDone }) => {
      if (kind !== 'Pod' || !isDone || !client.startsWith(KUBELET)) return;
      const nodeName = client.slice(KUBELET.length);
      const isRemoval = verb === 'delete' && removed !== undefined && keyOf(removed) === key;
      const pod = isRemoval ? removed! : probe.store.get('Pod', key);
      removed = undefined;
      if (pod === undefined) return;
      const { nodeName: own } = pod.spec;
      if (own === nodeName && !isRemoval) return;
      const subjects = [`pod/${key}`, `node/${nodeName}`];
      if (own !== nodeName) probe.report(`the kubelet of ${nodeName} writes to ${key} of ${own === '' ? 'no node' : own}`, subjects);
      if (!isRemoval) return;
      for (const { podUid, container } of probe.runningContainers()) {
        if (podUid !== pod.metadata.uid) continue;
        probe.report(`the kubelet of ${nodeName} removes ${key} while its ${container} runs`, subjects);
        return;
      }
    });
    return {};
  },
});
