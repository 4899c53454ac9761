/** What the scheduling queue must behave like, written to be obviously right: one list of pods, each with its place. */
import type { Pod } from '../../src/objects/pod.ts';
import { type ClusterEvent, EVENT, isWildcard, matchesEvent } from '../../src/scheduler/cluster-event.ts';
import { podChangeEvents } from '../../src/scheduler/object-changes.ts';
import type { HintEntry } from '../../src/scheduler/profile.ts';

export type NaivePlace = 'none' | 'active' | 'backoff' | 'error' | 'pool';
const S = 1_000_000;

export interface NaivePod {
  pod: Pod;
  place: NaivePlace;
  timeUs: number;
  order: number;
  attempts: number;
  rejections: number;
  errors: number;
  unschedulable: string[];
  pending: string[];
  gate: string;
}

interface Missed {
  event: ClusterEvent;
  old: unknown;
  next: unknown;
}

export class NaiveQueue {
  nowUs = 0;
  pods: NaivePod[] = [];
  /** Each pod in flight with everything it has missed so far. */
  inFlight: { uid: string; missed: Missed[] }[] = [];
  private order = 0;
  private readonly hints: readonly HintEntry[];
  private readonly isClosed: (pod: Pod) => string;

  /** `isClosed` names the gate that refuses the pod; empty when none does. */
  constructor(hints: readonly HintEntry[], isClosed: (pod: Pod) => string) {
    this.hints = hints;
    this.isClosed = isClosed;
  }

  find(name: string): NaivePod | undefined {
    return this.pods.find((entry) => entry.place !== 'none' && entry.pod.metadata.name === name);
  }

  add(pod: Pod): void {
    const present = this.find(pod.metadata.name);
    if (present !== undefined) this.drop(present);
    this.enqueue(this.fresh(pod));
  }

  update(old: Pod, next: Pod): void {
    const events = podChangeEvents(old, next);
    const flight = this.inFlight.find((entry) => entry.uid === next.metadata.uid);
    if (flight !== undefined) {
      for (const other of this.inFlight) for (const event of events) other.missed.push({ event, old, next });
      return;
    }
    const entry = this.find(next.metadata.name);
    if (entry === undefined) {
      this.enqueue(this.fresh(next));
      return;
    }
    entry.pod = next;
    if (entry.place !== 'pool') return;
    for (const event of events) {
      const worth = this.worth(entry, { event, old, next });
      if (worth === 'skip') continue;
      this.requeue(entry, worth);
      if ((entry.place as NaivePlace) !== 'pool') return;
    }
  }

  delete(pod: Pod): void {
    const entry = this.find(pod.metadata.name);
    if (entry !== undefined) this.drop(entry);
  }

  pop(): NaivePod | undefined {
    for (;;) {
      const head = this.first('active') ?? this.first('backoff');
      if (head === undefined) return undefined;
      this.drop(head);
      head.attempts++;
      if (this.inFlight.some((entry) => entry.uid === head.pod.metadata.uid)) continue;
      this.inFlight.push({ uid: head.pod.metadata.uid, missed: [] });
      head.unschedulable = [];
      head.pending = [];
      head.gate = '';
      return head;
    }
  }

  done(uid: string): void {
    this.inFlight = this.inFlight.filter((entry) => entry.uid !== uid);
  }

  fail(entry: NaivePod, unschedulable: string[], pending: string[]): void {
    const { uid, name } = entry.pod.metadata;
    const flight = this.inFlight.find((other) => other.uid === uid);
    this.done(uid);
    if (this.find(name) !== undefined) return;
    entry.unschedulable = unschedulable;
    entry.pending = pending;
    if (unschedulable.length + pending.length > 0) {
      entry.rejections++;
      entry.errors = 0;
    } else entry.errors++;
    entry.timeUs = this.nowUs;
    entry.order = ++this.order;
    if (!this.pods.includes(entry)) this.pods.push(entry);
    let worth: 'skip' | 'backoff' | 'now' = 'skip';
    if (unschedulable.length + pending.length === 0 || flight === undefined) worth = 'backoff';
    else if (flight.missed.some((missed) => this.worth(entry, missed) === 'now')) worth = 'now';
    else if (flight.missed.some((missed) => this.worth(entry, missed) === 'backoff')) worth = 'backoff';
    this.requeue(entry, worth);
  }

  move(event: ClusterEvent, old: unknown, next: unknown): void {
    if (!isWildcard(event) && !this.hints.some((hint) => matchesEvent(hint.event, event))) return;
    for (const entry of this.pods.filter((candidate) => candidate.place === 'pool')) this.moveOne(entry, { event, old, next });
    for (const flight of this.inFlight) flight.missed.push({ event, old, next });
  }

