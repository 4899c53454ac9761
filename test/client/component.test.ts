import { describe, expect, test } from 'vitest';
import { addRule, pauseFeed } from '../../src/apiserver/controls.ts';
import type { Component, ComponentContext, ComponentOptions } from '../../src/client/component.ts';
import { kubeEventTopic } from '../../src/client/component.ts';
import { afterWrite, beforeWrite, crashAtWrite, freezeWatch, setWatchLag } from '../../src/client/controls.ts';
import { CONTROLLER_MANAGER_RESYNC } from '../../src/client/resync.ts';
import { all, sleep } from '../../src/engine/process.ts';
import { HOUR_US, MINUTE_US, SECOND_US } from '../../src/engine/units.ts';
import { isApiStatus, serverTimeout } from '../../src/objects/api-status.ts';
import { newNode } from '../../src/objects/builders.ts';
import { ApiWorld, testPod } from '../support/api-world.ts';

function context(component: Component): ComponentContext {
  if (component.context === undefined) throw new Error('not running');
  return component.context;
}

describe('a component', () => {
  test('is built anew on every start, with empty caches and the next incarnation', () => {
    const world = new ApiWorld();
    const log: string[] = [];
    const component = world.component('w', (ctx) => {
      log.push(`${world.engine.nowUs} build ${ctx.incarnation} ${ctx.informers.of('Pod').size}`);
      ctx.scope.every('tick', 400_000, () => log.push(`${world.engine.nowUs} tick ${ctx.incarnation}`));
    });
    world.runFor(500_000);
    component.restart(300_000);
    expect([component.isRunning, component.context]).toEqual([false, undefined]);
    world.runFor(700_000);
    expect(log).toEqual(['0 build 1 0', '400000 tick 1', '800000 build 2 0', '1200000 tick 2']);
    component.start();
    expect(component.incarnation).toBe(2);
  });

  test('tells its listeners of every change of state', () => {
    const world = new ApiWorld();
    const log: string[] = [];
    const component = world.component('w');
    component.onStateChange(() => log.push(`${component.isRunning} ${component.isFrozen}`));
    component.freeze();
    component.freeze();
    component.thaw();
    component.crash();
    component.crash();
    component.freeze();
    component.start();
    expect(log).toEqual(['true true', 'true false', 'false false', 'true false']);
  });

  test('takes a name once', () => {
    const world = new ApiWorld();
    world.component('w');
    expect(() => world.component('w')).toThrow('component w exists twice');
  });

  test('gives each named client its own throttle', () => {
    const world = new ApiWorld({ linkUs: 0, serviceUs: 0 });
    const component = world.component('kcm', () => {}, { qps: 1, burst: 1 });
    world.runFor(SECOND_US);
    const log: string[] = [];
    for (const name of ['a', 'b']) {
      const client = context(component).clientNamed(name);
      expect(client.name).toBe(`kcm/${name}`);
      for (let i = 0; i < 2; i++) {
        client.send({ verb: 'create', object: testPod(`${name}${i}`) }, () => log.push(`${world.engine.nowUs / SECOND_US} ${name}${i}`));
      }
    }
    world.runFor(5 * SECOND_US);
    expect(log).toEqual(['1 a0', '1 b0', '2 a1', '2 b1']);
  });

  test('runs requests side by side', () => {
    const world = new ApiWorld();
    const component = world.component('w');
    world.runFor(SECOND_US);
    const { client } = context(component);
    const outcome = world.spawn(component, all(['a', 'b', 'c'].map((name) => client.create(testPod(name)))));
    world.runFor(SECOND_US);
    expect([outcome.isDone, world.store.count('Pod')]).toEqual([true, 3]);
  });

  test('hears everything again once per resync', () => {
    const world = new ApiWorld();
    const updates: number[] = [];
    world.component(
      'w',
      (ctx) => {
        ctx.informers.of('Pod').addHandlers({ onUpdate: (old, next) => updates.push(old === next ? world.engine.nowUs : -1) });
      },
      { resync: CONTROLLER_MANAGER_RESYNC },
    );
    world.runFor(SECOND_US);
    world.store.create(testPod('a'));
    world.runFor(24 * HOUR_US);
    expect(updates).toHaveLength(1);
    expect(updates[0]).toBeGreaterThan(12 * HOUR_US);
  });
});

