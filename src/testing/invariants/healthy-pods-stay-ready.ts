/**
 * healthy-pods-stay-ready: a pod whose containers run and are ready is never called not ready.
 *
 * I5 of the oracles, seen from the machines: services send requests to Ready pods only, so a control plane that calls
 * healthy pods not ready because it cannot hear their nodes empties every service while the workloads serve fine
 * (kubernetes/kubernetes#77864, #105617, #85221). Upstream does so by design after 50 s of silence.
 *
 * Judged    when Ready goes from True to False while the kubelet's own word (ContainersReady) is still True and a
 *           container of the pod runs
 */
import { isDeleting, keyOf } from '../../objects/meta.ts';
import { type Pod, podCondition } from '../../objects/pod.ts';
import { runningPods } from '../running-pods.ts';
import { silencingFault } from '../silent-nodes.ts';
import { defineInvariant } from './invariant.ts';

export const healthyPodsStayReady = defineInvariant({
  name: 'healthy-pods-stay-ready',
  id: 'I5',
  summary: 'no pod whose containers run and are ready is called not ready',
  excusedBy: (circumstances) => {
    const fault = silencingFault(circumstances);
    return fault === undefined ? undefined : `after ${fault} a node may seem silent that is well (kubernetes/kubernetes#77864)`;
  },
  create: (probe) => {
    const running = runningPods(probe);
    probe.onCommit('Pod', (_type, old, pod) => {
      if (old === undefined || pod === undefined || isDeleting(pod)) return;
      if (!isTrue(old, 'Ready') || isTrue(pod, 'Ready') || !isTrue(pod, 'ContainersReady')) return;
      if (!running.has(pod.metadata.uid)) return;
      const key = keyOf(pod);
      const { nodeName } = pod.spec;
      probe.report(`${key} is called not ready while its containers run on ${nodeName} and are ready`, [`pod/${key}`, `node/${nodeName}`]);
    });
    return {};
  },
});

function isTrue(pod: Pod, condition: string): boolean {
  return podCondition(pod, condition)?.status === 'True';
}
