import { describe, expect, test } from 'vitest';
import type { Pod } from '../../../src/objects/pod.ts';
import { healthyPodsStayReady } from '../../../src/testing/invariants/healthy-pods-stay-ready.ts';
import { FakeProbe } from '../../support/fake-probe.ts';

/** Says what the API server is told of a running pod: by the control plane, and by its kubelet. */
function say(probe: FakeProbe, pod: Pod, ready: boolean, containersReady: boolean): Pod {
  const condition = (type: string, isTrue: boolean) => {
    return { type, status: isTrue ? ('True' as const) : ('False' as const), reason: '', message: '', lastTransitionTime: 0 };
  };
  const conditions = [condition('Ready', ready), condition('ContainersReady', containersReady)];
  return probe.change(pod, (now) => ({ ...now, status: { ...now.status, phase: 'Running', conditions } }));
}

function running(): { probe: FakeProbe; pod: Pod } {
  const probe = new FakeProbe(healthyPodsStayReady);
  const pod = probe.bind(probe.pod('web'), 'n1');
  probe.process(pod, 'started');
  return { probe, pod: say(probe, pod, true, true) };
}

describe('healthy-pods-stay-ready', () => {
  test('is silent when the kubelet itself says so, when nothing runs any more, and when the pod is on its way out', () => {
    const told = running();
    say(told.probe, told.pod, false, false);
    expect(told.probe.reports).toEqual([]);
    const stopped = running();
    stopped.probe.process(stopped.pod, 'stopped');
    say(stopped.probe, stopped.pod, false, true);
    expect(stopped.probe.reports).toEqual([]);
    const going = running();
    say(going.probe, going.probe.terminate(going.pod), false, true);
    expect(going.probe.reports).toEqual([]);
  });

  test('reports a pod that is called not ready while it serves', () => {
    const { probe, pod } = running();
    say(probe, pod, false, true);
    expect(probe.reports).toEqual([
      '0s default/web is called not ready while its containers run on n1 and are ready [pod/default/web node/n1]',
    ]);
  });
});
