import { describe, expect, test } from 'vitest';
import type { Pod } from '../../../src/objects/pod.ts';
import { processesMatch } from '../../../src/testing/invariants/processes-match.ts';
import { FakeProbe } from '../../support/fake-probe.ts';

function claimRunning(probe: FakeProbe, pod: Pod): void {
  const main = { name: 'main', ready: true, started: true, image: '', current: { state: 'running' as const, startedAt: 0 } };
  const rest = { restartCount: 0, last: undefined, resources: undefined, allocatedResources: undefined };
  probe.change(pod, (now) => ({ ...now, status: { ...now.status, containerStatuses: [{ ...main, ...rest }] } }));
}

describe('processes-match', () => {
  test('is content with processes that the API server knows of', () => {
    const probe = new FakeProbe(processesMatch);
    const pod = probe.bind(probe.pod('a'), 'n1');
    probe.process(pod, 'started');
    claimRunning(probe, pod);
    const done = probe.bind(probe.pod('b'), 'n1');
    probe.process(done, 'started');
    probe.process(done, 'stopped');
    probe.finish(done);
    expect(probe.unsettled).toEqual([]);
  });

  test('misses the end of processes of pods that are gone, finished or elsewhere', () => {
    const probe = new FakeProbe(processesMatch);
    const [gone, done, moved] = ['a', 'b', 'c'].map((name) => probe.bind(probe.pod(name), 'n1'));
    for (const pod of [gone!, done!]) probe.process(pod, 'started');
    probe.process(moved!, 'started', 'n2');
    probe.remove(gone!);
    probe.finish(done!);
    expect(probe.unsettled).toEqual([
      'pod/default/a runs main on node/n1 although it is gone',
      'pod/default/b runs main on node/n1 although it is Succeeded',
      'pod/default/c runs main on node/n2 although it belongs on node/n1',
    ]);
  });

  test('misses processes that only the API server knows of', () => {
    const probe = new FakeProbe(processesMatch);
    claimRunning(probe, probe.bind(probe.pod('a'), 'n1'));
    expect(probe.unsettled).toEqual(['pod/default/a says that main runs on node/n1, and it does not']);
  });
});
