import { describe, expect, test } from 'vitest';
import { FINALIZER_JOB_TRACKING } from '../../../src/controllers/job-plan.ts';
import type { Job, JobStatus } from '../../../src/objects/job.ts';
import { jobsCountTrue } from '../../../src/testing/invariants/jobs-count-true.ts';
import { newJob } from '../../controllers/objects.ts';
import { FakeProbe } from '../../support/fake-probe.ts';

const MANAGER = 'component/kube-controller-manager';

function report(probe: FakeProbe, job: Job, status: Partial<JobStatus>): void {
  probe.change(job, (now) => ({ ...now, status: { ...now.status, ...status } }));
}

describe('jobs-count-true', () => {
  test('is silent about a Job that counts what has ended and starts what is missing', () => {
    const probe = new FakeProbe(jobsCountTrue);
    const job = probe.put(newJob('sum', { completions: 2 }));
    probe.finish(probe.pod('a', { owner: job }), 'Failed');
    report(probe, job, { failed: 1 });
    probe.finish(probe.pod('b', { owner: job }));
    probe.pod('c', { owner: job });
    report(probe, job, { succeeded: 1 });
    expect(probe.reports).toEqual([]);
  });

  test('reports a pod that is counted twice, and not when the controller manager has forgotten what it counted', () => {
    for (const isForgetful of [false, true]) {
      const probe = new FakeProbe(jobsCountTrue);
      const job = probe.put(newJob('sum', { completions: 3 }));
      if (isForgetful) probe.fault(1, 'component-crash', MANAGER, 'start');
      probe.finish(probe.pod('a', { owner: job }));
      report(probe, job, { succeeded: 2 });
      expect(probe.reports).toEqual(
        isForgetful ? [] : ['0s job/default/sum counts 2 successes, and 1 pods have ended so [job/default/sum]'],
      );
    }
  });

  test('reports a pod that is let go uncounted, but for one that was being deleted when it succeeded', () => {
    for (const isDeleted of [false, true]) {
      const probe = new FakeProbe(jobsCountTrue);
      const job = probe.put(newJob('sum', { completions: 3 }));
      const finalizers = [FINALIZER_JOB_TRACKING];
      const pod = probe.change(probe.pod('a', { owner: job }), (now) => ({ ...now, metadata: { ...now.metadata, finalizers } }));
      if (isDeleted) probe.terminate(pod);
      probe.finish(pod);
      if (isDeleted) report(probe, job, { failed: 1 });
      probe.change(pod, (now) => ({ ...now, metadata: { ...now.metadata, finalizers: [] } }));
      expect(probe.reports).toHaveLength(isDeleted ? 0 : 1);
    }
  });

  test('reports a pod that is started for work that is done, refusals or not', () => {
    const probe = new FakeProbe(jobsCountTrue);
    const job = probe.put(newJob('sum', { completions: 1 }));
    probe.fault(1, 'request-refusal', MANAGER, 'start');
    probe.finish(probe.pod('a', { owner: job }));
    probe.pod('b', { owner: job });
    expect(probe.reports).toEqual([
      '0s job/default/sum starts default/b for 1 completions, with 1 done and 0 at work [job/default/sum pod/default/b]',
    ]);
  });
});
