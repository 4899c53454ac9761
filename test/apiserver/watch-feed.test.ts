import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compact, endWatches, pauseFeed, setFeedLag, whenCommitted } from '../../src/apiserver/controls.ts';
import type { WatchEvent, WatchEventType, WatchFilter } from '../../src/apiserver/watch-event.ts';
import type { WatchSink } from '../../src/apiserver/watch-feed.ts';
import { isApiStatus } from '../../src/objects/api-status.ts';
import { newNode } from '../../src/objects/builders.ts';
import type { AnyObject } from '../../src/objects/kinds.ts';
import type { Pod } from '../../src/objects/pod.ts';
import { ApiWorld, testPod } from '../support/api-world.ts';
import { check } from '../support/seeded.ts';

class LogSink implements WatchSink {
  readonly log: string[] = [];
  readonly revisions: number[] = [];
  closed = '';

  offer(type: WatchEventType, event: WatchEvent): void {
    this.log.push(`${type} ${event.object.metadata.name}`);
    this.revisions.push(event.revision);
  }

  onServerClose(reason: string): void {
    this.closed = reason;
  }
}

function watch(world: ApiWorld, filter: WatchFilter = {}, from = world.store.revision): LogSink {
  const sink = new LogSink();
  const refusal = world.server.watch('Pod', sink, filter, from);
  if (refusal !== undefined) throw new Error(refusal.toString());
  return sink;
}

function label(world: ApiWorld, name: string, value: string): void {
  world.store.patch('Pod', `default/${name}`, (pod) => ({ ...pod, metadata: { ...pod.metadata, labels: { app: value } } }));
}

const isWeb = (object: AnyObject) => object.metadata.labels['app'] === 'web';

describe('a watch', () => {
  test('with a selector sees objects enter, change in and leave the selection', () => {
    const world = new ApiWorld();
    const sink = watch(world, { select: isWeb });
    world.store.create(testPod('a'));
    label(world, 'a', 'other');
    label(world, 'a', 'web');
    world.store.patch('Pod', 'default/a', (pod) => ({ ...pod, status: { ...pod.status, podIP: '1' } }), 'status');
    label(world, 'a', 'other');
    world.store.delete('Pod', 'default/a');
    expect(sink.log).toEqual(['ADDED a', 'MODIFIED a', 'DELETED a']);
  });

  test('by node sees a pod from its binding to its end', () => {
    const world = new ApiWorld();
    const here = watch(world, { nodeName: 'n' });
    const there = watch(world, { nodeName: 'm' });
    world.store.create(testPod('a'));
    world.server.execute({ verb: 'bind', key: 'default/a', nodeName: 'n' });
    world.store.patch('Pod', 'default/a', (pod) => ({ ...pod, status: { ...pod.status, podIP: '1' } }), 'status');
    world.store.delete('Pod', 'default/a', { gracePeriodSeconds: 0 });
    expect([here.log, there.log]).toEqual([['ADDED a', 'MODIFIED a', 'DELETED a'], []]);
  });

  test('resumes from the history: only what came after, filtered', () => {
    const world = new ApiWorld();
    world.store.create(testPod('a', { nodeName: 'n' }));
    world.store.create(testPod('b', { nodeName: 'm' }));
    world.store.create(testPod('c', { nodeName: 'n' }));
    expect(watch(world, {}, 1).log).toEqual(['ADDED b', 'ADDED c']);
    expect(watch(world, { nodeName: 'n' }, 0).log).toEqual(['ADDED a', 'ADDED c']);
  });

  test('from before the window is Gone', () => {
    const world = new ApiWorld();
    world.store.create(testPod('a'));
    world.store.create(testPod('b'));
    compact(world.store);
    const refusal = world.server.watch('Pod', new LogSink(), {}, 1);
    expect(isApiStatus(refusal) && refusal.isGone).toBe(true);
    expect(watch(world, {}, 2).log).toEqual([]);
  });

  test("gets a deletion with the deletion's revision and the state before", () => {
    const world = new ApiWorld();
    world.store.create(testPod('a', {}, { labels: { app: 'web' } }));
    const events: WatchEvent[] = [];
    world.server.watch('Pod', { offer: (_type, event) => void events.push(event), onServerClose: () => {} }, {}, 1);
    world.store.delete('Pod', 'default/a');
    expect(events[0]?.object.metadata).toMatchObject({ resourceVersion: 2, labels: { app: 'web' } });
  });

  test('that has ended is told nothing more', () => {
    const world = new ApiWorld();
    const filters: WatchFilter[] = [{}, { nodeName: 'n' }, { select: isWeb }];
    const sinks = filters.map((filter) => watch(world, filter));
    for (const [i, filter] of filters.entries()) world.server.unwatch('Pod', sinks[i] as LogSink, filter);
    world.store.create(testPod('a', { nodeName: 'n' }, { labels: { app: 'web' } }));
    expect(sinks.map((sink) => sink.log)).toEqual([[], [], []]);
    expect(world.server.feed('Pod').watchCount).toBe(0);
  });
});

