import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EXPECTATIONS_TIMEOUT_US, Expectations } from '../../src/client/expectations.ts';
import { bucketLimiter, defaultControllerRateLimiter, fixedDelayLimiter, itemExponentialLimiter } from '../../src/client/rate-limiters.ts';
import { TokenBucket } from '../../src/client/token-bucket.ts';
import { WorkQueue } from '../../src/client/work-queue.ts';
import { Engine } from '../../src/engine/engine.ts';
import { Runtime, sleep } from '../../src/engine/process.ts';
import { check } from '../support/seeded.ts';

function setup(limiter?: ConstructorParameters<typeof WorkQueue>[2]) {
  const engine = new Engine({ seed: 1 });
  const scope = new Runtime(engine).scope('test');
  return { engine, scope, queue: new WorkQueue(scope, 'test', limiter ?? {}) };
}

describe('WorkQueue', () => {
  test('holds a key once, and hands it to one worker at a time', () => {
    const { queue } = setup();
    queue.add('a');
    queue.add('a');
    queue.add('b');
    expect([queue.tryGet(), queue.length]).toEqual(['a', 1]);
    queue.add('a');
    queue.add('a');
    expect([queue.tryGet(), queue.tryGet()]).toEqual(['b', undefined]);
    queue.done('a');
    expect(queue.tryGet()).toBe('a');
    queue.done('a');
    expect(queue.tryGet()).toBe(undefined);
  });

  test('gives out at once what fell due while its process stood still, whatever else is added as the process goes on', () => {
    const { engine, scope, queue } = setup();
    queue.addAfter('late', 1_000_000, { background: true });
    scope.freeze();
    // Before the held timer: what the process hears first may change what the timer is for.
    scope.whenThawed(() => queue.addAfter('later', 10_000_000));
    engine.run({ untilUs: 5_000_000 });
    scope.thaw();
    engine.run({ untilUs: 5_000_000 });
    expect([queue.tryGet(), queue.tryGet()]).toEqual(['late', undefined]);
    engine.run({ untilUs: 15_000_000 });
    expect(queue.tryGet()).toBe('later');
  });

  test('wakes waiting workers in order, one per key', () => {
    const { engine, scope, queue } = setup();
    const log: string[] = [];
    for (const worker of ['w1', 'w2', 'w3']) {
      scope.spawn(
        worker,
        (function* () {
          for (;;) {
            const key = yield* queue.get();
            log.push(`${engine.nowUs} ${worker} ${key}`);
            yield* sleep(10);
            queue.done(key);
          }
        })(),
      );
    }
    engine.run({ untilUs: 1 });
    queue.add('a');
    queue.add('b');
    engine.run({ untilUs: 5 });
    queue.add('a');
    engine.run({ untilUs: 100 });
    expect(log).toEqual(['1 w1 a', '1 w2 b', '11 w3 a']);
  });

  test('hires workers for keys that find none waiting, no more than allowed, and keeps their keys from others', () => {
    const { engine, scope, queue } = setup();
    const log: string[] = [];
    function* work(name: string) {
      for (let key = queue.takeFirst(); ; key = yield* queue.get()) {
        log.push(`${engine.nowUs} ${name} ${key}`);
        yield* sleep(10);
        queue.done(key);
      }
    }
    queue.add('a');
    queue.staff(2, (i) => void scope.spawn(`w${i}`, work(`w${i}`)));
    queue.add('b');
    queue.add('c');
    // Two keys are promised to the workers that are about to begin.
    expect([queue.tryGet(), queue.tryGet()]).toEqual(['a', undefined]);
    queue.done('a');
    engine.run({ untilUs: 5 });
    queue.add('d');
    engine.run({ untilUs: 50 });
    queue.add('e');
    engine.run({ untilUs: 100 });
    expect(log).toEqual(['0 w0 b', '0 w1 c', '10 w0 d', '50 w1 e']);
  });

  test('a worker that dies before it is served does not swallow the key', () => {
    const { engine, scope, queue } = setup();
    const got: string[] = [];
    const worker = (name: string) =>
      scope.spawn(
        name,
        (function* () {
          got.push(`${name} ${yield* queue.get()}`);
        })(),
      );
    const first = worker('w1');
    engine.run({ untilUs: 1 });
    queue.add('a');
    first.kill();
    engine.run({ untilUs: 2 });
    worker('w2');
    engine.run({ untilUs: 3 });
    expect(got).toEqual(['w2 a']);
  });

  test('keeps the earlier of two delays, and adds at once without one', () => {
    const { engine, queue } = setup();
    queue.addAfter('a', 50);
    queue.addAfter('a', 20);
    queue.addAfter('a', 90);
    queue.addAfter('b', 0);
    expect([queue.length, queue.delayedCount]).toEqual([1, 1]);
    engine.run({ untilUs: 19 });
    expect(queue.length).toBe(1);
    engine.run({ untilUs: 20 });
    expect([queue.length, queue.delayedCount]).toEqual([2, 0]);
  });

  test('background delays do not keep a run alive, others do', () => {
    const { engine, queue } = setup();
    queue.addAfter('resync', 1000, { background: true });
    queue.addAfter('retry', 300);
    engine.run({ untilIdle: true });
    expect([engine.nowUs, queue.length]).toEqual([300, 1]);
    queue.addAfter('resync', 5000);
    engine.run({ untilIdle: true });
    expect([engine.nowUs, queue.length]).toEqual([1000, 2]);
  });

  test('loses everything with its scope', () => {
    const { engine, scope, queue } = setup();
    queue.addAfter('a', 10);
    scope.kill();
    engine.run({ untilUs: 100 });
    expect(queue.length).toBe(0);
  });

  test('backs off by key and forgets', () => {
    const { engine, queue } = setup();
    const delays: number[] = [];
    for (let i = 0; i < 4; i++) {
      const addedUs = engine.nowUs;
      queue.addRateLimited('a');
      engine.run({ untilIdle: true });
      delays.push(engine.nowUs - addedUs);
      queue.done(queue.tryGet() as string);
    }
    expect([delays, queue.retryCount('a')]).toEqual([[5_000, 10_000, 20_000, 40_000], 4]);
    queue.forget('a');
    expect(queue.retryCount('a')).toBe(0);
  });

  test('agrees with a naive queue on any mix of operations', () => {
    const keys = fc.constantFrom('a', 'b', 'c', 'd');
    const step = fc.oneof(
      fc.record({ do: fc.constant('add' as const), key: keys }),
      fc.record({ do: fc.constant('done' as const), key: keys }),
      fc.record({ do: fc.constant('after' as const), key: keys, us: fc.nat(20) }),
      fc.record({ do: fc.constant('get' as const) }),
      fc.record({ do: fc.constant('run' as const), us: fc.nat(15) }),
    );
    check(
      fc.property(fc.array(step, { maxLength: 80, size: 'max' }), (steps) => {
        const { engine, queue } = setup();
        const naive = new NaiveQueue();
        for (const each of steps) {
          if (each.do === 'add') {
            queue.add(each.key);
            naive.add(each.key);
          } else if (each.do === 'after') {
            queue.addAfter(each.key, each.us);
            naive.addAfter(each.key, engine.nowUs + each.us, each.us);
          } else if (each.do === 'done') {
            if (!naive.processing.includes(each.key)) continue;
            queue.done(each.key);
            naive.done(each.key);
          } else if (each.do === 'get') {
            expect(queue.tryGet()).toBe(naive.get());
          } else {
            engine.run({ untilUs: engine.nowUs + each.us });
            naive.advance(engine.nowUs);
          }
          expect([queue.length, queue.delayedCount, queue.processingCount]).toEqual([
            naive.ready.length,
            naive.delayed.length,
            naive.processing.length,
          ]);
        }
      }),
      300,
    );
  });
});

