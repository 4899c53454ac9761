import { describe, expect, test } from 'vitest';
import { noDoublePreemption } from '../../../src/testing/invariants/no-double-preemption.ts';
import { FakeProbe } from '../../support/fake-probe.ts';

function preempt(probe: FakeProbe, name: string): void {
  const pod = probe.store.get('Pod', `default/${name}`)!;
  const condition = {
    type: 'DisruptionTarget',
    status: 'True' as const,
    reason: 'PreemptionByScheduler',
    message: '',
    lastTransitionTime: 0,
  };
  probe.terminate(probe.change(pod, (now) => ({ ...now, status: { ...now.status, conditions: [condition] } })));
}

function probeWith(waiting: number): FakeProbe {
  const probe = new FakeProbe(noDoublePreemption);
  for (const node of ['n1', 'n2']) for (const name of ['a', 'b']) probe.bind(probe.pod(`${name}-${node}`), node);
  for (let i = 0; i < waiting; i++) probe.pod(`vip-${i}`, { spec: { priority: 10 } });
  return probe;
}

describe('no-double-preemption', () => {
  test('is silent while one node is cleared for each pod that waits', () => {
    const probe = probeWith(2);
    for (const name of ['a-n1', 'b-n1', 'a-n2']) preempt(probe, name);
    expect(probe.reports).toEqual([]);
  });

  test('reports a second node that is cleared for one pod', () => {
    const probe = probeWith(1);
    for (const name of ['a-n1', 'a-n2']) preempt(probe, name);
    expect(probe.reports).toEqual([
      '0s default/a-n2 goes to make room, which is made on n1 and n2 by now, for 1 pods that wait [pod/default/a-n2 node/n1 node/n2]',
    ]);
  });
});
