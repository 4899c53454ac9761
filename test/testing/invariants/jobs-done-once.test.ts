import { describe, expect, test } from 'vitest';
import type { Job, JobStatus } from '../../../src/objects/job.ts';
import { jobsDoneOnce } from '../../../src/testing/invariants/jobs-done-once.ts';
import { newJob } from '../../controllers/objects.ts';
import { FakeProbe } from '../../support/fake-probe.ts';

const COMPLETE = { type: 'Complete', status: 'True' as const, reason: '', message: '', lastTransitionTime: 0 };

function report(probe: FakeProbe, job: Job, status: Partial<JobStatus>): void {
  probe.change(job, (now) => ({ ...now, status: { ...now.status, ...status } }));
}

describe('jobs-done-once', () => {
  test('is silent about a Job that fails, succeeds and is over', () => {
    const probe = new FakeProbe(jobsDoneOnce);
    const job = probe.put(newJob('sum', { completions: 2 }));
    probe.pod('a', { owner: job });
    report(probe, job, { failed: 1 });
    report(probe, job, { succeeded: 1 });
    probe.pod('b', { owner: job });
    report(probe, job, { succeeded: 2, conditions: [COMPLETE] });
    probe.to(3);
    probe.pod('late', { owner: job });
    probe.remove(job);
    expect(probe.reports).toEqual([]);
  });

  test('reports a success too many, counters that fall, and an end that is taken back', () => {
    const probe = new FakeProbe(jobsDoneOnce);
    const job = probe.put(newJob('sum', { completions: 1 }));
    report(probe, job, { succeeded: 2, conditions: [COMPLETE] });
    report(probe, job, { succeeded: 1 });
    report(probe, job, { conditions: [] });
    expect(probe.reports).toEqual([
      '0s job/default/sum wants 1 completions and counts 2 [job/default/sum]',
      '0s job/default/sum counted 2 succeeded pods and now 1 [job/default/sum]',
      '0s job/default/sum was over and is not any more [job/default/sum]',
    ]);
  });

  test('reports a pod that is started after the end', () => {
    const probe = new FakeProbe(jobsDoneOnce);
    const job = probe.put(newJob('sum'));
    report(probe, job, { succeeded: 1, conditions: [COMPLETE] });
    probe.to(6);
    probe.pod('again', { owner: job });
    expect(probe.reports).toEqual([
      '6s job/default/sum started default/again although it has been over for 6 s [job/default/sum pod/default/again]',
    ]);
  });

  test('lets a controller manager off that forgot a pod, and the success of that pod', () => {
    const probe = new FakeProbe(jobsDoneOnce);
    const job = probe.put(newJob('sum'));
    probe.fault(1, 'component-crash', 'component/kube-controller-manager', 'start');
    probe.pod('a', { owner: job });
    probe.pod('b', { owner: job });
    probe.fault(1, 'component-crash', 'component/kube-controller-manager', 'heal');
    probe.to(100);
    report(probe, job, { succeeded: 2 });
    expect(probe.reports).toEqual([]);
  });
});
