/**
 * refusals-justified: no kubelet refuses a pod that its node suits, or that has run there.
 *
 * Part of I2 of the oracles, for labels where no-overcommit is for room: a kubelet checks pods against its own view of its
 * node, which may be older than the scheduler's (kubernetes/kubernetes#93338), and once more when it starts, although
 * required affinity is for scheduling only (kubernetes/kubernetes#123980).
 *
 * Judged    at each refusal for NodeAffinity, by the Node as it is stored
 * Cost      one uid for every pod with processes
 */
import { matchesNode } from '../../kubelet/admission.ts';
import { podStartTopic } from '../../kubelet/topics.ts';
import { defineInvariant } from './invariant.ts';

export const refusalsJustified = defineInvariant({
  name: 'refusals-justified',
  id: 'I2',
  summary: 'no kubelet refuses a pod for labels that its node has, or that has run there',
  excusedBy: ({ hurtsMachines, strikes }) => {
    if (hurtsMachines) return 'kubelets that start look at all of their pods as if they were new (kubernetes/kubernetes#123980)';
    return strikes('watch-lag', /^node\//) || strikes('watch-drop', /^node\//)
      ? 'a kubelet may know an older state of its node than the scheduler (kubernetes/kubernetes#93338)'
      : undefined;
  },
  create: (probe) => {
    const started = new Set<string>();
    probe.onContainer(({ phase, podUid }) => {
      if (phase === 'started') started.add(podUid);
    });
    probe.onCommit('Pod', (type, old) => {
      if (type === 'DELETED') started.delete(old!.metadata.uid);
    });
    probe.on(podStartTopic, ({ stage, detail, nodeName, namespace, podName, podUid }) => {
      if (stage !== 'refused' || detail !== 'NodeAffinity') return;
      const key = `${namespace}/${podName}`;
      const pod = probe.store.get('Pod', key);
      const node = probe.store.get('Node', nodeName);
      const subjects = [`pod/${key}`, `node/${nodeName}`];
      if (started.has(podUid)) probe.report(`${key} was refused by ${nodeName}, where it has run (${detail})`, subjects);
      else if (pod?.metadata.uid === podUid && node !== undefined && matchesNode(pod, node)) {
        probe.report(`${key} was refused by ${nodeName}, which has what it asks for (${detail})`, subjects);
      }
    });
    return {};
  },
});
