/**
 * processes-match: in the end exactly the containers of the pods that are bound and not finished run, each on the pod's own
 * node.
 *
 * The API and the machines agree: no process of a deleted pod goes on (kubernetes/kubernetes#59848), none that should run is
 * missing. A container that crashes over and over may be down between two of its runs.
 *
 * Cost      one look at every pod and every process, when goals are looked at
 */
import { compareCodeUnits } from '../../base/compare.ts';
import { keyOf } from '../../objects/meta.ts';
import { isTerminal, type Pod } from '../../objects/pod.ts';
import { defineInvariant } from './invariant.ts';

const SHOWN_MAX = 5;

export const processesMatch = defineInvariant({
  name: 'processes-match',
  id: '',
  summary: 'exactly the containers run that the API server knows of, on their own nodes',
  create: (probe) => {
    // Followed from the beginning on: asked only in the end, it would have missed every start.
    probe.runningContainers();
    return {
      unsettled: () => {
        const lines: string[] = [];
        const pods = new Map(probe.store.list('Pod').map((pod) => [pod.metadata.uid, pod]));
        const running = new Set<string>();
        for (const { nodeName, podUid, namespace, podName, container } of probe.runningContainers()) {
          const pod = pods.get(podUid);
          running.add(`${podUid}/${container}`);
          const what = `pod/${namespace}/${podName} runs ${container} on node/${nodeName}`;
          if (pod === undefined) lines.push(`${what} although it is gone`);
          else if (isTerminal(pod)) lines.push(`${what} although it is ${pod.status.phase}`);
          else if (pod.spec.nodeName !== nodeName) lines.push(`${what} although it belongs on node/${pod.spec.nodeName}`);
        }
        for (const pod of pods.values()) for (const name of missing(pod, running)) lines.push(name);
        return lines.sort(compareCodeUnits).slice(0, SHOWN_MAX);
      },
    };
  },
});

/** Containers that the pod's status says are running, and no machine runs. */
function missing(pod: Pod, running: ReadonlySet<string>): string[] {
  if (pod.spec.nodeName === '' || isTerminal(pod)) return [];
  return pod.status.containerStatuses
    .filter(({ name, current }) => current.state === 'running' && !running.has(`${pod.metadata.uid}/${name}`))
    .map(({ name }) => `pod/${keyOf(pod)} says that ${name} runs on node/${pod.spec.nodeName}, and it does not`);
}
