import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { endWatches, pauseFeed, restartServer, resumeFeed } from '../../src/apiserver/controls.ts';
import type { ApiAccess } from '../../src/client/api-access.ts';
import type { Component, ComponentContext } from '../../src/client/component.ts';
import { dropWatch, freezeWatch, loseEvents, reconnect, relist, resync, setWatchLag } from '../../src/client/controls.ts';
import type { Informer } from '../../src/client/informer.ts';
import { SECOND_US } from '../../src/engine/units.ts';
import type { Pod } from '../../src/objects/pod.ts';
import { ApiWorld, LINK_US, testPod } from '../support/api-world.ts';
import { check } from '../support/seeded.ts';

interface Watcher {
  readonly component: Component;
  readonly log: string[];
  informer(): Informer<Pod>;
}

function watcher(world: ApiWorld, name: string, filter: { nodeName?: string } = {}): Watcher {
  const log: string[] = [];
  let informer: Informer<Pod> | undefined;
  const component = world.component(name, (ctx) => {
    informer = ctx.informers.of('Pod', filter);
    informer.addHandlers({
      onAdd: (pod, isInitial) => log.push(`add ${pod.metadata.name}${isInitial ? ' initially' : ''}`),
      onUpdate: (old, pod) => log.push(`update ${pod.metadata.name}${old.metadata.uid === pod.metadata.uid ? '' : ' (another)'}`),
      onDelete: (pod) => log.push(`delete ${pod.metadata.name}`),
    });
  });
  return { component, log, informer: () => informer as Informer<Pod> };
}

function setIp(world: ApiWorld, name: string, podIP: string): void {
  world.store.patch('Pod', `default/${name}`, (pod) => ({ ...pod, status: { ...pod.status, podIP } }), 'status');
}

describe('an informer', () => {
  test('lists first, then follows every change one link later', () => {
    const world = new ApiWorld();
    world.store.create(testPod('a'));
    const { informer, log } = watcher(world, 'w');
    expect(informer().hasSynced).toBe(false);
    world.runFor(SECOND_US);
    expect([informer().hasSynced, informer().lastResourceVersion, log]).toEqual([true, 1, ['add a initially']]);
    setIp(world, 'a', '1');
    world.runFor(LINK_US - 1);
    expect(informer().get('default/a')?.status.podIP).toBe('');
    world.runFor(1);
    expect(informer().get('default/a')?.status.podIP).toBe('1');
    world.store.delete('Pod', 'default/a');
    world.runFor(LINK_US);
    expect([log, informer().size]).toEqual([['add a initially', 'update a', 'delete a'], 0]);
  });

  test('is one per kind and filter, and tells late handlers what it has', () => {
    const world = new ApiWorld();
    world.store.create(testPod('a'));
    const { component, informer } = watcher(world, 'w');
    world.runFor(SECOND_US);
    const ctx = component.context as ComponentContext;
    expect(ctx.informers.of('Pod')).toBe(informer());
    expect(ctx.informers.of('Pod', { nodeName: 'n' })).not.toBe(informer());
    const late: string[] = [];
    informer().addHandlers({ onAdd: (pod, isInitial) => late.push(`${pod.metadata.name} ${isInitial}`) });
    expect(late).toEqual(['a true']);
  });

  test('calls handlers in order of registration, after the cache has changed', () => {
    const world = new ApiWorld();
    const { informer } = watcher(world, 'w');
    world.runFor(SECOND_US);
    const seen: string[] = [];
    for (const name of ['first', 'second']) {
      informer().addHandlers({ onAdd: () => seen.push(`${name} ${informer().size}`) });
    }
    world.store.create(testPod('a'));
    world.runFor(SECOND_US);
    expect(seen).toEqual(['first 1', 'second 1']);
  });

  test('by node sees the pods of that node only', () => {
    const world = new ApiWorld();
    const { log } = watcher(world, 'w', { nodeName: 'n' });
    world.runFor(SECOND_US);
    for (const [name, nodeName] of [
      ['a', 'n'],
      ['b', 'm'],
    ] as const) {
      world.store.create(testPod(name));
      world.server.execute({ verb: 'bind', key: `default/${name}`, nodeName });
    }
    world.store.delete('Pod', 'default/a', { gracePeriodSeconds: 0 });
    world.runFor(SECOND_US);
    expect(log).toEqual(['add a', 'delete a']);
  });

  test('answers by namespace and by index in insertion order', () => {
    const world = new ApiWorld();
    const { informer } = watcher(world, 'w');
    informer().addIndex('node', (pod) => (pod.spec.nodeName === '' ? [] : [pod.spec.nodeName]));
    world.runFor(SECOND_US);
    for (const [name, nodeName] of [
      ['b', 'n'],
      ['a', 'n'],
      ['c', 'm'],
      ['d', ''],
    ] as const)
      world.store.create(testPod(name, { nodeName }));
    world.runFor(SECOND_US);
    setIp(world, 'b', '1');
    world.server.execute({ verb: 'bind', key: 'default/d', nodeName: 'n' });
    world.store.delete('Pod', 'default/c', { gracePeriodSeconds: 0 });
    world.runFor(SECOND_US);
    const names = (pods: readonly Pod[]) => pods.map((pod) => pod.metadata.name);
    expect(names(informer().byIndex('node', 'n'))).toEqual(['b', 'a', 'd']);
    expect(names(informer().byIndex('node', 'm'))).toEqual([]);
    expect(names(informer().inNamespace('default'))).toEqual(['b', 'a', 'd']);
    expect(informer().byIndex('node', 'n')[0]?.status.podIP).toBe('1');
    expect(() => informer().byIndex('nope', 'n')).toThrow('no index nope');
  });

  test('lets a process wait for all of its informers', () => {
    const world = new ApiWorld();
    const synced: [number, boolean][] = [];
    world.component('w', (ctx) => {
      ctx.informers.of('Pod');
      ctx.informers.of('Node');
      ctx.scope.spawn(
        'main',
        (function* () {
          yield* ctx.informers.waitForSync();
          synced.push([world.engine.nowUs, ctx.informers.hasSynced]);
          yield* ctx.informers.waitForSync();
          synced.push([world.engine.nowUs, ctx.informers.hasSynced]);
        })(),
      );
    });
    world.runFor(SECOND_US);
    expect(synced).toEqual([
      [9000, true],
      [9000, true],
    ]);
  });
});