/** What WorkQueue must behave like, written to be obviously right. */
class NaiveQueue {
  ready: string[] = [];
  again: string[] = [];
  processing: string[] = [];
  delayed: { key: string; atUs: number }[] = [];

  add(key: string): void {
    if (this.ready.includes(key)) return;
    if (!this.processing.includes(key)) this.ready.push(key);
    else if (!this.again.includes(key)) this.again.push(key);
  }

  addAfter(key: string, atUs: number, delayUs: number): void {
    if (delayUs === 0) {
      this.add(key);
      return;
    }
    const known = this.delayed.find((entry) => entry.key === key);
    if (known === undefined) this.delayed.push({ key, atUs });
    else if (atUs < known.atUs) {
      this.delayed.splice(this.delayed.indexOf(known), 1);
      this.delayed.push({ key, atUs });
    }
  }

  get(): string | undefined {
    const key = this.ready.shift();
    if (key !== undefined) this.processing.push(key);
    return key;
  }

  done(key: string): void {
    this.processing.splice(this.processing.indexOf(key), 1);
    if (!this.again.includes(key)) return;
    this.again.splice(this.again.indexOf(key), 1);
    this.ready.push(key);
  }

  advance(nowUs: number): void {
    for (;;) {
      const due = this.delayed.filter((entry) => entry.atUs <= nowUs);
      const next = due.reduce<(typeof due)[number] | undefined>((a, b) => (a === undefined || b.atUs < a.atUs ? b : a), undefined);
      if (next === undefined) return;
      this.delayed.splice(this.delayed.indexOf(next), 1);
      this.add(next.key);
    }
  }
}

