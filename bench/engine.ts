/**
 * Engine: the hold model (pop the earliest event, push one a random delay later) at several numbers
 * of pending events, against a heap of event objects and against C++ where a compiler is at hand;
 * and the whole run loop with dispatch, one random draw and the digest.
 */
import { Engine } from '../src/engine/engine.ts';
import { EventQueue } from '../src/engine/event-queue.ts';
import { Anchor } from './anchor.ts';
import { type Bench, cpuSeconds, millions, type Row, ratio, sideBySide } from './harness.ts';

export const engineBench: Bench = {
  name: 'engine',
  summary: 'event queue (hold model) and whole run loop, events per second',
  run({ quick, say }) {
    const rows: Row[] = [];
    const anchor = Anchor.compile(say);
    for (const pending of [1_000, 100_000, 1_000_000]) {
      const events = quick ? 200_000 : 2_000_000;
      const rounds = quick ? 3 : 5;
      const contenders = [
        () => holdTyped(pending, events),
        () => holdObjects(pending, Math.min(events, 1_000_000)) * (events / Math.min(events, 1_000_000)),
      ];
      if (anchor !== undefined) contenders.push(() => anchor.seconds(pending, events));
      const [typed, objects, native] = sideBySide(contenders, rounds);
      const note = native === undefined ? '' : `, ${ratio(native / typed!)} of std::priority_queue (${millions(events / native)})`;
      rows.push({
        what: `event queue, ${pending.toLocaleString('en')} pending`,
        figure: millions(events / typed!),
        note: `${ratio(objects! / typed!)} of a heap of objects (${millions(events / objects!)})${note}`,
      });
    }
    const events = quick ? 300_000 : 3_000_000;
    const [loop] = sideBySide([() => wholeLoop(100_000, events)], quick ? 3 : 5);
    rows.push({
      what: 'whole engine, 100,000 pending',
      figure: millions(events / loop!),
      note: 'queue, dispatch, one uniform draw, digest',
    });
    return rows;
  },
};

/** The delays of the model, drawn beforehand so that only the queue is timed; the C++ anchor does the same. */
const DELAYS = drawDelays(12345);

function drawDelays(seed: number): Uint32Array {
  let state = seed | 0;
  return Uint32Array.from({ length: 1 << 20 }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % 1_000_000;
  });
}

function holdTyped(pending: number, events: number): number {
  const queue = new EventQueue(pending + 1);
  for (let i = 0; i < pending; i++) queue.push(DELAYS[i & 0xfffff]!, 2, i);
  return cpuSeconds(() => {
    for (let i = 0; i < events; i++) {
      const time = queue.headTimeUs;
      const slot = queue.pop();
      queue.push(time + DELAYS[i & 0xfffff]!, 2, slot);
    }
  });
}

interface EventObject {
  time: number;
  seq: number;
  slot: number;
}

/** What one writes first: a binary heap of objects with a comparison function. */
function holdObjects(pending: number, events: number): number {
  const heap: EventObject[] = [];
  const before = (a: EventObject, b: EventObject): boolean => a.time < b.time || (a.time === b.time && a.seq < b.seq);
  const push = (event: EventObject): void => {
    let i = heap.push(event) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!before(event, heap[parent]!)) break;
      heap[i] = heap[parent]!;
      i = parent;
    }
    heap[i] = event;
  };
  const pop = (): EventObject => {
    const top = heap[0]!;
    const last = heap.pop()!;
    if (heap.length > 0) {
      let i = 0;
      for (let child = 1; child < heap.length; child = 2 * i + 1) {
        if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++;
        if (!before(heap[child]!, last)) break;
        heap[i] = heap[child]!;
        i = child;
      }
      heap[i] = last;
    }
    return top;
  };
  let seq = 0;
  for (let i = 0; i < pending; i++) push({ time: DELAYS[i & 0xfffff]!, seq: seq++, slot: i });
  return cpuSeconds(() => {
    for (let i = 0; i < events; i++) {
      const event = pop();
      push({ time: event.time + DELAYS[i & 0xfffff]!, seq: seq++, slot: event.slot });
    }
  });
}

function wholeLoop(pending: number, events: number): number {
  const engine = new Engine({ seed: 1 });
  const rng = engine.rng.fork('bench');
  const kind = engine.defineKind<undefined>('bench.hold', (target) => {
    engine.schedule(kind, 1 + rng.nextInt(1_000_000), target, undefined);
  });
  for (let i = 0; i < pending; i++) engine.schedule(kind, rng.nextInt(1_000_000), i, undefined);
  return cpuSeconds(() => {
    engine.run({ maxEvents: events });
  });
}