describe('a paused feed', () => {
  test('shows neither lists nor watches anything new until it resumes, then everything in order', () => {
    const world = new ApiWorld({ servers: 2 });
    world.store.create(testPod('a'));
    const sink = watch(world);
    const resume = pauseFeed(world.server);
    world.store.create(testPod('b'));
    world.store.delete('Pod', 'default/a');
    const cached = (server = world.server) => {
      const list = server.execute({ verb: 'list', kind: 'Pod', resourceVersion: 0 });
      if (isApiStatus(list) || !('items' in list)) throw new Error('no list');
      return [list.items.map((pod) => pod.metadata.name), list.resourceVersion];
    };
    expect(cached()).toEqual([['a'], 1]);
    expect(cached(world.servers[1])).toEqual([['b'], 3]);
    expect(sink.log).toEqual([]);
    expect(world.server.execute({ verb: 'get', kind: 'Pod', key: 'default/a', fromCache: true })).toMatchObject({ kind: 'Pod' });
    expect(world.server.execute({ verb: 'get', kind: 'Pod', key: 'default/a' })).toMatchObject({ code: 404 });
    resume();
    world.runFor(0);
    expect([sink.log, cached()]).toEqual([
      ['ADDED b', 'DELETED a'],
      [['b'], 3],
    ]);
  });

  test('covers kinds first used later', () => {
    const world = new ApiWorld();
    const resume = pauseFeed(world.server);
    world.store.create(testPod('a'));
    expect(world.server.execute({ verb: 'get', kind: 'Pod', key: 'default/a', fromCache: true })).toMatchObject({ code: 404 });
    resume();
    world.runFor(0);
    expect(world.server.execute({ verb: 'get', kind: 'Pod', key: 'default/a', fromCache: true })).toMatchObject({ kind: 'Pod' });
  });

  test('refuses a list that asks for more than it has, with a Retry-After', () => {
    const world = new ApiWorld();
    world.store.create(testPod('a'));
    pauseFeed(world.server, 'Pod');
    world.store.create(testPod('b'));
    expect(world.server.execute({ verb: 'list', kind: 'Pod', resourceVersion: 2 })).toMatchObject({ code: 504, retryAfterSeconds: 1 });
    expect(world.server.execute({ verb: 'list', kind: 'Pod' })).toMatchObject({ resourceVersion: 2 });
  });
});

test('a lagging feed shows every write after its lag, in order', () => {
  const world = new ApiWorld();
  setFeedLag(world.server, { kind: 'uniform', min: 1000, max: 9000 }, 'Pod');
  const sink = watch(world);
  for (const name of ['a', 'b', 'c', 'd']) world.store.create(testPod(name));
  world.runFor(999);
  expect(sink.log).toEqual([]);
  world.runFor(8001);
  expect(sink.log).toEqual(['ADDED a', 'ADDED b', 'ADDED c', 'ADDED d']);
  setFeedLag(world.server, undefined, 'Pod');
  world.store.create(testPod('e'));
  expect(sink.log).toHaveLength(5);
});

test('a trigger acts right after the n-th matching write, before any watch delivers it', () => {
  const world = new ApiWorld();
  const log: string[] = [];
  world.component('w', (ctx) => {
    ctx.informers.of('Pod').addHandlers({ onAdd: (pod) => log.push(`seen ${pod.metadata.name}`) });
  });
  world.runFor(1_000_000);
  const isPod = (kind: string, type: WatchEventType) => kind === 'Pod' && type === 'ADDED';
  whenCommitted(world.store, { nth: 2, matches: isPod }, () => log.push(`trigger at ${world.store.revision}`));
  const undo = whenCommitted(world.store, { matches: isPod }, () => log.push('never'));
  undo();
  for (const name of ['a', 'b', 'c']) world.store.create(testPod(name));
  world.runFor(1_000_000);
  expect(log).toEqual(['trigger at 3', 'seen a', 'seen b', 'seen c']);
});

