/**
 * one-leader: a lease is not taken while its holder still renews it, and who has lost it stops writing.
 *
 * What leader election promises, as far as it does: there is no fencing, so that a leader that stood still may write when it
 * goes on (client-go tools/leaderelection, v1.34).
 *
 * Allowed   - requests under way when the lease went, and what a process that was frozen, or whose requests are slow, still sends:
 *             for 60 s, which is the time-out of a request
 * Cost      O(1) per write of a lease and per request
 */
import { MINUTE_US, SECOND_US } from '../../engine/units.ts';
import type { Lease } from '../../objects/cluster.ts';
import { keyOf } from '../../objects/meta.ts';
import { FaultWindow } from '../fault-window.ts';
import { defineInvariant } from './invariant.ts';

/** Longest way of a request, throttled and retried. */
const LATE_US = MINUTE_US;
const DELAYING: ReadonlySet<string> = new Set(['component-freeze', 'slow-requests', 'lost-request', 'lost-reply', 'partition']);

interface Loss {
  readonly lease: string;
  readonly atUs: number;
}

export const oneLeader = defineInvariant({
  name: 'one-leader',
  id: '',
  summary: 'leases change hands only when they have run out, and who has lost one stops writing',
  create: (probe) => {
    const renewedAtUs = new Map<string, number>();
    /** Processes that led and do not any more. */
    const losses = new Map<string, Loss>();
    const window = new FaultWindow(probe, { opens: ({ kind }) => DELAYING.has(kind), graceUs: LATE_US });

    const noteTransfer = (key: string, old: Lease, next: Lease): void => {
      const from = old.spec.holderIdentity;
      const to = next.spec.holderIdentity;
      losses.delete(to);
      if (from === to || from === '') return;
      losses.set(from, { lease: key, atUs: probe.nowUs() });
      const heldUs = probe.nowUs() - (renewedAtUs.get(key) ?? -Infinity);
      if (heldUs >= old.spec.leaseDurationSeconds * SECOND_US) return;
      const since = (heldUs / SECOND_US).toFixed(1);
      probe.report(`${to} takes the lease ${key} of ${from}, who renewed it ${since} s ago`, [`lease/${key}`]);
    };

    probe.onCommit('Lease', (type, old, next) => {
      const key = keyOf((next ?? old)!);
      if (type === 'MODIFIED') noteTransfer(key, old!, next!);
      if (next === undefined) renewedAtUs.delete(key);
      else renewedAtUs.set(key, probe.nowUs());
    });
    probe.onWrite(({ component, client, kind, key }) => {
      if (losses.size === 0 || kind === 'Lease') return;
      const loss = losses.get(component);
      if (loss === undefined || probe.nowUs() - loss.atUs <= LATE_US || window.isOpen) return;
      losses.delete(component);
      const since = Math.floor((probe.nowUs() - loss.atUs) / SECOND_US);
      const what = `${kind.toLowerCase()}/${key}`;
      probe.report(`${client} writes ${what} ${since} s after another took its lease`, [what, `lease/${loss.lease}`]);
    });
    return {};
  },
});
