import { describe, expect, test } from 'vitest';
import { Engine } from '../../src/engine/engine.ts';
import { all, Interrupt, type Op, type Process, Runtime, race, type Scope, Signal, sleep } from '../../src/engine/process.ts';

interface Bench {
  engine: Engine;
  runtime: Runtime;
  scope: Scope;
  log: [number, string][];
  say: (what: string) => void;
}

function bench(): Bench {
  const engine = new Engine({ seed: 1 });
  const runtime = new Runtime(engine);
  const log: [number, string][] = [];
  return { engine, runtime, scope: runtime.scope('test'), log, say: (what) => log.push([engine.nowUs, what]) };
}

describe('processes', () => {
  test('sleep in virtual time and give their result to whoever joins', () => {
    const { engine, scope, log, say } = bench();
    function* child(): Op<number> {
      yield* sleep(30);
      return 7;
    }
    function* parent(): Op<void> {
      const process = scope.spawn('child', child());
      say('started');
      const result = yield* process.join<number>();
      say(`got ${result}`);
    }
    scope.spawn('parent', parent());
    engine.run();
    expect(log).toEqual([
      [0, 'started'],
      [30, 'got 7'],
    ]);
  });

  test('run side by side with all, results in the given order', () => {
    const { engine, scope, log, say } = bench();
    function* take(us: number): Op<number> {
      yield* sleep(us);
      return us;
    }
    function* main(): Op<void> {
      say((yield* all([take(30), take(10), take(20)])).join());
    }
    scope.spawn('main', main());
    engine.run();
    expect(log).toEqual([[30, '30,10,20']]);
  });

  test('end a race with the first to finish and stop the others', () => {
    const { engine, scope, log, say } = bench();
    function* take(us: number): Op<string> {
      yield* sleep(us);
      say(`took ${us}`);
      return String(us);
    }
    function* main(): Op<void> {
      const winner = yield* race([take(30), take(10)]);
      say(`winner ${winner.index} ${winner.value}`);
    }
    scope.spawn('main', main());
    engine.run();
    expect(log).toEqual([
      [10, 'took 10'],
      [10, 'winner 1 10'],
    ]);
    expect(engine.nowUs).toBe(10);
  });

  test('wake on a signal, everyone who waits, in order of arrival', () => {
    const { engine, scope, log, say } = bench();
    const signal = new Signal<number>();
    function* wait(name: string): Op<void> {
      say(`${name} ${yield* signal.wait()}`);
    }
    scope.spawn('a', wait('a'));
    scope.spawn('b', wait('b'));
    scope.timer('test.fire', 5, () => signal.fire(9));
    engine.run();
    expect(log).toEqual([
      [5, 'a 9'],
      [5, 'b 9'],
    ]);
    expect(signal.waiterCount).toBe(0);
  });

  test('can be interrupted at any yield and may go on', () => {
    const { engine, scope, log, say } = bench();
    function* main(): Op<void> {
      try {
        yield* sleep(100);
      } catch (error) {
        say(error instanceof Interrupt ? `interrupted: ${error.message}` : 'other');
      }
      yield* sleep(5);
      say('went on');
    }
    const process = scope.spawn('main', main());
    scope.timer('test.interrupt', 10, () => process.interrupt('enough'));
    engine.run();
    expect(log).toEqual([
      [10, 'interrupted: enough'],
      [15, 'went on'],
    ]);
  });

  test('end without another line when killed, not even finally', () => {
    const { engine, scope, log, say } = bench();
    function* main(): Op<void> {
      try {
        yield* sleep(100);
        say('survived');
      } finally {
        say('cleaned up');
      }
    }
    const process = scope.spawn('main', main());
    scope.timer('test.kill', 10, () => process.kill());
    engine.run();
    expect(log).toEqual([]);
    expect(process.state).toBe('killed');
    expect(engine.nowUs).toBe(10);
  });

  test('pass every yield to the hook, which may kill the process right there', () => {
    const { engine, runtime, scope, log, say } = bench();
    const seen: string[] = [];
    runtime.onYield((process: Process) => {
      seen.push(`${process.name}#${process.yieldCount} ${process.waitingFor?.label}`);
      if (process.yieldCount === 2) process.kill();
    });
    function* main(): Op<void> {
      yield* sleep(1);
      say('one');
      yield* sleep(1);
      say('two');
    }
    scope.spawn('main', main());
    engine.run();
    expect(seen).toEqual(['main#1 sleep', 'main#2 sleep']);
    expect(log).toEqual([[1, 'one']]);
  });

  test('are seen by several hooks in the order they were added, each until it is taken away', () => {
    const { engine, runtime, scope } = bench();
    const seen: string[] = [];
    const endFirst = runtime.onYield((process) => {
      seen.push(`first ${process.yieldCount}`);
      if (process.yieldCount === 2) endFirst();
    });
    const endSecond = runtime.onYield((process) => seen.push(`second ${process.yieldCount}`));
    function* main(): Op<void> {
      for (let i = 0; i < 4; i++) yield* sleep(1);
    }
    scope.spawn('main', main());
    scope.timer('test.stop', 3, () => endSecond());
    engine.run();
    expect(seen).toEqual(['first 1', 'second 1', 'first 2', 'second 2', 'second 3']);
    expect(runtime.isYieldWatched).toBe(false);
  });
});

describe('scopes', () => {
  test('take their timers and processes with them when killed', () => {
    const { engine, scope, log, say } = bench();
    scope.timer('test.timer', 20, () => say('timer'));
    scope.every('test.tick', 5, () => say('tick'), { background: false });
    scope.onKill(() => say('killed'));
    const other = engine.defineKind('test.kill', () => scope.kill());
    engine.schedule(other, 12, 0, undefined);
    engine.run();
    expect(log).toEqual([
      [5, 'tick'],
      [10, 'tick'],
      [12, 'killed'],
    ]);
    expect(engine.foregroundCount).toBe(0);
  });

  test('hold timers and processes back while frozen and run them in order at thaw', () => {
    const { engine, scope, log, say } = bench();
    function* main(): Op<void> {
      yield* sleep(10);
      say('slept');
      yield* sleep(10);
      say('slept again');
    }
    scope.spawn('main', main());
    scope.timer('test.timer', 12, () => say('timer'));
    const cancelled = scope.timer('test.timer', 13, () => say('cancelled'));
    const control = engine.defineKind<() => void>('test.control', (_target, run) => run());
    engine.schedule(control, 5, 0, () => scope.freeze());
    engine.schedule(control, 20, 0, () => cancelled());
    engine.schedule(control, 50, 0, () => scope.thaw());
    engine.run();
    expect(log).toEqual([
      [50, 'slept'],
      [50, 'timer'],
      [60, 'slept again'],
    ]);
  });
});
