import { describe, expect, test } from 'vitest';
import { addRule, loseEtcdLeader, pauseFeed, restartServer, resumeFeed } from '../../src/apiserver/controls.ts';
import { apiRequestTopic } from '../../src/client/api-access.ts';
import type { Client } from '../../src/client/client.ts';
import type { Component, ComponentContext } from '../../src/client/component.ts';
import { SECOND_US } from '../../src/engine/units.ts';
import { ApiStatus, conflict, isApiStatus, type Result, tooManyRequests } from '../../src/objects/api-status.ts';
import type { Pod } from '../../src/objects/pod.ts';
import { ApiWorld, type ApiWorldOptions, LINK_US, SERVICE_US, testPod } from '../support/api-world.ts';

/** What opening a connection adds to the first request: two round trips. */
const HANDSHAKE_US = 4 * LINK_US;
const ROUND_TRIP_US = 2 * LINK_US + SERVICE_US;

interface Setup {
  readonly world: ApiWorld;
  readonly component: Component;
  readonly client: Client;
}

/** A component that has already opened its connection. */
function setup(options: ApiWorldOptions = {}, limits: { qps: number; burst: number } = { qps: Infinity, burst: 1 }): Setup {
  const world = new ApiWorld(options);
  const component = world.component('worker', () => {}, limits);
  const { context } = component;
  (context as ComponentContext).clientNamed('opener').send({ verb: 'get', kind: 'Pod', key: 'x' }, () => {});
  world.runFor(SECOND_US);
  return { world, component, client: (context as ComponentContext).client };
}

function word(result: Result<unknown>): string {
  return isApiStatus(result) ? `${result.code} ${result.reason}${result.isAmbiguous ? ' ambiguous' : ''}` : 'ok';
}

/** Sends creates named as given and logs `[time since now, name, outcome]`. */
function createAll({ world, client }: Setup, names: readonly string[], log: unknown[][] = []): unknown[][] {
  const startUs = world.engine.nowUs;
  for (const name of names) {
    client.send({ verb: 'create', object: testPod(name) }, (result) => log.push([world.engine.nowUs - startUs, name, word(result)]));
  }
  return log;
}

describe('a request', () => {
  test('takes the link, the server and the link back; the first one also opens the connection', () => {
    const world = new ApiWorld();
    const component = world.component('worker');
    const client = (component.context as ComponentContext).client;
    const log: number[] = [];
    client.send({ verb: 'create', object: testPod('a') }, () => log.push(world.engine.nowUs));
    world.runFor(SECOND_US);
    client.send({ verb: 'create', object: testPod('b') }, () => log.push(world.engine.nowUs - SECOND_US));
    world.runFor(SECOND_US);
    expect(log).toEqual([HANDSHAKE_US + ROUND_TRIP_US, ROUND_TRIP_US]);
  });

  test("is a process's one wait, and gives the object or a status", () => {
    const { world, component, client } = setup();
    const outcome = world.spawn(
      component,
      (function* () {
        const made = yield* client.create(testPod('a', {}, { labels: { app: 'x' } }));
        const again = yield* client.create(testPod('a'));
        const bound = yield* client.bind('default/a', 'n', { annotations: { by: 'me' } });
        const patched = yield* client.patchStatus('Pod', 'default/a', (pod) => ({ ...pod, status: { ...pod.status, phase: 'Running' } }));
        const listed = yield* client.list('Pod');
        const updated = yield* client.update(made as Pod);
        const gone = yield* client.delete('Pod', 'default/a', { gracePeriodSeconds: 0 });
        const missing = yield* client.get('Pod', 'default/a');
        const count = isApiStatus(listed) ? -1 : listed.items.length;
        return [[made, again, bound, patched, updated, gone, missing].map(word), count];
      })(),
    );
    world.runFor(SECOND_US);
    expect(outcome.value).toEqual([['ok', '409 AlreadyExists', 'ok', 'ok', '409 Conflict', 'ok', '404 NotFound'], 1]);
  });

  test('is announced with its code, latency and throttling once someone listens', () => {
    const s = setup({}, { qps: 10, burst: 1 });
    const records: unknown[] = [];
    s.world.engine.observers.on(apiRequestTopic, (record) => records.push(record));
    createAll(s, ['a', 'a']);
    s.world.runFor(SECOND_US);
    expect(records).toEqual([
      { client: 'worker', verb: 'create', kind: 'Pod', code: 200, latencyUs: ROUND_TRIP_US, throttledUs: 0 },
      { client: 'worker', verb: 'create', kind: 'Pod', code: 409, latencyUs: ROUND_TRIP_US, throttledUs: 100_000 },
    ]);
  });

  test('waits for its token: burst at once, then one every 1/qps', () => {
    const s = setup({}, { qps: 20, burst: 2 });
    const log = createAll(s, ['a', 'b', 'c', 'd']);
    s.world.runFor(SECOND_US);
    expect(log.map(([us]) => (us as number) - ROUND_TRIP_US)).toEqual([0, 0, 50_000, 100_000]);
  });

  test('waits for a seat when the server is full, in order of arrival', () => {
    const s = setup({ seats: 2 });
    const log = createAll(s, ['a', 'b', 'c', 'd', 'e']);
    s.world.runFor(SECOND_US);
    expect(log.map(([us, name]) => [name, ((us as number) - 2 * LINK_US) / SERVICE_US])).toEqual([
      ['a', 1],
      ['b', 1],
      ['c', 2],
      ['d', 2],
      ['e', 3],
    ]);
    expect(s.world.server.seats.inUse).toBe(0);
  });

  test('is refused with 429 after waiting 15 s for a seat, and tried again after a second', () => {
    const s = setup({ seats: 1, serviceUs: 20 * SECOND_US });
    s.world.runFor(30 * SECOND_US);
    const log = createAll(s, ['a', 'b']);
    s.world.runFor(100 * SECOND_US);
    // b: refused at 15 s, again at 16 s, served from 20 s to 40 s.
    expect(log.map(([us, name, what]) => [name, Math.round((us as number) / SECOND_US), what])).toEqual([
      ['a', 20, 'ok'],
      ['b', 40, 'ok'],
    ]);
  });
});

