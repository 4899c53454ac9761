/**
 * queues-do-not-starve: a key that is added to a controller's work queue is worked on.
 *
 * A worker that dies, waits for ever, or forgets to say that it is done with a key leaves the key to wait for good
 * (kubernetes/kubernetes#63465 is such a wait). 5 min is more than any worker needs that is not itself kept waiting.
 *
 * Allowed   - a process that is down or stands still: what it had queued is lost with it, or waits with it
 *           - requests of the controller manager that are slow, refused or lost, and servers that are away: counted anew from
 *             their end
 *           - 2 s for every key that waited before (10 requests at 20 a second, four times over)
 * Differs   whether a queue still lives and is served is read when the sweep is told of, at most a hundred records after its time
 * Cost      O(1) per key added and taken; a look at the oldest key of every queue once a minute
 */

import { type WorkQueue, workQueueTopic } from '../../client/work-queue.ts';
import { MINUTE_US, SECOND_US } from '../../engine/units.ts';
import { blinding, blindnessUs, FaultWindow } from '../fault-window.ts';
import { defineInvariant } from './invariant.ts';

const BOUND_US = 5 * MINUTE_US;
const PER_KEY_US = 2 * SECOND_US;
const SWEEP_US = MINUTE_US;

export const queuesDoNotStarve = defineInvariant({
  name: 'queues-do-not-starve',
  id: 'I15',
  summary: 'no key waits in a work queue for ever',
  create: (probe) => {
    const window = new FaultWindow(probe, { opens: blinding(probe, /controller-manager/), graceUs: blindnessUs });
    const waits = new Map<WorkQueue, Waits>();
    let isSweepPlanned = false;

    const planSweep = (): void => {
      isSweepPlanned = true;
      probe.at(probe.nowUs() + SWEEP_US, sweep);
    };
    const sweep = (): void => {
      isSweepPlanned = false;
      for (const [queue, entry] of waits) {
        if (queue.isAlive) look(queue, entry);
        else waits.delete(queue);
        if (entry.sinceUs.size > 0 && !isSweepPlanned) planSweep();
      }
    };
    const look = (queue: WorkQueue, { component, sinceUs, countedFromUs }: Waits): void => {
      const nowUs = probe.nowUs();
      const boundUs = BOUND_US + sinceUs.size * PER_KEY_US;
      // Oldest first.
      for (const [key, addedUs] of sinceUs) {
        const fromUs = Math.max(addedUs, countedFromUs);
        if (nowUs - fromUs < boundUs) return;
        if (!queue.isServed || window.wasOpenSince(fromUs)) {
          waits.get(queue)!.countedFromUs = nowUs;
          return;
        }
        sinceUs.delete(key);
        const seconds = Math.floor((nowUs - addedUs) / SECOND_US);
        probe.report(`${key} has waited for ${seconds} s in the queue ${queue.name} of ${component}`, [`component/${component}`]);
      }
    };
    probe.on(workQueueTopic, ({ component, queue, key, phase }) => {
      let entry = waits.get(queue);
      if (entry === undefined) {
        entry = { component, sinceUs: new Map(), countedFromUs: -Infinity };
        waits.set(queue, entry);
      }
      if (phase === 'taken') {
        entry.sinceUs.delete(key);
        return;
      }
      entry.sinceUs.set(key, probe.nowUs());
      if (!isSweepPlanned) planSweep();
    });
    return {};
  },
});

interface Waits {
  readonly component: string;
  /** Keys that wait, oldest first. */
  readonly sinceUs: Map<string, number>;
  /** Waits from before do not count. */
  countedFromUs: number;
}
