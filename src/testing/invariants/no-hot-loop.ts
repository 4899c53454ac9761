/**
 * no-hot-loop: nobody writes the same object over and over.
 *
 * Part of I11 of the oracles (kubernetes/kubernetes#106419, #96579, #130429). More than 120 writes of one client to one object
 * within a minute are a loop; an object that stands for many pods may change with each of them, so 10 more are granted for every
 * replica it wants.
 *
 * Allowed   a scheduler that wants to preempt a pod whose binding was lost on the way, and which is gone by now, tries again at once
 *           until that binding has timed out: upstream's activates the preemptor likewise
 * Differs   refused writes count too: a loop of conflicts is a loop
 * Cost      O(1) per write; memory for the objects written within a minute
 */
import { MINUTE_US } from '../../engine/units.ts';
import type { AnyObject } from '../../objects/kinds.ts';
import { defineInvariant } from './invariant.ts';

const WRITES_MAX = 120;
const WRITES_PER_REPLICA = 10;
/** Leases are made to be written; Events count things up. */
const SKIPPED: ReadonlySet<string> = new Set(['Lease', 'Event']);
const VERBS: ReadonlySet<string> = new Set(['create', 'update', 'patch', 'delete', 'bind', 'evict']);

/** Faults that leave a binding in the air. */
const LOSING: readonly string[] = ['lost-request', 'lost-reply', 'slow-requests', 'partition', 'link-degradation'];

interface Count {
  sinceUs: number;
  writes: number;
  isTold: boolean;
}

export const noHotLoop = defineInvariant({
  name: 'no-hot-loop',
  id: 'I11',
  summary: 'no client writes the same object over and over',
  create: (probe) => {
    let counts = new Map<string, Count>();
    /** Those of the minute before are looked at once more, then forgotten. */
    let older = new Map<string, Count>();
    let turnUs = 0;
    const losesBindings = !probe.isStrict && LOSING.some((fault) => probe.circumstances.strikes(fault));

    probe.onWrite(({ client, verb, kind, key }) => {
      if (SKIPPED.has(kind) || !VERBS.has(verb)) return;
      // The victim is gone, and the preemptor still has no node: both are written at every try.
      if (losesBindings && kind === 'Pod' && client.includes('scheduler') && !probe.store.get('Pod', key)?.spec.nodeName) return;
      const nowUs = probe.nowUs();
      if (nowUs - turnUs > MINUTE_US) {
        older = nowUs - turnUs > 2 * MINUTE_US ? new Map() : counts;
        counts = new Map();
        turnUs = nowUs;
      }
      const name = `${client} ${kind} ${key}`;
      const count = counts.get(name) ?? older.get(name) ?? { sinceUs: nowUs, writes: 0, isTold: false };
      counts.set(name, count);
      if (nowUs - count.sinceUs > MINUTE_US) {
        count.sinceUs = nowUs;
        count.writes = 0;
      }
      if (++count.writes <= WRITES_MAX || count.isTold) return;
      const object = probe.store.get(kind, key) as AnyObject | undefined;
      if (count.writes <= WRITES_MAX + WRITES_PER_REPLICA * replicasOf(object)) return;
      count.isTold = true;
      const what = `${kind.toLowerCase()}/${key}`;
      probe.report(`${client} wrote ${what} ${count.writes} times within a minute`, [what]);
    });
    return {};
  },
});

function replicasOf(object: AnyObject | undefined): number {
  const { replicas, parallelism } = (object as { spec?: { replicas?: unknown; parallelism?: unknown } } | undefined)?.spec ?? {};
  if (typeof replicas === 'number') return replicas;
  return typeof parallelism === 'number' ? parallelism : 0;
}
