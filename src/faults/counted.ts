/**
 * Counted, LastWins: how faults that overlap on one thing share it.
 *
 *   Counted     an action that is on or off: it begins with the first who asks and ends with the last
 *   LastWins    a setting with a value: the fault that began last decides, and when it ends the one before it does again
 */
import type { Undo } from './fault.ts';

export class Counted {
  private readonly active: Map<string, { count: number; readonly undo: Undo }>;

  constructor() {
    this.active = new Map();
  }

  isActive(key: string): boolean {
    return this.active.has(key);
  }

  begin(key: string, act: () => Undo): Undo {
    const known = this.active.get(key);
    if (known !== undefined) known.count++;
    else this.active.set(key, { count: 1, undo: act() });
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      const entry = this.active.get(key)!;
      entry.count--;
      if (entry.count > 0) return;
      this.active.delete(key);
      entry.undo();
    };
  }
}

/** Settings of one (component, kind); `apply` is told undefined when no fault is left. */
export class LastWins<T> {
  private readonly apply: (component: string, kind: string, value: T | undefined) => void;
  private readonly active: Map<string, { readonly value: T }[]>;

  constructor(apply: (component: string, kind: string, value: T | undefined) => void) {
    this.apply = apply;
    this.active = new Map();
  }

  begin(component: string, kind: string, value: T): Undo {
    const key = `${component}|${kind}`;
    const entries = this.active.get(key) ?? [];
    this.active.set(key, entries);
    const entry = { value };
    entries.push(entry);
    this.apply(component, kind, value);
    return () => {
      const index = entries.indexOf(entry);
      if (index < 0) return;
      entries.splice(index, 1);
      // One that was no longer in force ends without a trace.
      if (index === entries.length) this.apply(component, kind, entries.at(-1)?.value);
    };
  }
}