describe('controls of a watch', () => {
  function synced(name = 'w'): { world: ApiWorld; access: ApiAccess } & Watcher {
    const world = new ApiWorld({ servers: 2 });
    world.access.dials.pin(name, world.server);
    const each = watcher(world, name);
    world.runFor(SECOND_US);
    return { world, access: world.access, ...each };
  }

  test('lag delays events and keeps their order', () => {
    const { world, access, log } = synced();
    setWatchLag(access, 'w', 'Pod', { kind: 'uniform', min: 0, max: 1000 });
    for (const name of ['a', 'b', 'c', 'd', 'e']) world.store.create(testPod(name));
    world.runFor(LINK_US);
    expect(log.length).toBeLessThan(5);
    world.runFor(1000);
    expect(log).toEqual(['add a', 'add b', 'add c', 'add d', 'add e']);
  });

  test('the end of a lag lets through at once what it held back', () => {
    const { world, access, log } = synced();
    setWatchLag(access, 'w', 'Pod', { kind: 'constant', value: 660 * SECOND_US });
    for (const name of ['a', 'b']) world.store.create(testPod(name));
    world.runFor(600 * SECOND_US);
    expect(log).toEqual([]);
    setWatchLag(access, 'w', 'Pod', undefined);
    world.store.create(testPod('c'));
    world.runFor(LINK_US);
    expect(log).toEqual(['add a', 'add b', 'add c']);
  });

  test('a frozen watch shows nothing until it thaws', () => {
    const { world, access, log } = synced();
    const thaw = freezeWatch(access, 'w', 'Pod');
    world.store.create(testPod('a'));
    world.runFor(100 * SECOND_US);
    expect(log).toEqual([]);
    thaw();
    world.runFor(0);
    expect(log).toEqual(['add a']);
  });

  test('a dropped watch resumes and misses nothing', () => {
    const { world, access, log } = synced();
    dropWatch(access, 'w', 'Pod', 5 * SECOND_US);
    world.store.create(testPod('a'));
    setIp(world, 'a', '1');
    world.runFor(6 * SECOND_US);
    expect(log).toEqual(['add a', 'update a']);
  });

  test('a relist sees only the final state: an update for a recreated object, a tombstone for a lost one', () => {
    const { world, access, log } = synced();
    for (const name of ['a', 'b']) world.store.create(testPod(name));
    world.runFor(SECOND_US);
    relist(access, 'w', 'Pod', 5 * SECOND_US);
    setIp(world, 'a', '1');
    setIp(world, 'b', '1');
    world.store.delete('Pod', 'default/a');
    world.store.create(testPod('a'));
    world.store.delete('Pod', 'default/b');
    world.runFor(6 * SECOND_US);
    expect(log).toEqual(['add a', 'add b', 'update a (another)', 'delete b']);
  });

  test('silently lost events stay lost until a relist', () => {
    const { world, access, log, informer } = synced();
    const undo = loseEvents(access, 'w', 'Pod', (type) => type === 'DELETED', 1);
    world.store.create(testPod('a'));
    world.store.delete('Pod', 'default/a');
    world.store.create(testPod('b'));
    world.runFor(100 * SECOND_US);
    expect([log, informer().size]).toEqual([['add a', 'add b'], 2]);
    undo();
    relist(access, 'w', 'Pod');
    world.runFor(SECOND_US);
    expect(log).toEqual(['add a', 'add b', 'delete a']);
  });

  test('a resync tells handlers every object as an update to itself', () => {
    const { world, access, log } = synced();
    world.store.create(testPod('a'));
    world.runFor(SECOND_US);
    resync(access, 'w', 'Pod');
    expect(log).toEqual(['add a', 'update a']);
  });

  test('a restart on a stale replica travels back in time until that replica catches up', () => {
    const { world, access, log, component } = synced();
    const [, stale] = world.servers;
    world.store.create(testPod('a'));
    world.runFor(SECOND_US);
    pauseFeed(stale as never, 'Pod');
    world.store.delete('Pod', 'default/a');
    world.runFor(SECOND_US);
    access.dials.pin('w', stale);
    component.restart(SECOND_US);
    world.runFor(10 * SECOND_US);
    resumeFeed(stale as never, 'Pod');
    world.runFor(SECOND_US);
    expect(log).toEqual(['add a', 'delete a', 'add a initially', 'delete a']);
  });

  test('one kind can be moved to a replica of its own; it never goes back in time', () => {
    const { world, access, log, informer } = synced();
    const [, stale] = world.servers as [never, never];
    world.store.create(testPod('a'));
    pauseFeed(stale, 'Pod');
    world.store.create(testPod('b'));
    world.runFor(SECOND_US);
    reconnect(access, 'w', stale, 'Pod');
    world.store.create(testPod('c'));
    world.runFor(10 * SECOND_US);
    expect([log, informer().size]).toEqual([['add a', 'add b'], 2]);
    resumeFeed(stale, 'Pod');
    world.runFor(SECOND_US);
    expect(log).toEqual(['add a', 'add b', 'add c']);
  });
});

