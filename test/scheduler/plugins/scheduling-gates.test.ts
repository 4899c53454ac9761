import { expect, test } from 'vitest';
import { ACTION } from '../../../src/scheduler/cluster-event.ts';
import { benchOf, decodedPod, hintsOf, rawPod } from '../decisions.ts';

test('names every gate of a gated pod and lets a pod without gates pass', () => {
  const bench = benchOf({});
  const gated = bench.cluster.podInfos.of(decodedPod(rawPod('p', { spec: { schedulingGates: [{ name: 'a' }, { name: 'b' }] } })));
  const status = bench.profile.runPreEnqueue(gated);
  expect(status).toEqual({
    code: 'UnschedulableAndUnresolvable',
    plugin: 'SchedulingGates',
    reasons: ['waiting for scheduling gates: [a b]'],
  });
  expect(bench.profile.runPreEnqueue(bench.cluster.podInfos.of(decodedPod(rawPod('q')))).code).toBe('Success');
});

test('is woken by the pod itself losing its gates, not by other pods', () => {
  const bench = benchOf({});
  const pod = bench.cluster.podInfos.of(decodedPod(rawPod('p')));
  const action = ACTION.UPDATE_POD_SCHEDULING_GATES_ELIMINATED;
  expect(hintsOf(bench, 'SchedulingGates', 'Pod', action, pod, pod.pod, pod.pod)).toBe(true);
  expect(hintsOf(bench, 'SchedulingGates', 'Pod', action, pod, pod.pod, decodedPod(rawPod('q')))).toBe(false);
});
