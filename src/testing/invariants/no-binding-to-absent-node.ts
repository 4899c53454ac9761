/**
 * no-binding-to-absent-node: no pod is bound to a node that is not there.
 *
 * I7 of the oracles: a ghost node in the scheduler's cache takes pods that nobody will ever run (kubernetes/kubernetes#56261,
 * #94437). The API server itself does not check the node of a binding.
 *
 * Allowed   - a node that went less than 5 s ago, for a scheduler that decides and binds with what it knew
 *           - a scheduler whose watch is late, or whose process or server stands still or shows old state
 * Cost      O(1) per binding
 */
import { SECOND_US } from '../../engine/units.ts';
import { keyOf } from '../../objects/meta.ts';
import { blinding, blindnessUs, FaultWindow } from '../fault-window.ts';
import { defineInvariant } from './invariant.ts';

const LAG_US = 5 * SECOND_US;

export const noBindingToAbsentNode = defineInvariant({
  name: 'no-binding-to-absent-node',
  id: 'I7',
  summary: 'no pod is bound to a node that does not exist',
  create: (probe) => {
    const window = new FaultWindow(probe, { opens: blinding(probe, /scheduler/), graceUs: blindnessUs });
    const goneAtUs = new Map<string, number>();
    probe.onCommit('Node', (type, old) => {
      if (type === 'DELETED') goneAtUs.set(old!.metadata.name, probe.nowUs());
    });
    probe.onCommit('Pod', (_type, old, pod) => {
      if (old === undefined || pod === undefined || pod.spec.nodeName === old.spec.nodeName) return;
      const { nodeName } = pod.spec;
      if (probe.store.get('Node', nodeName) !== undefined) return;
      const goneUs = goneAtUs.get(nodeName);
      if (goneUs !== undefined && probe.nowUs() - goneUs < LAG_US) return;
      if (window.isOpen) return;
      const since = goneUs === undefined ? 'never was' : `has been gone for ${Math.floor((probe.nowUs() - goneUs) / SECOND_US)} s`;
      probe.report(`${keyOf(pod)} was bound to ${nodeName}, which ${since}`, [`pod/${keyOf(pod)}`, `node/${nodeName}`]);
    });
    return {};
  },
});
