import { describe, expect, test } from 'vitest';
import { SECOND_US } from '../../src/engine/units.ts';
import { FaultWorld } from '../support/fault-world.ts';

function bench(seed = 1): FaultWorld {
  const faulty = new FaultWorld({ seed });
  faulty.writer();
  return faulty;
}

describe('request-refusal', () => {
  test.each<[number, string]>([
    [409, 'Conflict'],
    [500, 'InternalError'],
    [503, 'ServiceUnavailable'],
    [504, 'Timeout'],
  ])('answers %i without executing', (code, reason) => {
    const faulty = bench();
    faulty.plan('request-refusal', 'component/writer', { code, count: 1 });
    faulty.runTo(0.5);
    expect([faulty.log, faulty.pods()]).toEqual([[`0 a-1-0 ${code} ${reason}`, '0 b-1-0'], ['b-1-0']]);
  });

  test('with 429 and a time the client tries again by itself', () => {
    const faulty = bench();
    faulty.plan('request-refusal', '', { code: 429, retryAfter: 2, verb: 'create', count: 2 });
    faulty.runTo(4.5);
    expect(faulty.log).toEqual(['4 a-1-0', '4 b-1-0']);
  });

  test('lets the first pass, strikes so many, and ends with the fault', () => {
    const faulty = bench();
    faulty.plan('request-refusal', 'component/writer', { skip: 1, count: 2 }, 100);
    faulty.plan('request-refusal', 'component/writer', {}, 4.5, 3.5);
    faulty.runTo(9.5);
    const refused = faulty.log.filter((line) => line.includes('500')).map((line) => line.split(' ')[1]);
    expect(refused).toEqual(
      ['b-1-0', 'a-1-1', 'a-1-4', 'b-1-4', 'a-1-5', 'b-1-5', 'a-1-6', 'b-1-6', 'a-1-7', 'b-1-7', 'a-1-8', 'b-1-8'].slice(0, 10),
    );
  });

  test('strikes only the sender, verb, kind and part of the sender it is told', () => {
    const faulty = bench();
    faulty.writer('other');
    for (const params of [{ verb: 'delete' }, { verb: 'read' }, { kind: 'Node' }, { client: 'triples' }])
      faulty.plan('request-refusal', 'component/writer', params);
    faulty.plan('request-refusal', 'component/other', { verb: 'write', kind: 'Pod', client: 'pairs' });
    faulty.runTo(0.5);
    expect(faulty.log.sort()).toEqual(['0 a-1-0', '0 a-1-0 500 InternalError', '0 b-1-0', '0 b-1-0 500 InternalError']);
  });

  test('strikes a share of them, drawn from the seed alone', () => {
    const refused = (seed: number): string => {
      const faulty = bench(seed);
      faulty.plan('request-refusal', 'component/writer', { share: 0.3 }, 1000);
      faulty.runTo(200);
      return faulty.log.filter((line) => line.includes('500')).join();
    };
    const once = refused(1);
    expect(refused(1)).toBe(once);
    expect(refused(2)).not.toBe(once);
    // 402 requests: 121 on average, give or take four standard deviations.
    expect(Math.abs(once.split(',').length - 121)).toBeLessThan(37);
  });

  test('on one API server strikes who is connected to it', () => {
    const faulty = bench();
    faulty.strike('reconnect', 'component/writer', { server: 0 });
    faulty.strike('request-refusal', 'api-server/1');
    faulty.runTo(0.5);
    faulty.strike('reconnect', 'component/writer', { server: 1 });
    faulty.runTo(1.5);
    expect(faulty.log.map((line) => line.includes('500'))).toEqual([false, false, true, true]);
  });

  test('an impossible code, and a time to wait with the wrong one, are explained', () => {
    expect(() => bench().strike('request-refusal', '', { code: 418 })).toThrow('expected one of 409, 429, 500, 503, 504');
    expect(() => bench().strike('request-refusal', '', { code: 500, retryAfter: 1 })).toThrow('only goes with code 429');
  });
});

describe('lost-reply and lost-request', () => {
  test.each<[string, string[]]>([
    ['lost-reply', ['a-1-0', 'b-1-0']],
    ['lost-request', ['b-1-0']],
  ])('%s: the client times out after a minute and cannot know', (fault, pods) => {
    const faulty = bench();
    faulty.plan(fault, 'component/writer', { verb: 'create', count: 1 });
    faulty.runTo(60.5);
    expect([faulty.log, faulty.pods()]).toEqual([['60 a-1-0 0 Timeout', '60 b-1-0'], pods]);
  });
});

describe('slow-requests', () => {
  test('before: executed late', () => {
    const faulty = bench();
    faulty.plan('slow-requests', 'component/writer', { delay: 3 * SECOND_US, count: 1 });
    faulty.runTo(2.5);
    expect(faulty.pods()).toEqual([]);
    faulty.runTo(3.5);
    expect(faulty.log).toEqual(['3 a-1-0', '3 b-1-0']);
  });

  test('after: executed in time, answered late', () => {
    const faulty = bench();
    faulty.plan('slow-requests', 'component/writer', { delay: 3 * SECOND_US, when: 'after', count: 1 });
    faulty.runTo(2.5);
    expect([faulty.pods(), faulty.log]).toEqual([['a-1-0'], []]);
    faulty.runTo(3.5);
    expect(faulty.log).toEqual(['3 a-1-0', '3 b-1-0']);
  });

  test('with a spread, each request takes a time of its own', () => {
    const faulty = bench();
    faulty.plan('slow-requests', '', { delay: SECOND_US, spread: 1 }, 1000);
    faulty.runTo(100);
    expect(new Set(faulty.log.map((line) => line.split(' ')[0])).size).toBe(faulty.log.length);
  });
});

describe('etcd-leader-loss', () => {
  test('fails writes, keeps watches quiet and heartbeats still, and leaves nothing behind', () => {
    const faulty = bench();
    faulty.watcher();
    faulty.plan('etcd-leader-loss', '', {}, 20, 5);
    faulty.plan('etcd-leader-loss', '', {}, 20, 10);
    faulty.runTo(20.5);
    expect(faulty.log.filter((line) => Number(line.split(' ')[0]) >= 6 && !line.includes('500 InternalError'))).toEqual([]);
    faulty.runTo(32);
    expect(faulty.log.filter((line) => Number(line.split(' ')[0]) >= 31)).toHaveLength(4);
    expect(faulty.world.servers.map((server) => server.rules.isEmpty)).toEqual([true, true]);
    expect(faulty.world.servers.map((server) => server.feed('Pod').isPaused)).toEqual([false, false]);
  });
});