describe('hooks on writes', () => {
  function writer(world: ApiWorld) {
    const log: string[] = [];
    const component = world.component('w', (ctx) => {
      ctx.scope.spawn(
        'main',
        (function* () {
          for (const name of ['a', 'b', 'c']) {
            const result = yield* ctx.client.create(testPod(name));
            log.push(`${ctx.incarnation}: ${name} ${isApiStatus(result) ? result.reason : 'ok'}`);
          }
        })(),
      );
    });
    return { component, log };
  }

  test('a crash before the n-th write leaves it undone; the next incarnation does it', () => {
    const world = new ApiWorld();
    const { component, log } = writer(world);
    crashAtWrite(world.access, 'w', 'before', { nth: 2 }, SECOND_US);
    world.runFor(500_000);
    expect([log, world.store.count('Pod'), component.isRunning]).toEqual([['1: a ok'], 1, false]);
    world.runFor(10 * SECOND_US);
    expect(log).toEqual(['1: a ok', '2: a AlreadyExists', '2: b ok', '2: c ok']);
  });

  test('a crash after the n-th write leaves it done and unheard of', () => {
    const world = new ApiWorld();
    const { log } = writer(world);
    crashAtWrite(world.access, 'w', 'after', { nth: 1, matches: (request) => request.verb === 'create' }, SECOND_US);
    world.runFor(500_000);
    expect([log, world.store.count('Pod')]).toEqual([[], 1]);
    world.runFor(10 * SECOND_US);
    expect(log).toEqual(['2: a AlreadyExists', '2: b ok', '2: c ok']);
  });

  test('a freeze before a write sends it after the thaw', () => {
    const world = new ApiWorld();
    const { component, log } = writer(world);
    beforeWrite(world.access, 'w', { nth: 2 }, () => component.freeze());
    world.runFor(10 * SECOND_US);
    expect(world.store.count('Pod')).toBe(1);
    component.thaw();
    world.runFor(SECOND_US);
    expect(log).toEqual(['1: a ok', '1: b ok', '1: c ok']);
  });

  test('run once, count only what matches, and can be taken back', () => {
    const world = new ApiWorld();
    const seen: string[] = [];
    afterWrite(world.access, 'w', { nth: 2, matches: (_request, client) => client === 'w' }, (request) => seen.push(request.verb));
    afterWrite(world.access, 'other', {}, () => seen.push('other'));
    const undo = beforeWrite(world.access, 'w', {}, () => seen.push('undone'));
    undo();
    writer(world);
    world.runFor(SECOND_US);
    expect(seen).toEqual(['create']);
  });
});

