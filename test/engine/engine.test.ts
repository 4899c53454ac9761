import { describe, expect, test } from 'vitest';
import { SimulationBug } from '../../src/base/invariant.ts';
import { Engine, PRIORITY } from '../../src/engine/engine.ts';
import { defineTopic } from '../../src/engine/observers.ts';
import { Rng } from '../../src/engine/rng.ts';

function logging(): { engine: Engine; log: [number, string][]; say: (delayUs: number, what: string) => number } {
  const engine = new Engine({ seed: 1 });
  const log: [number, string][] = [];
  const kind = engine.defineKind<string>('test.say', (_target, what) => log.push([engine.nowUs, what]));
  return { engine, log, say: (delayUs, what) => engine.schedule(kind, delayUs, 0, what) };
}

describe('Engine', () => {
  test('runs events by time and, at equal times, in the order they were scheduled', () => {
    const { engine, log, say } = logging();
    say(20, 'late');
    say(10, 'first');
    say(10, 'second');
    expect(engine.run()).toBe('idle');
    expect(log).toEqual([
      [10, 'first'],
      [10, 'second'],
      [20, 'late'],
    ]);
  });

  test('lets faults strike before and samples look after everything else at one instant', () => {
    const engine = new Engine({ seed: 1 });
    const log: string[] = [];
    const sample = engine.defineKind('test.sample', () => log.push('sample'), { priority: PRIORITY.SAMPLE });
    const normal = engine.defineKind('test.normal', () => log.push('normal'));
    const fault = engine.defineKind('test.fault', () => log.push('fault'), { priority: PRIORITY.FAULT });
    engine.schedule(sample, 5, 0, undefined);
    engine.schedule(normal, 5, 0, undefined);
    engine.schedule(fault, 5, 0, undefined);
    engine.run();
    expect(log).toEqual(['fault', 'normal', 'sample']);
  });

  test('runs the events at the bound and none after it, and leaves the clock at the bound', () => {
    const { engine, log, say } = logging();
    say(10, 'at');
    say(11, 'after');
    expect(engine.run({ untilUs: 10 })).toBe('until');
    expect(log).toEqual([[10, 'at']]);
    expect(engine.run({ untilUs: 50 })).toBe('idle');
    expect(engine.nowUs).toBe(50);
  });

  test('drops a cancelled event, once, and recognizes stale handles', () => {
    const { engine, log, say } = logging();
    const gone = say(10, 'gone');
    expect(engine.isPending(gone)).toBe(true);
    expect(engine.cancel(gone)).toBe(true);
    expect(engine.cancel(gone)).toBe(false);
    const kept = say(10, 'kept');
    engine.run();
    expect(engine.cancel(kept)).toBe(false);
    expect(engine.isPending(kept)).toBe(false);
    expect(log).toEqual([[10, 'kept']]);
    expect(engine.eventCount).toBe(1);
  });

  test('does not let a stale handle cancel the event that reuses its slot', () => {
    const { engine, log, say } = logging();
    const first = say(1, 'first');
    engine.run();
    say(1, 'second');
    expect(engine.cancel(first)).toBe(false);
    engine.run();
    expect(log.map(([, what]) => what)).toEqual(['first', 'second']);
  });

  test('ends a run until idle when only background events are pending', () => {
    const engine = new Engine({ seed: 1 });
    const beat = engine.defineKind('test.beat', () => engine.schedule(beat, 10, 0, undefined), { background: true });
    engine.schedule(beat, 10, 0, undefined);
    const work = engine.defineKind('test.work', () => {});
    engine.schedule(work, 35, 0, undefined);
    expect(engine.run({ untilIdle: true })).toBe('idle');
    expect(engine.nowUs).toBe(35);
  });

  test('returns after a number of events and goes on where it stopped', () => {
    const { engine, log, say } = logging();
    for (let i = 0; i < 5; i++) say(i, String(i));
    expect(engine.run({ maxEvents: 2 })).toBe('max-events');
    expect(log.length).toBe(2);
    expect(engine.run()).toBe('idle');
    expect(log.length).toBe(5);
  });

  test('says seed, time, event, kind and the replay command when an event throws', () => {
    const engine = new Engine({ seed: 42, replayCommand: 'seatrial run x.yaml --seed 42' });
    const boom = engine.defineKind('test.boom', () => {
      throw new Error('broken');
    });
    engine.schedule(boom, 1_500_000, 0, undefined);
    expect(() => engine.run()).toThrow(SimulationBug);
    engine.schedule(boom, 1_500_000, 0, undefined);
    expect(() => engine.run()).toThrow(
      /broken[\s\S]*seed 42, simulated time 3s \(3000000 us\), event 2 \(test\.boom\)[\s\S]*replay: seatrial run x\.yaml --seed 42/,
    );
  });

  test('refuses events in the past, fractional delays and a second declaration of a kind', () => {
    const engine = new Engine({ seed: 1 });
    const kind = engine.defineKind('test.kind', () => {});
    expect(() => engine.schedule(kind, -1, 0, undefined)).toThrow(/past/);
    expect(() => engine.schedule(kind, 0.5, 0, undefined)).toThrow(/integer/);
    expect(() => engine.defineKind('test.kind', () => {})).toThrow(/twice/);
  });

  test('runs simultaneous events in an order drawn from the tie stream, the same for the same stream', () => {
    const orders = [1, 1, 2].map((seed) => {
      const { engine, log, say } = logging();
      engine.shuffleTies(Rng.root(seed));
      for (let i = 0; i < 20; i++) say(5, String(i));
      engine.run();
      return log.map(([, what]) => what).join();
    });
    expect(orders[0]).toBe(orders[1]);
    expect(orders[0]).not.toBe(orders[2]);
  });
});

