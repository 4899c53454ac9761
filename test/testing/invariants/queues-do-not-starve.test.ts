import { describe, expect, test } from 'vitest';
import { WorkQueue, workQueueTopic } from '../../../src/client/work-queue.ts';
import { Engine } from '../../../src/engine/engine.ts';
import { Runtime, type Scope } from '../../../src/engine/process.ts';
import { queuesDoNotStarve } from '../../../src/testing/invariants/queues-do-not-starve.ts';
import { FakeProbe } from '../../support/fake-probe.ts';

const KCM = 'component/kube-controller-manager';

/** A queue whose announcements reach the invariant. */
function probeWithQueue(): { probe: FakeProbe; queue: WorkQueue; scope: Scope } {
  const probe = new FakeProbe(queuesDoNotStarve);
  const engine = new Engine({ seed: 1 });
  engine.observers.on(workQueueTopic, (record) => probe.emit(workQueueTopic, record));
  const scope = new Runtime(engine).scope('kube-controller-manager');
  return { probe, queue: new WorkQueue(scope, 'deployment'), scope };
}

describe('queues-do-not-starve', () => {
  test('is silent about keys that are taken, however often they are added', () => {
    const { probe, queue } = probeWithQueue();
    for (let minute = 0; minute < 30; minute++) {
      probe.to(minute * 60);
      queue.add('default/web');
      queue.done(queue.tryGet()!);
    }
    expect(probe.reports).toEqual([]);
  });

  test('reports a key that nobody takes, and one whose worker never says that it is done', () => {
    const { probe, queue } = probeWithQueue();
    queue.add('default/a');
    queue.tryGet();
    queue.add('default/a');
    queue.add('default/b');
    probe.to(1000);
    expect(probe.reports).toEqual([
      `360s default/a has waited for 360 s in the queue deployment of kube-controller-manager [${KCM}]`,
      `360s default/b has waited for 360 s in the queue deployment of kube-controller-manager [${KCM}]`,
    ]);
  });

  test('forgets the queues of a process that died', () => {
    const { probe, queue, scope } = probeWithQueue();
    queue.add('default/a');
    scope.kill();
    probe.to(1000);
    expect(probe.reports).toEqual([]);
  });

  test('counts anew from the end of a freeze, and from when requests are answered again', () => {
    const { probe, queue, scope } = probeWithQueue();
    queue.add('default/a');
    scope.freeze();
    probe.to(600);
    scope.thaw();
    probe.fault(1, 'lost-request', KCM, 'start');
    probe.to(1200);
    probe.fault(1, 'lost-request', KCM, 'heal');
    probe.to(1500);
    expect(probe.reports).toEqual([]);
    probe.to(2400);
    expect(probe.reports).toHaveLength(1);
  });

  test('asks nothing of queues while nobody listens', () => {
    const engine = new Engine({ seed: 1 });
    const queue = new WorkQueue(new Runtime(engine).scope('kube-controller-manager'), 'deployment');
    engine.observers.on(workQueueTopic, () => {
      throw new Error('was announced to a listener that came late');
    });
    queue.add('default/a');
    expect(queue.length).toBe(1);
  });
});