describe('leader election', () => {
  function replicas(world: ApiWorld, options: Partial<ComponentOptions> = {}) {
    const log: [number, string][] = [];
    const make = (name: string) =>
      world.component(name, () => log.push([Math.round(world.engine.nowUs / SECOND_US), name]), {
        leaderElection: { lease: 'scheduler' },
        ...options,
      });
    return { a: make('a'), b: make('b'), log };
  }

  test('lets exactly one replica work, for as long as it renews', () => {
    const world = new ApiWorld();
    const { a, b, log } = replicas(world);
    world.runFor(HOUR_US);
    expect(log).toHaveLength(1);
    expect([a.isLeading, b.isLeading].filter(Boolean)).toHaveLength(1);
    expect(world.store.get('Lease', 'kube-system/scheduler')?.spec.leaseTransitions).toBe(0);
  });

  test('hands over 15 s to 20 s after the leader crashed', () => {
    const world = new ApiWorld();
    const { a, b, log } = replicas(world);
    world.runFor(60 * SECOND_US);
    const leader = a.isLeading ? a : b;
    leader.crash();
    world.runFor(60 * SECOND_US);
    const takenOverAt = (log[1] as [number, string])[0];
    expect(log).toHaveLength(2);
    expect(takenOverAt).toBeGreaterThanOrEqual(73);
    expect(takenOverAt).toBeLessThanOrEqual(81);
    expect(world.store.get('Lease', 'kube-system/scheduler')?.spec.leaseTransitions).toBe(1);
  });

  test('a cut-off leader exits before another takes over, and comes back as a follower', () => {
    const world = new ApiWorld();
    const { a, b, log } = replicas(world);
    world.runFor(60 * SECOND_US);
    const [leader, follower] = a.isLeading ? [a, b] : [b, a];
    const exits: number[] = [];
    leader.onStateChange(() => {
      if (!leader.isRunning) exits.push(world.engine.nowUs / SECOND_US);
    });
    world.network.cut(leader.name, 'control-plane', true);
    world.runFor(60 * SECOND_US);
    expect(exits).toHaveLength(1);
    expect(exits[0]).toBeLessThanOrEqual(73);
    expect((log[1] as [number, string])[0]).toBeGreaterThan(exits[0] as number);
    world.network.healAll();
    world.runFor(60 * SECOND_US);
    expect([leader.isRunning, leader.isLeading, follower.isLeading, log.length]).toEqual([true, false, true, 2]);
  });

  test('a frozen leader overlaps with its successor until it notices', () => {
    const world = new ApiWorld();
    const { a, b } = replicas(world);
    world.runFor(60 * SECOND_US);
    const [leader, follower] = a.isLeading ? [a, b] : [b, a];
    leader.freeze();
    world.runFor(30 * SECOND_US);
    leader.thaw();
    expect([leader.isLeading, follower.isLeading]).toEqual([true, true]);
    world.runFor(15 * SECOND_US);
    expect([leader.isLeading, follower.isLeading]).toEqual([false, true]);
  });

  test('failing renewals for less than the deadline change nothing', () => {
    const world = new ApiWorld();
    const { a, b, log } = replicas(world);
    world.runFor(60 * SECOND_US);
    const undo = addRule(world.servers, {
      matches: (request) => request.verb === 'update',
      effect: { what: 'refuse', status: serverTimeout('etcd') },
    });
    world.runFor(7 * SECOND_US);
    undo();
    world.runFor(60 * SECOND_US);
    expect([log.length, a.isLeading !== b.isLeading]).toEqual([1, true]);
  });
});

describe('the event recorder', () => {
  test('announces every event and stores none by default', () => {
    const world = new ApiWorld();
    const component = world.component('w');
    const seen: string[] = [];
    world.engine.observers.on(kubeEventTopic, (record) =>
      seen.push(`${record.component} ${record.kind} ${record.namespace}/${record.name} ${record.type} ${record.reason}`),
    );
    for (let i = 0; i < 2; i++) context(component).events.emit(testPod('a'), 'Warning', 'Failed', 'no');
    world.runFor(SECOND_US);
    expect([seen, world.store.count('Event')]).toEqual([Array(2).fill('w Pod default/a Warning Failed'), 0]);
  });

  test('stores, counts, combines and limits events when the run keeps them, and forgets them after an hour', () => {
    const world = new ApiWorld({ keepEvents: true });
    const component = world.component('w');
    world.runFor(SECOND_US);
    const { events } = context(component);
    for (let i = 0; i < 3; i++) {
      events.emit(testPod('a'), 'Normal', 'Pulled', 'image');
      world.runFor(SECOND_US);
    }
    expect(world.store.list('Event').map((event) => [event.reason, event.count, event.involvedObject.name])).toEqual([['Pulled', 3, 'a']]);
    for (let i = 0; i < 12; i++) {
      events.emit(testPod('b'), 'Warning', 'Failed', `reason ${i}`);
      world.runFor(SECOND_US);
    }
    const messages = world.store.list('Event').filter((event) => event.involvedObject.name === 'b');
    expect(messages).toHaveLength(10);
    expect(messages.some((event) => event.message === '(combined from similar events): reason 11' && event.count === 3)).toBe(true);
    for (let i = 0; i < 40; i++) events.emit(testPod('c'), 'Warning', `R${i}`, 'x');
    world.runFor(SECOND_US);
    expect(world.store.list('Event').filter((event) => event.involvedObject.name === 'c')).toHaveLength(25);
    world.runFor(HOUR_US + MINUTE_US);
    expect(world.store.count('Event')).toBe(0);
  });
});