test("a server's restart and its reset caches go unnoticed by handlers", () => {
  const world = new ApiWorld();
  const { log } = watcher(world, 'w');
  world.store.create(testPod('a'));
  world.runFor(SECOND_US);
  endWatches(world.server);
  world.store.create(testPod('b'));
  world.runFor(SECOND_US);
  restartServer(world.server, 5 * SECOND_US);
  world.store.create(testPod('c'));
  world.runFor(60 * SECOND_US);
  expect(log).toEqual(['add a initially', 'add b', 'add c']);
});

test('an informer whose first list fails tries again with growing pauses', () => {
  const world = new ApiWorld();
  world.server.stop();
  const { informer } = watcher(world, 'w');
  world.runFor(100 * SECOND_US);
  expect(informer().hasSynced).toBe(false);
  world.server.start();
  world.runFor(60 * SECOND_US);
  expect(informer().hasSynced).toBe(true);
});

test('caches and handlers agree with the store after any mix of writes, cuts, lag, relists, crashes and server restarts', () => {
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.record({ do: fc.constant('write' as const), name: fc.constantFrom('a', 'b', 'c', 'd'), what: fc.nat(3) }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('run' as const), us: fc.nat(3000) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('run' as const), us: fc.nat(90 * SECOND_US) }) },
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constantFrom(
          'cutOut',
          'cutIn',
          'cut',
          'heal',
          'freeze',
          'thaw',
          'crash',
          'relist',
          'drop',
          'pause',
          'resume',
          'restartServer',
          'frozenWatch',
          'compact',
        ),
        us: fc.nat(SECOND_US),
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('lag' as const), us: fc.nat(20_000) }) },
  );
  check(
    fc.property(fc.array(step, { maxLength: 50, size: 'max' }), fc.nat(1000), (steps, seed) => {
      const world = new ApiWorld({ seed, servers: 2, store: { historyCapacityMax: 6 } });
      const { network, access } = world;
      const components = [seenThrough(world, 'w1', undefined), seenThrough(world, 'w2', 'n')];
      for (const each of steps) act(world, each);
      // Faults end, and within the longest back-off everyone is in step.
      network.healAll();
      for (const server of world.servers) {
        server.resumeAllFeeds();
        server.start();
      }
      for (const { component } of components) {
        component.thaw();
        component.start();
        access.dials.of(component.name, 'Pod').lag = undefined;
        const dial = access.dials.of(component.name, 'Pod');
        dial.frozenSinceUs = Infinity;
        for (const stream of [...dial.streams]) stream.kick();
      }
      world.runFor(300 * SECOND_US);
      for (const { filter, informer, handled } of components) {
        const expected = world.store.table('Pod').list(undefined, filter, undefined);
        const sorted = [...informer().list()].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
        expect(sorted).toEqual(expected);
        expect([...handled.values()].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))).toEqual(expected);
      }
      for (const server of world.servers) expect(server.seats.inUse).toBe(0);
    }),
    120,
  );
});