describe('digest of a run', () => {
  function digestOf(options: { extraKind?: boolean; seed?: number; shift?: number; target?: number; drawBetween?: boolean }): string {
    const engine = new Engine({ seed: options.seed ?? 1 });
    if (options.extraKind === true) engine.defineKind('unused.kind', () => {});
    const kind = engine.defineKind<number>('test.step', (_target, n) => {
      if (options.drawBetween === true) engine.rng.fork('unrelated').nextUint32();
      if (n > 0) engine.schedule(kind, 1 + engine.rng.fork(`step/${n}`).nextInt(100), options.target ?? 3, n - 1);
    });
    engine.schedule(kind, options.shift ?? 1, 3, 50);
    engine.run();
    return engine.digest.toString();
  }

  test('is equal for equal runs', () => expect(digestOf({})).toBe(digestOf({})));
  test('is a fixed value on every machine and engine', () => expect(digestOf({})).toMatchInlineSnapshot(`"9fb3ab83a85d1798"`));
  test('does not see a kind that is declared and never used', () => expect(digestOf({ extraKind: true })).toBe(digestOf({})));
  test('does not see numbers drawn from an unrelated stream', () => expect(digestOf({ drawBetween: true })).toBe(digestOf({})));
  test('sees another seed', () => expect(digestOf({ seed: 2 })).not.toBe(digestOf({})));
  test('sees a shifted time', () => expect(digestOf({ shift: 2 })).not.toBe(digestOf({})));
  test('sees another target', () => expect(digestOf({ target: 4 })).not.toBe(digestOf({})));
});

describe('Observers', () => {
  test('hand every record to every listener in order of registration', () => {
    const engine = new Engine({ seed: 1 });
    const topic = defineTopic<string>('test.topic');
    const heard: string[] = [];
    expect(engine.observers.has(topic)).toBe(false);
    engine.observers.on(topic, (record, timeUs) => heard.push(`a ${record} ${timeUs}`));
    engine.observers.on(topic, (record) => heard.push(`b ${record}`));
    engine.observers.emit(topic, 'x', 5);
    expect(heard).toEqual(['a x 5', 'b x']);
  });
});