describe('rate limiters', () => {
  test('the item limiter doubles from its base to its cap', () => {
    const limiter = itemExponentialLimiter(5_000, 1_000_000_000);
    const delays = Array.from({ length: 20 }, () => limiter.nextDelayUs('a'));
    expect(delays.slice(0, 5)).toEqual([5_000, 10_000, 20_000, 40_000, 80_000]);
    expect(delays.slice(17)).toEqual([655_360_000, 1_000_000_000, 1_000_000_000]);
    expect(limiter.nextDelayUs('b')).toBe(5_000);
  });

  test('the bucket limiter lets the burst pass and then one every 100 ms', () => {
    const limiter = bucketLimiter(new Engine({ seed: 1 }), 10, 100);
    const delays = Array.from({ length: 103 }, (_, i) => limiter.nextDelayUs(`k${i}`));
    expect([delays[99], ...delays.slice(100)]).toEqual([0, 100_000, 200_000, 300_000]);
  });

  test('the default limiter takes the longer of both', () => {
    const limiter = defaultControllerRateLimiter(new Engine({ seed: 1 }));
    for (let i = 0; i < 100; i++) limiter.nextDelayUs('x');
    expect(limiter.nextDelayUs('y')).toBe(100_000);
  });

  test('the fixed limiter never grows', () => {
    const limiter = fixedDelayLimiter(15_000_000);
    expect([limiter.nextDelayUs('a'), limiter.nextDelayUs('a')]).toEqual([15_000_000, 15_000_000]);
  });
});

describe('TokenBucket', () => {
  test('serves callers in order at its rate and refills while nobody asks', () => {
    const bucket = new TokenBucket(20, 2, 0);
    expect([0, 0, 0, 0].map((at) => bucket.reserveUs(at))).toEqual([0, 0, 50_000, 100_000]);
    expect(bucket.reserveUs(1_000_000)).toBe(0);
    expect(bucket.tryTake(1_000_000)).toBe(true);
    expect(bucket.tryTake(1_000_000)).toBe(false);
  });

  test('limits nothing when its rate is infinite or not positive', () => {
    for (const qps of [Infinity, 0, -1]) {
      const bucket = new TokenBucket(qps, 1, 0);
      expect([bucket.reserveUs(0), bucket.reserveUs(0), bucket.tryTake(0)]).toEqual([0, 0, true]);
    }
  });

  test('never passes more than burst + rate in any stretch of time', () => {
    check(
      fc.property(fc.array(fc.nat(200_000), { minLength: 1, maxLength: 50, size: 'max' }), (gaps) => {
        const bucket = new TokenBucket(10, 3, 0);
        let nowUs = 0;
        const passes = gaps.map((gap) => {
          nowUs += gap;
          return nowUs + bucket.reserveUs(nowUs);
        });
        passes.forEach((from, i) => {
          passes.slice(i).forEach((to, j) => {
            expect(j + 1).toBeLessThanOrEqual(3 + (to - from) / 100_000 + 1e-3);
          });
        });
      }),
      100,
    );
  });
});

describe('Expectations', () => {
  function expectations() {
    const engine = new Engine({ seed: 1 });
    return { engine, expectations: new Expectations(engine) };
  }

  test('are satisfied without a record, and once everything expected was seen', () => {
    const { expectations: e } = expectations();
    expect(e.isSatisfied('rs')).toBe(true);
    e.expectCreations('rs', 2);
    e.creationObserved('rs');
    expect([e.isSatisfied('rs'), e.pending('rs')]).toEqual([false, { creations: 1, deletions: 0 }]);
    e.lowerCreations('rs', 1);
    expect(e.isSatisfied('rs')).toBe(true);
  });

  test('count an expected deletion once, and an unexpected one never', () => {
    const { expectations: e } = expectations();
    e.expectDeletions('rs', ['a', 'b']);
    for (const key of ['a', 'a', 'c']) e.deletionObserved('rs', key);
    expect(e.pending('rs')).toEqual({ creations: 0, deletions: 1 });
    e.deletionObserved('rs', 'b');
    expect(e.isSatisfied('rs')).toBe(true);
  });

  test('expire after five minutes', () => {
    const { engine, expectations: e } = expectations();
    e.expectCreations('rs', 1);
    engine.run({ untilUs: EXPECTATIONS_TIMEOUT_US });
    expect(e.isSatisfied('rs')).toBe(false);
    engine.run({ untilUs: EXPECTATIONS_TIMEOUT_US + 1 });
    expect(e.isSatisfied('rs')).toBe(true);
  });
});