/** A component whose handlers rebuild the cache from what they are told, and complain when told nonsense. */
function seenThrough(world: ApiWorld, name: string, filter: string | undefined) {
  let informer: Informer<Pod> | undefined;
  const handled = new Map<string, Pod>();
  const component = world.component(name, (ctx) => {
    handled.clear();
    let lastRevision = 0;
    const created = ctx.informers.of('Pod', filter === undefined ? {} : { nodeName: filter });
    informer = created;
    created.addHandlers({
      onAdd(pod) {
        expect(handled.has(pod.metadata.name)).toBe(false);
        handled.set(pod.metadata.name, pod);
      },
      onUpdate(old, pod) {
        expect(handled.get(pod.metadata.name)).toBe(old);
        handled.set(pod.metadata.name, pod);
        expect(created.lastResourceVersion).toBeGreaterThanOrEqual(lastRevision);
        lastRevision = created.lastResourceVersion;
      },
      onDelete(pod) {
        expect(handled.delete(pod.metadata.name)).toBe(true);
      },
    });
  });
  return { component, filter, handled, informer: () => informer as Informer<Pod> };
}

function act(world: ApiWorld, each: { do: string; us?: number; name?: string; what?: number }): void {
  const { network, access, store } = world;
  const us = each.us ?? 0;
  const name = us % 2 === 0 ? 'w1' : 'w2';
  const server = world.servers[us % 2] as ApiWorld['server'];
  const component = access.component(name) as Component;
  switch (each.do) {
    case 'run':
      world.runFor(us);
      break;
    case 'write':
      write(world, `default/${each.name}`, each.name as string, each.what as number);
      break;
    case 'cutOut':
      network.cut(name, 'control-plane');
      break;
    case 'cutIn':
      network.cut('control-plane', name);
      break;
    case 'cut':
      network.cut('control-plane', name, true);
      break;
    case 'heal':
      network.healAll();
      break;
    case 'freeze':
      component.freeze();
      break;
    case 'thaw':
      component.thaw();
      break;
    case 'crash':
      component.restart(us);
      break;
    case 'relist':
      relist(access, name, 'Pod', us);
      break;
    case 'drop':
      dropWatch(access, name, 'Pod', us);
      break;
    case 'pause':
      server.pauseAllFeeds();
      break;
    case 'resume':
      server.resumeAllFeeds();
      break;
    case 'restartServer':
      restartServer(server, us);
      break;
    case 'frozenWatch':
      freezeWatch(access, name, 'Pod');
      break;
    case 'compact':
      store.table('Pod').history.dropUpTo(store.revision);
      break;
    default:
      setWatchLag(access, name, 'Pod', { kind: 'uniform', min: 0, max: us });
      break;
  }
}

function write(world: ApiWorld, key: string, name: string, what: number): void {
  const { store } = world;
  if (store.get('Pod', key) === undefined) store.create(testPod(name, { nodeName: what === 0 ? 'n' : '' }));
  else if (what === 0) store.delete('Pod', key, { gracePeriodSeconds: 0 });
  else if (what === 1) world.server.execute({ verb: 'bind', key, nodeName: 'n' });
  else setIp(world, name, String(store.revision));
}