describe('an answer with Retry-After', () => {
  test('is tried again up to ten times', () => {
    const s = setup();
    let tries = 0;
    addRule(s.world.servers, {
      matches: () => {
        tries++;
        return true;
      },
      effect: { what: 'refuse', status: tooManyRequests('busy', 2) },
    });
    const log = createAll(s, ['a']);
    s.world.runFor(60 * SECOND_US);
    expect([tries, log]).toEqual([11, [[20 * SECOND_US + 11 * ROUND_TRIP_US, 'a', '429 TooManyRequests']]]);
  });

  test('succeeds as soon as the server lets it', () => {
    const s = setup();
    addRule(s.world.servers, { matches: () => true, times: 2, effect: { what: 'refuse', status: tooManyRequests('busy', 1) } });
    const log = createAll(s, ['a']);
    s.world.runFor(60 * SECOND_US);
    expect(log).toEqual([[2 * SECOND_US + 3 * ROUND_TRIP_US, 'a', 'ok']]);
  });

  test('is given to the caller at once when the header is missing', () => {
    const s = setup();
    addRule(s.world.servers, { matches: () => true, effect: { what: 'refuse', status: tooManyRequests('budget', 0) } });
    const log = createAll(s, ['a']);
    s.world.runFor(SECOND_US);
    expect(log).toEqual([[ROUND_TRIP_US, 'a', '429 TooManyRequests']]);
  });
});

describe('rules on requests', () => {
  test('skip, strike so many times, and end', () => {
    const s = setup();
    addRule(s.world.servers, {
      matches: (request) => request.verb === 'create',
      skip: 1,
      times: 1,
      effect: { what: 'refuse', status: conflict('injected') },
    });
    const log = createAll(s, ['a', 'b', 'c']);
    s.world.runFor(SECOND_US);
    expect(log.map(([, name, what]) => [name, what])).toEqual([
      ['a', 'ok'],
      ['b', '409 Conflict'],
      ['c', 'ok'],
    ]);
  });

  test.each([
    ['refuse', { what: 'refuse', status: conflict('x') }, 0, '409 Conflict', ROUND_TRIP_US],
    ['refuse-after-commit', { what: 'refuse-after-commit', status: conflict('x') }, 1, '409 Conflict', ROUND_TRIP_US],
    ['lose-request', { what: 'lose-request' }, 0, '0 Timeout ambiguous', 60 * SECOND_US],
    ['lose-reply', { what: 'lose-reply' }, 1, '0 Timeout ambiguous', 60 * SECOND_US],
    ['delay', { what: 'delay', by: { kind: 'constant', value: 5000 } }, 1, 'ok', ROUND_TRIP_US + 5000],
    ['delay-reply', { what: 'delay-reply', by: { kind: 'constant', value: 5000 } }, 1, 'ok', ROUND_TRIP_US + 5000],
    [
      'delay beyond the time-out',
      { what: 'delay', by: { kind: 'constant', value: 70 * SECOND_US } },
      1,
      '0 Timeout ambiguous',
      60 * SECOND_US,
    ],
  ] as const)('%s', (_name, effect, stored, outcome, us) => {
    const s = setup();
    addRule(s.world.servers, { matches: (_request, client) => client === 'worker', effect });
    const log = createAll(s, ['a']);
    s.world.runFor(100 * SECOND_US);
    expect([log, s.world.store.count('Pod')]).toEqual([[[us, 'a', outcome]], stored]);
    expect(s.world.server.seats.inUse).toBe(0);
  });

  test('etcd without a leader refuses writes and quorum reads, and serves caches', () => {
    const s = setup();
    const undo = loseEtcdLeader(s.world.servers);
    const log: string[] = [];
    const note = (result: Result<unknown>): void => void log.push(word(result));
    s.client.send({ verb: 'create', object: testPod('a') }, note);
    s.client.send({ verb: 'list', kind: 'Pod' }, note);
    s.client.send({ verb: 'list', kind: 'Pod', resourceVersion: 0 }, note);
    s.world.runFor(SECOND_US);
    undo();
    s.client.send({ verb: 'create', object: testPod('a') }, note);
    s.world.runFor(SECOND_US);
    expect(log).toEqual(['500 InternalError', '500 InternalError', 'ok', 'ok']);
  });
});

