import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Engine } from '../../src/engine/engine.ts';
import { Backlog, Note } from '../../src/testing/backlog.ts';
import { check } from '../support/seeded.ts';

class TestNote extends Note {
  private readonly act: () => void;

  constructor(act: () => void) {
    super();
    this.act = act;
  }

  override tell(): void {
    this.act();
  }
}

/** An event after `afterUs` that takes `notes` notes; the first of them asks for a deadline after `deadlineUs`. */
interface Step {
  readonly afterUs: number;
  readonly notes: number;
  readonly deadlineUs: number | undefined;
}

/** What those who are told see, line by line; they stop it all at line `stopAt`. */
function told(steps: readonly Step[], notesAtOnce: number, stopAt = Infinity): string[] {
  const engine = new Engine({ seed: 1 });
  const backlog = new Backlog(engine, notesAtOnce);
  const lines: string[] = [];
  const say = (line: string): void => {
    lines.push(line);
    if (lines.length === stopAt) backlog.stop();
  };
  const kind = engine.defineKind<Step>('test.step', (index, { notes, deadlineUs }) => {
    for (let i = 0; i < notes; i++) {
      const act = (): void => {
        say(`note ${index}.${i} at ${backlog.nowUs} in ${backlog.event}`);
        if (i === 0 && deadlineUs !== undefined) {
          backlog.at(backlog.nowUs + deadlineUs, () => say(`deadline of ${index} at ${backlog.nowUs}`));
        }
      };
      backlog.add(new TestNote(act));
    }
  });
  let atUs = 0;
  for (const [index, step] of steps.entries()) {
    atUs += step.afterUs;
    engine.scheduleAt(kind, atUs, index, step);
  }
  engine.afterEvent = () => backlog.endEvent();
  engine.run();
  backlog.catchUp();
  return lines;
}

const step: fc.Arbitrary<Step> = fc.record({
  afterUs: fc.nat(5),
  notes: fc.nat(3),
  deadlineUs: fc.option(fc.nat(12), { nil: undefined }),
});
const steps = fc.array(step, { maxLength: 30 });

describe('Backlog', () => {
  test('tells late exactly what it tells at once', () => {
    check(
      fc.property(steps, fc.integer({ min: 2, max: 100 }), (given, notesAtOnce) => {
        expect(told(given, notesAtOnce)).toEqual(told(given, 1));
      }),
    );
  });

  test('tells nothing of later events once it is stopped', () => {
    check(
      fc.property(steps, fc.integer({ min: 2, max: 100 }), fc.integer({ min: 1, max: 20 }), (given, notesAtOnce, stopAt) => {
        const early = told(given, 1, stopAt);
        expect(told(given, notesAtOnce, stopAt)).toEqual(early);
        if (early.length <= stopAt) return;
        // What follows the line that stopped it is of the same event.
        const eventOf = (line: string): string => line.replace(/^.* in /, '');
        for (const line of early.slice(stopAt)) expect(eventOf(line)).toBe(eventOf(early[stopAt - 1]!));
      }),
    );
  });

  test('meets a deadline after the first event at or after its time, with the clock at that time', () => {
    const far: Step[] = [
      { afterUs: 10, notes: 1, deadlineUs: 5 },
      { afterUs: 2, notes: 1, deadlineUs: undefined },
      { afterUs: 8, notes: 1, deadlineUs: undefined },
      { afterUs: 1, notes: 1, deadlineUs: undefined },
    ];
    expect(told(far, 100)).toEqual([
      'note 0.0 at 10 in 1',
      'note 1.0 at 12 in 2',
      'note 2.0 at 20 in 3',
      'deadline of 0 at 20',
      'note 3.0 at 21 in 4',
    ]);
  });
});
