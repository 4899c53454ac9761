/**
 * Observers: a one-way street out of the simulation. Components announce what happened; metrics,
 * logs and invariant checkers listen. Listening can never change the run: observers get no handle on
 * the world, draw no random numbers and schedule nothing.
 *
 * Cost      one array look-up per announcement without listeners
 */

/** What can be announced. Declare one per kind of record, in the folder that announces it. */
export interface Topic<T> {
  readonly name: string;
  /** Never set; carries the record's type. */
  readonly record?: T;
}

export function defineTopic<T>(name: string): Topic<T> {
  return { name };
}

export class Observers {
  private readonly listeners: Map<Topic<unknown>, ((record: unknown, timeUs: number) => void)[]>;

  constructor() {
    this.listeners = new Map();
  }

  /** Calls `listener` for every later record of `topic`, in order of registration. */
  on<T>(topic: Topic<T>, listener: (record: T, timeUs: number) => void): void {
    const list = this.listeners.get(topic as Topic<unknown>) ?? [];
    list.push(listener as (record: unknown, timeUs: number) => void);
    this.listeners.set(topic as Topic<unknown>, list);
  }

  /** Whether anyone listens: lets an announcer skip building an expensive record. */
  has(topic: Topic<unknown>): boolean {
    return this.listeners.has(topic);
  }

  emit<T>(topic: Topic<T>, record: T, timeUs: number): void {
    const list = this.listeners.get(topic as Topic<unknown>);
    if (list === undefined) return;
    for (let i = 0; i < list.length; i++) list[i]!(record, timeUs);
  }
}