describe('a list from a cache that is behind', () => {
  test('consistent: waits for the cache, at most 3 s, then asks the store', () => {
    const s = setup();
    s.world.store.create(testPod('a'));
    pauseFeed(s.world.server, 'Pod');
    s.world.store.create(testPod('b'));
    const log: unknown[] = [];
    const startUs = s.world.engine.nowUs;
    s.client.send({ verb: 'list', kind: 'Pod' }, (result) => {
      log.push([s.world.engine.nowUs - startUs, isApiStatus(result) ? result.code : result.items.length]);
    });
    s.world.runFor(10 * SECOND_US);
    expect(log).toEqual([[3 * SECOND_US + ROUND_TRIP_US, 2]]);
  });

  test('not older than n: is refused after 3 s and tried again until the cache is there', () => {
    const s = setup();
    s.world.store.create(testPod('a'));
    pauseFeed(s.world.server, 'Pod');
    s.world.store.create(testPod('b'));
    const log: unknown[] = [];
    const startUs = s.world.engine.nowUs;
    s.client.send({ verb: 'list', kind: 'Pod', resourceVersion: 2 }, (result) => {
      log.push([s.world.engine.nowUs - startUs, isApiStatus(result) ? result.code : result.items.length]);
    });
    s.world.runFor(3_500_000);
    resumeFeed(s.world.server, 'Pod');
    s.world.runFor(10 * SECOND_US);
    expect(log).toEqual([[4 * SECOND_US + 2 * ROUND_TRIP_US, 2]]);
  });
});

describe('the end of a server', () => {
  test('fails what it was working on: unknown for writes', () => {
    const s = setup();
    const log = createAll(s, ['a']);
    s.world.runFor(LINK_US + 10);
    restartServer(s.world.server, SECOND_US);
    s.world.runFor(10 * SECOND_US);
    expect(log.map(([, name, what]) => [name, what])).toEqual([['a', '0 Unreachable ambiguous']]);
    expect(s.world.store.count('Pod')).toBe(0);
  });

  test('refuses connections while it is down, and serves again afterwards', () => {
    const s = setup();
    restartServer(s.world.server, 5 * SECOND_US);
    const log = createAll(s, ['a']);
    s.world.runFor(6 * SECOND_US);
    createAll(s, ['b'], log);
    s.world.runFor(SECOND_US);
    expect(log).toEqual([
      [1000, 'a', '0 Unreachable'],
      [HANDSHAKE_US + ROUND_TRIP_US, 'b', 'ok'],
    ]);
  });

  test('moves clients to another replica', () => {
    const s = setup({ servers: 2 });
    const first = s.component.connection?.server;
    first?.stop();
    const log = createAll(s, ['a']);
    s.world.runFor(SECOND_US);
    expect(log.map(([, , what]) => what)).toEqual(['ok']);
    expect(s.component.connection?.server).not.toBe(first);
  });
});

describe('a process', () => {
  test('that crashes never hears an answer, but its request is executed', () => {
    const s = setup();
    const log = createAll(s, ['a']);
    s.world.runFor(10);
    s.component.crash();
    s.world.runFor(100 * SECOND_US);
    expect([log, s.world.store.count('Pod')]).toEqual([[], 1]);
  });

  test('that crashes loses what still waited for its throttle', () => {
    const s = setup({}, { qps: 1, burst: 1 });
    createAll(s, ['a', 'b']);
    s.world.runFor(10);
    s.component.crash();
    s.world.runFor(100 * SECOND_US);
    expect(s.world.store.list('Pod').map((pod) => pod.metadata.name)).toEqual(['a']);
  });

  test('that is frozen hears the answer when it thaws', () => {
    const s = setup();
    const log = createAll(s, ['a']);
    s.world.runFor(10);
    s.component.freeze();
    s.world.runFor(20 * SECOND_US);
    expect([log, s.world.store.count('Pod')]).toEqual([[], 1]);
    s.component.thaw();
    expect(log).toEqual([[20 * SECOND_US + 10, 'a', 'ok']]);
  });
});

test('statuses say what callers ask them', () => {
  const status = new ApiStatus(404, 'NotFound', 'x');
  expect([status.isNotFound, status.isConflict, status.isUnreachable, String(status)]).toEqual([true, false, false, 'NotFound: x']);
});