describe('an informer of leases', () => {
  function setup() {
    const world = new ApiWorld();
    const stream = world.store.leases.of('n');
    let shown = () => -2;
    world.component('kcm', (ctx) => {
      const leases = ctx.informers.of('Lease');
      shown = () => leases.leaseRenewTimeUs('n');
    });
    stream.start(5 * SECOND_US, 10 * SECOND_US);
    return { world, shown: () => shown() / SECOND_US, renewed: () => stream.renewedAtUs(world.engine.nowUs) / SECOND_US };
  }

  test('shows the renewals of healthy nodes as they come, and none before the first', () => {
    const { world, shown } = setup();
    world.runFor(SECOND_US);
    expect(shown() * SECOND_US).toBe(-1);
    world.runFor(30 * SECOND_US);
    expect(shown()).toBe(25);
  });

  test('keeps showing the old renewal while its watch is stuck', () => {
    const { world, renewed, shown } = setup();
    world.runFor(36 * SECOND_US);
    world.network.cut('control-plane', 'kcm');
    world.runFor(30 * SECOND_US);
    expect([shown(), renewed()]).toEqual([35, 65]);
    world.network.healAll();
    world.runFor(SECOND_US);
    expect(shown()).toBe(65);
  });

  test("keeps showing the old renewal while its server's cache stands still, or its own watch is frozen or late", () => {
    const { world, renewed, shown } = setup();
    world.runFor(36 * SECOND_US);
    const resume = pauseFeed(world.server, 'Lease');
    world.runFor(20 * SECOND_US);
    expect([shown(), renewed()]).toEqual([35, 55]);
    resume();
    expect(shown()).toBe(55);
    const thaw = freezeWatch(world.access, 'kcm', 'Lease');
    world.runFor(20 * SECOND_US);
    expect([shown(), renewed()]).toEqual([55, 75]);
    thaw();
    expect(shown()).toBe(75);
    setWatchLag(world.access, 'kcm', 'Lease', { kind: 'constant', value: 15 * SECOND_US });
    world.runFor(20 * SECOND_US);
    expect([shown(), renewed()]).toEqual([75, 95]);
  });

  test('forgets the lease of a deleted node whose agent is silent', () => {
    const { world } = setup();
    world.store.create(newNode('n'));
    world.store.create(newNode('m'));
    world.store.leases.of('m').start(0, 1);
    world.store.leases.of('n').stop(world.engine.nowUs);
    for (const name of ['n', 'm']) world.store.delete('Node', name);
    expect([world.store.leases.find('n')?.latest, world.store.leases.find('m')?.isRunning]).toEqual([undefined, true]);
  });
});

test('sleep inside a component ends with it', () => {
  const world = new ApiWorld();
  const log: string[] = [];
  const component = world.component('w', (ctx) => {
    ctx.scope.spawn(
      'main',
      (function* () {
        yield* sleep(SECOND_US);
        log.push('woke');
      })(),
    );
  });
  world.runFor(500_000);
  component.crash();
  world.runFor(5 * SECOND_US);
  expect(log).toEqual([]);
});
