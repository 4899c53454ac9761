/**
 * jobs-done-once: a Job counts no more successes than it asked for, never counts backwards, and starts nothing once it is
 * over.
 *
 * I14 of the oracles: work that was done is not done again because somebody forgot it (kubernetes/kubernetes#78721, #81227,
 * #130683).
 *
 * Allowed   - a controller manager that crashed, whose requests were lost or whose view of the Job is old may start a pod too
 *             many, until 130 s after that, or 70 s where no request was lost; that pod's success counts too
 *           - a pod that was started less than 5 s after the end
 * Cost      O(1) per write of a Job, and per new pod of one
 */
import { SECOND_US } from '../../engine/units.ts';
import { finishedCondition, type Job } from '../../objects/job.ts';
import { controllerOf, keyOf } from '../../objects/meta.ts';
import { blinding, blindnessUs, FaultWindow } from '../fault-window.ts';
import { defineInvariant } from './invariant.ts';

const LAG_US = 5 * SECOND_US;
const MANAGER = /controller-manager/;

export const jobsDoneOnce = defineInvariant({
  name: 'jobs-done-once',
  id: 'I14',
  summary: 'no Job does more than it was asked for, or does it twice',
  create: (probe) => {
    const window = new FaultWindow(probe, { opens: blinding(probe, MANAGER), graceUs: blindnessUs });
    /** Jobs that are over, with when they were. */
    const overAtUs = new Map<string, number>();
    /** Jobs that had a pod started while the window was open. */
    const forgiven = new Set<string>();

    probe.onCommit('Job', (type, old, job) => {
      if (job === undefined) {
        overAtUs.delete(old!.metadata.uid);
        forgiven.delete(old!.metadata.uid);
        return;
      }
      const { uid } = job.metadata;
      const name = `job/${keyOf(job)}`;
      if (finishedCondition(job) !== undefined) {
        if (!overAtUs.has(uid)) overAtUs.set(uid, probe.nowUs());
      } else if (overAtUs.has(uid)) {
        probe.report(`${name} was over and is not any more`, [name]);
      }
      if (type === 'ADDED' || old === undefined) return;
      for (const counter of ['succeeded', 'failed'] as const) {
        const [before, after] = [old.status[counter], job.status[counter]];
        if (after < before) probe.report(`${name} counted ${before} ${counter} pods and now ${after}`, [name]);
      }
      const most = mostSuccesses(old, job);
      if (job.status.succeeded > most && job.status.succeeded > old.status.succeeded && !forgiven.has(uid)) {
        probe.report(`${name} wants ${most} completions and counts ${job.status.succeeded}`, [name]);
      }
    });
    probe.onCommit('Pod', (type, _old, pod) => {
      if (type !== 'ADDED') return;
      const owner = controllerOf(pod!);
      if (owner?.kind !== 'Job') return;
      if (window.isOpen) {
        forgiven.add(owner.uid);
        return;
      }
      const overUs = overAtUs.get(owner.uid);
      if (overUs === undefined || probe.nowUs() - overUs < LAG_US) return;
      const name = `job/${pod!.metadata.namespace}/${owner.name}`;
      const since = Math.floor((probe.nowUs() - overUs) / SECOND_US);
      probe.report(`${name} started ${keyOf(pod!)} although it has been over for ${since} s`, [name, `pod/${keyOf(pod!)}`]);
    });
    return {};
  },
});

/** The larger of what was wanted before and after a write: completions can be changed for indexed Jobs. */
function mostSuccesses(old: Job, job: Job): number {
  return Math.max(old.spec.completions ?? Infinity, job.spec.completions ?? Infinity);
}
