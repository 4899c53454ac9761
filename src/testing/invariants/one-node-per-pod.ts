/**
 * one-node-per-pod: a pod that was given a node keeps it.
 *
 * The binding subresource refuses a second node (pkg/registry/core/pod/storage, v1.34); everything else in the cluster
 * relies on it.
 */
import { keyOf } from '../../objects/meta.ts';
import { defineInvariant } from './invariant.ts';

export const oneNodePerPod = defineInvariant({
  name: 'one-node-per-pod',
  id: '',
  summary: 'no pod ever changes its node',
  create: (probe) => {
    probe.onCommit('Pod', (_type, old, pod) => {
      if (old === undefined || pod === undefined) return;
      const before = old.spec.nodeName;
      const after = pod.spec.nodeName;
      if (before === after || before === '' || old.metadata.uid !== pod.metadata.uid) return;
      probe.report(`pod/${keyOf(pod)} went from ${before} to ${after === '' ? 'no node' : after}`, [`pod/${keyOf(pod)}`, `node/${before}`]);
    });
    return {};
  },
});
