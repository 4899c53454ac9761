/**
 * Backlog: what happened and has not yet been told, and the clock of those who are told.
 *
 * HOT       Listeners that are called in the middle of everything else cost more than what they do: their code and the simulation's drive
 *           each other out of the processor's caches. Telling them many notes at a time makes large storms up to a fifth faster
 *           (docs/performance.md).
 * Order     notes in the order in which they were taken; a deadline after all notes of the first event at or after its time
 * Oracle    a backlog of one note, which tells everything as it happens (backlog.test.ts)
 */
import { BinaryHeap } from '../base/binary-heap.ts';
import type { Engine } from '../engine/engine.ts';

/** Something that happened. Made where it happens, told later. */
export abstract class Note {
  timeUs = 0;
  /** Number of the event in which it happened. */
  event = 0;
  /** Time of the event before that one. */
  beforeUs = 0;

  abstract tell(): void;
}

interface Deadline {
  readonly timeUs: number;
  readonly seq: number;
  readonly check: () => void;
}

export class Backlog {
  /** Where those who are told stand: the time and event of the note that is being told, or the time of the deadline. */
  nowUs: number;
  event: number;

  private readonly engine: Engine;
  private readonly notesAtOnce: number;
  private readonly notes: Note[];
  private readonly deadlines: BinaryHeap<Deadline>;
  private deadlineCount: number;
  private nextDeadlineUs: number;
  private endedUs: number;
  private isStopped: boolean;

  /** `notesAtOnce`: how many notes are told at a time, from 1, which is as it happens. */
  constructor(engine: Engine, notesAtOnce: number) {
    this.nowUs = engine.nowUs;
    this.event = engine.eventCount;
    this.engine = engine;
    this.notesAtOnce = notesAtOnce;
    this.notes = [];
    this.deadlines = new BinaryHeap((a, b) => a.timeUs < b.timeUs || (a.timeUs === b.timeUs && a.seq < b.seq));
    this.deadlineCount = 0;
    this.nextDeadlineUs = Infinity;
    this.endedUs = -Infinity;
    this.isStopped = false;
  }

  /** Takes a note of what happens now. */
  add(note: Note): void {
    const { engine } = this;
    note.timeUs = engine.nowUs;
    note.event = engine.eventCount;
    note.beforeUs = this.endedUs;
    if (this.notes.push(note) >= this.notesAtOnce) this.tellNotes();
  }

  /** Calls `check` once, after the first event at or after `timeUs`; the clock shows `timeUs` then. */
  at(timeUs: number, check: () => void): void {
    this.deadlines.push({ timeUs, seq: this.deadlineCount++, check });
    this.nextDeadlineUs = Math.min(this.nextDeadlineUs, timeUs);
  }

  /** To be called after every event. */
  endEvent(): void {
    this.endedUs = this.engine.nowUs;
    // Deadlines that wait behind notes come up when those are told.
    if (this.nextDeadlineUs <= this.endedUs && this.notes.length === 0) this.meetDeadlines(this.endedUs);
  }

  /** Tells all notes and lets the clock stand at now. */
  catchUp(): void {
    this.tellNotes();
    this.meetDeadlines(this.endedUs);
    this.nowUs = this.engine.nowUs;
    this.event = this.engine.eventCount;
  }

  /** Nothing is told any more once the event is over that is being told of. */
  stop(): void {
    this.isStopped = true;
  }

  private tellNotes(): void {
    const { notes } = this;
    for (let i = 0; i < notes.length; i++) {
      const note = notes[i]!;
      if (note.event !== this.event) {
        if (this.nextDeadlineUs <= note.beforeUs) this.meetDeadlines(note.beforeUs);
        if (this.isStopped) break;
      }
      this.nowUs = note.timeUs;
      this.event = note.event;
      note.tell();
    }
    notes.length = 0;
  }

  private meetDeadlines(untilUs: number): void {
    while (this.nextDeadlineUs <= untilUs && !this.isStopped) {
      const { timeUs, check } = this.deadlines.pop()!;
      this.nextDeadlineUs = this.deadlines.peek()?.timeUs ?? Infinity;
      this.nowUs = Math.max(this.nowUs, timeUs);
      check();
    }
  }
}