test('a reset of the cache closes its watches; a restarted server remembers nothing from before', () => {
  const world = new ApiWorld();
  world.store.create(testPod('a'));
  const sink = watch(world);
  endWatches(world.server, 'Pod');
  expect(sink.closed).toBe('watch cache was reset');
  const second = watch(world);
  world.store.create(testPod('b'));
  world.server.stop();
  expect(second.closed).toBe('server went down');
  world.store.create(testPod('c'));
  world.server.start();
  expect(world.server.watch('Pod', new LogSink(), {}, 2)).toMatchObject({ code: 410 });
  expect(watch(world, {}, 3).log).toEqual([]);
});

test('a list by node gives the node of that name, and nothing for a name that no node has', () => {
  const world = new ApiWorld();
  for (const name of ['a-1', 'a-2', 'a-10']) world.store.create(newNode(name));
  const named = (nodeName: string): string[] => {
    const listed = world.server.execute({ verb: 'list', kind: 'Node', nodeName });
    return isApiStatus(listed) || !('items' in listed) ? [] : listed.items.map((node) => node.metadata.name);
  };
  expect(named('a-1')).toEqual(['a-1']);
  expect(named('a-3')).toEqual([]);
});

test('bookmarks carry the revision of the last full minute', () => {
  const world = new ApiWorld();
  const feed = world.server.feed('Pod');
  world.store.create(testPod('a'));
  world.runFor(90_000_000);
  world.store.create(testPod('b'));
  world.runFor(200_000_000);
  world.store.create(testPod('c'));
  const minutes = [0, 59, 60, 119, 120, 289, 290, 299, 300].map((second) => feed.bookmarkAt(second * 1_000_000));
  expect(minutes).toEqual([0, 0, 1, 1, 2, 2, 2, 2, 3]);
});

test('every watch sees strictly increasing revisions and ends in step with the store, whatever is paused or lags meanwhile', () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant('write' as const), name: fc.constantFrom('a', 'b', 'c'), node: fc.constantFrom('', 'n', 'm') }),
    fc.record({ do: fc.constant('run' as const), us: fc.nat(5000) }),
    fc.record({ do: fc.constant('pause' as const) }),
    fc.record({ do: fc.constant('resume' as const) }),
    fc.record({ do: fc.constant('watch' as const) }),
    fc.record({ do: fc.constant('unlag' as const) }),
    fc.record({ do: fc.constant('lag' as const), us: fc.nat(4000) }),
  );
  check(
    fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
      const world = new ApiWorld();
      const filters: WatchFilter[] = [{}, { nodeName: 'n' }, { select: (pod) => (pod as Pod).spec.nodeName === 'm' }];
      const views: { filter: WatchFilter; sink: LogSink; objects: Map<string, AnyObject> }[] = [];
      const open = () => {
        for (const filter of filters) {
          const objects = new Map<string, AnyObject>();
          const sink = new LogSink();
          const offer = sink.offer.bind(sink);
          sink.offer = (type, event) => {
            offer(type, event);
            if (type === 'DELETED') objects.delete(event.key);
            else objects.set(event.key, event.object);
          };
          const feed = world.server.feed('Pod');
          for (const pod of feed.list(undefined, filter.nodeName, filter.select)) objects.set(`default/${pod.metadata.name}`, pod);
          world.server.watch('Pod', sink, filter, feed.appliedRevision);
          views.push({ filter, sink, objects });
        }
      };
      open();
      for (const each of steps) {
        const feed = world.server.feed('Pod');
        if (each.do === 'run') world.runFor(each.us);
        else if (each.do === 'pause') feed.pause();
        else if (each.do === 'resume') feed.resume();
        else if (each.do === 'lag') feed.setLag({ kind: 'uniform', min: 0, max: each.us });
        else if (each.do === 'unlag') feed.setLag(undefined);
        else if (each.do === 'watch') open();
        else if (world.store.get('Pod', `default/${each.name}`) === undefined)
          world.store.create(testPod(each.name, { nodeName: each.node }));
        else if (each.node === '') world.store.delete('Pod', `default/${each.name}`, { gracePeriodSeconds: 0 });
        else world.server.execute({ verb: 'bind', key: `default/${each.name}`, nodeName: each.node });
      }
      world.server.feed('Pod').resume();
      world.engine.run();
      for (const { filter, sink, objects } of views) {
        expect(sink.revisions).toEqual([...new Set(sink.revisions)].sort((a, b) => a - b));
        const expected = world.store.table('Pod').list(undefined, filter.nodeName, filter.select);
        expect([...objects.values()].toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))).toEqual(expected);
      }
    }),
    150,
  );
});