  activate(pod: Pod): void {
    const entry = this.find(pod.metadata.name);
    if (entry !== undefined) {
      if (entry.place !== 'active') this.enqueue(entry);
    } else if (this.inFlight.some((flight) => flight.uid === pod.metadata.uid)) {
      for (const flight of this.inFlight) flight.missed.push({ event: EVENT.FORCE_ACTIVATE, old: undefined, next: pod });
    }
  }

  flushBackoff(): void {
    for (const entry of this.pods) {
      if ((entry.place === 'backoff' || entry.place === 'error') && !this.isBackingOff(entry)) entry.place = 'active';
    }
  }

  flushUnschedulable(): void {
    const overdue = this.pods.filter((entry) => entry.place === 'pool' && this.nowUs - entry.timeUs > 300 * S);
    if (overdue.length === 0) return;
    const missed: Missed = { event: EVENT.UNSCHEDULABLE_TIMEOUT, old: undefined, next: undefined };
    for (const entry of overdue) this.moveOne(entry, missed);
    for (const flight of this.inFlight) flight.missed.push(missed);
  }

  private moveOne(entry: NaivePod, missed: Missed): void {
    if (entry.gate !== '' && !this.hints.some((hint) => hint.plugin === entry.gate && matchesEvent(hint.event, missed.event))) return;
    this.requeue(entry, this.worth(entry, missed));
  }

  private worth(entry: NaivePod, { event, old, next }: Missed): 'skip' | 'backoff' | 'now' {
    const rejectors = [...entry.unschedulable, ...entry.pending];
    if (rejectors.length === 0) return 'backoff';
    if (isWildcard(event)) return next === undefined || (next as Pod).metadata.uid === entry.pod.metadata.uid ? 'backoff' : 'skip';
    const awake = this.hints
      .filter((hint) => rejectors.includes(hint.plugin) && matchesEvent(hint.event, event))
      .filter((hint) => hint.hint === undefined || hint.hint({ pod: entry.pod } as never, old, next));
    if (awake.length === 0) return 'skip';
    return awake.some((hint) => entry.pending.includes(hint.plugin)) ? 'now' : 'backoff';
  }

  private requeue(entry: NaivePod, worth: 'skip' | 'backoff' | 'now'): void {
    if (worth === 'skip') entry.place = 'pool';
    else if (worth === 'backoff' && this.isBackingOff(entry)) {
      const gate = this.closeGate(entry);
      if (gate) entry.place = 'pool';
      else entry.place = entry.unschedulable.length + entry.pending.length === 0 ? 'error' : 'backoff';
    } else this.enqueue(entry);
  }

  private enqueue(entry: NaivePod): void {
    if (!this.pods.includes(entry)) this.pods.push(entry);
    entry.place = this.closeGate(entry) ? 'pool' : 'active';
  }

  private closeGate(entry: NaivePod): boolean {
    entry.gate = this.isClosed(entry.pod);
    if (entry.gate !== '' && !entry.unschedulable.includes(entry.gate)) entry.unschedulable.push(entry.gate);
    return entry.gate !== '';
  }

  /** Backoff of 1, 2, 4, 8, 10, 10 ... seconds, both ends rounded down to whole seconds. */
  private isBackingOff(entry: NaivePod): boolean {
    const count = entry.errors > 0 ? entry.errors : entry.rejections;
    return count > 0 && this.endOf(entry) >= Math.floor(this.nowUs / S);
  }

  private endOf(entry: NaivePod): number {
    const count = entry.errors > 0 ? entry.errors : entry.rejections;
    const seconds = [0, 1, 2, 4, 8][count] ?? 10;
    return Math.floor((entry.timeUs + seconds * S) / S);
  }

  private first(place: 'active' | 'backoff'): NaivePod | undefined {
    const members = this.pods.filter((entry) => entry.place === place);
    members.sort((a, b) => {
      const byEnd = place === 'backoff' ? this.endOf(a) - this.endOf(b) : 0;
      return byEnd || b.pod.spec.priority! - a.pod.spec.priority! || a.timeUs - b.timeUs || a.order - b.order;
    });
    return members[0];
  }

  private fresh(pod: Pod): NaivePod {
    return {
      pod,
      place: 'none',
      timeUs: this.nowUs,
      order: ++this.order,
      attempts: 0,
      rejections: 0,
      errors: 0,
      unschedulable: [],
      pending: [],
      gate: '',
    };
  }

  private drop(entry: NaivePod): void {
    entry.place = 'none';
    this.pods = this.pods.filter((other) => other !== entry);
  }
}
