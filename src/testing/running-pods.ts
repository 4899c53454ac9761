/**
 * RunningPods: pods that have a process somewhere, by what the machines say.
 *
 * Cost      O(1) per start and end of a container
 */
import type { Probe } from './invariants/invariant.ts';

/** Uids, kept as containers start and stop. To be asked for while the invariant is made: nothing runs before that. */
export function runningPods(probe: Probe): { has(podUid: string): boolean } {
  const containers = new Map<string, number>();
  probe.onContainer(({ phase, podUid }) => {
    const count = (containers.get(podUid) ?? 0) + (phase === 'started' ? 1 : -1);
    if (count <= 0) containers.delete(podUid);
    else containers.set(podUid, count);
  });
  return containers;
}
