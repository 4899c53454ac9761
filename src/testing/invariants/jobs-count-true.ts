/**
 * jobs-count-true: a Job counts each of its pods once: never more than have ended, and none is let go before it is counted; and it starts
 * no pod for work that is done or under way.
 *
 * I14 of the oracles, held against the pods themselves: what tracking by finalizers is for (kubernetes/kubernetes#81227; KEP-2307: the
 * uid goes into the status before the finalizer goes from the pod).
 *
 * Allowed   - a controller manager that crashed, or whose requests were lost, has forgotten which finalizers it has removed, and may count a
 *             pod again, or start one too many: for 130 s, or 70 s where no request was lost, or until its watch has caught up. Requests that are refused make nobody forget
 *           - a controller manager that hears late starts a pod too many: the Job and its pods are heard of apart
 * Cost      O(1) per write of a Job or of one of its pods; O(active pods of the Job) per pod it starts
 */
import { completionIndexOf, hasTrackingFinalizer } from '../../controllers/job-plan.ts';
import { finishedCondition, type Job } from '../../objects/job.ts';
import { controllerOf, isDeleting, keyOf } from '../../objects/meta.ts';
import { isActive, isTerminal, type Pod } from '../../objects/pod.ts';
import { blinding, blindnessUs, delaying, type FaultPredicate, FaultWindow, forgetting } from '../fault-window.ts';
import { defineInvariant, type Probe } from './invariant.ts';

const MANAGER = /controller-manager/;

export const jobsCountTrue = defineInvariant({
  name: 'jobs-count-true',
  id: 'I14',
  summary: 'a Job counts every pod once, and starts none for work that is done',
  create: (probe) => {
    const book = new Counts(probe);
    probe.onCommit('Job', (type, old, job) => book.noteJob(type, old, job));
    probe.onCommit('Pod', (type, old, pod) => book.notePod(type === 'ADDED', old, pod));
    return {};
  },
});

/** The pods of one Job. */
interface Ledger {
  readonly active: Map<string, Pod>;
  /** Uids. */
  readonly succeeded: Set<string>;
  readonly failed: Set<string>;
  /** Those that succeeded before anybody wanted them gone: a pod on its way out counts as failed, whatever becomes of it. */
  doneCount: number;
  /** Completion indexes of these. */
  readonly doneIndexes: Set<number>;
  releasedCount: number;
}

class Counts {
  private readonly probe: Probe;
  private readonly forgetful: FaultWindow;
  private readonly blind: FaultWindow;
  private readonly ledgers: Map<string, Ledger>;

  constructor(probe: Probe) {
    this.probe = probe;
    const butRefusals = (predicate: FaultPredicate): FaultPredicate => {
      return (fault) => fault.kind !== 'request-refusal' && predicate(fault);
    };
    this.forgetful = new FaultWindow(probe, {
      opens: butRefusals(forgetting(probe, MANAGER)),
      extends: delaying(MANAGER),
      graceUs: blindnessUs,
    });
    this.blind = new FaultWindow(probe, { opens: butRefusals(blinding(probe, MANAGER)), graceUs: blindnessUs });
    this.ledgers = new Map();
  }

  noteJob(type: string, old: Job | undefined, job: Job | undefined): void {
    if (job === undefined) {
      this.ledgers.delete(old!.metadata.uid);
      return;
    }
    const { uid } = job.metadata;
    if (type === 'ADDED') {
      this.ledgers.set(uid, {
        active: new Map(),
        succeeded: new Set(),
        failed: new Set(),
        doneCount: 0,
        doneIndexes: new Set(),
        releasedCount: 0,
      });
      return;
    }
    const ledger = this.ledgers.get(uid);
    if (ledger === undefined || old?.status === job.status || this.forgetful.isOpen) return;
    const { succeeded, failed, uncountedTerminatedPods } = job.status;
    const isIndexed = job.spec.completionMode === 'Indexed';
    // Of an indexed Job the indexes are counted, as soon as they are known.
    this.compare(job, 'successes', succeeded + (isIndexed ? 0 : uncountedTerminatedPods.succeeded.length), ledger.succeeded.size);
    this.compare(job, 'failures', failed + uncountedTerminatedPods.failed.length, ledger.failed.size);
  }

  notePod(isNew: boolean, old: Pod | undefined, pod: Pod | undefined): void {
    const owner = controllerOf((pod ?? old)!);
    if (owner?.kind !== 'Job') return;
    const ledger = this.ledgers.get(owner.uid);
    if (ledger === undefined) return;
    const { uid, namespace } = (pod ?? old)!.metadata;
    if (pod === undefined || !isActive(pod)) ledger.active.delete(uid);
    else ledger.active.set(uid, pod);
    const job = this.probe.store.get('Job', `${namespace}/${owner.name}`);
    if (pod === undefined || job?.metadata.uid !== owner.uid) return;
    if (pod.status.phase === 'Failed' || (isDeleting(pod) && !(old !== undefined && isTerminal(old)))) ledger.failed.add(uid);
    if (pod.status.phase === 'Succeeded' && !ledger.succeeded.has(uid)) {
      ledger.succeeded.add(uid);
      if (!ledger.failed.has(uid)) {
        ledger.doneCount++;
        ledger.doneIndexes.add(completionIndexOf(pod, job));
      }
    }
    if (isNew) this.checkStart(job, ledger, pod);
    else if (hasTrackingFinalizer(old!) && !hasTrackingFinalizer(pod) && pod.status.phase === 'Succeeded')
      this.checkRelease(job, ledger, pod);
  }

  private compare(job: Job, what: string, counted: number, ended: number): void {
    if (counted <= ended) return;
    const name = `job/${keyOf(job)}`;
    this.probe.report(`${name} counts ${counted} ${what}, and ${ended} pods have ended so`, [name]);
  }

  private checkRelease(job: Job, ledger: Ledger, pod: Pod): void {
    if (finishedCondition(job) !== undefined || isDeleting(job) || job.spec.completionMode === 'Indexed') return;
    // Its deletion was seen before its success: it counts as failed.
    if (ledger.failed.has(pod.metadata.uid)) return;
    ledger.releasedCount++;
    const { succeeded, uncountedTerminatedPods } = job.status;
    if (ledger.releasedCount <= succeeded + uncountedTerminatedPods.succeeded.length) return;
    const name = `job/${keyOf(job)}`;
    this.probe.report(`${name} lets ${keyOf(pod)} go, which has succeeded and is counted nowhere`, [name, `pod/${keyOf(pod)}`]);
  }

  private checkStart(job: Job, ledger: Ledger, pod: Pod): void {
    const { completions, completionMode } = job.spec;
    if (completions === undefined || this.blind.isOpen) return;
    const name = `job/${keyOf(job)}`;
    if (completionMode === 'Indexed') {
      const index = completionIndexOf(pod, job);
      const isTaken = [...ledger.active.values()].some((other) => other !== pod && completionIndexOf(other, job) === index);
      if (!isTaken && !ledger.doneIndexes.has(index)) return;
      this.probe.report(`${name} starts ${keyOf(pod)} for index ${index}, which is ${isTaken ? 'at work' : 'done'}`, [
        name,
        `pod/${keyOf(pod)}`,
      ]);
      return;
    }
    const done = ledger.doneCount;
    if (done + ledger.active.size <= completions) return;
    this.probe.report(
      `${name} starts ${keyOf(pod)} for ${completions} completions, with ${done} done and ${ledger.active.size - 1} at work`,
      [name, `pod/${keyOf(pod)}`],
    );
  }
}
