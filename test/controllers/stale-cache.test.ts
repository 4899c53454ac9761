/** What controllers do on caches that lag, stand still or come back older: known upstream behaviour, and the mitigation of KEP-5647. */
import { describe, expect, test } from 'vitest';
import { relist, setWatchLag } from '../../src/client/controls.ts';
import { replicaset } from '../../src/controllers/replicaset.ts';
import { WriteMemory } from '../../src/controllers/write-memory.ts';
import { MINUTE_US, SECOND_US } from '../../src/engine/units.ts';
import { keyOf, newMeta } from '../../src/objects/meta.ts';
import { ControllerWorld, type ControllerWorldOptions } from '../support/controller-world.ts';
import { newReplicaSet } from './objects.ts';

const MANAGER = 'kube-controller-manager';

/** Most pods that live at one time when the pod cache shows nothing for 11 minutes and the set is touched now and then. */
function mostPods(mitigated: boolean): number {
  const settings = { replicaset: { params: { staleControllerMitigation: mitigated } } };
  const w = new ControllerWorld({ controllers: [replicaset], settings }).start();
  w.run(SECOND_US);
  setWatchLag(w.access, MANAGER, 'Pod', { kind: 'constant', value: 11 * MINUTE_US });
  w.create(newReplicaSet('web', { replicas: 10 }));
  let most = 0;
  w.store.onCommit(() => {
    most = Math.max(most, w.livePods().length);
  });
  for (let minute = 0; minute < 30; minute++) {
    w.run(MINUTE_US);
    w.change('ReplicaSet', 'default/web', (set) => ({ ...set, metadata: { ...set.metadata, labels: { minute: String(minute) } } }));
  }
  setWatchLag(w.access, MANAGER, 'Pod', undefined);
  w.run(30 * MINUTE_US);
  expect(w.livePods()).toHaveLength(10);
  return most;
}

describe('a pod cache that lags by more than five minutes', () => {
  test('makes expectations run out, and every pod is made again', () => {
    expect(mostPods(false)).toBeGreaterThanOrEqual(20);
  });

  test('does not when the controller waits for its own writes', () => {
    expect(mostPods(true)).toBe(10);
  });
});

describe('a ReplicaSet deleted and made again while its creations are unseen', () => {
  /** Seconds until the new set has its pods. */
  function secondsUntilBack(quirks: ControllerWorldOptions['quirks'] & object): number {
    const w = new ControllerWorld({ controllers: [replicaset], quirks }).start();
    w.run(SECOND_US);
    // The pods come and go while the pod watch is broken; the set goes and comes back while its watch is.
    relist(w.access, MANAGER, 'Pod', 4 * SECOND_US);
    w.create(newReplicaSet('web', { replicas: 3 }));
    w.run(2 * SECOND_US);
    relist(w.access, MANAGER, 'ReplicaSet', SECOND_US);
    w.remove('ReplicaSet', 'default/web');
    for (const pod of w.pods()) w.remove('Pod', keyOf(pod), { gracePeriodSeconds: 0 });
    w.create(newReplicaSet('web', { replicas: 3 }));
    w.run(3 * SECOND_US);
    const startUs = w.engine.nowUs;
    while (w.livePods().length < 3 && w.engine.nowUs < startUs + 20 * MINUTE_US) {
      w.run(SECOND_US);
      w.change('ReplicaSet', 'default/web', (set) => ({ ...set, metadata: { ...set.metadata, labels: { now: String(w.engine.nowUs) } } }));
    }
    return (w.engine.nowUs - startUs) / SECOND_US;
  }

  test('gets its pods at once', () => {
    expect(secondsUntilBack([])).toBeLessThan(3);
  });

  test('waited up to five minutes when expectations outlived the old set', () => {
    expect(secondsUntilBack(['replicaset-expectations-outlive-owner'])).toBeGreaterThan(200);
  });
});

test('a restart on a list older than the own writes makes pods twice, and the surplus goes when the cache catches up', () => {
  const w = new ControllerWorld({ controllers: [replicaset] });
  w.start(newReplicaSet('web', { replicas: 0 }));
  w.run(SECOND_US);
  const lateFeed = w.server.feed('Pod');
  lateFeed.pause();
  w.change('ReplicaSet', 'default/web', (set) => ({ ...set, spec: { ...set.spec, replicas: 5 } }));
  w.run(5 * SECOND_US);
  expect(w.livePods()).toHaveLength(5);
  w.manager.restart(SECOND_US);
  w.run(10 * SECOND_US);
  expect(w.livePods()).toHaveLength(10);
  lateFeed.resume();
  w.run(MINUTE_US);
  expect(w.livePods()).toHaveLength(5);
});

describe('WriteMemory', () => {
  const pod = (resourceVersion: number) => ({ kind: 'Pod', metadata: { ...newMeta({ name: 'p' }), resourceVersion } });

  test('holds a key back until every cache has seen its writes, then forgets', () => {
    let seen = 5;
    const informers = {
      of: () => ({
        get lastResourceVersion() {
          return seen;
        },
      }),
    };
    const memory = new WriteMemory(true, informers as never);
    memory.note('a', pod(7));
    memory.note('a', pod(6));
    expect(memory.staleness('b')).toBeUndefined();
    expect(memory.staleness('a')?.message).toContain('at revision 5, own write at 7');
    seen = 7;
    expect(memory.staleness('a')).toBeUndefined();
    seen = 0;
    expect(memory.staleness('a')).toBeUndefined();
    expect(memory.skipCount).toBe(1);
  });

  test('remembers nothing while it is off', () => {
    const memory = new WriteMemory(false, { of: () => expect.fail('asked') } as never);
    memory.note('a', pod(7));
    expect(memory.staleness('a')).toBeUndefined();
  });
});
